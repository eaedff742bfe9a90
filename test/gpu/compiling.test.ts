/** What is compiled is counted, named where it takes long, and refused where it would take minutes. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { expandedOperations, mostOperations } from "../../src/gpu/expanded.js";
import { Gpu, LongKernel } from "../../src/gpu/index.js";

describe("operations with calls written out", () => {
  it("count a function as often as it is called, at any depth, and not what nobody calls", () => {
    const code = `
fn twice(x: f32) -> f32 { return x + x; } // x * x * x
fn unused(x: f32) -> f32 { return x * x * x; }
fn four(x: f32) -> f32 { return twice(x) * twice(x); }
@compute @workgroup_size(64)
fn main() { var a = four(1.0f); a = four(a) - sin(a); }`;
    // four: 1 + 1 + the product; main: 3 + 3 + the difference + the sine.
    expect(expandedOperations(code)).toBe(8);
    expect(expandedOperations(code, "unused")).toBe(2);
  });
});

describe("a kernel that compiles for long", () => {
  afterEach(() => vi.useRealTimers());

  /** A device whose compiler answers when the test says. */
  function slowDevice(architecture: string): { device: GPUDevice; finish: () => void; started: () => number } {
    const waiting: (() => void)[] = [];
    let started = 0;
    vi.stubGlobal("GPUShaderStage", { COMPUTE: 4 });
    const device = {
      adapterInfo: { vendor: "test", architecture, device: "", description: "" },
      features: new Set(),
      limits: { maxStorageBuffersPerShaderStage: 8, maxBufferSize: 1e9, maxStorageBufferBindingSize: 1e9 },
      lost: new Promise(() => {}),
      pushErrorScope: () => {},
      popErrorScope: async () => null,
      createShaderModule: () => ({}),
      createBindGroupLayout: () => ({}),
      createPipelineLayout: () => ({}),
      createComputePipelineAsync: () => {
        started++;
        return new Promise((resolve) => waiting.push(() => resolve({})));
      },
    };
    return {
      device: device as unknown as GPUDevice,
      finish: () => {
        for (const resolve of waiting.splice(0)) resolve();
      },
      started: () => started,
    };
  }
  const spec = (label: string, code: string) => ({ label, code, bindings: [] });
  const code = (n: number): string => `fn main() { var a = 1.0f; a = a${" + a".repeat(n)}; }`;

  it("is named after two seconds, once, and not where it is quick", async () => {
    const { device, finish } = slowDevice("swiftshader");
    const lines: string[] = [];
    const gpu = await Gpu.create({ device, log: (line) => lines.push(line) });
    vi.useFakeTimers();
    const patience = async (code: string, milliseconds: number): Promise<void> => {
      const kernel = gpu.kernel(spec("quick", code));
      await vi.advanceTimersByTimeAsync(milliseconds);
      finish();
      await kernel;
      await vi.advanceTimersByTimeAsync(60_000);
    };
    await patience(code(20_000), 1900);
    // A short one waits for the machine, not for its compiler.
    await patience(code(100), 19_000);
    expect(lines).toEqual([]);
    const slow = gpu.kernel(spec("forward big levy", code(20_001)));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lines).toEqual(['compiling kernel "forward big levy" on swiftshader …']);
    finish();
    await slow;
  });

  it("is refused, before the compiler sees it, beyond a bound that is the adapter's", async () => {
    for (const [architecture, most] of [
      ["swiftshader", mostOperations.software],
      ["lovelace", mostOperations.hardware],
    ] as const) {
      const { device, finish, started } = slowDevice(architecture);
      const gpu = await Gpu.create({ device });
      const refusal = gpu.kernel(spec("forward big levy", code(most + 1)));
      await expect(refusal).rejects.toBeInstanceOf(LongKernel);
      await expect(refusal).rejects.toMatchObject({
        code: "limit",
        message: expect.stringMatching(
          /^kernel "forward big levy" has [\d,]+1 operations .*; at most [\d,]+ are compiled$/,
        ),
      });
      expect(started()).toBe(0);
      const accepted = gpu.kernel(spec("forward big levy", code(most)));
      await vi.waitUntil(() => started() === 1);
      finish();
      await accepted;
    }
  });
});
