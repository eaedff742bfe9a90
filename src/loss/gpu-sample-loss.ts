/** Losses by sample on a GPU (sample-loss.ts). */
import { type Looked, sampleLoss, sampleRows, spreadSlopes } from "../../shaders/loss/sample-loss.wgsl.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { RowSums } from "../reduce/row-sums.js";
import type { DeviceSpikes } from "../spikes/device-spikes.js";
import type { GpuLoss, Kept, WrittenCotangents } from "./loss.js";
import { labelsOf, lookedEntries, neuronsIn, type SampleFunction } from "./sample-loss.js";

interface Taken extends Kept {
  /** [rows][paths], see `sampleRows`. */
  readonly work: Storage;
}

const lookedOf = (plan: SolvePlan, of: SampleFunction): Looked => ({
  neurons: neuronsIn(plan.network, of.neurons).length,
  spikes: of.spikes,
  counts: of.counts,
  states: lookedEntries(plan, of).length,
});

export class GpuSampleLoss implements GpuLoss {
  readonly whole = false;
  private readonly looked: Looked;
  private readonly rows: ReturnType<typeof sampleRows>;

  private constructor(
    private readonly gpu: Gpu,
    private readonly kernels: {
      readonly take: KernelOf<ReturnType<typeof sampleLoss>>;
      readonly spread: KernelOf<ReturnType<typeof spreadSlopes>>;
    },
    private readonly sums: RowSums,
    private readonly buffers: { readonly neurons: Storage; readonly labels: Storage; readonly data: Storage },
    private readonly of: SampleFunction,
    private readonly plan: SolvePlan,
  ) {
    this.looked = lookedOf(plan, of);
    this.rows = sampleRows(this.looked);
  }

  static async create(gpu: Gpu, plan: SolvePlan, recordWords: number, of: SampleFunction): Promise<GpuSampleLoss> {
    const neurons = neuronsIn(plan.network, of.neurons);
    const looked = lookedOf(plan, of);
    const times = looked.states / looked.neurons;
    const data = of.data?.(plan) ?? [];
    const [take, spread, sums] = await Promise.all([
      gpu.kernel(sampleLoss(of.kind, recordWords, looked, of.code({ neurons: looked.neurons, times }))),
      gpu.kernel(spreadSlopes(looked)),
      RowSums.create(gpu, plan, 1),
    ]);
    const buffers = {
      neurons: gpu.upload("neurons of a loss", Uint32Array.from([...neurons, ...lookedEntries(plan, of)])),
      labels: gpu.upload("labels", Uint32Array.from(labelsOf(plan, of, neurons.length).labels)),
      data: gpu.upload("data of a loss", Float32Array.from(data.length > 0 ? data : [0])),
    };
    return new GpuSampleLoss(gpu, { take, spread }, sums, buffers, of, plan);
  }

  get report(): Storage {
    return this.sums.blocks;
  }

  get means(): RowSums {
    return this.sums;
  }

  bytesPerPath(): { largest: number; all: number } {
    const bytes = 4 * this.rows.all;
    return { largest: bytes, all: bytes + 4 };
  }

  /** Labels are those of the evaluation's samples. */
  encodeBegin(_batch: Batch, plan: SolvePlan): void {
    if (!this.of.labelled) return;
    this.gpu.write(this.buffers.labels, Uint32Array.from(labelsOf(plan, this.of, this.looked.neurons).labels));
  }

  encodeChunk(batch: Batch, spikes: DeviceSpikes): Taken {
    const { paths, firstPath, slots, record, counts, dt, steps } = spikes;
    const { trials } = labelsOf(this.plan, this.of, this.looked.neurons);
    const work = this.gpu.buffer("what a loss looks at", 4 * this.rows.all * paths);
    batch.dispatch(this.kernels.take, {
      uniform: {
        paths,
        firstPath,
        trials,
        countsAt: counts.byteOffset / 4,
        slots,
        dt,
        t0: this.plan.t0,
        duration: steps * dt,
      },
      record,
      counts: counts.storage,
      ...this.buffers,
      states: this.looked.states > 0 ? spikes.states! : undefined,
      work,
      threads: paths,
    });
    this.sums.add(batch, spikes, work);
    return { work, dispose: () => work.dispose() };
  }

  encodeValue(): void {}

  encodeCotangents(
    batch: Batch,
    { paths }: DeviceSpikes,
    kept: Kept,
    { times: cotangents, rows, horizon, states }: WrittenCotangents,
  ): void {
    const { work } = kept as Taken;
    const { neurons } = this.plan.network;
    batch.dispatch(this.kernels.spread, {
      uniform: { paths },
      neurons: this.buffers.neurons,
      work,
      cotangents,
      // The kernel writes both.
      rows: rows ?? batch.temporary("values of paths", 4 * paths),
      horizon: this.looked.counts
        ? (horizon ?? batch.temporary("what a spike at t1 adds", 4 * neurons * paths))
        : undefined,
      stateCotangents:
        this.looked.states > 0
          ? (states ?? batch.temporary("cotangents of states", 4 * observedEntries(this.plan.observed) * paths))
          : undefined,
      threads: paths,
    });
  }

  read(report: ArrayBuffer): { value: number } {
    return { value: this.sums.estimates(report)[0]!.mean };
  }

  dispose(): void {
    this.sums.dispose();
    for (const s of Object.values(this.buffers)) s.dispose();
  }
}
