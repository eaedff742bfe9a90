/** Short paths whose kernels lie near zero, and the comparisons with the twin that every solver passes. */
import { expect, it } from "vitest";
import type { SignatureSolver } from "../../src/signature/definitions/solver.js";
import type { StaticKernel } from "../../src/signature/definitions/static-kernel.js";
import { type PathBatch, type SignatureBackend, signatureBackend, signatureKernel } from "../../src/signature/index.js";
import { randomWalks, relativeError } from "./random-paths.js";

export const twin = signatureBackend(null);

export const statics: StaticKernel[] = [
  { kind: "linear", scale: 0.9 },
  { kind: "rbf", sigma: 0.7 },
  { kind: "matern32", length: 0.8 },
  { kind: "matern52", length: 0.8 },
  { kind: "rational-quadratic", length: 0.8, alpha: 1 },
  { kind: "polynomial", degree: 2, scale: 0.5, offset: 1 },
];
/** Largest error of a value by its own size. */
export const worst = (actual: ArrayLike<number>, expected: ArrayLike<number>): number =>
  Array.from(expected, (v, i) => Math.abs(actual[i]! / v - 1)).reduce((a, b) => (a >= b ? a : b), 0);

/** Largest error of a path's gradient by the largest entry of its own. */
export const worstPath = (x: PathBatch, actual: Float64Array, expected: Float64Array): number =>
  Array.from({ length: x.count }, (_, i) => {
    const [begin, end] = [x.offsets[i]! * x.channels, x.offsets[i + 1]! * x.channels];
    return relativeError(actual.subarray(begin, end), expected.subarray(begin, end));
  }).reduce((a, b) => (a >= b ? a : b), 0);

const pairs = 120;
/** Two parts keep 46 bits; the grids' largest numbers are up to 1e4 times these values and gradients. */
export const tolerance = 1e-8;

const sixPoints = [1, 2].map((seed) => randomWalks(seed, Array(pairs).fill(6), 2));
const ragged = [3, 4].map((seed) =>
  randomWalks(
    seed,
    Array.from({ length: pairs }, (_, i) => 4 + ((i * (seed + 2)) % 7)),
    3,
  ),
);

const short = [5, 6].map((seed) =>
  randomWalks(
    seed,
    Array.from({ length: pairs }, (_, i) => 2 + ((i * (seed - 2)) % 5)),
    1,
  ),
);

/** Declares the tests of a solver. */
export function nearZero(gpu: () => SignatureBackend, solver: SignatureSolver): void {
  it(JSON.stringify(solver), async () => {
    let least = 1;
    for (const kernel of statics) {
      for (const [x, y] of [sixPoints, ragged] as [PathBatch, PathBatch][]) {
        const options = { static: kernel, solver };
        const [a, b] = [await signatureKernel(gpu(), x, y, options), await signatureKernel(twin, x, y, options)];
        expect(worst(a.values, b.values)).toBeLessThan(tolerance);
        least = Math.min(least, ...b.values.map(Math.abs));
      }
    }
    // Some are small: otherwise this would show nothing.
    expect(least).toBeLessThan(0.03);
  });

  it(`${JSON.stringify(solver)}: with gradients, the same values`, async () => {
    for (const kernel of [statics[0]!, statics[1]!, statics[5]!]) {
      // In one channel whole gradients come near zero: factors of the kernel that all entries share do.
      for (const [x, y] of [sixPoints, ragged, short] as [PathBatch, PathBatch][]) {
        const options = { static: kernel, solver };
        const cotangent = Array.from({ length: pairs }, (_, i) => 1 - (i % 5) / 7);
        const { values } = await signatureKernel(gpu(), x, y, options);
        const a = await signatureKernel(gpu(), x, y, { ...options, cotangent });
        const b = await signatureKernel(twin, x, y, { ...options, cotangent });
        expect(a.values).toEqual(values);
        expect(worstPath(x, a.gradientX!, b.gradientX!)).toBeLessThan(tolerance);
        expect(worstPath(y, a.gradientY!, b.gradientY!)).toBeLessThan(tolerance);
      }
    }
  });
}
