/** What a loss asks of the network, and of the solution that it is taken on. */
import { fail, show } from "../checks.js";
import { type JudgedCell, judgedCells } from "../network/judged-cells.js";
import type { Network } from "../network/network.js";
import type { View } from "../plan/layout.js";
import { type ObservedStates, planObserved, type StatesOptions, together } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Estimator, takenEstimator } from "./estimator.js";
import type { Loss } from "./loss.js";
import { checkMaxSpikes } from "./max-spikes.js";
import { type JudgedMean, stopsAtLast, verdictOn } from "./mean-verdict.js";
import { type Evaluated, shapedEntries, type ValueAndGradient, type Valued } from "./result.js";

/** What all of some states are. */
const observedBy = (plan: SolvePlan, states: readonly StatesOptions[]): ObservedStates =>
  together(states.map((one) => planObserved(plan.network, one, plan, "loss.states")));

/**
 * The plan of a solution for a loss: paths stop at the last spike that the loss looks at, and states are kept that it looks at.
 * @throws SaltationError `invalid-input` where the loss does not go with the plan's paths.
 */
export function planForLoss(given: SolvePlan, loss: Loss): SolvePlan {
  if (typeof loss?.kind !== "string") fail("loss", `expected a loss, such as firstSpikes(…), got ${show(loss)}`);
  const plan = { ...given, observed: loss.states && observedBy(given, [loss.states].flat()) };
  const least = loss.leastPaths ?? 1;
  if (plan.paths < least) fail("paths", `loss "${loss.kind}" needs at least ${least}, got ${plan.paths}`);
  if (plan.antithetic && loss.independent) {
    fail("antithetic", `loss "${loss.kind}" compares independent paths with each other; leave it out`);
  }
  const { spikesNeeded = 0 } = loss;
  checkMaxSpikes(plan, spikesNeeded, loss.kind, `looks at ${spikesNeeded} spikes of a neuron`);
  if (plan.maxSpikes > 0) loss.checkStops?.(plan);
  return plan.maxSpikes === 0 && plan.network.neurons === 1 && loss.spikesNeeded !== undefined && !loss.states
    ? { ...plan, maxSpikes: loss.spikesNeeded, stopsByLoss: true }
    : plan;
}

/** What is told of a value, and of its gradient where that is with the host. */
type Told = Valued & Partial<Pick<Evaluated, "gradient">>;

/** A parameter by which every path's gradient is exactly 0. */
function unmoved({ network }: SolvePlan, { gradient = {} }: Told): string[] {
  return Object.entries(gradient).flatMap(([name, values]) => {
    const numbers = [values].flat(Number.POSITIVE_INFINITY) as (number | readonly number[])[];
    if (numbers.length === 0 || !numbers.every((v) => v === 0)) return [];
    const unread = name === "current" || name === "I" ? !network.cell.usesCurrent : false;
    const why = unread
      ? "no equation of the cell reads I"
      : "as far as derivatives see, nothing that the loss looks at depends on it";
    return [`the gradient by ${name} is exactly 0: ${why}`];
  });
}

/** That no path has a derivative, where the gradient of such a cell was asked for. */
function inexact({ network, dt }: SolvePlan, loss: Loss): string[] {
  if (loss.likelihood || loss.estimator === "score") return [];
  const what = `the gradient is that of the solution in steps of dt = ${dt}, and paths have none as dt goes to 0`;
  return judgedCells(network).flatMap((judged) => {
    const { name, exactness } = judged.cell;
    if (exactness.exact) return [];
    const names = exactness.conditions.filter((c) => c.verdict === "violated").map((c) => c.name);
    return [`${fieldOfCell(judged)}: "${name}" violates ${names.join(", ")}: ${what}`];
  });
}

/** Where a cell stands in a network. */
const fieldOfCell = ({ populations: [first] = [] }: JudgedCell): string =>
  first ? `network.populations.${first.name}.cell` : "network.cell";

/** What is known to be doubtful in a result for a plan of `planForLoss`; undefined where nothing is. */
export function lossWarnings(plan: SolvePlan, loss: Loss, result: Told): readonly string[] | undefined {
  const { warnings = [], saturatedPaths } = result;
  const all = [...(loss.warnings?.(plan, result.means) ?? []), ...warnings];
  if (saturatedPaths > 0 && !stopsAtLast(plan, loss)) {
    const stopped = `${saturatedPaths} of ${plan.paths} paths stopped at maxSpikes = ${plan.maxSpikes}`;
    all.push(`${stopped}: the loss takes spikes after that as absent; give a larger maxSpikes, or leave it out`);
  }
  all.push(...inexact(plan, loss), ...unmoved(plan, result));
  return all.length > 0 ? all : undefined;
}

/** A result with what is to be told beside it. */
export const told = (
  plan: SolvePlan,
  views: readonly View[],
  loss: Loss,
  judged: JudgedMean,
  evaluated: Evaluated,
): ValueAndGradient => {
  const { parts: _, ...result } = evaluated;
  return {
    ...result,
    warnings: lossWarnings(plan, loss, result),
    ...verdictOn(plan, loss, judged, result.saturatedPaths),
    ...(loss.likelihood ? {} : spreadOf(plan, views, takenEstimator(loss, judged.terms), judged, evaluated)),
  };
};

/** Which estimator was taken, and how what paths give spreads by it and by those that went into it. */
export function spreadOf(
  { paths }: Pick<SolvePlan, "paths">,
  views: readonly View[],
  estimator: Estimator,
  { terms }: Pick<JudgedMean, "terms">,
  result: Pick<Evaluated, "flatErrors" | "parts">,
) {
  if (views.length === 0) return { estimator };
  const scaled = (errors: Float64Array): Record<string, unknown> =>
    shapedEntries(
      views,
      errors.map((e) => e * Math.sqrt(paths)),
    );
  const spread: Partial<Record<Estimator, Record<string, unknown>>> = { [estimator]: scaled(result.flatErrors) };
  const { derivatives, score } = result.parts ?? {};
  if (derivatives) spread[takenEstimator({}, terms)] = scaled(derivatives.errors);
  if (score) spread.score = scaled(score.errors);
  return { estimator, spread };
}

/** @throws SaltationError where the pathwise gradient of a cell of the network is not exact. */
export function checkExact(network: Network): void {
  for (const judged of judgedCells(network)) {
    const { name, exactness } = judged.cell;
    if (exactness.exact) continue;
    const violated = exactness.conditions.filter((c) => c.verdict === "violated");
    fail(
      fieldOfCell(judged),
      `the pathwise gradient of "${name}" is not exact: ${violated.map((c) => `${c.name}: ${c.detail}`).join("; ")}. ` +
        "Set requireExact to false to take the inexact gradient",
    );
  }
}

/** @throws SaltationError where the loss does not fit the network, or the cell's gradient is not exact. */
export function checkLoss(network: Network, loss: Loss | undefined, requireExact = true): void {
  loss?.check?.(network);
  // A likelihood takes no pathwise gradient, so that its exactness is no matter; nor does a score.
  if (requireExact && !loss?.likelihood && loss?.estimator !== "score") checkExact(network);
}
