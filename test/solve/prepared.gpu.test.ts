/** Simulations in a caller's encoder and on a caller's device, read by a kernel of the caller's. */
import { describe, expect, it } from "vitest";
import { Engine, type PreparedSimulation, type SimulatedSpikes } from "../../src/index.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
const options = { paths: 300, t1: 1, dt: 0.01, seed: 3 };
const networks = {
  "one neuron": { current: 1.5 },
  "a network": {
    neurons: 3,
    current: [1.5, 0.5, 0.5],
    weights: {
      edges: [
        [0, 1, 0.8],
        [1, 2, 0.8],
      ] as [number, number, number][],
    },
  },
};

/** Steps to the last spike of each path, by a kernel that knows only the documented layout. */
async function lastSpikes(
  device: GPUDevice,
  encoder: GPUCommandEncoder,
  spikes: NonNullable<SimulatedSpikes["onDevice"]>[number],
): Promise<Float32Array> {
  const { paths, recordWords, record, counts } = spikes;
  const module = device.createShaderModule({
    code: `
@group(0) @binding(0) var<storage, read> record: array<u32>;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> last: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= ${paths}u) { return; }
  let n = counts[${counts.byteOffset / 4}u + i];
  last[i] = -1.0;
  if (n == 0u) { return; }
  let at = (n - 1u) * ${recordWords}u * ${paths}u + i;
  last[i] = f32(record[at]) + bitcast<f32>(record[at + ${paths}u]);
}`,
  });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const size = 4 * paths;
  const out = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const staging = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const entries = [record.buffer, counts.storage.buffer, out].map((buffer, binding) => ({
    binding,
    resource: { buffer },
  }));
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(Math.ceil(paths / 64));
  pass.end();
  encoder.copyBufferToBuffer(out, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const result = new Float32Array(staging.getMappedRange().slice(0));
  out.destroy();
  staging.destroy();
  return result;
}

/** The same from the table that the library reads. */
async function expected(spikes: SimulatedSpikes): Promise<Float32Array> {
  const { times, counts, slots } = await spikes.read();
  return Float32Array.from(counts, (n, i) => (n === 0 ? -1 : times[i * slots + n - 1]! * 100));
}

describe.each(Object.entries(networks))("%s", (_, definition) => {
  it("trains can be read where they lie", async () => {
    const spikes = await engine().network(definition).simulate(options);
    const { device } = engine().gpu!;
    const [chunk, ...others] = spikes.onDevice!;
    expect(others).toEqual([]);
    const last = await lastSpikes(device, device.createCommandEncoder(), chunk!);
    const table = await expected(spikes);
    // The sum of step and fraction rounds in float32.
    last.forEach((t, i) => {
      expect(Math.abs(t - table[i]!)).toBeLessThan(1e-4);
    });
    spikes.dispose();
  });

  it("a simulation in a caller's encoder is the same, with each seed", async () => {
    const { device } = engine().gpu!;
    const before = engine().gpu!.bytesInUse;
    const network = engine().network(definition);
    const prepared = await network.prepare(options);
    for (const seed of [3, 4]) {
      const encoder = device.createCommandEncoder();
      const encoded = prepared.encode(encoder, { seed });
      const last = await lastSpikes(device, encoder, encoded.spikes);
      const [most, overflowed, saturated, notFinite] = new Uint32Array(await engine().gpu!.read(encoded.status));
      const spikes = await network.simulate({ ...options, seed });
      expect([most, overflowed, saturated, notFinite]).toEqual([spikes.largestCount, 0, 0, 0]);
      const table = await expected(spikes);
      last.forEach((t, i) => {
        expect(Math.abs(t - table[i]!)).toBeLessThan(1e-4);
      });
      spikes.dispose();
      encoded.dispose();
    }
    prepared.dispose();
    expect(engine().gpu!.bytesInUse).toBe(before);
  });
});

async function lastSpikesOf(prepared: PreparedSimulation): Promise<Float32Array> {
  const { device } = engine().gpu!;
  const encoder = device.createCommandEncoder();
  const encoded = prepared.encode(encoder);
  const last = await lastSpikes(device, encoder, encoded.spikes);
  encoded.dispose();
  return last;
}

describe("a prepared simulation", () => {
  it.each(Object.entries(networks))("says in its status where the record was too small: %s", async (_, definition) => {
    const network = engine().network(definition);
    const statusWith = async (slots: number): Promise<Uint32Array> => {
      const prepared = await network.prepare({ ...options, slots });
      const { device } = engine().gpu!;
      const encoder = device.createCommandEncoder();
      const encoded = prepared.encode(encoder);
      device.queue.submit([encoder.finish()]);
      const status = new Uint32Array(await engine().gpu!.read(encoded.status));
      encoded.dispose();
      prepared.dispose();
      return status;
    };
    const [most, overflowed] = await statusWith(2);
    expect(most).toBe(2);
    expect(overflowed).toBeGreaterThan(200);
    const spikes = await network.simulate(options);
    expect((await statusWith(spikes.largestCount)).slice(0, 2)).toEqual(Uint32Array.of(spikes.largestCount, 0));
    expect((await statusWith(spikes.largestCount - 1))[1]).toBeGreaterThan(0);
    spikes.dispose();
  });

  it("keeps noise of amplitude 0 on where the caller will write it", async () => {
    const gpu = engine().gpu!;
    for (const sigma2 of [0, 0.5]) {
      const prepared = await engine()
        .network({ current: 1.5 })
        .prepare({ ...options, writes: ["sigma2"] });
      const { offset } = prepared.parameterPlaces.find((p) => p.name === "sigma2")!;
      gpu.device.queue.writeBuffer(prepared.parameters.buffer, 4 * offset, Float32Array.of(sigma2));
      const last = await lastSpikesOf(prepared);
      const spikes = await engine().network({ current: 1.5, parameters: { sigma2 } }).simulate(options);
      const table = await expected(spikes);
      last.forEach((t, i) => {
        expect(Math.abs(t - table[i]!)).toBeLessThan(1e-4);
      });
      spikes.dispose();
      prepared.dispose();
    }
    const wrong = engine()
      .network({})
      .prepare({ ...options, writes: ["sigma3"] });
    await expect(wrong).rejects.toThrow(/^writes\[0\]: "sigma3": cell "slif" has no such parameter/);
  });

  it("refuses what is no encoder, and options that it does not have", async () => {
    const network = engine().network({ current: 1.5 });
    const { paths, t1, dt } = options;
    const solve = { paths, t1, dt };
    for (const prepared of [await network.prepare(solve), await network.prepareGradient({ ...solve, with: ["mu1"] })]) {
      const encoder = engine().gpu!.device.createCommandEncoder();
      expect(() => prepared.encode({ seed: 3 } as never)).toThrow("encoder: expected a GPUCommandEncoder");
      expect(() => prepared.encode(encoder, { sed: 3 } as never)).toThrow("sed: is unknown; known: seed");
      prepared.dispose();
    }
  });

  it("needs a GPU, and paths that fit", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const wrong = (e: Engine, paths: number) =>
      Promise.resolve().then(() => e.network({}).prepare({ ...options, paths }));
    await expect(wrong(cpu, 10)).rejects.toThrow(/backend: is cpu/);
    await expect(wrong(engine(), 2 ** 24)).rejects.toThrow(/paths: 16777216 do not fit one encoding .*at most \d+/);
  });
});

describe("disposal", () => {
  it("frees every byte of each of several engines, and leaves a caller's device alive", async () => {
    const { device } = engine().gpu!;
    const others = await Promise.all([Engine.create({ backend: "webgpu" }), Engine.create({ device })]);
    for (const other of others) {
      const spikes = await other.network({ current: 1.5 }).simulate(options);
      await spikes.read();
      expect(other.gpu!.bytesHeld).toBeGreaterThan(0);
      other.dispose();
      expect(other.gpu!.bytesHeld).toBe(0);
      expect(() => other.gpu!.check()).toThrow(/disposed/);
    }
    // An engine's own device is destroyed with it; the caller's serves on.
    const { reason } = await others[0]!.gpu!.device.lost;
    expect(reason).toBe("destroyed");
    const spikes = await engine().network({ current: 1.5 }).simulate(options);
    expect(await spikes.meanCount()).toBeGreaterThan(3);
    spikes.dispose();
  });
});
