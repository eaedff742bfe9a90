/** Arithmetic in two float32 parts: found by trying on a device, and done without where a compiler takes it apart. */
import { describe, expect, it } from "vitest";
import { Gpu } from "../../src/gpu/index.js";
import { GpuSignatureBackend } from "../../src/signature/gpu/backend.js";
import { keepsTwoParts, tryTwoParts } from "../../src/signature/gpu/two-parts.js";
import { signatureBackend, signatureGram, signatureKernel, signatureMMD } from "../../src/signature/index.js";
import { sharedEngine } from "../support/engine.js";
import { randomWalks, relativeError } from "./random-paths.js";

const engine = sharedEngine();

/** What is left of sums and products where a compiler simplifies them as if they were exact. */
const simplified = /* wgsl */ `
fn plus(a: vec2f, b: vec2f) -> vec2f { return vec2f((a.x + b.x) + (a.y + b.y), 0.0f); }
fn times(a: vec2f, b: vec2f) -> vec2f { return vec2f(a.x * b.x + (a.x * b.y + a.y * b.x), 0.0f); }
`;
/** Sums kept, products of plain float32. */
const productsLost = /* wgsl */ `
fn plus(a: vec2f, b: vec2f) -> vec2f {
  let s = a.x + b.x;
  let t = s - a.x;
  let rest = ((a.x - (s - t)) + (b.x - t)) + (a.y + b.y);
  return vec2f(s, rest);
}
fn times(a: vec2f, b: vec2f) -> vec2f { return vec2f(a.x * b.x, a.x * b.y + a.y * b.x); }
`;

describe("two-part arithmetic", () => {
  it("is found where it holds, and missed where a compiler takes sums or products apart", async () => {
    const gpu = engine().gpu!;
    expect(await keepsTwoParts(gpu)).toBe(true);
    expect(await tryTwoParts(gpu)).toBe(true);
    expect(await tryTwoParts(gpu, simplified)).toBe(false);
    expect(await tryTwoParts(gpu, productsLost)).toBe(false);
  });

  it("has the same bits with sums that a compiler cannot see through", async () => {
    const opaque = await Gpu.create();
    opaque.traits.opaque_sums = 1;
    expect(await tryTwoParts(opaque)).toBe(true);
    const [x, y] = [randomWalks(3, [6, 9], 2), randomWalks(4, [8, 5], 2)];
    const options = { solver: { kind: "difference", dyadic: [0, 1] }, cotangent: [1, -0.5] } as const;
    const plain = await signatureKernel(signatureBackend(engine().gpu!), x, y, options);
    expect(await signatureKernel(signatureBackend(opaque), x, y, options)).toEqual(plain);
    opaque.dispose();
  });

  it("is tried once a device, and leaves nothing behind", async () => {
    const gpu = engine().gpu!;
    const before = gpu.bytesInUse;
    const first = keepsTwoParts(gpu);
    expect(keepsTwoParts(gpu)).toBe(first);
    await first;
    expect(gpu.bytesInUse).toBe(before);
  });

  it("is done without where it does not hold, and values and gradients are float32 then", async () => {
    const x = randomWalks(1, [6, 9, 7, 12], 2);
    const y = randomWalks(2, [8, 5, 10], 2);
    const without = new GpuSignatureBackend(engine().gpu!, false);
    for (const solver of [
      { kind: "difference", dyadic: [1, 1] },
      { kind: "polynomial", order: 6 },
      { kind: "truncated", depth: 4 },
    ] as const) {
      const expected = (await signatureGram(signatureBackend(null), x, y, { solver })).values;
      const actual = (await signatureGram(without, x, y, { solver })).values;
      const exact = (await signatureGram(signatureBackend(engine().gpu!), x, y, { solver })).values;
      const options = { solver, gradient: { x: true, y: true } };
      const [a, b] = [
        await signatureMMD(without, x, y, options),
        await signatureMMD(signatureBackend(null), x, y, options),
      ];
      // A few dozen roundings, and digits that differences of neighbouring cells' gradients lose.
      expect(relativeError(a.gradientX!, b.gradientX!)).toBeLessThan(1e-5);
      expect(relativeError(a.gradientY!, b.gradientY!)).toBeLessThan(1e-5);
      // Some ten roundings of 2^-24 by the largest value; in two parts none shows.
      expect(relativeError(actual, expected)).toBeLessThan(1e-6);
      expect(relativeError(exact, expected)).toBeLessThan(3e-8);
      expect(relativeError(actual, expected)).toBeGreaterThan(relativeError(exact, expected));
    }
  });
});
