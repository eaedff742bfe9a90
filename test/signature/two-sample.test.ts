import { describe, expect, it } from "vitest";
import { batchOf, type PathBatch, pathPoints } from "../../src/signature/definitions/paths.js";
import { signatureBackend, signatureGram, signatureMMD, twoSampleTest } from "../../src/signature/index.js";
import { randomWalks } from "./random-paths.js";

const twin = signatureBackend(null);
const kernel = { static: { kind: "rbf", sigma: 1 } } as const;

const chosen = (all: PathBatch, indices: readonly number[]): PathBatch =>
  batchOf(
    indices.map((i) => pathPoints(all, i)),
    all.channels,
  );

/** Share of all choices of `m` paths for x whose statistic is at least that of the first m. */
async function exactPValue(all: PathBatch, m: number): Promise<number> {
  const indices = Array.from({ length: all.count }, (_, i) => i);
  const values: number[] = [];
  for (let set = 0; set < 2 ** all.count; set++) {
    const x = indices.filter((i) => (set >> i) & 1);
    if (x.length !== m) continue;
    const y = indices.filter((i) => !x.includes(i));
    values.push((await signatureMMD(twin, chosen(all, x), chosen(all, y), kernel)).value);
  }
  // The set of the lowest bits comes first. Values that are equal but for rounding differ by some 1e-15.
  return values.filter((v) => v >= values[0]! - 1e-12).length / values.length;
}

describe("the statistic", () => {
  it("is the MMD², with its gradients, also where the scheme is not symmetric", async () => {
    const [x, y] = [randomWalks(30, [5, 6, 4], 2), randomWalks(31, [4, 5, 7, 5], 2)];
    for (const dyadic of [
      [1, 1],
      [0, 2],
    ] as const) {
      const options = { solver: { kind: "difference", dyadic } as const, gradient: { x: true, y: true } };
      const [test, mmd] = [await twoSampleTest(twin, x, y, options), await signatureMMD(twin, x, y, options)];
      // The order of the sums differs.
      expect(test.statistic).toBeCloseTo(mmd.value, 12);
      expect([test.gradientX, test.gradientY]).toEqual([mmd.gradientX, mmd.gradientY]);
    }
  });

  it("has a bound of twice the size where kernels may be negative", async () => {
    const line = (...ends: number[]): number[][][] => ends.map((end) => [[0], [end]]);
    const up = line(1, 2);
    const bound = async (y: number[][][]): Promise<number> =>
      (await twoSampleTest(twin, up, y, { method: "threshold", level: 0.05 })).threshold;
    const largest = (await signatureGram(twin, up, null)).values[3]!;
    const size = largest * Math.sqrt(Math.log(20) / 2);
    expect(await bound(line(1.5, 0.5))).toBeCloseTo(4 * size, 10);
    expect((await signatureGram(twin, up, line(-1, -2))).values.some((k) => k < 0)).toBe(true);
    expect(await bound(line(-1, -2))).toBeCloseTo(8 * size, 10);
  });
});

describe("permutation test of few paths", () => {
  it("p-values are those of all relabellings, also where many give the same statistic", async () => {
    const permutations = 4999;
    for (const [m, n, equal] of [
      [2, 2, 0],
      [2, 3, 0],
      [3, 3, 0],
      [3, 3, 3],
    ] as const) {
      for (let seed = 1; seed <= 4; seed++) {
        // The last `equal` paths of x, and y's first, are one path.
        const random = randomWalks(seed, Array(m + n).fill(5), 2);
        const all = chosen(
          random,
          Array.from({ length: m + n }, (_, i) => (i >= m - 1 && i < m - 1 + equal ? m : i)),
        );
        const first = Array.from({ length: m }, (_, i) => i);
        const rest = Array.from({ length: n }, (_, i) => m + i);
        const options = { ...kernel, permutations, seed };
        const { pValue } = await twoSampleTest(twin, chosen(all, first), chosen(all, rest), options);
        const exact = await exactPValue(all, m);
        // Five standard errors of a share of so many draws, and the one that is always counted.
        const tolerance = 5 * Math.sqrt((exact * (1 - exact)) / permutations) + 1 / permutations;
        expect(Math.abs(pValue! - exact)).toBeLessThan(tolerance);
      }
    }
  });
});
