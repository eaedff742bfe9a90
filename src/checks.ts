/** Checks of what a user gives, with one way of saying what is wrong: the field, the value, what would be right. */
import { type ErrorCode, SaltationError } from "./errors.js";
import { escaped, quoted } from "./quoted.js";

/** Throws an error about one field, with which its message begins. */
export function fail(field: string, what: string, code: ErrorCode = "invalid-input"): never {
  throw new SaltationError(code, `${field}: ${what}`, { field });
}

/** A value in a message: NaN and Infinity by name, long values cut, text quoted. */
export function show(value: unknown): string {
  if (typeof value === "number" || value === undefined) return String(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "string") return quoted(value);
  const text = textOf(value);
  return escaped(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

function textOf(value: unknown): string {
  try {
    // Of a list, more than a message takes.
    return JSON.stringify(isNumbers(value) ? Array.from(value.slice(0, 60)) : value) ?? String(value);
  } catch {
    // JSON.stringify recurs, and refuses circles and big integers.
    return typeof value === "object" ? "an object that is nested too deeply or in a circle" : String(value);
  }
}

/** A number of things in a message. */
export const counted = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? "" : "s"}`;

/** Numbers in a row, as a list or a typed array. */
export type Numbers = readonly number[] | Float32Array | Float64Array | Int32Array | Uint32Array;

export const isNumbers = (value: unknown): value is Numbers =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

/** What the value of an option must be; with `true`, that is checked where it is read. */
type Kind = "boolean" | "function" | true;

type KindOf<V> = [V] extends [boolean | undefined]
  ? "boolean"
  : [V] extends [((...given: never[]) => unknown) | undefined]
    ? "function"
    : true;

/** The names of all options of type T with their kinds, in the order in which messages list them. */
export type Names<T> = { readonly [K in keyof T]-?: KindOf<T[K]> };

/**
 * Checks the shape of what was given by name: refuses what is no object, names that are not known, and values of the
 * wrong kind where it matters what they are.
 * @param field what was given, for messages; empty for options.
 */
export function checkOptions(field: string, given: unknown, known: Readonly<Record<string, Kind>>): void {
  const names = Object.keys(known).join(", ");
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    fail(field || "options", `expected { ${names} }, got ${show(given)}`);
  }
  for (const [name, value] of Object.entries(given)) {
    const at = field ? `${field}.${name}` : name;
    if (!Object.hasOwn(known, name)) fail(at, `is unknown; known: ${names}`);
    const kind = known[name];
    if (value === undefined || kind === true || typeof value === kind) continue;
    fail(at, `expected ${kind === "boolean" ? "true or false" : "a function"}, got ${show(value)}`);
  }
}

/** Why a name cannot stand in tables by name, if it cannot: they inherit some that they do not hold. */
export const inherited = (name: string): string | undefined =>
  name in {} ? `"${name}" is a property of every JavaScript object; choose another name` : undefined;

/** A list or a typed array. @param of what it holds, for messages. */
export function list<T>(field: string, value: T, of: string): T {
  if (!isNumbers(value)) fail(field, `expected a list of ${of}, got ${show(value)}`);
  return value;
}

export function finiteNumber(field: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) fail(field, `expected a finite number, got ${show(value)}`);
  return value;
}

/** A finite number that the device's 32-bit floats hold. */
export function float32Number(field: string, value: unknown): number {
  const number = finiteNumber(field, value);
  if (!Number.isFinite(Math.fround(number)))
    fail(field, `${number} exceeds 32-bit floats (3.4e38); take other units, in which it is smaller`);
  return number;
}

/** Numbers as a list or a typed array, all finite. @param of what they are one each of. */
export function finiteNumbers(field: string, values: ArrayLike<number>, count: number, of: string): Float64Array {
  if (values?.length !== count) fail(field, `holds ${values?.length} numbers; ${of} need ${count}`);
  for (let i = 0; i < count; i++) finiteNumber(`${field}[${i}]`, values[i]);
  return Float64Array.from(values);
}

export function positiveNumber(field: string, value: unknown): number {
  if (finiteNumber(field, value) <= 0) fail(field, `expected a number above 0, got ${show(value)}`);
  return value as number;
}

export function nonNegative(field: string, value: unknown): number {
  if (finiteNumber(field, value) < 0) fail(field, `expected a number of at least 0, got ${show(value)}`);
  return value as number;
}

export function wholeNumber(field: string, value: unknown, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    fail(field, `expected a whole number from ${least} to ${most}, got ${show(value)}`);
  }
  return value;
}

export function oneOf<T extends string>(field: string, value: unknown, known: readonly T[]): T {
  if (!known.includes(value as T)) fail(field, `expected one of ${known.join(", ")}, got ${show(value)}`);
  return value as T;
}

/** Where the first number is that is not finite, -1 where all are: a call for each would take longer than to look. */
export function firstNotFinite(values: Float32Array | Float64Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}
