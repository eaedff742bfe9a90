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
