/**
 * Training steps by the workers of a queue: each evaluates a range of a step's paths, in as many rounds as the loss takes, and the
 * trainer merges what they come to as that of shards. So a step has the bits that one machine gives it, however many workers there
 * are and whichever of them die: a range that was not done is done by another.
 */
import { randomBytes } from "node:crypto";
import { fail } from "../../checks.js";
import { Engine } from "../../engine.js";
import type { TrainDataJob, TrainJob } from "../../job/job.js";
import type { Evaluator, Loss } from "../../loss/loss.js";
import { takenOf } from "../../loss/taken.js";
import type { NetworkDefinition } from "../../network/network.js";
import { blockPaths, type PathRange } from "../../plan/chunks.js";
import { parameterLayout, parameterVector } from "../../plan/layout.js";
import type { SolvePlan } from "../../plan/plan.js";
import { type BlockSums, joinSums, rowSums } from "../../reduce/statistics.js";
import type { GradientPart } from "../../shards/gradient.js";
import { mergedBackend, withoutThreads } from "../../shards/merged.js";
import { firstRound } from "../../shards/points.js";
import type { TaskResult } from "../../shards/results.js";
import { joinedRound, type Round } from "../../shards/rounds.js";
import type { TrainedNetwork } from "../../train/train.js";
import { say } from "../output.js";
import { packed, unpacked } from "../packed.js";
import { canonicalDigest, type KeptFile } from "../shard-files.js";
import { type Connected, connect, type QueueOptions } from "./connection.js";
import { expireSoon, put } from "./content.js";
import {
  type Came,
  cameKey,
  elsewhere,
  readyKey,
  resultKey,
  type StepData,
  type StepResult,
  stepSeconds,
  type TrainContent,
} from "./step.js";
import { TaskQueue } from "./tasks.js";

/** Seconds that large things of a step are there after it, for tries that are late. */
const lateSeconds = 20;

/** Numbers that the rows of all paths of a step may be, where they travel. */
const mostRows = 2 ** 21;

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
  /** Keys of what rounds of this step came to. */
  private readonly told: string[] = [];
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
      // Each step is some ten events in the queue, each of which would wake the trainer while workers compute.
      const queue = await TaskQueue.open(connected, options, { told: false });
      const made = new TrainWorkers(connected, connected.another(), queue, options);
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
   * @param definition as it is trained.
   * @param files that the job names, with their bytes.
   */
  async network(
    engine: Engine,
    definition: NetworkDefinition,
    job: TrainJob | TrainDataJob,
    files: ReadonlyMap<string, KeptFile & { readonly bytes: Uint8Array }>,
  ): Promise<TrainedNetwork> {
    const { redis } = this.connected;
    for (const { digest, bytes } of files.values()) await put(redis, "file", digest, bytes);
    const { checkpoint: _, test: __, ...rest } = job;
    const { metrics: ___, ...kept } = rest as TrainJob;
    const content: TrainContent = {
      job: kept,
      files: Object.fromEntries(Array.from(files, ([name, { path, digest }]) => [name, { path, digest }])),
    };
    const digest = canonicalDigest(content);
    await put(redis, "train", digest, JSON.stringify(content));
    const network = engine.network(definition);
    return {
      network: network.network,
      gradientPlan: (options, loss) => network.gradientPlan(options, loss),
      checkLoss: (loss, requireExact) => network.checkLoss(loss, requireExact),
      // No backend of this process trains: the host updates.
      place: (work) => work({ ...engine.solver, training: undefined } as never),
      evaluator: (plan, loss, names, requireExact) =>
        this.evaluator(digest, definition, plan, loss, names, requireExact),
    };
  }

  /** Evaluates by what the pieces of each step came to, as results of shards are merged. */
  private async evaluator(
    digest: string,
    definition: NetworkDefinition,
    of: SolvePlan,
    loss: Loss,
    names: readonly string[],
    requireExact: boolean | undefined,
  ): Promise<Evaluator> {
    const results: TaskResult[] = [];
    const merged = Engine.on(mergedBackend(results, "workers")).network(definition);
    const evaluator = await merged.evaluator(of, loss, names, requireExact);
    return {
      evaluate: async (plan, options = {}) => {
        if (this.steps++ - this.counted >= countEvery) {
          await this.count();
          this.counted = this.steps;
        }
        options.progress?.(0);
        const data: StepOf = {
          digest,
          backend: this.options.backend,
          step: `${this.run}-${this.steps}`,
          number: options.step ?? 0,
          seed: plan.seed,
          vector: packed(parameterVector(plan)),
        };
        const trials = loss.likelihood?.(plan, names).batch;
        const found = await this.results(data, plan, loss, trials, () => options.progress?.(0));
        results.splice(0, results.length, ...found);
        for (const key of this.told.splice(0)) expireSoon(this.connected.redis, "known", key, lateSeconds);
        return evaluator.evaluate(plan, options);
      },
      dispose: () => evaluator.dispose(),
    };
  }

  /** What the tasks of a step come to. */
  private async results(
    data: StepOf,
    plan: SolvePlan,
    loss: Loss,
    trials: number | undefined,
    between: () => void,
  ): Promise<TaskResult[]> {
    const pieces = this.options.pieces ?? this.workers;
    if (trials !== undefined)
      return tasksOf(await this.round({ ...data, kind: "trials" }, rangesOf(trials, 1, pieces)));
    const block = plan.antithetic ? 2 * blockPaths : blockPaths;
    // Fewer blocks than pieces are cut further, where the rows of every path are not too many to travel.
    const numbers = parameterLayout(plan).size * plan.paths;
    const rows = Math.ceil(plan.paths / block) < pieces && numbers <= mostRows && !loss.estimator;
    const align = rows ? (plan.antithetic ? 2 : 1) : block;
    const ranges = rangesOf(plan.paths, align, pieces);
    const first = firstRound(loss);
    const last: StepOf & Kinded = { ...data, kind: "paths", ...(rows ? { rows } : {}) };
    const swept = (parts: readonly StepResult[]): StepResult[] => (rows ? summed(parts, ranges, plan) : [...parts]);
    // Times that are counted from t0 have an offset that rows have in them.
    const oneByOne = first === undefined && !(rows && loss.ofMeans?.times);
    if (oneByOne) return tasksOf(swept(await this.round(last, ranges)));
    if (first === "means" && !rows) return tasksOf(await this.twoRounds(ranges, last, between));
    const fired = await this.round({ ...data, kind: "spikes" }, ranges);
    const spikes = await this.tell(data, "spikes", joinedRound("spikes", tasksOf(fired, "spikes")));
    between();
    const [taken] = await this.round({ ...data, kind: "loss", known: spikes }, [{ first: 0, end: plan.paths }]);
    between();
    const told = await Promise.all(
      ranges.map((range, n) => this.tell(data, "loss", takenOf(taken!.taken!, range), `-${n}`)),
    );
    const parts = await this.round(last, ranges, { known: told });
    return [...tasksOf(fired, "spikes"), { task: { kind: "loss", point: 0 }, ...taken! }, ...tasksOf(swept(parts))];
  }

  /** Puts what a round came to where pieces find it. */
  private async tell(
    { step }: StepOf,
    round: Round,
    value: unknown,
    piece = "",
  ): Promise<NonNullable<StepData["known"]>> {
    const key = `${step}-${round}${piece}`;
    await put(this.connected.redis, "known", key, JSON.stringify(packed(value)), stepSeconds);
    this.told.push(key);
    return { [round]: key };
  }

  /**
   * A step of a loss of means over all paths. Where there is a worker for each piece, both rounds of a piece are one job, which
   * hands in what it looked at and waits for the means meanwhile: what it solved is still there then.
   */
  private async twoRounds(
    ranges: readonly PathRange[],
    data: StepOf & Kinded,
    between: () => void,
  ): Promise<StepResult[]> {
    const meansOf = (parts: readonly GradientPart[]) => joinSums(parts.map((p) => p.gradient!.looked!));
    if (ranges.length > this.workers) {
      const looked = await this.round({ ...data, kind: "means" }, ranges);
      const known = await this.tell(data, "means", meansOf(looked));
      between();
      return this.round({ ...data, known }, ranges);
    }
    const parts: GradientPart[] = [];
    let means: BlockSums | undefined;
    const onLooked = (piece: number, part: GradientPart): void => {
      parts[piece] = part;
      if (means || !ranges.every((_, i) => parts[i])) return;
      means = meansOf(parts);
      between();
      const text = JSON.stringify(packed({ means }));
      const told = this.connected.redis.multi();
      for (const [n] of ranges.entries()) {
        const key = readyKey(data.step, n);
        told.rpush(key, text).expire(key, stepSeconds);
      }
      // Who does not hear of it ends with the first round.
      told.exec().catch(() => {});
    };
    const results = await this.round({ ...data, kind: "means" }, ranges, { onLooked });
    const late = ranges.filter((_, i) => !results[i]!.gradient!.gradient);
    if (late.length === 0) return results;
    // Maybe of workers that are no more.
    await this.count();
    const known = await this.tell(data, "means", means ?? meansOf(results));
    const rest = await this.round({ ...data, known }, late);
    return results.map((result) => (result.gradient!.gradient ? result : rest.shift()!));
  }

  /**
   * @param how.known of each piece, where they differ.
   * @param how.onLooked where a piece goes on to the last round: is told what it came to in the first.
   */
  private async round(
    data: StepOf & Kinded,
    ranges: readonly PathRange[],
    how: {
      readonly known?: readonly NonNullable<StepData["known"]>[];
      readonly onLooked?: (piece: number, result: StepResult) => void;
    } = {},
  ): Promise<StepResult[]> {
    const { known, onLooked } = how;
    const jobs = ranges.map((range, piece): { id: string; data: StepData } => ({
      id: `${data.step}-${onLooked ? "both" : data.kind}-${piece}`,
      data: { ...data, range, ...(onLooked ? { piece } : {}), ...(known ? { known: known[piece]! } : {}) },
    }));
    const texts: string[] = [];
    let count = 0;
    const pieceOf = (id: string): number => jobs.findIndex((job) => job.id === id);
    const read = (text: string): StepResult => unpacked(JSON.parse(text)) as StepResult;
    const onDone = (id: string, returned: string): void => {
      const piece = pieceOf(id);
      texts[piece] = returned;
      count++;
      // Of a piece whose first round was not told otherwise.
      if (returned !== elsewhere) onLooked?.(piece, read(returned));
    };
    let take = (_id: string, _returned: string): void => {};
    const past = (given: typeof take): void => {
      take = given;
    };
    let over = false;
    const all = this.queue.all("step", jobs, { tries, fresh: true, keep: false, onDone, past }).finally(() => {
      over = true;
    });
    all.catch(() => {});
    while (!over && count < jobs.length) {
      const came = await this.waiting.blpop(cameKey(data.step), 1);
      if (!came) continue;
      const { id, looked, returned } = JSON.parse(came[1]) as Came;
      if (!looked) take(id, returned);
      // What a try left that is over may be of an earlier round.
      else if (pieceOf(id) >= 0) onLooked?.(pieceOf(id), read(returned));
    }
    await all;
    const { redis } = this.connected;
    const results = await Promise.all(
      jobs.map(async ({ id }, piece): Promise<StepResult> => {
        if (texts[piece] !== elsewhere) return read(texts[piece]!);
        const text = await redis.get(resultKey(id));
        if (text === null) return fail("--workers", `lost what ${id} came to, as Redis did; go on by --resume`);
        // A try that is late finds it gone soon, as it need not be there.
        redis.expire(resultKey(id), lateSeconds).catch(() => {});
        return read(text);
      }),
    );
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

/** What all jobs of a step have in common. */
type StepOf = Omit<StepData, "range" | "kind" | "known" | "rows" | "piece">;
type Kinded = Pick<StepData, "kind" | "known" | "rows">;

/** Results of pieces in their order as those of tasks of shards. */
const tasksOf = (parts: readonly StepResult[], kind?: "spikes"): TaskResult[] =>
  parts.map((part, n): TaskResult => {
    const task = kind ?? (part.likelihood && !part.simulated ? "trials" : "paths");
    return { task: { kind: task, point: 0, first: n, end: n + 1 }, ...part };
  });

/** Pieces that are no whole blocks, as one of all of them: summed from the rows of their paths. */
function summed(parts: readonly StepResult[], ranges: readonly PathRange[], plan: SolvePlan): StepResult[] {
  const [first] = parts as [StepResult];
  const all = parts.map((part) => part.gradient!.rows!);
  const height = all[0]!.length / (ranges[0]!.end - ranges[0]!.first);
  const rows = Array.from({ length: height }, (_, r) => {
    const row = new (all[0]!.constructor as Float64ArrayConstructor)(plan.paths);
    ranges.forEach(({ first: at, end }, p) => {
      row.set(all[p]!.subarray(r * (end - at), (r + 1) * (end - at)), at);
    });
    return row;
  });
  const { looked: _, rows: __, ...rest } = first.gradient!;
  const told = parts.map((part) => part.gradient!);
  const saturated = told.reduce((sum, t) => sum + t.saturated, 0);
  const warnings = [...new Set(told.flatMap((t) => t.warnings))];
  const gradient = { ...rest, saturated, warnings, looked: rowSums(rows.slice(0, 1), plan.antithetic) };
  return [{ ...first, gradient: { ...gradient, gradient: rowSums(rows, plan.antithetic) } }];
}
