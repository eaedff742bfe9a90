/** Numbers by sample, as images and points are: what encoders make spikes of. */
import {
  checkOptions,
  fail,
  finiteNumber,
  finiteNumbers,
  list,
  type Names,
  type Numbers,
  wholeNumber,
} from "../checks.js";
import { limits } from "../files/limits.js";
import { checkLabels } from "./spike-data.js";

/** Samples of the same shape: value i of sample s is `scale · values[s · size + i]`. */
export interface SampleValues {
  /** [count, size]; bytes where a file holds bytes, so that large sets of images take little memory. */
  readonly values: Uint8Array | Float64Array;
  readonly scale: number;
  /** Values of a sample, and their shape: [8, 8] of an image. */
  readonly size: number;
  readonly shape: readonly number[];
  readonly count: number;
  /** [count] */
  readonly labels?: Int32Array;
}

/** What encoders take: values, or a list of numbers a sample. */
export type GivenValues = SampleValues | readonly Numbers[];

const names: Names<SampleValues> = {
  values: true,
  scale: true,
  size: true,
  shape: true,
  count: true,
  labels: true,
};

function fromRows(field: string, rows: readonly Numbers[]): SampleValues {
  if (rows.length === 0) fail(field, "is empty; one list of numbers a sample is needed");
  const size = list(`${field}[0]`, rows[0]!, "numbers, one list a sample").length;
  if (size === 0) fail(`${field}[0]`, "is empty; a sample has a value at least");
  if (!(rows.length * size <= limits.numbers)) {
    fail(field, `holds ${rows.length * size} numbers; at most ${limits.numbers} are taken, take fewer samples`);
  }
  const values = new Float64Array(rows.length * size);
  rows.forEach((row, s) => {
    values.set(finiteNumbers(`${field}[${s}]`, list(`${field}[${s}]`, row, "numbers"), size, "all samples"), s * size);
  });
  return { values, scale: 1, size, shape: [size], count: rows.length };
}

/** Values as encoders go through them. @throws SaltationError `invalid-input`. */
export function valuesOf(field: string, given: GivenValues): SampleValues {
  if (Array.isArray(given)) return fromRows(field, given);
  checkOptions(field, given, names);
  const { values, count, size, scale, shape, labels } = given as SampleValues;
  if (!(values instanceof Uint8Array || values instanceof Float64Array)) {
    fail(`${field}.values`, "is no Uint8Array or Float64Array; give a list of numbers a sample instead");
  }
  wholeNumber(`${field}.count`, count, 0, limits.lists);
  wholeNumber(`${field}.size`, size, 1, limits.numbers);
  finiteNumber(`${field}.scale`, scale);
  if (values.length !== count * size) {
    fail(`${field}.values`, `holds ${values.length} numbers; ${count} samples of ${size} need ${count * size}`);
  }
  if (list(`${field}.shape`, shape, "numbers").reduce((a, b) => a * b, 1) !== size) {
    fail(`${field}.shape`, `[${shape.join(", ")}] does not hold ${size} values`);
  }
  if (values instanceof Float64Array) {
    const wrong = values.findIndex((v) => !Number.isFinite(v));
    if (wrong >= 0) finiteNumber(`${field}.values[${wrong}]`, values[wrong]);
  }
  if (labels !== undefined) checkLabels(`${field}.labels`, labels, count);
  return given as SampleValues;
}

/**
 * Some of the samples, in order; values are not copied.
 * @param from number of the first one, from 0.
 * @throws SaltationError `invalid-input` where there are not so many.
 */
export function partOf(data: SampleValues, from: number, count: number): SampleValues {
  checkOptions("data", data, names);
  wholeNumber("from", from, 0, data.count);
  wholeNumber("count", count, 0, data.count - from);
  const { size, labels } = data;
  return {
    ...data,
    values: data.values.subarray(from * size, (from + count) * size),
    count,
    ...(labels === undefined ? {} : { labels: labels.subarray(from, from + count) }),
  };
}
