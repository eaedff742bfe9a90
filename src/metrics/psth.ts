/** The peri-stimulus time histogram: how the rate of spikes over repeated trials changes with time. */
import { checkOptions, fail, finiteNumber, list, type Names, positiveNumber, show } from "../checks.js";
import { checkTrains, rounding, type SpikeTimes, type Stretch } from "./spike-times.js";

export interface Psth extends Stretch {
  /** Width of a bin. */
  readonly bin: number;
  /** Spikes per trial and unit time in each bin. */
  readonly rates: Float64Array;
}

export interface PsthOptions extends Stretch {
  /** Width of a bin; it divides the stretch. */
  readonly bin: number;
  /**
   * Standard deviation of a Gaussian to smooth with, in units of time; at the ends its weights are those of the bins that
   * exist, scaled to unit sum.
   */
  readonly smooth?: number;
}

const psthNames: Names<PsthOptions> = { t0: true, t1: true, bin: true, smooth: true };

/** A Gaussian of unit sum at whole bins, out to four standard deviations. */
function gaussian(sigma: number): Float64Array {
  const reach = Math.ceil(4 * sigma);
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const sum = weights.reduce((s, w) => s + w, 0);
  return weights.map((w) => w / sum);
}

/**
 * How many bins a stretch has.
 * @throws SaltationError `invalid-input` where that is no whole number.
 */
export function checkBins({ t0, t1, bin }: Stretch & { bin: number }, field = "bin"): number {
  const bins = Math.round((t1 - t0) / bin);
  if (bins < 1 || Math.abs(bins * bin - (t1 - t0)) > 1e-9 * (t1 - t0)) {
    fail(field, `${bin} does not divide the stretch from ${t0} to ${t1}`);
  }
  return bins;
}

/**
 * PSTH of one neuron's trains. A bin holds the spikes from its beginning up to but not including its end; a spike that lies
 * on an edge but for rounding belongs to the bin that begins there, as its decimal says: 0.3 to the fourth of bins of 0.1.
 * @throws SaltationError `invalid-input` naming what does not fit.
 */
export function psth(trains: readonly SpikeTimes[], options: PsthOptions): Psth {
  checkOptions("", options, psthNames);
  const t0 = finiteNumber("t0", options.t0);
  const t1 = finiteNumber("t1", options.t1);
  const bin = positiveNumber("bin", options.bin);
  if (trains.length === 0) fail("trains", "a PSTH needs at least one trial");
  checkTrains("trains", trains);
  const bins = checkBins(options);
  const rates = new Float64Array(bins);
  const each = 1 / (trains.length * bin);
  for (const times of trains) {
    for (let n = 0; n < times.length; n++) {
      const time = times[n]!;
      const place = (time - t0) / bin;
      const edge = Math.round(place);
      const b = Math.abs(place - edge) * bin <= rounding(time, t0) ? edge : Math.floor(place);
      if (b >= 0 && b < bins) rates[b]! += each;
    }
  }
  if (options.smooth === undefined) return { t0, t1, bin, rates };
  const weights = gaussian(positiveNumber("smooth", options.smooth) / bin);
  const reach = (weights.length - 1) / 2;
  const smoothed = rates.map((_, b) => {
    let [sum, weight] = [0, 0];
    for (let j = Math.max(0, b - reach); j <= Math.min(bins - 1, b + reach); j++) {
      sum += weights[j - b + reach]! * rates[j]!;
      weight += weights[j - b + reach]!;
    }
    return sum / weight;
  });
  return { t0, t1, bin, rates: smoothed };
}

/** Bins of a constant PSTH differ by rounding alone, which is fewer parts of its rate. */
const rounded = 1e-11;

/**
 * Pearson's correlation of two PSTHs over the same bins; NaN where one of them is constant, but for rounding.
 * @throws SaltationError `invalid-input` where their bins are others.
 */
export function psthCorrelation(a: Psth, b: Psth): number {
  for (const psth of [a, b]) list("psth.rates", psth?.rates, "rates, which psth(…) gives");
  const n = a.rates.length;
  const near = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-9 * a.bin;
  if (!near(a.bin, b.bin) || !near(a.t0, b.t0))
    fail(
      "psth",
      `has bins of ${show(b.bin)} from ${show(b.t0)} on to compare with ${a.bin} from ${a.t0} on: take the same stretch and bin`,
    );
  if (b.rates.length !== n)
    fail("psth", `has ${show(b.rates.length)} bins to compare with ${n}: take the same stretch and bin`);
  const mean = (x: Float64Array): number => x.reduce((s, v) => s + v, 0) / n;
  const [ma, mb] = [mean(a.rates), mean(b.rates)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a.rates[i]! - ma, b.rates[i]! - mb];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  const spread = Math.min(aa / ma ** 2, bb / mb ** 2);
  return spread > n * rounded ** 2 ? ab / Math.sqrt(aa * bb) : Number.NaN;
}
