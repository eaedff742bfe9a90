/** Gradients by a few parameters, whose tangents go along with the forward solve, against those that go back. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { operations } from "../../src/cell/functions.js";
import { Engine } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { planSolve, type SolveOptions } from "../../src/plan/plan.js";
import { directionsAhead } from "../../src/solve/tangents.js";
import { everything } from "../solve/gpu-twin.js";
import { clamped } from "../support/hybrid.js";
import { hazard, wave } from "../support/inputs.js";
import { stiffCases } from "../support/stiff.js";

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.create({ backend: "simd", threads: 2 });
});
afterAll(() => engine?.dispose());

const linear = (samples: number[]) => ({ dt: 0.1, samples, interpolation: "linear" as const });
/** Of which three resets in ten leave the event function above 0: a spike follows at once, and moves with the one before. */
const short: CellDefinition = {
  name: "short",
  state: { v: "mu * (I - v)", s: "exp(beta * (v - 1))" },
  noise: { v: "sigma" },
  event: "s",
  reset: { v: "v - vReset", s: "b - u" },
  start: { v: "0", s: "-0.1 - u" },
  parameters: { mu: 6, beta: 4, sigma: 0.2, vReset: 0.3, b: 0.3 },
};
const cases: [string, NetworkDefinition, few: string[], more: string[], options?: Partial<SolveOptions>][] = [
  ["the cell of figure 1", { current: 1.5 }, ["current", "sigma1"], ["mu1", "beta", "vReset"]],
  ["start and event by parameters", { current: 1.5, parameters: { mu2: 0 } }, ["alpha", "vTh", "beta"], ["mu1"]],
  ["resets that fall short", { cell: short, current: 1.3 }, ["b", "vReset"], ["mu", "beta"]],
  ["signals", { cell: hazard, inputs: { I: linear(wave(1.4, 0.3, 30)), g: linear(wave(0.8, 0.5, 30)) } }, ["vReset"], ["mu", "eR", "beta"]], // biome-ignore format: one line
  ["several events, conditions and further random numbers", { cell: clamped, current: 1.5 }, ["tref", "current"], ["mu", "sigma"]], // biome-ignore format: one line
  ["stiff states with noise", stiffCases[0]![1], ["mu1", "current"], ["mu2", "vReset"]],
  ["a threshold on a stiff state", stiffCases[2]![1], ["mu", "th"], ["tau", "hold"]],
  // So many steps of a gradient are carried.
  ["carried increments", { current: 1.5 }, ["mu1", "current"], ["sigma1", "vReset"], { paths: 20, dt: 2 / 5000 }],
];
const options: SolveOptions = { paths: 300, t1: 2, dt: 0.01, seed: 7 };

async function rowsOf(definition: NetworkDefinition, given: SolveOptions, names: string[], chunkBytes?: number) {
  const network = engine.network(definition);
  const loss = firstSpikes([[0.2, 0.3, 1.2]], "mse");
  const plan = network.gradientPlan(given, loss);
  const evaluator = await network.evaluator(plan, loss, names);
  const paths: number[][] = [];
  try {
    const perPath = (first: number, count: number, rows: ArrayLike<number>): void => {
      for (let i = 0; i < count; i++) paths[first + i] = names.map((_, n) => rows[(1 + n) * count + i]!);
    };
    const { value, flat } = await evaluator.evaluate(plan, { perPath, ...(chunkBytes ? { chunkBytes } : {}) });
    return { value, flat: Array.from(flat), paths };
  } finally {
    evaluator.dispose();
  }
}

const ahead = (definition: NetworkDefinition, given: SolveOptions, names: string[]) => {
  const network = defineNetwork(definition);
  const plan = planSolve(network, given);
  const views = requestedViews(network, parameterLayout(plan), names, undefined, true);
  return directionsAhead(plan, views, [], operations(network.cell.drift));
};

describe.each(["euler", "levy"] as const)("%s", (method) => {
  it.each(cases)("are those of the backward recursion, path by path: %s", async (_, definition, few, more, own) => {
    const given = { ...options, ...own, method, antithetic: method === "levy" };
    expect(ahead(definition, given, few)).toHaveLength(few.length);
    expect(ahead(definition, given, [...few, ...more])).toBeUndefined();
    const mine = await rowsOf(definition, given, few);
    const its = await rowsOf(definition, given, [...few, ...more]);
    // The spikes are the same.
    expect(mine.value).toBe(its.value);
    few.forEach((_, n) => {
      const most = Math.max(...its.paths.map((row) => Math.abs(row[n]!)));
      expect(most).toBeGreaterThan(0);
      // Sums in another order, of some hundred numbers in float32 each; where an event comes at a grazing slope 1 / rate amplifies that.
      mine.paths.forEach((row, i) => {
        expect(Math.abs(row[n]! - its.paths[i]![n]!)).toBeLessThan(1e-4 * most);
      });
      expect(Math.abs(mine.flat[n]! - its.flat[n]!)).toBeLessThan(1e-5 * most);
    });
  });
});

it("go back where a gradient has more than times of spikes", () => {
  const neuron: NetworkDefinition = { current: 1.5 };
  expect(ahead(neuron, options, ["mu1"])).toEqual([0]);
  // A number for each time.
  expect(ahead({ current: { dt: 0.1, samples: wave(1.5, 0.2, 20) } }, options, ["current"])).toBeUndefined();
  // Written out at every push, these would not be compiled.
  expect(ahead(everything, { ...options, method: "levy" }, ["mu", "beta", "current"])).toBeUndefined();
  const network = defineNetwork(neuron);
  const plan = planSolve(network, options);
  const views = requestedViews(network, parameterLayout(plan), ["mu1"], undefined, true);
  expect(directionsAhead(plan, views, [{ event: 0, start: 0, again: 0 }], 1)).toBeUndefined();
});
