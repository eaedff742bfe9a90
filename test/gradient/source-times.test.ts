/** Gradients by the times at which sources send: the twin against finite differences. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { dt, moved, names, networkWith, solved, spikes } from "../support/source-times.js";

const cpu = await Engine.create({ backend: "cpu" });

describe.each([
  ["at once", false],
  ["after delays", true],
] as const)("of what sends %s", (_, delays) => {
  it.each([
    "levy",
    "euler",
    "wong-zakai",
  ] as const)("the twin against finite differences, method %s", async (method) => {
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

it("tells of spikes at one time that may set one off together, and not of those that move no event function", async () => {
  const both = [{ times: [0.2, 0.2], sources: [0, 0] }];
  const warningsOf = async (receive: Record<string, string>) => {
    const cell = { name: "kicked", state: { v: "1.2 - v", i: "-i" }, event: "v - 1", reset: { v: "0" }, receive };
    const network = cpu.network({
      populations: { s: { sources: 1 }, n: { cell: { ...cell, parameters: {} }, neurons: 1 } },
      projections: [{ from: "s", to: "n", weights: { allToAll: 0.45 } }],
    });
    const { warnings, gradient } = await network.valueAndGradient(meanSpikeTime(0, 0), {
      ...{ t1: 1, dt: 0.05, samples: { spikes: both }, with: ["s.times"] },
    });
    return { warnings: warnings?.filter((line) => line.includes("one time")), times: gradient["s.times"] };
  };
  const kicked = await warningsOf({ v: "v + w" });
  expect(kicked.warnings).toEqual([expect.stringContaining("sources send at one time (sample 0, at 0.2)")]);
  // The neuron fires as the second comes, whichever that is.
  expect(kicked.times).toEqual([[0, 1]]);
  expect((await warningsOf({ i: "i + w" })).warnings ?? []).toEqual([]);
});

it("is refused where there is none", async () => {
  const sensitivities = cpu
    .network(networkWith(false))
    .spikeTimeSensitivities({ t1: 1, dt, samples: { spikes }, with: ["pixels.times"] });
  await expect(sensitivities).rejects.toThrow('"pixels.times" are times at which sources send, by which');
  await expect(solved(cpu, false, {}, spikes, ["e.times"])).rejects.toThrow('population "e" has no such parameter');
  await expect(
    cpu.network(networkWith(false)).valueAndGradient(meanSpikeTime(0, 0), {
      ...{ t1: 1, dt, samples: { spikes }, with: ["pixels.times"], estimator: "score" },
    }),
  ).rejects.toThrow(/score|given by sample/);
});
