/** Errors that no test can make a real device report at will: out of memory, on a stand-in for the device. */
import { describe, expect, it } from "vitest";
import { Faults } from "../../src/gpu/faults.js";

class GPUOutOfMemoryError extends Error {}

/** A device whose scopes report what the test says, and count. */
function standIn(errors: Partial<Record<GPUErrorFilter, Error>>): { device: GPUDevice; open: () => number } {
  const scopes: GPUErrorFilter[] = [];
  const device = {
    pushErrorScope: (filter: GPUErrorFilter) => scopes.push(filter),
    popErrorScope: async () => errors[scopes.pop()!] ?? null,
  };
  return { device: device as unknown as GPUDevice, open: () => scopes.length };
}

describe("faults", () => {
  it("name memory as the cause, before the invalid objects that follow from it", async () => {
    Object.assign(globalThis, { GPUOutOfMemoryError });
    const { device, open } = standIn({
      "out-of-memory": new GPUOutOfMemoryError("no room"),
      validation: new Error("invalid buffer"),
    });
    const faults = new Faults(device);
    expect(faults.guard(() => 7)).toBe(7);
    await faults.settled();
    expect(open()).toBe(0);
    expect(faults.take()).toMatchObject({
      code: "out-of-memory",
      message: "the GPU is out of memory (no room); take fewer paths, neurons or steps at a time",
    });
    expect(faults.take()).toBeUndefined();
  });

  it("close their scopes where a call throws", async () => {
    const { device, open } = standIn({});
    const faults = new Faults(device);
    const throwing = (): never => {
      throw new TypeError("not a buffer");
    };
    expect(() => faults.guard(throwing)).toThrow("not a buffer");
    expect(() => faults.watch(throwing)).toThrow("not a buffer");
    await faults.settled();
    expect(open()).toBe(0);
  });

  it("survive a device that no longer answers", async () => {
    const device = {
      pushErrorScope: () => {},
      popErrorScope: () => Promise.reject(new Error("device is gone")),
    } as unknown as GPUDevice;
    const faults = new Faults(device);
    faults.guard(() => {});
    await faults.settled();
    expect(await faults.watch(() => {})).toBeUndefined();
    expect(faults.take()).toBeUndefined();
  });
});
