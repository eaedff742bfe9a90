/** Gradients in a caller's command encoder: the bits of the ordinary call, with a loss or a kernel of the caller's. */
import { describe, expect, it } from "vitest";
import {
  Engine,
  firstSpikes,
  type Loss,
  meanSpikeTime,
  type NetworkDefinition,
  type PreparedGradient,
  pathLoss,
  type SolveOptions,
  signatureMmdLoss,
  vanRossum,
} from "../../src/index.js";
import { sharedEngine } from "../support/engine.js";
import { one, recurrent } from "../train/support.js";

const engine = sharedEngine();
const gpu = () => engine().gpu!;
const solve = { paths: 300, t1: 1, dt: 0.02, seed: 3 };
const observed = [{ times: [0.2, 0.5, 0.7] }, { times: [0.3, 0.4] }];
const spikes = observed.map(({ times }) => ({
  times: Float64Array.from(times),
  neurons: new Int32Array(times.length),
}));
const cases: [string, NetworkDefinition, SolveOptions & { paths: number }, string[], Loss][] = [
  ["one neuron", one, solve, ["current", "mu1"], firstSpikes([[0.2, 0.5]])],
  [
    "one neuron, all paths compared",
    one,
    solve,
    ["current"],
    signatureMmdLoss(spikes, { solver: { kind: "truncated", depth: 3 } }),
  ],
  [
    "a network by invocations",
    recurrent,
    { ...solve, distribution: "invocation" },
    ["weights", "sigma2"],
    meanSpikeTime(2, 0),
  ],
  [
    "a network by workgroups",
    recurrent,
    { ...solve, distribution: "workgroup" },
    ["weights", "sigma2"],
    vanRossum(spikes, { tau: 0.1 }),
  ],
];

const words = async (storage: { buffer: GPUBuffer; bytes: number }) =>
  new Uint32Array(await gpu().read(storage as never));
const floats = async (storage: { buffer: GPUBuffer; bytes: number }) =>
  new Float32Array(await gpu().read(storage as never));

/** Writes each spike's time to its cotangent, by a kernel that knows only the documented layout. */
function encodeTimes(encoder: GPUCommandEncoder, { spikes }: ReturnType<PreparedGradient["encode"]>): GPUBuffer {
  const { device } = gpu();
  const { paths, slots, recordWords, record, counts, dt } = spikes;
  const module = device.createShaderModule({
    code: `
@group(0) @binding(0) var<storage, read> record: array<u32>;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> cotangents: array<f32>;
override dt: f32;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= ${paths}u) { return; }
  for (var n = 0u; n < min(${slots}u, counts[${counts.byteOffset / 4}u + i]); n += 1u) {
    let at = n * ${recordWords}u * ${paths}u + i;
    cotangents[n * ${paths}u + i] = (f32(record[at]) + bitcast<f32>(record[at + ${paths}u])) * dt;
  }
}`,
  });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module, constants: { dt } } });
  const cotangents = device.createBuffer({ size: 4 * slots * paths, usage: GPUBufferUsage.STORAGE });
  const entries = [record.buffer, counts.storage.buffer, cotangents].map((buffer, binding) => ({
    binding,
    resource: { buffer },
  }));
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(Math.ceil(paths / 64));
  pass.end();
  return cotangents;
}

/** Half the sum of squared spike times: its cotangents are the times. */
// What it would gain by a spike at t1 is no matter of cotangents of spike times.
const squares = pathLoss({
  continuous: true,
  code: `fn path_loss(path: u32, count: u32) -> f32 {
    var sum = 0.0f;
    for (var n = 0u; n < count; n += 1u) {
      let t = spike_time(n);
      sum += 0.5f * t * t;
      add_cotangent(n, t);
    }
    return sum;
  }`,
});

describe.each(cases)("%s", (_, definition, options, names, loss) => {
  it("with a loss: two seeds in one encoder have the bits of the ordinary call", async () => {
    const before = gpu().bytesInUse;
    const network = engine().network(definition);
    const prepared = await network.prepareGradient({ ...options, with: names, loss });
    const encoder = gpu().device.createCommandEncoder();
    const solves = [3, 4].map((seed) => prepared.encode(encoder, { seed }));
    const gradients = solves.map((s) => s.encodeBackward(encoder));
    gpu().device.queue.submit([encoder.finish()]);
    for (const [k, encoded] of gradients.entries()) {
      const seeded = { ...options, seed: 3 + k, with: names, standardErrors: false };
      const ordinary = await network.valueAndGradient(loss, seeded);
      expect(await encoded.read()).toEqual(ordinary);
      expect(await words(encoded.verdict)).toEqual(Uint32Array.of(0));
      const gradient = await floats(encoded.gradient);
      expect(prepared.gradientPlaces.map((p) => p.name)).toEqual(names);
      expect(prepared.gradientPlaces.reduce((n, p) => n + p.length, 0)).toBe(gradient.length);
      // Two blocks of paths joined in float32: an addition and a division round.
      ordinary.flat.forEach((g, i) => {
        expect(Math.abs(gradient[i]! - g)).toBeLessThanOrEqual(3e-7 * Math.abs(g));
      });
    }
    for (const e of [...gradients, ...solves, prepared]) e.dispose();
    expect(gpu().bytesInUse).toBe(before);
  });

  it("with cotangents of the caller's: each path has the bits of the ordinary call", async () => {
    const before = gpu().bytesInUse;
    const network = engine().network(definition);
    const prepared = await network.prepareGradient({ ...options, with: names });
    const encoder = gpu().device.createCommandEncoder();
    const solved = prepared.encode(encoder);
    const cotangents = encodeTimes(encoder, solved);
    gpu().device.queue.submit([encoder.finish()]);
    // The backward half in an encoder of its own, and twice.
    const second = gpu().device.createCommandEncoder();
    const gradients = [solved.encodeBackward(second, cotangents), solved.encodeBackward(second, cotangents)];
    gpu().device.queue.submit([second.finish()]);
    let perPath: Float32Array | undefined;
    const ordinary = await network.valueAndGradient(squares, {
      ...options,
      with: names,
      perPath: (_first, _paths, rows) => {
        perPath = rows as Float32Array;
      },
    });
    for (const encoded of gradients) {
      const rows = await floats(encoded.rows);
      expect(rows.subarray(0, options.paths)).toEqual(new Float32Array(options.paths));
      expect(rows.subarray(options.paths)).toEqual(perPath!.subarray(options.paths));
      const { value, standardError, flat, gradientStandardError } = await encoded.read();
      expect([value, standardError]).toEqual([Number.NaN, Number.NaN]);
      expect([flat, gradientStandardError]).toEqual([ordinary.flat, ordinary.gradientStandardError]);
    }
    for (const e of [...gradients, solved, prepared]) e.dispose();
    cotangents.destroy();
    expect(gpu().bytesInUse).toBe(before);
  });
});

describe("a prepared gradient", () => {
  it("takes parameters that the caller wrote on the GPU", async () => {
    const prepared = await engine()
      .network(one)
      .prepareGradient({ ...solve, with: ["current"], loss: meanSpikeTime() });
    const { offset } = prepared.parameterPlaces.find((p) => p.name === "current")!;
    const { device } = gpu();
    device.queue.writeBuffer(prepared.parameters.buffer, 4 * offset, Float32Array.of(1.25));
    const encoder = device.createCommandEncoder();
    const solved = prepared.encode(encoder);
    const encoded = solved.encodeBackward(encoder);
    device.queue.submit([encoder.finish()]);
    const ordinary = await engine()
      .network({ ...one, current: 1.25 })
      .valueAndGradient(meanSpikeTime(), { ...solve, with: ["current"] });
    expect(await encoded.read()).toEqual(ordinary);
    for (const e of [encoded, solved, prepared]) e.dispose();
  });

  const run = async (prepared: PreparedGradient) => {
    const encoder = gpu().device.createCommandEncoder();
    const solved = prepared.encode(encoder);
    const encoded = solved.encodeBackward(encoder);
    gpu().device.queue.submit([encoder.finish()]);
    const dispose = () => {
      for (const e of [encoded, solved, prepared]) e.dispose();
    };
    return { verdict: (await words(encoded.verdict))[0]!, read: encoded.read, dispose };
  };

  it("says in its verdict, and when it is read, what had too little room", async () => {
    const network = engine().network(recurrent);
    const options = { ...solve, with: ["weights"], loss: vanRossum(spikes, { tau: 0.1 }) };
    const narrow = await run(await network.prepareGradient({ ...options, slots: 2 }));
    expect(narrow.verdict & 1).toBe(1);
    await expect(narrow.read()).rejects.toThrow(/slots: 2 are too few for \d+ of 300 paths; prepare with more/);
    narrow.dispose();
    const short = await run(await network.prepareGradient({ ...options, tape: 1 }));
    expect(short.verdict & 2).toBe(2);
    await expect(short.read()).rejects.toThrow(/tape: 1 entries are too few, a path takes \d+; prepare with more/);
    short.dispose();
  });

  it("refuses what cannot be encoded, in a line", async () => {
    const network = engine().network(one);
    const options = { ...solve, with: ["current"] };
    const { device } = gpu();
    const before = gpu().bytesInUse;
    const prepared = await network.prepareGradient(options);
    const encoder = device.createCommandEncoder();
    const solved = prepared.encode(encoder);
    const bytes = 4 * prepared.slots * 300;
    const small = device.createBuffer({ size: bytes - 4, usage: GPUBufferUsage.STORAGE });
    const other = device.createBuffer({ size: bytes, usage: GPUBufferUsage.COPY_DST });
    expect(() => solved.encodeBackward(encoder, small)).toThrow(
      `cotangents: the buffer has ${bytes - 4} bytes; ${prepared.slots} slots × 300 paths of f32 take ${bytes}`,
    );
    expect(() => solved.encodeBackward(encoder, other)).toThrow(/cotangents: the buffer lacks the usage STORAGE/);
    expect(() => solved.encodeBackward(encoder)).toThrow(
      /cotangents: give a buffer of them, or prepare .* with a loss/,
    );
    device.queue.submit([encoder.finish()]);
    for (const e of [solved, prepared, small, other]) "dispose" in e ? e.dispose() : e.destroy();
    const host: Loss = { kind: "mine", evaluate: () => ({ value: 0, cotangents: [] }) };
    await expect(network.prepareGradient({ ...options, loss: host })).rejects.toThrow(/loss: "mine" is not taken/);
    await expect(network.prepareGradient({ ...options, with: [] })).rejects.toThrow(/with: names no parameter/);
    await expect(network.prepareGradient({ ...options, paths: 2 ** 20 })).rejects.toThrow(/paths: .* at most \d+/);
    expect(gpu().bytesInUse).toBe(before);
    const cpu = await Engine.create({ backend: "cpu" });
    await expect(cpu.network(one).prepareGradient(options)).rejects.toThrow(/backend: is cpu/);
  });
});
