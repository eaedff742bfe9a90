/** Kinds of numbers that a kernel is written for: float32, and two float32 parts (see two-parts). */
import { float, parts, sumOfParts, twoParts } from "./two-parts.wgsl.js";

/** A kind of numbers in WGSL: its type, and expressions and statements of it. */
export interface Numbers {
  readonly type: "f32" | "vec2f";
  /** How many float32 one takes. */
  readonly width: 1 | 2;
  /** WGSL of the functions that expressions call. */
  readonly functions: string;
  readonly zero: string;
  constant(v: number): string;
  sum(...terms: string[]): string;
  product(a: string, b: string): string;
  /** v / n for a natural number n. */
  over(v: string, n: number): string;
  /** v / n for a natural number n that is known when the kernel runs: an f32. */
  overNatural(v: string, n: string): string;
  /** a · b / n for a natural number n. */
  productOver(a: string, b: string, n: number): string;
  /** The statement that adds v to a variable. */
  add(variable: string, v: string): string;
}

export const float32: Numbers = {
  type: "f32",
  width: 1,
  functions: "",
  zero: "0.0f",
  constant: float,
  sum: (...terms) => `(${terms.join(" + ")})`,
  product: (a, b) => `${a} * ${b}`,
  over: (v, n) => `${v} * ${float(1 / n)}`,
  overNatural: (v, n) => `${v} / ${n}`,
  productOver: (a, b, n) => `${a} * ${b} * ${float(1 / n)}`,
  add: (variable, v) => `${variable} += ${v};`,
};

// By powers of two both parts divide exactly.
const partsOver = (v: string, n: number): string =>
  Number.isInteger(Math.log2(n)) ? `(${v} * ${float(1 / n)})` : `times(${v}, ${parts(1 / n)})`;

export const twoFloat32: Numbers = {
  type: "vec2f",
  width: 2,
  functions: twoParts,
  zero: "vec2f(0.0f)",
  constant: parts,
  sum: (...terms) => sumOfParts(terms),
  product: (a, b) => `times(${a}, ${b})`,
  over: partsOver,
  overNatural: (v, n) => `times(${v}, reciprocal(${n}))`,
  productOver: (a, b, n) => `times(${a}, ${n === 1 ? b : partsOver(b, n)})`,
  add: (variable, v) => `${variable} = plus(${variable}, ${v});`,
};
