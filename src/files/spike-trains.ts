/** Spike trains as files of all kinds hold them, one trial after the other. */
import { counted } from "../checks.js";
import { limits } from "./limits.js";

export interface SpikeTrains {
  /** Spike times, by trial, and by time within each. */
  readonly times: Float64Array;
  /** The number of each spike's neuron in the file; undefined where the file names none. */
  readonly neurons: Int32Array | undefined;
  /** [trials + 1]: where each trial begins in `times`, and where the last one ends. */
  readonly starts: Int32Array;
  /** The unit of time as the file names it; undefined where it names none. */
  readonly timeUnit: string | undefined;
  /**
   * Of a table whose rows name trials the lowest of these, where it is not 0: whether trials before it had no spike, or are
   * counted from another number, such a table leaves open.
   */
  readonly firstTrial?: number;
  /**
   * Of neurons that were observed at some times only (NWB's `obs_intervals`), by number: [from, to, from, to, …] in order. That such a
   * neuron has no spike at other times says nothing.
   */
  readonly observed?: ReadonlyMap<number, Float64Array>;
  /** What an npz table has in slots without a spike (the end of the simulation), and how many slots a row has. */
  readonly table?: { readonly fill: number; readonly slots: number } | undefined;
}

/** @throws Error that goes on from the file's name, where there are too many spikes or trials. */
export function checkSize(spikes: number, trials: number): void {
  if (!(spikes <= limits.numbers)) throw new Error(`holds ${spikes} spikes; at most ${limits.numbers} are read`);
  if (!(trials <= limits.lists)) throw new Error(`holds ${trials} trials; at most ${limits.lists} are read`);
}

/** Spikes in any order, with the number of each one's trial: sorted by trial and time, ties as they came. */
export interface LooseSpikes {
  readonly times: Float64Array;
  readonly neurons: Int32Array | undefined;
  /** All in trial 0 where absent. */
  readonly trials: Int32Array | undefined;
  /** How many trials there are; those without a spike count too. */
  readonly count: number;
}

/** Whether spikes come by trial, and by time within each. */
function inOrder(times: Float64Array, trials: Int32Array | undefined): boolean {
  for (let i = 1; i < times.length; i++) {
    const same = !trials || trials[i] === trials[i - 1];
    if (same ? times[i]! < times[i - 1]! : trials[i]! < trials[i - 1]!) return false;
  }
  return true;
}

export function sortedTrains(spikes: LooseSpikes, timeUnit: string | undefined): SpikeTrains {
  const { trials, count } = spikes;
  let { times, neurons } = spikes;
  const starts = new Int32Array(count + 1);
  if (trials) for (const trial of trials) starts[trial + 1]!++;
  else starts[count] = times.length;
  for (let i = 0; i < count; i++) starts[i + 1]! += trials ? starts[i]! : 0;
  if (!inOrder(times, trials)) {
    const order = Uint32Array.from(times.keys());
    order.sort((a, b) => (trials ? trials[a]! - trials[b]! : 0) || times[a]! - times[b]! || a - b);
    [times, neurons] = [
      Float64Array.from(order, (i) => times[i]!),
      neurons && Int32Array.from(order, (i) => neurons![i]!),
    ];
  }
  return { times, neurons, starts, timeUnit };
}

/** @returns the first neuron of whose times [from, to] some part was not observed. */
export function unobserved(trains: SpikeTrains, from: number, to: number): number | undefined {
  for (const [neuron, ends] of trains.observed ?? []) {
    // Intervals that touch or overlap are one.
    let reached = from;
    for (let i = 0; i < ends.length; i += 2) if (ends[i]! <= reached) reached = Math.max(reached, ends[i + 1]!);
    if (reached < to) return neuron;
  }
  return undefined;
}

/** Some of the intervals in which a neuron was observed, in words. */
export const shownIntervals = (ends: Float64Array): string =>
  Array.from({ length: Math.min(ends.length / 2, 3) }, (_, i) => `${ends[2 * i]} to ${ends[2 * i + 1]}`).join(", ") +
  (ends.length > 6 ? ", …" : "");

/** @param lowest of the trials that a table names in its rows. */
export const firstTrialOf = (lowest: number): Pick<SpikeTrains, "firstTrial"> =>
  lowest > 0 && Number.isFinite(lowest) ? { firstTrial: lowest } : {};

/** How many spikes and trials there are, in words. */
export const spikesAndTrials = ({ times, starts }: SpikeTrains): string =>
  `${counted(times.length, "spike")} in ${counted(starts.length - 1, "trial")}`;

/** Numbers of neurons in a train, in order. */
export function neuronsOf({ neurons, times }: SpikeTrains): number[] {
  if (!neurons) return times.length > 0 ? [0] : [];
  return [...new Set(neurons)].sort((a, b) => a - b);
}
