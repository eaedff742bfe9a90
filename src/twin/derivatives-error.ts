/**
 * What derivatives of spike times owe to the step. They may be further off than the times themselves: a field that bends within a
 * step, or a condition that is narrower than one, moves a spike by little and its derivative by much. The first paths are solved in
 * float64 at dt and dt/2 along the same Brownian path, and the derivative of the sum of their spike times, of those that come at
 * both steps, is taken back by the parameters of the gradient.
 */

import type { CompiledCell } from "../cell/emit-js.js";
import { kinksOf } from "../cell/kinks.js";
import { counted } from "../checks.js";
import { SaltationError } from "../errors.js";
import { activeChannels } from "../plan/channels.js";
import type { DerivativesDiscretisation } from "../plan/discretisation.js";
import { parameterLayout, segmentsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { three } from "../plan/stability.js";
import { estimateOf } from "../reduce/statistics.js";
import { Turns } from "../turns.js";
import { compileFor } from "./compile.js";
import { type NoiseSource, type PathResult, PathSolver } from "./forward.js";
import { halvedNoise, halvedPlan } from "./halved.js";
import { counterNoise } from "./noise.js";
import { reversePath } from "./reverse.js";
import { leastClearance32, tangential } from "./tangential.js";

/** Steps of neurons that may be solved, forward and back; and spikes of a path. */
const budget = 40_000;
const mostSpikes = 64;
const mostPaths = 8;

/** Derivatives are told of where they are off by so many times the tolerance of spike times. */
const slack = 5;

/** How often the step is halved in search of one that would do. */
const mostHalvings = 5;

/** One step's solutions of some paths. */
interface Level {
  readonly plan: SolvePlan;
  readonly cell: CompiledCell;
  readonly noise: NoiseSource;
  readonly results: readonly PathResult[];
  /** The least height by which a peak stayed below an event (crossing.ts). */
  readonly missed: number;
}

async function solved(given: Omit<Level, "results" | "missed">, paths: number, turns: Turns): Promise<Level> {
  const solver = new PathSolver(given.plan, given.cell, given.noise);
  const results: PathResult[] = [];
  for (let path = 0; path < paths; path++) {
    results.push(solver.solve(path, true));
    if (turns.due()) await turns.take();
  }
  return { ...given, results, missed: solver.missed };
}

function halved({ plan, cell, noise, results }: Level, level: number, turns: Turns): Promise<Level> {
  const half = halvedPlan(plan);
  // The kick of a stiff state depends on the step.
  const own = plan.exponential.length > 0 ? compileFor(half) : cell;
  return solved({ plan: half, cell: own, noise: halvedNoise(plan, noise, level) }, results.length, turns);
}

/** How many spikes of each neuron a path has. */
function countsOf({ spikes }: PathResult, neurons: number): Uint32Array {
  const counts = new Uint32Array(neurons);
  for (const { neuron } of spikes) counts[neuron]!++;
  return counts;
}

/**
 * Of each path the derivative of the sum of the first so many spike times of each neuron, by the entries of views; and the least
 * clearance of an event.
 */
function derivativesOf(
  { plan, cell, results }: Level,
  views: readonly View[],
  most: readonly Uint32Array[],
): { of: Float64Array[]; clearance: number } {
  const layout = parameterLayout(plan);
  let clearance = Number.POSITIVE_INFINITY;
  const of = results.map((result, path) => {
    const left = most[path]!.slice();
    const spikes = result.spikes.map(({ neuron }) => (left[neuron]! > 0 && left[neuron]!-- ? 1 : 0));
    const gradient = new Float64Array(layout.gradientSize);
    clearance = Math.min(clearance, reversePath(plan, layout, cell, result, { spikes }, gradient));
    return Float64Array.from(views.flatMap((v) => Array.from(gradient.subarray(v.offset, v.offset + v.length))));
  });
  return { of, clearance };
}

interface Furthest {
  /** Whether no path has a spike, so that nothing was compared. */
  readonly none: boolean;
  readonly by: string;
  readonly relative: number;
  /** The least clearance of an event at either step, or the least height by which one was missed. */
  readonly clearance: number;
}

/** The view whose derivative is furthest off, beyond what paths spread by, as a part of its size. */
function furthest(coarse: Level, fine: Level, views: readonly View[]): Furthest {
  const { neurons } = coarse.plan.network;
  const most = coarse.results.map((result, path) => {
    const other = countsOf(fine.results[path]!, neurons);
    return countsOf(result, neurons).map((n, k) => Math.min(n, other[k]!));
  });
  const none = most.every((counts) => counts.every((n) => n === 0));
  const both = [derivativesOf(coarse, views, most), derivativesOf(fine, views, most)] as const;
  const [a, b] = [both[0].of, both[1].of];
  const clearance = Math.min(coarse.missed, fine.missed, both[0].clearance, both[1].clearance);
  let found: Furthest | undefined;
  let at = 0;
  for (const view of views) {
    const infinite = [...a, ...b].some((d) => !d.subarray(at, at + view.length).every(Number.isFinite));
    if (infinite) return { by: view.asked, relative: Number.POSITIVE_INFINITY, clearance, none };
    // Squares of the differences of the means, of what those are known to, and of the means.
    let [off, known, size] = [0, 0, 0];
    for (let e = at; e < at + view.length; e++) {
      const difference = estimateOf(a.map((d, path) => d[e]! - b[path]![e]!));
      off += difference.mean ** 2;
      known += a.length > 1 ? difference.standardError ** 2 : 0;
      size += estimateOf(b.map((d) => d[e]!)).mean ** 2;
    }
    at += view.length;
    if (!(off > 9 * known && size > 0)) continue;
    const relative = Math.sqrt(off / size);
    if (!found || relative > found.relative) found = { by: view.asked, relative, clearance, none };
  }
  return found ?? { by: views[0]!.asked, relative: 0, clearance, none };
}

/**
 * Measures it.
 * @returns undefined where that would take too long, no path has a spike, or a path cannot be solved.
 */
export async function derivativesDiscretisation(
  plan: SolvePlan,
  views: readonly View[],
  tolerance: number,
): Promise<DerivativesDiscretisation | undefined> {
  const paths = Math.min(plan.paths, mostPaths, Math.floor(budget / (6 * plan.network.neurons * plan.steps)));
  const random = activeChannels(plan, segmentsOf(views)).length > 0;
  if (views.length === 0 || paths < 1 || (random && paths < 2)) return undefined;
  const maxSpikes = plan.maxSpikes > 0 ? Math.min(plan.maxSpikes, mostSpikes) : mostSpikes;
  const turns = new Turns();
  try {
    const first = { plan: { ...plan, maxSpikes }, cell: compileFor(plan), noise: counterNoise(plan) };
    const levels = [await solved(first, paths, turns)];
    levels.push(await halved(levels[0]!, 1, turns));
    const found = furthest(levels[0]!, levels[1]!, views);
    const { by, relative } = found;
    // What is random does not touch, but for paths so few that their mean does not see them.
    const touches = relative === Number.POSITIVE_INFINITY || (!random && found.clearance < leastClearance32);
    if (touches) return { by, relative, paths, warning: tangential };
    if (found.none) return undefined;
    if (relative <= slack * tolerance) return { by, relative, paths };
    let suggestedDt: number | undefined;
    for (let n = 1; n <= mostHalvings && paths * plan.steps * 2 ** n <= budget && suggestedDt === undefined; n++) {
      levels.push(await halved(levels[n]!, n + 1, turns));
      const now = furthest(levels[n]!, levels[n + 1]!, views);
      if (!now.none && now.relative <= slack * tolerance) suggestedDt = plan.dt / 2 ** n;
    }
    const most = `${three(100 * slack * tolerance)} %`;
    const mend =
      suggestedDt === undefined
        ? `no step was found to bring that below ${most}`
        : `take dt = ${Number(suggestedDt.toPrecision(12))} for less than ${most}`;
    const warning =
      `time.dt: ${plan.dt} is too large for derivatives: that of spike times by "${by}" differs by ${three(100 * relative)} % ` +
      `from that at half the step (${counted(paths, "path")}); ${mend}${kinksOf(plan.network.cell)}`;
    return { by, relative, paths, suggestedDt, warning };
  } catch (error) {
    // Of paths that cannot be solved the error of spike times tells.
    if (error instanceof SaltationError) return undefined;
    throw error;
  }
}
