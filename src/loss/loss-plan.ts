/** What a loss asks of the network, and of the solution that it is taken on. */
import type { Cell } from "../cell/cell.js";
import { fail, show } from "../checks.js";
import type { Network } from "../network/network.js";
import type { SolvePlan } from "../plan/plan.js";
import type { Loss } from "./loss.js";
import type { ValueAndGradient } from "./result.js";

/**
 * The plan of a solution for a loss: paths stop at the last spike that the loss looks at.
 * @throws SaltationError `invalid-input` where the loss does not go with the plan's paths.
 */
export function planForLoss(plan: SolvePlan, loss: Loss): SolvePlan {
  if (typeof loss?.kind !== "string") fail("loss", `expected a loss, such as firstSpikes(…), got ${show(loss)}`);
  const least = loss.leastPaths ?? 1;
  if (plan.paths < least) fail("paths", `loss "${loss.kind}" needs at least ${least}, got ${plan.paths}`);
  if (plan.antithetic && loss.independent) {
    fail("antithetic", `loss "${loss.kind}" compares independent paths with each other; leave it out`);
  }
  const { spikesNeeded = 0 } = loss;
  if (plan.maxSpikes > 0 && plan.maxSpikes < spikesNeeded) {
    const looks = `loss "${loss.kind}" looks at ${spikesNeeded} spikes of a neuron`;
    fail("maxSpikes", `is ${plan.maxSpikes}, at which paths stop, but ${looks}; give at least that, or leave it out`);
  }
  return plan.maxSpikes === 0 && plan.network.neurons === 1 && loss.spikesNeeded !== undefined
    ? { ...plan, maxSpikes: loss.spikesNeeded, stopsByLoss: true }
    : plan;
}

/** What is known to be doubtful in a result for a plan of `planForLoss`; undefined where nothing is. */
export function lossWarnings(
  plan: SolvePlan,
  loss: Loss,
  { warnings = [], saturatedPaths }: Pick<ValueAndGradient, "warnings" | "saturatedPaths">,
): readonly string[] | undefined {
  const all = [...(loss.warnings?.(plan) ?? []), ...warnings];
  // The only neuron of a path that was stopped has had all the spikes that such a loss looks at.
  const complete = plan.network.neurons === 1 && loss.spikesNeeded !== undefined;
  if (saturatedPaths > 0 && !complete) {
    const stopped = `${saturatedPaths} of ${plan.paths} paths stopped at maxSpikes = ${plan.maxSpikes}`;
    all.push(`${stopped}: the loss takes spikes after that as absent; give a larger maxSpikes, or leave it out`);
  }
  return all.length > 0 ? all : undefined;
}

/** @throws SaltationError where the cell's pathwise gradient is not exact. */
export function checkExact({ name, exactness }: Cell): void {
  if (exactness.exact) return;
  const violated = exactness.conditions.filter((c) => c.verdict === "violated");
  fail(
    "network.cell",
    `the pathwise gradient of "${name}" is not exact: ${violated.map((c) => `${c.name}: ${c.detail}`).join("; ")}. ` +
      "Set requireExact to false to take the inexact gradient",
  );
}

/** @throws SaltationError where the loss does not fit the network, or the cell's gradient is not exact. */
export function checkLoss(network: Network, loss: Loss | undefined, requireExact = true): void {
  loss?.check?.(network);
  // A likelihood takes no pathwise gradient, so that its exactness is no matter.
  if (requireExact && !loss?.likelihood) checkExact(network.cell);
}
