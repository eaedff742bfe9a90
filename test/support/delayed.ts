/** A network whose connections have delays of all sizes beside dt: none, 0, below it, above it, and two of one pair. */
import type { NetworkDefinition } from "../../src/network/network.js";

export const delayed: NetworkDefinition = {
  cell: "slif",
  neurons: 3,
  parameters: {
    mu1: [14, 15, 16],
    mu2: 9,
    sigma1: 0.25,
    sigma2: [0.2, 0.3, 0.25],
    vReset: 1.3,
    v0: [0.1, 0, 0.2],
    i0: 0.1,
  },
  weights: [
    {
      edges: [
        [0, 1, 0.4],
        [0, 2, -0.3],
        [1, 0, 0.35],
        [2, 2, 0.2],
      ],
      delays: [0.0071, 0.0513, 0.1234, 0.0331],
    },
    {
      edges: [
        [0, 1, 0.3],
        [2, 0, 0.25],
      ],
      delays: 0.0417,
    },
    { edges: [[1, 2, 0.3]] },
  ],
  current: [1.5, 1.4, 1.6],
};
