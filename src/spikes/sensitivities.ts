/** Spike times and how they move with the parameters. */
import type { SpikeTable } from "./table.js";

/** Spike times with their derivatives. */
export interface Sensitivities {
  readonly table: SpikeTable;
  /** Number of directions: entries of the parameters asked for, in their order. */
  readonly directions: number;
  /** ∂τ_n/∂θ [paths, slots, directions]; 0 where there is no spike. */
  readonly derivatives: Float64Array;
  /** What is known to be doubtful in these numbers, one line each; undefined where nothing is. */
  readonly warnings?: readonly string[] | undefined;
}
