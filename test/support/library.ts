/** A network of each cell of the library, with events, and switches where it has any, in every path. */
import type { NetworkDefinition } from "../../src/network/network.js";
import type { SolveOptions } from "../../src/plan/plan.js";

/** Three neurons, each coupled to the next and inhibiting the one before. */
const coupled = (size: number): Pick<NetworkDefinition, "neurons" | "weights"> => ({
  neurons: 3,
  weights: {
    edges: [
      [0, 1, size],
      [1, 2, size],
      [2, 0, size],
      [1, 0, -0.5 * size],
    ],
  },
});

export const libraryNetworks: [name: string, network: NetworkDefinition, solve: Partial<SolveOptions>][] = [
  ["lif", { ...coupled(150), current: [520, 480, 450] }, { t1: 60, dt: 0.5 }],
  ["lif-conductance", { ...coupled(6), current: [160, 140, 150] }, { t1: 70, dt: 0.5 }],
  ["adex", { ...coupled(150), current: [1000, 900, 950] }, { t1: 45, dt: 0.1 }],
  ["izhikevich", { ...coupled(4), current: [12, 10, 14] }, { t1: 100, dt: 0.2 }],
  ["qif", { ...coupled(0.5), current: [2, 1.5, 1] }, { t1: 70, dt: 0.25 }],
  ["theta", { ...coupled(0.5), current: [2, 1.5, 1] }, { t1: 70, dt: 0.25 }],
  ["fitzhugh-nagumo", { ...coupled(0.1), current: [0.5, 0.6, 0.45] }, { t1: 120, dt: 0.25 }],
  ["hodgkin-huxley", { ...coupled(5), current: [10, 12, 15] }, { t1: 16, dt: 0.05 }],
  ["hodgkin-huxley-escape", { ...coupled(5), current: [10, 12, 15] }, { t1: 16, dt: 0.05 }],
  ["mat", { ...coupled(0.1), current: [0.9, 0.8, 0.7] }, { t1: 100, dt: 0.5 }],
  ["poisson", { neurons: 2, inputs: { rate: [2, 3] } }, { t1: 4, dt: 0.1 }],
  ["bouncing-ball", { neurons: 2, parameters: { h: [1, 0.5], e: [0.8, 0.85] } }, { t1: 2.4, dt: 0.05 }],
  ["thermostat", { neurons: 2, parameters: { high: [21, 20.5] } }, { t1: 90, dt: 0.5 }],
  ["mm1-queue", {}, { t1: 12, dt: 0.25 }],
  ["birth-death", {}, { t1: 4, dt: 0.1 }],
  ["drug", { neurons: 2, parameters: { interval: [8, 7.3], minimum: [1.2, 1.5] } }, { t1: 48.3, dt: 0.7 }],
  ["barrier-option", { parameters: { barrier: 105 } }, { t1: 1, dt: 0.02 }],
];

/** Cells that are read by their states, as they never fire: test/cells/readout.gpu.test.ts. */
export const silentCells = ["leaky-readout"];
