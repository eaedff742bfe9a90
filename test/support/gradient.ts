/** Gradients of spike times in the twin against finite differences. */
import { expect } from "vitest";
import type { CompiledCell } from "../../src/cell/emit-js.js";
import { horizonOf } from "../../src/loss/horizon.js";
import { defineNetwork, type Network, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, parameterVector, replaceParameters } from "../../src/plan/layout.js";
import { type Method, planSolve, type SolveOptions, type SolvePlan } from "../../src/plan/plan.js";
import { compileFor } from "../../src/twin/compile.js";
import { type PathResult, PathSolver } from "../../src/twin/forward.js";
import { type PendingSpike, pendingSpikes } from "../../src/twin/horizon.js";
import { counterNoise } from "../../src/twin/noise.js";
import { neuronParameters } from "../../src/twin/of-neurons.js";
import { reversePath } from "../../src/twin/reverse.js";
import { pathSensitivities } from "../../src/twin/sensitivity.js";

/** Whatever is differentiated by. */
const pendingOf = (plan: SolvePlan, cell: CompiledCell, result: PathResult): PendingSpike[] =>
  pendingSpikes(plan, cell, horizonOf(plan, plan.network.cell.parameters).events, result);

/**
 * A smooth function of all spike times of a path, of the event functions at t1 of spikes that might come there too, and of the
 * states that are observed, with coefficients that differ from one to the next.
 */
const coefficient = (n: number): number => Math.cos(1 + 2 * n);
const stateCoefficient = (n: number): number => Math.sin(2 + 3 * n);

function loss(plan: SolvePlan, path: number, pending: readonly PendingSpike[]): { value: number; structure: string } {
  const cell = compileFor(plan);
  const solver = new PathSolver(plan, cell, counterNoise(plan));
  const result = solver.solve(path, true);
  const { spikes, operations, final, observed = new Float64Array() } = result;
  const p = neuronParameters(plan);
  const levels = pending.map(({ neuron, event }) => cell.happenings[event]!.surface(final[neuron]!, p[neuron]!));
  const times = spikes.map((s) => (s.step + s.fraction) * plan.dt);
  return {
    value:
      [...times, ...levels].reduce((sum, value, n) => sum + coefficient(n) * value, 0) +
      observed.reduce((sum, y, n) => sum + stateCoefficient(n) * y * y, 0) / 2,
    structure: operations
      .flatMap((o) =>
        o.kind === "advance" && (o.until === "event" || o.until === "arrival") ? [`${o.step}:${o.neuron}`] : [],
      )
      .join(" "),
  };
}

/**
 * Reverse and forward derivatives of a loss of all spike times, by every parameter, in up to four paths (two of
 * networks; of `euler` and `wong-zakai`, by which fewer terms are other than by `levy`, half as many), are finite
 * differences. @param step the largest step of the differences, in parts of a parameter. @returns
 * how many spikes there were in all, and how many that might have come at t1.
 */
export function expectGradient(
  definition: NetworkDefinition | Network,
  method: Method,
  options: Partial<SolveOptions>,
  step = 3e-5,
): { spikes: number; pendings: number } {
  const network = "connections" in definition ? definition : defineNetwork(definition);
  const plan = planSolve(network, {
    ...(options.samples ? {} : { paths: 1 }),
    t1: 1,
    dt: 0.02,
    seed: 3,
    method,
    ...options,
  });
  const layout = parameterLayout(plan);
  const cell = compileFor(plan);
  const solver = new PathSolver(plan, cell, counterNoise(plan));
  const vector = parameterVector(plan);
  const views = [...layout.views.values()].filter((v) => v.differentiable && !v.bySample);
  const entries = views.flatMap((v) => Array.from({ length: v.length }, (_, i) => v.offset + i));
  let [spikes, pendings] = [0, 0];
  const places = new Set<string>();
  const paths = (network.neurons > 1 ? 2 : 4) / (method === "levy" ? 1 : 2);
  for (let path = 0; path < paths; path++) {
    const result = solver.solve(path, true);
    spikes += result.spikes.length;
    // Without noise or draws paths are alike.
    const times = result.spikes.map((s) => s.step + s.fraction).join();
    if (places.has(times)) continue;
    places.add(times);
    const pending = pendingOf(plan, cell, result);
    pendings += pending.length;
    const gradient = new Float64Array(layout.size);
    reversePath(
      plan,
      layout,
      cell,
      result,
      {
        spikes: result.spikes.map((_, n) => coefficient(n)),
        states: result.observed?.map((y, n) => stateCoefficient(n) * y),
        horizon: pending.map((spike, n) => ({ ...spike, adds: coefficient(result.spikes.length + n) })),
      },
      gradient,
    );
    const scale = Math.max(...gradient.map(Math.abs));
    const directions: Float64Array[] = [];
    for (const i of entries) {
      // Fourth-order central difference. Where a spike, or its arrival, moves to another grid step the discrete solution has a kink
      // (another sub-step is split), so the difference is taken within one structure: at a step from 3e-5 down to
      // 1e-7 of the value. Truncation is below 1e-9 at the largest, rounding 1e-15 / 1e-7 ~ 1e-8 at the smallest.
      let h = step * Math.max(1, Math.abs(vector[i]!));
      let difference = Number.NaN;
      for (let halving = 0; halving < 5 && Number.isNaN(difference); halving++, h /= 4) {
        const points = [h, -h, 2 * h, -2 * h].map((d) => {
          const moved = Float64Array.from(vector);
          moved[i]! += d;
          return loss(replaceParameters(plan, layout, moved), path, pending);
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
    if (plan.observed) continue; // they are of spike times alone
    // Forward sensitivities are the same derivative carried the other way: equal to rounding.
    const forward = pathSensitivities(plan, layout, cell, result, directions, pending);
    for (const [column, i] of entries.entries()) {
      const sum = forward.reduce((total, row, n) => total + coefficient(n) * row[column]!, 0);
      expect(Math.abs(sum - gradient[i]!)).toBeLessThanOrEqual(1e-10 * Math.max(scale, 1));
    }
  }
  return { spikes, pendings };
}
