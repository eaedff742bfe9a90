/** What runs the program, and its modules. */

/** Deno has a WebGPU of its own, and calls itself Node too. */
export const inDeno = (): boolean => "Deno" in globalThis;

export const inNode = (): boolean => typeof process !== "undefined" && !!process.versions?.node;

/**
 * Imports a module by a name that bundlers do not see: one of Node's, or a package with a native part. They are wanted in
 * Node only, and a bundle for browsers could not resolve them.
 */
export function loadModule<T>(name: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name) as Promise<T>;
}
