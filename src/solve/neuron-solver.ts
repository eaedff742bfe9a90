/**
 * Forward solver of networks whose connections all have delays of a step or more: a neuron of a path per invocation. A window
 * is as many steps as the least delay, in which neurons do not touch each other; after each, its spikes are sent.
 */
import { recordWords } from "../../shaders/shared/record.wgsl.js";
import { deliverInputs } from "../../shaders/solve/deliver-inputs.wgsl.js";
import { deliverSpikes } from "../../shaders/solve/deliver-spikes.wgsl.js";
import { forwardNeurons } from "../../shaders/solve/forward-neurons.wgsl.js";
import { orderEvents } from "../../shaders/solve/order-events.wgsl.js";
import { neuronWords, underwayWords } from "../../shaders/solve/underway.wgsl.js";
import { eventIsAffine } from "../cell/functions.js";
import { recordsEvents } from "../cell/tables.js";
import { fail } from "../checks.js";
import type { Batch, Gpu, KernelOf } from "../gpu/index.js";
import { anyArrives, firstArrivalFrom } from "../plan/arrivals.js";
import { type Chunk, stepsPerDispatch } from "../plan/chunks.js";
import type { SolvePlan } from "../plan/plan.js";
import { type EncodedChunk, lanesOf, statusWords } from "./chunk-solver.js";
import { ConnectedSolver } from "./connected-solver.js";
import { ConnectionBuffer, connectionShape } from "./connections.js";
import { delaySteps, mostWindows } from "./neuron-windows.js";
import type { SolverParts } from "./plan-solver.js";
import { solverShape } from "./shape.js";
import { networkRunOf } from "./uniform.js";

/** Spikes of a neuron for which there is room at first, where maxSpikes does not say, and of a path. */
const [firstSpikes, firstOfPath] = [64, 2 ** 21];

/** Connections, of which one at first has a spike under way. */
const connectionsPerEntry = 4;

/** Workgroups that deliver the spikes of a window, of all paths. */
const deliveringGroups = 256;

/** Paths along y of a dispatch; the others along z. */
const mostAlongY = 32768;

const powerOfTwo = (least: number): number => 2 ** Math.max(0, Math.ceil(Math.log2(least)));

interface Kernels {
  readonly deliver: KernelOf<typeof deliverSpikes>;
  /** Where there are input spikes. */
  readonly inputs: KernelOf<typeof deliverInputs> | undefined;
  readonly order: KernelOf<typeof orderEvents>;
}

type Forward = KernelOf<typeof forwardNeurons>;

export class NeuronSolver extends ConnectedSolver<Forward, never> {
  readonly recordWords = recordWords.neurons;
  private readonly neurons: number;
  private readonly delays: { readonly soonest: number; readonly latest: number };

  private constructor(
    parts: SolverParts<Forward, never>,
    private readonly kernels: Kernels,
    connections: ConnectionBuffer,
    private readonly mostSteps: number,
  ) {
    super(parts, connections);
    this.neurons = parts.plan.network.neurons;
    this.delays = delaySteps(parts.plan);
  }

  /**
   * The plan's delays are a step or more (neuron-windows.ts).
   * @param mostSteps of a window, where it is to be shorter than delays allow.
   */
  static async create(gpu: Gpu, plan: SolvePlan, mostSteps = plan.steps): Promise<NeuronSolver> {
    const { network } = plan;
    const { cell } = network;
    const label = `neurons of ${cell.name}, ${plan.method}`;
    // Arrivals are not recorded: where every event is a spike, the record is of spikes.
    const several = recordsEvents(cell);
    const shape = { ...(await solverShape(plan, "none")), several };
    const edges = connectionShape(plan, shape.layout);
    const lanes = lanesOf(gpu);
    const workgroupSize = 64;
    const affineEvent = eventIsAffine(shape.functions);
    const emits = cell.events.map((e) => e.emits);
    const own = { ...edges, neurons: network.neurons, states: shape.states, workgroupSize: lanes, several };
    // Lanes take input spikes, or connections of a source.
    const inputs = { ...own, ...delaySteps(plan), workgroupSize: edges.sources > 0 ? lanes : workgroupSize };
    const [forwardKernel, deliver, inputKernel, order, sift] = await Promise.all([
      gpu.kernel(forwardNeurons({ ...shape, ...edges, affineEvent, workgroupSize }, `forward ${label}`)),
      gpu.kernel(deliverSpikes({ ...own, ...delaySteps(plan) }, `spikes of ${label}`)),
      anyArrives(plan) ? gpu.kernel(deliverInputs(inputs, `inputs of ${label}`)) : undefined,
      gpu.kernel(orderEvents({ workgroupSize: lanes, several, emits }, `order of ${label}`)),
      several ? import("./sifted.js").then(({ Sift }) => Sift.create(gpu, cell, recordWords.neurons)) : undefined,
    ]);
    const kernels = { deliver, inputs: inputKernel, order };
    const backward = { backwardKernel: undefined, horizonKernel: undefined, views: [] };
    const parts = { gpu, plan, shape, forwardKernel, sift, ...backward };
    return new NeuronSolver(parts, kernels, new ConnectionBuffer(gpu, plan, edges), mostSteps);
  }

  get firstSlots(): number {
    const { plan, neurons } = this;
    return neurons * Math.max(1, Math.min(plan.steps, firstSpikes, Math.floor(firstOfPath / neurons)));
  }

  /** Entries of a path, events that it has room for, and steps whose heads it keeps. */
  private room(slots: number): { entries: number; room: number; ring: number } {
    const { plan, neurons, delays } = this;
    const { targets, longestRow } = plan.network.connections;
    const grown = Math.max(1, slots / (plan.maxSpikes || this.firstSlots));
    const entries = powerOfTwo(Math.max(64, longestRow, targets.length / connectionsPerEntry) * grown);
    // Beyond the spike at which a path stops there may be others in its window.
    const room = plan.maxSpikes > 0 ? slots + 2 * neurons : slots;
    // Sources send in the window at hand, and neurons for those after it.
    const window = this.windowOf(1);
    const ring = plan.network.sources > 0 ? delays.latest + window : Math.max(delays.latest, window);
    return { entries, room, ring };
  }

  /** Steps of a window. */
  private windowOf(paths: number): number {
    return Math.min(this.mostSteps, this.delays.soonest, stepsPerDispatch(paths * this.neurons));
  }

  protected bytes(slots: number): Record<"work" | "entries" | "events" | "marks" | "record", number> {
    const { neurons, shape, plan } = this;
    const { entries, room, ring } = this.room(slots);
    return {
      work: 4 * (neuronWords(shape.states) + ring) * neurons,
      entries: 4 * underwayWords.entry * entries,
      events: 8 * underwayWords.event * room,
      marks: 4 * underwayWords.marks * (Math.ceil(plan.steps / this.windowOf(1)) + 1),
      record: (this.sift ? 8 : 4) * this.recordWords * slots,
    };
  }

  encodeForward(batch: Batch, chunk: Chunk, slots: number): EncodedChunk {
    const { gpu, plan, theta, kernels, neurons, delays } = this;
    const connections = this.connections.storage;
    const { paths } = chunk;
    const steps = this.windowOf(paths);
    const windows = Math.ceil(plan.steps / steps);
    if (windows > mostWindows) {
      fail("time.dt", `${windows} windows of ${steps} steps are too many for "neuron"; take distribution "invocation"`);
    }
    const { entries: count, room, ring } = this.room(slots);
    const size = this.bytes(slots);
    const where = { ring, entryMask: count - 1, room };
    const counters = batch.temporary("counters", 4 * underwayWords.counters * paths);
    const marks = batch.temporary("marks", 4 * underwayWords.marks * (windows + 1) * paths);
    const entries = batch.temporary("entries", size.entries * paths);
    const events = batch.temporary("events", size.events * paths);
    const work = batch.temporary("work", size.work * paths);
    const record = gpu.buffer("spike record", 4 * this.recordWords * slots * paths);
    const status = gpu.buffer("status", 4 * statusWords);
    const counts = gpu.buffer("spike counts", 8 * paths);
    const observing = this.observing(chunk);
    for (const cleared of [work, counters, status]) batch.clear(cleared);
    batch.clear(marks, 0, 4 * underwayWords.marks * paths);
    const along = [Math.min(paths, mostAlongY), Math.ceil(paths / mostAlongY)] as const;
    const perPath = Math.max(1, Math.min(Math.ceil(neurons / 64), Math.floor(deliveringGroups / paths)));
    /** Windows through which an entry may be under way. */
    const lasts = Math.ceil(delays.latest / steps);
    const all = { ...networkRunOf(plan, chunk, 0, 0), ...where };
    for (let w = 0; w < windows; w++) {
      const [stepBegin, stepEnd] = [w * steps, Math.min(plan.steps, (w + 1) * steps)];
      const run = { ...all, stepBegin, stepEnd, firstArrival: firstArrivalFrom(plan, stepBegin) };
      const inputEnd = firstArrivalFrom(plan, stepEnd);
      const sources = plan.network.sources > 0;
      if (kernels.inputs && (sources || inputEnd > run.firstArrival)) {
        batch.dispatch(kernels.inputs, {
          uniform: { ...run, inputEnd, oldest: Math.max(0, w - lasts) },
          ...{ theta, connections, heads: work, entries, counters, marks },
          ...(sources ? { groups: [perPath, ...along] } : { threads: [inputEnd - run.firstArrival, ...along] }),
        });
      }
      batch.dispatch(this.forwardKernel, {
        uniform: { ...run, fresh: Number(w === 0), last: Number(w === windows - 1) },
        ...{ theta, connections, work, entries, events, counters, ...observing },
        threads: [neurons, ...along],
      });
      batch.dispatch(kernels.deliver, {
        uniform: { ...run, window: w, oldest: Math.max(0, w + 1 - lasts) },
        ...{ theta, connections, events, heads: work, entries, counters, marks },
        groups: [perPath, ...along],
      });
    }
    const across = Math.ceil(windows / mostAlongY);
    batch.dispatch(kernels.order, {
      uniform: { paths, ...where, windows, slots, maxSpikes: plan.maxSpikes },
      ...{ marks, counters, events, record, counts, status },
      groups: [Math.ceil(windows / across), across, paths],
    });
    return this.handOn(batch, chunk, slots, {
      ...{ record, status, states: observing.states },
      recorded: { storage: counts, byteOffset: 0 },
      counts: { storage: counts, byteOffset: 4 * paths },
      others: [counts],
    });
  }

  encodeBackward(): never {
    return fail("distribution", '"neuron" has no gradients; take "invocation"');
  }
}
