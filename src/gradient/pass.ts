/**
 * Value and gradient of a loss on the GPU, said once: chunks of paths are solved and looked at by the loss; when it has
 * seen all of them there are cotangents, which the backward recursion takes to rows per path, and these are summed.
 * Who waits for what, and what is read back, is the caller's matter.
 */
import { meanGradient } from "../../shaders/train/mean-gradient.wgsl.js";
import { haltBits, verdict } from "../../shaders/train/verdict.wgsl.js";
import { fail } from "../checks.js";
import { allOrNone } from "../gpu/all-or-none.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { GpuLoss, Loss } from "../loss/loss.js";
import { assembleResult, checkEstimates, type Evaluated, notFinite, type Valued } from "../loss/result.js";
import type { Chunk } from "../plan/chunks.js";
import { segmentsOf, type View } from "../plan/layout.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { RowSums } from "../reduce/row-sums.js";
import type { Estimate } from "../reduce/statistics.js";
import type { ChunkSolver, Cotangents, EncodedChunk, RunStatus } from "../solve/chunk-solver.js";
import { checkFinite, createSolver, firstSlots, fittingPaths, growSlots, solveFrom, told } from "../solve/simulate.js";
import { deviceSpikes } from "../spikes/device-spikes.js";
import { type HeldChunk, Looked } from "./order.js";

/** Room beyond what a first solve needed. */
const margin = 1.25;

/** They say on the GPU whether solves came out, and take the mean over the paths there. */
interface UnreadKernels {
  readonly verdict: KernelOf<typeof verdict>;
  readonly mean: KernelOf<typeof meanGradient>;
}

async function unreadKernels(gpu: Gpu): Promise<UnreadKernels> {
  const [verdictKernel, mean] = await Promise.all([gpu.kernel(verdict), gpu.kernel(meanGradient)]);
  return { verdict: verdictKernel, mean };
}

export class GradientPass {
  /** Spikes that the record of a path has room for. */
  readonly slots = { value: 1 };
  /** Entries of tape that a path has room for in a window (networks), where no status says what it takes. */
  tape = 0;
  /** Whether gradients have a horizon term. */
  horizon = false;
  /** Bytes per path of the cotangents of states. */
  private states = 0;
  private kernels: UnreadKernels | undefined;

  private constructor(
    readonly gpu: Gpu,
    readonly solver: ChunkSolver,
    readonly views: readonly View[],
    readonly made: Loss | undefined,
    /** What takes the loss, where it is taken on the GPU. */
    readonly loss: GpuLoss | undefined,
    /** The value's row and those of the gradient. */
    readonly sums: RowSums,
  ) {}

  /**
   * @param views the parameters to differentiate by.
   * @param made the loss; where not given, cotangents are the caller's.
   * @param unread whether it is encoded without reading back how its solves came out.
   */
  static async create(
    gpu: Gpu,
    plan: SolvePlan,
    views: readonly View[],
    made: Loss | undefined,
    unread = false,
  ): Promise<GradientPass> {
    const kernels = unread ? await unreadKernels(gpu) : undefined;
    const horizon = made?.horizon && views.length > 0 ? await import("../loss/horizon.js") : undefined;
    const pending = horizon?.horizonOf(plan, segmentsOf(views)).events ?? [];
    const solver = await createSolver(gpu, plan, views, pending);
    const [, loss, sums] = await allOrNone([
      solver,
      (async () => made?.gpu?.(gpu, plan, solver.recordWords))(),
      RowSums.create(gpu, plan, 1 + solver.gradientRows),
    ]);
    const pass = new GradientPass(gpu, solver, views, made, loss, sums);
    pass.horizon = pending.length > 0;
    pass.states = made?.states ? 4 * observedEntries(plan.observed) : 0;
    pass.slots.value = firstSlots(plan, solver);
    pass.kernels = kernels;
    return pass;
  }

  /** Whether the loss says at no cost what each path adds to the value. */
  get givesPathValues(): boolean {
    return (this.loss?.pathValues ?? "free") === "free";
  }

  /** Paths of a chunk that fit with so many slots, solver and loss together. */
  fitting(slots: number, bytes?: number): number {
    const { largest, all } = this.loss?.bytesPerPath(slots) ?? { largest: 0, all: 0 };
    const horizon = this.horizon ? 4 * this.solver.shape.neurons : 0;
    return fittingPaths(this.gpu, this.solver, slots, bytes, all + horizon + this.states, Math.max(largest, horizon));
  }

  /**
   * The same, where a loss that compares paths with each other needs all of the plan's in one chunk.
   * @throws SaltationError `invalid-input` where those do not fit.
   */
  lossPaths(plan: SolvePlan, slots: number, bytes?: number): number {
    if (this.loss && !this.loss.whole) return this.fitting(slots, bytes);
    // One chunk as large as buffers allow; what it takes in all is then the caller's choice of paths.
    const fitting = this.fitting(slots, Number.POSITIVE_INFINITY);
    if (fitting < plan.paths) {
      fail(
        "paths",
        `loss "${this.made?.kind}" compares all paths with each other, and no more than ${fitting} of ${plan.paths} ` +
          "fit the buffers of this adapter; take fewer",
      );
    }
    return fitting;
  }

  /** Lets the loss look at solved paths, which are given back where that fails. */
  look<C extends HeldChunk>(batch: Batch, plan: SolvePlan, solved: C): Looked<C> {
    try {
      return new Looked(solved, this.loss?.encodeChunk(batch, deviceSpikes(plan, solved, this.solver.recordWords)));
    } catch (error) {
      solved.dispose();
      throw error;
    }
  }

  /**
   * Encodes the loss's cotangents of a chunk.
   * @param spikes takes those by spike times.
   * @param rows where given, row 0 takes what each path adds to the value; both were cleared.
   */
  encodeCotangents(
    batch: Batch,
    plan: SolvePlan,
    { solved, kept }: Looked,
    spikes: Storage,
    rows: Storage | undefined,
  ): Cotangents {
    const trains = deviceSpikes(plan, solved, this.solver.recordWords);
    const horizon = this.horizon ? this.horizonBuffer(batch, solved) : undefined;
    if (horizon) batch.clear(horizon);
    const states = this.made?.states ? this.statesBuffer(batch, plan, solved) : undefined;
    if (states) batch.clear(states);
    this.loss!.encodeCotangents(batch, trains, kept, { times: spikes, rows, horizon, states });
    return { spikes, horizon, states };
  }

  /** Takes the cotangents of states that the plan observes. */
  statesBuffer(batch: Batch, { observed }: SolvePlan, { paths }: Chunk): Storage {
    return batch.temporary("cotangents of states", 4 * observedEntries(observed) * paths);
  }

  /** Takes what one more spike of each neuron at t1 would add to the loss. */
  horizonBuffer(batch: Batch, { paths }: Chunk): Storage {
    return batch.temporary("what a spike at t1 adds", 4 * this.solver.shape.neurons * paths);
  }

  /**
   * Backward recursion of a chunk: adds its gradients to `rows` [1 + entries][paths], and those to the sums.
   * @param status of the forward solve where it is known, in place of `tape`.
   */
  encodeBackward(batch: Batch, solved: EncodedChunk, cotangents: Cotangents, rows: Storage, status?: RunStatus): void {
    if (this.views.length > 0)
      this.solver.encodeBackward(batch.stage("backward"), solved, cotangents, rows, this.tape, status);
    this.sums.add(batch.stage("reduce"), solved, rows);
  }

  /**
   * @param taken the value, where there was a loss to take it.
   * @param blocks what the sums held.
   * @param pathValues whether row 0 was given what each path adds to the value.
   * @throws SaltationError `not-finite`.
   */
  result(
    plan: SolvePlan,
    taken: { readonly value: number; readonly means?: readonly Estimate[] } | undefined,
    blocks: ArrayBuffer,
    saturated: number,
    pathValues: boolean,
  ): Evaluated {
    const rows = this.sums.estimates(blocks);
    if (!pathValues) rows[0] = { mean: Number.NaN, standardError: Number.NaN };
    checkEstimates(plan, taken?.value ?? 0, rows);
    const { value, means = [] } = taken ?? { value: Number.NaN };
    // Without a loss, cotangents are those of the mean of what each path gives.
    const pathwise = !taken || (this.made?.pathwise ?? false);
    const full = plan.stopsByLoss ? 0 : saturated;
    const result = assembleResult(value, this.views, rows, means, full, pathwise);
    return { ...result, warnings: told(this.solver.warnings) };
  }

  /** Bytes at the beginning of the sums that hold the value's. */
  get valueBytes(): number {
    return 8 * this.sums.allBlocks;
  }

  /**
   * The same of the value alone, where the gradient stays on the device and `encodeMean` has looked whether it is finite.
   * @param blocks what the sums held of the value.
   * @throws SaltationError `not-finite`.
   */
  valued(
    plan: SolvePlan,
    { value, means = [] }: { readonly value: number; readonly means?: readonly Estimate[] },
    blocks: ArrayBuffer,
    saturated: number,
  ): Valued {
    checkEstimates(plan, value, []);
    const standardError = this.givesPathValues ? this.sums.estimates(blocks, 1)[0]!.standardError : Number.NaN;
    const saturatedPaths = plan.stopsByLoss ? 0 : saturated;
    return { value, standardError, means, saturatedPaths, warnings: told(this.solver.warnings) };
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
    const { largestRecord, largestTape } = solved.status;
    // Of spikes alone there are no more than maxSpikes.
    if (plan.maxSpikes === 0 || solved.events) slots.value = Math.ceil(margin * largestRecord) + 2;
    this.tape = Math.max(this.tape, Math.ceil(margin * largestTape));
  }

  encodeForward(batch: Batch, chunk: Chunk): EncodedChunk {
    return this.solver.encodeForward(batch, chunk, this.slots.value);
  }

  /** Sets bits of `halted` (`haltBits`) where a solve did not come out. */
  encodeVerdict(batch: Batch, encoded: EncodedChunk, halted: Storage): void {
    const { tape, kernels } = this;
    batch.dispatch(kernels!.verdict, { uniform: { tape }, status: encoded.statusWords, halted, groups: 1 });
  }

  /** Writes the mean over all paths, f32 [entries]; sets a bit of `halted` where it is not finite. */
  encodeMean(batch: Batch, gradient: Storage, halted: Storage): void {
    const { samples, allBlocks, blocks } = this.sums;
    const entries = this.solver.gradientRows;
    const uniform = { entries, samples, allBlocks };
    batch.dispatch(this.kernels!.mean, { uniform, blocks, gradient, halted, threads: entries });
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

  dispose(): void {
    this.loss?.dispose();
    this.sums.dispose();
    this.solver.dispose();
  }
}
