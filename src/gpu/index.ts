export { handled } from "../turns.js";
export {
  type AdapterOptions,
  type AdapterReport,
  type AdapterSearch,
  type AdapterSummary,
  describeAdapter,
  type FoundAdapter,
  findAdapter,
  summarise,
} from "./adapter.js";
export { Batch, type Dispatched } from "./batch.js";
export { bufferUsage } from "./constants.js";
export { Gpu, type GpuOptions } from "./gpu.js";
export type { Access, DeclaredKernel, Kernel, KernelOf, KernelSpec } from "./kernel.js";
export { LongKernel } from "./long-kernel.js";
export type { Bindable, Extent } from "./passed.js";
export type { Storage } from "./pool.js";
