/**
 * Van Rossum distance between generated and observed spike trains: each spike leaves an exponentially decaying trace,
 * f(t) = Σ e^(−(t−τ)/s) over the spikes τ ≤ t of a neuron, and trains are compared by ∫ (f − g)² dt / s (van Rossum, A
 * novel spike distance, 2001). The loss is the distance between the *mean* traces of the two laws, summed over neurons,
 *
 *     D² = Σ_{i≠j} k(x_i, x_j)/(m(m−1)) + Σ_{i≠j} k(y_i, y_j)/(n(n−1)) − 2 Σ k(x_i, y_j)/(mn),
 *     k(x, y) = Σ ½ (e^(−|a−b|/s) − e^(−(2 t1−a−b)/s)) over spikes a of x and b of y of the same neuron:
 *
 * the inner product of two traces in closed form, with the integral from t0 to t1. It ends at t1, so that a spike that
 * crosses t1 changes nothing: the loss is continuous in the spike times, and its pathwise gradient leaves nothing out.
 */
import { vanRossumParts, vanRossumProducts } from "../../shaders/loss/van-rossum.wgsl.js";
import { checkOptions, type Names, positiveNumber } from "../checks.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { SolvePlan } from "../plan/plan.js";
import { RowSums } from "../reduce/row-sums.js";
import type { DeviceSpikes } from "../spikes/device-spikes.js";
import type { Spikes, TypedSpikes } from "../spikes/spikes.js";
import { type UploadedSpikes, uploadSpikes } from "../spikes/upload.js";
import type { GpuLoss, Kept, Loss, LossValue, WrittenCotangents } from "./loss.js";
import { checkNeurons, checkObserved, checkTimes } from "./observed.js";

export interface VanRossumOptions {
  /** Time constant s of the traces, in the unit of time. */
  readonly tau: number;
  /** Leave out the products of a train with itself, so that the mean is right (default true). */
  readonly unbiased?: boolean;
}

const vanRossumNames: Names<VanRossumOptions> = { tau: true, unbiased: "boolean" };

/** Σ k over pairs of spikes of the same neuron, and its derivative by the times of x, added to `bar` · weight. */
function product(x: Spikes, y: Spikes, tau: number, t1: number, bar?: Float64Array, weight = 0): number {
  let sum = 0;
  for (let n = 0; n < x.times.length; n++) {
    let slope = 0;
    for (let m = 0; m < y.times.length; m++) {
      if (x.neurons[n] !== y.neurons[m]) continue;
      const [a, b] = [x.times[n]!, y.times[m]!];
      const near = Math.exp(-Math.abs(a - b) / tau);
      const end = Math.exp(-(2 * t1 - a - b) / tau);
      sum += (near - end) / 2;
      slope -= (Math.sign(a - b) * near + end) / (2 * tau);
    }
    if (bar) bar[n]! += weight * slope;
  }
  return sum;
}

/** Weights of the products of two generated trains, and of a generated with an observed one. */
const weightsOf = (paths: number, observed: number, unbiased: boolean): { xx: number; xy: number } => ({
  xx: 1 / (paths * (unbiased ? paths - 1 : paths)),
  xy: -2 / (paths * observed),
});

/** The part of the distance that the observed spikes alone make. */
function observedPart(observed: readonly Spikes[], tau: number, t1: number, unbiased: boolean): number {
  const n = observed.length;
  let sum = 0;
  observed.forEach((y, i) => {
    for (let j = 0; j < i; j++) sum += 2 * product(y, observed[j]!, tau, t1);
    if (!unbiased) sum += product(y, y, tau, t1);
  });
  return sum / (n * (unbiased ? n - 1 : n));
}

/**
 * Van Rossum distance of the mean traces, see the head of this file.
 * @param observed trials on the time interval of the solution, in its unit; two or more where `unbiased`.
 * @throws SaltationError `invalid-input`.
 */
export function vanRossum(observed: readonly Spikes[], options: VanRossumOptions): Loss {
  checkOptions("loss", options, vanRossumNames);
  const tau = positiveNumber("loss.tau", options.tau);
  const { unbiased = true } = options;
  checkObserved(observed, unbiased ? 2 : 1);
  return {
    kind: "van-rossum",
    independent: true,
    leastPaths: unbiased ? 2 : 1,
    check: (network) => checkNeurons(observed, network),
    evaluate(spikes, plan) {
      checkTimes(observed, plan);
      return onHost(spikes, plan.t1, observed, tau, unbiased);
    },
    gpu(gpu, plan, recordWords) {
      checkTimes(observed, plan);
      return GpuVanRossum.create(gpu, plan, recordWords, observed, tau, unbiased);
    },
  };
}

function onHost(
  spikes: readonly TypedSpikes[],
  t1: number,
  observed: readonly Spikes[],
  tau: number,
  unbiased: boolean,
): LossValue {
  const weight = weightsOf(spikes.length, observed.length, unbiased);
  let value = observedPart(observed, tau, t1, unbiased);
  const pathValues: number[] = [];
  const cotangents = spikes.map((x, i) => {
    const bar = new Float64Array(x.times.length);
    let [xx, xy] = [0, 0];
    spikes.forEach((other, j) => {
      if (j !== i || !unbiased) xx += product(x, other, tau, t1, bar, 2 * weight.xx);
    });
    for (const y of observed) xy += product(x, y, tau, t1, bar, weight.xy);
    value += weight.xx * xx + weight.xy * xy;
    pathValues.push(spikes.length * (2 * weight.xx * xx + weight.xy * xy));
    return bar;
  });
  return { value, cotangents, pathValues };
}

interface Products extends Kept {
  /** [3][slots][paths], see shaders/loss/van-rossum.wgsl.ts; the last is the cotangents. */
  readonly table: Storage;
  /** [2][paths]: parts of the value, and first-order parts. */
  readonly parts: Storage;
}

class GpuVanRossum implements GpuLoss {
  readonly whole = true;

  private constructor(
    private readonly gpu: Gpu,
    private readonly kernels: {
      readonly products: KernelOf<typeof vanRossumProducts>;
      readonly parts: KernelOf<typeof vanRossumParts>;
    },
    private readonly sums: RowSums,
    private readonly observed: UploadedSpikes,
    private readonly options: { tau: number; unbiased: boolean; constant: number },
  ) {}

  static async create(
    gpu: Gpu,
    plan: SolvePlan,
    recordWords: number,
    observed: readonly Spikes[],
    tau: number,
    unbiased: boolean,
  ): Promise<GpuVanRossum> {
    const [products, parts, sums] = await Promise.all([
      gpu.kernel(vanRossumProducts(recordWords)),
      gpu.kernel(vanRossumParts),
      RowSums.create(gpu, plan, 1),
    ]);
    const { t0, t1, steps, network } = plan;
    const spikes = uploadSpikes(gpu, observed, { t0, t1, neurons: network.neurons, steps });
    const constant = observedPart(observed, tau, t1, unbiased);
    return new GpuVanRossum(gpu, { products, parts }, sums, spikes, { tau, unbiased, constant });
  }

  get report(): Storage {
    return this.sums.blocks;
  }

  bytesPerPath(slots: number): { largest: number; all: number } {
    return { largest: 12 * slots, all: 12 * slots + 8 };
  }

  encodeChunk(batch: Batch, spikes: DeviceSpikes): Products {
    const { gpu, kernels, observed, options } = this;
    const { paths, slots, steps, dt, record, counts } = spikes;
    const table = gpu.buffer("van Rossum products", 12 * slots * paths);
    const parts = gpu.buffer("van Rossum parts", 8 * paths);
    // Per path: of the mean over paths, not of its sum.
    const weight = weightsOf(paths, observed.paths, options.unbiased);
    const [x, y] = [paths * weight.xx, paths * weight.xy];
    batch.dispatch(kernels.products, {
      uniform: {
        paths,
        slots,
        countsAt: counts.byteOffset / 4,
        unbiased: Number(options.unbiased),
        observed: observed.paths,
        steps,
        dt,
        rate: 1 / options.tau,
        weightX: 2 * x,
        weightY: y,
      },
      record,
      counts: counts.storage,
      observedRecord: observed.record,
      observedCounts: observed.counts.storage,
      table,
      threads: [paths, Math.min(slots, 65535), Math.ceil(slots / 65535)],
    });
    batch.dispatch(kernels.parts, { uniform: { paths, slots, weightX: x, weightY: y }, table, parts, threads: paths });
    this.sums.add(batch, spikes, parts);
    return {
      table,
      parts,
      dispose() {
        table.dispose();
        parts.dispose();
      },
    };
  }

  encodeValue(): void {}

  encodeCotangents(batch: Batch, spikes: DeviceSpikes, kept: Kept, { times, rows }: WrittenCotangents): void {
    const { table, parts } = kept as Products;
    const bytes = 4 * spikes.slots * spikes.paths;
    batch.copy(table, 2 * bytes, times, 0, bytes);
    if (rows) batch.copy(parts, 4 * spikes.paths, rows, 0, 4 * spikes.paths);
  }

  read(report: ArrayBuffer): { value: number } {
    return { value: this.sums.estimates(report)[0]!.mean + this.options.constant };
  }

  dispose(): void {
    this.sums.dispose();
    this.observed.dispose();
  }
}
