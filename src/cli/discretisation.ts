/** What a command says of the error that its run owes to the step dt. */
import type { SolveJob } from "../job/job.js";
import type { Discretisation, DiscretisationOptions } from "../plan/discretisation.js";
import { type CommonOptions, readable } from "./output.js";

/** Whether it is to be measured: unless the command line or the job says no. */
export const askedOf = (
  { discretisation: flag = true }: CommonOptions,
  job: SolveJob,
): boolean | DiscretisationOptions => flag && ((job.discretisation ?? true) as boolean | DiscretisationOptions);

const short = (x: number): string => readable(Number(x.toPrecision(2)));

/** One line for people. */
export function discretisationLine(found: Discretisation, t1: number): string {
  if (!found.measured) return `discretisation error not measured: ${found.why}`;
  const { of, paths, until, error, relative } = found;
  if (!Number.isFinite(error)) return "discretisation error infinite: paths cannot be solved at this dt";
  const part = `${short(100 * relative)} % of ${of === "states" ? "the states' size" : "the interval between spikes"}`;
  const size = of === "states" ? part : `of ${of} ${short(error)}, ${part}`;
  const up = until < t1 ? ` up to ${readable(until)}` : "";
  return `discretisation error ${size} (${paths} ${paths === 1 ? "path" : "paths"}${up})`;
}
