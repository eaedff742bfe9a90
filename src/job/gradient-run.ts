/** A job of `saltation gradient`, checked; and what it comes to on an engine. */
import type { Engine, GradientOptions } from "../engine.js";
import { checkBySample } from "../loss/by-sample.js";
import { chosen } from "../loss/choose.js";
import { judgeMean } from "../loss/judge-mean.js";
import type { Loss } from "../loss/loss.js";
import { checkLoss, planForLoss } from "../loss/loss-plan.js";
import { checkInside, checkUnbiasedMean } from "../loss/mean-verdict.js";
import type { ValueAndGradient } from "../loss/result.js";
import { defineNetwork, type Network, type NetworkDefinition } from "../network/network.js";
import { parameterLayout, type View, viewsOf } from "../plan/layout.js";
import { planSolve, type SolveOptions, type SolvePlan } from "../plan/plan.js";
import { checkAsked } from "../twin/measured.js";
import { lossOf, networkOf, requirementsOf, solveOptionsOf } from "./build.js";
import { checkJob } from "./check-job.js";
import { type GradientJob, gradientSchema } from "./job.js";
import { loadNamedCell } from "./named-cell.js";
import { readFiles } from "./read-files.js";
import type { FileContext } from "./recording.js";
import { type Measured, measuredBy, stiffField } from "./simulate-run.js";

export interface PlannedGradient {
  readonly job: GradientJob;
  readonly definition: NetworkDefinition;
  readonly solve: SolveOptions;
  /** As the loss has it. */
  readonly plan: SolvePlan;
  readonly loss: Loss;
  readonly views: readonly View[];
}

/** What a job of `gradient`, and of `check`, is about, before its loss is checked against its network. */
interface ReadGradient extends Omit<PlannedGradient, "plan"> {
  readonly network: Network;
  /** Before the loss has its say in it. */
  readonly own: SolvePlan;
}

/**
 * @param viewsBy takes what the job names `with`: `requestedViews`, or `viewsOf`, which takes none too.
 * @param bySample whether it may name what samples have of their own.
 * @throws SaltationError `invalid-input` naming the field.
 */
export async function readGradient(
  given: unknown,
  context: FileContext,
  viewsBy: typeof viewsOf,
  bySample = false,
): Promise<ReadGradient> {
  const checked = checkJob(gradientSchema, given);
  await loadNamedCell(checked);
  const job = await readFiles(checked, context);
  const definition = networkOf(job, context);
  const solve = solveOptionsOf(job);
  const network = defineNetwork(definition);
  const own = planSolve(network, solve);
  const views = viewsBy(network, parameterLayout(own), job.with, "with", bySample);
  const loss = lossOf(job.loss, job.observed, context, network.neurons, own);
  return { job, definition, solve, network, own, loss, views };
}

/** @throws SaltationError `invalid-input` naming the field, before a device is opened. */
export async function planGradient(given: unknown, context: FileContext): Promise<PlannedGradient> {
  const { loss: read, ...rest } = await readGradient(given, context, viewsOf, true);
  const { job, definition, solve, network, own, views } = rest;
  const loss = chosen(job.estimator, read, own, job.with);
  checkLoss(network, loss, job.requireExact);
  checkBySample(views, loss);
  const plan = planForLoss(own, loss);
  loss.checkPlan?.(plan, job.with);
  checkInside(plan, loss, job.with);
  checkAsked(measuredBy(job));
  if (job.requireUnbiased) checkUnbiasedMean(judgeMean(plan, loss, job.with));
  return { job, definition, solve, plan, loss, views };
}

export const runGradient = (
  engine: Engine,
  { job, definition, solve, loss }: PlannedGradient,
  asked: Measured,
  watch: Pick<GradientOptions, "progress" | "perPath"> = {},
): Promise<ValueAndGradient> =>
  engine.network(definition).valueAndGradient(loss, {
    ...solve,
    with: job.with,
    discretisation: asked,
    ...requirementsOf(job),
    ...watch,
  });

/** What `--json` prints. */
export function gradientObject(
  adapter: string,
  { job, plan }: PlannedGradient,
  result: ValueAndGradient,
  seconds: number,
): object {
  const { value, standardError, gradient, gradientStandardError, saturatedPaths, warnings, discretisation } = result;
  const { unbiased, because, terms, estimator, spread } = result;
  return {
    adapter,
    paths: job.paths,
    value,
    standardError,
    gradient,
    gradientStandardError,
    saturatedPaths,
    unbiased,
    because,
    terms,
    ...(estimator ? { estimator, spread } : {}),
    ...(warnings ? { warnings } : {}),
    ...stiffField(plan),
    ...(discretisation ? { discretisation } : {}),
    seconds,
  };
}
