import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { findAdapter, Gpu } from "../../src/gpu/index.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";

const double = /* wgsl */ `
struct U { factor: f32 }
@group(0) @binding(0) var<uniform> u: U;
@group(0) @binding(1) var<storage, read_write> data: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&data)) { data[id.x] = data[id.x] * u.factor + 1.0f; }
}`;

const spec = { label: "double", code: double, bindings: ["read_write" as const], uniformBytes: 4 };

describe("gpu", () => {
  it("gives each dispatch of a batch its own uniforms, in order", async () => {
    const gpu = await Gpu.create();
    const kernel = await gpu.kernel(spec);
    const data = gpu.upload("data", Float32Array.of(1, 2, 3, 4));
    const batch = gpu.batch();
    for (const factor of [2, 3, 5])
      batch.dispatch(kernel, { buffers: [data], uniforms: Float32Array.of(factor), groups: 1 });
    const read = batch.read(data);
    batch.submit();
    expect([...new Float32Array(await read)]).toEqual([1, 2, 3, 4].map((x) => ((x * 2 + 1) * 3 + 1) * 5 + 1));
    gpu.dispose();
  });

  it("runs hundreds of dispatches and several batches in submission order", async () => {
    const gpu = await Gpu.create();
    const kernel = await gpu.kernel(spec);
    const data = gpu.upload("data", Float32Array.of(0));
    for (let b = 0; b < 3; b++) {
      const batch = gpu.batch();
      for (let d = 0; d < 200; d++)
        batch.dispatch(kernel, { buffers: [data], uniforms: Float32Array.of(1), groups: 1 });
      batch.submit();
    }
    expect(new Float32Array(await gpu.read(data))[0]).toBe(600);
    gpu.dispose();
  });

  it("shows the source line of what does not compile", async () => {
    const gpu = await Gpu.create();
    const broken = double.replace("u.factor", "u.fakter");
    await expect(gpu.kernel({ ...spec, code: broken })).rejects.toThrow(
      /"double" does not compile[\s\S]*fakter[\s\S]*data\[id\.x\] \* u\.fakter/,
    );
    gpu.dispose();
  });

  it("compiles a kernel once", async () => {
    const gpu = await Gpu.create();
    expect(await gpu.kernel(spec)).toBe(await gpu.kernel({ ...spec }));
    gpu.dispose();
  });

  it("counts bytes and lends returned buffers again", async () => {
    const gpu = await Gpu.create();
    const a = gpu.buffer("a", 1000);
    expect(gpu.bytesInUse).toBeGreaterThanOrEqual(1000);
    const { buffer } = a;
    a.dispose();
    a.dispose(); // a second time is no harm
    expect(gpu.bytesInUse).toBe(0);
    const b = gpu.buffer("b", 1000);
    expect(b.buffer).toBe(buffer);
    expect(gpu.peakBytes).toBe(gpu.bytesInUse);
    gpu.dispose();
    expect(gpu.bytesInUse).toBe(0);
  });

  it("names limit, number and remedy", async () => {
    const gpu = await Gpu.create();
    expect(() => gpu.buffer("huge", 2 ** 40)).toThrow(
      /max\w+ is \d+ on this adapter, but 1099511627776 was needed: .*fewer/,
    );
    const kernel = await gpu.kernel(spec);
    const data = gpu.upload("data", Float32Array.of(0));
    expect(() =>
      gpu.batch().dispatch(kernel, { buffers: [data], uniforms: Float32Array.of(1), groups: 2 ** 20 }),
    ).toThrow(/maxComputeWorkgroupsPerDimension is \d+ .* 1048576/);
    gpu.dispose();
  });

  it("writes nothing where there is nothing", async () => {
    const gpu = await Gpu.create();
    const data = gpu.upload("data", Float32Array.of(3));
    gpu.write(data, new Float32Array(0)); // at which Deno would panic
    expect(new Float32Array(await gpu.read(data))[0]).toBe(3);
    gpu.upload("nothing", new Float32Array(0)).dispose();
    gpu.dispose();
  });

  it("refuses work after dispose", async () => {
    const gpu = await Gpu.create();
    gpu.dispose();
    gpu.dispose();
    expect(gpu.state).toBe("disposed");
    expect(() => gpu.buffer("late", 4)).toThrow(/was disposed; create a new one/);
  });

  it("says that a device was lost", async () => {
    const gpu = await Gpu.create();
    const data = gpu.upload("data", Float32Array.of(0));
    gpu.device.destroy();
    await gpu.device.lost;
    await Promise.resolve();
    expect(gpu.state).toBe("lost");
    expect(() => gpu.write(data, Float32Array.of(1))).toThrow(/device was lost/);
    gpu.dispose();
  });

  it("reports a validation error at the next read", async () => {
    const gpu = await Gpu.create();
    const kernel = await gpu.kernel(spec);
    const data = gpu.upload("data", Float32Array.of(0));
    const gone = gpu.upload("gone", Float32Array.of(0));
    // A buffer that was destroyed is a validation error when it is used.
    gone.buffer.destroy();
    const batch = gpu.batch().dispatch(kernel, { buffers: [gone], uniforms: Float32Array.of(1), groups: 1 });
    const read = batch.read(data);
    batch.submit();
    await expect(read).rejects.toThrow(/the GPU reported/);
    gpu.dispose();
  });

  it("leaves a caller's device alive, and two engines side by side", async () => {
    const own = await Gpu.create();
    const guest = await Gpu.create({ device: own.device });
    const data = guest.upload("data", Float32Array.of(7));
    expect(new Float32Array(await guest.read(data))[0]).toBe(7);
    guest.dispose();
    expect(own.state).toBe("alive");
    const mine = own.upload("mine", Float32Array.of(8));
    expect(new Float32Array(await own.read(mine))[0]).toBe(8);
    own.dispose();
  });

  it("works at the default limits", async () => {
    const found = (await findAdapter({}))!;
    const device = await found.adapter.requestDevice();
    expect(device.limits.maxStorageBuffersPerShaderStage).toBeLessThanOrEqual(10);
    const engine = await Engine.create({ backend: "webgpu", device });
    const network = engine.network({
      neurons: 3,
      weights: {
        edges: [
          [0, 1, 0.5],
          [1, 2, 0.5],
        ],
      },
      current: 1.5,
    });
    const options = { paths: 300, t1: 0.5, dt: 0.02, with: ["weights", "mu1", "current"] };
    const { value, gradient } = await network.valueAndGradient(meanSpikeTime(2, 0), options);
    expect(Number.isFinite(value)).toBe(true);
    expect(gradient.weights).toHaveLength(2);
    const sensitivities = await network.spikeTimeSensitivities({ ...options, paths: 10 });
    expect(sensitivities.directions).toBe(4);
    engine.dispose();
    device.destroy();
  });

  it("times passes by label where the device can", async () => {
    const gpu = await Gpu.create();
    if (gpu.profile(true)) {
      const kernel = await gpu.kernel(spec);
      const data = gpu.upload("data", new Float32Array(2 ** 20));
      for (let b = 0; b < 2; b++) {
        gpu
          .batch("doubling")
          .dispatch(kernel, { buffers: [data], uniforms: Float32Array.of(2), groups: 2 ** 14 })
          .submit();
      }
      const times = await gpu.timings();
      expect(Object.keys(times)).toEqual(["doubling"]);
      expect(times.doubling).toBeGreaterThan(0);
      expect(await gpu.timings()).toEqual({});
    }
    gpu.dispose();
  });
});
