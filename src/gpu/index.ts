export { Batch } from "./batch.js";
export {
  type Access,
  type AdapterSummary,
  adapterAdvice,
  findAdapter,
  Gpu,
  type GpuOptions,
  type Kernel,
  type KernelSpec,
  type Storage,
  summarise,
} from "./gpu.js";
