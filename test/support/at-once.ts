import type { NetworkDefinition } from "../../src/network/network.js";

/**
 * Jumps that take the event function above zero: weights that fire their targets at once, a start above twice the
 * threshold, and resets that fall short. The spikes that follow a jump move with it.
 */
export const atOnce: NetworkDefinition = {
  cell: {
    name: "jumping",
    state: { v: "mu * (i + I - v)", i: "-5 * i" },
    noise: { i: "sigma" },
    event: "v - vTh",
    reset: { v: "v - vReset" },
    receive: { v: "v + w" },
    start: { v: "v0" },
    parameters: { mu: 6, sigma: 0.3, vTh: 1, vReset: 0.9, v0: 0 },
  },
  neurons: 4,
  parameters: { v0: [0.1, 0.3, 0.2, 2.6], mu: [6, 5, 7, 4] },
  weights: {
    edges: [
      [0, 1, 1.3],
      [1, 2, 2.4],
      [2, 0, 0.05],
      [3, 3, 0.02],
    ],
  },
  current: [1.6, 0.4, 0.3, 1.3],
  inputSpikes: { times: [0, 0.11, 0.3], neurons: [1, 2, 0], weights: [0.9, 0.2, 1.2] },
};
