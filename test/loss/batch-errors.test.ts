/**
 * Standard errors of losses that are not the mean of what each path gives alone, by the twin; of losses by signatures in
 * batch-errors.long.test.ts.
 */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { batchesOf } from "../../src/loss/batch-errors.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { estimateOf } from "../../src/reduce/statistics.js";
import { expectSpread, losses } from "./batch-losses.js";

describe("standard errors from batches", () => {
  it("take no more paths than there are, where there are enough", () => {
    for (const paths of [64, 100, 256, 1000, 4096, 262144]) {
      const { batches, paths: each } = batchesOf({ paths, antithetic: false }, {});
      expect(batches).toBeGreaterThanOrEqual(8);
      expect(batches * each).toBeLessThanOrEqual(paths);
      expect(each % 2).toBe(0);
    }
  });

  it("are how value and gradient spread over seeds: first spikes", async () => {
    await expectSpread(losses["first spikes"]);
  });

  it("have all samples in a batch, and none where trials are too few", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    // Of the first samples alone, which fire early, errors would be a fifth.
    const I = [5, 5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5];
    const of = (seed: number, trials = 8) =>
      cpu.network({ neurons: 1 }).valueAndGradient(firstSpikes([[0.4]]), {
        t1: 2,
        dt: 0.1,
        seed,
        samples: { inputs: { I }, trials },
        with: ["mu1"],
      });
    const all = await Promise.all(Array.from({ length: 24 }, (_, seed) => of(seed)));
    const spread = estimateOf(all.map((r) => r.flat[0]!)).standardError * Math.sqrt(24);
    const error = Math.sqrt(all.reduce((sum, r) => sum + (r.gradientStandardError.mu1 as number) ** 2, 0) / 24);
    // The spread of 24 seeds is known to 15 %; three of those.
    expect(error / spread).toBeGreaterThan(0.6);
    expect(error / spread).toBeLessThan(1.6);
    const few = await of(1, 4);
    expect(few.gradientStandardError.mu1).toBeNaN();
    expect(few.warnings?.join()).toContain("samples.trials: 4 of each sample do not tell standard errors");
    cpu.dispose();
  });
});
