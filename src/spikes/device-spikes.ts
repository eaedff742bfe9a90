/** Where spikes lie on the GPU, and how: what losses and callers' own kernels read (docs/embedding.md). */
import { fail } from "../checks.js";
import type { Storage } from "../gpu/index.js";
import type { Chunk } from "../plan/chunks.js";
import type { SolvePlan } from "../plan/plan.js";

/** The spikes of a chunk of paths on the GPU. */
export interface RecordedChunk extends Chunk {
  /** Rows of the record: no path has more spikes. */
  readonly slots: number;
  /**
   * Spike record [slots][words][paths] u32: step, fraction of a step (f32 bits) and, in networks, neuron. Rows beyond a
   * path's count are undefined.
   */
  readonly record: Storage;
  /** Where the counts [paths] u32 lie: a storage and a byte offset. */
  readonly counts: { readonly storage: Storage; readonly byteOffset: number };
  /** States that the plan observes, f32 [entries][paths], entries in the order [times][neurons][states]; not of a window. */
  readonly states?: Storage | undefined;
}

/** Spikes on the GPU, with all that it takes to read them: a chunk of paths, or a window of one. Times count from t0. */
export interface DeviceSpikes extends RecordedChunk {
  /** Words of a spike: 2, or 3 where the neuron is among them. */
  readonly recordWords: number;
  /** Steps of the grid from t0 to t1, each of `dt`. */
  readonly steps: number;
  readonly dt: number;
  /** Of a window: paths of the whole record (default `paths`), and where in it the window begins (default 0). */
  readonly recordStride?: number;
  readonly recordAt?: number;
}

export const deviceSpikes = (plan: SolvePlan, chunk: RecordedChunk, recordWords: number): DeviceSpikes => ({
  firstPath: chunk.firstPath,
  paths: chunk.paths,
  slots: chunk.slots,
  recordWords,
  steps: plan.steps,
  dt: plan.dt,
  record: chunk.record,
  counts: chunk.counts,
  states: chunk.states,
});

/** A window: `paths` from `first` on. @throws SaltationError `invalid-input` where it is not inside. */
export function spikeWindow(spikes: DeviceSpikes, first: number, paths: number): DeviceSpikes {
  if (!(first >= 0 && paths > 0 && first + paths <= spikes.paths)) {
    fail("paths", `${first} to ${first + paths} do not lie in a batch of ${spikes.paths}`);
  }
  const { storage, byteOffset } = spikes.counts;
  return {
    ...spikes,
    firstPath: spikes.firstPath + first,
    paths,
    recordStride: spikes.recordStride ?? spikes.paths,
    recordAt: (spikes.recordAt ?? 0) + first,
    counts: { storage, byteOffset: byteOffset + 4 * first },
    states: undefined,
  };
}
