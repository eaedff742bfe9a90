/**
 * Results of shards put together. The job is run as its command would run it, on a backend that solves nothing: what it is
 * asked for it joins from the shards, block by block in the order of paths. So all that follows from the sums (means and
 * errors, verdicts, warnings, the error of the step) comes about as in one run.
 */
import type { SolverBackend } from "../backend/backend.js";
import { fail } from "../checks.js";
import { Engine } from "../engine.js";
import { gradientObject, type PlannedGradient, runGradient } from "../job/gradient-run.js";
import type { KernelStatistic } from "../job/kernel-run.js";
import { measuredBy, type PlannedSimulation, runSimulation, simulationObject } from "../job/simulate-run.js";
import { batchSeed } from "../loss/batch-errors.js";
import { resultOfTrials } from "../loss/likelihood.js";
import type { EvaluatorOptions, Loss } from "../loss/loss.js";
import { assembleResult, checkEstimates, type Evaluated, type ValueAndGradient } from "../loss/result.js";
import { handOver } from "../loss/score.js";
import { meansOf, type TakenLoss } from "../loss/taken.js";
import type { View } from "../plan/layout.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Estimate, estimatesOf, joinSums } from "../reduce/statistics.js";
import type { GramMatrix } from "../signature/gram.js";
import type { SimulatedSpikes } from "../spikes/simulated.js";
import { type StateTable, stateTable } from "../spikes/state-table.js";
import { emptyTable, type SpikeTable } from "../spikes/table.js";
import { measureDiscretisation } from "../twin/discretisation.js";
import type { PlannedPoint } from "./points.js";
import { checked, type GradientRange, inOrder, type SimulatedRange, type TaskResult } from "./results.js";

/** What is said beside a result whose paths were computed on several adapters. */
const howMixed =
  "blocks of paths come from different adapters, so that no one of them gives these bits: between float32 devices spike " +
  "times differ by roundings, and from the float64 twin by some 1e-5 of the time and gradients by some 1e-3 of themselves";

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
  const parts = results.map((r) => r.simulated!);
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
function joinedGradient(
  plan: SolvePlan,
  loss: Loss,
  views: readonly View[],
  parts: readonly GradientRange[],
): Evaluated {
  const samples = plan.antithetic ? plan.paths / 2 : plan.paths;
  const { offset } = parts[0]!;
  const means = estimatesOf(joinSums(parts.map((p) => p.looked!)), samples).map((e) => ({
    ...e,
    mean: e.mean + offset,
  }));
  const rows = estimatesOf(joinSums(parts.map((p) => p.gradient!)), samples);
  const value = loss.ofMeans!.value(means, plan);
  return joinedResult(plan, loss, views, { value, rows, means }, parts);
}

function joinedResult(
  plan: SolvePlan,
  loss: Loss,
  views: readonly View[],
  { value, rows, means }: { readonly value: number; readonly rows: Estimate[]; readonly means: readonly Estimate[] },
  parts: readonly GradientRange[],
): Evaluated {
  checkEstimates(plan, value, rows);
  const saturated = plan.stopsByLoss ? 0 : parts.reduce((n, p) => n + p.saturated, 0);
  const result = assembleResult(value, views, rows, means, saturated, loss.pathwise ?? false);
  return { ...result, warnings: warningsOf(plan, parts) };
}

/** The same of a loss that was taken of all paths together. @param fired what those told who solved them first. */
function sweptGradient(
  plan: SolvePlan,
  loss: Loss,
  views: readonly View[],
  taken: TakenLoss,
  parts: readonly GradientRange[],
  fired: readonly GradientRange[],
): Evaluated {
  const samples = plan.antithetic ? plan.paths / 2 : plan.paths;
  const rows = estimatesOf(joinSums(parts.map((p) => p.gradient!)), samples);
  if (!taken.pathValues) rows[0] = { mean: Number.NaN, standardError: Number.NaN };
  if (taken.partMeans) loss.counted?.(taken.partMeans);
  return joinedResult(plan, loss, views, { value: taken.value, rows, means: meansOf(taken) }, fired);
}

/** Rows of value and gradient. */
const height = (views: readonly View[]): number => 1 + views.reduce((n, v) => n + v.length, 0);

type PerPath = NonNullable<EvaluatorOptions["perPath"]>;

/** Hands the rows of all paths to who asked for them. */
function giveRows(results: readonly TaskResult[], height: number, give: PerPath): void {
  let at = 0;
  for (const { gradient, batch } of results) {
    const { rows } = (gradient ?? batch)!;
    give(at, rows!.length / height, rows!);
    at += rows!.length / height;
  }
}

/**
 * A backend that gives what shards gave.
 * @param results read whenever something is asked for.
 * @param own the seed of a gradient's own paths, where there are batches of others.
 */
export function mergedBackend(results: readonly TaskResult[], adapter: string, own?: number): SolverBackend {
  const nothing = (): never => fail("backend", "holds the results of shards, and nothing else");
  /** Results of the job's own paths, or of one of the batches of other paths, which are known by their seeds. */
  const isOwn = ({ seed }: SolvePlan): boolean => own === undefined || seed === own;
  const partsOf = (plan: SolvePlan): readonly TaskResult[] => {
    const drawn = ({ task }: TaskResult): boolean => task.kind === "batch" && batchSeed(own!, task.batch) === plan.seed;
    return checked(isOwn(plan) ? inOrder(results, "paths") : [results.find(drawn)!]);
  };
  return {
    name: "shards",
    description: adapter,
    simulate: async (plan) => mergedSpikes(plan, partsOf(plan)),
    evaluator: async (_, loss, views) => ({
      evaluate: async (plan, options = {}) => {
        const parts = partsOf(plan);
        if (options.perPath) giveRows(parts, height(views), options.perPath);
        if (!isOwn(plan)) return drawn(views, parts[0]!);
        const gradients = parts.map((r) => r.gradient!);
        const taken = inOrder(results, "loss");
        if (taken.length === 0) return joinedGradient(plan, loss, views, gradients);
        const fired = inOrder(results, "spikes").map((r) => r.gradient!);
        return sweptGradient(plan, loss, views, checked(taken)[0]!.taken!, gradients, fired);
      },
      dispose: () => {},
    }),
    likelihood: async (_, observed, views) => ({
      evaluate: async (plan, options = {}) => {
        const trials = checked(inOrder(results, "trials"));
        const parts = trials.length > 0 ? trials : partsOf(plan);
        const rows = Array.from({ length: height(views) }, () => new Float64Array(observed.batch));
        let at = 0;
        for (const { likelihood } of parts) {
          const width = likelihood!.length / rows.length;
          rows.forEach((row, r) => {
            row.set(likelihood!.subarray(r * width, (r + 1) * width), at);
          });
          at += width;
        }
        handOver(rows, options);
        const told = parts.map((r) => ({ warnings: r.likelihoodWarnings ?? [] }));
        return { ...resultOfTrials(rows, views, plan), warnings: warningsOf(plan, told) };
      },
      dispose: () => {},
    }),
    sensitivities: nothing,
    check: () => {},
    dispose: () => {},
  };
}

/** What a batch of other paths gave, as far as errors are told from it. */
function drawn(views: readonly View[], { batch }: TaskResult): Evaluated {
  const { value, flat } = batch!;
  const none = { mean: Number.NaN, standardError: Number.NaN };
  const rows = [none, ...Array.from(flat!, (mean) => ({ ...none, mean }))];
  return assembleResult(value!, views, rows, [], 0, false);
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
  | { readonly kind: "kernel"; readonly object: object; readonly result: GramMatrix | KernelStatistic };

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
    const { gramObject, joinedKernel, statisticObject } = await import("./kernel.js");
    const result = await joinedKernel(point.planned, checked(inOrder(results, point.cuts.unit)));
    const object =
      "values" in result ? gramObject(adapter, result, seconds) : statisticObject(adapter, result, seconds);
    return { kind: "kernel", object: { ...object, ...mixed }, result };
  }
  if (point.command === "simulate") {
    return simulated(Engine.on(mergedBackend(results, adapter)), point.planned, seconds, mixed);
  }
  const { planned } = point;
  const engine = Engine.on(mergedBackend(results, adapter, planned.plan.seed));
  const rows: Parameters<PerPath>[] = [];
  const watch: { perPath?: PerPath } = planned.job.perPath ? { perPath: (...given) => void rows.push(given) } : {};
  const result = await runGradient(engine, planned, measuredBy(planned.job), watch);
  return {
    kind: "gradient",
    object: { ...gradientObject(adapter, planned, result, seconds), ...mixed },
    planned,
    result,
    paths: (give) => {
      for (const given of rows) give(...given);
    },
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
