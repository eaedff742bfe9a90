/** What a dispatch passes to a declared kernel, by name: types, and the way from names to bytes and bindings. */
import type { Binding, Bindings, Declared, Fields, Values } from "../../shaders/shared/declare.js";
import { SaltationError } from "../errors.js";
import { bufferOf, type Storage } from "./pool.js";

/** What a kernel binds: a storage of this library, or a buffer of the caller's. */
export type Bindable = Storage | GPUBuffer;

/** A number along x, or along x, y and z. */
export type Extent = number | readonly [number, number?, number?];

/** Buffers by the names of the bindings; those that only some variants of a kernel have may be left out. */
type Bound<B extends Bindings> = {
  readonly [K in keyof B as B[K] extends Binding ? K : never]: Bindable;
} & { readonly [K in keyof B as B[K] extends Binding ? never : K]?: Bindable | undefined };

type WithUniform<F extends Fields> = keyof F extends never ? { uniform?: undefined } : { uniform: Values<F> };

/** How many threads run at least, in whole workgroups; or how many workgroups. */
type Size = { threads: Extent; groups?: undefined } | { groups: Extent; threads?: undefined };

export type Passed<F extends Fields, B extends Bindings> = Bound<B> & WithUniform<F> & Size;

/** The same without its types. */
export interface AnyPassed {
  readonly [name: string]: unknown;
  readonly uniform?: Readonly<Record<string, number | readonly number[]>> | undefined;
  readonly threads?: Extent | undefined;
  readonly groups?: Extent | undefined;
}

const missing = ({ label }: Declared, what: string): SaltationError =>
  new SaltationError("invalid-input", `kernel "${label}" was not given "${what}"`);

/** Its buffers, in the order in which they are bound. */
export const boundBuffers = (declared: Declared, passed: AnyPassed): GPUBuffer[] =>
  declared.names.map((name) => {
    const bound = passed[name] as Bindable | undefined;
    if (!bound) throw missing(declared, name);
    return bufferOf(bound);
  });

/** Writes its uniform to a place. */
export function packUniform(declared: Declared, { uniform = {} }: AnyPassed, view: DataView): void {
  for (const { name, integer, offset, numbers } of declared.fields) {
    const value = uniform[name];
    if (typeof value === "number") {
      if (integer) view.setUint32(offset, value, true);
      else view.setFloat32(offset, value, true);
    } else if (!value || value.length > numbers) throw missing(declared, `${name}, at most ${numbers} numbers`);
    else for (let i = 0; i < value.length; i++) view.setFloat32(offset + 4 * i, value[i]!, true);
  }
}

/** Workgroups along x, y and z. */
export function workgroupsOf(declared: Declared, { threads, groups }: AnyPassed): [number, number, number] {
  const [x, y = 1, z = 1] = extentOf(threads ?? groups ?? Number.NaN);
  return [threads === undefined ? x : Math.ceil(x / declared.workgroupSize), y, z];
}

export const extentOf = (extent: Extent): readonly [number, number?, number?] =>
  typeof extent === "number" ? [extent] : extent;
