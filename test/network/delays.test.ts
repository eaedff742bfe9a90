/** Delays of connections. */
import { describe, expect, it } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { fitted } from "../../src/experiments/recovery.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import { planSchedule } from "../../src/spikes/schedule.js";
import { delayed } from "../support/delayed.js";

/** A neuron that fires whenever x has grown by 1, at a rate that arrivals add to. */
const counter: CellDefinition = {
  name: "counter",
  state: { x: "r", r: "0" },
  event: "x - 1",
  reset: { x: "x - 1" },
  receive: { r: "r + w" },
  start: { r: "rate" },
  parameters: { rate: 1 },
};

/** The first fires at 0.4; w reaches the second at T = 0.4 + d, which then fires at T + (1 − T) / (1 + w). */
const pair = (delay: number): NetworkDefinition => ({
  cell: counter,
  neurons: 2,
  parameters: { rate: [2.5, 1] },
  weights: { edges: [[0, 1, 0.5]], delays: delay },
});

describe("a delay between two neurons", () => {
  // Below dt, above it, and several steps.
  it.each([0.05, 0.12, 0.3])("%d: times and derivatives in closed form", async (delay) => {
    const cpu = await Engine.create({ backend: "cpu" });
    const network = cpu.network(pair(delay));
    const options = { paths: 1, t1: 1, dt: 0.1, with: ["delays", "weights", "rate"] };
    const T = 0.4 + delay;
    const result = await network.valueAndGradient(meanSpikeTime(1, 0), options);
    expect(result.value).toBeCloseTo(T + (1 - T) / 1.5, 12);
    expect(result.gradient.delays).toBeCloseTo(0.5 / 1.5, 10);
    expect((result.gradient.weights as number[][])[0]![2]).toBeCloseTo(-(1 - T) / 2.25, 10);
    // ∂T/∂rate₀ = −1/rate₀²; without the arrival the second would fire at 1/rate₁.
    expect((result.gradient.rate as number[])[0]).toBeCloseTo((-1 / 6.25) * (0.5 / 1.5), 10);
  });

  it("of 0 is as none, but for rounding", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const { weights, ...others } = delayed;
    const blocks = (weights as { edges: [number, number, number][] }[]).map(({ edges }) => ({ edges }));
    const times = async (weights: NetworkDefinition["weights"]) => {
      const spikes = await cpu
        .network({ ...others, weights: weights! })
        .simulate({ paths: 4, t1: 1, dt: 0.02, seed: 1 });
      return spikes.spikeTimes();
    };
    const [none, zero] = [await times(blocks), await times(blocks.map((b) => ({ ...b, delays: 0 })))];
    expect(none.length).toBe(zero.length);
    none.forEach((t, i) => {
      expect(zero[i]).toBeCloseTo(t, 12);
    });
  });
});

describe("delays as given", () => {
  const two = (weights: unknown) =>
    defineNetwork({ neurons: 2, weights: weights as NetworkDefinition["weights"] & object });
  const dense = [
    [0, 1],
    [2, 3],
  ];

  it.each([
    [{ dense, delays: -1 }, "network.weights.delays: expected a number of at least 0, got -1"],
    [{ dense, delays: Number.NaN }, "network.weights.delays: expected a finite number, got NaN"],
    [
      {
        dense,
        delays: [
          [0, 0],
          [0, -0.5],
        ],
      },
      "network.weights.delays[1][1]: expected a number of at least 0, got -0.5",
    ],
    [{ dense, delays: [[0, 0]] }, "network.weights.delays: expected 2 rows (one per sending neuron), got 1"],
    [
      { edges: [[0, 1, 2]], delays: [1, 2] },
      "network.weights.delays: expected one number, or a list of 1 (one per edge), got 2",
    ],
    [[{ dense }, { edges: [[0, 1, 2]], delays: "a" }], "network.weights[1].delays: expected one number"],
  ])("%j is refused", (weights, message) => {
    expect(() => two(weights)).toThrow(message);
  });

  it("go back to their shapes, and into a fitted network", () => {
    const { connections } = defineNetwork(delayed);
    expect(connections.delayShape(connections.delays)).toEqual([[0.0071, 0.0513, 0.1234, 0.0331], 0.0417, null]);
    const moved = fitted(delayed, { delays: [[0.1, 0.2, 0.3, 0.4], 0.5, null] });
    expect(defineNetwork(moved).connections.delays).toEqual(Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.5));
    expect(defineNetwork(moved).connections.weights).toEqual(connections.weights);
  });

  it("are no parameter of a network without them, nor a name for one of a cell's", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const options = { paths: 1, t1: 1, dt: 0.1, with: ["delays"] };
    const asked = cpu.network({ neurons: 2, weights: { dense } }).valueAndGradient(meanSpikeTime(0, 0), options);
    await expect(asked).rejects.toThrow('with[0]: "delays": no connections have delays');
    expect(() => defineCell({ ...counter, parameters: { rate: 1, delays: 2 } })).toThrow(
      '"delays" is a parameter of every',
    );
  });

  it("move the arrivals of a likelihood", () => {
    const plan = planSolve(defineNetwork(pair(0.33)), { paths: 1, t1: 1, dt: 0.1 });
    const { starts, steps, places } = planSchedule(plan, [{ times: [0.4, 0.8], neurons: [0, 0] }]);
    // Of the second neuron: that of 0.4; that of 0.8 would come after t1.
    expect([starts[1]! - starts[0]!, starts[2]! - starts[1]!]).toEqual([2, 1]);
    expect(steps[starts[1]!]! + places[starts[1]!]!).toBeCloseTo(7.3, 10);
  });
});
