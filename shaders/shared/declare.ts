/**
 * Declared kernels. What a kernel binds is said once, and from there come its WGSL, the layout of its uniform, and the
 * types and names by which a dispatch passes it (`Batch.dispatch`).
 *
 *     export const scale = declareKernel({
 *       label: "scale",
 *       workgroupSize: 64,
 *       uniform: { count: "u32", firstRow: "u32", factor: "f32" },
 *       bindings: { table: readWrite("array<f32>") },
 *       body: `fn main(@builtin(global_invocation_id) id: vec3u) { … run.first_row … table[…] … }`,
 *     });
 *     const kernel = await gpu.kernel(scale);
 *     batch.dispatch(kernel, { uniform: { count, firstRow, factor }, table, threads: count });
 *
 * The body sees its uniform as `run` and its bindings by their names; camelCase here is snake_case there. It has
 * everything but the structure `Run`, the variables bound and the attributes of `main`.
 */

/** Type of a uniform's field, as in WGSL. */
export type Field = "u32" | "f32" | "vec4f" | `array<vec4f, ${number}>`;
export type Fields = Readonly<Record<string, Field>>;

/** Values of a uniform: lists may be shorter than their field, whose rest is then 0. */
export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends "u32" | "f32" ? number : readonly number[];
};

export interface Binding {
  readonly access: "read" | "read_write";
  readonly type: string;
}

/** Storage buffers by name, in the order in which they are bound; undefined for one that this variant does not have. */
export type Bindings = Readonly<Record<string, Binding | undefined>>;

/** A storage buffer of this WGSL type that a kernel reads. */
export const read = (type: string): Binding => ({ access: "read", type });

/** One that it writes too. */
export const readWrite = (type: string): Binding => ({ access: "read_write", type });

/** Where a field lies in the uniform: its numbers are 4 bytes each, from `offset` on. */
export interface Place {
  readonly name: string;
  readonly integer: boolean;
  readonly offset: number;
  readonly numbers: number;
}

/** A kernel to compile. */
export interface Declared<F extends Fields = Fields, B extends Bindings = Bindings> {
  readonly label: string;
  /** All of its WGSL. */
  readonly code: string;
  /** Threads of a workgroup, along x. */
  readonly workgroupSize: number;
  readonly fields: readonly Place[];
  /** Bytes of the uniform, at binding 0; 0 where there is none. */
  readonly uniformBytes: number;
  /** Names of the storage buffers and how they are used, from binding 1 on. */
  readonly names: readonly string[];
  readonly bindings: Binding["access"][];
  /** Never there: carries the types of what a dispatch passes. */
  readonly types?: { readonly uniform: F; readonly bindings: B };
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

/** Offsets by WGSL's rules: vectors of four lie at multiples of 16 bytes. */
function placesOf(fields: Fields): Place[] {
  let end = 0;
  return Object.entries(fields).map(([name, type]) => {
    const vectors = type.includes("vec4f") ? Number(/\d+(?=>)/.exec(type)?.[0] ?? 1) : 0;
    const numbers = 4 * vectors || 1;
    const offset = roundUp(end, vectors ? 16 : 4);
    end = offset + 4 * numbers;
    return { name, integer: type === "u32", offset, numbers };
  });
}

/** Writes a kernel's WGSL around its body, and lays out its uniform. */
export function declareKernel<
  const F extends Fields = Record<never, never>,
  const B extends Bindings = Bindings,
>(kernel: {
  label: string;
  workgroupSize: number;
  uniform?: F;
  bindings: B;
  /** WGSL with a function `main`. */
  body: string;
}): Declared<F, B> {
  const { label, workgroupSize, uniform = {}, body } = kernel;
  const places = placesOf(uniform);
  const last = places.at(-1);
  const bindings = Object.entries(kernel.bindings).filter((b): b is [string, Binding] => b[1] !== undefined);
  const fields = Object.entries<Field>(uniform).map(([name, type]) => `${snakeCase(name)}: ${type},`);
  const code = [
    ...(last ? [`struct Run { ${fields.join(" ")} }`, "@group(0) @binding(0) var<uniform> run: Run;"] : []),
    ...bindings.map(
      ([name, { access, type }], i) =>
        `@group(0) @binding(${i + 1}) var<storage, ${access}> ${snakeCase(name)}: ${type};`,
    ),
    body.replace(/\bfn main\(/, `@compute @workgroup_size(${workgroupSize})\nfn main(`),
  ].join("\n");
  return {
    label,
    code,
    workgroupSize,
    fields: places,
    uniformBytes: last ? roundUp(last.offset + 4 * last.numbers, 16) : 0,
    names: bindings.map(([name]) => name),
    bindings: bindings.map(([, { access }]) => access),
  };
}
