/** How large the work of a bench is: a figure takes tenths of seconds on what it is meant for. */
import type { NetworkDefinition } from "../network/network.js";
import type { Repeats } from "./measure.js";

export interface Sizes {
  readonly name: "quick" | "cpu" | "software" | "hardware";
  /** All figures are timed once before any is timed again: a spread then holds the drift of minutes, not of seconds. */
  readonly rounds: number;
  /** Of each figure in each round. */
  readonly repeats: Repeats;
  /** Paths and steps of one neuron, forward. */
  readonly forward: readonly (readonly [number, number])[];
  /** The same with gradient. */
  readonly gradient: readonly (readonly [number, number])[];
  /** Paths and steps of networks of 22 and 200 neurons. */
  readonly layers: readonly [number, number];
  readonly sparse: readonly (readonly [number, number])[];
  /** Paths of a training step of one neuron. */
  readonly train: readonly number[];
  /** Gram matrices: paths in each batch, and their length. */
  readonly gram: readonly (readonly [number, number])[];
  /** MMD² with gradient: the same. */
  readonly mmd: readonly [number, number];
  /** Truncated signatures: paths and length. */
  readonly signatures: readonly [number, number];
}

const often = { rounds: 16, repeats: { least: 2, seconds: 0.3, most: 3 } };

export const sizes: Record<Sizes["name"], Sizes> = {
  quick: {
    name: "quick",
    rounds: 2,
    repeats: { least: 1, seconds: 0, most: 1 },
    forward: [[256, 50]],
    gradient: [[256, 50]],
    layers: [8, 20],
    sparse: [],
    train: [32],
    gram: [[4, 32]],
    mmd: [4, 32],
    signatures: [16, 32],
  },
  cpu: {
    name: "cpu",
    ...often,
    forward: [
      [250, 100],
      [1000, 100],
      [1000, 400],
    ],
    gradient: [
      [250, 100],
      [1000, 100],
      [250, 400],
    ],
    layers: [64, 100],
    sparse: [[8, 100]],
    train: [64, 256],
    gram: [
      [16, 64],
      [8, 256],
      [2, 1024],
    ],
    mmd: [8, 64],
    signatures: [256, 128],
  },
  software: {
    name: "software",
    ...often,
    forward: [
      [1024, 100],
      [16384, 100],
      [4096, 400],
    ],
    gradient: [
      [1024, 100],
      [4096, 100],
      [1024, 400],
    ],
    layers: [128, 100],
    sparse: [[16, 100]],
    train: [64, 1024],
    gram: [
      [64, 64],
      [16, 256],
      [4, 1024],
    ],
    mmd: [16, 128],
    signatures: [1024, 128],
  },
  hardware: {
    name: "hardware",
    ...often,
    forward: [
      [16384, 100],
      [1048576, 100],
      [262144, 400],
    ],
    gradient: [
      [16384, 100],
      [262144, 100],
      [65536, 400],
    ],
    layers: [16384, 100],
    sparse: [[2048, 100]],
    train: [64, 1024, 65536],
    gram: [
      [512, 64],
      [128, 256],
      [64, 1024],
      [16, 4096],
    ],
    mmd: [128, 128],
    signatures: [65536, 128],
  },
};

const block = (m: number, n: number): number[][] =>
  Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (__, j) => ((0.5 + ((7 * i + 3 * j) % 11) / 10) * 3) / m),
  );

/** Random edges with probability p and weights about 0, by a small generator of its own. */
function randomEdges(neurons: number, p: number): [number, number, number][] {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const edges: [number, number, number][] = [];
  for (let k = 0; k < neurons; k++)
    for (let j = 0; j < neurons; j++) if (next() < p) edges.push([k, j, 0.4 * (next() - 0.5)]);
  return edges;
}

/** Parameters of the feed-forward network of Holberg & Salvi (2024), section 4.2. */
const paper = { mu1: 6, mu2: 5, sigma1: 0.25, sigma2: 0.25, vReset: 1.2, v0: 1.1, i0: 0.6 };

/** The neuron of figure 1: about four spikes in unit time. */
export const single: NetworkDefinition = { parameters: { mu2: 0 }, current: 1.5 };

/** 22 neurons in layers of 4, 16 and 2. */
export const layered: NetworkDefinition = {
  layers: [4, 16, 2],
  parameters: paper,
  weights: { layers: [block(4, 16), block(16, 2)] },
  current: [1.5, 1.5, 1.5, 1.5, ...new Array<number>(18).fill(0)],
};

/** 200 neurons, each connected to a tenth of the others. */
export const sparse: NetworkDefinition = {
  neurons: 200,
  parameters: paper,
  weights: { edges: randomEdges(200, 0.1) },
  current: 0.9,
};
