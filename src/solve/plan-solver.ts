/** What the solvers of a plan share: its parameters on the GPU, and the memory of a path. */
import type { HorizonShape, PendingEvent } from "../../shaders/solve/horizon.wgsl.js";
import { observedWords } from "../../shaders/solve/observed.wgsl.js";
import type { Batch, Gpu, Storage } from "../gpu/index.js";
import { type Chunk, stepsPerDispatch } from "../plan/chunks.js";
import { deviceVector, parameterVector, type View } from "../plan/layout.js";
import { observedEntries, observedPlaces } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import type { ChunkSolver, Cotangents, EncodedChunk, RunStatus } from "./chunk-solver.js";
import type { Horizon } from "./horizon.js";
import type { KernelShape } from "./shape.js";
import type { Sift, TablePart, WantedEvents } from "./sifted.js";
import { runOf } from "./uniform.js";

/** What a solver is made of; F and B are its kernels. */
export interface SolverParts<F, B> {
  readonly gpu: Gpu;
  readonly plan: SolvePlan;
  readonly shape: KernelShape;
  readonly forwardKernel: F;
  /** Where the solver differentiates. */
  readonly backwardKernel: B | undefined;
  /** Where gradients have a horizon term. */
  readonly horizonKernel: Horizon | undefined;
  /** Where the record has more than spikes. */
  readonly sift: Sift | undefined;
  /** The parameters to differentiate by. */
  readonly views: readonly View[];
}

/** The kernel of the horizon term, where there is one. */
export async function horizonOf(
  gpu: Gpu,
  plan: SolvePlan,
  views: readonly View[],
  pending: readonly PendingEvent[],
  places: HorizonShape["places"],
): Promise<Horizon | undefined> {
  if (pending.length === 0 || views.length === 0) return undefined;
  return (await import("./horizon.js")).horizonFor(gpu, plan, views, pending, places);
}

/** What the horizon term of a chunk reads and writes. */
interface HorizonBuffers {
  readonly chunk: EncodedChunk;
  readonly checkpoints: Storage;
  readonly record: Storage;
  /** Cleared before. */
  readonly adjoint: Storage;
  readonly rows: Storage;
}

/** What the forward kernels of a chunk have written. */
interface Written {
  readonly record: Storage;
  readonly status: Storage;
  readonly states: Storage | undefined;
  /** Where what is recorded of each path is counted, and where its spikes are. */
  readonly recorded: TablePart;
  readonly counts: TablePart;
  /** What else goes when the chunk does. */
  readonly others: readonly (Storage | undefined)[];
}

export abstract class PlanSolver<F, B> implements ChunkSolver {
  abstract readonly recordWords: number;
  readonly gradientRows: number;
  readonly rowsPerPath: number;
  readonly warnings: readonly string[];
  readonly shape: KernelShape;
  readonly theta: Storage;
  protected readonly gpu: Gpu;
  protected plan: SolvePlan;
  protected readonly forwardKernel: F;
  protected readonly backwardKernel: B | undefined;
  protected readonly horizonKernel: Horizon | undefined;
  protected readonly sift: Sift | undefined;
  /** What kernels are told of the states that the plan observes, and how many numbers these are in a path. */
  private readonly observed: Storage | undefined;
  private readonly entries: number;

  protected constructor(parts: SolverParts<F, B>) {
    const { gpu, plan, shape, forwardKernel, backwardKernel, horizonKernel, sift, views } = parts;
    this.gpu = gpu;
    this.warnings = plan.warnings ?? [];
    this.plan = plan;
    this.shape = shape;
    this.forwardKernel = forwardKernel;
    this.backwardKernel = backwardKernel;
    this.horizonKernel = horizonKernel;
    this.sift = sift;
    this.gradientRows = views.reduce((n, v) => n + v.length, 0);
    this.rowsPerPath = 1 + this.gradientRows * (shape.carried ? 2 : 1);
    this.theta = gpu.upload("parameters", deviceVector(plan));
    const { observed, steps, network } = plan;
    this.observed =
      observed && gpu.upload("what is observed", observedWords(observedPlaces(observed, steps + 1, network.neurons)));
    this.entries = observedEntries(observed);
  }

  /** What a forward kernel is passed, where it keeps states: they take a buffer of the chunk's. */
  protected observing({ paths }: Chunk): { observed: Storage | undefined; states: Storage | undefined } {
    const { gpu, observed, entries } = this;
    return { observed, states: observed && gpu.buffer("states", 4 * entries * paths) };
  }

  /** Hands on what forward kernels left: spikes, out of what is recorded where that is more. */
  protected handOn(batch: Batch, chunk: Chunk, slots: number, written: Written): EncodedChunk {
    const { record, status, states, recorded, counts, others } = written;
    const sifted = this.sift?.encodeSpikes(batch, chunk, record, recorded, slots);
    return {
      ...chunk,
      slots,
      statusWords: status,
      states,
      record: sifted?.record ?? record,
      events: sifted?.events,
      counts,
      dispose: () => {
        for (const used of [status, states, record, ...others]) used?.dispose();
        sifted?.dispose();
      },
    };
  }

  /** What backward kernels go by: the record that forward ones wrote, and all cotangents. */
  protected takeBack(batch: Batch, chunk: EncodedChunk, cotangents: Cotangents): WantedEvents {
    const { events } = chunk;
    const given = cotangents.spikes;
    const wanted = events ? this.sift!.encodeCotangents(batch, chunk, events, given) : { ...chunk, cotangents: given };
    const { record, counts } = wanted;
    return { record, counts, cotangents: this.allCotangents(batch, chunk, wanted.cotangents, cotangents) };
  }

  /**
   * Cotangents of spikes; and where states are observed before them what there is, and the cotangents of states
   * (shaders/solve/observed.wgsl.ts).
   */
  private allCotangents(
    batch: Batch,
    { paths, slots }: EncodedChunk,
    spikes: Storage | GPUBuffer,
    { states }: Cotangents,
  ): Storage | GPUBuffer {
    const { observed, entries } = this;
    if (!observed) return spikes;
    const [words, numbers, times] = [observed.bytes, 4 * entries * paths, 4 * slots * paths];
    const all = batch.temporary("cotangents of states and spikes", words + numbers + times);
    batch.copy(observed, 0, all, 0, words);
    if (states) batch.copy(states, 0, all, words, numbers);
    else batch.clear(all, words, numbers);
    batch.copy(spikes, 0, all, words + numbers, times);
    return all;
  }

  /** Bytes per path of each buffer with this many slots. */
  protected abstract bytes(slots: number): Record<string, number>;

  abstract encodeForward(batch: Batch, chunk: Chunk, slots: number): EncodedChunk;

  abstract encodeBackward(
    batch: Batch,
    chunk: EncodedChunk,
    cotangents: Cotangents,
    rows: Storage,
    tape: number,
    status?: RunStatus,
  ): void;

  /**
   * Begins the adjoint at t1, where there is a horizon term and cotangents of it.
   * @param last the checkpoint at the end of the paths.
   */
  protected encodeHorizon(
    batch: Batch,
    { chunk, checkpoints, record, adjoint, rows }: HorizonBuffers,
    { horizon }: Cotangents,
    last: number,
  ): void {
    const { plan, theta } = this;
    if (!this.horizonKernel || !horizon) return;
    batch.dispatch(this.horizonKernel, {
      uniform: { ...runOf(plan, chunk), checkpointLast: last, maxSpikes: plan.maxSpikes },
      theta,
      checkpoints,
      horizon,
      adjoint,
      rows,
      record: this.shape.several ? record : undefined,
      threads: chunk.paths,
    });
  }

  reseed(plan: SolvePlan): void {
    const { values } = plan.samples ?? {};
    const others = values !== this.plan.samples?.values;
    this.plan = plan;
    if (values && others) this.gpu.write(this.theta, Float32Array.from(values.data), 4 * this.shape.layout.size);
  }

  update(plan: SolvePlan): void {
    this.reseed(plan);
    this.gpu.write(this.theta, Float32Array.from(parameterVector(plan)));
  }

  bytesPerPath(slots: number): number {
    return Object.values(this.allBytes(slots)).reduce((a, b) => a + b, 0);
  }

  largestBindingPerPath(slots: number): number {
    return Math.max(...Object.values(this.allBytes(slots)));
  }

  private allBytes(slots: number): Record<string, number> {
    const states = 4 * this.entries;
    const cotangents = this.observed && this.backwardKernel ? states + 4 * slots : 0;
    return { ...this.bytes(slots), states, allCotangents: cotangents };
  }

  /**
   * Grid steps of a window of a network. For a gradient it depends on the plan alone: where a window begins, the replay
   * starts from what the forward kernel stored, so the bits of a gradient depend on the windows but must not on the
   * chunking.
   */
  protected gridWindow(paths: number): number {
    const { steps, network } = this.plan;
    if (this.backwardKernel) return Math.ceil(Math.sqrt(steps));
    return Math.min(steps, stepsPerDispatch(paths * network.neurons));
  }

  dispose(): void {
    this.theta.dispose();
    this.observed?.dispose();
  }
}
