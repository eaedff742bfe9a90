/** Networks of populations: names, values of their own, projections in all their forms, and their gradients. */
import { describe, expect, it } from "vitest";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { weightAt } from "../../src/network/connections.js";
import { defineNetwork } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { planSolve, type SolveOptions } from "../../src/plan/plan.js";
import { simulateCpu } from "../../src/twin/evaluate.js";
import { expectPlanDifferences } from "../support/plan-differences.js";
import { delayedPopulations } from "../support/populations.js";

const options: SolveOptions = { paths: 4, t1: 1, dt: 0.02, seed: 3 };
const names = [
  "hidden.mu1",
  "hidden.sigma1",
  "out.beta",
  "out.vTh",
  "hidden.current",
  "out.I",
  "hidden->out.weights",
  "hidden→hidden.weights",
  "back.weights",
  "hidden->out.delays",
  "hidden->hidden.delays",
];

describe("a network of populations", () => {
  it("has the spikes of its shorthand, to the bit", async () => {
    const parameters = { mu1: 6, beta: [4, 4, 4, 6] };
    const weights = [
      [0, 0.8, 0, 1],
      [0, 0, 0.9, 0],
      [0.5, 0, 0, 0.4],
      [0.3, 0, 0, 0],
    ];
    const one = defineNetwork({ neurons: 4, parameters, weights: { dense: weights }, current: 1.5 });
    const two = defineNetwork({
      populations: {
        a: { neurons: 3, parameters: { mu1: 6, beta: 4 }, current: 1.5 },
        b: { neurons: 1, parameters: { mu1: 6, beta: 6 }, current: 1.5 },
      },
      projections: [
        { from: "a", to: "a", weights: { dense: weights.slice(0, 3).map((row) => row.slice(0, 3)) } },
        { from: "b", to: "a", weights: { dense: weights.slice(3).map((row) => row.slice(0, 3)) } },
        { from: "a", to: "b", weights: { rowStart: [0, 1, 2, 3], targets: [0, 0, 0], weights: [1, 0, 0.4] } },
        { from: "b", to: "b", weights: { oneToOne: 0 } },
      ],
    });
    const tables = await Promise.all([one, two].map(async (n) => (await simulateCpu(planSolve(n, options))).read()));
    expect(tables[0]!.counts.reduce((a, b) => a + b)).toBeGreaterThan(8);
    expect(tables[1]).toEqual(tables[0]);
    // Rows interleave, so weights lie by projection and edges have their places.
    expect(two.connections.weightOf).toBeDefined();
    expect(Array.from(two.connections.targets, (_, e) => weightAt(two.connections, e))).toEqual(weights.flat());
  });

  it("has gradients that finite differences have, by values of populations, weights and delays of projections", async () => {
    const plan = planSolve(defineNetwork(delayedPopulations), options);
    const layout = parameterLayout(plan);
    const views = requestedViews(plan.network, layout, names);
    expect(views.map((v) => v.name)).toEqual(names.map((n) => n.replace("->", "→").replace("out.I", "out.current")));
    const loss = meanSpikeTime(4, 1);
    // An arrival lies within 1e-4 of a grid point, where the path's slope jumps and derivatives by a delay do; nearer, values are smooth,
    // and differences leave out less than their rounding.
    const { gradient, moved } = await expectPlanDifferences(plan, loss, views, { h: 2e-5, floor: 1e-2 });
    // Each has the shape in which it was given, by the name that was asked for.
    expect(gradient["hidden.sigma1"]).toHaveLength(3);
    expect(gradient["hidden->out.weights"]).toMatchObject([{ length: 2 }, { length: 2 }, { length: 2 }]);
    expect((gradient["hidden→hidden.weights"] as number[][]).map(([from, to]) => [from, to])).toEqual([
      [1, 0],
      [0, 2],
    ]);
    expect(gradient["hidden->hidden.delays"]).toHaveLength(2);
    expect(typeof gradient["back.weights"]).toBe("number");
    expect(gradient["out.I"]).toHaveLength(2);
    expect(moved).toBeGreaterThan(12);
  });
});
