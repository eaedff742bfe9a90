/** Populations of Poisson processes: the law of their counts, their rates as parameters, and what is refused. */
import { describe, expect, it } from "vitest";
import { poisson } from "../../src/cells/poisson.js";
import { Engine } from "../../src/engine.js";
import { spikeCount } from "../../src/loss/spike-count.js";
import { fittedPopulations } from "../../src/network/fitted-populations.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { pathsOf } from "../../src/spikes/table.js";

const engine = await Engine.create({ backend: "cpu" });
const solve = { paths: 2000, t1: 2, dt: 0.25, seed: 5 };

async function countsOf(network: NetworkDefinition, from = 0, to = solve.t1): Promise<number[]> {
  const spikes = await engine.network(network).simulate(solve);
  return pathsOf(await spikes.read()).map(({ times }) => times.filter((t) => t >= from && t < to).length);
}

/** P(chi² of k degrees of freedom > x) for the bound: of Wilson and Hilferty (1931), as a standard normal number. */
const standard = (x: number, k: number): number => (Math.cbrt(x / k) - (1 - 2 / (9 * k))) / Math.sqrt(2 / (9 * k));

/** Counts are Poisson of this mean: chi² over cells in which 20 or more are expected, at 4 standard deviations. */
function expectPoisson(counts: readonly number[], mean: number): void {
  let [chi, cells, below, kept] = [0, 0, 0, 0];
  let [expected, found, p] = [0, 0, Math.exp(-mean)];
  for (let n = 0; n < 60; n++) {
    expected += counts.length * p;
    found += counts.filter((c) => c === n).length;
    p *= mean / (n + 1);
    if (expected < 20 || counts.length - below - expected < 20) continue;
    chi += (found - expected) ** 2 / expected;
    below += expected;
    kept += found;
    [expected, found] = [0, 0];
    cells++;
  }
  chi += (counts.length - kept - (counts.length - below)) ** 2 / (counts.length - below);
  expect(cells).toBeGreaterThan(2);
  expect(Math.abs(standard(chi, cells))).toBeLessThan(4);
}

describe("a population of Poisson processes", () => {
  it("has counts of their law, of a constant and of a changing rate, and they are independent of what was before", async () => {
    expectPoisson(await countsOf({ populations: { in: { poisson: 3 } } }), 6);
    // Of three neurons together.
    expectPoisson(await countsOf({ populations: { in: { poisson: [0.5, 1, 1.5] } } }), 6);
    // A line from 0 to 4 and back to 0, over twice 1: 2 in each half.
    const rate = { dt: 1, samples: [0, 4, 0], interpolation: "linear" } as const;
    const changing = { populations: { in: { poisson: rate } } };
    const [first, second] = [await countsOf(changing, 0, 0.5), await countsOf(changing, 0.5, 2)];
    expectPoisson(first, 0.5);
    expectPoisson(second, 3.5);
    const covariance = first.reduce((sum, n, i) => sum + (n - 0.5) * (second[i]! - 3.5), 0) / first.length;
    // Its standard error is √(0.5 · 3.5 / paths).
    expect(Math.abs(covariance)).toBeLessThan(4 * Math.sqrt((0.5 * 3.5) / first.length));
  });

  it("has derivatives by its rate: of the mean count the time", async () => {
    const network = engine.network({ populations: { in: { poisson: [3, 2], neurons: 2 } } });
    const found = await network.valueAndGradient(spikeCount(), { ...solve, with: ["in.rate"] });
    const errors = found.gradientStandardError["in.rate"] as number[];
    (found.gradient["in.rate"] as number[]).forEach((d, k) => {
      expect(errors[k]).toBeLessThan(0.1);
      expect(Math.abs(d - 2)).toBeLessThan(4 * errors[k]! + 1e-12);
    });
    expect([found.unbiased, found.because]).toEqual([true, []]);
  });

  it("is the cell of that name, and keeps its form with a fitted rate", () => {
    const given: NetworkDefinition = { populations: { in: { poisson: 2, neurons: 3 } } };
    const long = { populations: { in: { cell: "poisson", neurons: 3, inputs: { rate: 2 } } } };
    expect(defineNetwork(given).parameters).toEqual(defineNetwork(long).parameters);
    const fitted = fittedPopulations(given, { "in.rate": 2.5 });
    expect(fitted.populations).toEqual({ in: { poisson: 2.5, neurons: 3 } });
  });

  it.each<[object, string]>([
    [{ poisson: -1 }, "network.populations.in.poisson: expected a number of at least 0, got -1"],
    [{ poisson: [1, -2] }, "network.populations.in.poisson[1]: expected a number of at least 0, got -2"],
    [
      { poisson: { dt: 1, samples: [1, -2] } },
      "network.populations.in.poisson.samples[1]: expected a number of at least",
    ],
    [{ poisson: [1, 2], neurons: 3 }, "network.populations.in.poisson: has 2 rates for 3 neurons; give one for all"],
    [{ poisson: [] }, "network.populations.in.poisson: is empty; give one rate or more"],
    [{ poisson: "3" }, "network.populations.in.poisson: expected a number, a list, or { dt, samples }"],
    [{ poisson: 3, cell: "slif" }, "network.populations.in.cell: "],
  ])("refuses %#", (population, message) => {
    expect(() => defineNetwork({ populations: { in: population as never } })).toThrow(message);
  });

  it("takes no spikes", () => {
    const populations = { in: { poisson: 1 } };
    const projections = [{ from: "in", to: "in", weights: { allToAll: 1 } }];
    expect(() => defineNetwork({ populations, projections })).toThrow(
      'network.projections[0].to: "in" has the cell "poisson", of which nothing becomes where a spike arrives',
    );
    const nothing = 'cell "poisson" is one of which nothing becomes where a spike arrives; give it "receive"';
    const inputSpikes = { times: [0.1], neurons: [1], weights: [1] };
    expect(() => defineNetwork({ populations: { out: { neurons: 1 }, ...populations }, inputSpikes })).toThrow(
      `input.spikes.neurons[0]: ${nothing}`,
    );
    const alone = { cell: poisson, inputs: { rate: 1 }, neurons: 2 };
    expect(() => defineNetwork({ ...alone, inputSpikes })).toThrow(`input.spikes: ${nothing}`);
    expect(() => defineNetwork({ ...alone, weights: { edges: [[0, 1, 1]] } })).toThrow(`network.weights: ${nothing}`);
  });
});
