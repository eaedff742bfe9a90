/** Standard errors of losses that are not the mean of what each path gives alone. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { firstSpikes, meanSpikeTime } from "../../src/loss/spike-times.js";
import { sharedEngine } from "../support/engine.js";
import { definition, errorsOf, losses, solve } from "./batch-losses.js";

const engine = sharedEngine();

describe("standard errors from batches", () => {
  it("are the same on the GPU and the twin, and are left out on request", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const loss = losses["first spikes"];
    const options = { ...solve, paths: 128, seed: 5 };
    const network = engine().network(definition);
    const [a, b] = [
      errorsOf(await network.valueAndGradient(loss, options)),
      errorsOf(await cpu.network(definition).valueAndGradient(loss, options)),
    ];
    // Gradients on the GPU are those of the twin to 1e-3, and so is their spread; float32 trains may differ by a spike.
    for (let k = 0; k < a.length; k++) expect(Math.abs(a[k]! / b[k]! - 1)).toBeLessThan(0.02);
    const without = await network.valueAndGradient(loss, { ...options, standardErrors: false });
    expect(errorsOf(without).slice(1).every(Number.isNaN)).toBe(true);
    const [pathwise, quick] = [
      await network.valueAndGradient(meanSpikeTime(0, 1), options),
      await network.valueAndGradient(meanSpikeTime(0, 1), { ...options, standardErrors: false }),
    ];
    expect(pathwise).toEqual(quick);
    expect(errorsOf(pathwise).every((e) => e > 0)).toBe(true);
    cpu.dispose();
  });
});

describe("shares of the paths in the value", () => {
  it("add up to it to first order, wherever time begins", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const times = { t0: 2, t1: 2.6, dt: 0.05, method: "euler" as const, with: ["current"], paths: 64, seed: 3 };
    for (const loss of [meanSpikeTime(1, 1), firstSpikes([[2.3, 2.5]])]) {
      const shares: number[][] = [];
      for (const on of [engine(), cpu]) {
        const perPath = (_: number, paths: number, rows: ArrayLike<number>): void => {
          shares.push(Array.from({ length: paths }, (__, i) => rows[i]!));
        };
        await on.network(definition).valueAndGradient(loss, { ...times, perPath, standardErrors: false });
      }
      // Times near 2.5 in float32.
      shares[0]!.forEach((share, i) => {
        expect(share).toBeCloseTo(shares[1]![i]!, 4);
      });
    }
    cpu.dispose();
  });
});
