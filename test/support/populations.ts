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
