/** What the verdicts are asked of: cells and losses that make each condition hold, and fail. */
import { birthDeath } from "../../src/cells/birth-death.js";
import { mm1Queue } from "../../src/cells/mm1-queue.js";
import { type CellDefinition, type Loss, pathLoss } from "../../src/index.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import type { SolveOptions } from "../../src/plan/plan.js";

export interface VerdictRow {
  readonly name: string;
  readonly network: NetworkDefinition;
  readonly solve: SolveOptions & { readonly paths: number };
  /** The spike that is looked at: that whose mean time is differentiated, where the row has no loss of its own. */
  readonly spike: readonly [neuron: number, index: number];
  readonly loss?: Loss;
  /** What is differentiated by: a parameter that is one number, or the current. */
  readonly by: string;
  /**
   * Where mathematics says so: whether the derivative of a path converges as dt → 0, and whether the mean of the gradient
   * is the derivative of the mean.
   */
  readonly certain?: { readonly exists?: boolean; readonly unbiased?: boolean };
}

const hazard = "exp(min(5 * (v - 1), 10))";
/** A leaky neuron with escape noise. */
const escaping = (more: Partial<CellDefinition>): CellDefinition => ({
  name: "escape",
  state: { v: "mu * (I - v)", s: hazard },
  event: "s",
  reset: { v: "v - 1.4", s: "log(u)" },
  start: { s: "log(u)" },
  parameters: { mu: 15 },
  ...more,
});
/** Two of them, of which the first excites the second: that one's second spike moves with the first one's current. */
const pair = (reset: string, more: Partial<CellDefinition> = {}): NetworkDefinition => ({
  cell: escaping({ reset: { v: reset, s: "log(u)" }, receive: { v: "v + w" }, ...more }),
  neurons: 2,
  weights: { edges: [[0, 1, 2.5]] },
  current: [1.6, 1.2],
});
/** A leaky neuron with a hard threshold. */
const threshold = (more: Partial<CellDefinition>): CellDefinition => ({
  name: "threshold",
  state: { v: "I - v" },
  event: "v - 1",
  reset: { v: "v - 1" },
  parameters: { sigma: 0.5 },
  ...more,
});
const current = { state: { v: "q + I - v", q: "-q / 0.4" }, noise: { q: "sigma" } };
const theta: CellDefinition = {
  name: "theta",
  state: { th: "(1 - cos(th)) + (1 + cos(th)) * I" },
  noise: { th: "sigma * (1 + cos(th))" },
  event: "th - pi",
  reset: { th: "th - 2*pi" },
  parameters: { sigma: 0.15 },
};
/** A queue of one hazard, at whose events a uniform says which kind they are. */
const drawnQueue = (arrival: string): CellDefinition => ({
  name: "drawn-queue",
  state: { q: "0", s: "lam + (q > 0.5 ? mu : 0)" },
  event: "s",
  reset: { q: `q > 0.5 ? (u < ${arrival} ? q + 1 : q - 1) : 1`, s: "log(u)" },
  start: { s: "log(u)" },
  parameters: { lam: 1, mu: 3 },
});
/** The same queue of two hazards, each with an event of its own; spikes are departures. */
const competingQueue: CellDefinition = {
  name: "competing-queue",
  state: { q: "0", a: "lam", d: "q > 0.5 ? mu : 0" },
  events: {
    arrival: { when: "a", jump: { q: "q + 1", a: "log(u)" } },
    departure: { when: "d", jump: { q: "q - 1", d: "log(u)" }, emits: true },
  },
  random: { u: "uniform", w0: "uniform" },
  start: { a: "log(u)", d: "log(w0)" },
  parameters: { lam: 1, mu: 3 },
};
const deadTime = (rate: string): CellDefinition => ({
  name: "dead-time",
  state: { s: rate, r: "1" },
  event: "s",
  reset: { s: "log(u)", r: "0" },
  start: { s: "log(u)", r: "1000" },
  parameters: { rate: 100, tref: 0.005 },
});
const clamp = (more: Partial<CellDefinition>): CellDefinition => ({
  name: "clamp",
  state: { v: "c < 0 ? 0 : (I - v) / tau", c: "1" },
  event: "v - 1",
  reset: { v: "0", c: "-tref" },
  start: { c: "1" },
  parameters: { tau: 10, tref: 3.03 },
  ...more,
});
/** Of which the row shows what pathwise derivatives leave out. */
const count = (leavesOut: string): Loss =>
  pathLoss({
    kind: "count",
    code: "fn path_loss(path: u32, count: u32) -> f32 { return f32(count); }",
    leavesOut,
    continuous: true,
    evaluate: ({ times }) => ({ value: times.length, cotangents: new Float64Array(times.length) }),
  });

const brief = { t1: 1, dt: 0.02, paths: 2000, seed: 3 };
const slow = { t1: 8, dt: 0.05, paths: 1000, seed: 3 };
const one = { t1: 10, dt: 0.05, paths: 1, seed: 1 };

export const verdictRows: readonly VerdictRow[] = [
  {
    name: "slif",
    network: { cell: "slif", current: 1.5 },
    solve: brief,
    spike: [0, 1],
    by: "current",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "slif, loss: number of spikes",
    network: { cell: "slif", current: 1.5 },
    solve: brief,
    spike: [0, 1],
    loss: count("the number of spikes jumps where one crosses t1"),
    by: "current",
    certain: { exists: true, unbiased: false },
  },
  {
    name: "gif",
    network: { cell: "gif", current: 0.25 },
    solve: { t1: 100, dt: 1, paths: 500, seed: 3 },
    spike: [0, 2],
    by: "current",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "hard threshold, noisy voltage",
    network: { cell: threshold({ noise: { v: "sigma" } }), current: 0.9 },
    solve: slow,
    spike: [0, 0],
    by: "current",
    certain: { exists: false, unbiased: false },
  },
  {
    name: "hard threshold, noisy current",
    network: { cell: threshold({ ...current, parameters: { sigma: 0.9 } }), current: 0.8 },
    solve: slow,
    spike: [0, 0],
    by: "current",
    certain: { exists: true, unbiased: false },
  },
  {
    name: "hard threshold, noisy current above 0",
    network: { cell: threshold({ ...current, state: { v: "exp(q) + I * I", q: "-q / 0.4" } }), current: 0.5 },
    solve: slow,
    spike: [0, 1],
    by: "current",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "Brownian motion to a barrier",
    network: { cell: threshold({ state: { v: "0" }, noise: { v: "sigma" } }) },
    solve: slow,
    spike: [0, 0],
    by: "sigma",
    certain: { exists: false, unbiased: false },
  },
  {
    name: "theta, noise 0 where it fires",
    network: { cell: theta, current: 0.25 },
    solve: { t1: 15, dt: 0.1, paths: 200, seed: 1 },
    spike: [0, 1],
    by: "current",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "theta, fires before its noise is 0",
    network: {
      cell: { ...theta, event: "th - pi / 2", reset: { th: "th - pi" }, parameters: { sigma: 0.5 } },
      current: 0.1,
    },
    solve: { t1: 10, dt: 0.05, paths: 1000, seed: 1 },
    spike: [0, 0],
    by: "current",
    certain: { exists: false, unbiased: false },
  },
  {
    name: "escape noise, noisy voltage, reset by a shift",
    network: { cell: escaping({ noise: { v: "0.5" } }), current: 1.5 },
    solve: brief,
    spike: [0, 2],
    by: "current",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "escape noise, noisy voltage, reset to a value",
    network: { cell: escaping({ reset: { v: "-0.4", s: "log(u)" }, noise: { v: "0.5" } }), current: 1.5 },
    solve: brief,
    spike: [0, 2],
    by: "current",
    certain: { exists: false, unbiased: true },
  },
  {
    name: "the same, solved by euler",
    network: { cell: escaping({ reset: { v: "-0.4", s: "log(u)" }, noise: { v: "2" } }), current: 1.5 },
    solve: { ...brief, method: "euler", paths: 6000 },
    spike: [0, 2],
    by: "current",
  },
  {
    name: "weight on the voltage, reset by a shift",
    network: pair("v - 1.4"),
    solve: brief,
    spike: [1, 1],
    by: "current",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "weight on the voltage, reset to a value",
    network: pair("-0.4"),
    solve: { ...brief, paths: 3000, seed: 2 },
    spike: [1, 1],
    by: "current",
    certain: { exists: true, unbiased: false },
  },
  {
    name: "reset by a shift, shunting weight",
    network: pair("v - 1.4", { receive: { v: "v + 0.4 * w * (1.5 - v)" } }),
    solve: { ...brief, paths: 3000, seed: 2 },
    spike: [1, 1],
    by: "current",
    certain: { exists: true },
  },
  {
    name: "Poisson with a dead time",
    network: { cell: deadTime("r < tref ? 0 : rate") },
    solve: { t1: 0.1, dt: 0.001, paths: 2000, seed: 4 },
    spike: [0, 1],
    by: "tref",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "the same, its clock counted down",
    network: {
      cell: {
        ...deadTime("r > 0 ? 0 : rate"),
        state: { s: "r > 0 ? 0 : rate", r: "r > 0 ? -1 : 0" },
        reset: { s: "log(u)", r: "tref" },
        start: { s: "log(u)" },
      },
    },
    solve: { t1: 0.1, dt: 0.001, paths: 2000, seed: 4 },
    spike: [0, 1],
    by: "tref",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "a hazard that is 0 later on",
    network: { cell: deadTime("r < tref ? rate : (r < 0.02 ? 0 : rate)") },
    solve: { t1: 0.1, dt: 0.001, paths: 2000, seed: 4 },
    spike: [0, 1],
    by: "tref",
    certain: { exists: true, unbiased: false },
  },
  {
    name: "escape noise, refractory clamp",
    network: {
      cell: clamp({
        state: { v: "c < 0 ? 0 : (I - v) / tau", s: "exp((v - 1) / 0.1) / 5", c: "1" },
        event: "s",
        reset: { v: "0", c: "-tref", s: "log(u)" },
        start: { s: "log(u)", c: "1" },
      }),
      current: 1.2,
    },
    solve: { t1: 75, dt: 0.5, paths: 400, seed: 1 },
    spike: [0, 1],
    by: "tref",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "leaky neuron, refractory clamp, no noise",
    network: { cell: clamp({}), current: 1.5 },
    solve: { t1: 80, dt: 0.1, paths: 1, seed: 1 },
    spike: [0, 3],
    by: "tref",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "hazard that begins at a threshold",
    network: {
      cell: {
        name: "step-hazard",
        state: { v: "1", s: "v > vth ? rate : 0" },
        event: "s",
        reset: { v: "0", s: "log(u)" },
        start: { s: "log(u)" },
        parameters: { vth: 0.3037, rate: 5 },
      },
    },
    solve: { t1: 3, dt: 0.02, paths: 1000, seed: 1 },
    spike: [0, 1],
    by: "vth",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "condition in the drift, without noise there",
    network: {
      cell: escaping({
        state: { v: "v < c ? exp(q) : a * exp(q)", q: "-q", s: hazard },
        noise: { q: "0.5" },
        parameters: { c: 0.5, a: 3 },
      }),
    },
    solve: brief,
    spike: [0, 0],
    by: "c",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "condition in the drift, noise across it",
    network: {
      cell: escaping({
        state: { v: "v < c ? 1 : a", s: hazard },
        noise: { v: "0.5" },
        parameters: { c: 0.5, a: 3 },
      }),
    },
    solve: brief,
    spike: [0, 0],
    by: "c",
    certain: { exists: false },
  },
  {
    name: "M/M/1 queue, kind of event drawn by u",
    network: { cell: drawnQueue("lam / (lam + mu)") },
    solve: { t1: 30, dt: 0.5, paths: 1500, seed: 1 },
    spike: [0, 9],
    by: "lam",
    certain: { exists: true, unbiased: false },
  },
  {
    name: "the same, drawn by u < 1/4",
    network: { cell: drawnQueue("0.25") },
    solve: { t1: 30, dt: 0.5, paths: 1500, seed: 1 },
    spike: [0, 9],
    by: "lam",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "M/M/1 queue, competing hazards",
    network: { cell: competingQueue },
    solve: { t1: 30, dt: 0.5, paths: 1500, seed: 1 },
    spike: [0, 4],
    by: "lam",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "mm1-queue of the library",
    network: { cell: mm1Queue },
    solve: { t1: 60, dt: 0.5, paths: 8000, seed: 1 },
    spike: [0, 4],
    by: "lambda",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "birth-death of the library",
    network: { cell: birthDeath },
    solve: { t1: 10, dt: 0.1, paths: 30000, seed: 1 },
    spike: [0, 4],
    by: "nu",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "crossing detector",
    network: {
      cell: {
        name: "oscillator",
        state: { x: "y", y: "-x" },
        event: "x - level",
        start: { x: "1" },
        parameters: { level: 0.5 },
      },
    },
    solve: { ...one, t1: 20 },
    spike: [0, 2],
    by: "level",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "bouncing ball",
    network: {
      cell: {
        name: "ball",
        state: { x: "y", y: "-9.81 - drag * y" },
        events: { bounce: { when: "-x", jump: { y: "-e * y" }, emits: true } },
        start: { x: "1" },
        parameters: { drag: 0.3, e: 0.8 },
      },
    },
    solve: { ...one, t1: 3 },
    spike: [0, 2],
    by: "e",
    certain: { exists: true, unbiased: true },
  },
  {
    name: "tangential crossing",
    network: {
      cell: {
        name: "tangent",
        state: { v: "3 * (t - a) * (t - a)", a: "0" },
        event: "v - level",
        reset: { v: "v - 100" },
        start: { v: "-((0.5 + u) * (0.5 + u) * (0.5 + u))", a: "0.5 + u" },
        parameters: { level: 0 },
      },
    },
    solve: { t1: 3, dt: 0.05, paths: 200, seed: 1 },
    spike: [0, 0],
    by: "level",
    certain: { exists: false },
  },
];
