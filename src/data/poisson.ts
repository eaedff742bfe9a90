/** Rate code: a value as the rate of a Poisson process. */
import { checkOptions, fail, finiteNumber, type Names, nonNegative, wholeNumber } from "../checks.js";
import { uniformOpen } from "../driver/normal.js";
import { threefryInto } from "../driver/threefry.js";
import { type GivenValues, valuesOf } from "./sample-values.js";
import { SpikeBuilder } from "./spike-builder.js";
import { checkSourceCount, type SpikeData } from "./spike-data.js";
import { streams } from "./streams.js";

export interface PoissonOptions {
  readonly seed: number;
  /** Default 0. */
  readonly t0?: number;
  readonly t1: number;
  /** The rate of value 1, in spikes by unit of time; default 1, so that values are rates. */
  readonly rate?: number;
  /** The number of the first sample; default 0. Sample s has the spikes of number `first + s`. */
  readonly first?: number;
}

const names: Names<PoissonOptions> = { seed: true, t0: true, t1: true, rate: true, first: true };

/** Pairs of draws that the counter has room for, at each source of a sample. */
const mostPairs = 65536;
/** Spikes of a source that are expected at most: half of the draws, so that these never end (by 250 standard deviations). */
const mostExpected = mostPairs;

/**
 * Source i of a sample spikes as a Poisson process of rate `rate · value i` over [t0, t1): intervals are exponential, drawn from
 * Threefry under (seed, stream) at counters (number of the sample, source · 65536 + n). So a sample has its spikes whatever stands
 * around it, and whatever the times t1 of others. Labels are kept.
 * @throws SaltationError `invalid-input`, also where a rate is below 0 or so high that a source would spike 65536 times.
 */
export function poisson(rates: GivenValues, options: PoissonOptions): SpikeData {
  checkOptions("", options, names);
  const data = valuesOf("rates", rates);
  const seed = wholeNumber("seed", options.seed, 0, 2 ** 32 - 1);
  const t0 = finiteNumber("t0", options.t0 ?? 0);
  const t1 = finiteNumber("t1", options.t1);
  if (!(t1 > t0)) fail("t1", `expected a time after t0 = ${t0}, got ${t1}`);
  const scale = nonNegative("rate", options.rate ?? 1) * data.scale;
  const first = wholeNumber("first", options.first ?? 0, 0, 2 ** 32 - data.count);
  const { size } = data;
  checkSourceCount("rates", size);
  const builder = new SpikeBuilder("rates", data.count);
  const words = new Uint32Array(2);
  for (let s = 0; s < data.count; s++) {
    for (let i = 0; i < size; i++) {
      const rate = scale * data.values[s * size + i]!;
      if (rate < 0) fail(`rates[${s}]`, `holds a rate below 0 (${rate})`);
      if (!(rate * (t1 - t0) <= mostExpected)) {
        fail(`rates[${s}]`, `holds a rate of ${rate}, more than ${mostExpected} spikes of one source; lower it, or t1`);
      }
      if (rate === 0) continue;
      let t = t0;
      for (let n = 0; ; n++) {
        if ((n & 1) === 0) threefryInto(words, seed, streams.poisson, first + s, i * mostPairs + (n >>> 1));
        t -= Math.log(uniformOpen(words[n & 1]!)) / rate;
        if (!(t < t1)) break;
        builder.add(t, i);
      }
    }
    builder.endSample();
  }
  return builder.data(size, data.labels);
}
