/** Simulation on the GPU: chunk by chunk, the record growing until every spike fits. */
import { recordReader } from "../../shaders/shared/record.wgsl.js";
import type { PendingEvent } from "../../shaders/solve/horizon.wgsl.js";
import { fail } from "../checks.js";
import { SaltationError } from "../errors.js";
import type { Gpu } from "../gpu/index.js";
import { anyArrives, longestAgenda } from "../plan/arrivals.js";
import { blockPaths, type Chunk, type PathRange, wholeBlocks } from "../plan/chunks.js";
import type { Discretisation, DiscretisationOptions } from "../plan/discretisation.js";
import type { View } from "../plan/layout.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { type DeviceSpikes, deviceSpikes } from "../spikes/device-spikes.js";
import type { SimulatedSpikes } from "../spikes/simulated.js";
import { noStates, type StateTable, stateTable } from "../spikes/state-table.js";
import { emptyTable, type SpikeTable } from "../spikes/table.js";
import { decideIncrements } from "./carried.js";
import { checkRecord } from "./check-record.js";
import { type ChunkSolver, forwardChunk, lanesOf, type RunStatus, type SolvedChunk } from "./chunk-solver.js";
import { SingleSolver } from "./single.js";

/** Bytes on the GPU that a chunk of paths may take. */
export const chunkBytes = 192 * 2 ** 20;

/**
 * Picks the solver for a network. A path per workgroup from where more than half of its lanes have a neuron: what
 * `npm run bench -- networks` measures (docs/decisions.md). The number of paths does not matter, so that a path is the
 * same in a run of any size.
 * @param pending the spikes that gradients have a horizon term of.
 */
export async function createSolver(
  gpu: Gpu,
  given: SolvePlan,
  views: readonly View[] = [],
  pending: readonly PendingEvent[] = [],
): Promise<ChunkSolver> {
  const { neurons, connections } = given.network;
  const alone = neurons === 1 && connections.weights.length === 0 && !anyArrives(given);
  if (!alone && (given.distribution === "neuron" || connections.delays.length > 0 || given.network.sources > 0)) {
    const solver = await (await import("./neuron-windows.js")).solverByNeurons(gpu, given, views);
    if (solver) return solver;
  }
  const plan = await decideIncrements(gpu, given, { differentiates: views.length > 0 });
  if (alone) return SingleSolver.create(gpu, plan, views, pending);
  // Lanes take targets side by side, each once, and at once.
  const why = whyLone(plan, views);
  if (why !== undefined && plan.distribution === "workgroup")
    fail("distribution", `"workgroup" does not take ${why}; take "invocation"`);
  const wide = plan.distribution === "auto" ? 2 * neurons > lanesOf(gpu) : plan.distribution === "workgroup";
  const byWorkgroup = wide && why === undefined;
  // Loaded when a network is solved: a page with one neuron does without (docs/embedding.md).
  if (byWorkgroup) return (await import("./workgroup-solver.js")).WorkgroupSolver.create(gpu, plan, views, { pending });
  return (await import("./network-solver.js")).NetworkSolver.create(gpu, plan, views, pending);
}

/** What of a network the lanes of a workgroup, which add to what they do not share, cannot take side by side. */
function whyLone({ network: { connections }, current }: SolvePlan, views: readonly View[]): string | undefined {
  if (connections.parallel) return "several connections from a neuron to another";
  if (connections.delays.length > 0) return "connections with delays";
  const asked = (segment: string): boolean => views.some((view) => view.segment === segment);
  const { weights, targets } = connections;
  if (asked("weights") && weights.length < targets.length) return "gradients by weights that connections share";
  if (asked("current") && current.parts?.some((part) => !part.perNeuron && part.samples > 1))
    return "gradients by a sampled current that the neurons of a population share";
  return undefined;
}

/** First guess of the slots that a path's record needs, where maxSpikes does not say. */
export function firstSlots(plan: SolvePlan, solver?: ChunkSolver): number {
  const { neurons, connections } = plan.network;
  const own =
    plan.maxSpikes || solver?.firstSlots || Math.min(plan.steps * neurons, 32 * Math.ceil(Math.sqrt(neurons)));
  // With delays there are spikes of sources in the record, and what arrives of them.
  const sent = connections.delays.length > 0 && !solver?.firstSlots ? longestAgenda(plan) : 0;
  return own + 2 * sent;
}

/** @throws SaltationError `not-finite` where a state left the finite numbers. */
export function checkFinite(plan: SolvePlan, status: RunStatus, paths: number): void {
  if (status.notFinite > 0) {
    throw new SaltationError(
      "not-finite",
      `the state became infinite or NaN in ${status.notFinite} of ${paths} paths: parameters or weights are too ` +
        `large for dt = ${plan.dt}; take a smaller dt or check their values`,
    );
  }
}

/**
 * Paths of a chunk that fits the memory set aside for one.
 * @param extraPerPath bytes per path that the caller needs beside the solver's, and of its largest buffer.
 */
export function fittingPaths(
  gpu: Gpu,
  solver: ChunkSolver,
  slots: number,
  bytes = chunkBytes,
  extraPerPath = 0,
  extraLargest = extraPerPath,
): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const largest = Math.max(extraLargest, solver.largestBindingPerPath(slots));
  const most = Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / largest);
  return wholeBlocks(solver.bytesPerPath(slots) + extraPerPath, bytes, Math.min(65536, most));
}

/** The same where nothing is summed over paths: less than a block, where a block of them does not fit. */
function simulatedPaths(gpu: Gpu, solver: ChunkSolver, slots: number): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const most = Math.min(maxStorageBufferBindingSize, maxBufferSize) / solver.largestBindingPerPath(slots);
  const fitting = Math.floor(Math.min(most, chunkBytes / solver.bytesPerPath(slots)));
  return fitting < blockPaths ? Math.max(1, fitting) : fittingPaths(gpu, solver, slots);
}

/**
 * Solves a chunk of a plan's paths, rerunning it with a larger record until all spikes fit; a larger record may leave
 * room for fewer paths.
 * @throws SaltationError `not-finite` where a state left the finite numbers, `invalid-input` where a neuron fires so often
 * that a step does not tell its spikes apart.
 * @param fitting paths of a chunk that fit with so many slots, see `fittingPaths`.
 */
export async function solveFrom(
  gpu: Gpu,
  plan: SolvePlan,
  solver: ChunkSolver,
  firstPath: number,
  slots: { value: number },
  fitting: (slots: number) => number,
): Promise<SolvedChunk> {
  for (;;) {
    const paths = Math.min(plan.paths - firstPath, fitting(slots.value));
    const solved = await forwardChunk(gpu, solver, { firstPath, paths }, slots.value);
    const { overflowed, saturated } = solved.status;
    try {
      checkFinite(plan, solved.status, paths);
      if (overflowed + saturated > 0) {
        await checkRecord(gpu, plan, solved, solver.recordWords);
      }
    } catch (error) {
      solved.dispose();
      throw error;
    }
    if (overflowed === 0) return solved;
    solved.dispose();
    growSlots(slots);
  }
}

/** Doubles the slots of a record. */
export function growSlots(slots: { value: number }): void {
  slots.value *= 2;
}

function release(chunks: readonly DeviceSpikes[]): void {
  for (const { record, counts, states } of chunks) {
    record.dispose();
    states?.dispose();
    counts.storage.dispose();
  }
}

/** Simulates all paths of a plan; the spikes stay on the GPU. */
export async function simulateGpu(
  gpu: Gpu,
  plan: SolvePlan,
  progress?: (pathsDone: number) => void,
  range: PathRange = { first: 0, end: plan.paths },
): Promise<SimulatedSpikes> {
  const solver = await createSolver(gpu, plan);
  const { first, end } = range;
  const kept: DeviceSpikes[] = [];
  const slots = { value: firstSlots(plan, solver) };
  let saturated = 0;
  let largestCount = 0;
  let [committed, offered] = [0, 0];
  const bytesPerSpike = 4 * solver.recordWords;
  try {
    const fitting = (room: number): number => simulatedPaths(gpu, solver, room);
    for (let done = 0; first + done < end; ) {
      const solved = await solveFrom(gpu, { ...plan, paths: end }, solver, first + done, slots, fitting);
      const { paths } = solved;
      const firstPath = done;
      done += paths;
      // Slots are rows, so the rows in use are one piece: keep only those.
      const used = Math.max(1, solved.status.largestCount);
      const record = gpu.buffer("spike trains", bytesPerSpike * used * paths);
      const counts = gpu.buffer("spike counts", 4 * paths);
      const states = solved.states && gpu.buffer("states", 4 * observedEntries(plan.observed) * paths);
      const batch = gpu.batch("keep");
      batch.copy(solved.record, 0, record, 0, record.bytes);
      batch.copy(solved.counts.storage, solved.counts.byteOffset, counts, 0, counts.bytes);
      if (states) batch.copy(solved.states!, 0, states, 0, states.bytes);
      batch.submit();
      const chunk = { firstPath, paths, slots: used, record, counts: { storage: counts, byteOffset: 0 }, states };
      solved.dispose();
      kept.push(deviceSpikes(plan, chunk, solver.recordWords));
      saturated += solved.status.saturated;
      committed += solved.status.committed;
      offered += solved.status.offered;
      largestCount = Math.max(largestCount, solved.status.largestCount);
      progress?.(done);
    }
  } catch (error) {
    release(kept);
    throw error;
  } finally {
    solver.dispose();
  }
  return new GpuSpikes(gpu, { ...plan, paths: end - first }, kept, {
    saturatedPaths: saturated,
    largestCount,
    laneEfficiency: offered > 0 ? committed / offered : undefined,
    warnings: told(solver.warnings),
  });
}

/** Warnings as a result has them. */
export const told = (warnings: readonly string[] | undefined): readonly string[] | undefined =>
  warnings && warnings.length > 0 ? warnings : undefined;

/** Puts the record of a chunk, [slots][words][paths], into the rows of a table. */
export function fillTable(
  table: SpikeTable,
  plan: SolvePlan,
  chunk: Chunk,
  words: number,
  record: Uint32Array,
  counts: Uint32Array,
): void {
  const { paths, firstPath } = chunk;
  const spikes = recordReader(record, words, paths);
  for (let i = 0; i < paths; i++) {
    const row = (firstPath + i) * table.slots;
    table.counts[firstPath + i] = counts[i]!;
    for (let n = 0; n < counts[i]!; n++) {
      table.times[row + n] = plan.t0 + (spikes.step(n, i) + spikes.place(n, i)) * plan.dt;
      table.neurons[row + n] = spikes.neuron(n, i);
    }
  }
}

/** Puts the states of a chunk, [entries][paths], into the rows of all paths, [paths][entries]. */
export function fillStates(
  values: Float64Array,
  { firstPath, paths }: Chunk,
  entries: number,
  states: Float32Array,
): void {
  for (let e = 0; e < entries; e++) {
    for (let i = 0; i < paths; i++) values[(firstPath + i) * entries + e] = states[e * paths + i]!;
  }
}

/** What a simulation came to, over all its chunks. */
type Outcome = Pick<SimulatedSpikes, "saturatedPaths" | "largestCount" | "laneEfficiency" | "warnings">;

/** Spikes on the GPU, chunk by chunk. */
export class GpuSpikes implements SimulatedSpikes {
  private table: Promise<SpikeTable> | undefined;

  constructor(
    private readonly gpu: Gpu,
    private readonly plan: SolvePlan,
    readonly onDevice: readonly DeviceSpikes[],
    private readonly outcome: Outcome,
  ) {}

  get saturatedPaths(): number {
    return this.outcome.saturatedPaths;
  }
  get largestCount(): number {
    return this.outcome.largestCount;
  }
  get laneEfficiency(): number | undefined {
    return this.outcome.laneEfficiency;
  }
  get warnings(): readonly string[] | undefined {
    return this.outcome.warnings;
  }
  get paths(): number {
    return this.plan.paths;
  }
  get t0(): number {
    return this.plan.t0;
  }
  get t1(): number {
    return this.plan.t1;
  }
  get bytes(): number {
    return this.onDevice.reduce((sum, c) => sum + c.record.bytes + c.counts.storage.bytes + (c.states?.bytes ?? 0), 0);
  }

  read(): Promise<SpikeTable> {
    this.table ??= this.readAll();
    return this.table;
  }

  private async readAll(): Promise<SpikeTable> {
    const { plan } = this;
    const width = plan.maxSpikes > 0 ? plan.maxSpikes : this.largestCount;
    const table = emptyTable(plan.paths, width, plan.t1);
    for (const c of this.onDevice) {
      const record = new Uint32Array(await this.gpu.read(c.record));
      const counts = new Uint32Array(await this.gpu.read(c.counts.storage));
      fillTable(table, plan, c, c.recordWords, record, counts);
    }
    return table;
  }

  async states(): Promise<StateTable> {
    const { plan } = this;
    if (!plan.observed) throw noStates();
    const entries = observedEntries(plan.observed);
    const values = new Float64Array(entries * plan.paths);
    for (const c of this.onDevice) fillStates(values, c, entries, new Float32Array(await this.gpu.read(c.states!)));
    return stateTable(plan, plan.observed, values);
  }

  async spikeTimes(): Promise<Float64Array> {
    return (await this.read()).times;
  }

  async meanCount(): Promise<number> {
    let sum = 0;
    for (const c of this.onDevice) for (const n of new Uint32Array(await this.gpu.read(c.counts.storage))) sum += n;
    return sum / this.paths;
  }

  async discretisation(options?: DiscretisationOptions): Promise<Discretisation> {
    return (await import("../twin/discretisation.js")).measureDiscretisation(this.plan, options);
  }

  dispose(): void {
    release(this.onDevice);
  }
}
