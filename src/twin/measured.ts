/** The discretisation error of a value and gradient, where it is asked for. */
import type { Loss } from "../loss/loss.js";
import { type Discretisation, type DiscretisationOptions, toleranceOf } from "../plan/discretisation.js";
import type { SolvePlan } from "../plan/plan.js";

/** What a result may be asked: whether it says its error, and how large that may be. */
export type Asked = boolean | DiscretisationOptions | undefined;

/** Paths of a network whose spikes are given: its own trains are solved in their place. */
const ownPaths = 8;

/** @throws SaltationError `invalid-input` for options that do not fit. */
export function checkAsked(asked: Asked): void {
  if (asked !== undefined && typeof asked !== "boolean") toleranceOf(asked);
}

/** Measures the error of a plan for a loss. */
export async function discretisationOf(plan: SolvePlan, loss: Loss, asked: Asked): Promise<Discretisation | undefined> {
  if (asked === undefined || asked === false) return undefined;
  const { measureDiscretisation } = await import("./discretisation.js");
  const solved = loss.likelihood ? { ...plan, paths: ownPaths } : plan;
  return measureDiscretisation(solved, asked === true ? {} : asked);
}

/** The warnings of a result, with that of its discretisation error. */
export const withWarning = (
  warnings: readonly string[] | undefined,
  found: Discretisation | undefined,
): readonly string[] => [...(warnings ?? []), ...(found?.warning === undefined ? [] : [found.warning])];
