/** What tasks of shards come to, on an engine. */
import type { Engine } from "../engine.js";
import { SaltationError } from "../errors.js";
import { gradientObject, type PlannedGradient, runGradient } from "../job/gradient-run.js";
import { measuredBy, runSimulation, simulationObject } from "../job/simulate-run.js";
import { batchesOf, batchPlan, batchSeed } from "../loss/batch-errors.js";
import type { RangeSums } from "../loss/loss.js";
import type { PathRange } from "../plan/chunks.js";
import type { BlockSums } from "../reduce/statistics.js";
import type { SpikeTable } from "../spikes/table.js";
import { type PlannedPoint, pointOf, type Source } from "./points.js";
import type { Task } from "./split.js";

/** What an error says, where another may tell it. */
export interface Failure {
  readonly code: SaltationError["code"];
  readonly message: string;
  readonly field?: string;
}

/** Of simulated paths. */
export interface SimulatedRange {
  readonly spikes: number;
  readonly saturated: number;
  readonly largestCount: number;
  readonly warnings: readonly string[];
  /** Where they are kept. */
  readonly table?: SpikeTable;
  /** Those that the job asks for, [paths][entries]: a device's are float32. */
  readonly states?: Float32Array | Float64Array;
}

/** Of a gradient. */
export interface GradientRange extends RangeSums {
  /** Of jobs that ask for every path: [1 + entries][paths]. */
  readonly rows?: Float32Array | Float64Array;
}

export interface BatchResult {
  readonly value: number;
  readonly flat: Float64Array;
}

/** What a task came to, one of these. */
export interface TaskResult {
  readonly task: Task;
  /** What it was computed on. */
  readonly adapter: string;
  readonly whole?: object;
  readonly simulated?: SimulatedRange;
  readonly gradient?: GradientRange;
  readonly pairs?: Float64Array;
  readonly batch?: BatchResult;
  readonly failed?: Failure;
}

export interface TaskContext {
  /** Sums over all paths of what the loss of a point takes means of, for tasks of the second round. */
  means?(point: number): BlockSums;
  /** Whether spikes of simulated paths are kept. */
  readonly spikes: boolean;
  /** Of a task: the part that is done. */
  readonly progress?: (part: number) => void;
}

/** Errors that the same task meets again wherever it is run. */
const lasting = new Set(["invalid-input", "not-finite", "limit"]);

export const isLasting = (error: unknown): error is SaltationError =>
  error instanceof SaltationError && lasting.has(error.code);

export const failureOf = ({ code, message, field }: SaltationError): Failure => ({
  code,
  message,
  ...(field === undefined ? {} : { field }),
});

/** The error that a failure tells of. */
export const thrown = ({ code, message, field }: Failure): SaltationError =>
  new SaltationError(code, message, field === undefined ? {} : { field });

/**
 * Does a task. What is wrong with the job itself is its result; what another run may mend is thrown.
 * @throws SaltationError of the device.
 */
export async function runTask(
  engine: Engine,
  point: PlannedPoint,
  task: Task,
  context: TaskContext,
): Promise<TaskResult> {
  try {
    const result = await done(engine, point, task, context);
    // An engine may have left its device for the CPU.
    return { task, adapter: engine.adapterName, ...result };
  } catch (error) {
    if (!isLasting(error)) throw error;
    return { task, adapter: engine.adapterName, failed: failureOf(error) };
  }
}

/** Does the tasks of a shard, one after the other. */
export async function runTasks(
  engine: Engine,
  source: Source,
  tasks: readonly Task[],
  { progress, ...context }: TaskContext,
): Promise<TaskResult[]> {
  const results: TaskResult[] = [];
  let planned: { readonly index: number; readonly point: PlannedPoint } | undefined;
  for (const [n, task] of tasks.entries()) {
    if (planned?.index !== task.point) planned = { index: task.point, point: await pointOf(source, task.point) };
    const part = (of: number): void => progress?.((n + of) / tasks.length);
    results.push(await runTask(engine, planned.point, task, { ...context, progress: part }));
    part(1);
  }
  return results;
}

async function done(
  engine: Engine,
  point: PlannedPoint,
  task: Task,
  context: TaskContext,
): Promise<Omit<TaskResult, "task" | "adapter">> {
  if (task.kind === "whole") return { whole: await wholePoint(engine, point, context.progress) };
  if (task.kind === "batch") return { batch: await runBatch(engine, point.planned as PlannedGradient, task.batch) };
  const range = { first: task.first, end: task.end };
  const progress = (of: number): void => context.progress?.(of / (range.end - range.first));
  if (point.command === "kernel") {
    const { runPairs } = await import("./kernel.js");
    return { pairs: await runPairs(engine, point.planned, range, progress) };
  }
  if (point.command === "simulate") {
    const { definition, solve } = point.planned;
    const network = engine.network(definition);
    const plan = network.plan(solve);
    const spikes = await network.place((backend) => backend.simulate(plan, progress, range));
    try {
      return {
        simulated: {
          spikes: Math.round((await spikes.meanCount()) * spikes.paths),
          saturated: spikes.saturatedPaths,
          largestCount: spikes.largestCount,
          warnings: spikes.warnings ?? [],
          ...(context.spikes ? { table: await spikes.read() } : {}),
          ...(plan.observed ? { states: short((await spikes.states()).values) } : {}),
        },
      };
    } finally {
      spikes.dispose();
    }
  }
  const means = task.kind === "means" || point.planned.loss.pathwise ? undefined : context.means!(task.point);
  return { gradient: await runRange(engine, point.planned, range, means, progress) };
}

/** The same numbers in half the room, where they are float32. */
const short = (values: Float64Array): Float32Array | Float64Array =>
  values.every((v) => Math.fround(v) === v) ? Float32Array.from(values) : values;

async function runRange(
  engine: Engine,
  { job, definition, solve, loss, views }: PlannedGradient,
  range: PathRange,
  means: BlockSums | undefined,
  progress: (pathsDone: number) => void,
): Promise<GradientRange> {
  const network = engine.network(definition);
  const plan = network.gradientPlan(solve, loss);
  const evaluator = await network.place((backend) => backend.ranges!(plan, loss, views));
  const count = range.end - range.first;
  let rows: Float32Array | Float64Array | undefined;
  const perPath = (first: number, paths: number, some: Float32Array | Float64Array): void => {
    const each = some.length / paths;
    rows ??= some instanceof Float32Array ? new Float32Array(each * count) : new Float64Array(each * count);
    for (let r = 0; r < each; r++) {
      rows.set(some.subarray(r * paths, (r + 1) * paths), r * count + first - range.first);
    }
  };
  try {
    const sums = await evaluator.evaluate(plan, range, means, { progress, ...(job.perPath ? { perPath } : {}) });
    return rows ? { ...sums, rows } : sums;
  } finally {
    evaluator.dispose();
  }
}

async function runBatch(
  engine: Engine,
  { definition, solve, loss, job }: PlannedGradient,
  batch: number,
): Promise<BatchResult> {
  const network = engine.network(definition);
  const plan = network.gradientPlan(solve, loss);
  const one = batchPlan(plan, batchesOf(plan, loss.leastPaths ?? 1));
  const drawn = { ...one, seed: batchSeed(plan.seed, batch) };
  const evaluator = await network.evaluator(one, loss, job.with, job.requireExact);
  try {
    const { value, flat } = await evaluator.evaluate(drawn);
    return { value, flat };
  } finally {
    evaluator.dispose();
  }
}

/** What the command of the job would print with `--json`. */
async function wholePoint(
  engine: Engine,
  point: PlannedPoint,
  progress: ((part: number) => void) | undefined,
): Promise<object> {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  if (point.command === "simulate") {
    const { planned } = point;
    const done = (n: number): void => progress?.(n / planned.job.paths);
    const result = await runSimulation(engine, planned, measuredBy(planned.job), done);
    result.spikes.dispose();
    return simulationObject(engine.adapterName, planned, result, seconds());
  }
  if (point.command === "gradient") {
    const { planned } = point;
    const watch = { progress: (n: number) => progress?.(n / planned.job.paths) };
    const result = await runGradient(engine, planned, measuredBy(planned.job), watch);
    return gradientObject(engine.adapterName, planned, result, seconds());
  }
  const { gramObject, runKernel } = await import("./kernel.js");
  const result = await runKernel(engine, point.planned, (n, all) => progress?.(n / all));
  if ("values" in result) return gramObject(engine.adapterName, result, seconds());
  return { adapter: engine.adapterName, ...result, seconds: seconds() };
}
