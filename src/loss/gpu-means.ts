/** Means over paths that a loss is a function of, and its derivative by each of them, on a GPU. */
import { type MeanDistance, meanCoefficients } from "../../shaders/loss/mean-coefficients.wgsl.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { SolvePlan } from "../plan/plan.js";
import { RowSums } from "../reduce/row-sums.js";

export class GpuMeans {
  private constructor(
    readonly sums: RowSums,
    /** Derivative of the loss by each mean, once `encode` has been. */
    readonly coefficients: Storage,
    private readonly targets: Storage,
    private readonly kernel: KernelOf<typeof meanCoefficients>,
  ) {}

  /** @param targets one of each mean, in the unit in which kernels have them. */
  static async create(gpu: Gpu, plan: SolvePlan, form: MeanDistance, targets: Float32Array): Promise<GpuMeans> {
    const [kernel, sums] = await Promise.all([
      gpu.kernel(meanCoefficients(form)),
      RowSums.create(gpu, plan, targets.length),
    ]);
    const coefficients = gpu.buffer("coefficients", 4 * targets.length);
    return new GpuMeans(sums, coefficients, gpu.upload("targets", targets), kernel);
  }

  /** After the sums of all chunks. */
  encode(batch: Batch): void {
    const { targets, coefficients } = this;
    const { rows: features, samples, allBlocks, blocks } = this.sums;
    batch.dispatch(this.kernel, {
      uniform: { features, samples, allBlocks, weight: 1 / features },
      ...{ blocks, targets, coefficients },
      threads: features,
    });
  }

  dispose(): void {
    for (const held of [this.sums, this.coefficients, this.targets]) held.dispose();
  }
}
