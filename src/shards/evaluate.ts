/** What tasks of shards come to, on an engine. */
import type { Engine } from "../engine.js";
import { SaltationError } from "../errors.js";
import { gradientObject, type PlannedGradient, runGradient } from "../job/gradient-run.js";
import { measuredBy, runSimulation, simulationObject } from "../job/simulate-run.js";
import { batchesOf, batchPlan, batchSeed } from "../loss/batch-errors.js";
import { type AskedPart, GradientParts, gathered, simulatedRange } from "./gradient.js";
import { type PlannedPoint, pointOf, type Source } from "./points.js";
import { failureOf, type TaskResult } from "./results.js";
import type { Known, Round } from "./rounds.js";
import type { Task } from "./split.js";

export interface TaskContext {
  /** What tasks of an earlier round came to, of a point. */
  known?<R extends Round>(round: R, point: number): Known[R];
  /** Whether spikes of simulated paths are kept. */
  readonly spikes: boolean;
  /** Of a task: the part that is done. */
  readonly progress?: (part: number) => void;
}

/** Errors that the same task meets again wherever it is run. */
const lasting = new Set(["invalid-input", "not-finite", "limit"]);

export const isLasting = (error: unknown): error is SaltationError =>
  error instanceof SaltationError && lasting.has(error.code);

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
  if (task.kind === "batch") return runBatch(engine, point.planned as PlannedGradient, task.batch);
  const range = task.kind === "loss" ? { first: 0, end: 1 } : { first: task.first, end: task.end };
  const progress = (of: number): void => context.progress?.(of / (range.end - range.first));
  if (point.command === "kernel") {
    const { runKernelRange } = await import("./kernel.js");
    return runKernelRange(engine, point.planned, range, progress);
  }
  if (point.command === "simulate") {
    const { definition, solve } = point.planned;
    const network = engine.network(definition);
    const plan = network.plan(solve);
    const spikes = await network.place((backend) => backend.simulate(plan, progress, range));
    return { simulated: await simulatedRange(spikes, plan, context.spikes) };
  }
  const { planned } = point;
  const { parts, plan } = partsOf(engine, planned);
  try {
    const known = <R extends Round>(round: R): Known[R] => context.known!(round, task.point);
    const kind = task.kind as AskedPart["kind"];
    return await parts.part(plan, { kind, range, known, rows: planned.job.perPath, progress });
  } finally {
    parts.dispose();
  }
}

function partsOf(engine: Engine, { definition, solve, loss, views }: PlannedGradient) {
  const network = engine.network(definition);
  const plan = network.gradientPlan(solve, loss);
  return { network, plan, parts: new GradientParts(network, plan, loss, views) };
}

async function runBatch(
  engine: Engine,
  planned: PlannedGradient,
  batch: number,
): Promise<Omit<TaskResult, "task" | "adapter">> {
  const { loss, job } = planned;
  const { network, plan, parts } = partsOf(engine, planned);
  const one = batchPlan(plan, batchesOf(plan, loss));
  const drawn = { ...one, seed: batchSeed(plan.seed, batch) };
  const range = { first: 0, end: one.paths };
  const scored = loss.estimator ? await parts.scores(drawn, range) : {};
  if (loss.estimator === "score") return { batch: {}, ...scored };
  const evaluator = await network.evaluator(one, loss.of ?? loss, job.with, job.requireExact);
  const { perPath, rows } = gathered(range);
  try {
    const { value, flat } = await evaluator.evaluate(drawn, loss.of ? { perPath } : {});
    const table = rows();
    return { batch: { value, flat, ...(table ? { rows: table } : {}) }, ...scored };
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
  const { gramObject, runKernel, statisticObject } = await import("./kernel.js");
  const result = await runKernel(engine, point.planned, (n, all) => progress?.(n / all));
  if ("values" in result) return gramObject(engine.adapterName, result, seconds());
  return statisticObject(engine.adapterName, result, seconds());
}
