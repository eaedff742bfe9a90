/** Spike trains as metrics take them: one list of spike times per trial, in ascending order. */
import { fail } from "../checks.js";
import type { SpikeTable } from "../solve/trains.js";

/** Spike times of one neuron in one trial, ascending. */
export type SpikeTimes = ArrayLike<number>;

/** A stretch of time, from t0 up to but not including t1. */
export interface Stretch {
  readonly t0: number;
  readonly t1: number;
}

/** The spikes of each train that fall into a stretch. @throws SaltationError where t1 is not after t0. */
export function cutTrains(trains: readonly SpikeTimes[], { t0, t1 }: Stretch): Float64Array[] {
  if (!(t1 > t0)) fail("t1", `expected a time after t0 = ${t0}, got ${t1}`);
  return trains.map((times) => Float64Array.from(times).filter((t) => t >= t0 && t < t1));
}

/** The spikes of one neuron in each path of a table. */
export function neuronTrains(table: SpikeTable, neuron = 0): Float64Array[] {
  return Array.from({ length: table.paths }, (_, path) => {
    const from = path * table.slots;
    const own: number[] = [];
    for (let n = from; n < from + table.counts[path]!; n++) if (table.neurons[n] === neuron) own.push(table.times[n]!);
    return Float64Array.from(own);
  });
}
