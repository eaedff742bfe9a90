/**
 * `npm run bench -- convergence [--paths 400]`: error of the second spike time and of its derivative by the current, per
 * path, against a fine solution on the same Brownian path, for the three methods. Float64, on the CPU.
 */
import { progressBar } from "../src/cli/output.js";
import { coarsen, type PathStep } from "../src/driver/brownian.js";
import { defineNetwork } from "../src/network/network.js";
import { parameterLayout } from "../src/plan/layout.js";
import { type Method, methods, planSolve, type SolvePlan } from "../src/plan/plan.js";
import { compileFor } from "../src/twin/compile.js";
import { type NoiseSource, PathSolver } from "../src/twin/forward.js";
import { counterNoise } from "../src/twin/noise.js";
import { pathSensitivities } from "../src/twin/sensitivity.js";
import { option, writeResult } from "./support.js";

/** The finest grid, on which the Brownian path is drawn, and the grids that are compared with it. */
export const fineStep = 1e-4;
export const coarseSteps = [0.02, 0.01, 0.005, 0.002, 0.001];
const t1 = 4;

export interface ConvergenceRow {
  sigma: number;
  method: Method;
  dt: number;
  /** Root mean square error of τ₂ over the paths. */
  timeError: number;
  /** Root mean square error of ∂τ₂/∂c over that of the derivative itself. */
  gradientError: number;
}

/** τ₂ and ∂τ₂/∂c of one path. */
function second(
  method: Method,
  dt: number,
  sigma: number,
  path: number,
  noise: (dt: number) => NoiseSource,
): [number, number] {
  const network = defineNetwork({
    parameters: { mu1: 15, beta: 5, vReset: 1.4, sigma1: sigma, sigma2: 0 },
    current: 1.5,
  });
  const plan = planSolve(network, { paths: 1, t1, dt, method, seed: 1, maxSpikes: 2 });
  const cell = compileFor(plan);
  const result = new PathSolver(plan, cell, noise(dt)).solve(path, true);
  const layout = parameterLayout(plan);
  const direction = new Float64Array(layout.size);
  direction[layout.views.get("current")!.offset] = 1;
  const spike = result.spikes[1];
  if (!spike) return [t1, 0];
  return [(spike.step + spike.fraction) * dt, pathSensitivities(plan, layout, cell, result, [direction])[1]![0]!];
}

/**
 * One Brownian path on grids of any multiple of a plan's step: each fine step is drawn once per channel, and its sums serve
 * every grid.
 */
export function pathOnGrids(finePlan: SolvePlan, path: number): (dt: number) => NoiseSource {
  const drawn = new Map<number, PathStep>();
  const source = counterNoise(finePlan);
  const pair = new Float64Array(2);
  const fine = (step: number, channel: number): PathStep => {
    const key = step * 2 ** 20 + channel; // fewer channels than that, of all neurons
    let known = drawn.get(key);
    if (!known) {
      source(path, step, channel, pair);
      known = { increment: pair[0]!, area: pair[1]! };
      drawn.set(key, known);
    }
    return known;
  };
  return (dt) => {
    const ratio = Math.round(dt / finePlan.dt);
    return (_, step, channel, out) => {
      const union = coarsen(Array.from({ length: ratio }, (__, i) => fine(step * ratio + i, channel)));
      out[0] = union.increment;
      out[1] = union.area;
    };
  };
}

/** Errors over a number of paths; the reference is `levy` on the fine grid. */
export function convergence(
  sigma: number,
  paths: number,
  steps: readonly number[] = coarseSteps,
  onPath?: (path: number) => void,
): ConvergenceRow[] {
  const network = defineNetwork({ parameters: { sigma1: sigma }, current: 1.5 });
  const finePlan = planSolve(network, { paths: 1, t1, dt: fineStep, seed: 1 });
  const rows = methods.flatMap((method) => steps.map((dt) => ({ sigma, method, dt, time: 0, gradient: 0 })));
  let derivatives = 0;
  for (let path = 0; path < paths; path++) {
    const noise = pathOnGrids(finePlan, path);
    const [time, derivative] = second("levy", fineStep, sigma, path, noise);
    derivatives += derivative ** 2;
    for (const row of rows) {
      const [t, d] = second(row.method, row.dt, sigma, path, noise);
      row.time += (t - time) ** 2;
      row.gradient += (d - derivative) ** 2;
    }
    onPath?.(path);
  }
  return rows.map(({ method, dt, time, gradient }) => ({
    sigma,
    method,
    dt,
    timeError: Math.sqrt(time / paths),
    gradientError: Math.sqrt(gradient / derivatives),
  }));
}

export async function run(args: string[]): Promise<void> {
  const paths = Number(option(args, "--paths", "400"));
  const all: ConvergenceRow[] = [];
  for (const sigma of [0, 0.25, 0.5]) {
    const bar = progressBar(`sigma ${sigma}`, paths, "paths");
    const rows = convergence(sigma, paths, coarseSteps, (p) => bar.update(p + 1));
    bar.stop();
    all.push(...rows);
    console.log(`\nsigma ${sigma}: RMS error of τ₂, and relative RMS error of ∂τ₂/∂c, over ${paths} paths`);
    console.table(
      methods.map((method) => ({
        method,
        ...Object.fromEntries(
          rows
            .filter((r) => r.method === method)
            .map((r) => [`dt ${r.dt}`, `${r.timeError.toExponential(1)}  ${r.gradientError.toExponential(1)}`]),
        ),
      })),
    );
  }
  writeResult("convergence", { reference: { method: "levy", dt: fineStep }, paths, rows: all });
}
