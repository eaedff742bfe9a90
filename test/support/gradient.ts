/** Gradients of spike times in the twin against finite differences. */
import { expect } from "vitest";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, parameterVector, replaceParameters } from "../../src/plan/layout.js";
import { type Method, planSolve, type SolveOptions, type SolvePlan } from "../../src/plan/plan.js";
import { compileFor } from "../../src/twin/compile.js";
import { PathSolver } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";
import { reversePath } from "../../src/twin/reverse.js";
import { pathSensitivities } from "../../src/twin/sensitivity.js";

/** A smooth function of all spike times of a path, with coefficients that differ from spike to spike. */
const coefficient = (n: number): number => Math.cos(1 + 2 * n);

function loss(plan: SolvePlan, path: number): { value: number; structure: string } {
  const solver = new PathSolver(plan, compileFor(plan), counterNoise(plan));
  const { spikes, operations } = solver.solve(path, true);
  return {
    value: spikes.reduce((sum, s, n) => sum + coefficient(n) * (s.step + s.fraction) * plan.dt, 0),
    structure: operations
      .flatMap((o) =>
        o.kind === "advance" && (o.until === "event" || o.until === "arrival") ? [`${o.step}:${o.neuron}`] : [],
      )
      .join(" "),
  };
}

/**
 * Reverse and forward derivatives of a loss of all spike times, by every parameter, in up to four paths (two of
 * networks), are finite differences. @param step the largest step of the differences, in parts of a parameter. @returns
 * how many spikes there were in all.
 */
export function expectGradient(
  definition: NetworkDefinition,
  method: Method,
  options: Partial<SolveOptions>,
  step = 3e-5,
): number {
  const network = defineNetwork(definition);
  const plan = planSolve(network, { paths: 1, t1: 1, dt: 0.02, seed: 3, method, ...options });
  const layout = parameterLayout(plan);
  const cell = compileFor(plan);
  const solver = new PathSolver(plan, cell, counterNoise(plan));
  const vector = parameterVector(plan);
  let spikes = 0;
  for (const path of [0, 1, 2, 3].slice(0, network.neurons > 1 ? 2 : 4)) {
    const result = solver.solve(path, true);
    spikes += result.spikes.length;
    const gradient = new Float64Array(layout.size);
    reversePath(
      plan,
      layout,
      cell,
      result,
      result.spikes.map((_, n) => coefficient(n)),
      gradient,
    );
    const scale = Math.max(...gradient.map(Math.abs));
    const directions: Float64Array[] = [];
    for (let i = 0; i < layout.size; i++) {
      // Fourth-order central difference. Where a spike, or its arrival, moves to another grid step the discrete solution has a kink
      // (another sub-step is split), so the difference is taken within one structure: at a step from 3e-5 down to
      // 1e-7 of the value. Truncation is below 1e-9 at the largest, rounding 1e-15 / 1e-7 ~ 1e-8 at the smallest.
      let h = step * Math.max(1, Math.abs(vector[i]!));
      let difference = Number.NaN;
      for (let halving = 0; halving < 5 && Number.isNaN(difference); halving++, h /= 4) {
        const points = [h, -h, 2 * h, -2 * h].map((d) => {
          const moved = Float64Array.from(vector);
          moved[i]! += d;
          return loss(replaceParameters(plan, layout, moved), path);
        });
        if (points.every((q) => q.structure === points[0]!.structure)) {
          const [a, b, c, d] = points.map((q) => q.value) as [number, number, number, number];
          difference = (8 * (a - b) - (c - d)) / (12 * h);
        }
      }
      const tolerance = 1e-6 * Math.max(Math.abs(difference), 1e-3 * scale);
      expect(Math.abs(gradient[i]! - difference), `path ${path}, entry ${i}`).toBeLessThanOrEqual(tolerance);
      const direction = new Float64Array(layout.size);
      direction[i] = 1;
      directions.push(direction);
    }
    // Forward sensitivities are the same derivative carried the other way: equal to rounding.
    const forward = pathSensitivities(plan, layout, cell, result, directions);
    for (let i = 0; i < layout.size; i++) {
      const sum = forward.reduce((total, row, n) => total + coefficient(n) * row[i]!, 0);
      expect(Math.abs(sum - gradient[i]!)).toBeLessThanOrEqual(1e-10 * Math.max(scale, 1));
    }
  }
  return spikes;
}
