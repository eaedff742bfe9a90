/** Spike times and how they move with the parameters. */
import type { SpikeTable } from "./table.js";

/**
 * Spike times with their derivatives. Of a loss F of spikes, the derivative of the mean is the mean over paths of
 * Σ ∂F/∂τ_n · `derivatives` + Σ ΔF_j · `horizon`, with ΔF_j what one more spike of neuron j at t1 would add to F: 1 for a count
 * (docs/mathematics.md, "What appears and vanishes at t1").
 */
export interface Sensitivities {
  readonly table: SpikeTable;
  /**
   * Number of directions: entries of the parameters asked for, in their order. Of times of sources (`pixels.times`) as many as the sample
   * has spikes of theirs that has most: the n-th is that of the n-th of a path's own sample, as they were given, 0 where it has fewer.
   */
  readonly directions: number;
  /** ∂τ_n/∂θ [paths, slots, directions]; 0 where there is no spike. */
  readonly derivatives: Float64Array;
  /**
   * How fast spikes come across t1 [paths, neurons, directions]: Σ ∂E(t1)/∂θ over the events of the neuron that a hazard sets off and
   * that a uniform alone keeps from coming before t1; 0 where there is none. Absent where no spike comes by a hazard.
   */
  readonly horizon?: Float64Array | undefined;
  /** What `horizon` leaves out, in words, with the mend: spikes that come by no hazard. Absent where it is whole. */
  readonly horizonLacks?: string | undefined;
  /** What is known to be doubtful in these numbers, one line each; undefined where nothing is. */
  readonly warnings?: readonly string[] | undefined;
}
