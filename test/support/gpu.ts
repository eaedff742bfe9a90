import { afterAll, beforeAll, type TestContext } from "vitest";
import { bufferUsage, Gpu } from "../../src/gpu/index.js";
import { finishesLoops, shortLoops } from "../../src/gpu/loops.js";
import { simdAdapter } from "../../src/wasm/device.js";

/** Whether tests of kernels run on the processor, as WebAssembly SIMD (src/wasm). */
export const onSimd = (): boolean => typeof process !== "undefined" && process.env?.SALTATION_DEVICE === "simd";

/**
 * The device that tests run on; tests that make buffers of their own read WebGPU's globals. One thread, as other files run beside,
 * and threads that wait for each other spin; what several do is tested in test/simd and test/wasm.
 */
export const openGpu = async (): Promise<Gpu> =>
  onSimd() ? Gpu.on({ adapter: await simdAdapter({ threads: 1 }), backend: "simd" }) : Gpu.create();

if (onSimd()) Object.assign(globalThis, { GPUBufferUsage: bufferUsage, GPUMapMode: { READ: 1 } });

/** One device for a test file, on the adapter of where the test runs. */
export function sharedGpu(): () => Gpu {
  let gpu: Gpu | undefined;
  beforeAll(async () => {
    gpu = await openGpu();
  });
  afterAll(() => gpu?.dispose());
  return () => gpu!;
}

/** Skips a test whose kernels loop for longer than every driver lets them that tests are run on. */
export async function needsLongLoops(gpu: Gpu, context: TestContext): Promise<void> {
  if (shortLoops.accepted && !(await finishesLoops(gpu))) context.skip("the driver ends a kernel's loops early");
}

/** Whether the driver's compiler arranges the sums of a kernel as suits it, so that two kernels of one sum may differ. */
export const arrangesSums = (): boolean => shortLoops.accepted;

/** Multiplies by a uniform and adds one, in place: a kernel whose every run leaves a trace. */
export const scaleAddOne = {
  label: "scale and add one",
  bindings: ["read_write" as const],
  uniformBytes: 8,
  code: /* wgsl */ `
struct U { count: u32, factor: f32 }
@group(0) @binding(0) var<uniform> u: U;
@group(0) @binding(1) var<storage, read_write> data: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < u.count) { data[id.x] = data[id.x] * u.factor + 1.0f; }
}`,
};

/** Uniforms of `scaleAddOne`. */
export function scaleUniform(count: number, factor: number): DataView {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, count, true);
  view.setFloat32(4, factor, true);
  return view;
}
