/** The `simd` backend: the kernels of the `webgpu` backend, on the processor as WebAssembly SIMD (src/wasm). */
import { SaltationError } from "../errors.js";
import { Gpu, type GpuOptions } from "../gpu/index.js";
import { simdAdapter } from "../wasm/device.js";
import { backendOn, type WebGpuBackend } from "../webgpu/backend.js";

export interface SimdOptions extends Pick<GpuOptions, "log"> {
  /** Threads; all processors by default. */
  threads?: number | undefined;
}

/** @throws SaltationError `no-adapter` where there is no WebAssembly with vectors, or no threads for it. */
export async function openSimd({ threads, log }: SimdOptions = {}): Promise<WebGpuBackend> {
  let gpu: Gpu;
  try {
    gpu = await Gpu.on({ adapter: await simdAdapter({ threads }), backend: "simd" }, log);
  } catch (error) {
    const why = (error as Error).message;
    throw new SaltationError("no-adapter", `backend: simd cannot be opened here (${why}); take backend "cpu"`, {
      field: "backend",
      cause: error,
    });
  }
  return backendOn(gpu, "simd", gpu.adapter.description);
}
