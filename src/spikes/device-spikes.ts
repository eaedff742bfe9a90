/** Where spike trains lie on the GPU, and how: what losses and callers' own kernels read (docs/embedding.md). */
import type { Storage } from "../gpu/index.js";
import type { Chunk } from "../plan/chunks.js";
import type { SolvePlan } from "../plan/plan.js";

/** The spikes of a chunk of paths on the GPU. */
export interface RecordedChunk extends Chunk {
  /** Rows of the record: no path has more spikes. */
  readonly slots: number;
  /** Spike record [slots][words][paths]: step, fraction (f32 bits) and, in networks, neuron. */
  readonly record: Storage;
  /** Where the counts [paths] lie: a storage and a byte offset. */
  readonly counts: { readonly storage: Storage; readonly byteOffset: number };
}

/** Spike trains of a chunk of paths where they were solved. */
export interface DeviceSpikes {
  readonly chunk: Chunk;
  readonly paths: number;
  /** Rows of the record: no path has more spikes. */
  readonly slots: number;
  /** Words of a spike: step, fraction of a step (f32 bits) and, where there are 3, neuron. */
  readonly recordWords: number;
  /** Grid steps from t0 to t1, and their length. */
  readonly steps: number;
  readonly dt: number;
  /** [slots][words][paths] u32; rows beyond a path's count are undefined. */
  readonly record: Storage;
  /** Spikes of each path [paths] u32. */
  readonly counts: { readonly storage: Storage; readonly byteOffset: number };
}

export const deviceSpikes = (plan: SolvePlan, chunk: RecordedChunk, recordWords: number): DeviceSpikes => ({
  chunk: { firstPath: chunk.firstPath, paths: chunk.paths },
  paths: chunk.paths,
  slots: chunk.slots,
  recordWords,
  steps: plan.steps,
  dt: plan.dt,
  record: chunk.record,
  counts: chunk.counts,
});
