/** Solver of networks: a path per workgroup, its lanes over neurons and targets, windows counted in grid steps. */
import { recordWords } from "../../shaders/shared/record.wgsl.js";
import { backwardWorkgroup, backwardWorkgroupFields, tapeWords } from "../../shaders/solve/backward-workgroup.wgsl.js";
import {
  forwardWorkgroup,
  type WorkgroupShape,
  workgroupCheckpointWords,
  workgroupFields,
} from "../../shaders/solve/forward-workgroup.wgsl.js";
import type { PendingEvent } from "../../shaders/solve/horizon.wgsl.js";
import { noiseNames } from "../../shaders/substep/solver.wgsl.js";
import { eventIsAffine } from "../cell/functions.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { Chunk } from "../plan/chunks.js";
import { segmentsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Cotangents, type EncodedChunk, lanesOf, type RunStatus, statusWords } from "./chunk-solver.js";
import { ConnectedSolver } from "./connected-solver.js";
import { ConnectionBuffer, connectionShape } from "./connections.js";
import { gradientPlaces } from "./gradient-places.js";
import { horizonOf, type SolverParts } from "./plan-solver.js";
import { type KernelShape, solverShape } from "./shape.js";
import { siftFor } from "./sift-for.js";
import type { TablePart } from "./sifted.js";
import { networkRunOf } from "./uniform.js";

/** Bytes of tape at a time: paths beyond it take turns. */
const tapeBytes = 128 * 2 ** 20;

/**
 * Words of noise per path that a forward run may keep for its backward run: drawing it again is a third of that, and
 * beyond some size the memory serves more paths at a time better.
 */
const keptWords = 2 ** 15;

/** Workgroups in two dimensions: a device takes at most 65,535 in one. */
function groupsOf(paths: number): [number, number] {
  const y = Math.ceil(paths / 32768);
  return [Math.ceil(paths / y), y];
}

interface EncodedPaths extends EncodedChunk {
  readonly checkpoints: Storage;
}

type Forward = KernelOf<typeof forwardWorkgroup>;
type Backward = KernelOf<typeof backwardWorkgroup>;

export class WorkgroupSolver extends ConnectedSolver<Forward, Backward> {
  readonly recordWords = recordWords.neurons;
  private readonly n: number;
  private readonly neurons: number;
  private readonly inWorkgroup: boolean;
  /** Words of noise per neuron and step, and per path that the forward run keeps. */
  private readonly noise: number;
  private readonly kept: number;
  /** Words per neuron that windows of a backward run keep in storage. */
  private readonly carried: number;

  private constructor(
    parts: SolverParts<Forward, Backward>,
    { inWorkgroup, keepNoise }: Pick<WorkgroupShape, "inWorkgroup" | "keepNoise">,
    connections: ConnectionBuffer,
  ) {
    super(parts, connections);
    const { plan, shape } = parts;
    this.n = shape.states;
    this.neurons = plan.network.neurons;
    this.inWorkgroup = inWorkgroup;
    this.noise = noiseNames(shape).length;
    this.kept = keepNoise ? this.noise * plan.steps * this.neurons : 0;
    const fields = backwardWorkgroupFields(this.n);
    this.carried = inWorkgroup ? fields.carried : fields.perNeuron;
  }

  /**
   * @param views the parameters to differentiate by; empty for a forward solve alone.
   * @param forced lanes of a workgroup, whether its fields lie in workgroup memory, and whether noise is kept for the
   * backward run, in place of what suits; and the spikes that gradients have a horizon term of.
   */
  static async create(
    gpu: Gpu,
    plan: SolvePlan,
    views: readonly View[],
    forced: { lanes?: number; inWorkgroup?: boolean; keepNoise?: boolean; pending?: readonly PendingEvent[] } = {},
  ): Promise<WorkgroupSolver> {
    const { network } = plan;
    const names = segmentsOf(views);
    const label = `network of ${network.cell.name}, ${plan.method}, by workgroups`;
    const shape = await solverShape(plan, "none", names);
    const noise = noiseNames(shape).length;
    const words = workgroupFields(shape.states, noise).perNeuron;
    const workgroupSize = forced.lanes ?? lanesOf(gpu);
    const inWorkgroup =
      forced.inWorkgroup ??
      4 * words * network.neurons + 8 * workgroupSize + 64 <= gpu.device.limits.maxComputeWorkgroupStorageSize;
    const sizes: Omit<WorkgroupShape, keyof KernelShape> & { states: number } = {
      states: shape.states,
      workgroupSize,
      ...connectionShape(plan, shape.layout, { atOnce: true }),
      recordWords: recordWords.neurons,
      affineEvent: eventIsAffine(shape.functions),
      inWorkgroup,
      keepNoise:
        forced.keepNoise ?? (views.length > 0 && noise > 0 && plan.steps * network.neurons * noise <= keptWords),
    };
    const forwardKernel = gpu.kernel(forwardWorkgroup({ ...shape, ...sizes }, `forward ${label}`));
    let backwardKernel: Promise<Backward> | undefined;
    if (views.length > 0) {
      const reverse = await solverShape(plan, "reverse", names);
      const places = gradientPlaces(plan, views);
      backwardKernel = gpu.kernel(backwardWorkgroup({ ...reverse, ...sizes, ...places }, `backward ${label}`));
    }
    const n = shape.states;
    const checkpoint = workgroupCheckpointWords(n, network.neurons, shape.several);
    const at = (field: number): string =>
      `checkpoints[run.checkpoint_last * run.paths * ${checkpoint}u + (i * ${n + 1}u + ${field}u) * K + k]`;
    const fields = backwardWorkgroupFields(n);
    const perNeuron = inWorkgroup ? fields.carried : fields.perNeuron;
    const horizon = horizonOf(gpu, plan, views, forced.pending ?? [], {
      state: (s) => `bitcast<f32>(${at(s)})`,
      taken: at(n),
      total: `checkpoints[(run.checkpoint_last * ${checkpoint}u + ${n + 1}u * K) * run.paths + i]`,
      adjoint: (s) => `(i * ${perNeuron}u + ${fields.adjoint + s}u) * K + k`,
    });
    const [f, b, h, sift] = await Promise.all([forwardKernel, backwardKernel, horizon, siftFor(gpu, network)]);
    const connections = new ConnectionBuffer(gpu, plan, sizes);
    return new WorkgroupSolver(
      { gpu, plan, shape, forwardKernel: f, backwardKernel: b, horizonKernel: h, sift, views },
      sizes,
      connections,
    );
  }

  protected bytes(slots: number): Record<"fields" | "checkpoints" | "record" | "rows" | "backward", number> {
    const { n, neurons, inWorkgroup } = this;
    const checkpoint = 4 * workgroupCheckpointWords(n, neurons, this.shape.several);
    const fields = inWorkgroup ? 0 : 4 * workgroupFields(n, this.noise).perNeuron * neurons;
    // Where not all events are spikes there is a record of either, and cotangents of either.
    const both = this.sift ? 2 : 1;
    const record = both * 4 * this.recordWords * slots;
    if (!this.backwardKernel) return { fields, checkpoints: checkpoint, record, rows: 0, backward: 0 };
    return {
      fields,
      checkpoints: checkpoint * Math.ceil(this.plan.steps / this.gridWindow(1)) + 4 * this.kept,
      record,
      rows: 4 * this.rowsPerPath,
      backward: 4 * this.carried * neurons + both * 4 * slots,
    };
  }

  encodeForward(batch: Batch, chunk: Chunk, slots: number): EncodedPaths {
    const { gpu, plan, theta, connections } = this;
    const { paths } = chunk;
    const window = this.gridWindow(paths);
    const windows = Math.ceil(plan.steps / window);
    const keep = this.backwardKernel ? windows : 1;
    const words = workgroupCheckpointWords(this.n, this.neurons, this.shape.several);
    const checkpoints = gpu.buffer("checkpoints", 4 * (words * keep + this.kept) * paths);
    const record = gpu.buffer("spike record", 4 * this.recordWords * slots * paths);
    const status = gpu.buffer("status", 4 * statusWords);
    const fields = this.inWorkgroup
      ? undefined
      : batch.temporary("fields", 4 * workgroupFields(this.n, this.noise).perNeuron * this.neurons * paths);
    const observing = this.observing(chunk);
    batch.clear(status);
    for (let w = 0; w < windows; w++) {
      batch.dispatch(this.forwardKernel, {
        uniform: {
          ...networkRunOf(plan, chunk, w * window, Math.min(plan.steps, (w + 1) * window)),
          slots,
          fresh: Number(w === 0),
          last: Number(w === windows - 1),
          checkpointBegin: this.backwardKernel ? Math.max(0, w - 1) : 0,
          checkpointEnd: this.backwardKernel ? w : 0,
          noiseFrom: words * keep * paths,
        },
        theta,
        connections: connections.storage,
        checkpoints,
        record,
        status,
        ...observing,
        fields,
        groups: groupsOf(paths),
      });
    }
    const counted = (word: number): TablePart => ({
      storage: checkpoints,
      byteOffset: 4 * ((keep - 1) * words + (this.n + 1) * this.neurons + word) * paths,
    });
    const { states } = observing;
    const [recorded, counts] = [counted(0), counted(this.sift ? 2 : 0)];
    const written = { record, status, states, recorded, counts, others: [checkpoints] };
    return { ...this.handOn(batch, chunk, slots, written), checkpoints };
  }

  encodeBackward(
    batch: Batch,
    chunk: EncodedChunk,
    cotangents: Cotangents,
    rows: Storage,
    tapeEntries: number,
    status?: RunStatus,
  ): void {
    const { gpu, plan, theta, connections, n, noise, neurons } = this;
    const { paths, checkpoints } = chunk as EncodedPaths;
    const { record, cotangents: all } = this.takeBack(batch, chunk, cotangents);
    const window = this.gridWindow(paths);
    const windows = Math.ceil(plan.steps / window);
    const entries = Math.max(1, status?.largestTape ?? tapeEntries);
    const pathBytes = 4 * tapeWords(n, this.kept > 0 ? 0 : noise, entries, window, neurons);
    const most = Math.min(gpu.device.limits.maxStorageBufferBindingSize, gpu.device.limits.maxBufferSize, tapeBytes);
    const turn = Math.min(paths, Math.max(1, Math.floor(most / pathBytes)));
    const tape = batch.temporary("tape", pathBytes * turn);
    const carried = batch.temporary("adjoint", 4 * this.carried * neurons * paths);
    batch.clear(carried);
    this.encodeHorizon(batch, { chunk, checkpoints, record, adjoint: carried, rows }, cotangents, windows - 1);
    for (let w = windows - 1; w >= 0; w--) {
      const run = {
        ...networkRunOf(plan, chunk, w * window, Math.min(plan.steps, (w + 1) * window)),
        fresh: Number(w === 0),
        checkpointBegin: Math.max(0, w - 1),
        checkpointLast: windows - 1,
        noiseFrom: workgroupCheckpointWords(n, neurons, this.shape.several) * windows * paths,
        tapeEntries: entries,
      };
      for (let tapeFirst = 0; tapeFirst < paths; tapeFirst += turn) {
        const tapePaths = Math.min(turn, paths - tapeFirst);
        batch.dispatch(this.backwardKernel!, {
          uniform: { ...run, tapeFirst, tapePaths },
          theta,
          connections: connections.storage,
          record,
          cotangents: all,
          checkpoints,
          carried,
          tape,
          rows,
          groups: groupsOf(tapePaths),
        });
      }
    }
  }
}
