/** A network of sources of two populations, and gradients by the times at which they send. */
import type { Engine } from "../../src/engine.js";
import { expressionLoss } from "../../src/loss/expression-loss.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import type { SolveOptions } from "../../src/plan/plan.js";

/** Sources of two populations, the second of them after the first; the pixels send to two populations. */
export const networkWith = (delays: boolean): NetworkDefinition => ({
  populations: {
    pixels: { sources: 2 },
    e: { cell: "slif", neurons: 2, parameters: { mu1: [14, 15], sigma1: 0.25, vReset: 1.3 }, current: [1.2, 1.1] },
    clock: { sources: 1 },
    i: { cell: "slif", neurons: 1, parameters: { mu1: 16 }, current: 1.1 },
  },
  projections: [
    {
      from: "pixels",
      to: "e",
      weights: {
        dense: [
          [0.9, 0.4],
          [-0.3, 0.8],
        ],
      },
      ...(delays
        ? {
            delays: [
              [0.005, 0.03],
              [0.1, 0.02],
            ],
          }
        : {}),
    },
    { from: "pixels", to: "i", weights: { dense: [[0.5], [0.6]] } },
    { from: "clock", to: "i", weights: { dense: [[0.7]] }, ...(delays ? { delays: 0.07 } : {}) },
    { from: "e", to: "i", weights: { dense: [[0.3], [-0.2]] }, ...(delays ? { delays: 0.011 } : {}) },
  ],
});
export const dt = 1 / 64;
/** Times whose places within a step float32 holds, and so those of differences. */
export const at = (step: number, place: number): number => (step + place / 1024) * dt;
/** One out of order, two at one time, none in the second, one at t1. */
export const spikes = [
  { times: [at(12, 500), at(3, 300), at(12, 500), at(6, 77), 1], sources: [0, 1, 1, 2, 0] },
  { times: [], sources: [] },
  { times: [at(7, 900), at(30, 500), at(30, 800)], sources: [2, 0, 1] },
];
type Lists = readonly { times: readonly number[]; sources: readonly number[] }[];
const loss = expressionLoss({ value: "t[0] + t[1]^2 + 0.5 * t[2] * t[0]", neurons: [0, 1, 2] });
export const names = ["pixels.times", "clock.times"];
const solveOf = (given: Lists, by: readonly string[]) => ({
  t1: 1,
  dt,
  seed: 3,
  samples: { spikes: given, trials: 3 },
  with: by,
});
export const solved = (
  on: Engine,
  delays: boolean,
  more: Partial<SolveOptions> = {},
  given: Lists = spikes,
  by: readonly string[] = names,
) => on.network(networkWith(delays)).valueAndGradient(loss, { ...solveOf(given, by), ...more });
export const moved = (s: number, n: number, by: number): Lists =>
  spikes.map((one, k) => (k === s ? { ...one, times: one.times.map((t, m) => (m === n ? t + by : t)) } : one));

/** Spike times with their derivatives by the same. */
export const forward = (
  on: Engine,
  delays: boolean,
  more: Partial<SolveOptions> = {},
  given: Lists = spikes,
  by: readonly string[] = names,
) => on.network(networkWith(delays)).spikeTimeSensitivities({ ...solveOf(given, by), ...more });
