/** Value and gradient of a loss on the GPU, awaited chunk by chunk, and with losses that are taken on the host. */
import { fail } from "../checks.js";
import type { Gpu } from "../gpu/index.js";
import { evaluateOnHost } from "../loss/host-loss.js";
import type { Evaluator, EvaluatorOptions, Loss, RangeEvaluator, RangeSums } from "../loss/loss.js";
import type { Evaluated } from "../loss/result.js";
import type { PathRange } from "../plan/chunks.js";
import type { View } from "../plan/layout.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import type { BlockSums, Estimate } from "../reduce/statistics.js";
import { type Cotangents, forwardChunk, type SolvedChunk } from "../solve/chunk-solver.js";
import { fillStates, fillTable, solveFrom } from "../solve/simulate.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { emptyTable, pathsOf } from "../spikes/table.js";
import { inOrder, Looked } from "./order.js";
import { GradientPass } from "./pass.js";

/** A loss taken on the host: its value, and the tables of the only chunk. */
interface HostLoss {
  readonly value: number;
  readonly means: readonly Estimate[];
  readonly cotangents: Float32Array;
  /** [neurons][paths], where gradients have a horizon term. */
  readonly horizon: Float32Array | undefined;
  /** [entries][paths], of a loss of states. */
  readonly states: Float32Array | undefined;
  readonly pathValues: Float32Array;
}

/**
 * Evaluates value and gradient of a loss for plans that differ only in parameter values, current values and seed: what
 * can be prepared once (kernels, layout) is.
 */
export class GradientEvaluator implements Evaluator {
  /** A range that the loss has looked at and that lies in one chunk, until the means over all paths are known. */
  private kept: { readonly of: SolvePlan; readonly looked: Looked<SolvedChunk> } | undefined;

  private constructor(
    private readonly gpu: Gpu,
    private readonly loss: Loss,
    private readonly pass: GradientPass,
  ) {}

  static async create(gpu: Gpu, plan: SolvePlan, loss: Loss, views: readonly View[]): Promise<GradientEvaluator> {
    if (!loss.gpu && !loss.evaluate) fail("loss", `"${loss.kind}" has neither gpu() nor evaluate()`);
    return new GradientEvaluator(gpu, loss, await GradientPass.create(gpu, plan, views, loss));
  }

  private look(plan: SolvePlan, solved: SolvedChunk): Looked<SolvedChunk> {
    const { gpu, pass } = this;
    if (!pass.loss) return new Looked(solved);
    const batch = gpu.batch("loss");
    const looked = pass.look(batch, plan, solved);
    try {
      batch.submit();
      return looked;
    } catch (error) {
      looked.dispose();
      throw error;
    }
  }

  /** Reads the spikes of the only chunk back and takes the loss on the host. */
  private async onHost(plan: SolvePlan, solved: SolvedChunk): Promise<HostLoss> {
    const spikes = await readSpikes(this.gpu, plan, solved, this.pass.solver.recordWords);
    const entries = this.loss.states ? observedEntries(plan.observed) : 0;
    const observed = entries > 0 ? await readStates(this.gpu, solved, entries) : undefined;
    const result = await evaluateOnHost(this.loss, spikes, plan, observed);
    const cotangents = new Float32Array(solved.slots * plan.paths);
    spikes.forEach((one, i) => {
      for (let n = 0; n < one.times.length; n++)
        cotangents[n * plan.paths + i] = plan.paths * result.cotangents[i]![n]!;
    });
    const { neurons } = plan.network;
    const horizon = this.pass.horizon && result.horizon ? new Float32Array(neurons * plan.paths) : undefined;
    if (horizon) {
      result.horizon!.forEach((row, i) => {
        for (let k = 0; k < neurons; k++) horizon[k * plan.paths + i] = plan.paths * row[k]!;
      });
    }
    const pathValues = Float32Array.from({ length: plan.paths }, (_, i) => result.pathValues?.[i] ?? Number.NaN);
    const bars = result.stateCotangents;
    const states = bars && new Float32Array(entries * plan.paths);
    for (let e = 0; states && e < entries; e++) {
      for (let i = 0; i < plan.paths; i++) states[e * plan.paths + i] = plan.paths * bars[i * entries + e]!;
    }
    return { value: result.value, means: result.means ?? [], cotangents, horizon, states, pathValues };
  }

  /**
   * Value and gradient of the loss, with Monte Carlo standard errors.
   * @param plan like the one the evaluator was made for, but for parameter and current values and the seed.
   * @throws SaltationError `not-finite` where a result is not a finite number.
   */
  async evaluate(plan: SolvePlan, options: EvaluatorOptions = {}): Promise<Evaluated> {
    const { pass } = this;
    const { loss } = pass;
    const { host, report, saturated } = await this.solved(plan, { first: 0, end: plan.paths }, options);
    const blocks = await this.gpu.read(pass.sums.blocks);
    const taken = host ?? loss!.read(report!, plan);
    return pass.result(plan, taken, blocks, saturated, loss?.pathValues !== "none");
  }

  /** Evaluates ranges of paths in its place, and gives back what it holds. */
  ofRanges(): RangeEvaluator {
    return {
      evaluate: (plan, range, means, options) => this.range(plan, range, means, options),
      dispose: () => this.dispose(),
    };
  }

  private async range(
    plan: SolvePlan,
    range: PathRange,
    means: BlockSums | undefined,
    options: EvaluatorOptions = {},
  ): Promise<RangeSums> {
    const { gpu, pass } = this;
    const { means: ofMeans } = pass.loss!;
    if (!ofMeans) fail("loss", `"${this.loss.kind}" compares all paths with each other, and takes them together`);
    const offset = this.loss.ofMeans?.times ? plan.t0 : 0;
    if (!means && !this.loss.pathwise) {
      const saturated = await this.lookedAt(plan, range);
      const looked = ofMeans.ofRange(await gpu.read(ofMeans.blocks), range);
      return { looked, offset, saturated, warnings: pass.solver.warnings };
    }
    if (means) gpu.write(ofMeans.blocks, means.data);
    const { report, saturated } = await this.solved(plan, range, options);
    const looked = ofMeans.ofRange(report!, range);
    const gradient = pass.sums.ofRange(await gpu.read(pass.sums.blocks), range);
    return { looked, gradient, offset, saturated, warnings: pass.solver.warnings };
  }

  /** Goes over to the values of a plan. */
  private begin(plan: SolvePlan): void {
    const { solver, loss } = this.pass;
    solver.update(plan);
    if (!loss?.encodeBegin) return;
    const batch = this.gpu.batch("loss");
    loss.encodeBegin(batch, plan);
    batch.submit();
  }

  /** Solves a range of paths and lets the loss look at them; nothing goes backward. @returns paths stopped at maxSpikes. */
  private async lookedAt(plan: SolvePlan, { first, end }: PathRange): Promise<number> {
    const { gpu } = this;
    this.release();
    this.begin(plan);
    let saturated = 0;
    for (let done = first; done < end; ) {
      const solved = await this.solveFrom(plan, done, end);
      saturated += solved.status.saturated;
      done += solved.paths;
      const looked = this.look(plan, solved);
      if (solved.paths === end - first) this.kept = { of: plan, looked };
      else looked.dispose();
    }
    gpu.check();
    return saturated;
  }

  /** What is kept of a first round, if it is this. */
  private again(plan: SolvePlan, first: number, end: number): Looked<SolvedChunk> | undefined {
    const { kept } = this;
    const { firstPath, paths } = kept?.looked.solved ?? { firstPath: 0, paths: 0 };
    if (kept?.of !== plan || firstPath !== first || firstPath + paths !== end) return undefined;
    this.kept = undefined;
    return kept.looked;
  }

  private release(): void {
    this.kept?.looked.dispose();
    this.kept = undefined;
  }

  private solveFrom(plan: SolvePlan, from: number, end: number, bytes?: number): Promise<SolvedChunk> {
    const { gpu, pass } = this;
    const fitting = (slots: number): number => pass.lossPaths(plan, slots, bytes);
    return solveFrom(gpu, { ...plan, paths: end }, pass.solver, from, pass.slots, fitting);
  }

  private async solved(
    plan: SolvePlan,
    range: PathRange,
    options: EvaluatorOptions,
  ): Promise<{ host: HostLoss | undefined; report: ArrayBuffer | undefined; saturated: number }> {
    const { gpu, pass } = this;
    const { loss, solver } = pass;
    this.begin(plan);
    let host: HostLoss | undefined;
    let report: Promise<ArrayBuffer> | undefined;
    let [saturated, done, offset] = [0, 0, 0];
    await inOrder<SolvedChunk>(range, {
      forward: async (firstPath) => {
        const kept = this.again(plan, firstPath, range.end);
        if (kept) {
          saturated += kept.solved.status.saturated;
          return kept;
        }
        this.release();
        const solved = await this.solveFrom(plan, firstPath, range.end, options.chunkBytes);
        saturated += solved.status.saturated;
        return this.look(plan, solved);
      },
      again: async (chunk) => this.look(plan, await forwardChunk(gpu, solver, chunk, chunk.slots)),
      value: async ({ solved }) => {
        if (!loss) {
          host = await this.onHost(plan, solved);
          return;
        }
        const batch = gpu.batch("loss");
        loss.encodeValue(batch);
        report = batch.read(loss.report);
        batch.submit();
        if (options.perPath) offset = loss.read(await report, plan).pathOffset ?? 0;
      },
      backward: async (looked) => {
        await this.backward(plan, looked, host, offset, options);
        done += looked.solved.paths;
        options.progress?.(done);
      },
    });
    return { host, report: await report, saturated };
  }

  private async backward(
    plan: SolvePlan,
    looked: Looked<SolvedChunk>,
    host: HostLoss | undefined,
    offset: number,
    options: EvaluatorOptions,
  ): Promise<void> {
    const { gpu, pass } = this;
    const { solver, sums } = pass;
    const { solved } = looked;
    const { firstPath, paths } = solved;
    const batch = gpu.batch("loss");
    try {
      const cotangents = batch.temporary("cotangents", 4 * solved.slots * paths);
      const rows = batch.temporary("path rows", 4 * solver.rowsPerPath * paths);
      let bars: Cotangents = { spikes: cotangents };
      if (host) {
        // What is written to a buffer comes before what a batch submitted later does with it.
        gpu.batch("loss").clear(rows).submit();
        gpu.write(cotangents, host.cotangents);
        gpu.write(rows, host.pathValues);
        if (host.horizon) {
          const horizon = pass.horizonBuffer(batch, solved);
          gpu.write(horizon, host.horizon);
          bars = { ...bars, horizon };
        }
        if (host.states) {
          const states = pass.statesBuffer(batch, plan, solved);
          gpu.write(states, host.states);
          bars = { ...bars, states };
        }
      } else bars = pass.encodeCotangents(batch.clear(cotangents).clear(rows), plan, looked, cotangents, rows);
      pass.encodeBackward(batch, solved, bars, rows, solved.status);
      const table = options.perPath ? batch.read(rows, 0, 4 * sums.rows * paths) : undefined;
      batch.submit();
      if (!table) return;
      const values = new Float32Array(await table);
      for (let i = 0; i < paths; i++) values[i]! += offset;
      options.perPath!(firstPath, paths, values);
    } finally {
      batch.release();
    }
  }

  dispose(): void {
    this.release();
    this.pass.dispose();
  }
}

/** Reads the states of a chunk back, [paths][entries]. */
async function readStates(gpu: Gpu, { states, paths }: SolvedChunk, entries: number): Promise<Float64Array> {
  const values = new Float64Array(entries * paths);
  fillStates(values, { firstPath: 0, paths }, entries, new Float32Array(await gpu.read(states!)));
  return values;
}

/** Reads the spikes of a chunk back. */
async function readSpikes(gpu: Gpu, plan: SolvePlan, solved: SolvedChunk, words: number): Promise<TypedSpikes[]> {
  const { paths } = solved;
  const used = Math.max(1, solved.status.largestCount);
  const batch = gpu.batch("read trains");
  const record = batch.read(solved.record, 0, 4 * words * used * paths);
  const counts = batch.read(solved.counts.storage, solved.counts.byteOffset, 4 * paths);
  batch.submit();
  const table = emptyTable(paths, used, plan.t1);
  fillTable(table, plan, { firstPath: 0, paths }, words, new Uint32Array(await record), new Uint32Array(await counts));
  return pathsOf(table);
}
