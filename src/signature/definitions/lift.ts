/**
 * The Marcus lift of a spike train to a continuous path of time and counts: t ↦ (t, N¹_t … N^K_t), in which a jump is a
 * straight segment. Holberg & Salvi (2024), section 3; the last vertex (t1, N_{t1}) is part of it.
 */
import { checkSpikes, type Spikes } from "../../spikes/spikes.js";
import { batchOf, type PathBatch } from "./paths.js";

export interface LiftOptions {
  readonly t0: number;
  readonly t1: number;
  /** Number of neurons; channels of the lift are time and one count per neuron. */
  readonly neurons: number;
}

export interface LiftedSpikes {
  readonly paths: PathBatch;
  /** Number of spikes of each train. */
  readonly counts: Uint32Array;
  /** Gradient to the points of `paths` → gradient to the spike times, train after train. */
  pullback(gradient: Float64Array): Float64Array[];
}

/**
 * Lifts spike trains. A train of n spikes at distinct times becomes 2n + 2 vertices of 1 + neurons channels; spikes at
 * the same time form one diagonal segment.
 *
 * The gradient to a time that several spikes share is the derivative along moving them together, shared out evenly.
 * @param field their name, for messages.
 * @throws SaltationError `invalid-input` where times are unsorted or outside [t0, t1], or a neuron is out of range.
 */
export function liftSpikes(spikes: readonly Spikes[], options: LiftOptions, field = "spikes"): LiftedSpikes {
  checkSpikes(spikes, options, field);
  const { t0, t1, neurons } = options;
  const channels = neurons + 1;
  const owners: Int32Array[] = [];
  const each = spikes.map((one) => {
    const count = new Float64Array(neurons);
    const rows: number[] = [t0, ...count];
    // The group of simultaneous spikes to which a vertex belongs, by its first spike; -1 for the two ends.
    const owner: number[] = [-1];
    for (let n = 0; n < one.times.length; ) {
      const time = one.times[n]!;
      rows.push(time, ...count);
      const first = n;
      for (; n < one.times.length && one.times[n] === time; n++) count[one.neurons[n]!]! += 1;
      rows.push(time, ...count);
      owner.push(first, first);
    }
    rows.push(t1, ...count);
    owner.push(-1);
    owners.push(Int32Array.from(owner));
    return Float64Array.from(rows);
  });
  const paths = batchOf(each, channels);
  const pullback = (gradient: Float64Array): Float64Array[] =>
    spikes.map((one, i) => {
      const out = new Float64Array(one.times.length);
      owners[i]!.forEach((first, j) => {
        if (first < 0) return;
        let last = first;
        while (last + 1 < one.times.length && one.times[last + 1] === one.times[first]) last++;
        const share = gradient[(paths.offsets[i]! + j) * channels]! / (last - first + 1);
        for (let n = first; n <= last; n++) out[n]! += share;
      });
      return out;
    });
  return { paths, counts: Uint32Array.from(spikes, (t) => t.times.length), pullback };
}
