/**
 * Value and gradient of a loss on the GPU, said once: chunks of paths are solved and looked at by the loss; when it has
 * seen all of them there are cotangents, which the backward recursion takes to rows per path, and these are summed.
 * Who waits for what, and what is read back, is the caller's matter.
 */
import { fail } from "../checks.js";
import { allOrNone } from "../gpu/all-or-none.js";
import type { Batch, Gpu, Storage } from "../gpu/index.js";
import { type GpuLoss, type Kept, type Loss, trainsOf } from "../loss/loss.js";
import { assembleResult, checkEstimates, type ValueAndGradient } from "../loss/result.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { RowSums } from "../reduce/row-sums.js";
import type { Estimate } from "../reduce/statistics.js";
import type { ChunkSolver, EncodedChunk, RunStatus } from "../solve/chunk-solver.js";
import { createSolver, firstSlots, fittingPaths, told } from "../solve/simulate.js";

const nothing: Kept = { dispose: () => {} };

/** Solved paths of a chunk, with what the loss keeps of them. */
export class Looked<C extends EncodedChunk = EncodedChunk> {
  constructor(
    readonly solved: C,
    readonly kept: Kept = nothing,
  ) {}

  dispose(): void {
    this.solved.dispose();
    this.kept.dispose();
  }
}

/** What an evaluation does chunk by chunk. */
export interface Course<C extends EncodedChunk> {
  /** Solves paths from this one on, and lets the loss look at them. */
  forward(firstPath: number): Looked<C> | Promise<Looked<C>>;
  /** Does that once more for a chunk. */
  again(chunk: Pick<C, "firstPath" | "paths" | "slots">): Looked<C> | Promise<Looked<C>>;
  /** Takes the value, now that all paths have been looked at. */
  value(last: Looked<C>): void | Promise<void>;
  backward(looked: Looked<C>): void | Promise<void>;
}

/**
 * The order of an evaluation. The loss needs all paths before any can go backward: one chunk waits for them on the GPU; of
 * several, only the last does, and the others are solved again (a forward solve is a quarter of the work).
 */
export async function inOrder<C extends EncodedChunk>(allPaths: number, course: Course<C>): Promise<void> {
  const chunks: Pick<C, "firstPath" | "paths" | "slots">[] = [];
  let pending: Looked<C> | undefined;
  try {
    for (let done = 0; done < allPaths; ) {
      pending?.dispose();
      pending = undefined;
      pending = await course.forward(done);
      const { firstPath, paths, slots } = pending.solved;
      chunks.push({ firstPath, paths, slots });
      done += paths;
    }
    await course.value(pending!);
    for (const chunk of chunks.reverse()) {
      pending ??= await course.again(chunk);
      await course.backward(pending);
      pending.dispose();
      pending = undefined;
    }
  } finally {
    pending?.dispose();
  }
}

/** What an evaluation is made of. */
export interface EvaluationParts {
  readonly gpu: Gpu;
  readonly solver: ChunkSolver;
  /** The parameters to differentiate by. */
  readonly views: readonly View[];
  /** The loss, where there is one, and what takes it on the GPU, where it is taken there. */
  readonly made: Loss | undefined;
  readonly loss: GpuLoss | undefined;
  /** Over the value's row and those of the gradient. */
  readonly sums: RowSums;
  /** First guess of the spikes that the record of a path has room for. */
  readonly slots: number;
}

export async function evaluationParts(
  gpu: Gpu,
  plan: SolvePlan,
  views: readonly View[],
  made: Loss | undefined,
): Promise<EvaluationParts> {
  const solver = await createSolver(gpu, plan, views);
  const [, loss, sums] = await allOrNone([
    solver,
    (async () => made?.gpu?.(gpu, plan, solver.recordWords))(),
    RowSums.create(gpu, plan, 1 + solver.gradientRows),
  ]);
  return { gpu, solver, views, made, loss, sums, slots: firstSlots(plan) };
}

export class Evaluation {
  readonly gpu: Gpu;
  readonly solver: ChunkSolver;
  readonly made: Loss | undefined;
  readonly loss: GpuLoss | undefined;
  readonly sums: RowSums;
  /** Spikes that the record of a path has room for. */
  readonly slots: { value: number };
  /** Entries of tape that a path has room for in a window (networks), where no status says what it takes. */
  tape = 0;
  private readonly views: readonly View[];

  constructor({ gpu, solver, views, made, loss, sums, slots }: EvaluationParts) {
    this.gpu = gpu;
    this.solver = solver;
    this.views = views;
    this.made = made;
    this.loss = loss;
    this.sums = sums;
    this.slots = { value: slots };
  }

  /** Whether the loss says at no cost what each path adds to the value. */
  get givesPathValues(): boolean {
    return (this.loss?.pathValues ?? "free") === "free";
  }

  /** Paths of a chunk that fit with so many slots, solver and loss together. */
  fitting(slots: number, bytes?: number): number {
    const { largest, all } = this.loss?.bytesPerPath(slots) ?? { largest: 0, all: 0 };
    return fittingPaths(this.gpu, this.solver, slots, bytes, all, largest);
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
  look<C extends EncodedChunk>(batch: Batch, plan: SolvePlan, solved: C): Looked<C> {
    try {
      return new Looked(solved, this.loss?.encodeChunk(batch, trainsOf(plan, solved, this.solver.recordWords)));
    } catch (error) {
      solved.dispose();
      throw error;
    }
  }

  /**
   * Encodes the loss's cotangents of a chunk.
   * @param rows where given, row 0 takes what each path adds to the value; cleared before.
   */
  encodeCotangents(batch: Batch, plan: SolvePlan, { solved, kept }: Looked, rows: Storage | undefined): Storage {
    const cotangents = batch.temporary("cotangents", 4 * solved.slots * solved.paths);
    const trains = trainsOf(plan, solved, this.solver.recordWords);
    this.loss!.encodeCotangents(batch.clear(cotangents), trains, kept, cotangents, rows);
    return cotangents;
  }

  /**
   * Backward recursion of a chunk: adds its gradients to `rows` [1 + entries][paths], and those to the sums.
   * @param status of the forward solve where it is known, in place of `tape`.
   */
  encodeBackward(
    batch: Batch,
    solved: EncodedChunk,
    cotangents: Storage | GPUBuffer,
    rows: Storage,
    status?: RunStatus,
  ): void {
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
  ): ValueAndGradient {
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

  dispose(): void {
    this.loss?.dispose();
    this.sums.dispose();
    this.solver.dispose();
  }
}
