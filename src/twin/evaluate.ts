/** Simulation, and value and gradient of a loss, by the float64 twin. */
import type { PendingEvent } from "../../shaders/solve/horizon.wgsl.js";
import type { CompiledCell } from "../cell/emit-js.js";
import { fail } from "../checks.js";
import { evaluateOnHost } from "../loss/host-loss.js";
import type { EvaluatorOptions, Loss, LossValue } from "../loss/loss.js";
import { assembleResult, checkEstimates, type Evaluated } from "../loss/result.js";
import { type TakenLoss, takenOnHost } from "../loss/taken.js";
import type { PathRange } from "../plan/chunks.js";
import { parameterLayout, segmentsOf, type View } from "../plan/layout.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf } from "../reduce/statistics.js";
import type { SimulatedSpikes } from "../spikes/simulated.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { noStates, stateTable } from "../spikes/state-table.js";
import { emptyTable, type SpikeTable } from "../spikes/table.js";
import { inTurns } from "../turns.js";
import { compileFor } from "./compile.js";
import { type PathResult, PathSolver, type PathSpike, stateNotFinite } from "./forward.js";
import { pendingSpikes } from "./horizon.js";
import { counterNoise } from "./noise.js";
import { reversePath } from "./reverse.js";

const allOf = ({ paths }: SolvePlan): PathRange => ({ first: 0, end: paths });

/** Solves path after path. */
export async function eachPath(
  plan: SolvePlan,
  cell: CompiledCell,
  record: boolean,
  visit: (path: number, result: PathResult) => void,
  progress?: (pathsDone: number) => void,
  { first, end }: PathRange = allOf(plan),
): Promise<void> {
  const solver = new PathSolver(plan, cell, counterNoise(plan));
  await inTurns(end - first, progress, (n) => {
    const path = first + n;
    const result = solver.solve(path, record);
    for (const y of result.final) if (!y.every(Number.isFinite)) throw stateNotFinite(plan, path);
    visit(path, result);
  });
}

/** Simulates all paths on the CPU. */
export async function simulateCpu(
  plan: SolvePlan,
  progress?: (pathsDone: number) => void,
  range: PathRange = allOf(plan),
): Promise<SimulatedSpikes> {
  const paths = range.end - range.first;
  const spikes: PathSpike[][] = [];
  const observed = new Float64Array(paths * observedEntries(plan.observed));
  let saturatedPaths = 0;
  let largestCount = 0;
  await eachPath(
    plan,
    compileFor(plan),
    false,
    (path, result) => {
      spikes.push(result.spikes);
      if (result.observed) observed.set(result.observed, (path - range.first) * result.observed.length);
      if (result.saturated) saturatedPaths++;
      largestCount = Math.max(largestCount, result.spikes.length);
    },
    progress,
    range,
  );
  const width = plan.maxSpikes > 0 ? plan.maxSpikes : largestCount;
  const read = async (): Promise<SpikeTable> => {
    const table = emptyTable(paths, width, plan.t1);
    spikes.forEach((list, path) => {
      table.counts[path] = list.length;
      list.forEach((s, n) => {
        table.times[path * width + n] = plan.t0 + (s.step + s.fraction) * plan.dt;
        table.neurons[path * width + n] = s.neuron;
      });
    });
    return table;
  };
  return {
    paths,
    t0: plan.t0,
    t1: plan.t1,
    saturatedPaths,
    largestCount,
    warnings: plan.warnings,
    bytes: 0,
    read,
    spikeTimes: async () => (await read()).times,
    states: async () => {
      if (!plan.observed) throw noStates();
      return stateTable({ ...plan, paths }, plan.observed, observed);
    },
    meanCount: async () => spikes.reduce((sum, list) => sum + list.length, 0) / paths,
    discretisation: async (options) => (await import("./discretisation.js")).measureDiscretisation(plan, options),
    dispose: () => {},
  };
}

/** Events that the horizon term of a gradient is of. */
async function pendingOf(
  plan: SolvePlan,
  loss: Loss,
  { horizon }: Pick<TakenLoss, "horizon">,
  views: readonly View[],
): Promise<readonly PendingEvent[]> {
  if (!horizon || !loss.horizon) return [];
  return (await import("../loss/horizon.js")).horizonOf(plan, segmentsOf(views)).events;
}

/** What a loss that is taken on the host gave of paths from `first` on. */
export const taken = (plan: SolvePlan, first: number, spikes: readonly TypedSpikes[], value: LossValue): TakenLoss =>
  takenOnHost(plan, first, spikes, value, Float64Array);

/** Value and gradient of a loss on the CPU. @throws SaltationError `not-finite` where a result is not a finite number. */
export async function evaluateCpu(
  plan: SolvePlan,
  loss: Loss,
  views: readonly View[],
  options: EvaluatorOptions = {},
): Promise<Evaluated> {
  if (!loss.evaluate) fail("loss", `"${loss.kind}" is written for a GPU alone; backend "cpu" needs its evaluate()`);
  const range = allOf(plan);
  const { spikes, states, saturated } = await firedIn(plan, range);
  const value = await evaluateOnHost(loss, spikes, plan, states);
  const rows = await swept(plan, loss, views, range, taken(plan, 0, spikes, value), options);
  const estimates = rows.map((row) => estimateOf(row, plan.antithetic));
  checkEstimates(plan, value.value, estimates);
  const stopped = plan.stopsByLoss ? 0 : saturated;
  const { means = [] } = value;
  const result = assembleResult(value.value, views, estimates, means, stopped, loss.pathwise ?? false);
  return { ...result, warnings: plan.warnings };
}

/** Spikes of a range of paths, and how many paths stopped at maxSpikes. */
export interface Fired {
  readonly spikes: TypedSpikes[];
  /** Those that the plan observes, [paths][entries]. */
  readonly states: Float64Array | undefined;
  readonly saturated: number;
}

export async function firedIn(plan: SolvePlan, range: PathRange): Promise<Fired> {
  const spikes: TypedSpikes[] = [];
  const entries = observedEntries(plan.observed);
  const states = entries > 0 ? new Float64Array(entries * (range.end - range.first)) : undefined;
  let saturated = 0;
  const visit = (path: number, { spikes: fired, saturated: full, observed }: PathResult): void => {
    if (full) saturated++;
    if (observed) states!.set(observed, (path - range.first) * entries);
    spikes.push({
      times: Float64Array.from(fired, (s) => plan.t0 + (s.step + s.fraction) * plan.dt),
      neurons: Int32Array.from(fired, (s) => s.neuron),
    });
  };
  await eachPath(plan, compileFor(plan), false, visit, undefined, range);
  return { spikes, states, saturated };
}

/** Takes the cotangents of a range of paths back: rows of value and gradient, one number a path. */
export async function swept(
  plan: SolvePlan,
  loss: Loss,
  views: readonly View[],
  range: PathRange,
  of: TakenLoss,
  options: EvaluatorOptions,
): Promise<Float64Array[]> {
  const events = await pendingOf(plan, loss, of, views);
  const cell = compileFor(plan);
  const layout = parameterLayout(plan);
  const { first } = range;
  const { counts, cotangents, pathValues, horizon, states } = of;
  const perPath = observedEntries(plan.observed);
  const { neurons } = plan.network;
  const count = range.end - first;
  const entries = views.reduce((n, v) => n + v.length, 0);
  const rows = Array.from({ length: 1 + entries }, () => new Float64Array(count));
  for (let i = 0; i < count; i++) rows[0]![i] = pathValues?.[i] ?? Number.NaN;
  let at = 0;
  const visit = (path: number, result: PathResult): void => {
    const i = path - first;
    const gradient = new Float64Array(layout.gradientSize);
    const pending = events.length > 0 ? pendingSpikes(plan, cell, events, result) : [];
    const bars = {
      spikes: Float64Array.from(cotangents.subarray(at, (at += counts[i]!))),
      states: states && Float64Array.from(states.subarray(i * perPath, (i + 1) * perPath)),
      horizon: pending.map((spike) => ({ ...spike, adds: horizon![i * neurons + spike.neuron]! })),
    };
    reversePath(plan, layout, cell, result, bars, gradient);
    let row = 1;
    for (const view of views) {
      for (let e = 0; e < view.length; e++) rows[row++]![i] = gradient[view.offset + e]!;
    }
  };
  if (entries > 0) await eachPath(plan, cell, true, visit, options.progress, range);
  if (options.perPath) {
    const flat = new Float64Array(rows.length * count);
    rows.forEach((row, r) => {
      flat.set(row, r * count);
    });
    options.perPath(first, count, flat);
  }
  return rows;
}
