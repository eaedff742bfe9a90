/** What the solver of a chunk of paths must offer, whatever the distribution of its work on the GPU. */
import type { Batch, Gpu, Storage } from "../gpu/index.js";
import type { Chunk } from "../plan/chunks.js";
import type { SolvePlan } from "../plan/plan.js";
import type { RecordedChunk } from "../spikes/device-spikes.js";
import type { KernelShape } from "./shape.js";
import type { RecordedEvents } from "./sifted.js";

/** Status counters of a forward run. */
export interface RunStatus {
  /** Most spikes of one path. */
  readonly largestCount: number;
  /** Most events of one path in the record: its spikes, and others where the cell has them. */
  readonly largestRecord: number;
  /** Paths whose record was too small. */
  readonly overflowed: number;
  /** Paths stopped at their maxSpikes-th event. */
  readonly saturated: number;
  /** Paths whose state is not finite. */
  readonly notFinite: number;
  /** Sub-steps committed, and sub-steps that lanes were given in bursts (one neuron per path; else 0). */
  readonly committed: number;
  readonly offered: number;
  /** Most entries of tape that a window of one path needs (networks; else 0). */
  readonly largestTape: number;
}

export const statusWords = 8;

export function readStatus(data: ArrayBuffer): RunStatus {
  const s = new Uint32Array(data);
  return {
    // Where not all events are spikes, word 7 is 1 more than the most of these.
    largestCount: s[7]! > 0 ? s[7]! - 1 : s[0]!,
    largestRecord: s[0]!,
    overflowed: s[1]!,
    saturated: s[2]!,
    notFinite: s[3]!,
    committed: s[4]!,
    offered: s[5]!,
    largestTape: s[6]!,
  };
}

/** What a backward recursion goes out from. */
export interface Cotangents {
  /** By the time of each spike, f32 [slots][paths]. */
  readonly spikes: Storage | GPUBuffer;
  /** By each state that the plan observes, f32 [entries][paths]; none where the loss looks at none. */
  readonly states?: Storage | undefined;
  /** What one more spike of each neuron at t1 would add, f32 [neurons][paths]: with it there is a horizon term. */
  readonly horizon?: Storage | undefined;
}

/** A chunk of paths in a batch: what the batch leaves on the GPU. */
export interface EncodedChunk extends RecordedChunk {
  /** Status words, u32, in the order of `RunStatus`. */
  readonly statusWords: Storage;
  /** All events, where the cell has such as are no spikes. */
  readonly events?: RecordedEvents | undefined;
  /** Gives the buffers back, once the batches that use them are submitted. */
  dispose(): void;
}

/** A chunk of paths, solved. */
export interface SolvedChunk extends EncodedChunk {
  readonly status: RunStatus;
}

export interface ChunkSolver {
  /** Takes over the parameter and current values, the seed and the samples of a plan that is otherwise the same. */
  update(plan: SolvePlan): void;
  /** Takes over the seed and the samples of such a plan alone: the values are what lies in `theta`. What is submitted before sees the old. */
  reseed(plan: SolvePlan): void;
  /** All parameters on the GPU, f32 in the layout's order: read by every solve, to be written in place by optimisers. */
  readonly theta: Storage;
  readonly shape: KernelShape;
  /** Words of a spike in the record. */
  readonly recordWords: number;
  /** Slots that a record has at first, where neither maxSpikes nor the number of neurons is to say. */
  readonly firstSlots?: number;
  /** Bytes per path of a forward solve with this many slots. */
  bytesPerPath(slots: number): number;
  /** Bytes per path of the largest of its buffers. */
  largestBindingPerPath(slots: number): number;
  /** Encodes the solve of a chunk; nothing is read back. */
  encodeForward(batch: Batch, chunk: Chunk, slots: number): EncodedChunk;
  /**
   * Encodes the backward recursion of a chunk: adds its gradient rows (one per entry of `gradientRows`) to `rows`
   * [rowsPerPath][paths], whose row 0 is the value's.
   * @param tape entries of tape that a path may need in a window (networks): where the status says `largestTape` above
   * it, the rows are of no use.
   * @param status of the forward solve where it is known, in place of `tape`; spares what no path needs.
   */
  encodeBackward(
    batch: Batch,
    chunk: EncodedChunk,
    cotangents: Cotangents,
    rows: Storage,
    tape: number,
    status?: RunStatus,
  ): void;
  /** Number of gradient rows, in the order of the requested views. */
  readonly gradientRows: number;
  /** What is known to be doubtful in its results, one line each. */
  readonly warnings: readonly string[];
  /** Numbers of a path in `rows`: more than the value's and the gradient's where what is left of these is carried. */
  readonly rowsPerPath: number;
  dispose(): void;
}

/** Solves a chunk and waits for its status; where `overflowed` is not 0 the record was too small and must be larger. */
export async function forwardChunk(gpu: Gpu, solver: ChunkSolver, chunk: Chunk, slots: number): Promise<SolvedChunk> {
  const batch = gpu.batch("forward");
  const encoded = solver.encodeForward(batch, chunk, slots);
  const status = batch.read(encoded.statusWords);
  batch.submit();
  try {
    return { ...encoded, status: readStatus(await status) };
  } catch (error) {
    encoded.dispose();
    throw error;
  }
}

/** Lanes of a workgroup: one group of lanes that run together, so that none waits at an event of another path. */
export function lanesOf(gpu: Gpu): number {
  const fewest = gpu.adapter.subgroupSizes?.[0] ?? 32;
  return Math.min(64, Math.max(4, fewest));
}
