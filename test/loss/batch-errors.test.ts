/**
 * Standard errors of losses that are not the mean of what each path gives alone, by the twin; of losses by signatures in
 * batch-errors.long.test.ts.
 */
import { describe, expect, it } from "vitest";
import { batchesOf } from "../../src/loss/batch-errors.js";
import { expectSpread, losses } from "./batch-losses.js";

describe("standard errors from batches", () => {
  it("take no more paths than there are, where there are enough", () => {
    for (const paths of [32, 100, 256, 1000, 4096, 262144]) {
      const { batches, paths: each } = batchesOf(paths, 1);
      expect(batches).toBeGreaterThanOrEqual(8);
      expect(batches * each).toBeLessThanOrEqual(paths);
      expect(each % 2).toBe(0);
    }
  });

  it("are how value and gradient spread over seeds: first spikes", async () => {
    await expectSpread(losses["first spikes"]);
  });
});
