/** Signatures and signature kernels of paths and spike trains: what the rest of the library uses. */
import { fail } from "../checks.js";
import type { Gpu } from "../gpu/index.js";
import type { SignatureBackend } from "./definitions/backend.js";
import { GpuSignatureBackend } from "./gpu/backend.js";
import { twinBackend } from "./host/backend.js";

export type { GramRequest, GramResult, SignatureBackend } from "./definitions/backend.js";
export { type LiftedSpikes, type LiftOptions, liftSpikes } from "./definitions/lift.js";
export { nested, type PathBatch, type PathInput, readPaths, type TypedPaths } from "./definitions/paths.js";
export type { SignatureSolver } from "./definitions/solver.js";
export type { StaticKernel } from "./definitions/static-kernel.js";
export { basePoint, leadLag, type Transformed, timeAugment } from "./definitions/transforms.js";
export { type DeviceKernelOptions, DeviceKernels } from "./gpu/device-kernels.js";
export type { DevicePaths, EncodeTarget, PathShape } from "./gpu/device-paths.js";
export { DeviceSignatures, type SignatureShape } from "./gpu/device-signatures.js";
export { type LiftedOnDevice, SpikeLift } from "./gpu/spike-lift.js";
export { type EncodeOptions, SpikeSignatures } from "./gpu/spike-signatures.js";
export { type SpikeStatistic, type SpikeStatisticOptions, spikeStatistic } from "./gpu/spike-statistic.js";
export {
  type GramMatrix,
  type GramOptions,
  type KernelOptions,
  type PairedKernels,
  type PairedOptions,
  type PairwiseOptions,
  type StatisticResult,
  signatureGram,
  signatureKernel,
} from "./gram.js";
export type { LogSignatureForm } from "./host/lyndon.js";
export {
  expectedSignature,
  logSignatures,
  type SignatureOptions,
  type Signatures,
  spikeSignatures,
  truncatedSignatureGradient,
  truncatedSignatures,
} from "./signatures.js";
export { type MmdOptions, type StatisticOptions, signatureMMD, signatureScore } from "./statistics.js";
export { type TwoSampleOptions, type TwoSampleResult, twoSampleTest } from "./two-sample.js";

/** Where signatures are computed: on a GPU in float32, or (null) by the float64 twin. */
export function signatureBackend(gpu: Gpu | null): SignatureBackend {
  if (gpu && !gpu.device) fail("gpu", "expected engine.gpu, or null for the CPU");
  return gpu ? new GpuSignatureBackend(gpu) : twinBackend();
}
