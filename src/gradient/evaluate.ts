/** Value and gradient of a loss on the GPU, awaited chunk by chunk, and with losses that are taken on the host. */
import { fail } from "../checks.js";
import type { Gpu } from "../gpu/index.js";
import { evaluateOnHost } from "../loss/host-loss.js";
import type { Evaluator, EvaluatorOptions, Loss } from "../loss/loss.js";
import type { Evaluated } from "../loss/result.js";
import { type FiredPaths, meansOf, type TakenLoss, takenOf, takenOnHost } from "../loss/taken.js";
import type { PathRange } from "../plan/chunks.js";
import type { View } from "../plan/layout.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Cotangents, forwardChunk, type SolvedChunk } from "../solve/chunk-solver.js";
import { firstSlots, solveFrom } from "../solve/simulate.js";
import { firedOf, inSlots, trainsOf, turned } from "./fired.js";
import { inOrder, Looked } from "./order.js";
import { GradientPass } from "./pass.js";

/**
 * Evaluates value and gradient of a loss for plans that differ only in parameter values, current values and seed: what
 * can be prepared once (kernels, layout) is.
 */
export class GradientEvaluator implements Evaluator {
  protected constructor(
    protected readonly gpu: Gpu,
    protected readonly loss: Loss,
    protected readonly pass: GradientPass,
  ) {}

  get room(): number {
    return this.pass.slots.value;
  }

  set room(slots: number) {
    this.pass.slots.value = slots;
  }

  static async create(gpu: Gpu, plan: SolvePlan, loss: Loss, views: readonly View[]): Promise<GradientEvaluator> {
    if (!loss.gpu && !loss.evaluate) fail("loss", `"${loss.kind}" has neither gpu() nor evaluate()`);
    return new GradientEvaluator(gpu, loss, await GradientPass.create(gpu, plan, views, loss));
  }

  protected look(plan: SolvePlan, solved: SolvedChunk): Looked<SolvedChunk> {
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

  /** Takes the loss on the host. */
  protected async onHost(plan: SolvePlan, fired: FiredPaths): Promise<TakenLoss> {
    const spikes = trainsOf(plan, fired, this.pass.solver.recordWords);
    const states = this.loss.states && fired.states && Float64Array.from(fired.states);
    return takenOnHost(plan, 0, spikes, await evaluateOnHost(this.loss, spikes, plan, states), Float32Array);
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
    const taken = host ? { value: host.value, means: meansOf(host) } : loss!.read(report!, plan);
    return pass.result(plan, taken, blocks, saturated, loss?.pathValues !== "none");
  }

  /** Goes over to the values of a plan. */
  protected begin(plan: SolvePlan): void {
    const { solver, loss } = this.pass;
    solver.update(plan);
    if (!loss?.encodeBegin) return;
    const batch = this.gpu.batch("loss");
    loss.encodeBegin(batch, plan);
    batch.submit();
  }

  /** Paths that are solved already; see ranges.ts. */
  protected again(_plan: SolvePlan, _first: number, _end: number): Looked<SolvedChunk> | undefined {
    return undefined;
  }

  protected solveFrom(plan: SolvePlan, from: number, end: number, bytes?: number): Promise<SolvedChunk> {
    const { gpu, pass } = this;
    const fitting = (slots: number): number => pass.lossPaths(plan, slots, bytes);
    return solveFrom(gpu, { ...plan, paths: end }, pass.solver, from, pass.slots, fitting);
  }

  protected async solved(
    plan: SolvePlan,
    range: PathRange,
    options: EvaluatorOptions,
  ): Promise<{ host: TakenLoss | undefined; report: ArrayBuffer | undefined; saturated: number }> {
    const { gpu, pass } = this;
    const { loss, solver } = pass;
    this.begin(plan);
    let host: TakenLoss | undefined;
    let report: Promise<ArrayBuffer> | undefined;
    let [saturated, done, offset] = [0, 0, 0];
    await inOrder<SolvedChunk>(range, {
      forward: async (firstPath) => {
        const kept = this.again(plan, firstPath, range.end);
        if (kept) {
          saturated += kept.solved.status.saturated;
          return kept;
        }
        const solved = await this.solveFrom(plan, firstPath, range.end, options.chunkBytes);
        saturated += solved.status.saturated;
        return this.look(plan, solved);
      },
      again: async (chunk) => this.look(plan, await forwardChunk(gpu, solver, chunk, chunk.slots)),
      value: async ({ solved }) => {
        if (!loss) {
          const fired = await firedOf(
            gpu,
            solved,
            solver.recordWords,
            observedEntries(plan.observed),
            firstSlots(plan, solver),
          );
          host = await this.onHost(plan, fired);
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

  protected async backward(
    plan: SolvePlan,
    looked: Looked<SolvedChunk>,
    host: TakenLoss | undefined,
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
        const own = takenOf(host, { first: firstPath, end: firstPath + paths });
        // What is written to a buffer comes before what a batch submitted later does with it.
        gpu.batch("loss").clear(rows).submit();
        gpu.write(cotangents, inSlots(own, solved.slots));
        gpu.write(rows, own.pathValues ?? new Float32Array(paths).fill(Number.NaN));
        if (own.horizon && pass.horizon) {
          const horizon = pass.horizonBuffer(batch, solved);
          gpu.write(horizon, turned(own.horizon, own.horizon.length / paths));
          bars = { ...bars, horizon };
        }
        if (own.states) {
          const states = pass.statesBuffer(batch, plan, solved);
          gpu.write(states, turned(own.states, own.states.length / paths));
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
    this.pass.dispose();
  }
}
