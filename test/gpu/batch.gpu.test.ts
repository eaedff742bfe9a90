import { describe, expect, it } from "vitest";
import { Gpu } from "../../src/gpu/index.js";
import { scaleAddOne, scaleUniform, sharedGpu } from "../support/gpu.js";

/** Float32 of x → x · factor + 1, `times` times; exact for the small integers used here. */
const iterate = (x: number, factor: number, times: number): number =>
  times === 0 ? x : iterate(x * factor + 1, factor, times - 1);

describe("batch", () => {
  const gpu = sharedGpu();

  it("brings data there and back, whole and in parts", async () => {
    const numbers = Float32Array.from({ length: 1000 }, (_, i) => i - 0.5);
    const data = gpu().upload("numbers", numbers);
    expect(new Float32Array(await gpu().read(data))).toEqual(numbers);
    expect(new Float32Array(await gpu().read(data, 40, 12))).toEqual(numbers.slice(10, 13));
    gpu().write(data, Float32Array.of(7, 8), 4);
    expect([...new Float32Array(await gpu().read(data, 0, 16))]).toEqual([-0.5, 7, 8, 2.5]);
    expect((await gpu().read(data, 0, 0)).byteLength).toBe(0);
    data.dispose();
  });

  it("takes bytes that are no whole words", async () => {
    const data = gpu().upload("seven", Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
    expect([...new Uint8Array(await gpu().read(data))]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    data.dispose();
  });

  it("copies uniforms when a dispatch is queued, so that one array can serve many", async () => {
    const kernel = await gpu().kernel(scaleAddOne);
    const data = gpu().upload("data", Float32Array.of(1));
    const uniform = scaleUniform(1, 0);
    const batch = gpu().batch();
    for (const factor of [2, 3, 5]) {
      uniform.setFloat32(4, factor, true);
      batch.dispatch(kernel, { buffers: [data], uniforms: uniform, groups: 1 });
    }
    const read = batch.read(data);
    batch.submit();
    expect(new Float32Array(await read)[0]).toBe(((1 * 2 + 1) * 3 + 1) * 5 + 1);
    data.dispose();
  });

  it("keeps order between dispatches, clears, copies and reads", async () => {
    const kernel = await gpu().kernel(scaleAddOne);
    const a = gpu().upload("a", Float32Array.of(1, 2));
    const b = gpu().upload("b", Float32Array.of(9, 9));
    const batch = gpu().batch();
    const before = batch.read(a);
    batch.dispatch(kernel, { buffers: [a], uniforms: scaleUniform(2, 2), groups: 1 }).copy(a, 4, b, 0, 4);
    batch.clear(a, 4, 4).dispatch(kernel, { buffers: [a], uniforms: scaleUniform(2, 1), groups: 1 });
    const [after, copied] = [batch.read(a), batch.read(b)];
    batch.submit();
    const values = (await Promise.all([before, after, copied])).map((x) => [...new Float32Array(x)]);
    expect(values).toEqual([
      [1, 2],
      [4, 1],
      [5, 9],
    ]);
    a.dispose();
    b.dispose();
  });

  it("runs thousands of dispatches in one batch, more uniforms than a buffer held before", async () => {
    const kernel = await gpu().kernel(scaleAddOne);
    const data = gpu().upload("data", Float32Array.of(0));
    for (const count of [10, 3000, 10]) {
      const batch = gpu().batch();
      for (let i = 0; i < count; i++)
        batch.dispatch(kernel, { buffers: [data], uniforms: scaleUniform(1, 1), groups: 1 });
      batch.submit();
    }
    expect(new Float32Array(await gpu().read(data))[0]).toBe(3020);
    data.dispose();
  });

  it("encodes into a caller's encoder, untouched by batches submitted in between", async () => {
    const kernel = await gpu().kernel(scaleAddOne);
    const data = gpu().upload("data", Float32Array.of(1));
    const other = gpu().upload("other", Float32Array.of(1));
    const encoder = gpu().device.createCommandEncoder();
    gpu()
      .batch()
      .dispatch(kernel, { buffers: [data], uniforms: scaleUniform(1, 2), groups: 1 })
      .dispatch(kernel, { buffers: [data], uniforms: scaleUniform(1, 3), groups: 1 })
      .encode(encoder);
    gpu()
      .batch()
      .dispatch(kernel, { buffers: [other], uniforms: scaleUniform(1, 100), groups: 1 })
      .dispatch(kernel, { buffers: [other], uniforms: scaleUniform(1, 100), groups: 1 })
      .submit();
    gpu().device.queue.submit([encoder.finish()]);
    expect(new Float32Array(await gpu().read(data))[0]).toBe((1 * 2 + 1) * 3 + 1);
    expect(new Float32Array(await gpu().read(other))[0]).toBe(iterate(1, 100, 2));
    data.dispose();
    other.dispose();
  });

  it("runs on a caller's buffer", async () => {
    const kernel = await gpu().kernel(scaleAddOne);
    const { device } = gpu();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    const own = device.createBuffer({ size: 4, usage, mappedAtCreation: true });
    new Float32Array(own.getMappedRange())[0] = 5;
    own.unmap();
    const result = gpu().buffer("result", 4);
    gpu()
      .batch()
      .dispatch(kernel, { buffers: [own], uniforms: scaleUniform(1, 2), groups: 1 })
      .submit();
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(own, 0, result.buffer, 0, 4);
    device.queue.submit([encoder.finish()]);
    expect(new Float32Array(await gpu().read(result))[0]).toBe(11);
    result.dispose();
    own.destroy();
  });

  it("refuses what cannot run, naming what was given", async () => {
    const kernel = await gpu().kernel(scaleAddOne);
    const data = gpu().upload("data", Float32Array.of(1));
    const uniform = scaleUniform(1, 1);
    const dispatch = (storages: (typeof data)[], u: ArrayBufferView | null, groups: number) => () =>
      gpu()
        .batch()
        .dispatch(kernel, { buffers: storages, uniforms: u ?? undefined, groups });
    expect(dispatch([data, data], uniform, 1)).toThrow(/"scale and add one" binds 1 buffers; 2 were given/);
    expect(dispatch([data], null, 1)).toThrow(/takes 8 bytes of uniforms; 0 were given/);
    expect(dispatch([data], uniform, 1.5)).toThrow(/cannot run on 1.5 workgroups/);
    expect(dispatch([data], uniform, Number.NaN)).toThrow(/cannot run on NaN workgroups/);
    expect(() => gpu().batch().read(data, 0, 8)).toThrow(/cannot read 8 bytes at 0 of buffer "data", which has 4/);
    expect(() => gpu().write(data, Float32Array.of(1), 2)).toThrow(/cannot write 4 bytes at 2 of buffer "data"/);
    expect(() => gpu().buffer("odd", -1)).toThrow(/buffer "odd" cannot have -1 bytes/);

    const batch = gpu().batch("once");
    batch.submit();
    expect(() => batch.submit()).toThrow(/batch "once" was already submitted/);
    const reading = gpu().batch("reading");
    void reading.read(data);
    expect(() => reading.encode(gpu().device.createCommandEncoder())).toThrow(/"reading" reads back "data"/);
    data.dispose();
  });

  it("counts idle and lent bytes, gives freed sizes again, and trims", async () => {
    const own = await Gpu.create();
    const sizes = [1, 255, 256, 257, 100_000, 1_000_000];
    const storages = sizes.map((bytes) => own.buffer(`${bytes}`, bytes));
    const total = storages.reduce((sum, s) => sum + s.buffer.size, 0);
    for (const [i, s] of storages.entries()) {
      expect(s.bytes).toBe(sizes[i]);
      // Buffers have at least 256 bytes and waste at most an eighth.
      expect(s.buffer.size).toBeGreaterThanOrEqual(sizes[i]!);
      expect(s.buffer.size).toBeLessThanOrEqual(Math.max(256, sizes[i]! * 1.125 + 256));
    }
    expect([own.bytesInUse, own.peakBytes, own.bytesHeld]).toEqual([total, total, total]);
    const again = storages[4]!.buffer;
    for (const s of storages) s.dispose();
    expect([own.bytesInUse, own.peakBytes, own.bytesHeld]).toEqual([0, total, total]);
    expect(() => storages[4]!.buffer).toThrow(/buffer "100000" was disposed/);
    const near = own.buffer("near", 99_000); // of the same size class
    expect(near.buffer).toBe(again);
    own.trim();
    expect(own.bytesHeld).toBe(near.buffer.size);
    // What is lent survives a trim.
    own.write(near, Float32Array.of(3));
    expect(new Float32Array(await own.read(near, 0, 4))[0]).toBe(3);
    own.dispose();
  });
});
