/** States at grid points in the twin: against traces, and gradients by them against finite differences. */
import { describe, expect, it } from "vitest";
import { slif } from "../../src/cell/slif.js";
import { Engine } from "../../src/engine.js";
import type { Loss } from "../../src/loss/loss.js";
import { libraryCell, type NetworkDefinition } from "../../src/network/network.js";
import type { Method, SolveOptions, SolvePlan } from "../../src/plan/plan.js";
import { one, recurrent } from "../solve/gpu-twin.js";
import { delayed } from "../support/delayed.js";
import { expectGradient } from "../support/gradient.js";
import { hybrids } from "../support/hybrid.js";
import { stiffCases } from "../support/stiff.js";

const cpu = await Engine.create({ backend: "cpu" });
const barrier = { cell: await libraryCell("barrier-option"), parameters: { barrier: 105, strike: 50 } };

describe("gradients by states", () => {
  const states = { times: [0, 0.02, 0.5, 0.52, 0.98, 1] };
  const cases: [string, Parameters<typeof expectGradient>[0], Method, Partial<SolveOptions>][] = [
    ["one neuron", one, "levy", { states }],
    ["one neuron, with kicks", one, "euler", { states: { times: { every: 0.1 } } }],
    ["one neuron, held after its second spike", one, "levy", { states, maxSpikes: 2 }],
    ["held where the path ends", barrier, "levy", { states: { times: { every: 0.2 } } }],
    [
      "some of a network",
      {
        ...recurrent,
        neurons: 3,
        weights: {
          dense: [
            [0.3, 0.5, -0.2],
            [0.6, 0, 0.3],
            [0.4, 0.2, 0.1],
          ],
        },
        parameters: {},
        current: [1.5, 1.4, 1.6],
      },
      "levy",
      { states: { ...states, of: ["i", "v"], neurons: [2, 0] } },
    ],
    ["delays", delayed, "levy", { states: { ...states, neurons: [1] } }],
    ["a hybrid cell", hybrids[0]![1], "levy", { states }],
    ["stiff states", stiffCases[0]![1], "levy", { states }],
  ];
  it.each(cases)("are finite differences: %s", (_, network, method, options) => {
    expectGradient(network, method, options);
  });
});

describe("states of a simulation", () => {
  const solve = { paths: 3, t1: 1, dt: 0.1, seed: 4 };

  it("are those of the traces at these times, before an input spike that is given for one of them", async () => {
    const network = cpu.network({ ...recurrent, inputSpikes: { times: [0.3], neurons: [1], weights: [2] } });
    const options = { ...solve, states: { of: ["i", "v"], neurons: [1, 4], times: [0, 0.3, 1] } };
    const table = await (await network.simulate(options)).states();
    expect(table.states).toEqual(["i", "v"]);
    expect([...table.neurons]).toEqual([1, 4]);
    const traces = await network.stateTraces(solve);
    for (let path = 0; path < 3; path++) {
      [0, 0.3, 1].forEach((t, n) => {
        [1, 4].forEach((k, m) => {
          const { times, states } = traces.find((x) => x.path === path && x.neuron === k)!;
          // The trace has both: what was when the spike came, and what it did.
          const there = times.findIndex((x) => Math.abs(x - t) < 1e-9);
          const found = table.values.slice(((path * 3 + n) * 2 + m) * 2).slice(0, 2);
          expect([...found]).toEqual([states.i![there], states.v![there]]);
        });
      });
    }
  });

  it("are held where an event has ended the path, after its jump", async () => {
    const network = cpu.network(one);
    const options = { ...solve, t1: 2, maxSpikes: 1, states: { of: ["v"], times: { every: 0.1 } } };
    const spikes = await network.simulate(options);
    const { values } = await spikes.states();
    const [first] = await spikes.spikeTimes();
    const after = values.slice(0, 21).filter((_, n) => n / 10 > first!);
    expect(after.length).toBeGreaterThan(5);
    expect(new Set(after).size).toBe(1);
    const [trace] = await network.stateTraces({ ...solve, paths: 1, t1: 2, maxSpikes: 1 });
    expect(after[0]).toBe(trace!.states.v!.at(-1));
  });

  const cases: [string, SolveOptions["states"], Partial<SolveOptions>, RegExp][] = [
    [
      "a time between grid points",
      { times: [0.25] },
      {},
      /^states\.times\[0\]: 0\.25 lies between .* the nearest is 0\.3$/,
    ],
    ["a time after t1", { times: [0.1, 1.1] }, {}, /^states\.times\[1\]: is 1\.1; .* to t1 = 1$/],
    ["times that do not rise", { times: [0.2, 0.2] }, {}, /^states\.times\[1\]: 0\.2 does not come after 0\.2$/],
    ["no times", { times: [] }, {}, /^states\.times: is empty/],
    ["none given", {} as SolveOptions["states"], {}, /^states\.times: is missing/],
    ["a stride off the grid", { times: { every: 0.16 } }, {}, /^states\.times\.every: .* the nearest is 0\.2$/],
    ["an unknown state", { of: ["x"], times: [1] }, {}, /^states\.of\[0\]: "x": .* known: v, i, s$/],
    ["a state twice", { of: ["v", "v"], times: [1] }, {}, /^states\.of\[1\]: "v" stands there twice$/],
    ["an unknown neuron", { neurons: [0, 5], times: [1] }, {}, /^states\.neurons\[1\]: .* 0 to 4, got 5$/],
    ["a neuron twice", { neurons: [1, 1], times: [1] }, {}, /^states\.neurons\[1\]: neuron 1 stands there twice$/],
    ["another field", { at: 1, times: [1] } as SolveOptions["states"], {}, /^states\.at: is unknown/],
    [
      "paths of a network that end early",
      { times: [1] },
      { maxSpikes: 3 },
      /^maxSpikes: stops paths .* at different times/,
    ],
  ];
  it.each(cases)("are refused in one line: %s", (_, states, options, message) => {
    expect(() => cpu.network(recurrent).plan({ ...solve, ...options, states: states! })).toThrow(message);
  });

  it("of a population are those of its neurons", () => {
    const populations = { a: { neurons: 2 }, in: { sources: 1 }, b: { neurons: 3 } };
    const network = cpu.network({
      populations,
      projections: [{ from: "in", to: "b", weights: { dense: [[1, 1, 1]] } }],
    });
    const samples = { spikes: [{ times: [0.5], sources: [0] }] };
    const plan = (neurons: string): SolvePlan =>
      network.plan({ t1: 1, dt: 0.1, samples, states: { neurons, times: "t1" } });
    expect([...plan("b").observed!.neurons]).toEqual([2, 3, 4]);
    expect([...plan("b").observed!.steps]).toEqual([10]);
    expect(() => plan("in")).toThrow(
      /^states\.neurons: "in" are sources, which are no neurons; name a population of neurons$/,
    );
    expect(() => plan("c")).toThrow(/^states\.neurons: no population of neurons is called "c"; known: a, b$/);
  });

  it("are not there unless asked for", async () => {
    const spikes = await cpu.network(one).simulate(solve);
    await expect(spikes.states()).rejects.toThrow(/^states: none were kept; simulate with states/);
  });
});

describe("a loss of states", () => {
  const mean = (of: string): Loss => ({
    kind: "mean-state",
    states: { of: [of], times: [0.5, 1] },
    pathwise: true,
    evaluate: (spikes, _, states) => ({
      value: states!.reduce((sum, v) => sum + v, 0) / spikes.length,
      cotangents: spikes.map(({ times }) => times.map(() => 0)),
      stateCotangents: states!.map(() => 1 / spikes.length),
      pathValues: spikes.map((_, i) => states![2 * i]! + states![2 * i + 1]!),
    }),
  });
  const options = { paths: 200, t1: 1, dt: 0.02, seed: 2, with: ["mu1", "current"] };
  const integral: NetworkDefinition = {
    cell: {
      ...slif.definition,
      name: "slif-integral",
      state: { ...slif.definition.state, area: "v" },
    },
    current: 1.5,
  };

  it("that jump at a spike is told from one of those that do not", async () => {
    const jumps = await cpu.network(integral).valueAndGradient(mean("v"), options);
    expect(jumps.because.join()).toMatch(/"mean-state": it looks at v at given times, which jumps at the event spike/);
    const smooth = await cpu.network(integral).valueAndGradient(mean("area"), options);
    expect([smooth.unbiased, smooth.because]).toEqual([true, []]);
    // The integral of v, to its derivative by the current over paths with the same noise: within four standard errors.
    const h = 0.02;
    const at = async (current: number): Promise<Float64Array> => {
      const values = new Float64Array(options.paths);
      const perPath = (first: number, count: number, rows: Float64Array | Float32Array): void => {
        values.set(rows.slice(0, count), first);
      };
      await cpu.network({ ...integral, current }).valueAndGradient(mean("area"), { ...options, perPath });
      return values;
    };
    const [up, down] = [await at(1.5 + h), await at(1.5 - h)];
    const each = up.map((v, i) => (v - down[i]!) / (2 * h));
    const average = each.reduce((sum, v) => sum + v, 0) / each.length;
    const spread = Math.sqrt(each.reduce((sum, v) => sum + (v - average) ** 2, 0) / each.length / (each.length - 1));
    expect(Math.abs((smooth.gradient.current as number) - average)).toBeLessThan(4 * spread);
    expect(smooth.standardError).toBeGreaterThan(0);
  });

  it("is refused where it gives no cotangent of each", async () => {
    const bad = { ...mean("area"), evaluate: () => ({ value: 0, cotangents: [[]], stateCotangents: [1] }) };
    const one = { ...options, paths: 1, maxSpikes: 1, t1: 0.02 };
    await expect(
      cpu.network(integral).valueAndGradient({ ...bad, states: { times: [0.02] } }, { ...one, with: ["mu1"] }),
    ).rejects.toThrow(/"mean-state": stateCotangents has 1 entries; each of 4 states needs a number/);
  });
});
