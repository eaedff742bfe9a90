/** Losses of mean spike times on a GPU (spike-times.ts). */
import type { MeanDistance } from "../../shaders/loss/mean-coefficients.wgsl.js";
import { selectSpikes } from "../../shaders/loss/select-spikes.wgsl.js";
import { spreadCotangents } from "../../shaders/loss/spread-cotangents.wgsl.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { SolvePlan } from "../plan/plan.js";
import type { RowSums } from "../reduce/row-sums.js";
import type { Estimate } from "../reduce/statistics.js";
import type { DeviceSpikes } from "../spikes/device-spikes.js";
import { GpuMeans } from "./gpu-means.js";
import type { GpuLoss, Kept, WrittenCotangents } from "./loss.js";
import type { Selection } from "./spike-times.js";

/** A loss of the mean times of selected spikes. */
export interface OfMeans {
  readonly selections: readonly Selection[];
  readonly form: MeanDistance;
  /** One of each selection. */
  readonly targets: readonly number[];
  readonly lossOf: (means: readonly Estimate[]) => number;
  /** Derivative of the loss by each mean. */
  readonly slopesOf: (means: readonly Estimate[]) => number[];
}

/** Their times, means and cotangents by kernels. */
export class GpuSpikeTimes implements GpuLoss {
  readonly whole = false;

  private constructor(
    private readonly gpu: Gpu,
    private readonly kernels: {
      readonly select: KernelOf<typeof selectSpikes>;
      readonly spread: KernelOf<typeof spreadCotangents>;
    },
    private readonly ofMeans: GpuMeans,
    private readonly selection: Storage,
    private readonly loss: OfMeans,
  ) {}

  static async create(gpu: Gpu, plan: SolvePlan, recordWords: number, loss: OfMeans): Promise<GpuSpikeTimes> {
    const { selections, form } = loss;
    const n = selections.length;
    // Kernels count time from t0.
    const targets = Float32Array.from(loss.targets, (t) => t - plan.t0);
    const [select, spread, ofMeans] = await Promise.all([
      gpu.kernel(selectSpikes(recordWords, n)),
      gpu.kernel(spreadCotangents(n)),
      GpuMeans.create(gpu, plan, form, targets),
    ]);
    const selection = gpu.upload("selections", Uint32Array.from(selections.flatMap((s) => [s.neuron, s.index])));
    return new GpuSpikeTimes(gpu, { select, spread }, ofMeans, selection, loss);
  }

  get report(): Storage {
    return this.means.blocks;
  }

  get means(): RowSums {
    return this.ofMeans.sums;
  }

  bytesPerPath(): { largest: number; all: number } {
    const row = 4 * this.means.rows;
    return { largest: row, all: 2 * row };
  }

  encodeChunk(batch: Batch, spikes: DeviceSpikes): SelectedSpikes {
    const { paths, steps, dt, record, counts } = spikes;
    const bytes = 4 * this.means.rows * paths;
    const times = this.gpu.buffer("spike times", bytes);
    const found = this.gpu.buffer("found slots", bytes);
    batch.dispatch(this.kernels.select, {
      uniform: { paths, countsAt: counts.byteOffset / 4, steps, dt },
      record,
      counts: counts.storage,
      selection: this.selection,
      times,
      found,
      threads: paths,
    });
    this.means.add(batch, spikes, times);
    return {
      times,
      found,
      dispose() {
        times.dispose();
        found.dispose();
      },
    };
  }

  encodeValue(batch: Batch): void {
    this.ofMeans.encode(batch);
  }

  encodeCotangents(
    batch: Batch,
    spikes: DeviceSpikes,
    kept: Kept,
    { times: cotangents, rows }: WrittenCotangents,
  ): void {
    const { times, found } = kept as SelectedSpikes;
    const { paths } = spikes;
    batch.dispatch(this.kernels.spread, {
      uniform: { paths },
      coefficient: this.ofMeans.coefficients,
      times,
      found,
      cotangents,
      // The kernel writes both.
      rows: rows ?? batch.temporary("values of paths", 4 * paths),
      threads: paths,
    });
  }

  read(report: ArrayBuffer, plan: SolvePlan): { value: number; means: readonly Estimate[]; pathOffset: number } {
    // On the GPU, times are from t0 on.
    const means = this.means.estimates(report).map((e) => ({ ...e, mean: e.mean + plan.t0 }));
    const slopes = this.loss.slopesOf(means).reduce((sum, slope) => sum + slope, 0);
    return { value: this.loss.lossOf(means), means, pathOffset: plan.t0 * slopes };
  }

  dispose(): void {
    this.ofMeans.dispose();
    this.selection.dispose();
  }
}

/** Times of the selected spikes of a chunk and their slots in its record, [selections][paths] each. */
interface SelectedSpikes extends Kept {
  readonly times: Storage;
  readonly found: Storage;
}
