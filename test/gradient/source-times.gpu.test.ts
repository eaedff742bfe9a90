/** Gradients by the times at which sources send: the twin against finite differences, kernels against the twin. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { expressionLoss } from "../../src/loss/expression-loss.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import type { SolveOptions } from "../../src/plan/plan.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
const cpu = await Engine.create({ backend: "cpu" });

/** Sources of two populations, the second of them after the first; the pixels send to two populations. */
const networkWith = (delays: boolean): NetworkDefinition => ({
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
const dt = 1 / 64;
/** Times whose places within a step float32 holds, and so those of differences. */
const at = (step: number, place: number): number => (step + place / 1024) * dt;
/** One out of order, two at one time, none in the second, one at t1. */
const spikes = [
  { times: [at(12, 500), at(3, 300), at(12, 500), at(6, 77), 1], sources: [0, 1, 1, 2, 0] },
  { times: [], sources: [] },
  { times: [at(7, 900), at(30, 500), at(30, 800)], sources: [2, 0, 1] },
];
type Lists = readonly { times: readonly number[]; sources: readonly number[] }[];
const loss = expressionLoss({ value: "t[0] + t[1]^2 + 0.5 * t[2] * t[0]", neurons: [0, 1, 2] });
const names = ["pixels.times", "clock.times"];
const solved = (
  on: Engine,
  delays: boolean,
  more: Partial<SolveOptions> = {},
  given: Lists = spikes,
  by: readonly string[] = names,
) =>
  on.network(networkWith(delays)).valueAndGradient(loss, {
    ...{ t1: 1, dt, seed: 3, samples: { spikes: given, trials: 3 }, with: by },
    ...more,
  });
const moved = (s: number, n: number, by: number): Lists =>
  spikes.map((one, k) => (k === s ? { ...one, times: one.times.map((t, m) => (m === n ? t + by : t)) } : one));

describe.each([
  ["at once", false],
  ["after delays", true],
] as const)("of what sends %s", (_, delays) => {
  it.each(["levy", "euler"] as const)("the twin against finite differences, method %s", async (method) => {
    const { gradient } = await solved(cpu, delays, { method });
    const [pixels, clock] = names.map((name) => gradient[name] as number[][]) as [number[][], number[][]];
    // A list for each sample, in the order in which its spikes were given.
    expect(pixels.map((list) => list.length)).toEqual([4, 0, 2]);
    expect(clock.map((list) => list.length)).toEqual([1, 0, 1]);
    expect(pixels[0]![3]).toBe(0);
    const scale = Math.max(...pixels.flat().map(Math.abs));
    const looked: [number, number, number][] = [
      [0, 1, pixels[0]![1]!],
      [0, 3, clock[0]![0]!],
      [2, 1, pixels[2]![0]!],
    ];
    for (const [s, n, found] of looked) {
      const value = async (by: number) => (await solved(cpu, delays, { method }, moved(s, n, by), [])).value;
      const h = dt / 512;
      const [a, b, c, d] = [await value(h), await value(-h), await value(2 * h), await value(-2 * h)];
      const [e, f] = [await value(3 * h), await value(-3 * h)];
      // Of order 6.
      const difference = (45 * (a - b) - 9 * (c - d) + (e - f)) / (60 * h);
      expect(Math.abs(difference)).toBeGreaterThan(1e-3 * scale);
      expect(Math.abs(found - difference), `sample ${s}, spike ${n}`).toBeLessThan(1e-6 * scale);
    }
  });

  it("kernels against the twin", async () => {
    for (const distribution of delays ? ([undefined] as const) : (["invocation", "workgroup"] as const)) {
      const more = distribution ? { distribution } : {};
      const [mine, twin] = [await solved(engine(), delays, more), await solved(cpu, delays)];
      for (const name of names) {
        const [a, b] = [mine, twin].map(({ gradient }) => (gradient[name] as number[][]).flat()) as [
          number[],
          number[],
        ];
        expect(a.length).toBe(b.length);
        // As of other gradients by float32 over some tens of steps.
        const scale = Math.max(...b.map(Math.abs));
        a.forEach((x, n) => {
          expect(Math.abs(x - b[n]!), `${distribution}, ${name}[${n}]`).toBeLessThan(2e-3 * scale);
        });
        const errors = (of: typeof mine): number[] => (of.gradientStandardError[name] as number[][]).flat();
        expect(errors(mine).every((e) => e >= 0)).toBe(true);
      }
    }
  });
});

it("of a spike at a grid point is the derivative from above", async () => {
  const [s, n, time] = [2, 1, 31 * dt];
  const given = moved(s, n, time - spikes[s]!.times[n]!);
  const { gradient } = await solved(cpu, false, {}, given);
  const found = (gradient["pixels.times"] as number[][])[s]![0]!;
  const h = dt / 128;
  const value = async (by: number) =>
    (await solved(cpu, false, {}, moved(s, n, time + by - spikes[s]!.times[n]!), [])).value;
  const [a, b, c, d] = [await value(0), await value(h), await value(2 * h), await value(3 * h)];
  // Of order 3, and the place is 2^-23 of a step beyond.
  expect(Math.abs(found / ((-11 * a + 18 * b - 9 * c + 2 * d) / (6 * h)) - 1)).toBeLessThan(1e-4);
});

it("is refused where there is none", async () => {
  const sensitivities = cpu
    .network(networkWith(false))
    .spikeTimeSensitivities({ t1: 1, dt, samples: { spikes }, with: ["pixels.times"] });
  await expect(sensitivities).rejects.toThrow('"pixels.times" is given by sample, and here');
  await expect(solved(cpu, false, {}, spikes, ["e.times"])).rejects.toThrow('population "e" has no such parameter');
  await expect(
    cpu.network(networkWith(false)).valueAndGradient(meanSpikeTime(0, 0), {
      ...{ t1: 1, dt, samples: { spikes }, with: ["pixels.times"], estimator: "score" },
    }),
  ).rejects.toThrow(/score|given by sample/);
});
