/** Networks of populations of different cells. */
import { describe, expect, it } from "vitest";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { defineNetwork, libraryCell } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { planSolve, type SolveOptions } from "../../src/plan/plan.js";
import { simulateCpu } from "../../src/twin/evaluate.js";
import { expectPlanDifferences } from "../support/plan-differences.js";
import { differentCells } from "../support/populations.js";

const options: SolveOptions = { paths: 2, t1: 0.6, dt: 0.02, seed: 3 };

describe("a network of different cells", () => {
  it("has what each cell has, and no more", () => {
    const network = defineNetwork(differentCells);
    expect(network.cell.exactness.conditions.filter((c) => c.verdict === "violated")).toEqual([]);
    const plan = planSolve(network, options);
    const names = [...parameterLayout(plan).views.keys()];
    expect(names).toContain("input.mu1");
    expect(names).toContain("inner.tRef");
    expect(names).toContain("inner.drive");
    expect(names).toContain("out.tauM");
    expect(names.filter((n) => /inner.mu1|out.drive|whichCell|input.tauM|inner.current/.test(n))).toEqual([]);
  });

  it("has the spikes of each cell alone, where nothing connects them", async () => {
    await libraryCell("lif");
    const slow = { ...options, t1: 60, dt: 0.1 };
    const lif = { cell: "lif", neurons: 2, current: [400, 450] };
    const both = defineNetwork({ populations: { a: { neurons: 1, current: 1.5 }, b: lif } });
    const table = await (await simulateCpu(planSolve(both, slow))).read();
    const alone = await (await simulateCpu(planSolve(defineNetwork(lif), slow))).read();
    for (let i = 0; i < slow.paths!; i++) {
      const timesOf = (t: typeof table, of: (k: number) => boolean): number[] =>
        Array.from(t.times.subarray(i * t.slots, i * t.slots + t.counts[i]!)).filter((_, n) =>
          of(t.neurons[i * t.slots + n]!),
        );
      const own = timesOf(table, (k) => k > 0);
      expect(own.length).toBeGreaterThan(4);
      // What is stiff in one cell is integrated along its rate in all: a method's error of 1e-9 apart.
      timesOf(alone, () => true).forEach((time, n) => {
        expect(Math.abs(own[n]! - time)).toBeLessThan(1e-7);
      });
    }
  });

  it("has gradients that finite differences have", async () => {
    const plan = planSolve(defineNetwork(differentCells), options);
    const layout = parameterLayout(plan);
    const names = [
      "input.mu1",
      "input.sigma1",
      "input.current",
      "inner.tauM",
      "inner.tauSyn",
      "inner.tRef",
      "inner.drive",
      "input->inner.weights",
      "inner->input.weights",
      "inner->input.delays",
    ];
    const views = requestedViews(plan.network, layout, names);
    // The third spike of a threshold neuron.
    const loss = meanSpikeTime(3, 2);
    // Relative to a hundredth at least: spike times are located to 1e-12.
    const { moved } = await expectPlanDifferences(plan, loss, views, { h: 2e-5, floor: 1e-1 });
    expect(moved).toBeGreaterThan(8);
  });

  it("refuses names that mean two things", () => {
    const other = { name: "other", state: { mu1: "1" }, event: "mu1 - 1", reset: { mu1: "0" }, parameters: {} };
    expect(() => defineNetwork({ populations: { a: { neurons: 1 }, b: { cell: other, neurons: 1 } } })).toThrow(
      'network.populations: "mu1" is a parameter of cell "slif" and a state of "other"; rename one',
    );
  });
});
