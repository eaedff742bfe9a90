/** A piece of a training step: what a range of paths, or of trials, adds to value and gradient. */
import type { Redis } from "ioredis";
import type { Engine } from "../../engine.js";
import { checkJob } from "../../job/check-job.js";
import { type TrainJob, type TrialsJob, trainSchema } from "../../job/job.js";
import { loadNamedCell } from "../../job/named-cell.js";
import { readFiles } from "../../job/read-files.js";
import { planTrainJob } from "../../job/train-plan.js";
import type { RangeSums } from "../../loss/loss.js";
import type { PathRange } from "../../plan/chunks.js";
import { parameterLayout, replaceParameters, requestedViews } from "../../plan/layout.js";
import type { SolvePlan } from "../../plan/plan.js";
import type { BlockSums } from "../../reduce/statistics.js";
import { trainableNames } from "../../train/trainable.js";
import { packed, unpacked } from "../packed.js";
import { type KeptFile, keptFiles } from "../shard-files.js";
import { prefix } from "./connection.js";
import { get } from "./content.js";

/** A training job as the queue has it: with its observed trains in it, or among its files. */
export interface TrainContent {
  readonly job: TrainJob;
  readonly files: Readonly<Record<string, KeptFile>>;
}

export interface StepData {
  /** Of the training job. */
  readonly digest: string;
  readonly backend: string;
  /** Of the run, which a range of a step begins with. */
  readonly step: string;
  readonly seed: number;
  /** All parameters, packed. */
  readonly vector: unknown;
  readonly range: PathRange;
  /** Digest of the means over all paths, in the second round. */
  readonly means?: string;
  /** Which piece of the step it is, where all its pieces are evaluated at once: both rounds are then of one job. */
  readonly piece?: number;
}

export interface StepResult {
  readonly adapter: string;
  readonly sums?: RangeSums;
  /** Of a log-likelihood: value and gradient of each trial, [1 + entries][trials]. */
  readonly rows?: Float64Array;
  readonly warnings: readonly string[];
}

/** The list where a step's pieces put what the loss looked at in the first round. */
export const lookedKey = (step: string): string => `${prefix}:looked:${step}`;
/** The list where a piece waits for the second round: the digest of the means comes there. */
export const readyKey = (step: string, piece: number): string => `${prefix}:ready:${step}:${piece}`;
/** What of a step is not read any more goes after so many seconds. */
export const stepSeconds = 600;

/** A piece's part of the first round. */
export interface LookedPart {
  readonly piece: number;
  readonly sums: RangeSums;
}

/** Seconds that a piece waits for the others of its step, beside twice what it took itself; they may have no worker. */
const patience = 2;

interface Trained {
  readonly engine: Engine;
  /** The plan with a step's values: the same object for all its pieces. */
  valuesOf(data: StepData): SolvePlan;
  evaluate(plan: SolvePlan, range: PathRange, means: BlockSums | undefined): Promise<Omit<StepResult, "adapter">>;
  dispose(): void;
}

async function prepare(digest: string, redis: Redis, engine: Engine): Promise<Trained> {
  const content = JSON.parse((await get(redis, "train", digest)).toString("utf8")) as TrainContent;
  const job = checkJob(trainSchema, content.job);
  await loadNamedCell(job);
  const files = new Map<string, Uint8Array>();
  for (const { digest: of } of Object.values(content.files)) files.set(of, await get(redis, "file", of));
  const context = keptFiles(content, (of) => files.get(of)!);
  const filled = await readFiles(job, context);
  const planned = planTrainJob(filled, context);
  const loss = planned.loss(filled.observed as TrialsJob | undefined);
  const network = engine.network(planned.trained);
  // Prepared with the job's own values, whatever step comes first: what is decided by them is the same everywhere.
  const plan = network.gradientPlan(planned.solve, loss);
  const layout = parameterLayout(plan);
  const names = trainableNames(planned.update.trainable);
  const views = requestedViews(network.network, layout, names, "trainable");
  let last: { readonly step: string; readonly plan: SolvePlan } | undefined;
  const valuesOf = ({ step, seed, vector }: StepData): SolvePlan => {
    if (last?.step !== step) {
      last = { step, plan: { ...replaceParameters(plan, layout, unpacked(vector) as Float64Array), seed } };
    }
    return last.plan;
  };
  if (loss.likelihood) {
    const evaluator = await network.evaluator(plan, loss, names, job.requireExact);
    return {
      engine,
      valuesOf,
      async evaluate(values, trials) {
        let rows: Float64Array | undefined;
        const perPath = (_: number, __: number, given: ArrayLike<number>): void => {
          rows = Float64Array.from(given);
        };
        const { warnings = [] } = await evaluator.evaluate(values, { trials, perPath });
        return { rows: rows!, warnings: warnings ?? [] };
      },
      dispose: () => evaluator.dispose(),
    };
  }
  const evaluator = await network.place((backend) => backend.ranges!(plan, loss, views));
  return {
    engine,
    valuesOf,
    async evaluate(values, range, means) {
      const sums = await evaluator.evaluate(values, range, means);
      return { sums, warnings: sums.warnings };
    },
    dispose: () => evaluator.dispose(),
  };
}

/** What this process was last asked to train. */
let current: { readonly digest: string; readonly engine: Engine; readonly trained: Promise<Trained> } | undefined;
let known: { readonly digest: string; readonly sums: BlockSums } | undefined;

/** @returns JSON of a `StepResult`, packed. */
export async function evaluateStep(data: StepData, redis: Redis, engine: Engine): Promise<string> {
  const { digest, range, means } = data;
  if (current?.digest !== digest || current.engine !== engine) {
    const before = current;
    current = { digest, engine, trained: prepare(digest, redis, engine) };
    before?.trained.then((t) => t.dispose()).catch(() => {});
  }
  const trained = await current.trained;
  const values = trained.valuesOf(data);
  const began = performance.now();
  const first = await trained.evaluate(values, range, means ? await meansOf(means, redis) : undefined);
  const answer = (result: Omit<StepResult, "adapter">): string =>
    JSON.stringify(packed({ adapter: engine.adapterName, ...result }));
  const { piece, step } = data;
  if (piece === undefined) return answer(first);
  const part: LookedPart = { piece, sums: first.sums! };
  await redis
    .multi()
    .rpush(lookedKey(step), JSON.stringify(packed(part)))
    .expire(lookedKey(step), stepSeconds)
    .exec();
  const wait = patience + (2 * (performance.now() - began)) / 1000;
  const ready = await redis.blpop(readyKey(step, piece), wait);
  // Where the others are late, the second round is a job of its own.
  if (!ready) return answer(first);
  return answer(await trained.evaluate(values, range, await meansOf(ready[1], redis)));
}

/** Means over all paths, as the trainer put them. */
async function meansOf(digest: string, redis: Redis): Promise<BlockSums> {
  if (known?.digest !== digest) {
    const sums = unpacked(JSON.parse((await get(redis, "means", digest)).toString("utf8"))) as BlockSums;
    known = { digest, sums };
  }
  return known.sums;
}
