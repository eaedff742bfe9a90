import { describe, expect, it } from "vitest";
import { type Batch, describeAdapter, findAdapter, Gpu, type KernelSpec, type Storage } from "../../src/gpu/index.js";
import { scaleAddOne, scaleUniform } from "../support/gpu.js";

const twoOutputs: KernelSpec = {
  label: "two outputs",
  bindings: ["read_write", "read_write"],
  code: /* wgsl */ `
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> b: array<f32>;
@compute @workgroup_size(1)
fn main() { a[0] = 1.0f; b[0] = 2.0f; }`,
};

/** Queues what the device refuses: a buffer that was destroyed. */
async function refused(gpu: Gpu, data: Storage): Promise<Batch> {
  const gone = gpu.upload("gone", Float32Array.of(0));
  gone.buffer.destroy();
  return gpu.batch("refused").dispatch(await gpu.kernel(twoOutputs), { buffers: [data, gone], groups: 1 });
}

describe("errors", () => {
  it("of a submission reach all its reads", async () => {
    const gpu = await Gpu.create();
    const data = gpu.upload("data", Float32Array.of(0));
    const batch = await refused(gpu, data);
    const reads = [batch.read(data), batch.read(data)];
    batch.submit();
    const outcomes = await Promise.allSettled(reads);
    expect(outcomes.map((o) => o.status === "rejected" && o.reason.code)).toEqual(["validation", "validation"]);
    // Told once, and the device works on.
    expect(new Float32Array(await gpu.read(data))[0]).toBe(0);
    gpu.dispose();
  });

  it("of a submission without reads reach the next read, even one that was queued at once", async () => {
    const gpu = await Gpu.create();
    const data = gpu.upload("data", Float32Array.of(0));
    (await refused(gpu, data)).submit();
    await expect(gpu.read(data)).rejects.toMatchObject({ name: "SaltationError", code: "validation" });
    expect(new Float32Array(await gpu.read(data))[0]).toBe(0);
    gpu.dispose();
  });

  it("outside of any scope are not lost", async () => {
    const gpu = await Gpu.create();
    const data = gpu.upload("data", Float32Array.of(0));
    gpu.device.createBuffer({ size: 4, usage: 0 }).destroy(); // a usage of nothing is refused
    await gpu.device.queue.onSubmittedWorkDone();
    await expect(gpu.read(data)).rejects.toMatchObject({ code: "validation" });
    gpu.dispose();
  });

  it("on a caller's device are the caller's", async () => {
    const own = await Gpu.create();
    const guest = await Gpu.create({ device: own.device });
    const data = guest.upload("data", Float32Array.of(4));
    own.device.createBuffer({ size: 4, usage: 0 }).destroy();
    await own.device.queue.onSubmittedWorkDone();
    expect(new Float32Array(await guest.read(data))[0]).toBe(4);
    guest.dispose();
    expect(() => guest.batch()).toThrow(/was disposed/);
    own.dispose();
  });

  it("name the line of WGSL, mark the place, and leave no broken kernel behind", async () => {
    const gpu = await Gpu.create();
    const broken = { ...scaleAddOne, code: scaleAddOne.code.replace("u.factor", "u.fakter") };
    const line = broken.code.split("\n").findIndex((l) => l.includes("fakter")) + 1;
    const error = await gpu.kernel(broken).catch((e: Error) => e);
    expect(error).toMatchObject({ code: "compile" });
    const text = (error as Error).message.split("\n");
    expect(text[0]).toBe('kernel "scale and add one" does not compile:');
    expect(text[1]).toMatch(new RegExp(`^ {2}line ${line}: .*fakter`));
    const shown = text.findIndex((l) => l.includes("| ") && l.includes("u.fakter"));
    expect(text[shown]).toMatch(new RegExp(`^ *${line} \\| .*u\\.fakter`));
    // The mark stands below the member that does not exist, or below the dot before it.
    expect(Math.abs(text[shown + 1]!.indexOf("^") - text[shown]!.indexOf("fakter"))).toBeLessThanOrEqual(2);
    await expect(gpu.kernel(broken)).rejects.toMatchObject({ code: "compile" });
    await expect(gpu.kernel(scaleAddOne)).resolves.toMatchObject({ label: "scale and add one" });
    gpu.dispose();
  });

  it("tell a kernel that does not fit its bindings or the device from one that does not compile", async () => {
    const gpu = await Gpu.create();
    await expect(gpu.kernel({ ...scaleAddOne, bindings: ["read"] })).rejects.toMatchObject({
      code: "compile",
      message: expect.stringContaining("does not fit its bindings"),
    });
    const beyond = 2 * gpu.device.limits.maxComputeWorkgroupSizeX;
    const groups = scaleAddOne.code.replace("workgroup_size(64)", `workgroup_size(${beyond})`);
    await expect(gpu.kernel({ ...scaleAddOne, code: groups })).rejects.toMatchObject({ code: "limit" });
    const many = { ...twoOutputs, bindings: Array.from({ length: 5000 }, () => "read" as const) };
    expect(() => gpu.kernel(many)).toThrow(
      /maxStorageBuffersPerShaderStage is \d+ on this adapter, but 5000 was needed/,
    );
    gpu.dispose();
  });

  it("say that the device was lost, in reads under way and in everything after", async () => {
    const gpu = await Gpu.create();
    const data = gpu.upload("data", new Float32Array(2 ** 20));
    const pending = gpu.read(data);
    gpu.device.destroy();
    // The read may have been finished before the device went.
    const outcome = await pending.catch((e: unknown) => e);
    if (!(outcome instanceof ArrayBuffer)) expect(outcome).toMatchObject({ code: "device-lost" });
    expect(await gpu.lost).toMatchObject({
      code: "device-lost",
      message: expect.stringContaining("create a new engine"),
    });
    expect(gpu.state).toBe("lost");
    for (const act of [() => gpu.batch(), () => gpu.upload("x", Float32Array.of(1)), () => gpu.kernel(scaleAddOne)]) {
      expect(act).toThrow(/device was lost/);
    }
    data.dispose();
    gpu.dispose();
    expect(gpu.state).toBe("disposed");
    expect(gpu.bytesHeld).toBe(0);
  });

  it("say that the engine was disposed, in reads and compilations under way", async () => {
    const gpu = await Gpu.create();
    const kernel = await gpu.kernel(scaleAddOne);
    const data = gpu.upload("data", Float32Array.of(0));
    const queued = gpu.batch().dispatch(kernel, { buffers: [data], uniforms: scaleUniform(1, 1), groups: 1 });
    const other = gpu.kernel(twoOutputs).catch((e: unknown) => e);
    const pending = gpu.read(data);
    gpu.dispose();
    expect(() => queued.submit()).toThrow(/was disposed/);
    await expect(pending).rejects.toMatchObject({ code: "disposed" });
    const outcome = await other;
    if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "disposed" });
    data.dispose(); // after its device: no harm
  });
});

describe("adapter", () => {
  it("is described: what it is, what it can, what to do", async () => {
    const report = await describeAdapter();
    expect(report.adapter).toBeDefined();
    expect(report.adapter!.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
    expect(report.adapter!.features).toEqual([...(await findAdapter())!.adapter.features].sort());
    expect(report.advice === "").toBe(!report.adapter!.fallback);
  });

  it("gives the device all that is of use", async () => {
    const gpu = await Gpu.create();
    const { adapter } = await describeAdapter();
    for (const limit of ["maxBufferSize", "maxStorageBufferBindingSize", "maxComputeInvocationsPerWorkgroup"]) {
      expect(gpu.adapter.limits[limit]).toBe(adapter!.limits[limit]);
    }
    expect(gpu.adapter.backend).toBe("gpu" in (globalThis.navigator ?? {}) ? "browser" : "dawn");
    gpu.dispose();
  });
});
