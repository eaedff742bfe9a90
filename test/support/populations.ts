/** Networks of two populations of one cell, with values of their own and projections whose rows interleave. */
import type { NetworkDefinition } from "../../src/network/network.js";
import type { PopulationDefinition } from "../../src/network/populations.js";

const hidden: PopulationDefinition = {
  neurons: 3,
  parameters: { mu1: 6, sigma1: [0.2, 0.25, 0.3] },
  current: 1.6,
};

/** One delay and several, a tied weight, a current that is sampled for all of a population. */
export const delayedPopulations: NetworkDefinition = {
  populations: {
    hidden,
    out: { neurons: 2, parameters: { beta: [4, 6], vTh: 0.9 }, inputs: { I: { dt: 0.5, samples: [1, 1.3] } } },
  },
  projections: [
    {
      from: "hidden",
      to: "out",
      weights: {
        dense: [
          [1, 0.5],
          [0.2, 1.4],
          [0.7, 0.6],
        ],
      },
      delays: 0.033,
    },
    {
      from: "hidden",
      to: "hidden",
      weights: {
        edges: [
          [1, 0, 0.9],
          [0, 2, 0.4],
        ],
      },
      delays: [0.011, 0.021],
    },
    { from: "out", to: "hidden", weights: { random: { in: 1, constant: -0.3, seed: 4 } }, tied: true, name: "back" },
  ],
};

/** Three cells: one of a hazard with noise, one with a threshold and a located condition, and one without spikes. */
export const differentCells: NetworkDefinition = {
  populations: {
    input: { neurons: 2, parameters: { sigma1: [0.2, 0.3] }, current: 1.7 },
    inner: {
      cell: {
        name: "threshold",
        state: { v: "clock < 0 ? 0 : (drive + i - v) / tauM", i: "-i / tauSyn", clock: "1" },
        event: "v - 1",
        reset: { v: "0.1", clock: "-tRef" },
        receive: { i: "i + w" },
        start: { v: "v0" },
        inputs: ["drive"],
        parameters: { tauM: 0.05, tauSyn: 0.03, tRef: 0.02, v0: 0 },
      },
      neurons: 2,
      parameters: { tauM: [0.05, 0.06] },
      inputs: { drive: [1.3, 1.2] },
    },
    out: {
      cell: {
        name: "readout",
        state: { v: "(i - v) / tauM", i: "-i / tauSyn" },
        event: "-1",
        receive: { i: "i + w" },
        parameters: { tauM: 0.1, tauSyn: 0.04 },
      },
      neurons: 2,
    },
  },
  projections: [
    { from: "input", to: "inner", weights: { allToAll: { uniform: [0.5, 1.5], seed: 2 } } },
    { from: "inner", to: "input", weights: { allToAll: 0.3 }, delays: 0.02 },
    { from: "inner", to: "out", weights: { allToAll: { uniform: [0.5, 1.5], seed: 3 } } },
  ],
};

/** What lanes of a workgroup can take side by side. */
export const widePopulations: NetworkDefinition = {
  populations: {
    hidden,
    out: {
      neurons: 2,
      parameters: { beta: [4, 6], vTh: 0.9 },
      inputs: {
        I: {
          dt: 0.5,
          samples: [
            [1, 1.1],
            [1.3, 1.2],
          ],
        },
      },
    },
  },
  projections: [
    { from: "hidden", to: "out", weights: { allToAll: { uniform: [0.2, 1.2], seed: 1 } } },
    { from: "hidden", to: "hidden", weights: { oneToOne: [0.1, 0.2, 0.3] } },
    { from: "out", to: "hidden", weights: { random: { probability: 0.7, normal: [0.2, 0.5], seed: 3 } } },
  ],
};

/**
 * Two populations of a hazard's cell with different currents, one of which goes straight between samples of another input, and one of
 * Poisson processes.
 */
export const signalled: NetworkDefinition = {
  populations: {
    noise: { poisson: { dt: 0.5, samples: [20, 40] }, neurons: 2 },
    e: { neurons: 3, parameters: { mu1: 8 }, current: [1.1, 1.2, 1.3] },
    i: {
      cell: {
        name: "pulled",
        state: { v: "mu * (I + g - v)", s: "exp(min(5 * (v - 1), 10))" },
        inputs: ["I", "g"],
        event: "s",
        reset: { v: "v - 1.2", s: "log(u) - 0.02" },
        receive: { v: "v + w" },
        start: { v: "0", s: "log(u) - 0.02" },
        parameters: { mu: 12 },
      },
      neurons: 2,
      inputs: { I: 0.9, g: { dt: 0.25, samples: [0, 0.2, 0, 0.1, 0.3], interpolation: "linear" } },
    },
  },
  projections: [
    { from: "noise", to: "e", weights: { allToAll: 0.2 } },
    { from: "e", to: "i", weights: { allToAll: { uniform: [0.1, 0.4], seed: 2 } }, delays: 0.03 },
    { from: "i", to: "e", weights: { allToAll: -0.2 } },
  ],
};

const ripple = (s: number, n: number): number => Math.sin(1 + 2 * s + 0.7 * n);
const times = <T>(count: number, of: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => of(n));

/** Three samples of it: a rate, currents of both (one by time and neuron), the other input, parameters and initial states. */
export const threeSignals = {
  inputs: {
    "noise.rate": { dt: 0.2, samples: times(3, (s) => times(5, (n) => 30 + 10 * ripple(s, n))) },
    "e.I": times(3, (s) => times(3, (k) => 1.2 + 0.2 * ripple(s, k))),
    "i.I": { dt: 0.1, samples: times(3, (s) => times(10, (n) => times(2, (k) => 1 + 0.3 * ripple(s, n + 5 * k)))) },
    "i.g": {
      dt: 0.13,
      samples: times(3, (s) => times(9, (n) => 0.2 * ripple(n, s))),
      interpolation: "linear" as const,
    },
  },
  parameters: { "e.mu1": [8, 9, 10], "i.mu": [11, 12, 13] },
  initial: { "e.v": times(3, (s) => times(3, (k) => 0.2 * ripple(k, s))), "i.v": [0.1, 0.2, 0.3] },
};
