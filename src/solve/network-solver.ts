/** Solver of networks: a path per invocation, windows counted in grid steps, states in storage buffers. */
import { recordWords } from "../../shaders/shared/record.wgsl.js";
import { backwardFields, backwardNetwork } from "../../shaders/solve/backward-network.wgsl.js";
import { forwardNetwork, networkFields } from "../../shaders/solve/forward-network.wgsl.js";
import type { PendingEvent } from "../../shaders/solve/horizon.wgsl.js";
import { noiseNames } from "../../shaders/substep/solver.wgsl.js";
import { eventIsAffine } from "../cell/functions.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { Chunk } from "../plan/chunks.js";
import { segmentsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Cotangents, type EncodedChunk, type RunStatus, statusWords } from "./chunk-solver.js";
import { ConnectedSolver } from "./connected-solver.js";
import { ConnectionBuffer, connectionShape } from "./connections.js";
import { gradientPlaces } from "./gradient-places.js";
import { horizonOf, type SolverParts } from "./plan-solver.js";
import { solverShape } from "./shape.js";
import { siftFor } from "./sift-for.js";
import { networkRunOf } from "./uniform.js";

/** Small, so that a training batch of a hundred paths still spreads over the processors. */
const workgroupSize = 32;

/** Bytes of tape at a time: paths beyond it take turns. */
const tapeBytes = 128 * 2 ** 20;

interface EncodedNetwork extends EncodedChunk {
  readonly checkpoints: Storage;
  /** Where paths ended, of a solver that has a horizon term. */
  readonly end: Storage | undefined;
}

type Forward = KernelOf<typeof forwardNetwork>;
type Backward = KernelOf<typeof backwardNetwork>;

export class NetworkSolver extends ConnectedSolver<Forward, Backward> {
  readonly recordWords = recordWords.neurons;
  private readonly n: number;
  private readonly neurons: number;

  private constructor(parts: SolverParts<Forward, Backward>, connections: ConnectionBuffer) {
    super(parts, connections);
    this.n = parts.shape.states;
    this.neurons = parts.plan.network.neurons;
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
  ): Promise<NetworkSolver> {
    const { network } = plan;
    const names = segmentsOf(views);
    const label = `network of ${network.cell.name}, ${plan.method}`;
    const shape = await solverShape(plan, "none", names);
    const affineEvent = eventIsAffine(shape.functions);
    const sizes = {
      ...connectionShape(plan, shape.layout, { byDelay: true }),
      affineEvent,
      workgroupSize,
      recordWords: network.connections.delays.length > 0 ? recordWords.arrivals : recordWords.neurons,
    };
    const forwardKernel = gpu.kernel(forwardNetwork({ ...shape, ...sizes }, `forward ${label}`));
    let backwardKernel: Promise<Backward> | undefined;
    if (views.length > 0) {
      const reverse = await solverShape(plan, "reverse", names);
      const places = gradientPlaces(plan, views);
      backwardKernel = gpu.kernel(backwardNetwork({ ...reverse, ...sizes, ...places }, `backward ${label}`));
    }
    const n = shape.states;
    // The end of the paths lies like a checkpoint, from the beginning of its buffer.
    const horizon = horizonOf(gpu, plan, views, pending, {
      state: (s) => `bitcast<f32>(checkpoints[(${s}u * K + k) * run.paths + i])`,
      taken: `checkpoints[(${n}u * K + k) * run.paths + i]`,
      total: `checkpoints[${n + 1}u * K * run.paths + i]`,
      adjoint: (s) => `(${backwardFields(n).adjoint + s}u * K + k) * run.paths + i`,
    });
    const [f, b, h, sift] = await Promise.all([forwardKernel, backwardKernel, horizon, siftFor(gpu, network)]);
    const connections = new ConnectionBuffer(gpu, plan, sizes);
    const parts = { gpu, plan, shape, forwardKernel: f, backwardKernel: b, horizonKernel: h, sift, views };
    return new NetworkSolver(parts, connections);
  }

  protected bytes(slots: number): Record<"work" | "checkpoints" | "record" | "rows" | "backward", number> {
    const { perNeuron, perPath } = this.fields;
    const work = 4 * (perNeuron * this.neurons + perPath);
    // Where not all events are spikes there is a record of either.
    const record = 4 * (this.recordWords + (this.sift?.words ?? 0)) * slots;
    if (!this.backwardKernel) return { work, checkpoints: 0, record, rows: 0, backward: 0 };
    const windows = Math.ceil(this.plan.steps / this.gridWindow(1));
    return {
      work,
      checkpoints: 4 * (windows + (this.horizonKernel ? 1 : 0)) * ((this.n + 1) * this.neurons + 1),
      record,
      rows: 4 * this.rowsPerPath,
      backward: 4 * (backwardFields(this.n).perNeuron * this.neurons + 2) + (this.sift ? 2 : 1) * 4 * slots,
    };
  }

  /** Words of what the kernels write to a record. */
  get eventWords(): number {
    return this.sift?.words ?? this.recordWords;
  }

  private get fields() {
    const { delays } = this.plan.network.connections;
    return networkFields(this.n, noiseNames(this.shape).length, this.shape.several, delays.length);
  }

  encodeForward(batch: Batch, chunk: Chunk, slots: number): EncodedNetwork {
    const { gpu, plan, theta, connections, n, neurons } = this;
    const { paths } = chunk;
    const { fields, sift } = this;
    const window = this.gridWindow(paths);
    const windows = Math.ceil(plan.steps / window);
    const perField = 4 * neurons * paths;
    const work = batch.temporary("work", fields.perNeuron * perField + 4 * fields.perPath * paths);
    const record = gpu.buffer("spike record", 4 * this.eventWords * slots * paths);
    const status = gpu.buffer("status", 4 * statusWords);
    const checkpointBytes = (n + 1) * perField + 4 * paths;
    const checkpoints = gpu.buffer("checkpoints", this.backwardKernel ? checkpointBytes * windows : 4);
    const counts = gpu.buffer("spike counts", 4 * paths);
    const observing = this.observing(chunk);
    batch.clear(status);
    const bound = { theta, connections: connections.storage, work, record, status, ...observing, threads: paths };
    // A window of no steps, so that window 0 has a checkpoint like the others.
    const start = { ...networkRunOf(plan, chunk, 0, 0), slots, fresh: 1, last: 0 };
    batch.dispatch(this.forwardKernel, { uniform: start, ...bound });
    for (let w = 0; w < windows; w++) {
      const [stepBegin, stepEnd] = [w * window, Math.min(plan.steps, (w + 1) * window)];
      if (this.backwardKernel) {
        const at = checkpointBytes * w;
        batch.copy(work, fields.bank(stepBegin & 1) * perField, checkpoints, at, n * perField);
        batch.copy(work, fields.fired * perField, checkpoints, at + n * perField, perField);
        batch.copy(work, fields.perNeuron * perField, checkpoints, at + (n + 1) * perField, 4 * paths);
      }
      const run = networkRunOf(plan, chunk, stepBegin, stepEnd);
      const last = Number(w === windows - 1);
      batch.dispatch(this.forwardKernel, { uniform: { ...run, slots, fresh: 0, last }, ...bound });
    }
    const perPath = fields.perNeuron * perField;
    const end = this.horizonKernel && gpu.buffer("end of paths", checkpointBytes);
    if (end) {
      batch.copy(work, fields.bank(plan.steps & 1) * perField, end, 0, n * perField);
      batch.copy(work, fields.fired * perField, end, n * perField, perField);
      batch.copy(work, perPath, end, (n + 1) * perField, 4 * paths);
    }
    batch.copy(work, perPath + (sift ? 8 * paths : 0), counts, 0, 4 * paths);
    const written = {
      ...{ record, status, states: observing.states },
      recorded: { storage: work, byteOffset: perPath },
      counts: { storage: counts, byteOffset: 0 },
      others: [checkpoints, end, counts],
    };
    return { ...this.handOn(batch, chunk, slots, written), checkpoints, end };
  }

  encodeBackward(
    batch: Batch,
    chunk: EncodedChunk,
    cotangents: Cotangents,
    rows: Storage,
    tapeEntries: number,
    status?: RunStatus,
  ): void {
    const { gpu, plan, theta, connections, n, neurons } = this;
    const { paths, checkpoints, end } = chunk as EncodedNetwork;
    const { record, counts, cotangents: all } = this.takeBack(batch, chunk, cotangents);
    const fields = backwardFields(n);
    const window = this.gridWindow(paths);
    const windows = Math.ceil(plan.steps / window);
    const perField = 4 * neurons * paths;
    const checkpointBytes = (n + 1) * perField + 4 * paths;
    const entryBytes = 4 * (n + 1);
    const most = Math.min(gpu.device.limits.maxStorageBufferBindingSize, gpu.device.limits.maxBufferSize);
    const longest = entryBytes * Math.max(1, status?.largestTape ?? tapeEntries);
    // Paths of one turn on the tape: whole workgroups, at least one.
    const turn = Math.min(
      paths,
      Math.max(1, Math.floor(Math.min(tapeBytes, most) / longest / workgroupSize)) * workgroupSize,
    );
    const work = batch.temporary("backward work", fields.perNeuron * perField + 4 * fields.perPath * paths);
    const tape = batch.temporary("tape", longest * turn);
    const pathFields = fields.perNeuron * perField;
    batch.clear(work);
    batch.copy(counts.storage, counts.byteOffset, work, pathFields + 4 * paths, 4 * paths);
    if (end) this.encodeHorizon(batch, { chunk, checkpoints: end, record, adjoint: work, rows }, cotangents, 0);
    for (let w = windows - 1; w >= 0; w--) {
      const at = checkpointBytes * w;
      const [stepBegin, stepEnd] = [w * window, Math.min(plan.steps, (w + 1) * window)];
      batch.copy(checkpoints, at, work, 0, (n + 1) * perField);
      batch.copy(checkpoints, at + (n + 1) * perField, work, pathFields, 4 * paths);
      const run = networkRunOf(plan, chunk, stepBegin, stepEnd);
      for (let tapeFirst = 0; tapeFirst < paths; tapeFirst += turn) {
        batch.dispatch(this.backwardKernel!, {
          uniform: { ...run, tapeFirst, tapePaths: turn },
          theta,
          connections: connections.storage,
          record,
          cotangents: all,
          work,
          tape,
          rows,
          threads: Math.min(turn, paths - tapeFirst),
        });
      }
    }
  }
}
