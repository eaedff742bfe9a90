/** Networks some of whose states are stiff for steps of 0.01 and more, with events in every path. */
import type { CellDefinition } from "../../src/cell/cell.js";
import type { NetworkDefinition } from "../../src/network/network.js";

const weights = (neurons: number, size: number) => ({
  dense: Array.from({ length: neurons }, (_, k) =>
    Array.from({ length: neurons }, (_, j) => (j === k ? 0 : size * Math.sin(1 + 3 * k + 7 * j))),
  ),
});

/** A threshold on the stiff state itself, which a branch may hold at another rate; a slow state that it drives. */
export const fastThreshold: CellDefinition = {
  name: "fast threshold",
  state: { v: "q < hold ? 0.1 * mu * (0.2 - v) : mu * (I + 0.4 * sin(9 * q) - v)", q: "1 + 0.2 * v", z: "v - z / tau" },
  event: "v - th - 0.1 * z",
  reset: { v: "v - 0.9", q: "-0.1" },
  receive: { z: "z + w" },
  start: { v: "0.3 * u", q: "0.5" },
  parameters: { mu: 110, hold: 0.02, th: 1.15, tau: 0.01 },
};

export const stiffCases: [string, NetworkDefinition][] = [
  [
    "a stiff membrane and a stiff synapse, with noise of both",
    { cell: "slif", parameters: { mu1: 70, mu2: 150, sigma1: 1, sigma2: 1.5, i0: 0.2, vReset: 1.4 }, current: 1.45 },
  ],
  [
    "stiff synapses of a network, some of them not, with input spikes",
    {
      cell: "slif",
      neurons: 4,
      parameters: { mu1: [14, 70, 16, 15], mu2: [200, 90, 10, 60], sigma1: 0.25, sigma2: [0.2, 0.3, 0.25, 0.2], vReset: 1.3 }, // biome-ignore format: short
      weights: weights(4, 0.6),
      current: [1.5, 1.4, 1.6, 1.4],
      inputSpikes: { times: [0.05, 0.051, 0.2, 0.315], neurons: [0, 1, 3, 2], weights: [0.5, 0.8, -0.4, 1.1] },
    },
  ],
  ["a threshold on a stiff state with branches", { cell: fastThreshold, current: 1.1 }],
  [
    "a network of thresholds on stiff states",
    { cell: fastThreshold, neurons: 3, parameters: { mu: [110, 90, 130] }, weights: weights(3, 0.04), current: [1.15, 1.3, 1.22] }, // biome-ignore format: short
  ],
];
