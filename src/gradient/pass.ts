/**
 * A gradient that is encoded with nothing read back: kernels say whether its solves came out, and take the mean over the
 * paths on the GPU.
 */
import { meanGradient } from "../../shaders/train/mean-gradient.wgsl.js";
import { haltBits, verdict } from "../../shaders/train/verdict.wgsl.js";
import type { Batch, Gpu, Kernel, Storage } from "../gpu/index.js";
import type { Loss } from "../loss/loss.js";
import { notFinite } from "../loss/result.js";
import type { Chunk } from "../plan/chunks.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { EncodedChunk, RunStatus } from "../solve/chunk-solver.js";
import { checkFinite, growSlots, solveFrom } from "../solve/simulate.js";
import { Evaluation, type EvaluationParts, evaluationParts } from "./evaluation.js";

/** Room beyond what a first solve needed. */
const margin = 1.25;

export class GradientPass extends Evaluation {
  private constructor(
    parts: EvaluationParts,
    private readonly kernels: { verdict: Kernel; mean: Kernel },
  ) {
    super(parts);
  }

  /**
   * @param views the parameters to differentiate by.
   * @param loss where given, one that is taken on the GPU.
   */
  static async create(gpu: Gpu, plan: SolvePlan, views: readonly View[], loss?: Loss): Promise<GradientPass> {
    const [verdictKernel, mean] = await Promise.all([
      gpu.kernel({ label: "verdict", code: verdict, bindings: ["read", "read_write"], uniformBytes: 16 }),
      gpu.kernel({
        label: "mean gradient",
        code: meanGradient,
        bindings: ["read", "read_write", "read_write"],
        uniformBytes: 16,
      }),
    ]);
    return new GradientPass(await evaluationParts(gpu, plan, views, loss), { verdict: verdictKernel, mean });
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
    const uniform = Uint32Array.of(this.tape, 0, 0, 0);
    batch.dispatch(this.kernels.verdict, [encoded.statusWords, halted], uniform, [1]);
  }

  /** Writes the mean over all paths, f32 [entries]; sets a bit of `halted` where it is not finite. */
  encodeMean(batch: Batch, gradient: Storage, halted: Storage): void {
    const { solver, sums, kernels } = this;
    const uniform = Uint32Array.of(solver.gradientRows, sums.samples, sums.allBlocks, 0);
    const groups = [Math.ceil(solver.gradientRows / 64)] as const;
    batch.dispatch(kernels.mean, [sums.blocks, gradient, halted], uniform, groups);
  }

  /**
   * @param bits of a verdict, and what the solves of its chunks came to.
   * @throws SaltationError `not-finite` where a state or the gradient is not; else what was lacking is room.
   */
  checkVerdict(plan: SolvePlan, bits: number, status: readonly RunStatus[]): void {
    for (const s of status) checkFinite(plan, s, plan.paths);
    if ((bits & haltBits.gradient) !== 0 && (bits & (haltBits.record | haltBits.tape)) === 0) throw notFinite(plan);
  }

  /** Makes the room that was lacking. */
  async grow(
    plan: SolvePlan,
    bits: number,
    status: readonly RunStatus[],
    fitting: (slots: number) => number,
  ): Promise<void> {
    if (bits & haltBits.record) {
      const { slots } = this;
      growSlots(slots);
      const doubled = slots.value;
      // Which tells a neuron that fires without end; other chunks may need more than the first.
      await this.measure(plan, fitting);
      slots.value = Math.max(doubled, slots.value);
    }
    if (bits & haltBits.tape) this.tape = Math.ceil(margin * Math.max(...status.map((s) => s.largestTape)));
  }
}
