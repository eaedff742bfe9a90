/** Networks of populations: names, values of their own, projections in all their forms, and their gradients. */
import { describe, expect, it } from "vitest";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { weightAt } from "../../src/network/connections.js";
import { defineNetwork } from "../../src/network/network.js";
import { parameterLayout, parameterVector, replaceParameters, requestedViews } from "../../src/plan/layout.js";
import { planSolve, type SolveOptions } from "../../src/plan/plan.js";
import { evaluateCpu, simulateCpu } from "../../src/twin/evaluate.js";
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
    const entries = views.reduce((n, view) => n + view.length, 0);
    const flat = new Float64Array(entries);
    const { gradient } = await evaluateCpu(plan, loss, views, {
      perPath: (_, count, rows) => {
        for (let e = 0; e < entries; e++)
          for (let i = 0; i < count; i++) flat[e]! += rows[(1 + e) * count + i]! / count;
      },
    });
    // Each has the shape in which it was given.
    expect(gradient["hidden.sigma1"]).toHaveLength(3);
    expect(gradient["hidden→out.weights"]).toMatchObject([{ length: 2 }, { length: 2 }, { length: 2 }]);
    expect((gradient["hidden→hidden.weights"] as number[][]).map(([from, to]) => [from, to])).toEqual([
      [1, 0],
      [0, 2],
    ]);
    expect(gradient["hidden→hidden.delays"]).toHaveLength(2);
    expect(typeof gradient["back.weights"]).toBe("number");
    expect(gradient["out.current"]).toHaveLength(2);
    const vector = parameterVector(plan);
    const places = views.flatMap((view) => Array.from({ length: view.length }, (_, i) => view.offset + i));
    expect(flat.length).toBe(places.length);
    let moved = 0;
    for (const [i, place] of places.entries()) {
      const at = async (h: number): Promise<number> => {
        const changed = vector.slice();
        changed[place]! += h;
        return (await evaluateCpu(replaceParameters(plan, layout, changed), loss, [])).value;
      };
      // Central differences of fourth order: what they leave out is 1e-12 of the third and more of a smooth function.
      const h = 1e-4;
      const [a, b, c, d] = [await at(h), await at(-h), await at(2 * h), await at(-2 * h)];
      const difference = (8 * (a - b) - (c - d)) / (12 * h);
      expect(Math.abs(flat[i]! - difference), `${i}`).toBeLessThanOrEqual(1e-6 * Math.max(1e-2, Math.abs(difference)));
      if (Math.abs(difference) > 1e-3) moved++;
    }
    expect(moved).toBeGreaterThan(12);
  });
});
