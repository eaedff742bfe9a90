/**
 * Training steps by the workers of a queue: each evaluates a range of a step's paths, and the trainer adds their sums in
 * the order of blocks. So a step has the bits that one machine gives it, however many workers there are and whichever of
 * them die: a range that was not done is done by another.
 */
import { randomBytes } from "node:crypto";
import { fail } from "../../checks.js";
import type { Engine } from "../../engine.js";
import type { TrainJob, TrialsJob } from "../../job/job.js";
import type { TrainPlan } from "../../job/train-plan.js";
import { resultOfTrials } from "../../loss/likelihood.js";
import type { Evaluator, Loss, RangeSums } from "../../loss/loss.js";
import type { Evaluated } from "../../loss/result.js";
import { blockPaths, type PathRange } from "../../plan/chunks.js";
import { parameterLayout, parameterVector, requestedViews, type View } from "../../plan/layout.js";
import type { SolvePlan } from "../../plan/plan.js";
import { joinSums } from "../../reduce/statistics.js";
import { joinedGradient, withoutThreads } from "../../shards/merged.js";
import type { TrainedNetwork } from "../../train/train.js";
import { say } from "../output.js";
import { packed, unpacked } from "../packed.js";
import { canonicalDigest, digestOf, type KeptFile } from "../shard-files.js";
import { type Connected, connect, type QueueOptions } from "./connection.js";
import { put } from "./content.js";
import {
  type LookedPart,
  lookedKey,
  readyKey,
  type StepData,
  type StepResult,
  stepSeconds,
  type TrainContent,
} from "./step.js";
import { TaskQueue } from "./tasks.js";

/** Steps between two counts of the workers, by which a step is cut: into how many pieces changes no bit. */
const countEvery = 20;

/** Tries of a piece: a worker that dies is no fault of it. */
const tries = 10;

export interface TrainWorkersOptions extends QueueOptions {
  readonly backend: string;
  /** Pieces of a step; as many as there are workers where not given. */
  readonly pieces: number | undefined;
}

/** Ranges of `count` things, as even as can be, at multiples of `align`. */
function rangesOf(count: number, align: number, pieces: number): PathRange[] {
  const blocks = Math.ceil(count / align);
  const n = Math.min(pieces, blocks);
  return Array.from({ length: n }, (_, i) => ({
    first: align * Math.floor((blocks * i) / n),
    end: Math.min(count, align * Math.floor((blocks * (i + 1)) / n)),
  }));
}

/** The workers of a queue, as what evaluates the steps of a training run. */
export class TrainWorkers {
  /** What they compute on, once they have. */
  adapter: string | undefined;
  private counted = 0;
  private workers = 1;
  private steps = 0;
  private readonly run = randomBytes(6).toString("hex");

  private constructor(
    private readonly connected: Connected,
    /** For what is waited for. */
    private readonly waiting: ReturnType<Connected["another"]>,
    private readonly queue: TaskQueue,
    private readonly options: TrainWorkersOptions,
  ) {}

  static async open(options: TrainWorkersOptions): Promise<TrainWorkers> {
    const connected = await connect(options);
    try {
      const made = new TrainWorkers(connected, connected.another(), await TaskQueue.open(connected, options), options);
      if ((await made.count()) === 0)
        say(`no worker waits at queue "${options.queue}" so far; start some: saltation worker`);
      return made;
    } catch (error) {
      connected.close();
      throw error;
    }
  }

  private async count(): Promise<number> {
    const workers = await this.queue.queue.getWorkersCount();
    this.workers = Math.max(1, workers);
    return workers;
  }

  /**
   * The network of a training job, evaluated by the workers.
   * @param files that the job names, with their bytes.
   * @throws SaltationError `invalid-input` for a loss that compares all paths with each other.
   */
  async network(
    engine: Engine,
    planned: TrainPlan,
    { job, observed }: { readonly job: TrainJob; readonly observed: TrialsJob | undefined },
    files: ReadonlyMap<string, KeptFile & { readonly bytes: Uint8Array }>,
  ): Promise<TrainedNetwork> {
    const { redis } = this.connected;
    for (const { digest, bytes } of files.values()) await put(redis, "file", digest, bytes);
    const { checkpoint: _, test: __, metrics: ___, ...rest } = job;
    const content: TrainContent = {
      job: { ...rest, ...(observed === undefined ? {} : { observed }) } as TrainJob,
      files: Object.fromEntries(Array.from(files, ([name, { path, digest }]) => [name, { path, digest }])),
    };
    const digest = canonicalDigest(content);
    await put(redis, "train", digest, JSON.stringify(content));
    const network = engine.network(planned.trained);
    return {
      network: network.network,
      gradientPlan: (options, loss) => network.gradientPlan(options, loss),
      checkLoss: (loss, requireExact) => network.checkLoss(loss, requireExact),
      // No backend of this process trains: the host updates.
      place: (work) => work({ ...engine.solver, training: undefined } as never),
      evaluator: async (plan, loss, names) => {
        checkDivisible(loss);
        const views = requestedViews(network.network, parameterLayout(plan), names, "trainable");
        return this.evaluator(digest, loss, names, views);
      },
    };
  }

  private evaluator(digest: string, loss: Loss, names: readonly string[], views: readonly View[]): Evaluator {
    return {
      evaluate: async (plan, options = {}) => {
        if (this.steps++ - this.counted >= countEvery) {
          await this.count();
          this.counted = this.steps;
        }
        const pieces = this.options.pieces ?? this.workers;
        options.progress?.(0);
        const step = { digest, backend: this.options.backend, step: `${this.run}-${this.steps}`, seed: plan.seed };
        const data = { ...step, vector: packed(parameterVector(plan)) };
        if (loss.likelihood) return this.ofTrials(loss.likelihood(plan, names).batch, pieces, data, plan, views);
        const ranges = rangesOf(plan.paths, plan.antithetic ? 2 * blockPaths : blockPaths, pieces);
        const results = loss.pathwise
          ? await this.round("step", ranges, data)
          : await this.twoRounds(ranges, data, () => options.progress?.(0));
        return joinedGradient(
          plan,
          loss,
          views,
          results.map((r) => r.sums!),
        );
      },
      dispose: () => {},
    };
  }

  private async ofTrials(
    trials: number,
    pieces: number,
    data: Omit<StepData, "range">,
    plan: SolvePlan,
    views: readonly View[],
  ): Promise<Evaluated> {
    const results = await this.round("step", rangesOf(trials, 1, pieces), data);
    const parts = results.map((r) => r.rows!);
    const height = 1 + views.reduce((n, v) => n + v.length, 0);
    const rows = Array.from({ length: height }, (_, r) =>
      Float64Array.from(
        parts.flatMap((part) => {
          const width = part.length / height;
          return Array.from(part.subarray(r * width, (r + 1) * width));
        }),
      ),
    );
    const warnings = [...(plan.warnings ?? []), ...new Set(results.flatMap((r) => r.warnings))];
    return { ...resultOfTrials(rows, views, plan), ...(warnings.length > 0 ? { warnings } : {}) };
  }

  private async putMeans(parts: readonly RangeSums[]): Promise<string> {
    const text = JSON.stringify(packed(joinSums(parts.map((p) => p.looked))));
    const digest = digestOf(text);
    await put(this.connected.redis, "means", digest, text, 3600);
    return digest;
  }

  /**
   * A step of a loss of means over all paths. Where there is a worker for each piece, both rounds of a piece are one job, which
   * hands in what it looked at and waits for the means meanwhile: what it solved is still there then.
   */
  private async twoRounds(
    ranges: readonly PathRange[],
    data: Omit<StepData, "range">,
    between: () => void,
  ): Promise<StepResult[]> {
    if (ranges.length > this.workers) {
      const looked = await this.round("means", ranges, data);
      const means = await this.putMeans(looked.map((r) => r.sums!));
      between();
      return this.round("step", ranges, { ...data, means });
    }
    const parts: RangeSums[] = [];
    const whole = (): boolean => ranges.every((_, i) => parts[i]);
    let over = false;
    const all = this.round("both", ranges, data, (piece, { sums }) => {
      parts[piece] = sums!;
    }).finally(() => {
      over = true;
    });
    all.catch(() => {});
    while (!whole() && !over) {
      const came = await this.waiting.blpop(lookedKey(data.step), 1);
      if (!came) continue;
      const { piece, sums } = unpacked(JSON.parse(came[1])) as LookedPart;
      parts[piece] = sums;
    }
    if (!whole()) await all; // throws
    const means = await this.putMeans(parts);
    between();
    const told = this.connected.redis.multi();
    for (const [piece] of ranges.entries()) {
      const key = readyKey(data.step, piece);
      told.rpush(key, means).expire(key, stepSeconds);
    }
    await told.exec();
    const results = await all;
    const late = ranges.filter((_, i) => !results[i]!.sums!.gradient);
    if (late.length === 0) return results;
    // Maybe of workers that are no more.
    await this.count();
    const rest = await this.round("step", late, { ...data, means });
    return results.map((result) => (result.sums!.gradient ? result : rest.shift()!));
  }

  private async round(
    kind: "means" | "step" | "both",
    ranges: readonly PathRange[],
    data: Omit<StepData, "range">,
    onDone?: (piece: number, result: StepResult) => void,
  ): Promise<StepResult[]> {
    const jobs = ranges.map((range, piece): { id: string; data: StepData } => ({
      id: `${data.step}-${kind}-${piece}`,
      data: { ...data, range, ...(kind === "both" ? { piece } : {}) },
    }));
    const results: StepResult[] = [];
    const take = (id: string, returned: string): void => {
      const piece = jobs.findIndex((job) => job.id === id);
      results[piece] = unpacked(JSON.parse(returned)) as StepResult;
      onDone?.(piece, results[piece]);
    };
    await this.queue.all("step", jobs, { tries, fresh: true, keep: false, onDone: take });
    for (const { adapter } of results) {
      this.adapter ??= adapter;
      if (withoutThreads(adapter) !== withoutThreads(this.adapter)) {
        fail(
          "--workers",
          `are on several adapters (${this.adapter}, ${adapter}), whose bits differ; give all workers the same, or --backend cpu`,
        );
      }
    }
    return results;
  }

  async close(): Promise<void> {
    await this.queue.close();
    this.connected.close();
  }
}

/** @throws SaltationError for losses that a range of paths cannot take its part of. */
export function checkDivisible(loss: Loss): void {
  if (loss.ofMeans || loss.likelihood) return;
  if (loss.estimator)
    fail("--workers", `the baseline of estimator "${loss.estimator}" is of all paths; leave one of them out`);
  fail(
    "--workers",
    `loss "${loss.kind}" ${loss.pathwise ? "is taken of all paths in one run" : "compares all paths with each other"}; take first-spikes or log-likelihood, or leave --workers out`,
  );
}
