/** Observed spike trains: repeated trials, whose spikes are lists. */
import { fail } from "../checks.js";
import type { Spikes } from "./spikes.js";
import { pathsOf, type SpikeTable } from "./table.js";

/** The spikes of one of repeated trials as lists, in the order given. */
export interface Trial extends Spikes {
  readonly times: readonly number[];
  readonly neurons: readonly number[];
}

/** The spikes of a table, one trial a path. */
export const trialsOf = (table: SpikeTable): Trial[] =>
  pathsOf(table).map(({ times, neurons }) => ({ times: [...times], neurons: [...neurons] }));

/** Mean over trials of each neuron's first n spike times, t1 where absent: [neurons][n]. */
export function meanFirstTimes(trials: readonly Trial[], neurons: number, n: number, t1: number): number[][] {
  const sums = Array.from({ length: neurons }, () => new Array<number>(n).fill(0));
  for (const [i, trial] of trials.entries()) {
    const seen = new Array<number>(neurons).fill(0);
    trial.times.forEach((t, s) => {
      const k = trial.neurons[s]!;
      if (!(Number.isInteger(k) && k >= 0 && k < neurons)) {
        fail(`observed.neurons[${i}]`, `names neuron ${k}; the network has neurons 0 to ${neurons - 1}`);
      }
      if (seen[k]! < n) sums[k]![seen[k]!]! += t;
      seen[k]!++;
    });
    for (let k = 0; k < neurons; k++) for (let m = seen[k]!; m < n; m++) sums[k]![m]! += t1;
  }
  return sums.map((row) => row.map((s) => s / trials.length));
}
