/** What runs say of their step: always where that is beyond stability, and the error that it owes to it where asked for. */
import { SaltationError } from "../errors.js";
import type { Loss } from "../loss/loss.js";
import { deadStart } from "../plan/dead-start.js";
import { type Discretisation, type DiscretisationOptions, toleranceOf } from "../plan/discretisation.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { beyondStability } from "../plan/stability.js";

/** What a result may be asked: whether it says its error, and how large that may be. */
export type Asked = boolean | DiscretisationOptions | undefined;

/** Paths of a network whose spikes are given: its own trains are solved in their place. */
const ownPaths = 8;

/** @throws SaltationError `invalid-input` for options that do not fit. */
export function checkAsked(asked: Asked): void {
  if (asked !== undefined && typeof asked !== "boolean") toleranceOf(asked);
}

/** Measures the error of a plan for a loss, and that of derivatives by views. */
export async function discretisationOf(
  plan: SolvePlan,
  loss: Loss,
  asked: Asked,
  views: readonly View[] = [],
): Promise<Discretisation | undefined> {
  if (asked === undefined || asked === false) return undefined;
  const { measureDiscretisation } = await import("./discretisation.js");
  const given = loss.likelihood !== undefined;
  const found = await measureDiscretisation(
    // Of samples there are no more than the plan has.
    given ? { ...plan, paths: plan.samples ? Math.min(ownPaths, plan.paths) : ownPaths } : plan,
    asked === true ? {} : asked,
    given,
  );
  // Where spike times are off already, that is said, and a step that would do.
  if (given || !found.measured || found.warning !== undefined) return found;
  const { derivativesDiscretisation } = await import("./derivatives-error.js");
  const derivatives = await derivativesDiscretisation(plan, views, found.tolerance);
  return derivatives ? { ...found, derivatives, warning: derivatives.warning } : found;
}

/** What is said of a gradient whose paths have derivatives that differ from side to side (one-sided.ts). */
export async function sidesOf(plan: SolvePlan, loss: Loss, views: readonly View[]): Promise<string | undefined> {
  const { cell, connections } = plan.network;
  if (views.length === 0 || loss.likelihood || loss.estimator) return undefined;
  const arrives = connections.targets.length > 0 || plan.arrivals.count > 0 || plan.samples?.agenda !== undefined;
  if (cell.events.length < (arrives ? 1 : 2) && !cell.events.some((e) => e.peaks)) return undefined;
  const { oneSided } = await import("./one-sided.js");
  try {
    return oneSided(plan, views);
  } catch (error) {
    // Of paths that cannot be solved the solution itself tells.
    if (error instanceof SaltationError) return undefined;
    throw error;
  }
}

const withLine = (plan: SolvePlan, line: string | undefined): SolvePlan =>
  line === undefined ? plan : { ...plan, warnings: [...(plan.warnings ?? []), line] };

/**
 * The plan, with a warning where an event begins where it cannot happen, one where rounding says in which order spikes arrive, and one where
 * the step is beyond the stability of its method.
 */
export async function warnedPlan(plan: SolvePlan): Promise<SolvePlan> {
  const late = plan.samples?.agenda !== undefined && plan.network.connections.delays.length > 0;
  const tied = late ? (await import("./tied-arrivals.js")).tiedArrivals(plan) : undefined;
  return [deadStart(plan), tied, beyondStability(plan)].reduce(withLine, plan);
}

/**
 * Does work with a plan so warned; where it fails because states or spikes run away beyond stability, that is why.
 * @throws SaltationError what the work throws.
 */
export async function withStability<T>(plan: SolvePlan, work: (warned: SolvePlan) => Promise<T>): Promise<T> {
  try {
    return await work(await warnedPlan(plan));
  } catch (error) {
    const ranAway = error instanceof SaltationError && (error.code === "not-finite" || error.field === "network");
    const unstable = ranAway ? beyondStability(plan) : undefined;
    if (unstable === undefined) throw error;
    const { code, message } = error as SaltationError;
    throw new SaltationError(code, `${unstable} (${message})`, { field: "time.dt", cause: error });
  }
}

/** A result with what is told of its derivatives' sides, and the warning of its discretisation error: once where they say the same. */
export const withWarning = <R extends { readonly warnings?: readonly string[] | undefined }>(
  result: R,
  found: Discretisation | undefined,
  sides?: string,
): R => {
  const lines = [...new Set([sides, found?.warning])].filter((line) => line !== undefined);
  return lines.length === 0 ? result : { ...result, warnings: [...(result.warnings ?? []), ...lines] };
};
