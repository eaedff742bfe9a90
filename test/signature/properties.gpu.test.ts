/** What holds for signatures and signature kernels whatever the paths, on the GPU. */
import { describe, expect, it } from "vitest";
import { batchOf, pathLength, pathPoints } from "../../src/signature/definitions/paths.js";
import type { SignatureSolver } from "../../src/signature/definitions/solver.js";
import type { StaticKernel } from "../../src/signature/definitions/static-kernel.js";
import { product, unit } from "../../src/signature/host/tensor.js";
import {
  type PathBatch,
  type SignatureBackend,
  signatureBackend,
  signatureGram,
  signatureKernel,
  signatureMMD,
  truncatedSignatures,
} from "../../src/signature/index.js";
import { sharedEngine } from "../support/engine.js";
import { needsLongLoops } from "../support/gpu.js";
import { brownianPaths, normals, randomWalks, relativeError } from "./random-paths.js";

const engine = sharedEngine();
const gpu = (): SignatureBackend => signatureBackend(engine().gpu!);

const statics: StaticKernel[] = [
  { kind: "linear", scale: 0.6 },
  { kind: "rbf", sigma: 0.8 },
  { kind: "matern32", length: 0.9 },
  { kind: "matern52", length: 0.7 },
  { kind: "rational-quadratic", length: 0.8, alpha: 1.5 },
  { kind: "polynomial", degree: 2, scale: 0.4, offset: 1.2 },
];
const solvers: SignatureSolver[] = [
  { kind: "difference", dyadic: [0, 0] },
  { kind: "difference", dyadic: [1, 1] },
  { kind: "polynomial", order: 8 },
  { kind: "truncated", depth: 4 },
];

const lengths = (count: number, least: number, most: number): number[] =>
  Array.from({ length: count }, (_, i) => least + ((5 * i) % (most - least + 1)));

/**
 * Short paths, whose kernels are computed in two parts (36 bits, of which the numbers of a grid beside its value may cost
 * ten), and long ones in float32 (24 bits, and roundings of some hundred rows and columns).
 */
const batches: { name: string; x: PathBatch; y: PathBatch; tolerance: number }[] = [
  {
    name: "short",
    x: randomWalks(31, lengths(12, 4, 9), 2),
    y: randomWalks(32, lengths(12, 5, 11), 2),
    tolerance: 3e-8,
  },
  {
    name: "long",
    x: brownianPaths(33, lengths(20, 50, 70), 3),
    y: brownianPaths(34, lengths(20, 45, 70), 3),
    tolerance: 5e-6,
  },
];

const mapPaths = (x: PathBatch, map: (points: Float64Array, i: number) => Float64Array): PathBatch =>
  batchOf(
    Array.from({ length: x.count }, (_, i) => map(pathPoints(x, i), i)),
    x.channels,
  );

const reversed = (points: Float64Array, channels: number): Float64Array =>
  Float64Array.from(points, (_, i) => points[points.length - channels - (i - (i % channels)) + (i % channels)]!);

/** The same polylines with more vertices: some repeated, some inside the segments, at uneven places. */
function moreVertices(x: PathBatch, seed: number): PathBatch {
  const next = normals(seed);
  const c = x.channels;
  return mapPaths(x, (points) => {
    const out: number[] = [];
    for (let v = 0; v + c < points.length; v += c) {
      const extra = Math.floor(Math.abs(next()) * 2);
      // A vertex twice now and then: a segment of no length.
      const places = [
        0,
        ...Array.from({ length: extra }, () => (1 + Math.sin(3 * next())) / 2),
        ...(extra > 2 ? [0] : []),
      ];
      for (const f of places.sort()) {
        for (let d = 0; d < c; d++) out.push(points[v + d]! + f * (points[v + c + d]! - points[v + d]!));
      }
    }
    out.push(...points.subarray(points.length - c));
    return Float64Array.from(out);
  });
}

/** Whether a symmetric matrix with `shift` added to its diagonal has a Cholesky factorisation. */
function isPositive(gram: Float64Array, n: number, shift: number): boolean {
  const l = gram.slice();
  for (let j = 0; j < n; j++) {
    let pivot = l[j * n + j]! + shift;
    for (let k = 0; k < j; k++) pivot -= l[j * n + k]! ** 2;
    if (!(pivot > 0)) return false;
    l[j * n + j] = Math.sqrt(pivot);
    for (let i = j + 1; i < n; i++) {
      let sum = l[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      l[i * n + j] = sum / l[j * n + j]!;
    }
  }
  return true;
}

for (const { name, x, y, tolerance } of batches) {
  // What differs between static kernels are the increments, so that two or three of them do for long paths.
  const kernels = name === "short" ? statics : [statics[0]!, statics[1]!, statics[5]!];

  describe(`signature kernels of ${name} paths`, () => {
    it("are symmetric", async () => {
      for (const kernel of kernels) {
        for (const solver of solvers) {
          const options = { static: kernel, solver };
          const [a, b] = [await signatureKernel(gpu(), x, y, options), await signatureKernel(gpu(), y, x, options)];
          expect(relativeError(a.values, b.values)).toBeLessThan(tolerance);
        }
      }
    });

    it("are 1 against a constant path", async () => {
      const still = mapPaths(y, (points, i) => points.map((_, v) => points[v % y.channels]! + i));
      for (const kernel of kernels) {
        for (const solver of solvers) {
          const { values } = await signatureKernel(gpu(), x, still, { static: kernel, solver });
          // Increments are differences of equal numbers, so what is left of them is at most their rounding.
          expect(Math.max(...values.map((v) => Math.abs(v - 1)))).toBeLessThan(1e-6);
        }
      }
    });

    it("do not see collinear points or reparametrisation: polynomial solver, linear static kernel", async () => {
      // Of order 14 the series is exact to 1e-12 for increments up to 5: the tail begins with p^15 / 15!².
      const options = { static: { kind: "linear", scale: 0.6 }, solver: { kind: "polynomial", order: 14 } } as const;
      const { values } = await signatureKernel(gpu(), x, y, options);
      const more = [moreVertices(x, 35), moreVertices(y, 36)] as const;
      expect(pathLength(more[0], 0)).toBeGreaterThan(pathLength(x, 0));
      const longer = await signatureKernel(gpu(), ...more, options);
      expect(relativeError(longer.values, values)).toBeLessThan(tolerance);
    });

    it("truncated ones are inner products of truncated signatures", async () => {
      for (const depth of [1, 2, 4, 5]) {
        const options = { solver: { kind: "truncated", depth } } as const;
        const { values } = await signatureKernel(gpu(), x, y, options);
        const [a, b] = [await truncatedSignatures(gpu(), x, { depth }), await truncatedSignatures(gpu(), y, { depth })];
        for (let i = 0; i < x.count; i++) {
          let [inner, xx, yy] = [0, 0, 0];
          for (let w = i * a.size; w < (i + 1) * a.size; w++) {
            inner += a.values[w]! * b.values[w]!;
            xx += a.values[w]! ** 2;
            yy += b.values[w]! ** 2;
          }
          // Signatures are float32, each word after as many roundings as there are segments.
          expect(Math.abs(values[i]! - inner)).toBeLessThan(5e-6 * Math.sqrt(xx * yy));
        }
      }
    });

    it("of a path and its reverse are 1, by the polynomial solver", async (context) => {
      await needsLongLoops(engine().gpu!, context);
      const c = x.channels;
      // Scaled down, since the grid's numbers grow as those of the path alone before they come back.
      const there = mapPaths(x, (points) => points.map((v) => 0.5 * v));
      const back = mapPaths(there, (points) => Float64Array.of(...points, ...reversed(points, c).subarray(c)));
      const options = { solver: { kind: "polynomial", order: 14 } } as const;
      const { values } = await signatureKernel(gpu(), back, y, options);
      expect(relativeError(values, new Float64Array(x.count).fill(1))).toBeLessThan(20 * tolerance);
    });

    it("give biased MMD²s that are not negative, and positive semi-definite Gram matrices", async () => {
      // (Differences only approach the kernel, so that nothing forces their Gram matrices to be so.)
      const again = mapPaths(x, (_, i) => pathPoints(x, x.count - 1 - i));
      for (const kernel of kernels.slice(0, name === "short" ? 6 : 2)) {
        for (const solver of solvers.slice(2)) {
          const options = { static: kernel, solver };
          const { values, rows } = await signatureGram(gpu(), x, null, options);
          const largest = Math.max(...values);
          // Errors of n² values move an eigenvalue by at most n times the largest of them.
          expect(isPositive(values, rows, rows * tolerance * largest)).toBe(true);
          expect(isPositive(values, rows, -0.5 * largest)).toBe(false);
          const apart = await signatureMMD(gpu(), x, y, { ...options, unbiased: false });
          expect(apart.value).toBeGreaterThan(0);
          const same = await signatureMMD(gpu(), x, again, { ...options, unbiased: false });
          expect(Math.abs(same.value)).toBeLessThan(4 * tolerance * largest);
        }
      }
    });
  });

  describe(`truncated signatures of ${name} paths`, () => {
    const depth = 4;
    const c = x.channels;
    const of = async (paths: PathBatch): Promise<Float64Array[]> => {
      const { values, size } = await truncatedSignatures(gpu(), paths, { depth });
      return Array.from({ length: paths.count }, (_, i) => values.slice(i * size, (i + 1) * size));
    };

    it("Chen's identity: that of a concatenation is the product", async () => {
      const cut = (i: number): number => c * (1 + ((3 * i) % (pathLength(x, i) - 2)));
      const [whole, head, tail] = [
        await of(x),
        await of(mapPaths(x, (points, i) => points.slice(0, cut(i) + c))),
        await of(mapPaths(x, (points, i) => points.slice(cut(i)))),
      ];
      // Float32, one rounding for each segment, beside the largest word.
      for (let i = 0; i < x.count; i++) {
        expect(relativeError(whole[i]!, product(head[i]!, tail[i]!, c, depth))).toBeLessThan(3e-6);
      }
    });

    it("that of a path and its reverse is trivial", async () => {
      const one = await of(x);
      const back = await of(mapPaths(x, (points) => Float64Array.of(...points, ...reversed(points, c).subarray(c))));
      for (let i = 0; i < x.count; i++) {
        const largest = Math.max(...one[i]!.map(Math.abs));
        const rest = Math.max(...unit(c, depth).map((v, w) => Math.abs(back[i]![w]! - v)));
        // What has cancelled were words of the path there, and products of them.
        expect(rest).toBeLessThan(1e-5 * largest);
      }
    });

    it("do not see collinear points or reparametrisation", async () => {
      const [a, b] = [await of(x), await of(moreVertices(x, 37))];
      for (let i = 0; i < x.count; i++) expect(relativeError(b[i]!, a[i]!)).toBeLessThan(3e-6);
    });
  });
}
