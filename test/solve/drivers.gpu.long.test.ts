/**
 * Networks that fractional paths drive, rough and smooth, on a device: spike times and gradients are those of the twin, whose gradients are
 * finite differences (test/twin/samples.test.ts).
 */
import { describe, it } from "vitest";
import { fractionalBrownian } from "../../src/data/index.js";
import { sharedEngine } from "../support/engine.js";
import { fed, fedLate, fiveSamples } from "../support/fed.js";
import { expectTwin, expectTwinSensitivities } from "./gpu-twin.js";

const engine = sharedEngine();

describe.each([0.3, 0.5, 0.75])("drivers of H = %s", (hurst) => {
  const v = fractionalBrownian({ hurst, samples: 5, steps: 50, dt: 0.02, neurons: 4, seed: 5 });
  // On a coarser grid than that of steps, and off it.
  const coarse = fractionalBrownian({ hurst, samples: 5, steps: 30, dt: 0.035, neurons: 4, seed: 6 });

  it("after delays", () =>
    expectTwin(engine(), "levy", fedLate, { samples: { spikes: fiveSamples, drivers: { v }, trials: 20 } }));

  it("at once, a path per workgroup", async () => {
    const samples = { spikes: fiveSamples, drivers: { v: coarse }, trials: 20 };
    await expectTwin(engine(), "euler", fed, { samples, distribution: "workgroup" });
  });

  it("forward", async () => {
    const spikes = { ...fiveSamples, times: fiveSamples.times.map((t) => Math.min(t, 0.8)) };
    await expectTwinSensitivities(engine(), "levy", fed, ["mu1", "weights"], { spikes, drivers: { v }, trials: 8 });
  });
});
