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
import type { SolvePlan } from "../plan/plan.js";
import { RowSums } from "../reduce/row-sums.js";
import type { DeviceSpikes } from "../spikes/device-spikes.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { checkCotangents } from "./host-loss.js";
import type { GpuLoss, Kept, Loss } from "./loss.js";

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
   * (t1 − t0), and read `data[i]`.
   */
  readonly code: string;
  /** Numbers that the code reads as `data`. */
  readonly data?: ArrayLike<number>;
  /** Spikes of a neuron that the loss looks at, at most. */
  readonly spikesNeeded?: number;
  /** Whether one more spike at t1 never changes it: then it is not called for that. Default false. */
  readonly continuous?: boolean;
  /** What its gradient leaves out, in words, where the function jumps before t1: see `Loss.leavesOut`. */
  readonly leavesOut?: string;
  /** The same for one path on the host, absolute times: for the `cpu` backend. */
  readonly evaluate?: (
    spikes: TypedSpikes,
    plan: SolvePlan,
    path: number,
  ) => { value: number; cotangents: ArrayLike<number> };
}

const pathLossNames: Names<PathLossOptions> = {
  kind: true,
  code: true,
  data: true,
  spikesNeeded: true,
  continuous: "boolean",
  leavesOut: true,
  evaluate: "function",
};

/** @throws SaltationError `compile`, when it is first used, with the lines of WGSL at fault. */
export function pathLoss(options: PathLossOptions): Loss {
  checkOptions("loss", options, pathLossNames);
  const { kind = "path-loss", code, data = [], evaluate, spikesNeeded, leavesOut, continuous = false } = options;
  if (typeof kind !== "string") fail("loss.kind", `expected a name, got ${show(kind)}`);
  if (typeof code !== "string") fail("loss.code", `expected WGSL with fn path_loss, got ${show(code)}`);
  if (typeof data?.length !== "number") fail("loss.data", `expected a list of numbers, got ${show(data)}`);
  Array.from(data, (v, i) => float32Number(`loss.data[${i}]`, v));
  if (spikesNeeded !== undefined) wholeNumber("loss.spikesNeeded", spikesNeeded, 1, 2 ** 20);
  if (leavesOut !== undefined && typeof leavesOut !== "string") {
    fail("loss.leavesOut", `expected words, got ${show(leavesOut)}`);
  }
  /** What one more spike of each neuron at t1 adds to a path's loss. */
  const addedAtEnd = (one: TypedSpikes, plan: SolvePlan, path: number): number[] => {
    const { value } = evaluate!(one, plan, path);
    const times = Float64Array.from([...one.times, plan.t1]);
    return Array.from({ length: plan.network.neurons }, (_, k) => {
      const more = { times, neurons: Int32Array.from([...one.neurons, k]) };
      return evaluate!(more, plan, path).value - value;
    });
  };
  return {
    kind,
    pathwise: true,
    ...(continuous ? {} : { horizon: true }),
    ...(leavesOut === undefined ? {} : { leavesOut }),
    ...(spikesNeeded === undefined ? {} : { spikesNeeded }),
    ...(evaluate
      ? {
          evaluate(spikes: readonly TypedSpikes[], plan: SolvePlan) {
            const each = spikes.map((one, i) => {
              const own = evaluate(one, plan, i);
              checkCotangents(kind, i, own?.cotangents, one);
              return own;
            });
            return {
              value: each.reduce((sum, e) => sum + e.value, 0) / spikes.length,
              cotangents: each.map((e) => Float64Array.from(e.cotangents, (c) => c / spikes.length)),
              pathValues: each.map((e) => e.value),
              ...(continuous
                ? {}
                : { horizon: spikes.map((one, i) => addedAtEnd(one, plan, i).map((v) => v / spikes.length)) }),
            };
          },
        }
      : {}),
    gpu: (gpu, plan, recordWords) => GpuPathLoss.create(gpu, plan, recordWords, kind, options),
  };
}

interface PathLosses extends Kept {
  readonly cotangents: Storage;
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
  ) {}

  static async create(
    gpu: Gpu,
    plan: SolvePlan,
    recordWords: number,
    kind: string,
    { code, data = [], continuous = false }: PathLossOptions,
  ): Promise<GpuPathLoss> {
    const neurons = continuous ? 0 : plan.network.neurons;
    const kernel = await gpu.kernel(pathLossKernel(kind, recordWords, code, neurons));
    const sums = await RowSums.create(gpu, plan, 1);
    return new GpuPathLoss(gpu, kernel, sums, gpu.upload("data of a loss", Float32Array.from(data)), neurons);
  }

  get report(): Storage {
    return this.sums.blocks;
  }

  bytesPerPath(slots: number): { largest: number; all: number } {
    return { largest: 4 * Math.max(slots, this.neurons), all: 4 * (slots + this.neurons) + 4 };
  }

  encodeChunk(batch: Batch, spikes: DeviceSpikes): PathLosses {
    const { paths, firstPath, slots, record, counts, dt } = spikes;
    const cotangents = this.gpu.buffer("cotangents of a loss", 4 * slots * paths);
    const pathValues = this.gpu.buffer("values of paths", 4 * paths);
    const horizon = this.neurons > 0 ? this.gpu.buffer("what a spike at t1 adds", 4 * this.neurons * paths) : undefined;
    batch.clear(cotangents);
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
      threads: paths,
    });
    this.sums.add(batch, spikes, pathValues);
    return {
      cotangents,
      values: pathValues,
      horizon,
      dispose() {
        cotangents.dispose();
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
    cotangents: Storage,
    rows: Storage | undefined,
    horizon?: Storage,
  ): void {
    const own = kept as PathLosses;
    if (horizon && own.horizon) batch.copy(own.horizon, 0, horizon, 0, own.horizon.bytes);
    batch.copy(own.cotangents, 0, cotangents, 0, 4 * spikes.slots * spikes.paths);
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
