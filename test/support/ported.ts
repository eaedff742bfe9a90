/** Networks of a cell with three ports: conductances of two signs, and a jump along a field. */
import type { CellDefinition } from "../../src/cell/cell.js";
import type { InputSpikes, NetworkDefinition } from "../../src/network/network.js";

export const ported: CellDefinition = {
  name: "ported",
  state: {
    v: "mu * (I - v + ge * (1.5 - v) - gi * (v + 0.5))",
    ge: "-ge / tauE",
    gi: "-gi / tauI",
    s: "exp(min(beta * (v - 1), 10))",
  },
  noise: { v: "sigma" },
  event: "s",
  reset: { v: "v - vReset", s: "log(u) - 0.02" },
  receive: {
    exc: { ge: "ge + w" },
    inh: { gi: "gi + k * w * w" },
    shot: { marcus: { v: "w * (2 - v)", ge: "0.1 * w * v" } },
  },
  start: { s: "log(u) - 0.02" },
  parameters: { mu: 12, tauE: 0.08, tauI: 0.13, beta: 5, sigma: 0.2, vReset: 1.1, k: 1.3 },
};

const input: InputSpikes = {
  times: [0.05, 0.051, 0.2, 0.315, 0.315, 0.4],
  neurons: [0, 1, 2, 2, 0, 1],
  weights: [0.5, 0.8, 0.4, 0.3, 0.6, 0.7],
  port: ["exc", "inh", "shot", "exc", "inh", "shot"],
};

const edges = (...list: [number, number, number][]) => ({ edges: list });

/** Each neuron to itself, and one connection at most from a neuron to another. */
export const byPorts: NetworkDefinition = {
  cell: ported,
  neurons: 3,
  weights: [
    { ...edges([0, 1, 0.7], [1, 2, 0.6], [2, 2, 0.4]), port: "exc" },
    { ...edges([2, 0, 0.5], [0, 0, 0.3], [0, 2, 0.4]), port: "inh" },
    { ...edges([2, 1, 0.2], [1, 0, 0.15]), port: "shot" },
  ],
  current: [1.5, 1.3, 1.2],
  inputSpikes: input,
};

/** Several connections from a neuron to another. */
export const parallel: NetworkDefinition = {
  ...byPorts,
  weights: [
    { dense: [0.4, 0.3, 0.5].map((w, k) => [w, 0.9 * w, 0.5 + 0.1 * k]), port: "exc" },
    { ...edges([2, 0, 0.5], [0, 1, 0.3], [0, 2, 0.4], [1, 1, 0.2]), port: "inh" },
    { ...edges([0, 1, 0.2], [1, 0, 0.15]), port: "shot" },
  ],
};
