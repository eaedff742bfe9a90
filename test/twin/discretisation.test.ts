/** The measured discretisation error against the true one, and what is said of jobs whose step is too large. */
import { describe, expect, it } from "vitest";
import { compileCell } from "../../src/cell/emit-js.js";
import { coarsen, type PathStep } from "../../src/driver/brownian.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import type { MeasuredDiscretisation } from "../../src/plan/discretisation.js";
import { methods, planSolve, type SolveOptions, type SolvePlan } from "../../src/plan/plan.js";
import { measureDiscretisation } from "../../src/twin/discretisation.js";
import { type NoiseSource, PathSolver } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";

const plan = (network: NetworkDefinition, options: SolveOptions): SolvePlan =>
  planSolve(defineNetwork(network), options);

async function measured(of: SolvePlan): Promise<MeasuredDiscretisation> {
  const report = await measureDiscretisation(of);
  if (!report.measured) throw new Error(report.why);
  return report;
}

/**
 * Root mean square error of spike times against a solution `ratio` times as fine, whose Brownian path is drawn on the fine
 * grid and summed to the coarse one: other paths than those of the measurement, and no split steps.
 */
function trueError(network: NetworkDefinition, options: SolveOptions, ratio: number): number {
  const coarse = plan(network, options);
  const fine = plan(network, { ...options, dt: options.dt / ratio, method: "levy", seed: 77 });
  const cell = compileCell(coarse.network.cell);
  const source = counterNoise(fine);
  const pair = new Float64Array(2);
  const summed: NoiseSource = (path, step, channel, out) => {
    const steps = Array.from({ length: ratio }, (_, i): PathStep => {
      source(path, step * ratio + i, channel, pair);
      return { increment: pair[0]!, area: pair[1]! };
    });
    const union = coarsen(steps);
    out[0] = union.increment;
    out[1] = union.area;
  };
  const mine = new PathSolver({ ...coarse, seed: 77 }, cell, summed);
  const its = new PathSolver(fine, cell, source);
  const timesOf = (solver: PathSolver, dt: number, path: number): number[] =>
    solver.solve(path, false).spikes.map((s) => (s.step + s.fraction) * dt);
  let [squares, count] = [0, 0];
  for (let path = 0; path < options.paths; path++) {
    const [a, b] = [timesOf(mine, coarse.dt, path), timesOf(its, fine.dt, path)];
    for (let n = 0; n < Math.max(a.length, b.length); n++) {
      squares += ((a[n] ?? options.t1) - (b[n] ?? options.t1)) ** 2;
      count++;
    }
  }
  return Math.sqrt(squares / count);
}

describe("the error that is measured", () => {
  const network = (sigma: number): NetworkDefinition => ({
    cell: "slif",
    parameters: { sigma1: sigma },
    current: 1.5,
  });

  // Sixty-four paths of five spikes each, whose errors differ widely: the estimate is right within a factor of two.
  it.each(
    methods.flatMap((method) => [0, 0.25, 0.5].map((sigma) => ({ method, sigma }))),
  )("is the true one within a factor of two: $method, sigma $sigma", async ({ method, sigma }) => {
    const options = { paths: 64, t1: 1, dt: 0.01, method, seed: 5 };
    const report = await measured(plan(network(sigma), { ...options, paths: 2048 }));
    console.log(method, sigma, report, trueError(network(sigma), options, 32));
    expect(report).toMatchObject({ of: "spike times", paths: 64, until: 1 });
    const truth = trueError(network(sigma), options, 32);
    expect(report.error / truth).toBeGreaterThan(0.5);
    expect(report.error / truth).toBeLessThan(2);
  });
});
