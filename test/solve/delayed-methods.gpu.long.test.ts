/** Delays of neurons and sources, samples, and every method: solves, gradients and sensitivities against the twin (by `levy`: samples.gpu.test.ts). */
import { describe, it } from "vitest";
import { sharedEngine } from "../support/engine.js";
import { fedLate, fiveSamples } from "../support/fed.js";
import { expectTwin, expectTwinSensitivities } from "./gpu-twin.js";

const engine = sharedEngine();

describe.each(["euler", "wong-zakai"] as const)("delays and samples by %s", (method) => {
  it("forward and backward", () =>
    expectTwin(engine(), method, fedLate, { samples: { trials: 20, spikes: fiveSamples } }));

  it("sensitivities", () => {
    const spikes = { ...fiveSamples, times: fiveSamples.times.map((t) => Math.min(t, 0.8)) };
    return expectTwinSensitivities(engine(), method, fedLate, ["mu1", "weights", "delays"], { spikes, trials: 8 });
  });
});
