/** Cells with escape noise and other events or located conditions: a likelihood of their spikes solves what comes between. */
import type { CellDefinition } from "../../src/cell/cell.js";
import type { NetworkDefinition } from "../../src/network/network.js";

const hazard = "exp(min(beta * (v - 1), 10))";
const rates = { mu: 12, beta: 5, vReset: -0.4, tref: 0.0437 };
/** The potential is held for an absolute refractory period: c is the clock that says how long ago that ended. */
export const clamped: CellDefinition = {
  name: "clamped",
  state: { v: "c < 0 ? 0 : mu * (I - v)", s: hazard, c: "1" },
  event: "s",
  reset: { v: "vReset", s: "log(u)", c: "-tref" },
  receive: { v: "v + w" },
  start: { s: "log(u)", c: "1", v: "0.2" },
  parameters: rates,
};
/** The same by an event that is no spike and ends it. */
export const released: CellDefinition = {
  ...clamped,
  name: "released",
  state: { v: "free * mu * (I - v)", s: hazard, free: "0", c: "1" },
  events: { release: { when: "c - tref", jump: { free: "1", c: "-1000" } } },
  reset: { v: "vReset", s: "log(u)", free: "0", c: "0" },
  start: { s: "log(u)", c: "-1000", v: "0.2", free: "1" },
};
/** The hazard is 0 for it. */
export const dead: CellDefinition = {
  ...clamped,
  name: "dead",
  state: { v: "mu * (I - v)", s: `c < 0 ? 0 : ${hazard} / (1 + 0.1 * v * v)`, c: "1" },
};
/**
 * A conditional drift, a kick of an adaptation where the potential comes up to a level and has been below, and a hazard of
 * three branches that all matter.
 */
export const busy: CellDefinition = {
  name: "busy",
  state: {
    v: "v < knee ? mu * (I - v - a) : 0.6 * mu * (I + 0.3 - v - a)",
    a: "-a / tauA",
    s: `a > aTop && v > 0.1 ? 0.5 * ${hazard} : ${hazard}`,
  },
  events: {
    kick: { when: "v - kick", jump: { a: "a + dA * (1 + v)" } },
    spike: { when: "s", jump: { v: "v - 0.9", s: "log(u)" }, emits: true },
  },
  receive: { v: "v + w" },
  start: { s: "log(u)", a: "0.05" },
  parameters: { mu: 12, beta: 4, knee: 0.55, kick: 0.83, tauA: 0.21, dA: 0.11, aTop: 0.17 },
};
const three = (cell: CellDefinition): NetworkDefinition => ({
  cell,
  neurons: 3,
  current: [1.5, 1.7, 1.4],
  weights: {
    dense: Array.from({ length: 3 }, (_, k) => Array.from({ length: 3 }, (_, j) => 0.2 * Math.sin(1 + 3 * k + 7 * j))),
  },
  inputSpikes: { times: [0.051, 0.3, 0.5], neurons: [0, 1, 2], weights: [0.3, -0.2, 0.25] },
});

/**
 * Cells whose other events and conditions happen by themselves between the spikes that are given; how long, and the least
 * number of parameters whose derivatives are not 0.
 */
export const givenSpikes: [string, NetworkDefinition, { t1: number }, number?][] = [
  ["a potential that is held after a spike", { cell: clamped, current: 1.6 }, { t1: 2 }, 5],
  ["the same, ended by an event", { cell: released, current: 1.6 }, { t1: 2 }, 5],
  ["a network of those", three(released), { t1: 0.8 }],
  ["a hazard that is 0 after a spike", { cell: dead, current: 1.5 }, { t1: 2 }, 5],
  ["conditions and a kick", { cell: busy, current: 1.6 }, { t1: 2 }, 5],
  ["a network of those, with input spikes", three(busy), { t1: 0.8 }],
];
