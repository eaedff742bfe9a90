/** What the solver of a chunk of paths must offer, whatever the distribution of its work on the GPU. */
import type { Storage } from "../gpu/index.js";
import type { Chunk } from "./chunks.js";
import type { SolvePlan } from "./plan.js";
import type { KernelShape } from "./shape.js";

/** Status counters of a forward run. */
export interface RunStatus {
  /** Most spikes in one path. */
  readonly largestCount: number;
  /** Paths whose record was too small. */
  readonly overflowed: number;
  /** Paths stopped at their maxSpikes-th event. */
  readonly saturated: number;
  /** Paths whose state is not finite. */
  readonly notFinite: number;
  /** Sub-steps committed, and sub-steps that lanes were given in bursts (one neuron per path; else 0). */
  readonly committed: number;
  readonly offered: number;
}

export const statusWords = 8;

export function readStatus(data: ArrayBuffer): RunStatus {
  const s = new Uint32Array(data);
  return {
    largestCount: s[0]!,
    overflowed: s[1]!,
    saturated: s[2]!,
    notFinite: s[3]!,
    committed: s[4]!,
    offered: s[5]!,
  };
}

/** A chunk of paths, solved. */
export interface SolvedChunk extends Chunk {
  readonly slots: number;
  readonly status: RunStatus;
  /** Spike record [slots][words][paths]: step, fraction (f32 bits) and, in networks, neuron. */
  readonly record: Storage;
  /** Where the counts [paths] lie: a storage and a byte offset. */
  readonly counts: { readonly storage: Storage; readonly byteOffset: number };
  dispose(): void;
}

export interface ChunkSolver {
  /** Takes over the parameter and current values and the seed of a plan that is otherwise the same. */
  update(plan: SolvePlan): void;
  readonly shape: KernelShape;
  /** Words of a spike in the record. */
  readonly recordWords: number;
  /** Bytes per path of a forward solve with this many slots. */
  bytesPerPath(slots: number): number;
  /** Bytes per path of the largest of its buffers. */
  largestBindingPerPath(slots: number): number;
  /** Solves a chunk; where `overflowed` is not 0 the record was too small and must be larger. */
  forward(chunk: Chunk, slots: number): Promise<SolvedChunk>;
  /**
   * Adds the gradient rows of a solved chunk (one per entry of `gradientRows`) to `rows`, given the spike-time
   * cotangents [slots][paths].
   */
  backward(solved: SolvedChunk, cotangents: Storage, rows: Storage): void;
  /** Number of gradient rows, in the order of the requested views. */
  readonly gradientRows: number;
  dispose(): void;
}
