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
