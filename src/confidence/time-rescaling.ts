/**
 * Goodness of fit by time rescaling (Brown, Barbieri, Ventura, Kass & Frank, Neural Comput. 14, 2002): in the time Λ in which the
 * hazard is 1, the spikes of a neuron are a Poisson process of rate 1 if the model is true, so that 1 − e^{−ΔΛ} of the intervals are
 * uniform and independent. Trials are joined end to end: what is left of Λ after the last spike of one counts for the
 * first interval of the next. Without that, long intervals would be missing from short trials (Wiener, Neurocomputing
 * 52–54, 2003). Λ is what the likelihood integrates up to the very times of spikes, so that the correction of Haslinger, Pipa & Brown
 * (2010), which is for spikes in bins of time, does not apply.
 */
import { kolmogorovQuantile, kolmogorovTail } from "./quantiles.js";

export interface RescaledNeuron {
  readonly neuron: number;
  readonly intervals: number;
  readonly statistic: number;
  readonly pValue: number;
}

export interface TimeRescaling {
  /** 1 − e^{−ΔΛ} of all intervals of all neurons, ascending. */
  readonly uniform: Float64Array;
  /** Kolmogorov and Smirnov's: the largest distance of their distribution from the uniform one; NaN without intervals. */
  readonly statistic: number;
  /**
   * How probable a distance so large is if the model is true. The same data having been fitted, it is rather too large: a
   * small one speaks against the model, a large one not for it.
   */
  readonly pValue: number;
  /** What the statistic of a true model stays below, at the level asked for. */
  readonly band: number;
  /** Correlation of successive numbers of a neuron, and its standard error 1/√n if they are independent; NaN below 3. */
  readonly serial: number;
  readonly serialStandardError: number;
  /** The same test of each neuron with spikes. */
  readonly neurons: readonly RescaledNeuron[];
}

/** Rescaled intervals of a neuron, trials joined. @param trials hazards up to each spike, and at last up to t1. */
function joined(trials: readonly (readonly number[])[]): number[] {
  const found: number[] = [];
  let carried = 0;
  for (const hazards of trials) {
    for (let n = 0; n < hazards.length - 1; n++) {
      found.push(-Math.expm1(-(carried + hazards[n]!)));
      carried = 0;
    }
    carried += hazards.at(-1)!;
  }
  return found;
}

function statisticOf(ascending: ArrayLike<number>): number {
  const n = ascending.length;
  let most = n > 0 ? 0 : Number.NaN;
  for (let i = 0; i < n; i++) most = Math.max(most, (i + 1) / n - ascending[i]!, ascending[i]! - i / n);
  return most;
}

const tail = (statistic: number, n: number): number => (n > 0 ? kolmogorovTail(statistic, n) : Number.NaN);

/** Correlation of neighbours in rows. */
function serialOf(rows: readonly (readonly number[])[]): { serial: number; pairs: number } {
  let [pairs, product, square] = [0, 0, 0];
  let all = 0;
  for (const row of rows) {
    // Of uniform numbers the mean is 1/2.
    row.forEach((u, n) => {
      square += (u - 0.5) ** 2;
      all++;
      if (n === 0) return;
      product += (u - 0.5) * (row[n - 1]! - 0.5);
      pairs++;
    });
  }
  return { serial: pairs > 1 ? product / pairs / (square / all) : Number.NaN, pairs };
}

/** @param lanes hazards of each lane, [trials][neurons] with the neuron innermost (`LaneOutput.hazards`). */
export function timeRescaling(lanes: readonly (readonly number[])[], neurons: number, level: number): TimeRescaling {
  const rows = Array.from({ length: neurons }, (_, k) => joined(lanes.filter((_, lane) => lane % neurons === k)));
  const uniform = Float64Array.from(rows.flat()).sort();
  const statistic = statisticOf(uniform);
  const { serial, pairs } = serialOf(rows);
  return {
    uniform,
    statistic,
    pValue: tail(statistic, uniform.length),
    band: uniform.length > 0 ? kolmogorovQuantile(level, uniform.length) : Number.NaN,
    serial,
    serialStandardError: pairs > 1 ? 1 / Math.sqrt(pairs) : Number.NaN,
    neurons: rows.flatMap((row, neuron): RescaledNeuron[] => {
      if (row.length === 0) return [];
      const own = statisticOf(Float64Array.from(row).sort());
      return [{ neuron, intervals: row.length, statistic: own, pValue: tail(own, row.length) }];
    }),
  };
}
