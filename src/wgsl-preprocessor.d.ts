declare module "wgsl-preprocessor/wgsl-preprocessor.js" {
  /** Tagged template with `#if`, `#elif`, `#else`, `#endif`, each condition a `${}` substitution. */
  export function wgsl(strings: TemplateStringsArray, ...values: unknown[]): string;
}
