/**
 * Where a signature of spikes jumps inside t0 to t1: as spikes of two neurons change places, e_j ⊗ e_k becomes e_k ⊗ e_j. Words
 * of one letter do not see it, nor does a train of one neuron, whose spikes keep their order. Neither derivatives of paths nor the horizon
 * term do; the score (score.ts) does.
 */
import type { SolvePlan } from "../plan/plan.js";

/**
 * In words what the gradient of a function of signatures leaves out, with the mend; undefined where nothing.
 * @param depth of the words that it looks at.
 */
export function leftOutByOrder({ network }: SolvePlan, depth: number): string | undefined {
  if (network.neurons < 2 || depth < 2 || !network.cell.events.some((e) => e.emits)) return undefined;
  return (
    "it jumps where spikes of two neurons change places, which derivatives of paths do not see; take expected signatures with " +
    'estimator "score", or of depth 1'
  );
}
