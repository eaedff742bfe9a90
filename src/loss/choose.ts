/** The loss with its gradient estimated as was asked, or, of `auto`, by the cheapest estimator that is known to be unbiased. */
import { fail } from "../checks.js";
import { SaltationError } from "../errors.js";
import { isExact } from "../network/judged-cells.js";
import type { SolvePlan } from "../plan/plan.js";
import type { AskedEstimator } from "./estimator.js";
import { judgeMean } from "./judge-mean.js";
import { type Loss, leftOut } from "./loss.js";
import { planForLoss } from "./loss-plan.js";
import { mixed } from "./mix.js";
import { scored } from "./score.js";

/**
 * Derivatives of paths where their mean is known to be right: they take less time than a score, and nearly always spread less.
 * Else the score, where that is. Else derivatives of paths, whose result says what they leave out, and why the score does not serve.
 * @throws SaltationError where the loss has no gradient by either.
 */
function cheapest(loss: Loss, plan: SolvePlan, names: readonly string[], changing: boolean): Loss {
  if (names.length === 0 || loss.likelihood) return loss;
  const inside = loss.jumpsInside?.(plan);
  const exact = isExact(plan.network);
  if (!inside && exact && judgeMean(planForLoss(plan, loss), loss, names, changing).unbiased) return loss;
  let why: string;
  try {
    const by = scored(loss);
    by.checkPlan!(plan, names);
    const { unbiased, because } = judgeMean(plan, by, names, changing);
    if (inside || !exact || unbiased) return by;
    why = because.join("; ");
  } catch (error) {
    if (!(error instanceof SaltationError) || error.code !== "invalid-input") throw error;
    if (inside) fail("loss", `"${loss.kind}": ${inside}. That does not serve here: ${error.message}`);
    why = error.message;
  }
  // A caller's own may be of a class.
  return Object.create(loss, { withoutScore: { value: why } });
}

const boundaryTerm =
  'it jumps where a spike crosses t1; the rate of spikes there times that jump is missing; take estimator "horizon", which has it';

/** The loss with derivatives of paths alone, told where it jumps at t1. */
function withoutHorizon(loss: Loss): Loss {
  if (!loss.horizon) return loss;
  const leavesOut = (plan: SolvePlan): string => [boundaryTerm, leftOut(loss, plan) ?? []].flat().join("; ");
  // A caller's own may be of a class.
  return Object.create(loss, { horizon: { value: false }, leavesOut: { value: leavesOut } });
}

/** See `estimatedBy`. */
export function chosen(
  asked: AskedEstimator | undefined,
  loss: Loss,
  plan: SolvePlan,
  names: readonly string[],
  changing = false,
): Loss {
  // What is estimated already is left as it is.
  if (loss?.estimator) return loss;
  if (asked === "score") return scored(loss);
  if (asked === "mix") return mixed(loss);
  if (asked === "pathwise") return withoutHorizon(loss);
  return asked === "auto" ? cheapest(loss, plan, names, changing) : loss;
}
