/** Jobs that are right, small, and together use every field: what the fuzzer changes. */
import type { CommandName } from "./run-command.js";

type Job = Record<string, unknown>;

const time = { t1: 1, dt: 0.05 };
const slif = { cell: "slif" };
const one: Job = { network: slif, input: { current: 1.5 }, time, paths: 4, seed: 1 };

/** Of noise that its hazard depends on a likelihood knows nothing. */
const noNoise = { network: { cell: "slif", parameters: { sigma1: 0, alpha: 0 } } };

const dense: Job = {
  network: {
    cell: "slif",
    neurons: 2,
    parameters: { mu1: 15, vTh: [1, 1.1] },
    weights: {
      dense: [
        [0, 1],
        [0.5, 0],
      ],
    },
  },
  input: { current: [1.5, 1.2], spikes: { times: [0.1, 0.42], neurons: [0, 1], weights: [1, 0.5] } },
  time: { t0: 0, t1: 1, dt: 0.05 },
  method: "levy",
  paths: 4,
  seed: 2,
};
const edges: Job = {
  network: {
    neurons: 3,
    weights: {
      edges: [
        [0, 1, 1],
        [1, 2, 0.7],
      ],
    },
  },
  input: { current: 1.6 },
  time: { t0: 0.5, t1: 1.5, dt: 0.1 },
  method: "wong-zakai",
  paths: 4,
  maxSpikes: 6,
};
const layers: Job = {
  network: { layers: [2, 2], weights: { layers: [[[0.5, 1], [1, 0.2]]] } }, // biome-ignore format: a matrix
  input: { current: { dt: 0.5, samples: [[1, 1.5, 0, 0], [2, 0, 1, 0]] } }, // biome-ignore format: a matrix
  time,
  method: "euler",
  paths: 4,
  seed: 4,
};
const uniform: Job = {
  network: { layers: [2, 3], weights: { uniform: [0.2, 0.9], seed: 3 } },
  input: { current: 1.4 },
  time,
  paths: 4,
  antithetic: true,
};
const gif: Job = {
  network: { cell: "gif", parameters: { vTh: 12, deltaV: 1.5 } },
  input: { current: { dt: 10, samples: [0.3, 0.4, 0.35, 0.5] } },
  time: { t1: 40, dt: 1 },
  paths: 4,
};
const hard: Job = {
  network: {
    cell: {
      name: "hard",
      state: { v: "mu * (I - v)", a: "-a / tau" },
      noise: { a: "sigma" },
      event: "v - a - vTh",
      reset: { v: "v - 1", a: "a + jump" },
      receive: { v: "v + w" },
      start: { v: "0.3 * u" },
      parameters: { mu: 6, tau: 0.3, sigma: 0.1, vTh: 1, jump: 0.2 },
      positive: ["tau"],
      units: { mu: "1/s" },
    },
    neurons: 2,
    weights: {
      edges: [
        [0, 1, 0.2],
        [1, 0, 0.1],
      ],
    },
  },
  input: { current: [1.8, 1.5] },
  time,
  paths: 4,
};
const multiplicative: Job = {
  network: {
    cell: {
      name: "multiplicative",
      state: { v: "3 * (I - v)", s: "exp(min(4 * (v - 1), 8))" },
      noise: { v: "sigma * sqrt(1 + v * v)" },
      event: "s",
      reset: { v: "0.5 * v", s: "log(u) - 0.1" },
      start: { s: "log(u) - 0.1" },
      parameters: { sigma: 0.3 },
    },
  },
  input: { current: 1.3 },
  time,
  paths: 4,
};

/** Conditions, events that are no spikes, random numbers, shared noise, jumps along a field, and the time. */
const hybrid: Job = {
  network: {
    cell: {
      name: "hybrid",
      let: { open: "c >= 0 && t > 0.1 || c > 1 ? 1 : 0.8" },
      state: {
        v: "c < 0 ? 0 : mu * (I + q - v)",
        q: "p",
        p: "-(omega * omega) * q",
        s: "open * (v > 0.2 ? exp(min(beta * (v - 1), 10)) : 0.01)",
        c: "1",
      },
      noise: { p: { own: "a", common: "b" } },
      shared: ["common"],
      event: "s",
      reset: { v: "v - vReset * (1 + 0.1 * z)", s: "log(u) - 0.02", c: "-tref" },
      events: { down: { when: "low - q", jump: { q: "q + 0.05" } }, far: { when: "q - 9", terminal: true } },
      receive: { v: { marcus: "w * (1 - 0.1 * v)" } },
      random: { u: "uniform", z: "normal" },
      start: { s: "log(u) - 0.02", c: "1", p: "2" },
      parameters: { mu: 9, omega: 9, beta: 4, a: 0.2, b: 0.3, vReset: 0.9, tref: 0.05, low: -0.2 },
    },
    neurons: 2,
    weights: {
      edges: [
        [0, 1, 0.3],
        [1, 0, -0.2],
      ],
    },
  },
  input: { current: [1.6, 1.4] },
  time,
  paths: 4,
};
const detector: Job = {
  network: {
    cell: {
      name: "detector",
      state: { x: "omega * y", y: "-(omega * x)" },
      event: "x - level",
      start: { x: "1.1 - 0.3 * u" },
      parameters: { omega: 14, level: 0.4 },
    },
  },
  time,
  paths: 4,
};

const observed = { times: [[0.1, 0.4], [0.2, 0.5, 0.9], [0.15, 0.7]], neurons: [[0, 0], [0, 0, 0], [0, 0]] }; // biome-ignore format: trains
const by = ["current", "mu1", "vTh"];
const two = { times: [[0.1, 0.4], [0.2, 0.5, 0.9]], neurons: [[0, 1], [1, 0, 0]] }; // biome-ignore format: trains

const gradients: Job[] = [
  { ...one, loss: { kind: "mean-spike-time", neuron: 0, index: 1 }, with: by },
  { ...dense, loss: { kind: "mean-spike-time", neuron: 1, index: 0 }, with: ["current", "weights", "mu1"] },
  { ...hard, loss: { kind: "mean-spike-time" }, with: ["vTh", "weights"], requireExact: false },
  { ...gif, loss: { kind: "mean-spike-time" }, with: ["vTh", "tau"] },
  { ...one, observed, loss: { kind: "first-spikes", spikes: 2, error: "mae" }, with: by, requireExact: true },
  { ...one, observed, loss: { kind: "expected-signature", depth: 3, levelWeights: [1, 0.5, 0.2] }, with: by },
  { ...edges, observed: two, loss: { kind: "expected-signature", depth: 2, matching: true }, with: ["weights"] },
  { ...one, observed, loss: { kind: "signature-mmd", solver: { kind: "truncated", depth: 3 } }, with: by },
  { ...one, observed, loss: { kind: "signature-score", static: { kind: "rbf", sigma: 1 } }, with: ["current"] },
  { ...one, observed, loss: { kind: "van-rossum", tau: 0.2, unbiased: true }, with: by },
  { ...one, ...noNoise, observed, loss: { kind: "log-likelihood" }, with: ["current", "mu1"] },
  {
    ...edges,
    network: { ...(edges.network as Job), parameters: { sigma1: 0, alpha: 0 } },
    observed: two,
    loss: { kind: "log-likelihood" },
    with: ["weights"],
  },
];

const trainJobs: Job[] = [
  {
    ...one,
    observed,
    loss: { kind: "first-spikes", spikes: 2 },
    trainable: ["current", { name: "vTh", transform: "sigmoid", bounds: [0, 2], mask: true, group: "a" }],
    optimiser: {
      kind: "rmsprop",
      learningRate: { kind: "cosine-decay", initValue: 0.01, decaySteps: 5, alpha: 0, exponent: 1 },
      decay: 0.9,
      clip: { value: 1, norm: 1 },
      groups: { a: { kind: "adam", learningRate: 0.01, b1: 0.9, eps: 1e-8 } },
    },
    steps: 2,
  },
  {
    ...dense,
    observed: { simulate: { paths: 4, seed: 3, current: [1.7, 1.4] } },
    loss: { kind: "van-rossum", tau: 0.3 },
    trainable: [{ name: "weights", mask: "nonzero" }, "current"],
    optimiser: { kind: "adam", learningRate: 0.01, b1: 0.8, b2: 0.99 },
    steps: 2,
    commonNoise: true,
  },
  {
    ...one,
    ...noNoise,
    observed,
    loss: { kind: "log-likelihood", batch: 2, parameters: { alpha: 0 } },
    trainable: ["current", { name: "mu1", transform: "softplus", learningRate: 0.001 }],
    optimiser: { kind: "sgd", learningRate: 0.001, momentum: 0.5, nesterov: true },
    steps: 2,
    test: { paths: 4, every: 1 },
  },
  {
    ...one,
    observed,
    loss: { kind: "expected-signature", depth: 2 },
    trainable: [
      { name: "current", learningRate: { kind: "piecewise-constant", values: [0.1, 0.01], boundaries: [1] } },
    ],
    optimiser: { kind: "sgd", learningRate: 0.01 },
    steps: 2,
  },
];

const x = [[[0, 0], [0.2, 0.5], [0.7, 0.3]], [[0, 0], [0.4, 0.1], [0.5, 0.9]], [[0, 0.1], [0.3, 0.2], [1, 1]]]; // biome-ignore format: paths
const y = [[[0, 0], [0.5, 0.5]], [[0, 0.2], [0.1, 0.4]]]; // biome-ignore format: paths
const spikes = { spikes: [{ times: [0.1, 0.5], neurons: [0, 1] }, { times: [0.3], neurons: [1] }, { times: [], neurons: [] }] }; // biome-ignore format: trains

const kernels: Job[] = [
  { x, y, static: { kind: "linear", scale: 0.5 }, solver: { kind: "difference", dyadic: [1, 0] } },
  { x, static: { kind: "rbf", sigma: 0.7 }, solver: { kind: "polynomial", order: 6 }, normalised: true },
  { x, y, solver: { kind: "truncated", depth: 3 }, statistic: "mmd", unbiased: false, gradient: true },
  { x, y, statistic: "score", gradient: true },
  { x: spikes, y: spikes, t0: 0, t1: 1, neurons: 2, statistic: "mmd", gradient: true },
];
const signatures: Job[] = [
  { x, depth: 3 },
  { x, depth: 2, log: "words" },
  { x: spikes, t1: 1, depth: 3, log: "brackets" },
];

export interface SeedJob {
  readonly command: CommandName;
  readonly job: Job;
}

const of = (command: CommandName, jobs: readonly Job[]): SeedJob[] => jobs.map((job) => ({ command, job }));

export const seedJobs: readonly SeedJob[] = [
  ...of("simulate", [one, dense, edges, layers, uniform, gif, hard, multiplicative]),
  ...of("gradient", gradients),
  ...of("train", trainJobs),
  ...of("kernel", kernels),
  ...of("signature", signatures),
  ...of("simulate", [hybrid, detector]),
  ...of("gradient", [
    { ...hybrid, loss: { kind: "mean-spike-time", neuron: 1, index: 1 }, with: ["tref", "low", "weights", "current"] },
    { ...detector, loss: { kind: "mean-spike-time", index: 1 }, with: ["omega", "level"] },
  ]),
];
