import { afterAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
const cpu = await Engine.create({ backend: "cpu" });
afterAll(() => cpu.dispose());

/** Fires when its input takes it over the edge, and not by itself. */
const integrator = {
  name: "integrator",
  state: { v: "rate" },
  event: "v - 1",
  reset: { v: "v - 1" },
  receive: { v: "v + w" },
  start: { v: "0" },
  parameters: { rate: 0.1 },
};

describe("input spikes at the ends of the time", () => {
  const late = 1 - 1e-9; // nearer to the end of its step than a float32 can tell
  it.each([
    [0, [0]],
    [0.5, [0.5]],
    [late, [late]],
    [1, []],
  ])("at %s of 1: both backends agree", async (time, expected) => {
    const definition = { cell: integrator, inputSpikes: { times: [time], neurons: [0], weights: [1.5] } };
    for (const distribution of ["invocation", "workgroup"] as const) {
      for (const e of [engine(), cpu]) {
        const network = e.network(definition);
        const options = { paths: 1, t1: 1, dt: 0.25, distribution };
        const spikes = await network.simulate(options);
        const { counts, times } = await spikes.read();
        spikes.dispose();
        expect(counts[0], `${e.backend} by ${distribution}`).toBe(expected.length);
        // A place within a step is a float32, above 0.
        expected.forEach((t, n) => {
          expect(times[n]).toBeCloseTo(t, 6);
        });
        const { value } = await network.valueAndGradient(meanSpikeTime(0, 0), { ...options, with: ["rate"] });
        expect(value).toBeCloseTo(expected[0] ?? 1, 6);
      }
    }
  });
});

/** An arrival takes over a signal that holds its samples. */
const reader = {
  name: "reader",
  inputs: ["g"],
  state: { v: "0" },
  event: "v - 100",
  receive: { v: "v + w * g" },
  parameters: {},
};

describe("input spikes where a sample of a signal begins", () => {
  // 0.3 / 0.1 and 0.7 / 0.1 come out below whole numbers, 3 · 0.1 above 0.3.
  it.each([
    [0.3, 4],
    [3 * 0.1, 4],
    [0.7, 8],
    [0.2, 3],
    [0.9, 10],
    [0.3 - 1e-9, 3],
  ])("at %d: it reads sample %d", async (time, expected) => {
    const inputs = { g: { dt: 0.1, samples: Array.from({ length: 10 }, (_, n) => n + 1) } };
    const definition = {
      ...{ cell: reader, neurons: 2, inputs },
      inputSpikes: { times: [time], neurons: [1], weights: [1] },
      weights: { edges: [[0, 1, 1]] as [number, number, number][], delays: 0.5 },
    };
    for (const distribution of ["invocation", "neuron"] as const) {
      for (const e of [engine(), cpu]) {
        const options = { paths: 1, t1: 1, dt: 0.1, distribution, states: { of: ["v"], times: "t1" as const } };
        const spikes = await e.network(definition).simulate(options);
        const { values } = await spikes.states();
        spikes.dispose();
        expect([...values], `${e.backend} by ${distribution}`).toEqual([0, expected]);
      }
    }
  });
});
