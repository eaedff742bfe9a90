import { describe, expect, it } from "vitest";
import type { Gpu, Storage } from "../../src/gpu/index.js";
import { SpikeSignatures } from "../../src/signature/gpu/spike-signatures.js";
import { spikeSignature, spikeSignatureVjp } from "../../src/signature/host/spike-signature.js";
import { tensorSize } from "../../src/signature/host/tensor.js";
import { spikeWindow } from "../../src/spikes/device-spikes.js";
import type { Spikes } from "../../src/spikes/spikes.js";
import { uploadSpikes } from "../../src/spikes/upload.js";
import { sharedGpu } from "../support/gpu.js";
import { normals, relativeError } from "./random-paths.js";
import { randomSpikes } from "./random-spikes.js";

const gpu = sharedGpu();
const [t0, t1] = [0.5, 2.5];

async function floats(of: Gpu, storage: Storage, count: number): Promise<Float32Array> {
  return new Float32Array(await of.read(storage, 0, 4 * count));
}

/** Largest error of a level over the level's largest number, of all levels. */
function levelError(actual: ArrayLike<number>, expected: Float64Array, channels: number, depth: number): number {
  let worst = 0;
  for (let k = 0, at = 0; k <= depth; at += channels ** k, k++) {
    const range = [at, at + channels ** k] as const;
    worst = Math.max(worst, relativeError(Array.from(actual).slice(...range), expected.slice(...range)));
  }
  return worst;
}

const meanOf = (spikes: readonly Spikes[], neurons: number, depth: number): Float64Array => {
  const mean = new Float64Array(tensorSize(neurons + 1, depth));
  for (const t of spikes) {
    spikeSignature(t.times, t.neurons, { neurons, t0, t1, depth }).forEach((v, w) => {
      mean[w]! += v / spikes.length;
    });
  }
  return mean;
};

describe("signatures of trains on the GPU against the twin", () => {
  for (const [neurons, depth, paths] of [
    [1, 1, 5],
    [1, 2, 300],
    [1, 3, 130],
    [1, 5, 9],
    [3, 4, 20],
    [22, 3, 6],
    [40, 2, 11],
  ] as const) {
    it(`${neurons} neurons, depth ${depth}: mean, each, and gradients to spike times`, async () => {
      const g = gpu();
      const spikes = randomSpikes(neurons + depth, paths, neurons, 12, t0, t1);
      const batch = uploadSpikes(g, spikes, { t0, t1, neurons });
      const signatures = await SpikeSignatures.create(g, { neurons, depth, ends: true });
      const { size } = signatures;
      const mean = g.buffer("mean", 4 * size);
      const each = g.buffer("each", 4 * size * paths);
      const below = g.buffer("below the last level", 4 * size * paths);
      const own = normals(depth);
      const cotangent = Float32Array.from({ length: size }, own);
      const perPath = Float32Array.from({ length: size * paths }, own);
      const bar = g.upload("cotangent", cotangent);
      const bars = g.upload("cotangents", perPath);
      const gradient = g.buffer("gradient", 4 * batch.slots * paths);
      const gradients = g.buffer("gradients", 4 * batch.slots * paths);
      const work = g.batch();
      signatures.encodeMean(work, batch, mean);
      signatures.encodeEach(work, batch, each);
      signatures.encodeEach(work, batch, below, { below: true });
      signatures.encodeVjp(work, batch, bar, gradient);
      signatures.encodeVjp(work, batch, bars, gradients, { perPath: true });
      signatures.encodeVjp(work, batch, bars, gradients, { perPath: true, scale: 2, accumulate: true });
      work.submit();

      // Every number is a sum of positive terms: float32 roundings of some tens of steps.
      expect(levelError(await floats(g, mean, size), meanOf(spikes, neurons, depth), neurons + 1, depth)).toBeLessThan(
        2e-6,
      );
      const eachRead = await floats(g, each, size * paths);
      const belowRead = await floats(g, below, size * paths);
      const lower = size - (neurons + 1) ** depth;
      // The same bits, whether or not the last level is asked for.
      for (let i = 0; i < paths; i++) {
        expect(belowRead.slice(i * size, i * size + lower)).toEqual(eachRead.slice(i * size, i * size + lower));
      }
      const gradientRead = await floats(g, gradient, batch.slots * paths);
      const gradientsRead = await floats(g, gradients, batch.slots * paths);
      const expected = new Float64Array(batch.slots * paths);
      const expectedEach = new Float64Array(batch.slots * paths);
      spikes.forEach((t, i) => {
        const s = spikeSignature(t.times, t.neurons, { neurons, t0, t1, depth });
        expect(levelError(eachRead.subarray(i * size, (i + 1) * size), s, neurons + 1, depth)).toBeLessThan(3e-6);
        const vjp = (c: ArrayLike<number>) => spikeSignatureVjp(t.times, t.neurons, { neurons, t0, t1, depth }, c);
        const ownBar = perPath.subarray(i * size, (i + 1) * size);
        vjp(cotangent).forEach((v, n) => {
          expected[n * paths + i] = v / paths;
        });
        vjp(ownBar).forEach((v, n) => {
          expectedEach[n * paths + i] = 3 * v;
        });
      });
      if (depth > 1) {
        expect(relativeError(gradientRead, expected)).toBeLessThan(2e-5);
        expect(relativeError(gradientsRead, expectedEach)).toBeLessThan(2e-5);
      } else expect(gradientRead.every((v) => v === 0)).toBe(true);
      for (const s of [mean, each, below, bar, bars, gradient, gradients]) s.dispose();
      batch.dispose();
      signatures.dispose();
    });
  }

  it("caps spikes at matched counts, neuron by neuron", async () => {
    const g = gpu();
    const [neurons, depth, paths] = [3, 3, 40];
    const a = randomSpikes(1, paths, neurons, 20, t0, t1);
    const b = randomSpikes(2, paths, neurons, 20, t0, t1);
    const count = (t: Spikes, k: number): number => Array.from(t.neurons).filter((n) => n === k).length;
    const capped = (t: Spikes, i: number): { kept: number[]; spikes: Spikes } => {
      const seen = [0, 0, 0];
      const kept: number[] = [];
      for (let n = 0; n < t.times.length; n++) {
        const k = t.neurons[n]!;
        if (seen[k]!++ < Math.min(count(a[i]!, k), count(b[i]!, k))) kept.push(n);
      }
      return { kept, spikes: { times: kept.map((n) => t.times[n]!), neurons: kept.map((n) => t.neurons[n]!) } };
    };
    const signatures = await SpikeSignatures.create(g, { neurons, depth });
    const [ga, gb] = [uploadSpikes(g, a, { t0, t1, neurons }), uploadSpikes(g, b, { t0, t1, neurons })];
    const caps = g.buffer("caps", 4 * neurons * paths);
    const out = g.buffer("mean", 4 * signatures.size);
    const next = normals(3);
    const cotangent = Float32Array.from({ length: signatures.size }, next);
    const bar = g.upload("cotangent", cotangent);
    const gradient = g.buffer("gradient", 4 * ga.slots * paths);
    const work = g.batch();
    signatures.encodeMatch(work, ga, gb, caps);
    signatures.encodeMean(work, ga, out, { caps });
    signatures.encodeMean(work, gb, out, { caps, accumulate: true, scale: -1 / paths });
    signatures.encodeVjp(work, ga, bar, gradient, { caps });
    work.submit();
    const ma = meanOf(
      a.map((t, i) => capped(t, i).spikes),
      neurons,
      depth,
    );
    const mb = meanOf(
      b.map((t, i) => capped(t, i).spikes),
      neurons,
      depth,
    );
    // A difference of two means: the error is that of the larger.
    const scale = Math.max(...ma);
    (await floats(g, out, signatures.size)).forEach((v, w) => {
      expect(Math.abs(v - (ma[w]! - mb[w]!))).toBeLessThan(2e-6 * scale);
    });
    const expected = new Float64Array(ga.slots * paths);
    a.forEach((t, i) => {
      const { kept, spikes } = capped(t, i);
      spikeSignatureVjp(spikes.times, spikes.neurons, { neurons, t0, t1, depth }, cotangent).forEach((v, n) => {
        expected[kept[n]! * paths + i] = v / paths;
      });
    });
    const read = await floats(g, gradient, ga.slots * paths);
    expect(relativeError(read, expected)).toBeLessThan(2e-5);
    expect(Array.from(read).filter((v, i) => expected[i] === 0 && v !== 0)).toEqual([]);
  });

  it("gives the same bits in chunks of whole blocks, and takes windows of a batch", async () => {
    const g = gpu();
    const [neurons, depth, paths] = [2, 3, 600];
    const spikes = randomSpikes(5, paths, neurons, 8, t0, t1);
    const all = uploadSpikes(g, spikes, { t0, t1, neurons });
    const signatures = await SpikeSignatures.create(g, { neurons, depth });
    const [whole, parts] = [0, 1].map(() => g.buffer("mean", 4 * signatures.size)) as [Storage, Storage];
    const bar = g.upload("cotangent", Float32Array.from({ length: signatures.size }, normals(1)));
    const gradient = g.buffer("gradient", 4 * all.slots * paths);
    const window = g.buffer("gradient of a window", 4 * all.slots * 88);
    const work = g.batch();
    signatures.encodeMean(work, all, whole);
    const scale = 1 / paths;
    signatures.encodeMean(work, spikeWindow(all, 0, 256), parts, { scale });
    signatures.encodeMean(work, spikeWindow(all, 256, 256), parts, { scale, accumulate: true });
    signatures.encodeMean(work, spikeWindow(all, 512, 88), parts, { scale, accumulate: true });
    signatures.encodeVjp(work, all, bar, gradient, { scale: 1 });
    signatures.encodeVjp(work, spikeWindow(all, 512, 88), bar, window, { scale: 1 });
    work.submit();
    expect(await floats(g, parts, signatures.size)).toEqual(await floats(g, whole, signatures.size));
    const [g0, g1] = [await floats(g, gradient, all.slots * paths), await floats(g, window, all.slots * 88)];
    for (let n = 0; n < all.slots; n++) {
      expect(g1.subarray(n * 88, (n + 1) * 88)).toEqual(g0.subarray(n * paths + 512, (n + 1) * paths));
    }
  });

  it("takes more trains than a call takes arguments", () => {
    const silent = { times: [], neurons: [] };
    const spikes = [...new Array(200_000).fill(silent), { times: [0.5, 0.6], neurons: [0, 0] }];
    const batch = uploadSpikes(gpu(), spikes, { t0: 0, t1: 1, neurons: 1 });
    expect([batch.paths, batch.slots]).toEqual([200_001, 2]);
    batch.dispose();
  });
});
