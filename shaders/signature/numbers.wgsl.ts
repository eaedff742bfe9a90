/** Kinds of numbers that a kernel is written for: float32, and two float32 parts (see two-parts). */
import { float, parts, sumOfParts, twoParts } from "./two-parts.wgsl.js";

/** A kind of numbers in WGSL: its type, and expressions and statements of it. */
export interface Numbers {
  readonly type: "f32" | "vec2f";
  /** How many float32 one takes. */
  readonly width: 1 | 2;
  /** WGSL of the functions that expressions call. */
  readonly functions: string;
  readonly one: string;
  sum(...terms: string[]): string;
  product(a: string, b: string): string;
  /** v / n for a natural number n. */
  over(v: string, n: number): string;
  /** The statement that adds v to a variable. */
  add(variable: string, v: string): string;
}

export const float32: Numbers = {
  type: "f32",
  width: 1,
  functions: "",
  one: "1.0f",
  sum: (...terms) => `(${terms.join(" + ")})`,
  product: (a, b) => `${a} * ${b}`,
  over: (v, n) => `${v} * ${float(Math.fround(1 / n))}`,
  add: (variable, v) => `${variable} += ${v};`,
};

export const twoFloat32: Numbers = {
  type: "vec2f",
  width: 2,
  functions: twoParts,
  one: parts(1),
  sum: (...terms) => sumOfParts(terms),
  product: (a, b) => `times(${a}, ${b})`,
  // By powers of two both parts divide exactly.
  over: (v, n) => (Number.isInteger(Math.log2(n)) ? `(${v} * ${float(1 / n)})` : `times(${v}, ${parts(1 / n)})`),
  add: (variable, v) => `${variable} = plus(${variable}, ${v});`,
};
