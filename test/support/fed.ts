/** Networks with sources, made by hand: of a network, and connections from sources. */
import type { NetworkDefinition } from "../../src/network/network.js";
import { defineNetwork, type Network } from "../../src/network/network.js";

export interface FromSource {
  readonly source: number;
  readonly to: number;
  readonly weight: number;
  readonly port?: number;
  /** The number of a delay among `delays`; without, at once. */
  readonly delay?: number;
}

/** @param delays values beside those of the network itself. */
export function withSources(
  definition: NetworkDefinition,
  sources: number,
  edges: readonly FromSource[],
  delays: readonly number[] = [],
): Network {
  const network = defineNetwork(definition);
  const { connections: own, neurons } = network;
  const sorted = [...edges].sort((a, b) => a.source - b.source || a.to - b.to);
  const rowStart = new Uint32Array(neurons + sources + 1);
  rowStart.set(own.rowStart);
  for (let s = 0; s < sources; s++)
    rowStart[neurons + s + 1] = own.targets.length + sorted.filter((e) => e.source <= s).length;
  const numbers = [...own.delayOf, ...sorted.map((e) => (e.delay === undefined ? -1 : own.delays.length + e.delay))];
  const flat = (v: ArrayLike<number>): number[] => Array.from(v);
  return {
    ...network,
    sources,
    connections: {
      ...own,
      rowStart,
      targets: Uint32Array.from([...own.targets, ...sorted.map((e) => e.to)]),
      weights: Float64Array.from([...own.weights, ...sorted.map((e) => e.weight)]),
      ports: Uint8Array.from([...own.ports, ...sorted.map((e) => e.port ?? 0)]),
      delays: Float64Array.from([...own.delays, ...delays]),
      delayOf: Int32Array.from(numbers),
      parallel:
        own.parallel ||
        sorted.some((e, i) => i > 0 && e.source === sorted[i - 1]!.source && e.to === sorted[i - 1]!.to),
      shape: flat,
      numbers: flat,
      delayShape: flat,
    },
  };
}

const recurrent: NetworkDefinition = {
  cell: "slif",
  neurons: 4,
  parameters: { mu1: [14, 15, 16, 15], mu2: 9, sigma1: 0.25, sigma2: [0.2, 0.3, 0.25, 0.2], vReset: 1.3, i0: 0.1 },
  weights: {
    dense: Array.from({ length: 4 }, (_, k) => Array.from({ length: 4 }, (_, j) => 0.3 * Math.sin(1 + 3 * k + 7 * j))),
  },
  current: [1.2, 1.1, 1.3, 1],
  inputSpikes: { times: [0.05, 0.2, 0.2, 0.61], neurons: [0, 3, 1, 2], weights: [0.5, 0.8, -0.4, 0.6] },
};

/** Three sources of a recurrent network with input spikes, which come at times of theirs too. */
export const fed = withSources(recurrent, 3, [
  { source: 0, to: 0, weight: 0.9 },
  { source: 0, to: 2, weight: 0.5 },
  { source: 1, to: 0, weight: -0.3 },
  { source: 1, to: 1, weight: 0.8 },
  { source: 1, to: 3, weight: 0.7 },
  { source: 2, to: 3, weight: 0.6 },
]);

/** With delays of all sizes beside dt, of sources and of neurons, and some connections without. */
export const fedLate = withSources(
  {
    ...recurrent,
    weights: [
      {
        edges: [
          [0, 1, 0.4],
          [1, 2, 0.35],
          [2, 0, -0.2],
        ],
        delays: [0.0071, 0.0513, 0.1234],
      },
      { edges: [[3, 0, 0.3]] },
    ],
  },
  3,
  [
    { source: 0, to: 0, weight: 0.9, delay: 0 },
    { source: 0, to: 2, weight: 0.5 },
    { source: 1, to: 0, weight: -0.3, delay: 1 },
    { source: 1, to: 1, weight: 0.8, delay: 1 },
    { source: 1, to: 3, weight: 0.7, delay: 2 },
    { source: 2, to: 3, weight: 0.6, delay: 3 },
  ],
  [0.0053, 0.0431, 0.1177, 0.0219],
);

/** Neurons send after two steps of 0.01 and more; sources at once, or after less than a step too. */
export const fedByNeurons = withSources(
  {
    ...recurrent,
    weights: {
      edges: [
        [0, 1, 0.4],
        [1, 2, 0.35],
        [2, 0, -0.2],
        [3, 0, 0.3],
      ],
      delays: [0.0271, 0.0513, 0.1234, 0.02],
    },
  },
  3,
  [
    { source: 0, to: 0, weight: 0.9, delay: 0 },
    { source: 0, to: 2, weight: 0.5 },
    { source: 1, to: 0, weight: -0.3, delay: 1 },
    { source: 1, to: 1, weight: 0.8, delay: 1 },
    { source: 1, to: 3, weight: 0.7 },
    { source: 2, to: 3, weight: 0.6, delay: 1 },
  ],
  [0.0053, 0.1777],
);

/** Five samples of three sources, one of them without a spike: at times of input spikes, at one time, and at t1 too. */
export const fiveSamples = {
  offsets: [0, 6, 9, 9, 14, 17],
  times: [0.1034, 0.2, 0.2, 0.3307, 0.3307, 0.55, 0, 0.4441, 0.05, 0.61, 0.12345, 0.31, 0.311, 0.7, 0.2002, 0.151, 1],
  sources: [0, 1, 2, 0, 1, 2, 1, 0, 2, 0, 1, 2, 0, 1, 2, 1, 0],
} as const;

const wave = (s: number, n: number): number => Math.sin(1 + 2 * s + 0.7 * n);

/** Of those five samples, signals, parameters and initial states of their own. */
export const fiveValues = {
  inputs: { I: Array.from({ length: 5 }, (_, s) => Array.from({ length: 4 }, (_, k) => 1.2 + 0.2 * wave(s, k))) },
  parameters: {
    mu1: Array.from({ length: 5 }, (_, s) => Array.from({ length: 4 }, (_, k) => 15 + wave(s, 3 * k))),
    vReset: [1.2, 1.3, 1.1, 1.25, 1.35],
  },
  initial: {
    v: Array.from({ length: 5 }, (_, s) => Array.from({ length: 4 }, (_, k) => 0.2 * wave(k, s))),
    i: [0, 0.1, 0.2, 0, 0.1],
  },
};

/** One neuron with a current and an input that is linear between samples. */
export const driven: NetworkDefinition = {
  cell: {
    name: "driven",
    state: { v: "mu * (I + g - v)", s: "exp(min(5 * (v - 1), 10))" },
    inputs: ["I", "g"],
    noise: { v: "sigma" },
    event: "s",
    reset: { v: "v - 1.2", s: "log(u) - 0.02" },
    start: { v: "0", s: "log(u) - 0.02" },
    parameters: { mu: 12, sigma: 0.3 },
  },
  inputs: { I: 1.2, g: { dt: 0.25, samples: [0, 0.2, 0, 0.1, 0, 0.1, 0.1], interpolation: "linear" } },
};

/** Recordings of it: each with its own signals, rate and initial state. */
export const recordings = {
  inputs: {
    I: {
      dt: 0.1,
      samples: Array.from({ length: 6 }, (_, s) => Array.from({ length: 10 }, (_, n) => 1.3 + 0.4 * wave(s, n))),
    },
    g: {
      dt: 0.13,
      samples: Array.from({ length: 6 }, (_, s) => Array.from({ length: 9 }, (_, n) => 0.2 * wave(n, s))),
      interpolation: "linear" as const,
    },
  },
  parameters: { mu: [10, 11, 12, 13, 14, 15] },
  initial: { v: [0, 0.1, 0.2, 0.3, 0.4, 0.5] },
};
