/** Value and gradient of a loss on the GPU: forward, loss, backward recursion, reduction over paths. */
import { fail } from "../checks.js";
import { allOrNone } from "../gpu/all-or-none.js";
import type { Gpu } from "../gpu/index.js";
import { evaluateOnHost } from "../loss/host-loss.js";
import {
  type DeviceTrains,
  type Evaluator,
  type EvaluatorOptions,
  type GpuLoss,
  type Kept,
  type Loss,
  type Train,
  trainsOf,
} from "../loss/loss.js";
import { assembleResult, checkEstimates, type ValueAndGradient } from "../loss/result.js";
import type { Chunk } from "../plan/chunks.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { RowSums } from "../reduce/row-sums.js";
import type { Estimate } from "../reduce/statistics.js";
import { type ChunkSolver, forwardChunk, type SolvedChunk } from "../solve/chunk-solver.js";
import { createSolver, fillTable, firstSlots, fittingPaths, solveFrom, told } from "../solve/simulate.js";
import { emptyTable } from "../spikes/trains.js";

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

/**
 * Paths of a chunk; a loss that compares paths with each other needs all of the plan's in one.
 * @throws SaltationError `invalid-input` where those do not fit.
 */
export function lossPaths(
  gpu: Gpu,
  plan: SolvePlan,
  solver: ChunkSolver,
  slots: number,
  loss: Loss,
  own: GpuLoss | undefined,
  bytes?: number,
): number {
  if (own && !own.whole) {
    const { largest, all } = own.bytesPerPath(slots);
    return fittingPaths(gpu, solver, slots, bytes, all, largest);
  }
  // One chunk as large as buffers allow; what it takes in all is then the caller's choice of paths.
  const { largest, all } = own?.bytesPerPath(slots) ?? { largest: 0, all: 0 };
  const fitting = fittingPaths(gpu, solver, slots, Number.POSITIVE_INFINITY, all, largest);
  if (fitting < plan.paths) {
    fail(
      "paths",
      `loss "${loss.kind}" compares all paths with each other, and no more than ${fitting} of ${plan.paths} ` +
        "fit the buffers of this adapter; take fewer",
    );
  }
  return fitting;
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
    const [, own, rowSums] = await allOrNone([
      solver,
      (async () => loss.gpu?.(gpu, plan, solver.recordWords))(),
      RowSums.create(gpu, plan, 1 + solver.gradientRows),
    ]);
    return new GradientEvaluator(gpu, loss, views, solver, own, rowSums, { value: firstSlots(plan) });
  }

  private trains(plan: SolvePlan, solved: SolvedChunk): DeviceTrains {
    return trainsOf(plan, solved, this.solver.recordWords);
  }

  private look(plan: SolvePlan, solved: SolvedChunk): LookedAt {
    if (!this.gpuLoss) return { solved, kept: nothing };
    try {
      const batch = this.gpu.batch("loss");
      const kept = this.gpuLoss.encodeChunk(batch, this.trains(plan, solved));
      batch.submit();
      return { solved, kept };
    } catch (error) {
      solved.dispose();
      throw error;
    }
  }

  /** Reads the trains of the only chunk back and takes the loss on the host. */
  private async onHost(plan: SolvePlan, { solved }: LookedAt): Promise<HostLoss> {
    const { gpu, solver } = this;
    const trains = await readTrains(gpu, plan, solved, solver.recordWords);
    const result = await evaluateOnHost(this.loss, trains, plan);
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
      const chunks: (Chunk & { slots: number })[] = [];
      const fitting = (slots: number): number =>
        lossPaths(gpu, plan, solver, slots, this.loss, gpuLoss, options.chunkBytes);
      if (gpuLoss?.encodeBegin) {
        const batch = gpu.batch("loss");
        gpuLoss.encodeBegin(batch, plan);
        batch.submit();
      }
      for (let solved = 0; solved < plan.paths; ) {
        if (pending) release(pending);
        pending = undefined;
        const chunk = await solveFrom(gpu, plan, solver, solved, this.slots, fitting);
        pending = this.look(plan, chunk);
        const { firstPath, paths, slots, status } = chunk;
        chunks.push({ firstPath, paths, slots });
        saturated += status.saturated;
        solved += paths;
      }
      const host = gpuLoss ? undefined : await this.onHost(plan, pending!);
      let report: Promise<ArrayBuffer> | undefined;
      if (gpuLoss) {
        const batch = gpu.batch("loss");
        gpuLoss.encodeValue(batch);
        report = batch.read(gpuLoss.report);
        batch.submit();
      }
      const offset = options.perPath && report ? (gpuLoss!.read(await report, plan).pathOffset ?? 0) : 0;
      let done = 0;
      for (const chunk of [...chunks].reverse()) {
        const looked = pending ?? this.look(plan, await forwardChunk(gpu, solver, chunk, chunk.slots));
        pending = undefined;
        await this.backward(plan, chunk, looked, host, offset, options);
        done += chunk.paths;
        options.progress?.(done);
      }
      const rows = rowSums.estimates(await gpu.read(rowSums.blocks));
      const { value, means } = host ?? gpuLoss!.read(await report!, plan);
      if (gpuLoss?.pathValues === "none") rows[0] = { mean: Number.NaN, standardError: Number.NaN };
      checkEstimates(plan, value, rows);
      const full = plan.stopsByLoss ? 0 : saturated;
      const result = assembleResult(value, this.views, rows, means ?? [], full, this.loss.pathwise ?? false);
      return { ...result, warnings: told(solver.warnings) };
    } finally {
      if (pending) release(pending);
    }
  }

  private async backward(
    plan: SolvePlan,
    chunk: Chunk,
    looked: LookedAt,
    host: HostLoss | undefined,
    offset: number,
    options: EvaluatorOptions,
  ): Promise<void> {
    const { gpu, solver, gpuLoss, rowSums } = this;
    const { solved, kept } = looked;
    const cotangents = gpu.buffer("cotangents", 4 * solved.slots * chunk.paths);
    const rows = gpu.buffer("path rows", 4 * solver.rowsPerPath * chunk.paths);
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
      const table = options.perPath ? sums.read(rows, 0, 4 * rowSums.rows * chunk.paths) : undefined;
      sums.submit();
      if (table) {
        const values = new Float32Array(await table);
        for (let i = 0; i < chunk.paths; i++) values[i]! += offset;
        options.perPath!(chunk.firstPath, chunk.paths, values);
      }
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
