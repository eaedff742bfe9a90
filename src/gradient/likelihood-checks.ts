/** What a log-likelihood asks of a plan. */
import { checkHazard } from "../cell/hazard.js";
import type { SolvePlan } from "../solve/plan.js";
import { activeChannels } from "../solve/shape.js";

/**
 * @param names the parameters to differentiate by.
 * @throws SaltationError `invalid-input` where past spikes do not determine the hazard.
 */
export function checkLikelihood(plan: SolvePlan, names: readonly string[]): void {
  checkHazard(plan.network.cell, activeChannels(plan, names));
}
