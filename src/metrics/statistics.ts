/** Statistics of spike counts and of intervals between spikes. */
import { checkTrains, cutTrains, type SpikeTimes, type Stretch } from "./spike-times.js";

export interface TrainStatistics {
  /** Spikes per trial: mean and sample variance (NaN for one trial). */
  readonly meanCount: number;
  readonly varianceOfCount: number;
  /** Mean count over the length of the stretch: spikes per unit time. */
  readonly rate: number;
  /** Variance of the count over its mean; 1 for a Poisson process. */
  readonly fano: number;
  /** Intervals between successive spikes of a trial, of all trials together. */
  readonly intervals: number;
  readonly meanInterval: number;
  /** Standard deviation of the intervals over their mean; 1 for a Poisson process. */
  readonly cv: number;
}

/**
 * Intervals between successive spikes, of all trains together.
 * @throws SaltationError `invalid-input` for times that are not finite or not in ascending order.
 */
export function intervals(trains: readonly SpikeTimes[]): Float64Array {
  checkTrains("trains", trains);
  return Float64Array.from(
    trains.flatMap((times) =>
      Array.from({ length: Math.max(0, times.length - 1) }, (_, n) => times[n + 1]! - times[n]!),
    ),
  );
}

/** Mean and sample variance; NaN where there are too few values. */
function meanAndVariance(values: ArrayLike<number>): [number, number] {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i]!;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i]! - mean) ** 2;
  return [mean, n > 1 ? squares / (n - 1) : Number.NaN];
}

/**
 * Counts and intervals of one neuron's trains within a stretch. What too few spikes leave undefined is NaN.
 * @throws SaltationError `invalid-input` where the stretch is empty, or times are not finite or not in ascending order.
 */
export function trainStatistics(trains: readonly SpikeTimes[], stretch: Stretch): TrainStatistics {
  const inside = cutTrains(trains, stretch);
  const [meanCount, varianceOfCount] = meanAndVariance(inside.map((times) => times.length));
  const between = intervals(inside);
  const [meanInterval, varianceOfInterval] = meanAndVariance(between);
  return {
    meanCount,
    varianceOfCount,
    rate: meanCount / (stretch.t1 - stretch.t0),
    fano: varianceOfCount / meanCount,
    intervals: between.length,
    meanInterval,
    cv: Math.sqrt(varianceOfInterval) / meanInterval,
  };
}
