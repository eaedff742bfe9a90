/** Simulation, and value and gradient of a loss, by the float64 twin. */
import type { PendingEvent } from "../../shaders/solve/horizon.wgsl.js";
import type { CompiledCell } from "../cell/emit-js.js";
import { fail } from "../checks.js";
import { evaluateOnHost } from "../loss/host-loss.js";
import type { EvaluatorOptions, Loss, LossValue, RangeEvaluator } from "../loss/loss.js";
import { assembleResult, checkEstimates, type Evaluated } from "../loss/result.js";
import type { PathRange } from "../plan/chunks.js";
import { parameterLayout, segmentsOf, type View } from "../plan/layout.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf, estimatesOf, sumsOf } from "../reduce/statistics.js";
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
  { horizon }: Pick<LossValue, "horizon">,
  views: readonly View[],
): Promise<readonly PendingEvent[]> {
  if (!horizon || !loss.horizon) return [];
  return (await import("../loss/horizon.js")).horizonOf(plan, segmentsOf(views)).events;
}

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
  const taken = await evaluateOnHost(loss, spikes, plan, states);
  const pending = await pendingOf(plan, loss, taken, views);
  const rows = await swept(plan, views, range, taken, { ...options, pending });
  const estimates = rows.map((row) => estimateOf(row, plan.antithetic));
  const { value, means } = taken;
  checkEstimates(plan, value, estimates);
  const stopped = plan.stopsByLoss ? 0 : saturated;
  const result = assembleResult(value, views, estimates, means ?? [], stopped, loss.pathwise ?? false);
  return { ...result, warnings: plan.warnings };
}

/** What ranges of paths add to value and gradient of a loss of means. */
export function rangesCpu(loss: Loss, views: readonly View[]): RangeEvaluator {
  const { ofMeans, pathwise = false } = loss;
  if (!ofMeans) fail("loss", `"${loss.kind}" compares all paths with each other, and takes them together`);
  /** Of the first round, for the second of the same plan and range. */
  let fired: { readonly of: SolvePlan; readonly range: PathRange; readonly found: Fired } | undefined;
  return {
    async evaluate(plan, range, all, options = {}) {
      const { antithetic, paths } = plan;
      const kept = fired?.of === plan && fired.range.first === range.first && fired.range.end === range.end;
      const found = kept ? fired!.found : await firedIn(plan, range);
      fired = all ? undefined : { of: plan, range, found };
      const { spikes, states, saturated } = found;
      const some = { first: range.first, states };
      const rows = ofMeans.look(spikes, plan, some);
      const looked = sumsOf(rows, antithetic);
      const known = { looked, offset: 0, saturated, warnings: [] };
      if (!all && !pathwise) return known;
      // Cotangents of a pathwise loss do not look at the means.
      const means = all
        ? estimatesOf(all, antithetic ? paths / 2 : paths)
        : rows.map((row) => estimateOf(row, antithetic));
      const taken = ofMeans.taken(spikes, rows, means, plan, some);
      const pending = await pendingOf(plan, loss, taken, views);
      return {
        ...known,
        gradient: sumsOf(await swept(plan, views, range, taken, { ...options, pending }), antithetic),
      };
    },
    dispose: () => {},
  };
}

/** Spikes of a range of paths, and how many paths stopped at maxSpikes. */
interface Fired {
  readonly spikes: TypedSpikes[];
  /** Those that the plan observes, [paths][entries]. */
  readonly states: Float64Array | undefined;
  readonly saturated: number;
}

async function firedIn(plan: SolvePlan, range: PathRange): Promise<Fired> {
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

/** Takes cotangents of a range of paths back: rows of value and gradient, one number a path. */
async function swept(
  plan: SolvePlan,
  views: readonly View[],
  range: PathRange,
  { cotangents, pathValues, horizon, stateCotangents }: Omit<LossValue, "value">,
  options: EvaluatorOptions & { readonly pending?: readonly PendingEvent[] },
): Promise<Float64Array[]> {
  const cell = compileFor(plan);
  const layout = parameterLayout(plan);
  const { first } = range;
  const { pending: events = [] } = options;
  const perPath = observedEntries(plan.observed);
  const statesOf = (bars: ArrayLike<number>, i: number): Float64Array =>
    Float64Array.from({ length: perPath }, (_, e) => plan.paths * bars[i * perPath + e]!);
  const count = range.end - first;
  const entries = views.reduce((n, v) => n + v.length, 0);
  const rows = Array.from({ length: 1 + entries }, () => new Float64Array(count));
  for (let i = 0; i < count; i++) rows[0]![i] = pathValues?.[i] ?? Number.NaN;
  const visit = (path: number, result: PathResult): void => {
    const gradient = new Float64Array(layout.gradientSize);
    const pending = events.length > 0 ? pendingSpikes(plan, cell, events, result) : [];
    const bars = {
      spikes: Float64Array.from(cotangents[path - first]!, (c) => plan.paths * c),
      states: stateCotangents && statesOf(stateCotangents, path - first),
      horizon: pending.map((spike) => ({ ...spike, adds: plan.paths * horizon![path - first]![spike.neuron]! })),
    };
    reversePath(plan, layout, cell, result, bars, gradient);
    let row = 1;
    for (const view of views) {
      for (let i = 0; i < view.length; i++) rows[row++]![path - first] = gradient[view.offset + i]!;
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
