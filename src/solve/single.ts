/** Solver of one neuron per path: a path per invocation, windows counted in each path's own sub-steps. */
import type { Values } from "../../shaders/shared/declare.js";
import { recordWords } from "../../shaders/shared/record.wgsl.js";
import type { backwardSingle } from "../../shaders/solve/backward-single.wgsl.js";
import {
  forwardSingle,
  singleCheckpointWords,
  type singleRunFields,
  singleTapeWords,
} from "../../shaders/solve/forward-single.wgsl.js";
import type { PendingEvent } from "../../shaders/solve/horizon.wgsl.js";
import { alongPath, tableauOf } from "../../shaders/substep/tableau.js";
import { eventIsAffine, operations } from "../cell/functions.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import { type Chunk, stepsPerDispatch } from "../plan/chunks.js";
import { segmentsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Cotangents, type EncodedChunk, type RunStatus, statusWords } from "./chunk-solver.js";
import { horizonOf, PlanSolver, type SolverParts } from "./plan-solver.js";
import { solverShape } from "./shape.js";
import { siftFor } from "./sift-for.js";
import type { TablePart } from "./sifted.js";
import type { Tangents } from "./tangents.js";
import { processorBurst, runOf } from "./uniform.js";

/** Small, so that a training batch of a hundred paths still spreads over the processors. */
export const workgroupSize = 64;

/**
 * Sub-steps between two looks at events. At p events a step a burst wastes about p·burst/2 of its sub-steps in waiting,
 * and saves the handling of events in all but one; measured best at 4 events per 100 steps (docs/decisions.md).
 */
const burstOf = (gpu: Gpu, method: SolvePlan["method"]): number =>
  gpu.adapter.backend === "simd" ? processorBurst : alongPath(tableauOf(method)) ? 16 : 8;

/** Sub-steps of a backward window at least: fewer would cost more dispatches than they save memory. */
const leastWindow = 128;

interface EncodedSingle extends EncodedChunk {
  readonly checkpoints: Storage;
  readonly window: number;
  readonly windows: number;
  /** How the times of events move along each direction, where tangents went along. */
  readonly moves: Storage | undefined;
}

type Forward = KernelOf<typeof forwardSingle>;
type Backward = KernelOf<typeof backwardSingle>;

export class SingleSolver extends PlanSolver<Forward, Backward> {
  readonly recordWords: number;

  private constructor(
    parts: SolverParts<Forward, Backward>,
    /** Words of a checkpoint. */
    private readonly words: number,
    /** Where tangents go along with the forward solve, there is no backward kernel, and this makes rows of them. */
    private readonly rowsKernel: Awaited<Tangents["kernel"]> | undefined,
  ) {
    super(parts);
    this.recordWords = parts.sift ? recordWords.neurons : recordWords.oneNeuron;
  }

  /**
   * @param views the parameters to differentiate by; empty for a forward solve alone.
   * @param pending the spikes that gradients have a horizon term of.
   */
  static async create(
    gpu: Gpu,
    plan: SolvePlan,
    views: readonly View[],
    pending: readonly PendingEvent[] = [],
  ): Promise<SingleSolver> {
    const burst = burstOf(gpu, plan.method);
    const ahead = views.length > 0 && burst === 1 ? await import("./tangents.js") : undefined;
    const tangents = ahead?.tangentsOf(gpu, plan, views, pending, operations(plan.network.cell.drift));
    const plain = await solverShape(plan, tangents ? "forward" : "none", segmentsOf(views));
    const shape = { ...plain, tangents };
    const backward = views.length > 0 && !tangents ? await import("./single-backward.js") : undefined;
    const forwardKernel = gpu.kernel(
      forwardSingle(
        { ...shape, affineEvent: eventIsAffine(shape.functions), workgroupSize, burst },
        `forward ${plan.network.cell.name} ${plan.method}`,
      ),
    );
    const backwardKernel = backward?.backwardKernel(gpu, plan, views, workgroupSize);
    const { states, several } = shape;
    const words = singleCheckpointWords(shape);
    const word = (w: number): string => `checkpoints[(run.checkpoint_last * ${words}u + ${w}u) * run.paths + i]`;
    const horizon = horizonOf(gpu, plan, views, pending, {
      state: (s) => `bitcast<f32>(${word(s)})`,
      taken: word(states + (several ? 4 : 2)),
      total: word(states + 2),
      adjoint: (s) => `${s}u * run.paths + i`,
    });
    const [f, b, h, sift, rowsKernel] = await Promise.all([
      forwardKernel,
      backwardKernel,
      horizon,
      siftFor(gpu, plan.network),
      tangents?.kernel,
    ]);
    const parts = { gpu, plan, shape, forwardKernel: f, backwardKernel: b, horizonKernel: h, sift, views };
    return new SingleSolver(parts, words, rowsKernel);
  }

  /** Sub-steps of a window; for a gradient it depends on the plan alone, as in networks. */
  private window(paths: number, slots: number): number {
    const { steps } = this.plan;
    if (this.backwardKernel) return Math.max(leastWindow, Math.ceil(Math.sqrt(steps)));
    return Math.min(stepsPerDispatch(paths), steps + slots);
  }

  protected bytes(slots: number): Record<"checkpoints" | "tape" | "record" | "cotangents" | "rows", number> {
    const word = 4 * this.words;
    // Where not all events are spikes there is a record of either, and cotangents of either.
    const both = this.sift ? 2 : 1;
    const record = both * 4 * this.recordWords * slots;
    const rows = 4 * this.rowsPerPath;
    const times = 4 * slots;
    if (this.rowsKernel) {
      return { checkpoints: word, tape: times * this.gradientRows, record, cotangents: both * times, rows };
    }
    if (!this.backwardKernel) return { checkpoints: word, tape: 0, record, cotangents: 0, rows: 0 };
    const window = this.window(1, slots);
    return {
      checkpoints: word * Math.ceil((this.plan.steps + slots) / window),
      tape: 4 * singleTapeWords(this.shape) * window,
      record,
      cotangents: both * times,
      rows,
    };
  }

  /** Window w of so many sub-steps, with a checkpoint after each. */
  private windowRun(chunk: Chunk, w: number, budget: number): Values<typeof singleRunFields> {
    const fresh = Number(w === 0);
    return { ...runOf(this.plan, chunk), budget, fresh, checkpointBegin: Math.max(0, w - 1), checkpointEnd: w };
  }

  encodeForward(batch: Batch, chunk: Chunk, slots: number): EncodedSingle {
    const { gpu, plan, theta } = this;
    const { paths } = chunk;
    const { words } = this;
    const window = this.window(paths, slots);
    const windows = Math.ceil((plan.steps + slots) / window);
    const keep = this.backwardKernel ? windows : 1;
    const checkpoints = gpu.buffer("checkpoints", 4 * words * keep * paths);
    const record = gpu.buffer("spike record", 4 * this.recordWords * slots * paths);
    const moves = this.rowsKernel && gpu.buffer("moves of events", 4 * this.gradientRows * slots * paths);
    const status = gpu.buffer("status", 4 * statusWords);
    const observing = this.observing(chunk);
    batch.clear(status);
    for (let w = 0; w < windows; w++) {
      batch.dispatch(this.forwardKernel, {
        uniform: {
          ...this.windowRun(chunk, w, window),
          ...(this.backwardKernel ? {} : { checkpointBegin: 0, checkpointEnd: 0 }),
          slots,
          maxSpikes: plan.maxSpikes,
        },
        theta,
        checkpoints,
        record,
        status,
        ...observing,
        moves,
        threads: paths,
      });
    }
    const counted = (word: number): TablePart => ({
      storage: checkpoints,
      byteOffset: 4 * (words * (keep - 1) + this.shape.states + word) * paths,
    });
    const { states } = observing;
    const [recorded, counts] = [counted(2), counted(this.sift ? 5 : 2)];
    const written = { record, status, states, recorded, counts, others: [checkpoints, moves] };
    return { ...this.handOn(batch, chunk, slots, written), checkpoints, window, windows, moves };
  }

  encodeBackward(
    batch: Batch,
    chunk: EncodedChunk,
    cotangents: Cotangents,
    rows: Storage,
    _tape: number,
    status?: RunStatus,
  ): void {
    const { plan, theta, shape } = this;
    const { paths, slots, checkpoints, window, moves } = chunk as EncodedSingle;
    const { record, cotangents: all } = this.takeBack(batch, chunk, cotangents);
    if (this.rowsKernel) {
      const uniform = { paths, countsAt: (shape.states + 2) * paths };
      const given = { moves: moves!, cotangents: all, checkpoints };
      batch.dispatch(this.rowsKernel, { uniform, ...given, rows, threads: paths });
      return;
    }
    // No path has more sub-steps than its steps and events.
    const most = Math.ceil((plan.steps + (status?.largestRecord ?? slots)) / window);
    const windows = Math.min((chunk as EncodedSingle).windows, most);
    const groups = Math.ceil(paths / workgroupSize);
    const tape = batch.temporary("tape", this.bytes(slots).tape * groups * workgroupSize);
    const adjoint = batch.temporary("adjoint", 4 * (shape.states + 1) * paths);
    batch.clear(adjoint);
    const last = (chunk as EncodedSingle).windows - 1;
    this.encodeHorizon(batch, { chunk, checkpoints, record, adjoint, rows }, cotangents, last);
    for (let w = windows - 1; w >= 0; w--) {
      batch.dispatch(this.backwardKernel!, {
        uniform: this.windowRun(chunk, w, window),
        theta,
        checkpoints,
        record,
        cotangents: all,
        tape,
        adjoint,
        rows,
        threads: paths,
      });
    }
  }
}
