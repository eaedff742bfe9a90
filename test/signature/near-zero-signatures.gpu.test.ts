/**
 * Signatures of short paths: every word and every log-signature entry to 1e-5 of itself and every gradient entry to 1e-4 of
 * itself, also where these lie near zero because much has cancelled.
 */
import { describe, expect, it } from "vitest";
import { GpuSignatureBackend } from "../../src/signature/gpu/backend.js";
import {
  logSignatures,
  type SignatureBackend,
  signatureBackend,
  truncatedSignatureGradient,
  truncatedSignatures,
} from "../../src/signature/index.js";
import { sharedEngine } from "../support/engine.js";
import { normals, randomWalks } from "./random-paths.js";

const engine = sharedEngine();
const gpu = (): SignatureBackend => signatureBackend(engine().gpu!);
const float32 = (): SignatureBackend => new GpuSignatureBackend(engine().gpu!, false);
const twin = signatureBackend(null);

/** Errors of all entries, each by its own size. */
const errors = (actual: ArrayLike<number>, expected: ArrayLike<number>): number[] =>
  Array.from(expected, (v, i) => (v === 0 ? Math.abs(actual[i]!) : Math.abs(actual[i]! / v - 1)));
const worst = (actual: ArrayLike<number>, expected: ArrayLike<number>): number =>
  errors(actual, expected).reduce((a, b) => (a >= b ? a : b), 0);

describe("signatures near zero", () => {
  for (const [channels, depth, lengths] of [
    [2, 4, Array(100).fill(6)],
    [3, 4, Array.from({ length: 100 }, (_, i) => 3 + (i % 8))],
    [2, 8, Array(40).fill(6)],
    [11, 3, Array(20).fill(12)],
    [2, 4, Array(100).fill(60)],
  ] as [number, number, number[]][]) {
    it(`${lengths.length} paths of ${Math.max(...lengths)} points in ${channels} channels to depth ${depth}`, async () => {
      const x = randomWalks(41, lengths, channels);
      const expected = (await truncatedSignatures(twin, x, { depth })).values;
      const logs = (await logSignatures(twin, x, { depth })).values;
      const cotangent = Float64Array.from({ length: expected.length }, normals(42));
      const gradient = await truncatedSignatureGradient(twin, x, cotangent, { depth });
      // Two parts keep 46 bits; the numbers that cancelled are up to 1e5 times what they left.
      const of = async (backend: SignatureBackend): Promise<number[][]> => [
        errors((await truncatedSignatures(backend, x, { depth })).values, expected),
        errors((await logSignatures(backend, x, { depth })).values, logs),
        errors(await truncatedSignatureGradient(backend, x, cotangent, { depth }), gradient),
      ];
      for (const all of await of(gpu())) expect(Math.max(...all)).toBeLessThan(1e-7);
      // Otherwise this would show nothing.
      const [values, logarithms, gradients] = await of(float32());
      expect(Math.max(...values!)).toBeGreaterThan(1e-5);
      expect(Math.max(...logarithms!)).toBeGreaterThan(1e-5);
      expect(Math.max(...gradients!)).toBeGreaterThan(1e-5);
    });
  }

  it("words of one letter keep the digits of how far its channel went, however it went there", async () => {
    // From 0 far out and back to 1e-3: of 1e-12 / 24 sums over segments would leave nothing.
    const x = [[[0], [3], [-2.5], [1.7], [1e-3]].map(([v]) => [v!, 2 * v!])];
    const powers = [1e-3, 1e-6 / 2, 1e-9 / 6, 1e-12 / 24];
    for (const backend of [gpu(), twin]) {
      const { values } = await truncatedSignatures(backend, x, { depth: 4 });
      expect(worst([values[1]!, values[3]!, values[7]!, values[15]!], powers)).toBeLessThan(1e-9);
      const last = powers.map((v, k) => v * 2 ** (k + 1));
      expect(worst([values[2]!, values[6]!, values[14]!, values[30]!], last)).toBeLessThan(1e-9);
    }
  });

  it("beyond the limits all is float32, the same bits", async () => {
    // 31 words × 341 segments × 100 paths are just above 2^20; one path of more than 4,096 segments.
    for (const lengths of [Array(100).fill(342), [4098, 3]] as number[][]) {
      const x = randomWalks(43, lengths, 2, 0.03);
      const cotangent = Float64Array.from({ length: 31 * lengths.length }, normals(44));
      const options = { depth: 4 };
      expect(await truncatedSignatures(gpu(), x, options)).toEqual(await truncatedSignatures(float32(), x, options));
      expect(await truncatedSignatureGradient(gpu(), x, cotangent, options)).toEqual(
        await truncatedSignatureGradient(float32(), x, cotangent, options),
      );
    }
  });

  it("beyond float32 says so", async () => {
    const x = [[[0], [1e10]]];
    await expect(truncatedSignatures(gpu(), x, { depth: 4 })).rejects.toThrow(
      /path 0 exceeds float32: scale the paths/,
    );
    const cotangent = [0, 0, 0, 0, 1e12];
    await expect(truncatedSignatureGradient(gpu(), x, cotangent, { depth: 4 })).rejects.toThrow(/exceeds float32/);
  });
});
