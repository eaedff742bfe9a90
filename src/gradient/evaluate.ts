/** Value and gradient of a loss on the GPU: forward, loss, backward recursion, reduction over paths. */
import { fail } from "../checks.js";
import { SaltationError } from "../errors.js";
import type { Gpu } from "../gpu/index.js";
import type { ChunkSolver, SolvedChunk } from "../solve/chunk-solver.js";
import type { Chunk } from "../solve/chunks.js";
import type { View } from "../solve/layout.js";
import type { SolvePlan } from "../solve/plan.js";
import { createSolver, fillTable, firstSlots, planChunks, solveChunk } from "../solve/simulate.js";
import { emptyTable } from "../solve/trains.js";
import {
  type DeviceTrains,
  type Evaluator,
  type EvaluatorOptions,
  type GpuLoss,
  type Kept,
  type Loss,
  type Train,
  trainsOf,
} from "../train/loss.js";
import { assembleResult, type ValueAndGradient } from "./result.js";
import { RowSums } from "./row-sums.js";
import type { Estimate } from "./statistics.js";

/** Solved paths of a chunk, with what the loss keeps of them. */
interface LookedAt {
  readonly solved: SolvedChunk;
  readonly kept: Kept;
}

/** A loss taken on the host: its value, and the tables of the only chunk. */
interface HostLoss {
  readonly value: number;
  readonly means: readonly Estimate[];
  readonly cotangents: Float32Array;
  readonly pathValues: Float32Array;
}

const nothing: Kept = { dispose: () => {} };

function release({ solved, kept }: LookedAt): void {
  solved.dispose();
  kept.dispose();
}

/** Chunks of a plan's paths; a loss that compares paths with each other needs them all in one. */
export function lossChunks(
  gpu: Gpu,
  plan: SolvePlan,
  solver: ChunkSolver,
  slots: number,
  loss: Loss,
  own: GpuLoss | undefined,
  bytes?: number,
): Chunk[] {
  if (own && !own.whole) {
    const { largest, all } = own.bytesPerPath(slots);
    return planChunks(gpu, plan, solver, slots, bytes, all, largest);
  }
  // One chunk as large as buffers allow; what it takes in all is then the caller's choice of paths.
  const { largest, all } = own?.bytesPerPath(slots) ?? { largest: 0, all: 0 };
  const chunks = planChunks(gpu, plan, solver, slots, Number.POSITIVE_INFINITY, all, largest);
  if (chunks.length > 1) {
    fail(
      "paths",
      `loss "${loss.kind}" compares all paths with each other, and no more than ${chunks[0]!.paths} of ${plan.paths} ` +
        "fit the buffers of this adapter; take fewer",
    );
  }
  return chunks;
}

/**
 * Evaluates value and gradient of a loss for plans that differ only in parameter values, current values and seed: what
 * can be prepared once (kernels, layout) is.
 */
export class GradientEvaluator implements Evaluator {
  private constructor(
    private readonly gpu: Gpu,
    private readonly loss: Loss,
    private readonly views: readonly View[],
    private readonly solver: ChunkSolver,
    private readonly gpuLoss: GpuLoss | undefined,
    private readonly rowSums: RowSums,
    private readonly slots: { value: number },
  ) {}

  static async create(gpu: Gpu, plan: SolvePlan, loss: Loss, views: readonly View[]): Promise<GradientEvaluator> {
    if (!loss.gpu && !loss.evaluate) fail("loss", `"${loss.kind}" has neither gpu() nor evaluate()`);
    const solver = await createSolver(gpu, plan, views);
    const [own, rowSums] = await Promise.all([
      loss.gpu?.(gpu, plan, solver.recordWords),
      RowSums.create(gpu, plan, 1 + solver.gradientRows),
    ]);
    return new GradientEvaluator(gpu, loss, views, solver, own, rowSums, { value: firstSlots(plan) });
  }

  private trains(plan: SolvePlan, solved: SolvedChunk): DeviceTrains {
    return trainsOf(plan, solved, this.solver.recordWords);
  }

  private async look(plan: SolvePlan, chunk: Chunk): Promise<LookedAt> {
    const solved = await solveChunk(this.gpu, plan, this.solver, chunk, this.slots);
    if (!this.gpuLoss) return { solved, kept: nothing };
    const batch = this.gpu.batch("loss");
    const kept = this.gpuLoss.encodeChunk(batch, this.trains(plan, solved));
    batch.submit();
    return { solved, kept };
  }

  /** Reads the trains of the only chunk back and takes the loss on the host. */
  private async onHost(plan: SolvePlan, { solved }: LookedAt): Promise<HostLoss> {
    const { gpu, solver } = this;
    const trains = await readTrains(gpu, plan, solved, solver.recordWords);
    const result = await this.loss.evaluate!(trains, plan);
    const cotangents = new Float32Array(solved.slots * plan.paths);
    trains.forEach((train, i) => {
      for (let n = 0; n < train.times.length; n++)
        cotangents[n * plan.paths + i] = plan.paths * result.cotangents[i]![n]!;
    });
    const pathValues = Float32Array.from({ length: plan.paths }, (_, i) => result.pathValues?.[i] ?? Number.NaN);
    return { value: result.value, means: result.means ?? [], cotangents, pathValues };
  }

  /**
   * Value and gradient of the loss, with Monte Carlo standard errors.
   * @param plan like the one the evaluator was made for, but for parameter and current values and the seed.
   * @throws SaltationError `not-finite` where a result is not a finite number.
   */
  async evaluate(plan: SolvePlan, options: EvaluatorOptions = {}): Promise<ValueAndGradient> {
    const { gpu, solver, gpuLoss, rowSums } = this;
    solver.update(plan);
    let pending: LookedAt | undefined;
    let saturated = 0;
    try {
      // The loss needs all paths before any can go backward. One chunk waits for them on the GPU; of several, only the
      // last does, and the others are solved again (a forward solve is a quarter of the work).
      const chunks = lossChunks(gpu, plan, solver, this.slots.value, this.loss, gpuLoss, options.chunkBytes);
      if (gpuLoss?.encodeBegin) {
        const batch = gpu.batch("loss");
        gpuLoss.encodeBegin(batch, plan);
        batch.submit();
      }
      for (const [c, chunk] of chunks.entries()) {
        const looked = await this.look(plan, chunk);
        saturated += looked.solved.status.saturated;
        if (c === chunks.length - 1) pending = looked;
        else release(looked);
      }
      const host = gpuLoss ? undefined : await this.onHost(plan, pending!);
      let report: Promise<ArrayBuffer> | undefined;
      if (gpuLoss) {
        const batch = gpu.batch("loss");
        gpuLoss.encodeValue(batch);
        report = batch.read(gpuLoss.report);
        batch.submit();
      }
      let done = 0;
      for (const chunk of [...chunks].reverse()) {
        const looked: LookedAt = pending ?? (await this.look(plan, chunk));
        pending = undefined;
        await this.backward(plan, chunk, looked, host, options);
        done += chunk.paths;
        options.progress?.(done);
      }
      const rows = rowSums.estimates(await gpu.read(rowSums.blocks));
      const { value, means } = host ?? gpuLoss!.read(await report!, plan);
      if (gpuLoss?.pathValues === "none") rows[0] = { mean: Number.NaN, standardError: Number.NaN };
      if (![value, ...rows.slice(1).map((e) => e.mean)].every(Number.isFinite)) throw notFinite(plan);
      return assembleResult(value, this.views, rows, means ?? [], plan.stopsByLoss ? 0 : saturated);
    } finally {
      if (pending) release(pending);
    }
  }

  private async backward(
    plan: SolvePlan,
    chunk: Chunk,
    looked: LookedAt,
    host: HostLoss | undefined,
    options: EvaluatorOptions,
  ): Promise<void> {
    const { gpu, solver, gpuLoss, rowSums } = this;
    const { solved, kept } = looked;
    const cotangents = gpu.buffer("cotangents", 4 * solved.slots * chunk.paths);
    const rows = gpu.buffer("path rows", 4 * rowSums.rows * chunk.paths);
    try {
      const loss = gpu.batch("loss").clear(cotangents).clear(rows);
      gpuLoss?.encodeCotangents(loss, this.trains(plan, solved), kept, cotangents, rows);
      loss.submit();
      if (host) {
        gpu.write(cotangents, host.cotangents);
        gpu.write(rows, host.pathValues);
      }
      const backward = gpu.batch("backward");
      solver.encodeBackward(backward, solved, cotangents, rows, 0, solved.status);
      backward.submit();
      const sums = gpu.batch("reduce");
      rowSums.add(sums, chunk, rows);
      const table = options.perPath ? sums.read(rows) : undefined;
      sums.submit();
      if (table) options.perPath!(chunk.firstPath, chunk.paths, new Float32Array(await table));
    } finally {
      release(looked);
      cotangents.dispose();
      rows.dispose();
    }
  }

  dispose(): void {
    this.gpuLoss?.dispose();
    this.rowSums.dispose();
    this.solver.dispose();
  }
}

/** Reads the trains of a chunk back. */
async function readTrains(gpu: Gpu, plan: SolvePlan, solved: SolvedChunk, words: number): Promise<Train[]> {
  const { paths } = solved;
  const used = Math.max(1, solved.status.largestCount);
  const batch = gpu.batch("read trains");
  const record = batch.read(solved.record, 0, 4 * words * used * paths);
  const counts = batch.read(solved.counts.storage, solved.counts.byteOffset, 4 * paths);
  batch.submit();
  const table = emptyTable(paths, used, plan.t1);
  fillTable(table, plan, { firstPath: 0, paths }, words, new Uint32Array(await record), new Uint32Array(await counts));
  return Array.from({ length: paths }, (_, i) => {
    const [from, to] = [i * used, i * used + table.counts[i]!];
    return { times: table.times.slice(from, to), neurons: table.neurons.slice(from, to) };
  });
}

export function notFinite(plan: SolvePlan): SaltationError {
  return new SaltationError(
    "not-finite",
    "the value or its gradient is infinite or NaN: the event function's rate ∇E·f came close to 0 at a spike, or " +
      `the parameters are too large for dt = ${plan.dt}; take a smaller dt or check their values`,
  );
}
