/** Spike trains of many paths: they lie where they were made (on the GPU, or in memory) until they are asked for. */

import type { DeviceSpikes } from "./device-spikes.js";

/** Spike trains on the host. Rows are paths; a row holds its spikes in time order. */
export interface SpikeTable {
  readonly paths: number;
  /** Row length: the largest count, or maxSpikes where that was given. */
  readonly slots: number;
  /** [paths, slots], absolute times; t1 where absent. */
  readonly times: Float64Array;
  /** [paths, slots]; -1 where absent. */
  readonly neurons: Int32Array;
  /** [paths]. */
  readonly counts: Int32Array;
}

export interface SimulatedSpikes {
  readonly paths: number;
  readonly t0: number;
  readonly t1: number;
  /** Paths that were stopped at their maxSpikes-th event. */
  readonly saturatedPaths: number;
  /** Largest number of spikes in a path. */
  readonly largestCount: number;
  /**
   * Sub-steps committed over the sub-steps of all bursts: what is left of the lanes after waiting at events and after
   * the ends of paths. For one neuron per path on the GPU; undefined otherwise.
   */
  readonly laneEfficiency?: number | undefined;
  /** What is known to be doubtful in the times, one line each; undefined where nothing is. */
  readonly warnings?: readonly string[] | undefined;
  /** Bytes on the GPU that the trains hold. */
  readonly bytes: number;
  /**
   * The trains where they lie, chunk by chunk, for kernels of the caller's; undefined on the CPU. The buffers are the
   * trains' own: alive until `dispose`, and not to be written.
   */
  readonly onDevice?: readonly DeviceSpikes[] | undefined;
  /** Reads the trains back. */
  read(): Promise<SpikeTable>;
  /** Spike times [paths, slots] in time order, t1 where absent. */
  spikeTimes(): Promise<Float64Array>;
  /** Mean number of spikes in a path. */
  meanCount(): Promise<number>;
  dispose(): void;
}

/** An empty table of the given size. */
export function emptyTable(paths: number, slots: number, t1: number): SpikeTable {
  return {
    paths,
    slots,
    times: new Float64Array(paths * slots).fill(t1),
    neurons: new Int32Array(paths * slots).fill(-1),
    counts: new Int32Array(paths),
  };
}
