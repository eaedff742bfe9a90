/** Latency code: a value as the time of one spike. */
import { checkOptions, fail, finiteNumber, isNumbers, list, type Names, type Numbers, oneOf, show } from "../checks.js";
import { type GivenValues, valuesOf } from "./sample-values.js";
import { SpikeBuilder } from "./spike-builder.js";
import { checkSourceCount, type SpikeData } from "./spike-data.js";

export interface LatencyOptions {
  /** The earliest time and the latest one. */
  readonly from: number;
  readonly to: number;
  /** Whether high values spike early, at `from`, or low ones; default `"high"`. */
  readonly early?: "high" | "low";
  /** What values lie between; default [0, 1]. Others are refused. */
  readonly range?: readonly [low: number, high: number];
  /** Where given, values up to this one do not spike. */
  readonly threshold?: number;
  /** Times of spikes that every sample has, each of a source of its own, after those of the values. */
  readonly bias?: number | Numbers;
}

const names: Names<LatencyOptions> = { from: true, to: true, early: true, range: true, threshold: true, bias: true };

/**
 * Value i of a sample becomes one spike of source i, at `to + (from - to) u` where u = (value - low) / (high - low); where low
 * values are to come early, at `from + (to - from) u`. Labels are kept.
 *
 * S. Thorpe, A. Delorme & R. Van Rullen, Spike-based strategies for rapid processing, Neural Networks 14 (2001).
 * @throws SaltationError `invalid-input`, also where a value lies outside the range.
 */
export function latency(values: GivenValues, options: LatencyOptions): SpikeData {
  checkOptions("", options, names);
  const data = valuesOf("values", values);
  const from = finiteNumber("from", options.from);
  const to = finiteNumber("to", options.to);
  if (!(to > from)) fail("to", `expected a time after from = ${from}, got ${to}`);
  const early = oneOf("early", options.early ?? "high", ["high", "low"]);
  const { range = [0, 1], threshold, bias = [] } = options;
  if (!isNumbers(range) || range.length !== 2) fail("range", `expected [low, high], got ${show(range)}`);
  const [low, high] = range.map((v, i) => finiteNumber(`range[${i}]`, v)) as [number, number];
  if (!(high > low)) fail("range", `expected low to be below high, got ${show(range)}`);
  if (threshold !== undefined) finiteNumber("threshold", threshold);
  const biases = Array.from(typeof bias === "number" ? [bias] : list("bias", bias, "times"));
  biases.forEach((t, i) => {
    finiteNumber(typeof bias === "number" ? "bias" : `bias[${i}]`, t);
  });
  const { size, scale } = data;
  const sourceCount = checkSourceCount("values", size + biases.length);
  const builder = new SpikeBuilder("values", data.count);
  const [first, last] = early === "high" ? [to, from] : [from, to];
  for (let s = 0; s < data.count; s++) {
    for (let i = 0; i < size; i++) {
      const value = scale * data.values[s * size + i]!;
      if (!(value >= low && value <= high)) {
        fail(`values[${s}]`, `holds ${value}, outside range = [${low}, ${high}]; name the range that it lies in`);
      }
      if (threshold !== undefined && value <= threshold) continue;
      const u = (value - low) / (high - low);
      // Exact at both ends.
      builder.add(u < 0.5 ? first + (last - first) * u : last + (first - last) * ((high - value) / (high - low)), i);
    }
    biases.forEach((t, b) => {
      builder.add(t, size + b);
    });
    builder.endSample();
  }
  return builder.data(sourceCount, data.labels);
}
