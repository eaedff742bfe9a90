/** What a loss asks of the solution that it is taken on. */
import { fail } from "../checks.js";
import type { SolvePlan } from "../solve/plan.js";
import type { Loss } from "./loss.js";

/**
 * The plan of a solution for a loss: paths stop at the last spike that the loss looks at.
 * @throws SaltationError `invalid-input` where the loss does not go with the plan's paths.
 */
export function planForLoss(plan: SolvePlan, loss: Loss): SolvePlan {
  const least = loss.leastPaths ?? 1;
  if (plan.paths < least) fail("paths", `loss "${loss.kind}" needs at least ${least}, got ${plan.paths}`);
  if (plan.antithetic && loss.independent) {
    fail("antithetic", `loss "${loss.kind}" compares independent paths with each other; leave it out`);
  }
  return plan.maxSpikes === 0 && plan.network.neurons === 1 && loss.spikesNeeded !== undefined
    ? { ...plan, maxSpikes: loss.spikesNeeded, stopsByLoss: true }
    : plan;
}
