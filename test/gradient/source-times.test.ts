/** Gradients by the times at which sources send: the twin against finite differences. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { dt, forward, moved, names, networkWith, solved, spikes } from "../support/source-times.js";

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

describe.each([
  ["at once", false],
  ["after delays", true],
] as const)("forward, of what sends %s", (_, delays) => {
  it.each(["levy", "euler"] as const)("the twin against finite differences, method %s", async (method) => {
    const { table, derivatives, directions } = await forward(cpu, delays, { method });
    // As many of each population as the sample has that has most.
    expect(directions).toBe(4 + 1);
    const scale = Math.max(...derivatives.map(Math.abs));
    const along = (path: number, n: number, d: number): number =>
      derivatives[(path * table.slots + n) * directions + d]!;
    for (const [s, n, direction] of [
      [0, 1, 1],
      [0, 3, 4],
      [2, 1, 0],
      [2, 2, 1],
    ] as const) {
      const path = 3 * s + 1;
      const count = table.counts[path]!;
      const timesAt = async (by: number) => {
        const { table: other } = await forward(cpu, delays, { method }, moved(s, n, by));
        expect(other.counts[path]).toBe(count);
        return other.times.subarray(path * other.slots);
      };
      // So small that no spike moves over a grid point, where the solution has a corner; float32 holds the places.
      const h = dt / 2 ** 18;
      const [a, b, c, d] = [await timesAt(h), await timesAt(-h), await timesAt(2 * h), await timesAt(-2 * h)];
      let moves = 0;
      for (let k = 0; k < count; k++) {
        // Of order 4.
        const difference = (8 * (a[k]! - b[k]!) - (c[k]! - d[k]!)) / (12 * h);
        moves = Math.max(moves, Math.abs(difference));
        expect(Math.abs(along(path, k, direction) - difference), `${s}, ${n}: spike ${k}`).toBeLessThan(1e-6 * scale);
      }
      expect(moves).toBeGreaterThan(1e-3 * scale);
    }
    // One at t1, and what a sample does not have, move nothing.
    for (const [path, d] of [
      [0, 3],
      [3, 0],
      [3, 4],
      [6, 2],
    ] as const)
      for (let k = 0; k < table.counts[path]!; k++) expect(along(path, k, d)).toBe(0);
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
  await expect(solved(cpu, false, {}, spikes, ["e.times"])).rejects.toThrow('population "e" has no such parameter');
  await expect(
    cpu.network(networkWith(false)).valueAndGradient(meanSpikeTime(0, 0), {
      ...{ t1: 1, dt, samples: { spikes }, with: ["pixels.times"], estimator: "score" },
    }),
  ).rejects.toThrow(/score|given by sample/);
});
