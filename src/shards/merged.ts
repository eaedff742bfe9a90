/**
 * Results of shards put together. The job is run as its command would run it, on a backend that solves nothing: what it is
 * asked for it joins from the shards, block by block in the order of paths. So all that follows from the sums (means and
 * errors, verdicts, warnings, the error of the step) comes about as in one run.
 */
import type { SolverBackend } from "../backend/backend.js";
import { fail } from "../checks.js";
import { Engine } from "../engine.js";
import { gradientObject, type PlannedGradient, runGradient } from "../job/gradient-run.js";
import { measuredBy, type PlannedSimulation, runSimulation, simulationObject } from "../job/simulate-run.js";
import { batchSeed } from "../loss/batch-errors.js";
import type { EvaluatorOptions, Loss } from "../loss/loss.js";
import { assembleResult, checkEstimates, type Evaluated, type ValueAndGradient } from "../loss/result.js";
import type { View } from "../plan/layout.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { type BlockSums, estimatesOf, joinSums } from "../reduce/statistics.js";
import type { GramMatrix } from "../signature/gram.js";
import type { SimulatedSpikes } from "../spikes/simulated.js";
import { type StateTable, stateTable } from "../spikes/state-table.js";
import { emptyTable, type SpikeTable } from "../spikes/table.js";
import { measureDiscretisation } from "../twin/discretisation.js";
import { type GradientRange, type SimulatedRange, type TaskResult, thrown } from "./evaluate.js";
import type { PlannedPoint } from "./points.js";

/** What is said beside a result whose paths were computed on several adapters. */
const howMixed =
  "blocks of paths come from different adapters, so that no one of them gives these bits: between float32 devices spike " +
  "times differ by roundings, and from the float64 twin by some 1e-5 of the time and gradients by some 1e-3 of themselves";

/** Results of a point, sorted as the work was cut. @throws SaltationError what the first that failed met. */
function inOrder(results: readonly TaskResult[], kind: TaskResult["task"]["kind"]): TaskResult[] {
  const at = ({ task }: TaskResult): number => ("first" in task ? task.first : "batch" in task ? task.batch : 0);
  return results.filter((r) => r.task.kind === kind).sort((a, b) => at(a) - at(b));
}

function checked(results: readonly TaskResult[]): readonly TaskResult[] {
  const failed = results.find((r) => r.failed);
  if (failed) throw thrown(failed.failed!);
  return results;
}

/** Sums over all paths of what a loss takes means of, from the tasks of the first round. */
export const joinedMeans = (results: readonly TaskResult[]): BlockSums =>
  joinSums(checked(inOrder(results, "means")).map((r) => r.gradient!.looked));

/** An adapter as far as bits depend on it: those of simd are the same for any number of threads. */
export const withoutThreads = (adapter: string): string => adapter.replace(/, \d+ threads?$/, "");

/** Adapters that results come from, where their bits may differ. */
export function adaptersOf(results: readonly Pick<TaskResult, "adapter">[]): string[] {
  const named = [...new Set(results.map((r) => r.adapter))];
  return named.length > 1 ? [...new Set(named.map(withoutThreads))] : named;
}

const warningsOf = (
  plan: SolvePlan,
  parts: readonly { readonly warnings: readonly string[] }[],
): readonly string[] | undefined => {
  const all = [...(plan.warnings ?? []), ...new Set(parts.flatMap((p) => p.warnings))];
  return all.length > 0 ? all : undefined;
};

function tableOf(plan: SolvePlan, tables: readonly (SpikeTable | undefined)[], largest: number): SpikeTable {
  const width = plan.maxSpikes > 0 ? plan.maxSpikes : largest;
  const table = emptyTable(plan.paths, width, plan.t1);
  let at = 0;
  for (const part of tables) {
    if (!part) fail("--out", "needs the spikes of every path, which these shards do not keep; split with --spikes");
    for (let i = 0; i < part.paths; i++, at++) {
      const from = i * part.slots;
      const kept = Math.min(part.slots, width);
      table.counts[at] = part.counts[i]!;
      table.times.set(part.times.subarray(from, from + kept), at * width);
      table.neurons.set(part.neurons.subarray(from, from + kept), at * width);
    }
  }
  return table;
}

function statesOf(plan: SolvePlan, parts: readonly SimulatedRange[]): StateTable {
  const { paths, observed } = plan;
  const values = new Float64Array(paths * observedEntries(observed));
  let at = 0;
  for (const { states } of parts) {
    values.set(states!, at);
    at += states!.length;
  }
  return stateTable(plan, observed!, values);
}

function mergedSpikes(plan: SolvePlan, results: readonly TaskResult[]): SimulatedSpikes {
  const parts = checked(inOrder(results, "paths")).map((r) => r.simulated!);
  const total = (of: (p: (typeof parts)[number]) => number): number => parts.reduce((n, p) => n + of(p), 0);
  const largestCount = Math.max(...parts.map((p) => p.largestCount));
  const read = async (): Promise<SpikeTable> =>
    tableOf(
      plan,
      parts.map((p) => p.table),
      largestCount,
    );
  return {
    paths: plan.paths,
    t0: plan.t0,
    t1: plan.t1,
    saturatedPaths: total((p) => p.saturated),
    largestCount,
    warnings: warningsOf(plan, parts),
    bytes: 0,
    read,
    spikeTimes: async () => (await read()).times,
    states: async () => statesOf(plan, parts),
    meanCount: async () => total((p) => p.spikes) / plan.paths,
    discretisation: (options) => measureDiscretisation(plan, options),
    dispose: () => {},
  };
}

/** Value and gradient from what ranges of paths added, in order. @throws SaltationError `not-finite`. */
export function joinedGradient(
  plan: SolvePlan,
  loss: Loss,
  views: readonly View[],
  parts: readonly GradientRange[],
): Evaluated {
  const samples = plan.antithetic ? plan.paths / 2 : plan.paths;
  const { offset } = parts[0]!;
  const means = estimatesOf(joinSums(parts.map((p) => p.looked)), samples).map((e) => ({
    ...e,
    mean: e.mean + offset,
  }));
  const rows = estimatesOf(joinSums(parts.map((p) => p.gradient!)), samples);
  const value = loss.ofMeans!.value(means, plan);
  checkEstimates(plan, value, rows);
  const saturated = plan.stopsByLoss ? 0 : parts.reduce((n, p) => n + p.saturated, 0);
  const result = assembleResult(value, views, rows, means, saturated, loss.pathwise ?? false);
  return { ...result, warnings: warningsOf(plan, parts) };
}

function givePaths(results: readonly TaskResult[], give: NonNullable<EvaluatorOptions["perPath"]>): void {
  for (const { task, gradient } of results) {
    if (task.kind === "paths") give(task.first, task.end - task.first, gradient!.rows!);
  }
}

/** A backend that gives what shards gave. */
export function mergedBackend(results: readonly TaskResult[], adapter: string): SolverBackend {
  const nothing = (): never => fail("backend", "holds the results of shards, and nothing else");
  return {
    name: "shards",
    description: adapter,
    simulate: async (plan) => mergedSpikes(plan, results),
    evaluator: async ({ seed }, loss, views) => ({
      evaluate: async (plan, options = {}) => {
        // The job's own paths, or one of the batches of other paths, which are known by their seeds.
        const seedOf = ({ task }: TaskResult): number =>
          task.kind === "batch" ? batchSeed(seed, task.batch) : Number.NaN;
        if (plan.seed !== seed) return drawn(views, results.find((r) => seedOf(r) === plan.seed)!);
        const parts = checked(inOrder(results, "paths"));
        if (options.perPath) givePaths(parts, options.perPath);
        const gradients = parts.map((r) => r.gradient!);
        return joinedGradient(plan, loss, views, gradients);
      },
      dispose: () => {},
    }),
    likelihood: nothing,
    sensitivities: nothing,
    check: () => {},
    dispose: () => {},
  };
}

/** What a batch of other paths gave, as far as errors are told from it. */
function drawn(views: readonly View[], { batch, failed }: TaskResult): Evaluated {
  if (failed) throw thrown(failed);
  const { value, flat } = batch!;
  const none = { mean: Number.NaN, standardError: Number.NaN };
  const rows = [none, ...Array.from(flat, (mean) => ({ ...none, mean }))];
  return assembleResult(value, views, rows, [], 0, false);
}

/** A point put together, with what its command writes by `--out`. */
export type MergedPoint =
  /** As its command prints it. */
  | { readonly kind: "whole"; readonly object: object }
  | {
      readonly kind: "simulate";
      readonly object: object;
      readonly spikes: SimulatedSpikes;
      readonly states?: StateTable | undefined;
    }
  | {
      readonly kind: "gradient";
      readonly object: object;
      readonly planned: PlannedGradient;
      readonly result: ValueAndGradient;
      paths(give: NonNullable<EvaluatorOptions["perPath"]>): void;
    }
  | { readonly kind: "kernel"; readonly object: object; readonly gram: GramMatrix };

/**
 * Puts the results of all tasks of a point together.
 * @param seconds what they took, all together.
 * @throws SaltationError what its command would throw.
 */
export async function mergePoint(
  point: PlannedPoint,
  results: readonly TaskResult[],
  seconds: number,
): Promise<MergedPoint> {
  const whole = inOrder(results, "whole");
  if (whole.length > 0) return { kind: "whole", object: checked(whole)[0]!.whole! };
  const adapters = adaptersOf(results);
  const adapter = adapters.join(" and ");
  const mixed = adapters.length > 1 ? { mixed: howMixed } : {};
  if (point.command === "kernel") {
    const { gramObject, joinedGram } = await import("./kernel.js");
    const pairs = checked(inOrder(results, "pairs")).map((r) => r.pairs!);
    const gram = joinedGram(point.planned, pairs);
    return { kind: "kernel", object: { ...gramObject(adapter, gram, seconds), ...mixed }, gram };
  }
  const engine = Engine.on(mergedBackend(results, adapter));
  if (point.command === "simulate") return simulated(engine, point.planned, seconds, mixed);
  const { planned } = point;
  const result = await runGradient(engine, planned, measuredBy(planned.job));
  return {
    kind: "gradient",
    object: { ...gradientObject(adapter, planned, result, seconds), ...mixed },
    planned,
    result,
    paths: (give) => givePaths(inOrder(results, "paths"), give),
  };
}

async function simulated(
  engine: Engine,
  planned: PlannedSimulation,
  seconds: number,
  mixed: object,
): Promise<MergedPoint> {
  const result = await runSimulation(engine, planned, measuredBy(planned.job));
  const object = { ...simulationObject(engine.adapterName, planned, result, seconds), ...mixed };
  return { kind: "simulate", object, spikes: result.spikes, states: result.states };
}
