/** A piece of a training step: what a range of paths, or of trials, adds to value and gradient. */
import type { Redis } from "ioredis";
import type { Engine, EngineNetwork } from "../../engine.js";
import { checkJob } from "../../job/check-job.js";
import { planTrainDataJob } from "../../job/data-job.js";
import { type TrainDataJob, type TrainJob, type TrialsJob, trainDataSchema, trainSchema } from "../../job/job.js";
import { loadNamedCell } from "../../job/named-cell.js";
import { readFiles } from "../../job/read-files.js";
import { planTrainJob } from "../../job/train-plan.js";
import type { Loss } from "../../loss/loss.js";
import type { NetworkDefinition } from "../../network/network.js";
import type { PathRange } from "../../plan/chunks.js";
import { parameterLayout, replaceParameters, requestedViews } from "../../plan/layout.js";
import type { SolvePlan } from "../../plan/plan.js";
import type { PlannedSamples } from "../../plan/samples.js";
import { type AskedPart, type GradientPart, GradientParts } from "../../shards/gradient.js";
import type { Known, Round } from "../../shards/rounds.js";
import { batchesOf, planData } from "../../train/data.js";
import { trainableNames } from "../../train/trainable.js";
import { packed, unpacked } from "../packed.js";
import { type KeptFile, keptFiles } from "../shard-files.js";
import { prefix } from "./connection.js";
import { get } from "./content.js";

/** A training job as the queue has it: with its observed trains in it, or among its files. */
export interface TrainContent {
  readonly job: TrainJob | TrainDataJob;
  readonly files: Readonly<Record<string, KeptFile>>;
}

export interface StepData {
  /** Of the training job. */
  readonly digest: string;
  readonly backend: string;
  /** Of the run, which a range of a step begins with. */
  readonly step: string;
  /** Its number, by which samples of data are drawn. */
  readonly number: number;
  readonly seed: number;
  /** All parameters, packed. */
  readonly vector: unknown;
  readonly kind: AskedPart["kind"];
  readonly range: PathRange;
  /** Whether the rows of every path are told: of a range that is no whole blocks. */
  readonly rows?: boolean;
  /** Keys of what earlier rounds came to. */
  readonly known?: Readonly<Partial<Record<Round, string>>>;
  /** Which piece of the step it is, where all its pieces are evaluated at once: both rounds are then of one job. */
  readonly piece?: number;
}

export type StepResult = GradientPart & { readonly adapter: string };

/** The list where jobs of a step put what they come to, as the queue would tell of it later. */
export const cameKey = (step: string): string => `${prefix}:came:${step}`;
/** The list where a piece waits for the last round: what it needs comes there. */
export const readyKey = (step: string, piece: number): string => `${prefix}:ready:${step}:${piece}`;
/** What of a step is not read any more goes after so many seconds. */
export const stepSeconds = 600;

/** What a job returns in place of more characters than these, which lie under `resultKey`: the queue keeps thousands of what jobs return. */
export const elsewhere = "elsewhere";
const mostReturned = 65536;
export const resultKey = (id: string): string => `${prefix}:result:${id}`;

/** What lies in `cameKey`. */
export interface Came {
  /** Of the job. */
  readonly id: string;
  /** Whether it is the first round of a job that goes on to the last. */
  readonly looked: boolean;
  /** What the job returns, or would. */
  readonly returned: string;
}

/** Seconds that a piece waits for the others of its step, beside twice what it took itself; they may have no worker. */
const patience = 2;

interface Trained {
  readonly parts: GradientParts;
  /** The plan with a step's values: the same object for all its pieces. */
  valuesOf(data: StepData): SolvePlan;
}

/** What a training job trains: network, solution, loss, and by number the samples of its steps. */
interface Planned {
  readonly definition: NetworkDefinition;
  readonly names: readonly string[];
  plan(network: EngineNetwork): { readonly plan: SolvePlan; readonly loss: Loss };
  samplesOf?(plan: SolvePlan): (step: number) => PlannedSamples;
}

async function plannedOf(content: TrainContent, redis: Redis): Promise<Planned> {
  const files = new Map<string, Uint8Array>();
  for (const { digest: of } of Object.values(content.files)) files.set(of, await get(redis, "file", of));
  const context = keptFiles(content, (of) => files.get(of)!);
  if ("data" in content.job) {
    const job = checkJob(trainDataSchema, content.job);
    await loadNamedCell(job);
    const { network: definition, options } = await planTrainDataJob(job, context);
    const data = planData({ ...options, seed: options.seed ?? 0 });
    return {
      definition,
      names: trainableNames(options.trainable),
      plan: (network) => {
        const { loss } = options;
        return { loss, plan: network.gradientPlan({ ...options, samples: data.at(0) }, loss) };
      },
      samplesOf: (plan) => batchesOf(plan, data),
    };
  }
  const job = checkJob(trainSchema, content.job);
  await loadNamedCell(job);
  const filled = await readFiles(job, context);
  const planned = planTrainJob(filled, context);
  const loss = planned.loss(filled.observed as TrialsJob | undefined);
  return {
    definition: planned.trained,
    names: trainableNames(planned.update.trainable),
    plan: (network) => ({ loss, plan: network.gradientPlan(planned.solve, loss) }),
  };
}

async function prepare(digest: string, redis: Redis, engine: Engine): Promise<Trained> {
  const content = JSON.parse((await get(redis, "train", digest)).toString("utf8")) as TrainContent;
  const planned = await plannedOf(content, redis);
  const network = engine.network(planned.definition);
  // Prepared with the job's own values, whatever step comes first: what is decided by them is the same everywhere.
  const { plan, loss } = planned.plan(network);
  const layout = parameterLayout(plan);
  const views = requestedViews(network.network, layout, planned.names, "trainable");
  const samplesOf = planned.samplesOf?.(plan);
  let last: { readonly step: string; readonly plan: SolvePlan } | undefined;
  const valuesOf = ({ step, number, seed, vector }: StepData): SolvePlan => {
    if (last?.step !== step) {
      const values = { ...replaceParameters(plan, layout, unpacked(vector) as Float64Array), seed };
      last = { step, plan: samplesOf ? { ...values, samples: samplesOf(number) } : values };
    }
    return last.plan;
  };
  return { parts: new GradientParts(network, plan, loss, views), valuesOf };
}

/** What this process was last asked to train. */
let current: { readonly digest: string; readonly engine: Engine; readonly trained: Promise<Trained> } | undefined;
let read: { readonly key: string; readonly value: unknown } | undefined;

/** What an earlier round came to, as the trainer put it. */
async function knownAs(key: string, redis: Redis): Promise<unknown> {
  if (read?.key !== key) read = { key, value: unpacked(JSON.parse((await get(redis, "known", key)).toString("utf8"))) };
  return read.value;
}

/** @param id of the queue's job. @returns JSON of a `StepResult`, packed. */
export async function evaluateStep(id: string, data: StepData, redis: Redis, engine: Engine): Promise<string> {
  const { digest, range, kind, rows } = data;
  if (current?.digest !== digest || current.engine !== engine) {
    const before = current;
    current = { digest, engine, trained: prepare(digest, redis, engine) };
    before?.trained.then((t) => t.parts.dispose()).catch(() => {});
  }
  const trained = await current.trained;
  const values = trained.valuesOf(data);
  const began = performance.now();
  const part = (of: AskedPart["kind"], known: Partial<Known>): Promise<GradientPart> => {
    const swept = known.loss !== undefined;
    return trained.parts.part(values, { kind: of, range, rows, swept, known: (round) => known[round]! });
  };
  const keys = Object.entries(data.known ?? {});
  const known = Object.fromEntries(await Promise.all(keys.map(async ([r, key]) => [r, await knownAs(key, redis)])));
  const { piece, step } = data;
  const told = async (result: GradientPart, looked: boolean): Promise<string> => {
    const text = JSON.stringify(packed({ adapter: engine.adapterName, ...result } satisfies StepResult));
    const returned = text.length > mostReturned && !looked ? elsewhere : text;
    if (returned === elsewhere) await redis.set(resultKey(id), text, "EX", stepSeconds);
    const came: Came = { id, looked, returned };
    await redis.multi().rpush(cameKey(step), JSON.stringify(came)).expire(cameKey(step), stepSeconds).exec();
    return returned;
  };
  const first = await part(kind, known);
  if (piece === undefined) return told(first, false);
  await told(first, true);
  const wait = patience + (2 * (performance.now() - began)) / 1000;
  const ready = await redis.blpop(readyKey(step, piece), wait);
  // Where the others are late, the last round is a job of its own.
  const last = ready ? await part("paths", unpacked(JSON.parse(ready[1])) as Partial<Known>) : first;
  return told(last, false);
}
