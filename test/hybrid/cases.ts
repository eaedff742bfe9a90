/** Cells with conditions, several events and crossings without a reset, with what is known of them in closed form. */
import type { CellDefinition } from "../../src/cell/cell.js";

/** v rises at 1 up to c, then at a, and fires at 1: t = c + (1 − c) / a. */
export const bend: CellDefinition = {
  name: "bend",
  state: { v: "v < c ? 1 : a" },
  event: "v - 1",
  reset: { v: "-10" },
  parameters: { c: 0.503, a: 2 },
};

/** A Poisson process with a dead time: t₂ = (E₁ + E₂) / rate + tref. */
export const deadTime: CellDefinition = {
  name: "dead time",
  state: { s: "r < tref ? 0 : rate", r: "1" },
  event: "s",
  reset: { s: "log(u)", r: "0" },
  parameters: { rate: 100, tref: 0.005 },
  start: { s: "log(u)", r: "1000" },
};

/** The hazard is switched on as v passes vth: t = vth + 0.1 / rate. */
export const stepHazard: CellDefinition = {
  name: "step hazard",
  state: { v: "1", s: "v > vth ? rate : 0" },
  event: "s",
  reset: { s: "-1000" },
  start: { s: "-0.1" },
  parameters: { vth: 0.3037, rate: 5 },
};

/** Leaky, with its potential held at the reset until tref has passed. */
export const refractory: CellDefinition = {
  name: "refractory",
  state: { v: "c < 0 ? 0 : (I - v) / tau", c: "1" },
  event: "v - 1",
  reset: { v: "0", c: "-tref" },
  start: { c: "1" },
  parameters: { tau: 10, tref: 3.03 },
  positive: ["tau"],
};

/** x = cos t, which crosses 0.5 upwards at 5π/3 + 2πn, with no reset. */
export const detector: CellDefinition = {
  name: "detector",
  state: { x: "omega * y", y: "-(omega * x)" },
  event: "x - level",
  start: { x: "1" },
  parameters: { omega: 1, level: 0.5 },
};

/** A ball that falls from h under g = 1 and keeps e of its speed: bounces at √(2h) (1 + 2 Σ eⁿ). */
export const ball: CellDefinition = {
  name: "ball",
  state: { x: "y", y: "-g" },
  events: { bounce: { when: "-x", jump: { y: "-e * y" }, emits: true } },
  start: { x: "h" },
  parameters: { g: 1, e: 0.8, h: 0.5 },
};
