/** The `cpu` backend: simulation, and value and gradient of a loss, by the float64 twin. */
import { type CompiledCell, compileCell } from "../cell/emit-js.js";
import { SaltationError } from "../errors.js";
import { assembleResult, type ValueAndGradient } from "../gradient/result.js";
import type { Sensitivities } from "../gradient/sensitivity.js";
import { type Estimate, joinBlocks } from "../gradient/statistics.js";
import { blockPaths } from "../solve/chunks.js";
import { type ParameterLayout, parameterLayout, type View } from "../solve/layout.js";
import type { SolvePlan } from "../solve/plan.js";
import { emptyTable, type SpikeTable, type SpikeTrains } from "../solve/trains.js";
import type { SpikeTimeLoss } from "../train/loss.js";
import { type PathResult, PathSolver, type PathSpike } from "./forward.js";
import { counterNoise } from "./noise.js";
import { reversePath } from "./reverse.js";
import { pathSensitivities } from "./sensitivity.js";

/** After so many milliseconds of work the event loop gets a turn: progress bars and pages stay alive. */
const turn = 50;

async function eachPath(
  plan: SolvePlan,
  cell: CompiledCell,
  record: boolean,
  visit: (path: number, result: PathResult) => void,
  progress?: (pathsDone: number) => void,
): Promise<void> {
  const solver = new PathSolver(plan, cell, counterNoise(plan));
  let last = performance.now();
  for (let path = 0; path < plan.paths; path++) {
    const result = solver.solve(path, record);
    for (const y of result.final) {
      if (!y.every(Number.isFinite)) {
        throw new SaltationError(
          "not-finite",
          `the state became infinite or NaN in path ${path}: parameters or weights are too large for dt = ${plan.dt}; ` +
            "take a smaller dt or check their values",
        );
      }
    }
    visit(path, result);
    if (performance.now() - last > turn) {
      progress?.(path + 1);
      await new Promise((resolve) => setTimeout(resolve, 0));
      last = performance.now();
    }
  }
  progress?.(plan.paths);
}

/** Simulates all paths on the CPU. */
export async function simulateCpu(plan: SolvePlan, progress?: (pathsDone: number) => void): Promise<SpikeTrains> {
  const spikes: PathSpike[][] = [];
  let saturatedPaths = 0;
  let largestCount = 0;
  await eachPath(
    plan,
    compileCell(plan.network.cell),
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
    bytes: 0,
    read,
    spikeTimes: async () => (await read()).times,
    meanCount: async () => spikes.reduce((sum, list) => sum + list.length, 0) / plan.paths,
    dispose: () => {},
  };
}

/** Spike times and their derivatives on the CPU. */
export async function sensitivitiesCpu(
  plan: SolvePlan,
  layout: ParameterLayout,
  views: readonly View[],
  progress?: (pathsDone: number) => void,
): Promise<Sensitivities> {
  const cell = compileCell(plan.network.cell);
  const along = views.flatMap((v) =>
    Array.from({ length: v.length }, (_, i) => {
      const direction = new Float64Array(layout.size);
      direction[v.offset + i] = 1;
      return direction;
    }),
  );
  const rows: { spikes: PathSpike[]; derivatives: Float64Array[] }[] = [];
  const visit = (_: number, result: PathResult): void => {
    rows.push({ spikes: result.spikes, derivatives: pathSensitivities(plan, layout, cell, result, along) });
  };
  await eachPath(plan, cell, true, visit, progress);
  const width = plan.maxSpikes > 0 ? plan.maxSpikes : Math.max(1, ...rows.map((r) => r.spikes.length));
  const table = emptyTable(plan.paths, width, plan.t1);
  const derivatives = new Float64Array(plan.paths * width * along.length);
  rows.forEach((r, path) => {
    table.counts[path] = r.spikes.length;
    r.spikes.forEach((s, n) => {
      table.times[path * width + n] = plan.t0 + (s.step + s.fraction) * plan.dt;
      table.neurons[path * width + n] = s.neuron;
      derivatives.set(r.derivatives[n]!, (path * width + n) * along.length);
    });
  });
  return { table, directions: along.length, derivatives };
}

/** For each selection of a loss, the spike of a path that it means, or -1. */
export function selectSpikes(loss: SpikeTimeLoss, spikes: readonly PathSpike[]): number[] {
  const byNeuron = new Map<number, number[]>();
  spikes.forEach((s, n) => {
    const list = byNeuron.get(s.neuron);
    if (list) list.push(n);
    else byNeuron.set(s.neuron, [n]);
  });
  return loss.selections.map((s) => byNeuron.get(s.neuron)?.[s.index] ?? -1);
}

/** Mean and standard error of each column of per-path rows. */
function estimates(columns: readonly Float64Array[], paths: number): Estimate[] {
  return columns.map((column) => {
    const blocks: number[] = [];
    for (let b = 0; b < paths; b += blockPaths) {
      const part = column.subarray(b, Math.min(paths, b + blockPaths));
      const sum = part.reduce((s, x) => s + x, 0);
      const mean = sum / part.length;
      blocks.push(
        sum,
        part.reduce((s, x) => s + (x - mean) ** 2, 0),
      );
    }
    return joinBlocks(blocks, 0, paths, blockPaths);
  });
}

export interface EvaluateCpuOptions {
  /** Called with the per-path rows [1 + gradient entries][paths] of all paths. */
  perPath?: (rows: readonly Float64Array[]) => void;
  progress?: (pathsDone: number) => void;
}

/** Value and gradient of a loss on the CPU. */
export async function evaluateCpu(
  plan: SolvePlan,
  loss: SpikeTimeLoss,
  views: readonly View[],
  options: EvaluateCpuOptions = {},
): Promise<ValueAndGradient> {
  const cell = compileCell(plan.network.cell);
  const layout = parameterLayout(plan);
  const { paths } = plan;
  const times = loss.selections.map(() => new Float64Array(paths));
  const chosen: number[][] = [];
  let saturated = 0;
  await eachPath(plan, cell, false, (path, { spikes, saturated: full }) => {
    if (full) saturated++;
    const found = selectSpikes(loss, spikes);
    chosen.push(found);
    found.forEach((n, s) => {
      times[s]![path] = n < 0 ? plan.t1 : plan.t0 + (spikes[n]!.step + spikes[n]!.fraction) * plan.dt;
    });
  });
  const means = estimates(times, paths);
  const { value, coefficients } = loss.evaluate(Float64Array.from(means, (e) => e.mean));
  const entries = views.reduce((n, v) => n + v.length, 0);
  const rows = Array.from({ length: 1 + entries }, () => new Float64Array(paths));
  const visit = (path: number, result: PathResult): void => {
    const cotangents = new Float64Array(result.spikes.length);
    chosen[path]!.forEach((n, s) => {
      if (n >= 0) cotangents[n]! += coefficients[s]!;
      rows[0]![path]! += coefficients[s]! * times[s]![path]!;
    });
    const gradient = new Float64Array(layout.size);
    reversePath(plan, layout, cell, result, cotangents, gradient);
    let row = 1;
    for (const view of views) {
      for (let i = 0; i < view.length; i++) rows[row++]![path] = gradient[view.offset + i]!;
    }
  };
  await eachPath(plan, cell, true, visit, options.progress);
  options.perPath?.(rows);
  return assembleResult(value, views, estimates(rows, paths), means, plan.stopsByLoss ? 0 : saturated);
}
