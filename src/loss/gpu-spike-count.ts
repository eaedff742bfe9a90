/** Losses of spike counts on a GPU (spike-count.ts). */
import { countSpikes, featureWords, spreadCounts } from "../../shaders/loss/count-spikes.wgsl.js";
import type { MeanDistance } from "../../shaders/loss/mean-coefficients.wgsl.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { SolvePlan } from "../plan/plan.js";
import type { RowSums } from "../reduce/row-sums.js";
import type { Estimate } from "../reduce/statistics.js";
import type { DeviceSpikes } from "../spikes/device-spikes.js";
import { GpuMeans } from "./gpu-means.js";
import type { GpuLoss, Kept, WrittenCotangents } from "./loss.js";
import type { CountFeature, CountWindow } from "./spike-count.js";

/** A loss of the means of counts. */
export interface OfCounts {
  readonly features: readonly CountFeature[];
  readonly window: CountWindow;
  readonly form: MeanDistance;
  /** One of each feature. */
  readonly targets: readonly number[];
  readonly lossOf: (means: readonly Estimate[]) => number;
}

interface Counted extends Kept {
  /** [features][paths]: each path's number, and what one more spike would add to it. */
  readonly values: Storage;
  readonly more: Storage;
}

/** A time in steps, to a part in 2^30 of one: 0.3 is a grid point of the step 0.1, though 0.3 / 0.1 is below 3. */
const onGrid = (steps: number): number => Math.round(steps * 2 ** 30) / 2 ** 30;

export class GpuSpikeCount implements GpuLoss {
  readonly whole = false;

  private constructor(
    private readonly gpu: Gpu,
    private readonly kernels: {
      readonly count: KernelOf<ReturnType<typeof countSpikes>>;
      readonly spread: KernelOf<ReturnType<typeof spreadCounts>>;
    },
    private readonly ofMeans: GpuMeans,
    private readonly features: Storage,
    private readonly loss: OfCounts,
    private readonly neurons: number,
  ) {}

  static async create(gpu: Gpu, plan: SolvePlan, recordWords: number, loss: OfCounts): Promise<GpuSpikeCount> {
    const { neurons } = plan.network;
    const { features, form, targets } = loss;
    const [count, spread, means] = await Promise.all([
      gpu.kernel(countSpikes(recordWords, neurons)),
      gpu.kernel(spreadCounts(neurons)),
      GpuMeans.create(gpu, plan, form, Float32Array.from(targets)),
    ]);
    const words = new Uint32Array(features.length * (featureWords + neurons));
    const numbers = new Float32Array(words.buffer);
    features.forEach(({ neurons: own, least = 0, scale }, s) => {
      const at = s * (featureWords + neurons);
      words[at] = least;
      numbers[at + 1] = scale(plan, own);
      for (let k = 0; k < neurons; k++) words[at + featureWords + k] = Number(own?.includes(k) ?? true);
    });
    return new GpuSpikeCount(gpu, { count, spread }, means, gpu.upload("features", words), loss, neurons);
  }

  get report(): Storage {
    return this.ofMeans.sums.blocks;
  }

  get means(): RowSums {
    return this.ofMeans.sums;
  }

  bytesPerPath(): { largest: number; all: number } {
    const row = 4 * Math.max(this.ofMeans.sums.rows, this.neurons);
    return { largest: row, all: 3 * row };
  }

  encodeChunk(batch: Batch, spikes: DeviceSpikes): Counted {
    const { paths, record, counts } = spikes;
    const [from, to] = [this.loss.window.from, this.loss.window.to].map(onGrid) as [number, number];
    const features = this.ofMeans.sums.rows;
    const values = this.gpu.buffer("counts of features", 4 * features * paths);
    const more = this.gpu.buffer("what a spike adds", 4 * features * paths);
    batch.dispatch(this.kernels.count, {
      uniform: {
        paths,
        countsAt: counts.byteOffset / 4,
        features,
        fromStep: Math.floor(from),
        fromPlace: from % 1,
        toStep: Math.floor(to),
        toPlace: to % 1,
      },
      record,
      counts: counts.storage,
      features: this.features,
      values,
      more,
      threads: paths,
    });
    this.ofMeans.sums.add(batch, spikes, values);
    return {
      values,
      more,
      dispose() {
        values.dispose();
        more.dispose();
      },
    };
  }

  encodeValue(batch: Batch): void {
    this.ofMeans.encode(batch);
  }

  encodeCotangents(batch: Batch, spikes: DeviceSpikes, kept: Kept, { rows, horizon }: WrittenCotangents): void {
    const { values, more } = kept as Counted;
    const { paths } = spikes;
    // Of a window that ends before t1 a spike at t1 is none. The kernel writes both all the same.
    const open = this.loss.window.open ? horizon : undefined;
    batch.dispatch(this.kernels.spread, {
      uniform: { paths, features: this.ofMeans.sums.rows },
      features: this.features,
      coefficient: this.ofMeans.coefficients,
      values,
      more,
      rows: rows ?? batch.temporary("values of paths", 4 * paths),
      horizon: open ?? batch.temporary("what a spike at t1 adds", 4 * this.neurons * paths),
      threads: paths,
    });
  }

  read(report: ArrayBuffer): { value: number; means: readonly Estimate[] } {
    const means = this.ofMeans.sums.estimates(report);
    return { value: this.loss.lossOf(means), means };
  }

  dispose(): void {
    this.ofMeans.dispose();
    this.features.dispose();
  }
}
