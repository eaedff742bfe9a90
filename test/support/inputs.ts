/** Networks whose cells read inputs by name: in drifts, noise, hazards, surfaces, jumps and conditions. */
import type { CellDefinition } from "../../src/cell/cell.js";
import type { NetworkDefinition } from "../../src/network/network.js";

const weights = (neurons: number, size: number) => ({
  dense: Array.from({ length: neurons }, (_, k) =>
    Array.from({ length: neurons }, (_, j) => (j === k ? 0 : size * Math.sin(1 + 3 * k + 7 * j))),
  ),
});

/** A signal about a mean, of so many samples. */
export const wave = (mean: number, size: number, samples: number, turn = 1): number[] =>
  Array.from({ length: samples }, (_, s) => mean + size * Math.sin(turn * s + mean));

/** A wave for each of some neurons. */
const waves = (mean: number, size: number, samples: number, neurons: number): number[][] =>
  Array.from({ length: samples }, (_, s) =>
    Array.from({ length: neurons }, (_, k) => mean + size * Math.sin(s + mean + 2 * k)),
  );

/** A conductance in the drift, and an input in noise, hazard, reset, start and a condition that compares a state with it. */
export const reading: CellDefinition = {
  name: "reading",
  inputs: ["I", "g", "h"],
  let: { pull: "g * (eR - v)" },
  state: {
    v: "mu * (I - v) + (c > h ? 2 * pull : pull)",
    c: "4 * (1 - c)",
    s: "exp(min(beta * (v - 1 + 0.1 * g), 10)) * (h > 0.5 ? 1.2 : 0.9)",
  },
  noise: { v: "sigma * (1 + 0.3 * g)" },
  event: "s",
  reset: { v: "v - vReset * (1 + 0.1 * I)", c: "0.3 * c", s: "log(u) - 0.02" },
  receive: { v: "v + w * (1 + 0.2 * h)" },
  start: { v: "0.1 * g", s: "log(u) - 0.02" },
  parameters: { mu: 12, eR: 0.4, beta: 5, sigma: 0.2, vReset: 1.1 },
};

/** A threshold and a lower level that are signals: surfaces that move, or jump where they are held. */
export const followed: CellDefinition = {
  name: "followed",
  inputs: ["I", "top", "low"],
  state: { v: "mu * (I + 0.2 * sin(omega * t) - v)", a: "(v < low ? 1 : 0.2) - a" },
  events: {
    up: { when: "v - top", jump: { v: "v - 0.9 - 0.1 * u", a: "a + 0.1" }, emits: true },
    down: { when: "low - v", jump: { a: "0.5 * a" } },
  },
  receive: { v: "v + w" },
  start: { v: "0.3 * u * (1 + t)" },
  parameters: { mu: 9, omega: 11 },
};

/** The same without a condition, as a likelihood needs it. */
export const hazard: CellDefinition = {
  name: "read by a hazard",
  inputs: ["I", "g"],
  state: { v: "mu * (I - v) + g * (eR - v)", s: "exp(beta * (v - 1 + 0.1 * g + 0.05 * sin(t)))" },
  event: "s",
  reset: { v: "v - vReset * (1 + 0.1 * g)", s: "log(u)" },
  receive: { v: "v + w * (1 + 0.2 * g)" },
  start: { v: "0.1 * g", s: "log(u)" },
  parameters: { mu: 12, eR: 0.4, beta: 5, vReset: 1.1 },
};

const linear = (samples: number[] | number[][], dt = 0.1) => ({ dt, samples, interpolation: "linear" as const });
const held = (samples: number[] | number[][], dt = 0.1) => ({ dt, samples });

export const hazardCases: [string, NetworkDefinition][] = [
  [
    "inputs that are held and linear",
    {
      cell: hazard,
      neurons: 3,
      inputs: { I: linear(waves(1.4, 0.3, 30, 3)), g: held(wave(0.8, 0.5, 30)) },
      weights: weights(3, 0.1),
      inputSpikes: { times: [0.2, 0.3], neurons: [1, 2], weights: [0.3, 0.2] },
    },
  ],
  ["inputs that are constant", { cell: hazard, inputs: { I: 1.4, g: 0.7 } }],
];

export const inputCases: [string, NetworkDefinition][] = [
  ["inputs that are constant", { cell: reading, inputs: { I: 1.4, g: 0.8, h: 0.6 } }],
  [
    "inputs that are linear between samples",
    { cell: reading, inputs: { I: linear(wave(1.4, 0.3, 30)), g: linear(wave(0.8, 0.5, 30)), h: linear(wave(0.6, 0.3, 30)) } }, // biome-ignore format: short
  ],
  [
    "a network with a constant, a held and a linear input",
    {
      cell: reading,
      neurons: 3,
      inputs: { I: [1.4, 1.2, 1.5], g: held(wave(0.8, 0.5, 30)), h: linear(waves(0.6, 0.3, 30, 3)) },
      weights: weights(3, 0.1),
      inputSpikes: { times: [0.11, 0.3], neurons: [1, 2], weights: [0.3, 0.2] },
    },
  ],
  [
    "thresholds that are linear between samples",
    { cell: followed, inputs: { I: 1.3, top: linear(wave(1, 0.15, 30)), low: linear(wave(0.4, 0.2, 30)) } },
  ],
  [
    "a network of thresholds that are held",
    {
      cell: followed,
      neurons: 3,
      inputs: { I: linear(waves(1.3, 0.3, 30, 3)), top: held(wave(1, 0.25, 30)), low: held(wave(0.4, 0.2, 30)) },
      weights: weights(3, 0.03),
    },
  ],
];
