import { describe, expect, it } from "vitest";
import { liftSpikes } from "../../src/signature/definitions/lift.js";
import { checkKernel } from "../../src/signature/gram.js";
import {
  DeviceKernels,
  DeviceSignatures,
  type MmdOptions,
  type PathBatch,
  SpikeLift,
  SpikeSignatures,
  signatureBackend,
  signatureGram,
  spikeSignatures,
  truncatedSignatureGradient,
  truncatedSignatures,
} from "../../src/signature/index.js";
import type { GpuSpikes } from "../../src/solve/simulate.js";
import { pathsOf } from "../../src/spikes/table.js";
import { sharedEngine } from "../support/engine.js";
import { brownianPaths, normals, relativeError } from "./random-paths.js";

const engine = sharedEngine();
const twin = signatureBackend(null);

/** A caller's own buffer, and its contents afterwards. */
function ownBuffer(device: GPUDevice, data: Float32Array | Uint32Array | number): GPUBuffer {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size: typeof data === "number" ? 4 * data : data.byteLength, usage });
  if (typeof data !== "number") device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
  return buffer;
}

async function contents(device: GPUDevice, buffer: GPUBuffer): Promise<ArrayBuffer> {
  const staging = device.createBuffer({ size: buffer.size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const data = staging.getMappedRange().slice(0);
  staging.destroy();
  return data;
}

/** Points of a ragged batch padded to `length` with numbers that must not matter. */
function padded(batch: PathBatch, length: number): { points: Float32Array; lengths: Uint32Array } {
  const points = new Float32Array(batch.count * length * batch.channels).fill(7);
  const lengths = Uint32Array.from({ length: batch.count }, (_, i) => batch.offsets[i + 1]! - batch.offsets[i]!);
  for (let i = 0; i < batch.count; i++) {
    const own = batch.points.subarray(batch.offsets[i]! * batch.channels, batch.offsets[i + 1]! * batch.channels);
    points.set(own, i * length * batch.channels);
  }
  return { points, lengths };
}

/** What lies at a batch's own vertices of padded numbers. */
function unpadded(values: Float32Array, batch: PathBatch, length: number): Float64Array {
  const out = new Float64Array(batch.points.length);
  const c = batch.channels;
  for (let i = 0; i < batch.count; i++) {
    for (let v = batch.offsets[i]! * c, k = 0; v < batch.offsets[i + 1]! * c; v++, k++)
      out[v] = values[i * length * c + k]!;
  }
  return out;
}

const rounded = (batch: PathBatch): PathBatch => ({
  ...batch,
  points: Float64Array.from(Float32Array.from(batch.points)),
});

describe("paths in a caller's buffers, work in a caller's encoder", () => {
  const cases: MmdOptions[] = [
    {},
    { static: { kind: "rbf", sigma: 1.5 }, solver: { kind: "difference", dyadic: [1, 0] } },
    { static: { kind: "matern32", length: 1 }, solver: { kind: "polynomial", order: 5 } },
    { solver: { kind: "truncated", depth: 3 } },
  ];
  for (const c of cases) {
    it(`Gram matrices and gradients ${JSON.stringify(c)}`, async () => {
      const gpu = engine().gpu!;
      const { device } = gpu;
      const [x, y] = [rounded(brownianPaths(1, [9, 20, 2, 14], 3)), rounded(brownianPaths(2, [11, 5, 30], 3))];
      const [px, py] = [padded(x, 20), padded(y, 30)];
      const [bx, lx, by, ly] = [px.points, px.lengths, py.points, py.lengths].map((d) => ownBuffer(device, d)) as [
        GPUBuffer,
        GPUBuffer,
        GPUBuffer,
        GPUBuffer,
      ];
      const next = normals(5);
      for (const symmetric of [false, true]) {
        const other = symmetric ? x : y;
        const kernels = await DeviceKernels.create(gpu, {
          ...c,
          channels: 3,
          x: { count: 4, length: 20 },
          y: symmetric ? null : { count: 3, length: 30 },
        });
        const cotangent = Float32Array.from({ length: 4 * other.count }, next);
        const bar = ownBuffer(device, cotangent);
        const [gram, gram2, gx, gy] = [4 * other.count, 4 * other.count, px.points.length, py.points.length].map((n) =>
          ownBuffer(device, n),
        ) as [GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer];
        const [dx, dy] = [{ points: bx, lengths: lx }, symmetric ? null : { points: by, lengths: ly }];
        const encoder = device.createCommandEncoder();
        kernels.encodeGram(encoder, dx, dy, gram);
        kernels.encodeGradient(encoder, dx, dy, bar, { gram: gram2, x: gx, ...(symmetric ? {} : { y: gy }) });
        device.queue.submit([encoder.finish()]);
        const want = await signatureGram(twin, x, symmetric ? null : y, c);
        expect(relativeError(new Float32Array(await contents(device, gram)), want.values)).toBeLessThan(3e-6);
        expect(relativeError(new Float32Array(await contents(device, gram2)), want.values)).toBeLessThan(3e-6);
        const { kernel, solver } = checkKernel(c);
        const request = { x, y: symmetric ? null : y, cotangent: Float64Array.from(cotangent) };
        const { gradientX, gradientY } = (await twin.evaluate(kernel, solver, [request]))[0]!;
        const got = unpadded(new Float32Array(await contents(device, gx)), x, 20);
        expect(relativeError(got, gradientX!)).toBeLessThan(5e-5);
        if (gradientY) {
          expect(relativeError(unpadded(new Float32Array(await contents(device, gy)), y, 30), gradientY)).toBeLessThan(
            5e-5,
          );
        }
        for (const b of [bar, gram, gram2, gx, gy]) b.destroy();
        kernels.dispose();
      }
      for (const b of [bx, lx, by, ly]) b.destroy();
    });
  }

  it("counts values beyond float32", async () => {
    const gpu = engine().gpu!;
    const { device } = gpu;
    const points = Float32Array.from({ length: 600 }, (_, i) => (i < 300 ? (50 * i) / 299 : i / 1000));
    const buffer = ownBuffer(device, points);
    const kernels = await DeviceKernels.create(gpu, { channels: 1, x: { count: 2, length: 300 }, y: null });
    const [gram, overflow] = [ownBuffer(device, 4), ownBuffer(device, 1)];
    const encoder = device.createCommandEncoder();
    kernels.encodeGram(encoder, { points: buffer }, null, gram, overflow);
    device.queue.submit([encoder.finish()]);
    expect(new Uint32Array(await contents(device, overflow))[0]).toBe(1);
    const values = new Float32Array(await contents(device, gram));
    expect(values.every(Number.isFinite)).toBe(true);
    expect(values[3]).toBeLessThan(2);
    kernels.dispose();
    for (const b of [buffer, gram, overflow]) b.destroy();
  });

  it("truncated signatures and their vector-Jacobian products", async () => {
    const gpu = engine().gpu!;
    const { device } = gpu;
    const x = rounded(brownianPaths(3, [9, 12, 2], 3));
    const { points, lengths } = padded(x, 12);
    const signatures = await DeviceSignatures.create(gpu, { count: 3, length: 12, channels: 3, depth: 4 });
    const cotangent = Float32Array.from({ length: 3 * signatures.size }, normals(4));
    const [b, l, bar] = [points, lengths, cotangent].map((d) => ownBuffer(device, d)) as [
      GPUBuffer,
      GPUBuffer,
      GPUBuffer,
    ];
    const [out, gradient] = [ownBuffer(device, 3 * signatures.size), ownBuffer(device, points.length)];
    const encoder = device.createCommandEncoder();
    signatures.encode(encoder, { points: b, lengths: l }, out);
    signatures.encodeVjp(encoder, { points: b, lengths: l }, bar, gradient);
    device.queue.submit([encoder.finish()]);
    const want = await truncatedSignatures(twin, x, { depth: 4 });
    expect(relativeError(new Float32Array(await contents(device, out)), want.values)).toBeLessThan(3e-6);
    const vjp = await truncatedSignatureGradient(twin, x, cotangent, { depth: 4 });
    const got = new Float32Array(await contents(device, gradient));
    expect(relativeError(unpadded(got, x, 12), vjp)).toBeLessThan(1e-5);
    for (const s of [b, l, bar, out, gradient]) s.destroy();
    signatures.dispose();
  });

  it("trains that were simulated on the GPU: signatures, kernels of their lifts, and gradients to spike times", async () => {
    const gpu = engine().gpu!;
    const network = engine().network({
      neurons: 2,
      current: 1.5,
      weights: {
        dense: [
          [0, 1],
          [0.5, 0],
        ],
      },
    });
    const spikes = (await network.simulate({ paths: 6, t1: 1, dt: 0.02, seed: 3 })) as GpuSpikes;
    const read = pathsOf(await spikes.read());
    const [batch] = spikes.onDevice;
    const lift = await SpikeLift.create(gpu, { neurons: 2 });
    const signatures = await SpikeSignatures.create(gpu, { neurons: 2, depth: 3 });
    const kernels = await DeviceKernels.create(gpu, {
      channels: 3,
      x: { count: 6, length: SpikeLift.length(batch!.slots) },
      y: null,
      static: { kind: "rbf", sigma: 2 },
    });
    const [mean, gram, cotangents] = [signatures.size, 36, batch!.slots * 6].map((n) => gpu.buffer("out", 4 * n)) as [
      ReturnType<typeof gpu.buffer>,
      ReturnType<typeof gpu.buffer>,
      ReturnType<typeof gpu.buffer>,
    ];
    const points = gpu.buffer("gradient by points", 4 * 3 * 6 * SpikeLift.length(batch!.slots));
    const bar = gpu.upload("cotangent", new Float32Array(36).fill(1));
    const work = gpu.batch().clear(cotangents);
    signatures.encodeMean(work, batch!, mean);
    const paths = lift.encode(work, batch!);
    kernels.encodeGradient(work, paths, null, bar, { gram, x: points });
    lift.encodePullback(work, batch!, points, cotangents);
    const [m, k, c] = [work.read(mean), work.read(gram), work.read(cotangents)];
    work.submit();
    const { values, size } = spikeSignatures(read, { t0: 0, t1: 1, neurons: 2 }, { depth: 3 });
    const expected = Float64Array.from({ length: size }, (_, w) => {
      let sum = 0;
      for (let i = 0; i < 6; i++) sum += values[i * size + w]! / 6;
      return sum;
    });
    expect(relativeError(new Float32Array(await m), expected)).toBeLessThan(1e-6);
    const lifted = liftSpikes(read, { t0: 0, t1: 1, neurons: 2 });
    const { kernel, solver } = checkKernel({
      static: { kind: "rbf", sigma: 2 },
    });
    const [want] = await twin.evaluate(kernel, solver, [
      { x: lifted.paths, y: null, cotangent: new Float64Array(36).fill(1) },
    ]);
    expect(relativeError(new Float32Array(await k), want!.gram)).toBeLessThan(2e-6);
    const got = new Float32Array(await c);
    const times = lifted.pullback(want!.gradientX!);
    const flat = new Float64Array(got.length);
    times.forEach((t, i) => {
      t.forEach((v, n) => {
        flat[n * 6 + i] = v;
      });
    });
    expect(flat.some((v) => v !== 0)).toBe(true);
    expect(relativeError(got, flat)).toBeLessThan(5e-5);
  });
});
