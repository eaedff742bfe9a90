/** Networks of cells with conditions, several events, and crossings without a reset: events and switches in every path. */
import type { CellDefinition } from "../../src/cell/cell.js";
import type { NetworkDefinition } from "../../src/network/network.js";

const weights = (neurons: number, size: number) => ({
  dense: Array.from({ length: neurons }, (_, k) =>
    Array.from({ length: neurons }, (_, j) => (j === k ? 0 : size * Math.sin(1 + 3 * k + 7 * j))),
  ),
});

/** Escape noise, and a potential that is held for tref after a spike; c is the clock that says how long ago that was. */
export const clamped: CellDefinition = {
  name: "clamped",
  state: { v: "c < 0 ? 0 : mu * (I - v)", s: "exp(min(beta * (v - 1), 10))", c: "1" },
  noise: { v: "sigma" },
  event: "s",
  reset: { v: "v - vReset * (1 + 0.1 * z)", s: "log(u) - 0.02", c: "-tref * (0.5 + r)" },
  receive: { v: "v + w" },
  random: { u: "uniform", z: "normal", r: "uniform" },
  start: { s: "log(u) - 0.02", c: "1", v: "0.1 * z" },
  parameters: { mu: 12, beta: 5, sigma: 0.2, vReset: 1.1, tref: 0.043 },
};

/** Conditions within conditions, with && of two states, in drift, noise and hazard; what is compared is nonlinear. */
const nested: CellDefinition = {
  name: "nested",
  state: {
    v: "v * v < a ? (z < b ? mu * (I - v) : 0.5 * mu * (I + 0.2 - v)) : 0.8 * mu * (I + 0.1 - v)",
    z: "v > d ? 1.3 : 0.7",
    s: "(z > b ? exp(min(beta * (v - 1), 8)) : k) * 1.1",
  },
  noise: { z: "0" },
  event: "s",
  reset: { v: "v - 0.9", s: "log(u) - 0.02", z: "z - 0.3" },
  receive: { v: "v + w" },
  start: { s: "log(u) - 0.02", z: "0.1" },
  parameters: { mu: 11, a: 0.31, b: 0.21, d: 0.62, beta: 4, k: 1.7 },
};

/** Two thresholds with jumps of their own, one of which is no spike; the upper one depends on a condition. */
const band: CellDefinition = {
  name: "band",
  state: { v: "mu * (I + q - v)", q: "p", p: "-(omega * omega) * q", c: "1" },
  events: {
    up: { when: "c < rest ? v - 1.3 : v - 1", jump: { v: "v - 0.8 - 0.1 * u", c: "0" }, emits: true },
    down: { when: "low - q", jump: { v: "v + 0.2", q: "q + 0.05" } },
  },
  receive: { q: "q + w" },
  start: { c: "1", q: "0.3 * u", p: "4" },
  parameters: { mu: 9, omega: 11, low: -0.3, rest: 0.17 },
};

/** A crossing detector without a reset: x turns, and each crossing of its level is a spike. */
const turning: CellDefinition = {
  name: "turning",
  state: { x: "omega * y", y: "-(omega * x)" },
  event: "x - level",
  receive: { y: "y + w" },
  start: { x: "1.1 - 0.3 * u" },
  parameters: { omega: 17, level: 0.4 },
};

/** A ball that bounces, with a speed that is left to chance. */
const bouncing: CellDefinition = {
  name: "bouncing",
  state: { x: "y", y: "-g - drag * y" },
  events: { bounce: { when: "-x", jump: { y: "-(e + 0.1 * u) * y" }, emits: true } },
  start: { x: "h" },
  parameters: { g: 9.81, drag: 0.3, e: 0.8, h: 0.1 },
};

export const hybrids: [string, NetworkDefinition][] = [
  ["a potential that is held after a spike", { cell: clamped, current: 1.5 }],
  [
    "a network of those",
    { cell: clamped, neurons: 4, current: [1.5, 1.3, 1.6, 1.4], parameters: { tref: [0.04, 0.05, 0.03, 0.06] }, weights: weights(4, 0.15) }, // biome-ignore format: short
  ],
  ["conditions within conditions", { cell: nested, current: 1.4 }],
  [
    "a network of those, with input spikes",
    { cell: nested, neurons: 3, current: [1.4, 1.2, 1.5], weights: weights(3, 0.1), inputSpikes: { times: [0.11, 0.3], neurons: [1, 2], weights: [0.3, 0.2] } }, // biome-ignore format: short
  ],
  [
    "two thresholds",
    { cell: band, neurons: 2, parameters: { rest: [0.17, 0.13] }, current: [1.2, 1.05], weights: weights(2, 0.03) },
  ],
  ["crossings without a reset", { cell: turning, neurons: 3, parameters: { omega: [17, 19, 15] }, weights: weights(3, 0.04) }], // biome-ignore format: short
  ["a bouncing ball", { cell: bouncing }],
];
