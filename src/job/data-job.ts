/** Training jobs on data: what they are made of. */
import { fail } from "../checks.js";
import type { DataSet } from "../data/data-set.js";
import { movedTo } from "../errors.js";
import type { Loss } from "../loss/loss.js";
import { checkLoss, planForLoss } from "../loss/loss-plan.js";
import { defineNetwork, type NetworkDefinition } from "../network/network.js";
import { parameterLayout, parameterVector, requestedViews } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { DataTraining, TestOptions } from "../train/data.js";
import type { TrainOptions } from "../train/train.js";
import { trainableNames } from "../train/trainable.js";
import { planUpdate } from "../train/update.js";
import { aloneLossOf, lossOf, networkOf, requirementsOf, solveOptionsOf } from "./build.js";
import { dataSetOf, given, labelOfFile, planOfData } from "./data-source.js";
import type { DataSourceJob, TrainDataJob } from "./job.js";
import type { FileContext } from "./recording.js";
import { updateOptionsOf } from "./update-job.js";

/** A training job on data, checked. */
export interface DataTrainPlan {
  readonly network: NetworkDefinition;
  readonly options: TrainOptions & DataTraining;
  /** Steps of an epoch. */
  readonly perEpoch: number;
}

/**
 * Checks a training job on data as far as that goes without a device.
 * @throws SaltationError `invalid-input`: one line that names the field, its value and the mend.
 */
export async function planTrainDataJob(job: TrainDataJob, context: FileContext): Promise<DataTrainPlan> {
  const definition = networkOf(job, context);
  const network = defineNetwork(definition);
  const { data: from, batch, epochs, trials, commonNoise, time } = job;
  const data = await dataSetOf("data", from, context, { network, time, trained: true });
  const test = job.test && {
    ...(given(job.test) as Omit<TestOptions, "data">),
    data: await dataSetOf("test.data", job.test.data, context, { network, time, trained: false }),
  };
  const update = updateOptionsOf(job.optimiser, job.trainable);
  const solve = solveOptionsOf(job);
  const plan = planOfData("data", network, solve, { data, trials });
  // A sum has whatever its parts are.
  const loss: Loss | undefined =
    job.loss.kind === "sum" ? lossOf(job.loss, undefined, context, network.neurons, plan) : aloneLossOf(job.loss);
  if (!loss)
    fail("loss.kind", `"${job.loss.kind}" compares with observed spike trains; a training on data has samples`);
  checkLoss(network, loss, job.requireExact);
  const names = trainableNames(update.trainable);
  const views = requestedViews(network, parameterLayout(plan), names, "trainable");
  planUpdate(update, network, views, parameterVector(plan));
  const checkSamples = (field: string, of: SolvePlan, by: readonly string[], source: DataSourceJob): void => {
    try {
      loss.checkPlan?.(planForLoss(of, loss), by);
    } catch (error) {
      throw movedTo(field, "samples", labelOfFile(source, error));
    }
  };
  checkSamples("data", plan, names, from);
  if (test) {
    const tested = planOfData("test.data", network, solve, {
      data: test.data as DataSet,
      trials: test.trials ?? trials,
    });
    checkSamples("test.data", tested, [], job.test!.data);
  }
  return {
    network: definition,
    perEpoch: Math.floor(data.count / batch),
    options: {
      ...solve,
      ...update,
      ...requirementsOf(job),
      loss,
      data,
      batch,
      epochs,
      ...(trials === undefined ? {} : { trials }),
      ...(test ? { test } : {}),
      ...(commonNoise === undefined ? {} : { commonNoise }),
    },
  };
}
