/** A sparse random network of 1,000 leaky neurons with current synapses, by neurons and by the float64 twin, over a second. */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { simulateGpu } from "../../src/solve/simulate.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();

const spread = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, k) => ((from + k) * 0.6180339887498949) % 1);
const population = (from: number, neurons: number) => ({
  cell: {
    name: "leaky",
    state: { v: "(I + x - v) / 20", x: "-x / 5" },
    event: "v - 1",
    reset: { v: "0" },
    receive: { x: "x + w" },
    start: { v: "v0" },
    parameters: { v0: 0 },
  },
  neurons,
  parameters: { v0: spread(from, neurons) },
  current: 1.05,
});
const projection = (from: string, to: string, out: number, constant: number, seed: number) => {
  return { from, to, weights: { random: { out, constant, seed } }, delays: 1.5 };
};
const network: NetworkDefinition = {
  populations: { e: population(0, 800), i: population(800, 200) },
  projections: [
    projection("e", "e", 80, 0.1, 1),
    projection("e", "i", 20, 0.1, 2),
    projection("i", "e", 80, -0.5, 3),
    projection("i", "i", 20, -0.5, 4),
  ],
};

it("fires as the twin does until rounding changes an order, and as often", { timeout: 1_200_000 }, async () => {
  const cpu = await Engine.create({ backend: "cpu" });
  const options = { t1: 1000, dt: 1, paths: 1, seed: 1 };
  const b = await (await cpu.network(network).simulate(options)).read();
  // Rounded: a potential remembers 20 steps, each rounded to 6e-8, and is off by 3e-7; a threshold that it approaches by 0.0025
  // a ms is met 1e-4 ms early or late, which targets that are as slow multiply, tenfold by 200 ms. Carried: what is left is the
  // rounding of weights and places.
  for (const [increments, most] of [
    ["rounded", 2e-3],
    ["carried", 1e-4],
  ] as const) {
    const plan = {
      ...engine()
        .network(network)
        .plan({ ...options, distribution: "neuron" }),
      increments,
    };
    const a = await (await simulateGpu(engine().gpu!, plan)).read();
    let worst = 0;
    let n = 0;
    for (; a.neurons[n] === b.neurons[n] && b.times[n]! < 200; n++) {
      worst = Math.max(worst, Math.abs(a.times[n]! - b.times[n]!));
    }
    expect(n).toBeGreaterThan(1000);
    expect(worst, increments).toBeLessThan(most);
    expect(Math.abs(a.counts[0]! / b.counts[0]! - 1)).toBeLessThan(0.02);
  }
});
