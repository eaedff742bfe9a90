/** Sparse random networks of leaky neurons with current synapses: a fifth inhibit, delays are 1.5 ms. Nothing is random after the start. */
import type { NetworkDefinition } from "../../src/network/network.js";

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

/** @param out connections of each neuron. */
export function sparseLeaky(neurons: number, out: number): NetworkDefinition {
  const exciting = 0.8 * neurons;
  const projection = (from: string, to: string, share: number, constant: number, seed: number) => {
    return { from, to, weights: { random: { out: share * out, constant, seed } }, delays: 1.5 };
  };
  return {
    populations: { e: population(0, exciting), i: population(exciting, neurons - exciting) },
    projections: [
      projection("e", "e", 0.8, 10 / out, 1),
      projection("e", "i", 0.2, 10 / out, 2),
      projection("i", "e", 0.8, -50 / out, 3),
      projection("i", "i", 0.2, -50 / out, 4),
    ],
  };
}
