/** Training jobs on data: what they are made of. */
import { fail } from "../checks.js";
import { DataSet } from "../data/data-set.js";
import { fashionMnist, type PartOptions } from "../data/images.js";
import { type LatencyOptions, latency } from "../data/latency.js";
import type { SpikeData } from "../data/spike-data.js";
import { type SpikeFileOptions, spikeFile } from "../data/spike-file.js";
import { yinYang } from "../data/yin-yang.js";
import { movedTo } from "../errors.js";
import type { Loss } from "../loss/loss.js";
import { checkLoss } from "../loss/loss-plan.js";
import { defineNetwork, type NetworkDefinition } from "../network/network.js";
import { parameterLayout, parameterVector, requestedViews } from "../plan/layout.js";
import { planSolve } from "../plan/plan.js";
import type { DataTraining, TestOptions } from "../train/data.js";
import type { TrainOptions } from "../train/train.js";
import { trainableNames } from "../train/trainable.js";
import { planUpdate } from "../train/update.js";
import { aloneLossOf, lossOf, networkOf, requirementsOf, solveOptionsOf } from "./build.js";
import type { DataSourceJob, TrainDataJob } from "./job.js";
import type { FileContext } from "./recording.js";
import { updateOptionsOf } from "./update-job.js";

const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

/** Pixels of images as spikes. */
async function imageSpikes(
  field: string,
  { images, labels, latency: how, from, count }: Extract<DataSourceJob, { images: string }>,
  context: FileContext,
): Promise<SpikeData> {
  const file = (name: string, path: string): Uint8Array => context.open(`${field}.${name}`, path).bytes;
  const files = { images: file("images", images), labels: file("labels", labels) };
  const read = await fashionMnist(files, given({ from, count }) as PartOptions).catch((error) => {
    throw movedTo(`${field}.`, error.field?.startsWith("files.") ? "files." : "", error);
  });
  try {
    return latency(read, given(how) as LatencyOptions);
  } catch (error) {
    throw movedTo(`${field}.latency.`, "", error);
  }
}

async function spikesOf(field: string, job: DataSourceJob, context: FileContext): Promise<SpikeData> {
  if ("yinYang" in job) {
    try {
      return yinYang(given(job.yinYang) as Parameters<typeof yinYang>[0]);
    } catch (error) {
      throw movedTo(`${field}.yinYang.`, "", error);
    }
  }
  if ("images" in job) return imageSpikes(field, job, context);
  const { file, jitter: _, ...how } = job;
  const { bytes, path } = context.open(`${field}.file`, file);
  try {
    return await spikeFile(bytes, given(how) as SpikeFileOptions);
  } catch (error) {
    return fail(`${field}.file`, `${path}: ${(error as Error).message.replace(/^file: the file /, "")}`);
  }
}

async function dataSetOf(
  field: string,
  job: DataSourceJob,
  context: FileContext,
  within: readonly [number, number],
): Promise<DataSet> {
  const { jitter } = job;
  if (jitter !== undefined && field.startsWith("test"))
    fail(`${field}.jitter`, "is for training; the test is as it is");
  const spikes = await spikesOf(field, job, context);
  try {
    return new DataSet({ spikes, ...(jitter === undefined ? {} : { jitter, within }) });
  } catch (error) {
    throw movedTo(field, "data", error);
  }
}

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
  const within = [time.t0 ?? 0, time.t1] as const;
  const data = await dataSetOf("data", from, context, within);
  const test = job.test && {
    ...(given(job.test) as Omit<TestOptions, "data">),
    data: await dataSetOf("test.data", job.test.data, context, within),
  };
  const update = updateOptionsOf(job.optimiser, job.trainable);
  const solve = solveOptionsOf(job);
  for (const [field, set] of Object.entries({ data, ...(test ? { "test.data": test.data } : {}) })) {
    if (set.sourceCount > network.sources)
      fail(
        field,
        `has ${set.sourceCount} sources, and the network ${network.sources}; give it a population of as many`,
      );
  }
  const plan = planSolve(network, {
    ...solve,
    samples: { ...data.all(), ...(trials === undefined ? {} : { trials }) },
  });
  // A sum has whatever its parts are.
  const loss: Loss | undefined =
    job.loss.kind === "sum" ? lossOf(job.loss, undefined, context, network.neurons, plan) : aloneLossOf(job.loss);
  if (!loss)
    fail("loss.kind", `"${job.loss.kind}" compares with observed spike trains; a training on data has samples`);
  checkLoss(network, loss, job.requireExact);
  const names = trainableNames(update.trainable);
  const views = requestedViews(network, parameterLayout(plan), names, "trainable");
  planUpdate(update, network, views, parameterVector(plan));
  loss.checkPlan?.(plan, names);
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
