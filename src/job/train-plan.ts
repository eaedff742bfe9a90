/** All that can be said against a training job without a device, in one place for every program that runs one. */
import { fail, wholeNumber } from "../checks.js";
import { chosen } from "../loss/choose.js";
import { judgeMean } from "../loss/judge-mean.js";
import type { Loss } from "../loss/loss.js";
import { checkLoss, planForLoss } from "../loss/loss-plan.js";
import { checkInside, checkUnbiasedMean } from "../loss/mean-verdict.js";
import type { MeanVerdict } from "../loss/result.js";
import { defineNetwork, type Network, type NetworkDefinition } from "../network/network.js";
import { parameterLayout, parameterVector, requestedViews, shapedValues } from "../plan/layout.js";
import { planSolve, type SolveOptions, type SolvePlan } from "../plan/plan.js";
import { trainableNames } from "../train/trainable.js";
import { planUpdate, Update, type UpdateOptions, type UpdatePlan, type UpdateState } from "../train/update.js";
import { lossOf, networkOf, solveOptionsOf, trainedAs } from "./build.js";
import type { TrainJob, TrialsJob } from "./job.js";
import type { FileContext } from "./recording.js";
import { type Truth, truthOfJob } from "./truth-job.js";
import { updateOptionsOf } from "./update-job.js";

/** A training job, checked: what its run is made of. */
export interface TrainPlan {
  /** The network as it is simulated, and as it is trained: a likelihood may take parameters of its own. */
  readonly simulated: NetworkDefinition;
  readonly trained: NetworkDefinition;
  /** The trained network. */
  readonly network: Network;
  readonly solve: SolveOptions;
  readonly plan: SolvePlan;
  /** Where the observed trains are drawn from; undefined where the job holds them. */
  readonly truth: Truth | undefined;
  readonly update: UpdateOptions;
  readonly updatePlan: UpdatePlan;
  readonly steps: number;
  /** Whether mean gradients are derivatives of means, as far as that is known before there are any. */
  readonly mean: MeanVerdict;
  /** The job's loss on observed trains. */
  loss(observed: TrialsJob | undefined): Loss;
  /** The trained parameters of a run's state, in the shapes in which they were given. */
  valuesOf(state: UpdateState): Record<string, unknown>;
}

/** @throws SaltationError where samples do not go with what else a job says. */
function checkBeside(job: TrainJob): void {
  if (!job.sampled) fail("samples", "are read by the command line; leave them out here");
  const drawn = typeof job.observed === "object" && "simulate" in job.observed;
  for (const [field, has] of [
    ["test", job.test !== undefined],
    ["metrics", job.metrics !== undefined],
    ["observed.simulate", drawn],
  ] as const)
    if (has) fail(field, "simulates paths that are no samples; leave it out, or the samples");
}

/**
 * Checks a training job as far as that goes without a device.
 * @throws SaltationError `invalid-input`: one line that names the field, its value and the mend.
 */
export function planTrainJob(job: TrainJob, context: FileContext): TrainPlan {
  const steps = wholeNumber("steps", job.steps, 1, 2 ** 31);
  if (job.samples) checkBeside(job);
  const simulated = networkOf(job, context);
  const trained = trainedAs(simulated, job.loss);
  const solve = solveOptionsOf(job);
  const network = defineNetwork(trained);
  const plan = planSolve(network, solve);
  const update = updateOptionsOf(job.optimiser, job.trainable);
  const names = trainableNames(update.trainable);
  const views = requestedViews(network, parameterLayout(plan), names, "trainable");
  const truth = truthOfJob(job, simulated, solve, context);
  const loss = (observed: TrialsJob | undefined): Loss => {
    // A comparison of spike trains takes what is recorded after t1.
    const until = job.metrics ? Number.POSITIVE_INFINITY : undefined;
    const read = lossOf(job.loss, observed, context, network.neurons, plan, until);
    const made = chosen(job.estimator, read, plan, names, true);
    checkLoss(network, made, job.requireExact);
    planForLoss(plan, made);
    made.checkPlan?.(plan, names);
    checkInside(plan, made, names);
    return made;
  };
  // Trains that are to be simulated are stood for by empty ones, until there is a device.
  const stand = truth
    ? Array.from({ length: truth.options.paths }, (): number[] => [])
    : (job.observed as TrialsJob | undefined);
  const mean = judgeMean(plan, loss(stand), names, true);
  if (job.requireUnbiased) checkUnbiasedMean(mean);
  const updatePlan = planUpdate(update, network, views, parameterVector(plan));
  const valuesOf = (state: UpdateState): Record<string, unknown> => {
    const vector = parameterVector(plan);
    new Update(updatePlan, vector).restore(state, vector);
    return shapedValues(views, vector);
  };
  return { simulated, trained, network, solve, plan, truth, update, updatePlan, steps, mean, loss, valuesOf };
}
