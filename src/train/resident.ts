/**
 * Training steps that stay on the GPU: simulation, loss, backward recursion, reduction and update are encoded into one
 * submission (one per chunk of paths where there are several), and the next step is submitted before this one's numbers
 * have come back. What does not come out (a record too small, a state that is not finite) sets a flag on the GPU that
 * stops all updates; the host sees it a few steps later, makes room, and goes on from that very step. So results do not
 * depend on when it was noticed.
 */
import { haltBits } from "../../shaders/train/verdict.wgsl.js";
import { allOrNone } from "../gpu/all-or-none.js";
import { type Batch, type Gpu, handled, type Storage } from "../gpu/index.js";
import { lossPaths } from "../gradient/evaluate.js";
import { GradientPass, margin } from "../gradient/pass.js";
import { type GpuLoss, type Kept, type Loss, trainsOf } from "../loss/loss.js";
import { assembleResult, notFinite, type ValueAndGradient } from "../loss/result.js";
import { type Chunk, splitPaths } from "../plan/chunks.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { type EncodedChunk, type RunStatus, readStatus } from "../solve/chunk-solver.js";
import { checkFinite, growSlots, told } from "../solve/simulate.js";
import { GpuUpdate } from "./gpu-update.js";
import type { UpdatePlan, UpdateState } from "./update.js";

/** Steps submitted before the first of them has come back. */
const depth = 3;

export interface TrainedStep {
  readonly step: number;
  readonly result: ValueAndGradient;
  /** The run after the step. */
  readonly state: UpdateState;
}

interface Flight {
  readonly step: number;
  readonly plan: SolvePlan;
  readonly halted: Promise<ArrayBuffer>;
  readonly status: readonly Promise<ArrayBuffer>[];
  readonly report: Promise<ArrayBuffer>;
  readonly blocks: Promise<ArrayBuffer>;
  readonly state: Promise<UpdateState>;
}

export interface ResidentOptions {
  readonly loss: Loss;
  readonly views: readonly View[];
  readonly update: UpdatePlan;
  /** To go on from. */
  readonly state?: UpdateState | undefined;
  /** The first step, and how many there are in all. */
  readonly from: number;
  readonly steps: number;
  seedOf(step: number): number;
}

export class ResidentTraining {
  private constructor(
    private readonly gpu: Gpu,
    private readonly plan: SolvePlan,
    private readonly options: ResidentOptions,
    private readonly pass: GradientPass,
    private readonly loss: GpuLoss,
    private readonly update: GpuUpdate,
    private readonly gradient: Storage,
    private readonly halted: Storage,
  ) {}

  /**
   * @param plan with the first values of all parameters.
   * @param vector the same values.
   */
  static async create(
    gpu: Gpu,
    plan: SolvePlan,
    vector: Float64Array,
    options: ResidentOptions,
  ): Promise<ResidentTraining> {
    const pass = await GradientPass.create(gpu, plan, options.views);
    const [, loss, update] = await allOrNone([
      pass,
      (async () => options.loss.gpu!(gpu, plan, pass.solver.recordWords))(),
      GpuUpdate.create(gpu, options.update, vector),
    ]);
    if (options.state) update.write(options.state);
    const gradient = gpu.buffer("gradient", 4 * pass.solver.gradientRows);
    const halted = gpu.upload("halted", new Uint32Array(1));
    return new ResidentTraining(gpu, plan, options, pass, loss, update, gradient, halted);
  }

  private get givesPathValues(): boolean {
    return (this.loss.pathValues ?? "free") === "free";
  }

  private planOf(step: number): SolvePlan {
    return { ...this.plan, seed: this.options.seedOf(step) };
  }

  /** Paths of a chunk, for a record of so many slots. */
  private fitting(slots: number): number {
    const { gpu, plan, pass, loss, options } = this;
    return lossPaths(gpu, plan, pass.solver, slots, options.loss, loss);
  }

  /** Encodes and submits one step. */
  private submit(step: number): Flight {
    const { gpu, pass, loss, update, gradient, halted } = this;
    const { solver, sums } = pass;
    const plan = this.planOf(step);
    solver.reseed(plan);
    const chunks = splitPaths(plan.paths, this.fitting(pass.slots.value));
    const status: Promise<ArrayBuffer>[] = [];
    let batch = gpu.batch("training step");
    // Chunks give their buffers back in turn: each has a submission of its own.
    const next = (): void => {
      if (chunks.length === 1) return;
      batch.submit();
      batch = gpu.batch("training step");
    };
    loss.encodeBegin?.(batch, plan);
    let pending: { encoded: EncodedChunk; kept: Kept } | undefined;
    const look = (chunk: Chunk): { encoded: EncodedChunk; kept: Kept } => {
      const encoded = pass.encodeForward(batch.stage("forward"), chunk);
      pass.encodeVerdict(batch, encoded, halted);
      const kept = loss.encodeChunk(batch.stage("loss"), trainsOf(plan, encoded, solver.recordWords));
      return { encoded, kept };
    };
    for (const [c, chunk] of chunks.entries()) {
      const looked = look(chunk);
      status.push(batch.read(looked.encoded.statusWords));
      if (c === chunks.length - 1) pending = looked;
      else {
        next();
        looked.encoded.dispose();
        looked.kept.dispose();
      }
    }
    loss.encodeValue(batch);
    for (const chunk of [...chunks].reverse()) {
      const { encoded, kept } = pending ?? look(chunk);
      pending = undefined;
      this.encodeBackward(batch, plan, encoded, kept);
      next();
      encoded.dispose();
      kept.dispose();
    }
    batch.stage("update");
    pass.encodeMean(batch, gradient, halted);
    update.encode(batch, { gradient, theta: solver.theta, halted, step });
    const flight = {
      step,
      plan,
      status,
      halted: batch.read(halted),
      report: batch.read(loss.report),
      blocks: batch.read(sums.blocks),
      state: handled(update.read(step + 1, batch)),
    };
    batch.submit();
    return flight;
  }

  private encodeBackward(batch: Batch, plan: SolvePlan, encoded: EncodedChunk, kept: Kept): void {
    const { pass, loss } = this;
    const { paths, slots } = encoded;
    const cotangents = batch.temporary("cotangents", 4 * slots * paths);
    const rows = batch.temporary("path rows", 4 * pass.solver.rowsPerPath * paths);
    batch.stage("loss").clear(cotangents).clear(rows);
    loss.encodeCotangents(
      batch,
      trainsOf(plan, encoded, pass.solver.recordWords),
      kept,
      cotangents,
      this.givesPathValues ? rows : undefined,
    );
    pass.encodeBackward(batch, encoded, cotangents, rows);
  }

  /** Makes room for what a step lacked. @throws SaltationError `not-finite` where that was not the trouble. */
  private async recover(bits: number, plan: SolvePlan, status: readonly RunStatus[]): Promise<void> {
    for (const s of status) checkFinite(plan, s, plan.paths);
    if ((bits & haltBits.gradient) !== 0 && (bits & (haltBits.record | haltBits.tape)) === 0) throw notFinite(plan);
    if (bits & haltBits.record) {
      const { slots } = this.pass;
      growSlots(slots);
      const doubled = slots.value;
      // Which tells a neuron that fires without end; other chunks may need more than the first.
      await this.pass.measure(plan, (room) => this.fitting(room));
      slots.value = Math.max(doubled, slots.value);
    }
    if (bits & haltBits.tape) this.pass.tape = Math.ceil(margin * Math.max(...status.map((s) => s.largestTape)));
    this.gpu.write(this.halted, new Uint32Array(1));
  }

  /** Runs the steps; those that come out are at most `depth` behind those that are submitted. */
  async *run(): AsyncGenerator<TrainedStep, void, void> {
    const { gpu, options, plan, loss, pass } = this;
    let next = options.from;
    const flights: Flight[] = [];
    await pass.measure(this.planOf(next), (slots) => this.fitting(slots));
    for (;;) {
      while (flights.length < depth && next < options.steps) flights.push(this.submit(next++));
      const flight = flights.shift();
      if (!flight) return;
      const bits = new Uint32Array(await flight.halted)[0]!;
      const status = (await Promise.all(flight.status)).map(readStatus);
      if (bits !== 0) {
        // What was submitted since changed nothing.
        await Promise.allSettled(flights.splice(0).map((f) => f.halted));
        await this.recover(bits, flight.plan, status);
        next = flight.step;
        continue;
      }
      const { value, means } = loss.read(await flight.report, flight.plan);
      if (!Number.isFinite(value)) throw notFinite(plan);
      const rows = pass.sums.estimates(await flight.blocks);
      if (!this.givesPathValues) rows[0] = { mean: Number.NaN, standardError: Number.NaN };
      const saturated = status.reduce((n, s) => n + s.saturated, 0);
      const full = plan.stopsByLoss ? 0 : saturated;
      const assembled = assembleResult(value, options.views, rows, means ?? [], full, options.loss.pathwise ?? false);
      const result = { ...assembled, warnings: told(pass.solver.warnings) };
      yield { step: flight.step, result, state: await flight.state };
      gpu.check();
    }
  }

  dispose(): void {
    this.loss.dispose();
    this.update.dispose();
    this.gradient.dispose();
    this.halted.dispose();
    this.pass.dispose();
  }
}
