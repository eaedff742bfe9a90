/**
 * Training steps that stay on the GPU: simulation, loss, backward recursion, reduction and update are encoded into one
 * submission (one per chunk of paths where there are several), and the next step is submitted before this one's numbers
 * have come back. What comes back are the value and whether all came out; the gradient and the run's state stay on the device, which
 * keeps those of the last few steps, and are read where somebody asks. What does not come out (a record too small, a state that is not finite) sets a flag on the GPU that
 * stops all updates; the host sees it a few steps later, makes room, and goes on from that very step. So results do not
 * depend on when it was noticed.
 */
import { fail } from "../checks.js";
import { allOrNone } from "../gpu/all-or-none.js";
import { type Batch, type Gpu, handled, type Storage } from "../gpu/index.js";
import { inOrder, type Looked } from "../gradient/order.js";
import { GradientPass } from "../gradient/pass.js";
import type { GpuLoss } from "../loss/loss.js";
import type { Evaluated } from "../loss/result.js";
import type { Chunk } from "../plan/chunks.js";
import { parameterLayout, replaceParameters } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { decideIncrements } from "../solve/carried.js";
import { type EncodedChunk, type RunStatus, readStatus } from "../solve/chunk-solver.js";
import { planOfStep, type TrainedStep, type Training, type TrainingTask } from "./backend.js";
import { GpuUpdate } from "./gpu-update.js";
import { checkTrained, type UpdateState } from "./update.js";

/** Steps submitted before the first of them has come back. */
const depth = 3;
/** Steps whose states are kept: those on the way, the last that came out and the one before. */
const keptSteps = depth + 2;
/** Milliseconds of a step from which its state comes with it: who stops a long step asks for what was before it. */
const longStep = 100;

interface Flight {
  readonly step: number;
  readonly room: number;
  readonly plan: SolvePlan;
  readonly halted: Promise<ArrayBuffer>;
  readonly status: readonly Promise<ArrayBuffer>[];
  readonly report: Promise<ArrayBuffer>;
  readonly blocks: Promise<ArrayBuffer>;
  /** What is kept of the step. */
  kept(): Promise<Kept>;
}

/** What the sums over paths held, and the run's state after a step. */
interface Kept {
  readonly blocks: ArrayBuffer;
  readonly state: UpdateState;
}

export class ResidentTraining implements Training {
  private readonly gpu: Gpu;
  private readonly loss: GpuLoss;
  /** By step: optimiser's state, then sums over paths. */
  private readonly kept: readonly Storage[];
  /** The last step that was submitted. */
  private newest = -1;
  /** Whether what is kept of a step comes with it: where somebody asked for that of the last one, or steps are long. */
  private along = true;

  private constructor(
    private readonly plan: SolvePlan,
    private readonly task: TrainingTask,
    private readonly pass: GradientPass,
    private readonly update: GpuUpdate,
    private readonly gradient: Storage,
    private readonly halted: Storage,
  ) {
    this.gpu = pass.gpu;
    this.loss = pass.loss!;
    const bytes = update.bytes + pass.sums.blocks.bytes;
    this.kept = Array.from({ length: Math.min(keptSteps, task.steps - task.from) }, (_, k) =>
      this.gpu.buffer(`kept of a step ${k}`, bytes),
    );
  }

  /** @param task of a loss that is taken on the GPU. */
  static async create(gpu: Gpu, task: TrainingTask): Promise<ResidentTraining> {
    const { vector, views, loss, state } = task;
    // Decided by the job's own values, so that a run that is resumed has the same bits.
    const decided = await decideIncrements(gpu, task.plan, { differentiates: true });
    const plan = replaceParameters(decided, parameterLayout(decided), vector);
    const [pass, update] = await allOrNone([
      GradientPass.create(gpu, plan, views, loss, true),
      GpuUpdate.create(gpu, task.update, vector),
    ]);
    if (state) update.write(state);
    const gradient = gpu.buffer("gradient", 4 * pass.solver.gradientRows);
    const halted = gpu.upload("halted", new Uint32Array(2));
    return new ResidentTraining(plan, task, pass, update, gradient, halted);
  }

  private planOf(step: number): SolvePlan {
    return planOfStep(this.plan, this.task, step);
  }

  /** Paths of a chunk, for a record of so many slots. */
  private readonly fitting = (slots: number): number => this.pass.lossPaths(this.plan, slots);

  /**
   * Keeps what a step comes to on the device, to be read when it is asked for, or along with the step.
   * @returns reads it, once.
   */
  private keep(batch: Batch, step: number): () => Promise<Kept> {
    const { gpu, update } = this;
    const { blocks } = this.pass.sums;
    const kept = this.kept[step % this.kept.length]!;
    update.keep(batch, kept);
    batch.copy(blocks, 0, kept, update.bytes, blocks.bytes);
    const taken = async (read: Promise<ArrayBuffer>): Promise<Kept> => {
      const data = await read;
      return {
        state: update.stateOf(step + 1, new Float32Array(data, 0, update.bytes / 4)),
        blocks: data.slice(update.bytes),
      };
    };
    let found = this.along ? handled(taken(batch.read(kept))) : undefined;
    return () => {
      this.along = true;
      if (!found && step <= this.newest - this.kept.length)
        fail(
          "step",
          `what step ${step} came to is kept until the step after the next begins; ask before the next step`,
        );
      found ??= handled(taken(gpu.read(kept)));
      return found;
    };
  }

  /** Encodes and submits one step. */
  private async submit(step: number): Promise<Flight> {
    const { gpu, pass, loss, update, gradient, halted } = this;
    const { solver, sums } = pass;
    const plan = this.planOf(step);
    solver.reseed(plan);
    const size = this.fitting(pass.slots.value);
    const status: Promise<ArrayBuffer>[] = [];
    let batch = gpu.batch("training step");
    // Chunks give their buffers back in turn: each has a submission of its own.
    const next = (): void => {
      if (size >= plan.paths) return;
      batch.submit();
      batch = gpu.batch("training step");
    };
    const look = (chunk: Chunk): Looked<EncodedChunk> => {
      const encoded = pass.encodeForward(batch.stage("forward"), chunk);
      pass.encodeVerdict(batch, encoded, halted);
      return pass.look(batch.stage("loss"), plan, encoded);
    };
    try {
      loss.encodeBegin?.(batch, plan);
      await inOrder<EncodedChunk>(
        { first: 0, end: plan.paths },
        {
          forward: (firstPath) => {
            const looked = look({ firstPath, paths: Math.min(size, plan.paths - firstPath) });
            status.push(batch.read(looked.solved.statusWords));
            if (firstPath + size < plan.paths) next();
            return looked;
          },
          again: look,
          value: () => loss.encodeValue(batch),
          backward: (looked) => {
            const { solved } = looked;
            const cotangents = batch.temporary("cotangents", 4 * solved.slots * solved.paths);
            const rows = batch.temporary("path rows", 4 * solver.rowsPerPath * solved.paths);
            batch.stage("loss").clear(cotangents).clear(rows);
            const values = pass.givesPathValues ? rows : undefined;
            const bars = pass.encodeCotangents(batch, plan, looked, cotangents, values);
            pass.encodeBackward(batch, solved, bars, rows);
            next();
          },
        },
      );
      batch.stage("update");
      pass.encodeMean(batch, gradient, halted);
      update.encode(batch, { gradient, theta: solver.theta, halted, step });
      const flight = {
        step,
        room: pass.slots.value,
        plan,
        status,
        halted: batch.read(halted),
        report: batch.read(loss.report),
        blocks: batch.read(sums.blocks, 0, pass.valueBytes),
        kept: this.keep(batch, step),
      };
      batch.submit();
      this.newest = step;
      return flight;
    } finally {
      // Given back by `submit`, unless the encoding failed.
      batch.release();
    }
  }

  /** Makes room for what a step lacked. @throws SaltationError `not-finite` where that was not the trouble. */
  private async recover(bits: number, plan: SolvePlan, status: readonly RunStatus[]): Promise<void> {
    this.pass.checkVerdict(plan, bits, status);
    await this.pass.grow(plan, bits, status, this.fitting);
    this.gpu.write(this.halted, new Uint32Array(2));
  }

  /** Runs the steps; those that come out are at most `depth` behind those that are submitted. */
  async *run(): AsyncGenerator<TrainedStep, void, void> {
    const { gpu, task, loss, pass, update } = this;
    let next = task.from;
    let began = performance.now();
    const flights: Flight[] = [];
    await pass.measure(this.planOf(next), this.fitting);
    if (task.room !== undefined) pass.slots.value = task.room;
    for (;;) {
      while (flights.length < depth && next < task.steps) flights.push(await this.submit(next++));
      const flight = flights.shift();
      if (!flight) return;
      const [bits, refused] = new Uint32Array(await flight.halted) as unknown as [number, number];
      const status = (await Promise.all(flight.status)).map(readStatus);
      if (bits !== 0) {
        // What was submitted since changed nothing.
        await Promise.allSettled(flights.splice(0).map((f) => f.halted));
        await this.recover(bits, flight.plan, status);
        next = flight.step;
        continue;
      }
      const taken = loss.read(await flight.report, flight.plan);
      const saturated = status.reduce((n, s) => n + s.saturated, 0);
      const valued = pass.valued(flight.plan, taken, await flight.blocks, saturated);
      const { step, room, kept } = flight;
      const state = async (): Promise<UpdateState> => (await kept()).state;
      if (refused !== 0) {
        const { values } = await state();
        update.plan.entries.forEach((e, i) => {
          checkTrained(e, values[i]!);
        });
      }
      const evaluated = async (): Promise<Evaluated> =>
        pass.result(flight.plan, taken, (await kept()).blocks, saturated, pass.givesPathValues);
      // Whether a parameter moves anything is looked at in the first step.
      const result = step === task.from ? await evaluated() : valued;
      this.along = performance.now() - began > longStep;
      yield { step, room, result, evaluated, state };
      began = performance.now();
      gpu.check();
    }
  }

  dispose(): void {
    this.newest = Number.POSITIVE_INFINITY; // nothing is kept any more
    this.update.dispose();
    this.gradient.dispose();
    this.halted.dispose();
    for (const kept of this.kept) kept.dispose();
    this.pass.dispose();
  }
}
