/**
 * What a gradient encodes on the GPU beside its loss: solves, whether they came out, the backward recursion, and means
 * over paths. Nothing is read back.
 */
import { meanGradient } from "../../shaders/train/mean-gradient.wgsl.js";
import { verdict } from "../../shaders/train/verdict.wgsl.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { Chunk } from "../plan/chunks.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { RowSums } from "../reduce/row-sums.js";
import type { ChunkSolver, EncodedChunk } from "../solve/chunk-solver.js";
import { createSolver, firstSlots, solveFrom } from "../solve/simulate.js";

/** Room beyond what a first solve needed. */
export const margin = 1.25;

export class GradientPass {
  /** Spikes that the record of a path has room for. */
  readonly slots: { value: number };
  /** Entries of tape that a path has room for in a window (networks). */
  tape = 0;

  private constructor(
    private readonly gpu: Gpu,
    readonly solver: ChunkSolver,
    /** The value's row and those of the gradient. */
    readonly sums: RowSums,
    private readonly kernels: { verdict: KernelOf<typeof verdict>; mean: KernelOf<typeof meanGradient> },
    plan: SolvePlan,
  ) {
    this.slots = { value: firstSlots(plan) };
  }

  /** @param views the parameters to differentiate by. */
  static async create(gpu: Gpu, plan: SolvePlan, views: readonly View[]): Promise<GradientPass> {
    const solver = await createSolver(gpu, plan, views);
    const [sums, verdictKernel, mean] = await Promise.all([
      RowSums.create(gpu, plan, 1 + solver.gradientRows),
      gpu.kernel(verdict),
      gpu.kernel(meanGradient),
    ]);
    return new GradientPass(gpu, solver, sums, { verdict: verdictKernel, mean }, plan);
  }

  /**
   * Solves the first chunk and waits, to know how much room its paths need, and leaves some more.
   * @param fitting paths of a chunk that fit with so many slots.
   */
  async measure(plan: SolvePlan, fitting: (slots: number) => number): Promise<void> {
    const { gpu, solver, slots } = this;
    solver.reseed(plan);
    const solved = await solveFrom(gpu, plan, solver, 0, slots, fitting);
    solved.dispose();
    const { largestCount, largestTape } = solved.status;
    if (plan.maxSpikes === 0) slots.value = Math.ceil(margin * largestCount) + 2;
    this.tape = Math.max(this.tape, Math.ceil(margin * largestTape));
  }

  encodeForward(batch: Batch, chunk: Chunk): EncodedChunk {
    return this.solver.encodeForward(batch, chunk, this.slots.value);
  }

  /** Sets bits of `halted` (`haltBits`) where a solve did not come out. */
  encodeVerdict(batch: Batch, encoded: EncodedChunk, halted: Storage): void {
    const { tape, kernels } = this;
    batch.dispatch(kernels.verdict, { uniform: { tape }, status: encoded.statusWords, halted, groups: 1 });
  }

  /** Backward recursion of a chunk: adds its gradients to `rows` [1 + entries][paths], and those to the sums. */
  encodeBackward(batch: Batch, encoded: EncodedChunk, cotangents: Storage | GPUBuffer, rows: Storage): void {
    this.solver.encodeBackward(batch.stage("backward"), encoded, cotangents, rows, this.tape);
    this.sums.add(batch.stage("reduce"), encoded, rows);
  }

  /** Writes the mean over all paths, f32 [entries]; sets a bit of `halted` where it is not finite. */
  encodeMean(batch: Batch, gradient: Storage, halted: Storage): void {
    const { samples, allBlocks, blocks } = this.sums;
    const entries = this.solver.gradientRows;
    const uniform = { entries, samples, allBlocks };
    batch.dispatch(this.kernels.mean, { uniform, blocks, gradient, halted, threads: entries });
  }

  dispose(): void {
    this.sums.dispose();
    this.solver.dispose();
  }
}
