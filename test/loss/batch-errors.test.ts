/** Standard errors of losses that are not the mean of what each path gives alone, by the twin. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { batchesOf } from "../../src/loss/batch-errors.js";
import { definition, errorsOf, losses, solve } from "./batch-losses.js";

describe("standard errors from batches", () => {
  it("take no more paths than there are, where there are enough", () => {
    for (const paths of [32, 100, 256, 1000, 4096, 262144]) {
      const { batches, paths: each } = batchesOf(paths, 1);
      expect(batches).toBeGreaterThanOrEqual(8);
      expect(batches * each).toBeLessThanOrEqual(paths);
      expect(each % 2).toBe(0);
    }
  });

  it.each(Object.entries(losses))("are how value and gradient spread over seeds: %s", async (_, loss) => {
    const cpu = await Engine.create({ backend: "cpu" });
    const network = cpu.network(definition);
    const seeds = 60;
    const values: number[][] = [];
    const squares: number[][] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const result = await network.valueAndGradient(loss, { ...solve, paths: 32, seed });
      values.push([result.value, ...result.flat]);
      squares.push(errorsOf(result).map((e) => e * e));
    }
    const mean = (rows: number[][], k: number): number => rows.reduce((sum, row) => sum + row[k]!, 0) / seeds;
    for (let k = 0; k < values[0]!.length; k++) {
      const spread = values.reduce((sum, row) => sum + (row[k]! - mean(values, k)) ** 2, 0) / (seeds - 1);
      // The spread of 60 seeds is known to 9 %; three of those, and what is of second order in batches of 4 paths.
      const ratio = Math.sqrt(mean(squares, k) / spread);
      expect(ratio, `entry ${k}`).toBeGreaterThan(0.7);
      expect(ratio, `entry ${k}`).toBeLessThan(1.4);
    }
    cpu.dispose();
  });
});
