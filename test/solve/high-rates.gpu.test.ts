import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { sharedEngine } from "../support/engine.js";
import { needsLongLoops } from "../support/gpu.js";

const engine = sharedEngine();
beforeEach((context) => needsLongLoops(engine().gpu!, context));
const cpu = await Engine.create({ backend: "cpu" });
afterAll(() => cpu.dispose());

const poisson = (rate: number) => ({
  cell: {
    name: "poisson",
    state: { s: "rate" },
    event: "s",
    reset: { s: "log(u)" },
    start: { s: "log(u)" },
    parameters: { rate },
  },
});

describe("neurons that fire many times in a step", () => {
  it.each([
    [4500, { t1: 1, dt: 0.01 }],
    [2000, { t1: 2, dt: 1 }],
  ])("are solved on both backends: rate %s", async (rate, time) => {
    const options = { paths: 4, seed: 3, ...time };
    const [gpu, twin] = await Promise.all(
      [engine(), cpu].map(async (e) => {
        const spikes = await e.network(poisson(rate)).simulate(options);
        const table = await spikes.read();
        spikes.dispose();
        return table;
      }),
    );
    const expected = rate * time.t1;
    const mean = twin!.counts.reduce((a, b) => a + b, 0) / 4;
    expect(Math.abs(mean - expected)).toBeLessThan(4 * Math.sqrt(expected / 4));
    // Rounding moves the last of thousands of spikes by less than the next is away, mostly.
    twin!.counts.forEach((count, i) => {
      expect(Math.abs(gpu!.counts[i]! - count)).toBeLessThanOrEqual(1);
    });
  });

  const endless = {
    cell: {
      name: "endless",
      state: { s: "1" },
      event: "s",
      reset: { s: "after" },
      start: { s: "-0.5" },
      parameters: { after: -1 },
    },
    parameters: { after: 0.5 },
  };
  it.each([
    [
      "a reset that leaves the event function above 0",
      endless,
      {},
      /10000 times in step 0: its reset leaves the event function at 0.5, not below 0/,
    ],
    [
      "the same before maxSpikes",
      endless,
      { maxSpikes: 12_000 },
      /its reset leaves the event function at 0.5, not below 0; make the reset larger/,
    ],
    [
      "a rate too high",
      poisson(30_000),
      {},
      /10000 times in step 0: its event function rises at a rate of 30000, too fast for dt = 1; take a smaller dt, or/,
    ],
    [
      "weights of 1e30",
      { neurons: 2, weights: { edges: [[0, 1, 1e30], [1, 0, 1e30]] as [number, number, number][] }, current: 1.5 }, // biome-ignore format: short
      { t1: 0.5, dt: 0.1 },
      /its event function rises at a rate of 5\.18e\+21, too fast .*; take a smaller dt, or check weights \(1e\+30 at most\)/,
    ],
  ])("are refused in the same words: %s", async (_, definition, more, message) => {
    const said = await Promise.all(
      [engine(), cpu].map((e) =>
        e
          .network(definition)
          .simulate({ paths: 1, t1: 1, dt: 1, ...more })
          .then(
            () => "nothing",
            (error: Error) => error.message,
          ),
      ),
    );
    expect(said[0]).toMatch(message);
    expect(said[1]).toBe(said[0]);
  });
});
