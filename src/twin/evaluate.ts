/** Simulation, and value and gradient of a loss, by the float64 twin. */
import type { CompiledCell } from "../cell/emit-js.js";
import { fail } from "../checks.js";
import { evaluateOnHost } from "../loss/host-loss.js";
import type { EvaluatorOptions, Loss } from "../loss/loss.js";
import { assembleResult, checkEstimates, type Evaluated } from "../loss/result.js";
import { parameterLayout, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf } from "../reduce/statistics.js";
import type { SimulatedSpikes } from "../spikes/simulated.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { emptyTable, type SpikeTable } from "../spikes/table.js";
import { inTurns } from "../turns.js";
import { compileFor } from "./compile.js";
import { measureDiscretisation } from "./discretisation.js";
import { type PathResult, PathSolver, type PathSpike, stateNotFinite } from "./forward.js";
import { pendingSpikes } from "./horizon.js";
import { counterNoise } from "./noise.js";
import { reversePath } from "./reverse.js";

/** Solves path after path. */
export async function eachPath(
  plan: SolvePlan,
  cell: CompiledCell,
  record: boolean,
  visit: (path: number, result: PathResult) => void,
  progress?: (pathsDone: number) => void,
): Promise<void> {
  const solver = new PathSolver(plan, cell, counterNoise(plan));
  await inTurns(plan.paths, progress, (path) => {
    const result = solver.solve(path, record);
    for (const y of result.final) if (!y.every(Number.isFinite)) throw stateNotFinite(plan, path);
    visit(path, result);
  });
}

/** Simulates all paths on the CPU. */
export async function simulateCpu(plan: SolvePlan, progress?: (pathsDone: number) => void): Promise<SimulatedSpikes> {
  const spikes: PathSpike[][] = [];
  let saturatedPaths = 0;
  let largestCount = 0;
  await eachPath(
    plan,
    compileFor(plan),
    false,
    (_, result) => {
      spikes.push(result.spikes);
      if (result.saturated) saturatedPaths++;
      largestCount = Math.max(largestCount, result.spikes.length);
    },
    progress,
  );
  const width = plan.maxSpikes > 0 ? plan.maxSpikes : largestCount;
  const read = async (): Promise<SpikeTable> => {
    const table = emptyTable(plan.paths, width, plan.t1);
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
    paths: plan.paths,
    t0: plan.t0,
    t1: plan.t1,
    saturatedPaths,
    largestCount,
    warnings: plan.warnings,
    bytes: 0,
    read,
    spikeTimes: async () => (await read()).times,
    meanCount: async () => spikes.reduce((sum, list) => sum + list.length, 0) / plan.paths,
    discretisation: (options) => measureDiscretisation(plan, options),
    dispose: () => {},
  };
}

const none = { events: [] };

/** Value and gradient of a loss on the CPU. @throws SaltationError `not-finite` where a result is not a finite number. */
export async function evaluateCpu(
  plan: SolvePlan,
  loss: Loss,
  views: readonly View[],
  options: EvaluatorOptions = {},
): Promise<Evaluated> {
  if (!loss.evaluate) fail("loss", `"${loss.kind}" is written for a GPU alone; backend "cpu" needs its evaluate()`);
  const cell = compileFor(plan);
  const layout = parameterLayout(plan);
  const { paths } = plan;
  const spikes: TypedSpikes[] = [];
  let saturated = 0;
  await eachPath(plan, cell, false, (_, { spikes: fired, saturated: full }) => {
    if (full) saturated++;
    spikes.push({
      times: Float64Array.from(fired, (s) => plan.t0 + (s.step + s.fraction) * plan.dt),
      neurons: Int32Array.from(fired, (s) => s.neuron),
    });
  });
  const { value, cotangents, horizon, pathValues, means } = await evaluateOnHost(loss, spikes, plan);
  const names = views.map((v) => v.name);
  const { events } = horizon && loss.horizon ? (await import("../loss/horizon.js")).horizonOf(plan, names) : none;
  const entries = views.reduce((n, v) => n + v.length, 0);
  const rows = Array.from({ length: 1 + entries }, () => new Float64Array(paths));
  for (let i = 0; i < paths; i++) rows[0]![i] = pathValues?.[i] ?? Number.NaN;
  const visit = (path: number, result: PathResult): void => {
    const gradient = new Float64Array(layout.size);
    const pending = events.length > 0 ? pendingSpikes(plan, cell, events, result) : [];
    const bars = {
      spikes: Float64Array.from(cotangents[path]!, (c) => paths * c),
      horizon: pending.map((spike) => ({ ...spike, adds: paths * horizon![path]![spike.neuron]! })),
    };
    reversePath(plan, layout, cell, result, bars, gradient);
    let row = 1;
    for (const view of views) {
      for (let i = 0; i < view.length; i++) rows[row++]![path] = gradient[view.offset + i]!;
    }
  };
  if (entries > 0) await eachPath(plan, cell, true, visit, options.progress);
  if (options.perPath) {
    const flat = new Float64Array(rows.length * paths);
    rows.forEach((row, r) => {
      flat.set(row, r * paths);
    });
    options.perPath(0, paths, flat);
  }
  const estimates = rows.map((row) => estimateOf(row, plan.antithetic));
  checkEstimates(plan, value, estimates);
  const stopped = plan.stopsByLoss ? 0 : saturated;
  const result = assembleResult(value, views, estimates, means ?? [], stopped, loss.pathwise ?? false);
  return { ...result, warnings: plan.warnings };
}
