/** Spike trains as metrics take them: one list of spike times per trial, in ascending order. */
import { fail, finiteNumber, list, show, wholeNumber } from "../checks.js";
import { pathsOf, type SpikeTable } from "../spikes/table.js";

/** Spike times of one neuron in one trial, ascending. */
export type SpikeTimes = ArrayLike<number>;

/**
 * A stretch of time, from t0 up to but not including t1. A time that equals one of them but for rounding (see `rounding`)
 * counts as equal to it.
 */
export interface Stretch {
  readonly t0: number;
  readonly t1: number;
}

/**
 * How far a difference of two times may be from that of the decimals that they stand for: 0.3 - 0.1 falls short of 0.2 by
 * 3e-17. Each time is rounded once when it is read and perhaps once when it is computed (3 * 0.1), and their difference
 * and a width to compare it with once: less than four units in the last place of the times.
 */
export const rounding = (a: number, b: number): number => 4 * Number.EPSILON * (Math.abs(a) + Math.abs(b));

/** @throws SaltationError `invalid-input` naming the first time that is not finite or comes before the one ahead of it. */
export function checkTrain(field: string, times: SpikeTimes): void {
  if (typeof times?.length !== "number") fail(field, `expected a list of times, got ${show(times)}`);
  let before = Number.NEGATIVE_INFINITY;
  for (let n = 0; n < times.length; n++) {
    const time = times[n]!;
    if (!(Number.isFinite(time) && time >= before)) {
      finiteNumber(`${field}[${n}]`, time);
      fail(`${field}[${n}]`, `is ${time}, before the spike ahead of it at ${before}: sort each train's times`);
    }
    before = time;
  }
}

/** The same of each train of a set. */
export function checkTrains(field: string, trains: readonly SpikeTimes[]): void {
  list(field, trains, "spike trains").forEach((times, i) => {
    checkTrain(`${field}[${i}]`, times);
  });
}

/**
 * The spikes of each train that fall into a stretch.
 * @throws SaltationError `invalid-input` where t1 is not after t0, or a time is not finite or comes before the one ahead.
 */
export function cutTrains(trains: readonly SpikeTimes[], stretch: Stretch): Float64Array[] {
  checkTrains("trains", trains);
  const t0 = finiteNumber("t0", stretch?.t0);
  const t1 = finiteNumber("t1", stretch.t1);
  if (!(t1 > t0)) fail("t1", `expected a time after t0 = ${t0}, got ${t1}`);
  return trains.map((times) =>
    Float64Array.from(times).filter((t) => t - t0 >= -rounding(t, t0) && t - t1 < -rounding(t, t1)),
  );
}

/**
 * The spikes of one neuron in each path of a table.
 * @throws SaltationError `invalid-input` for what is no table, or no neuron's number.
 */
export function neuronTrains(table: SpikeTable, neuron = 0): Float64Array[] {
  list("table.counts", table?.counts, "counts, as in what simulate(…) reads");
  wholeNumber("neuron", neuron, 0, 2 ** 24 - 1);
  return pathsOf(table).map(({ times, neurons }) => times.filter((_, n) => neurons[n] === neuron));
}
