/** Value and gradient of a spike-time loss on the GPU: forward, loss, backward recursion, reduction over paths. */
import { reduceRows } from "../../shaders/reduce-rows.wgsl.js";
import { selectSpikes } from "../../shaders/select-spikes.wgsl.js";
import { spreadCotangents } from "../../shaders/spread-cotangents.wgsl.js";
import { SaltationError } from "../errors.js";
import type { Batch, Gpu, Kernel, Storage } from "../gpu/index.js";
import type { ChunkSolver, SolvedChunk } from "../solve/chunk-solver.js";
import { blockPaths, type Chunk } from "../solve/chunks.js";
import type { View } from "../solve/layout.js";
import type { SolvePlan } from "../solve/plan.js";
import { createSolver, firstSlots, planChunks, solveChunk } from "../solve/simulate.js";
import { runBytes, runUniform } from "../solve/uniform.js";
import type { SpikeTimeLoss } from "../train/loss.js";
import { assembleResult, type ValueAndGradient } from "./result.js";
import { type Estimate, joinBlocks } from "./statistics.js";

const workgroupSize = 64;

/** Sums rows of per-path numbers over all chunks of a run. */
class RowReducer {
  readonly blocks: Storage;
  private readonly allBlocks: number;

  constructor(
    private readonly gpu: Gpu,
    private readonly kernel: Kernel,
    private readonly plan: SolvePlan,
    private readonly rows: number,
  ) {
    this.allBlocks = Math.ceil(plan.paths / blockPaths);
    this.blocks = gpu.buffer("block sums", 8 * rows * this.allBlocks);
  }

  add(batch: Batch, chunk: Chunk, table: Storage): void {
    const most = this.gpu.device.limits.maxComputeWorkgroupsPerDimension;
    for (let row = 0; row < this.rows; row += most) {
      const count = Math.min(most, this.rows - row);
      // Rows beyond the first `most` read and write at an offset of whole rows.
      const uniform = Uint32Array.of(
        chunk.paths,
        chunk.firstPath / blockPaths + row * this.allBlocks,
        this.allBlocks,
        row,
      );
      batch.dispatch(this.kernel, [table, this.blocks], uniform, [Math.ceil(chunk.paths / blockPaths), count]);
    }
  }

  async read(): Promise<Estimate[]> {
    const data = new Float32Array(await this.gpu.read(this.blocks));
    return Array.from({ length: this.rows }, (_, r) =>
      joinBlocks(data, 2 * r * this.allBlocks, this.plan.paths, blockPaths),
    );
  }
}

export interface EvaluateOptions {
  /** Called with each chunk's per-path rows [1 + gradient entries][paths]: the value row, then the gradient rows. */
  perPath?: (chunk: Chunk, rows: Float32Array) => void;
  progress?: (pathsDone: number) => void;
  /** Bytes on the GPU that a chunk of paths may take; results do not depend on it. */
  chunkBytes?: number;
}

/** Solved paths of a chunk, with the times and slots that the loss selects. */
interface SelectedChunk {
  readonly solved: SolvedChunk;
  readonly times: Storage;
  readonly found: Storage;
}

function release(c: SelectedChunk): void {
  c.solved.dispose();
  c.times.dispose();
  c.found.dispose();
}

/**
 * Evaluates value and gradient of a loss for plans that differ only in parameter values, current values and seed: what
 * can be prepared once (kernels, layout) is.
 */
export class GradientEvaluator {
  private constructor(
    private readonly gpu: Gpu,
    private plan: SolvePlan,
    private readonly loss: SpikeTimeLoss,
    private readonly views: readonly View[],
    private readonly solver: ChunkSolver,
    private readonly kernels: { select: Kernel; spread: Kernel; reduce: Kernel },
    private readonly selection: Storage,
    private readonly slots: { value: number },
  ) {}

  static async create(
    gpu: Gpu,
    plan: SolvePlan,
    loss: SpikeTimeLoss,
    views: readonly View[],
  ): Promise<GradientEvaluator> {
    loss.check(plan.network);
    const selections = loss.selections.length;
    const solver = await createSolver(gpu, plan, views);
    const [select, spread, reduce] = await Promise.all([
      gpu.kernel({
        label: "select spikes",
        code: selectSpikes(solver.recordWords, selections, workgroupSize),
        bindings: ["read", "read", "read", "read_write", "read_write"],
        uniformBytes: runBytes,
      }),
      gpu.kernel({
        label: "spread cotangents",
        code: spreadCotangents(selections, workgroupSize),
        bindings: ["read", "read", "read", "read_write", "read_write"],
        uniformBytes: runBytes,
      }),
      gpu.kernel({ label: "reduce rows", code: reduceRows, bindings: ["read", "read_write"], uniformBytes: 16 }),
    ]);
    const selection = gpu.upload("selections", Uint32Array.from(loss.selections.flatMap((s) => [s.neuron, s.index])));
    const slots = { value: firstSlots(plan) };
    return new GradientEvaluator(gpu, plan, loss, views, solver, { select, spread, reduce }, selection, slots);
  }

  private async solve(chunk: Chunk, sums: RowReducer): Promise<SelectedChunk> {
    const { gpu, plan, solver } = this;
    const selections = this.loss.selections.length;
    const solved = await solveChunk(gpu, plan, solver, chunk, this.slots);
    const times = gpu.buffer("spike times", 4 * selections * chunk.paths);
    const found = gpu.buffer("found slots", 4 * selections * chunk.paths);
    const { storage, byteOffset } = solved.counts;
    const run = runUniform(plan, { ...chunk, fromSlot: byteOffset / 4 });
    const batch = gpu.batch("select");
    batch.dispatch(this.kernels.select, [solved.record, storage, this.selection, times, found], run, [
      Math.ceil(chunk.paths / workgroupSize),
    ]);
    sums.add(batch, chunk, times);
    batch.submit();
    return { solved, times, found };
  }

  /**
   * Value and gradient of a loss, with Monte Carlo standard errors.
   * @param plan like the one the evaluator was made for, but for parameter and current values and the seed.
   * @throws SaltationError `not-finite` where a result is not a finite number.
   */
  async evaluate(plan: SolvePlan, loss: SpikeTimeLoss, options: EvaluateOptions = {}): Promise<ValueAndGradient> {
    this.plan = plan;
    const { gpu, solver } = this;
    solver.update(plan);
    const entries = solver.gradientRows;
    const timeSums = new RowReducer(gpu, this.kernels.reduce, plan, loss.selections.length);
    const rowSums = new RowReducer(gpu, this.kernels.reduce, plan, 1 + entries);
    let coefficient: Storage | undefined;
    let pending: SelectedChunk | undefined;
    try {
      // The loss needs the means of all paths before any path can go backward. One chunk waits for them on the GPU; of
      // several, only the last does, and the others are solved again (a forward solve is a quarter of the work).
      const chunks = planChunks(gpu, plan, solver, this.slots.value, options.chunkBytes);
      let saturated = 0;
      for (const [c, chunk] of chunks.entries()) {
        const selected = await this.solve(chunk, timeSums);
        saturated += selected.solved.status.saturated;
        if (c === chunks.length - 1) pending = selected;
        else release(selected);
      }
      const means = (await timeSums.read()).map((e) => ({ ...e, mean: e.mean + plan.t0 }));
      const { value, coefficients } = loss.evaluate(Float64Array.from(means, (e) => e.mean));
      coefficient = gpu.upload("coefficients", Float32Array.from(coefficients));

      let done = 0;
      for (const chunk of [...chunks].reverse()) {
        const selected: SelectedChunk = pending ?? (await this.solve(chunk, timeSums));
        pending = undefined;
        await this.backward(chunk, selected, coefficient, rowSums, entries, options);
        done += chunk.paths;
        options.progress?.(done);
      }
      const rows = await rowSums.read();
      if (![value, ...rows.map((e) => e.mean)].every(Number.isFinite)) throw notFinite(plan);
      return assembleResult(value, this.views, rows, means, plan.stopsByLoss ? 0 : saturated);
    } finally {
      if (pending) release(pending);
      coefficient?.dispose();
      timeSums.blocks.dispose();
      rowSums.blocks.dispose();
    }
  }

  private async backward(
    chunk: Chunk,
    selected: SelectedChunk,
    coefficient: Storage,
    rowSums: RowReducer,
    entries: number,
    options: EvaluateOptions,
  ): Promise<void> {
    const { gpu, solver, plan } = this;
    const { solved, times, found } = selected;
    const cotangents = gpu.buffer("cotangents", 4 * solved.slots * chunk.paths);
    const rows = gpu.buffer("path rows", 4 * (1 + entries) * chunk.paths);
    try {
      const batch = gpu.batch("cotangents").clear(cotangents).clear(rows);
      batch.dispatch(
        this.kernels.spread,
        [coefficient, times, found, cotangents, rows],
        runUniform(plan, { ...chunk }),
        [Math.ceil(chunk.paths / workgroupSize)],
      );
      batch.submit();
      const backward = gpu.batch("backward");
      solver.encodeBackward(backward, solved, cotangents, rows, 0, solved.status);
      backward.submit();
      const sums = gpu.batch("reduce");
      rowSums.add(sums, chunk, rows);
      const table = options.perPath ? sums.read(rows) : undefined;
      sums.submit();
      if (table) options.perPath!(chunk, new Float32Array(await table));
    } finally {
      release(selected);
      cotangents.dispose();
      rows.dispose();
    }
  }

  dispose(): void {
    this.selection.dispose();
    this.solver.dispose();
  }
}

function notFinite(plan: SolvePlan): SaltationError {
  return new SaltationError(
    "not-finite",
    "the value or its gradient is infinite or NaN: the event function's rate ∇E·f came close to 0 at a spike, or " +
      `the parameters are too large for dt = ${plan.dt}; take a smaller dt or check their values`,
  );
}
