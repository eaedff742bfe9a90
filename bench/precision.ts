/**
 * What the steps of schemes cost in accuracy: errors of the second spike time of one neuron, path by path, against `levy` on
 * a fine grid of the same Brownian path, with the same uniforms at spikes. Float64.
 */
import { compileCell } from "../src/cell/emit-js.js";
import { defineNetwork } from "../src/network/network.js";
import { type Method, planSolve, type SolvePlan } from "../src/plan/plan.js";
import { type NoiseSource, PathSolver } from "../src/twin/forward.js";
import { eventUniform } from "../src/twin/noise.js";
import { pathOnGrids } from "./convergence.js";

/**
 * `levy` and `euler` as here, also where a peer has them. `grid` is Euler's method with spikes at the ends of steps, as
 * Brian2 has it: threshold and reset are looked at once a step.
 */
export const schemes = ["levy", "euler", "grid"] as const;
export type Scheme = (typeof schemes)[number];

export interface PrecisionRow {
  readonly scheme: Scheme;
  readonly dt: number;
  /** Root mean square error of τ₂ over the paths. */
  readonly error: number;
}

/** Two spikes come long before, on nearly all paths; where they do not, the end stands for them. */
const t1 = 2;
/** Divides all steps that are compared. */
const fineStep = 1e-4;

/** The neuron of bench/peers/slif.py. */
const neuron = { mu1: 15, beta: 5, vTh: 1, vReset: 1.4, alpha: 0.03, sigma1: 0.25, sigma2: 0, mu2: 0 };
const current = 1.5;

const planAt = (dt: number, method: Method = "levy"): SolvePlan =>
  planSolve(defineNetwork({ parameters: neuron, current }), { paths: 1, t1, dt, method, seed: 1, maxSpikes: 2 });

/** τ₂ by `levy` or `euler`. */
function located(plan: SolvePlan, path: number, noise: NoiseSource): number {
  const spike = new PathSolver(plan, compileCell(plan.network.cell), noise).solve(path, false).spikes[1];
  return spike ? (spike.step + spike.fraction) * plan.dt : t1;
}

/** τ₂ by `grid`. */
function onGrid(plan: SolvePlan, path: number, noise: NoiseSource): number {
  const { mu1, beta, vTh, vReset, alpha, sigma1 } = neuron;
  const surface = (count: number): number => Math.log(eventUniform(plan, path, 0, count)) - alpha;
  const pair = new Float64Array(2);
  let [v, s, count] = [0, surface(0), 0];
  for (let step = 0; step < plan.steps; step++) {
    noise(path, step, 0, pair);
    const rate = Math.exp(Math.min(beta * (v - vTh), 10 * beta));
    v += mu1 * (current - v) * plan.dt + sigma1 * pair[0]!;
    s += rate * plan.dt;
    if (s < 0) continue;
    count += 1;
    if (count === 2) return (step + 1) * plan.dt;
    v -= vReset;
    s = surface(count);
  }
  return t1;
}

/** Errors of all schemes at their steps, over a number of paths. */
export function precision(paths: number, steps: Readonly<Record<Scheme, readonly number[]>>): PrecisionRow[] {
  const finePlan = planAt(fineStep);
  const rows = schemes.flatMap((scheme) =>
    steps[scheme].map((dt) => ({ scheme, dt, plan: planAt(dt, scheme === "levy" ? "levy" : "euler"), sum: 0 })),
  );
  for (let path = 0; path < paths; path++) {
    const noise = pathOnGrids(finePlan, path);
    const fine = located(finePlan, path, noise(fineStep));
    for (const row of rows) {
      const solve = row.scheme === "grid" ? onGrid : located;
      row.sum += (solve(row.plan, path, noise(row.dt)) - fine) ** 2;
    }
  }
  return rows.map(({ scheme, dt, sum }) => ({ scheme, dt, error: Math.sqrt(sum / paths) }));
}

/** Where a curve through points, straight between them on logarithmic scales, has a value; undefined where it has not. */
export function valueAt(x: readonly number[], y: readonly number[], at: number): number | undefined {
  for (let i = 1; i < x.length; i++) {
    const [a, b] = [Math.log(x[i - 1]!), Math.log(x[i]!)];
    const part = (Math.log(at) - a) / (b - a);
    if (part < 0 || part > 1) continue;
    return Math.exp(Math.log(y[i - 1]!) * (1 - part) + Math.log(y[i]!) * part);
  }
  return undefined;
}
