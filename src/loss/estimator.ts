/** How a gradient is estimated. */
import { oneOf } from "../checks.js";
import type { SolvePlan } from "../plan/plan.js";
import type { Loss } from "./loss.js";
import type { GradientTerm } from "./result.js";

/**
 * `pathwise`: derivatives of paths alone. `horizon`: with the horizon term, where a loss has one (horizon.ts). `score`: how probable
 * paths are (score.ts). `mix`: both, by weights that make it spread least (mix.ts).
 */
export type Estimator = "pathwise" | "horizon" | "score" | "mix";

/** Or `auto`: the cheapest that is known to be unbiased (choose.ts). */
export type AskedEstimator = Estimator | "auto";

/** The estimator of a gradient, of which the terms are known. */
export const takenEstimator = ({ estimator }: Pick<Loss, "estimator">, terms: readonly GradientTerm[]): Estimator =>
  estimator ?? (terms.includes("horizon") ? "horizon" : "pathwise");

/**
 * The loss with its gradient so estimated.
 * @param planned gives the plan of its paths, as it is without the loss.
 * @param names the parameters to differentiate by.
 * @param changing whether their values will change: training.
 * @throws SaltationError `invalid-input`.
 */
export async function estimatedBy(
  asked: AskedEstimator | undefined,
  loss: Loss,
  planned: () => SolvePlan,
  names: readonly string[],
  changing = false,
): Promise<Loss> {
  const by = oneOf<AskedEstimator>("estimator", asked ?? "horizon", ["horizon", "pathwise", "score", "mix", "auto"]);
  return by === "horizon" ? loss : (await import("./choose.js")).chosen(by, loss, planned(), names, changing);
}
