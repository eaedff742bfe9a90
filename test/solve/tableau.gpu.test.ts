/** A method is a row of a table: with one more, every kernel of a solve does what the twin does. */
import "../support/heun.js";
import { describe, expect, it } from "vitest";
import { defineCell } from "../../src/cell/cell.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { Method } from "../../src/plan/plan.js";
import { sharedEngine } from "../support/engine.js";
import { arrangesSums } from "../support/gpu.js";
import { everything, expectTwin, expectTwinSensitivities, inputSpikes, recurrent } from "./gpu-twin.js";

const heun = "heun" as Method;

describe("a method that is added as a tableau", () => {
  const engine = sharedEngine();

  it.each([
    ["one neuron, its noise by its state", everything, { paths: 300, t1: 1.5 }],
    [
      "a recurrent network with input spikes",
      { ...recurrent, inputSpikes },
      { paths: 100, distribution: "invocation" },
    ],
    ["the same by workgroups", { ...recurrent, inputSpikes }, { paths: 60, distribution: "workgroup" }],
  ] as const)("has trains and gradients of the twin: %s", async (_, definition, options) => {
    await expectTwin(engine(), heun, definition, options);
  });

  it("has sensitivities of the twin", async () => {
    await expectTwinSensitivities(engine(), heun, { ...recurrent, inputSpikes }, ["mu1", "beta", "weights"]);
  });

  it("has the same bits where its stages take turns", async () => {
    // The second flow is long by what comes to nothing.
    const padded = Array.from({ length: 26 }, (_, i) => `sqrt(v ^ 2 + ${i + 2})`).join(" + ");
    const results: { value: number; gradient: Record<string, unknown>; derivatives: number[] }[] = [];
    for (const more of ["", ` + none * (${padded})`]) {
      const cell = defineCell({
        name: "short",
        state: { v: `mu * (I - v)${more}`, s: "exp(v)" },
        noise: { v: "sigma" },
        event: "s",
        reset: { v: "v - 1", s: "log(u)" },
        start: { s: "log(u)" },
        parameters: { mu: 10, sigma: 0.3, none: 0 },
      });
      const network = engine().network({ cell, current: 0.5 });
      const solve = { paths: 8, t1: 2, dt: 0.05, seed: 5, with: ["mu", "current"], method: heun };
      // By four numbers, so that both go back: tangents of short equations alone go along (src/solve/tangents.ts).
      const four = { ...solve, with: ["mu", "current", "sigma", "none"] };
      const { value, gradient } = await network.valueAndGradient(meanSpikeTime(), four);
      delete (gradient as Record<string, unknown>).none; // what the second has more
      const { derivatives } = await network.spikeTimeSensitivities({ ...solve, maxSpikes: 2 });
      results.push({ value, gradient, derivatives: Array.from(derivatives) });
      expect(derivatives.some((d) => d !== 0)).toBe(true);
    }
    if (!arrangesSums()) {
      expect(results[1]).toEqual(results[0]);
      return;
    }
    // A few roundings of 6e-8, of which what cancels takes a digit or two.
    const [short, long] = results.map(
      (r) => [r.value, r.gradient.mu, r.gradient.current, r.gradient.sigma, ...r.derivatives] as number[],
    );
    short!.forEach((v, i) => {
      expect(Math.abs(long![i]! - v)).toBeLessThanOrEqual(1e-5 * Math.abs(v));
    });
  });
});
