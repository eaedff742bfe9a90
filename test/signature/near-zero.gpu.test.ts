/**
 * Kernels of short paths: every value to 1e-5 of itself and every gradient to 1e-4 of its own largest entry, also where
 * these lie near zero because much has cancelled.
 */
import { describe, expect, it } from "vitest";
import type { SignatureSolver } from "../../src/signature/definitions/solver.js";
import { GpuSignatureBackend } from "../../src/signature/gpu/backend.js";
import {
  type PathBatch,
  type SignatureBackend,
  signatureBackend,
  signatureGram,
  signatureKernel,
  signatureMMD,
} from "../../src/signature/index.js";
import { sharedEngine } from "../support/engine.js";
import { needsLongLoops } from "../support/gpu.js";
import { nearZero, statics, tolerance, twin, worst, worstPath } from "./near-zero.js";
import { randomWalks } from "./random-paths.js";

const engine = sharedEngine();
const gpu = (): SignatureBackend => signatureBackend(engine().gpu!);

/** Depth 8, which takes long to compile in two parts, is in near-zero.gpu.long.test.ts. */
const solvers: SignatureSolver[] = [
  { kind: "difference", dyadic: [0, 0] },
  { kind: "difference", dyadic: [1, 2] },
  { kind: "polynomial", order: 6 },
  { kind: "polynomial", order: 12 },
  { kind: "truncated", depth: 1 },
  { kind: "truncated", depth: 3 },
];

describe("values near zero", () => {
  for (const solver of solvers) nearZero(gpu, solver);

  it("many pairs on refined grids, and paths of some twenty points", async (context) => {
    await needsLongLoops(engine().gpu!, context);
    for (const [x, y, dyadic] of [
      [randomWalks(7, Array(220).fill(6), 2), randomWalks(8, Array(220).fill(6), 2), [5, 5]],
      [randomWalks(9, [22, 17, 25], 2, 0.4), randomWalks(10, [19, 25, 14], 2, 0.4), [5, 5]],
      [randomWalks(11, Array(100).fill(40), 2, 0.3), randomWalks(12, Array(100).fill(40), 2, 0.3), [0, 0]],
    ] as [PathBatch, PathBatch, [number, number]][]) {
      for (const kernel of [statics[0]!, statics[1]!, statics[5]!]) {
        const cotangent = Array.from({ length: x.count }, (_, i) => 1 - (i % 5) / 7);
        const options = { static: kernel, solver: { kind: "difference", dyadic }, cotangent } as const;
        const [a, b] = [await signatureKernel(gpu(), x, y, options), await signatureKernel(twin, x, y, options)];
        expect(worst(a.values, b.values)).toBeLessThan(tolerance);
        expect(worstPath(x, a.gradientX!, b.gradientX!)).toBeLessThan(tolerance);
        expect(worstPath(y, a.gradientY!, b.gradientY!)).toBeLessThan(tolerance);
      }
    }
  });

  it("do not depend on the passes in which a GPU goes through a long pair: the same bits", async (context) => {
    await needsLongLoops(engine().gpu!, context);
    const { gpu: software } = engine();
    const hardware = Object.create(software!, { adapter: { value: { ...software!.adapter, fallback: false } } });
    const [x, y] = [randomWalks(13, [25, 20, 2], 2, 0.4), randomWalks(14, [24, 17, 25], 2, 0.4)];
    const options = { solver: { kind: "difference", dyadic: [5, 5] }, cotangent: [1, -0.4, 2] } as const;
    const passes = await signatureKernel(new GpuSignatureBackend(hardware), x, y, options);
    expect(passes).toEqual(await signatureKernel(gpu(), x, y, options));
  });

  it("Gram matrices, of one batch and of two, and an MMD² that is a small difference of them", async () => {
    const x = randomWalks(5, [6, 9, 4, 7, 6, 10, 5, 8], 2);
    const y = randomWalks(6, [5, 6, 8, 4, 11], 2);
    for (const kernel of statics) {
      for (const solver of [solvers[0]!, solvers[3]!, solvers[5]!]) {
        const options = { static: kernel, solver };
        for (const other of [y, null]) {
          const [a, b] = [await signatureGram(gpu(), x, other, options), await signatureGram(twin, x, other, options)];
          expect(worst(a.values, b.values)).toBeLessThan(3e-6);
        }
        const [a, b] = [await signatureMMD(gpu(), x, y, options), await signatureMMD(twin, x, y, options)];
        expect(Math.abs(a.value / b.value - 1)).toBeLessThan(1e-5);
      }
    }
  });

  it("values beyond float32: differences carry an exponent, the others say so", async () => {
    // A straight line of length 50: the kernel with itself is the Bessel function I0(100), about 1e42.
    const line = [Array.from({ length: 60 }, (_, i) => [(50 * i) / 59])];
    const dyadic = { solver: { kind: "difference", dyadic: [1, 1] } } as const;
    const [a, b] = [await signatureKernel(gpu(), line, line, dyadic), await signatureKernel(twin, line, line, dyadic)];
    expect(b.values[0]!).toBeGreaterThan(1e40);
    expect(worst(a.values, b.values)).toBeLessThan(3e-6);
    await expect(signatureKernel(gpu(), line, line, { solver: { kind: "polynomial", order: 6 } })).rejects.toThrow(
      /exceeds float32: scale the paths/,
    );
    // One row that grows beyond what is looked after at its end only.
    const step = [[[0], [2]]];
    const many = [Array.from({ length: 120 }, (_, i) => [i])];
    const [c, d] = [await signatureKernel(gpu(), step, many), await signatureKernel(twin, step, many)];
    expect(d.values[0]!).toBeGreaterThan(1e39);
    expect(worst(c.values, d.values)).toBeLessThan(3e-6);
  });
});
