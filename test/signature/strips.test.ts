import { describe, expect, it } from "vitest";
import { pathPoints } from "../../src/signature/definitions/paths.js";
import { compileStaticKernel } from "../../src/signature/definitions/static-kernel.js";
import { differenceKernel } from "../../src/signature/host/difference.js";
import { increments } from "../../src/signature/host/increments.js";
import { stripKernel } from "../../src/signature/host/strips.js";
import { brownianPaths } from "./random-paths.js";

const scale = 0.7;

/** Both ways of one pair. */
function both(lengths: [number, number], channels: number, dyadic: readonly [number, number]): [number, number] {
  const batch = brownianPaths(lengths[0] + 10 * channels, lengths, channels, 1);
  const [x, y] = [pathPoints(batch, 0), pathPoints(batch, 1)];
  const p = increments(compileStaticKernel({ kind: "linear", scale }), x, y, channels);
  const written = differenceKernel(p, lengths[0] - 1, lengths[1] - 1, dyadic);
  return [stripKernel(scale, x, y, channels, dyadic), written];
}

describe("the difference scheme in strips of four rows", () => {
  // Rows that fill a strip or not, fewer columns than a strip is high, channels by fours and what is left.
  const sizes: [number, number][] = [[2, 2], [3, 2], [4, 7], [5, 5], [6, 3], [9, 8], [38, 41]]; // biome-ignore format: one line
  for (const dyadic of [
    [0, 0],
    [1, 0],
    [0, 1],
    [2, 1],
    [1, 3],
  ] as const) {
    it(`is the scheme as it is written, at dyadic orders ${dyadic}`, () => {
      for (const lengths of sizes) {
        for (const channels of [1, 2, 4, 5, 9]) {
          const [strips, written] = both(lengths, channels, dyadic);
          // Sums in another order: some roundings of 1e-16 for each of the cells that a value goes through.
          expect(Math.abs(strips - written), `${lengths} ${channels}`).toBeLessThan(
            1e-13 * Math.max(1, Math.abs(written)),
          );
        }
      }
    });
  }

  it("agrees where roundings of many cells add up", () => {
    const [strips, written] = both([130, 120], 4, [0, 0]);
    expect(Math.abs(strips / written - 1)).toBeLessThan(1e-11);
  });

  it("does not hide what overflows", () => {
    // Increments of 1e200 each, whose squares are beyond float64.
    const x = Float64Array.from({ length: 6 }, (_, i) => i * 1e100);
    expect(Number.isFinite(stripKernel(1, x, x, 1, [0, 0]))).toBe(false);
  });
});
