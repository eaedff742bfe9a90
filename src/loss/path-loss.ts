/**
 * A loss of one's own in WGSL: the mean over paths of a function of one path's spikes, run on the GPU. (A loss in
 * TypeScript is an object with `evaluate`, see `Loss`; one with kernels of its own has `gpu`.)
 *
 * Where the function jumps as a spike crosses t1, the horizon term has what that makes: the function is called once more for
 * each neuron, with a spike of it at t1. Whether it jumps elsewhere is the caller's matter: `leavesOut` then says so in
 * results.
 */
import { pathLoss as pathLossKernel } from "../../shaders/loss/path-loss.wgsl.js";
import { checkOptions, fail, float32Number, type Names, show, wholeNumber } from "../checks.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import { entriesAmong, observedEntries, planObserved, type StatesOptions } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { RowSums } from "../reduce/row-sums.js";
import { estimateOf } from "../reduce/statistics.js";
import type { DeviceSpikes } from "../spikes/device-spikes.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { checkCotangents } from "./host-loss.js";
import { type GpuLoss, type Kept, type Loss, ofPathValues, type SomePaths, type WrittenCotangents } from "./loss.js";

export interface PathLossOptions {
  /** What the loss is called in messages; default `path-loss`. */
  readonly kind?: string;
  /**
   * WGSL with a function
   *
   *     fn path_loss(path: u32, count: u32) -> f32
   *
   * of the path's number and how many spikes it has, which returns the path's loss and says its derivative by the time of
   * each spike with `add_cotangent(n, by)`. It may call `spike_time(n)` (since t0), `spike_neuron(n)` and `duration()`
   * (t1 − t0), and read `data[i]`. With `states` it may also call `state(n)`, the n-th of them in the order
   * [times][neurons][states], and `add_state_cotangent(n, by)`.
   */
  readonly code: string;
  /** Numbers that the code reads as `data`. */
  readonly data?: ArrayLike<number>;
  /** States that the loss looks at. */
  readonly states?: StatesOptions;
  /** Spikes of a neuron that the loss looks at, at most. */
  readonly spikesNeeded?: number;
  /** Whether one more spike at t1 never changes it: then it is not called for that. Default false. */
  readonly continuous?: boolean;
  /** What its gradient leaves out, in words, where the function jumps before t1: see `Loss.leavesOut`. */
  readonly leavesOut?: string;
  /**
   * The same for one path on the host, absolute times: for the `cpu` backend. With `states` it is given those, and gives a
   * cotangent for each.
   */
  readonly evaluate?: (
    spikes: TypedSpikes,
    plan: SolvePlan,
    path: number,
    states: Float64Array,
  ) => { value: number; cotangents: ArrayLike<number>; stateCotangents?: ArrayLike<number> };
}

const pathLossNames: Names<PathLossOptions> = {
  kind: true,
  code: true,
  data: true,
  states: true,
  spikesNeeded: true,
  continuous: "boolean",
  leavesOut: true,
  evaluate: "function",
};

/** @throws SaltationError `compile`, when it is first used, with the lines of WGSL at fault. */
export function pathLoss(options: PathLossOptions): Loss {
  checkOptions("loss", options, pathLossNames);
  const {
    kind = "path-loss",
    code,
    data = [],
    evaluate,
    spikesNeeded,
    leavesOut,
    continuous = false,
    states,
  } = options;
  if (typeof kind !== "string") fail("loss.kind", `expected a name, got ${show(kind)}`);
  if (typeof code !== "string") fail("loss.code", `expected WGSL with fn path_loss, got ${show(code)}`);
  if (typeof data?.length !== "number") fail("loss.data", `expected a list of numbers, got ${show(data)}`);
  Array.from(data, (v, i) => float32Number(`loss.data[${i}]`, v));
  if (spikesNeeded !== undefined) wholeNumber("loss.spikesNeeded", spikesNeeded, 1, 2 ** 20);
  if (leavesOut !== undefined && typeof leavesOut !== "string") {
    fail("loss.leavesOut", `expected words, got ${show(leavesOut)}`);
  }
  /** What one more spike of each neuron at t1 adds to a path's loss. */
  const addedAtEnd = (one: TypedSpikes, plan: SolvePlan, path: number, own: Float64Array): number[] => {
    const { value } = evaluate!(one, plan, path, own);
    const times = Float64Array.from([...one.times, plan.t1]);
    return Array.from({ length: plan.network.neurons }, (_, k) => {
      const more = { times, neurons: Int32Array.from([...one.neurons, k]) };
      return evaluate!(more, plan, path, own).value - value;
    });
  };
  const taken = (spikes: readonly TypedSpikes[], plan: SolvePlan, { first, states: observed }: SomePaths) => {
    const { paths } = plan;
    const entries = states && ownEntries(plan, states);
    const all = observedEntries(plan.observed);
    const stateCotangents = entries && new Float64Array(all * spikes.length);
    const ownStates = spikes.map((_, i) => Float64Array.from(entries ?? [], (e) => observed![i * all + e]!));
    const each = spikes.map((one, i) => {
      const own = evaluate!(one, plan, first + i, ownStates[i]!);
      checkCotangents(kind, first + i, own?.cotangents, one);
      if (entries && own.stateCotangents?.length !== entries.length) {
        fail(
          "loss",
          `"${kind}": stateCotangents of path ${first + i} are ${show(own.stateCotangents?.length)}; each of ${entries.length} states needs a number`,
        );
      }
      entries?.forEach((e, n) => {
        stateCotangents![i * all + e] = own.stateCotangents![n]! / paths;
      });
      return own;
    });
    return {
      ...(stateCotangents ? { stateCotangents } : {}),
      cotangents: each.map((e) => Float64Array.from(e.cotangents, (c) => c / paths)),
      pathValues: each.map((e) => e.value),
      ...(continuous
        ? {}
        : {
            horizon: spikes.map((one, i) => addedAtEnd(one, plan, first + i, ownStates[i]!).map((v) => v / paths)),
          }),
    };
  };
  return {
    kind,
    pathwise: true,
    ...(continuous ? {} : { horizon: true }),
    ...(leavesOut === undefined ? {} : { leavesOut }),
    ...(spikesNeeded === undefined ? {} : { spikesNeeded }),
    ...(states === undefined ? {} : { states }),
    ...(evaluate
      ? {
          ofMeans: ofPathValues(taken),
          evaluate(spikes: readonly TypedSpikes[], plan: SolvePlan, observed?: Float64Array) {
            const all = taken(spikes, { ...plan, paths: spikes.length }, { first: 0, states: observed });
            return { value: estimateOf(all.pathValues, plan.antithetic).mean, ...all };
          },
        }
      : {}),
    gpu: (gpu, plan, recordWords) => GpuPathLoss.create(gpu, plan, recordWords, kind, options),
  };
}

/** Entries of what a plan observes that are those of a loss. */
const ownEntries = (plan: SolvePlan, states: StatesOptions): Uint32Array =>
  entriesAmong(plan.observed!, planObserved(plan.network, states, plan, "loss.states"));

interface PathLosses extends Kept {
  readonly cotangents: Storage;
  readonly states: Storage | undefined;
  readonly values: Storage;
  readonly horizon: Storage | undefined;
}

class GpuPathLoss implements GpuLoss {
  readonly whole = false;

  private constructor(
    private readonly gpu: Gpu,
    private readonly kernel: KernelOf<typeof pathLossKernel>,
    private readonly sums: RowSums,
    private readonly data: Storage,
    /** Of which a spike at t1 is added in turn; 0: of none. */
    private readonly neurons: number,
    /** Numbers of states that the plan observes; 0 of a loss that looks at none. */
    private readonly entries: number,
  ) {}

  static async create(
    gpu: Gpu,
    plan: SolvePlan,
    recordWords: number,
    kind: string,
    { code, data = [], continuous = false, states }: PathLossOptions,
  ): Promise<GpuPathLoss> {
    const neurons = continuous ? 0 : plan.network.neurons;
    const entries = states && ownEntries(plan, states);
    const all = entries ? observedEntries(plan.observed) : 0;
    const same = entries?.length === all && entries.every((e, n) => e === n);
    const words = Float32Array.from([...Array.from(data), ...(same ? [] : (entries ?? []))]);
    const shape = { label: kind, words: recordWords, code, neurons };
    const of = entries && { entriesFrom: same ? -1 : data.length };
    const kernel = await gpu.kernel(pathLossKernel({ ...shape, states: of }));
    const sums = await RowSums.create(gpu, plan, 1);
    return new GpuPathLoss(gpu, kernel, sums, gpu.upload("data of a loss", words), neurons, all);
  }

  get report(): Storage {
    return this.sums.blocks;
  }

  get means(): RowSums {
    return this.sums;
  }

  bytesPerPath(slots: number): { largest: number; all: number } {
    const { neurons, entries } = this;
    return { largest: 4 * Math.max(slots, neurons, entries), all: 4 * (slots + neurons + entries) + 4 };
  }

  encodeChunk(batch: Batch, spikes: DeviceSpikes): PathLosses {
    const { paths, firstPath, slots, record, counts, dt } = spikes;
    const cotangents = this.gpu.buffer("cotangents of a loss", 4 * slots * paths);
    const pathValues = this.gpu.buffer("values of paths", 4 * paths);
    const horizon = this.neurons > 0 ? this.gpu.buffer("what a spike at t1 adds", 4 * this.neurons * paths) : undefined;
    const states = this.entries > 0 ? this.gpu.buffer("cotangents of states", 4 * this.entries * paths) : undefined;
    batch.clear(cotangents);
    if (states) batch.clear(states);
    batch.dispatch(this.kernel, {
      uniform: {
        paths,
        firstPath,
        slots,
        countsAt: counts.byteOffset / 4,
        dt,
        duration: spikes.steps * dt,
      },
      record,
      counts: counts.storage,
      data: this.data,
      cotangents,
      pathValues,
      horizon,
      states: states && spikes.states!,
      stateCotangents: states,
      threads: paths,
    });
    this.sums.add(batch, spikes, pathValues);
    return {
      cotangents,
      values: pathValues,
      horizon,
      states,
      dispose() {
        cotangents.dispose();
        states?.dispose();
        horizon?.dispose();
        pathValues.dispose();
      },
    };
  }

  encodeValue(): void {}

  encodeCotangents(
    batch: Batch,
    spikes: DeviceSpikes,
    kept: Kept,
    { times, rows, horizon, states }: WrittenCotangents,
  ): void {
    const own = kept as PathLosses;
    if (states && own.states) batch.copy(own.states, 0, states, 0, own.states.bytes);
    if (horizon && own.horizon) batch.copy(own.horizon, 0, horizon, 0, own.horizon.bytes);
    batch.copy(own.cotangents, 0, times, 0, 4 * spikes.slots * spikes.paths);
    if (rows) batch.copy(own.values, 0, rows, 0, 4 * spikes.paths);
  }

  read(report: ArrayBuffer): { value: number } {
    return { value: this.sums.estimates(report)[0]!.mean };
  }

  dispose(): void {
    this.sums.dispose();
    this.data.dispose();
  }
}
