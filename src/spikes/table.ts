/** The spikes of many paths in one piece. */
import { wholeNumber } from "../checks.js";
import type { TypedSpikes } from "./spikes.js";

/** Spikes of all paths on the host. Rows are paths; a row holds its spikes in time order. */
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

/**
 * The spikes of one path of a table: views, not copies.
 * @throws SaltationError `invalid-input` for a path that the table does not have.
 */
export function spikesOf({ paths, slots, times, neurons, counts }: SpikeTable, path: number): TypedSpikes {
  wholeNumber("path", path, 0, paths - 1);
  const from = path * slots;
  const to = from + counts[path]!;
  return { times: times.subarray(from, to), neurons: neurons.subarray(from, to) };
}

/** The spikes of every path of a table, as views. */
export const pathsOf = (table: SpikeTable): TypedSpikes[] =>
  Array.from({ length: table.paths }, (_, path) => spikesOf(table, path));
