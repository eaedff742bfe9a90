/** A weighted sum of losses on a GPU: each writes what it has into buffers of its own, which are added up. */
import { addWeighted } from "../../shaders/loss/add-weighted.wgsl.js";
import { allOrNone } from "../gpu/all-or-none.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { SolvePlan } from "../plan/plan.js";
import type { Estimate } from "../reduce/statistics.js";
import type { DeviceSpikes } from "../spikes/device-spikes.js";
import type { WeightedLoss } from "./combined-loss.js";
import type { GpuLoss, Kept, WrittenCotangents } from "./loss.js";

interface KeptParts extends Kept {
  readonly parts: readonly Kept[];
}

/** Workgroups along x at most, where there are more numbers than one dimension takes. */
const widest = 32768;

/** What parts of a loss are made for. */
interface Made {
  readonly plan: SolvePlan;
  /** Numbers of states that the plan observes. */
  readonly entries: number;
  /** Told how many means each part has, when it is read. */
  readonly counted: (means: readonly number[]) => void;
}

export class GpuCombinedLoss implements GpuLoss {
  readonly whole: boolean;
  readonly pathValues: NonNullable<GpuLoss["pathValues"]>;
  readonly report: Storage;

  private constructor(
    gpu: Gpu,
    private readonly kernel: KernelOf<typeof addWeighted>,
    private readonly parts: readonly GpuLoss[],
    private readonly weights: readonly number[],
    private readonly made: Made,
  ) {
    this.whole = parts.some((part) => part.whole);
    const values = parts.map((part) => part.pathValues ?? "free");
    this.pathValues = values.includes("none") ? "none" : values.includes("costly") ? "costly" : "free";
    this.report = gpu.buffer(
      "reports of a loss",
      parts.reduce((sum, part) => sum + part.report.bytes, 0),
    );
  }

  static async create(
    gpu: Gpu,
    recordWords: number,
    weighted: readonly WeightedLoss[],
    made: Made,
  ): Promise<GpuCombinedLoss> {
    const kernel = await gpu.kernel(addWeighted);
    const parts = await allOrNone(weighted.map(({ loss }) => loss.gpu!(gpu, made.plan, recordWords)));
    return new GpuCombinedLoss(
      gpu,
      kernel,
      parts,
      weighted.map((w) => w.weight),
      made,
    );
  }

  bytesPerPath(slots: number): { largest: number; all: number } {
    const { plan, entries } = this.made;
    const own = [4 * slots, 4 * plan.network.neurons, 4 * entries, 4];
    const parts = this.parts.map((part) => part.bytesPerPath(slots));
    const all = [...own, ...parts.map((p) => p.all)].reduce((sum, bytes) => sum + bytes, 0);
    return { largest: Math.max(...own, ...parts.map((p) => p.largest)), all };
  }

  encodeBegin(batch: Batch, plan: SolvePlan): void {
    for (const part of this.parts) part.encodeBegin?.(batch, plan);
  }

  encodeChunk(batch: Batch, spikes: DeviceSpikes): KeptParts {
    const parts = this.parts.map((part) => part.encodeChunk(batch, spikes));
    return {
      parts,
      dispose() {
        for (const part of parts) part.dispose();
      },
    };
  }

  encodeValue(batch: Batch): void {
    let at = 0;
    for (const part of this.parts) {
      part.encodeValue(batch);
      batch.copy(part.report, 0, this.report, at, part.report.bytes);
      at += part.report.bytes;
    }
  }

  encodeCotangents(batch: Batch, spikes: DeviceSpikes, kept: Kept, written: WrittenCotangents): void {
    const { paths, slots } = spikes;
    const { plan, entries } = this.made;
    const beside = (sum: Storage | undefined, numbers: number) =>
      sum && { sum, numbers, part: batch.temporary("part of a loss", 4 * numbers) };
    const times = beside(written.times, slots * paths)!;
    const rows = beside(written.rows, paths);
    const horizon = beside(written.horizon, plan.network.neurons * paths);
    const states = beside(written.states, entries * paths);
    const all = [times, rows, horizon, states].filter((one) => one !== undefined);
    this.parts.forEach((part, p) => {
      for (const one of all) batch.clear(one.part, 0, 4 * one.numbers);
      part.encodeCotangents(batch, spikes, (kept as KeptParts).parts[p]!, {
        times: times.part,
        rows: rows?.part,
        horizon: horizon?.part,
        states: states?.part,
      });
      for (const { part: from, sum, numbers } of all) {
        const groups = Math.ceil(numbers / 64);
        const x = Math.min(widest, groups);
        batch.dispatch(this.kernel, {
          uniform: { count: numbers, stride: 64 * x, weight: this.weights[p]! },
          part: from,
          sum,
          groups: [x, Math.ceil(groups / x)],
        });
      }
    });
  }

  read(report: ArrayBuffer, plan: SolvePlan) {
    let at = 0;
    const taken = this.parts.map((part) => {
      const own = report.slice(at, at + part.report.bytes);
      at += part.report.bytes;
      return part.read(own, plan);
    });
    const sum = (of: (t: (typeof taken)[number]) => number): number =>
      taken.reduce((total, t, p) => total + this.weights[p]! * of(t), 0);
    const partMeans = taken.map((t) => t.means?.length ?? 0);
    this.made.counted(partMeans);
    return {
      value: sum((t) => t.value),
      means: taken.flatMap((t): readonly Estimate[] => t.means ?? []),
      partMeans,
      pathOffset: sum((t) => t.pathOffset ?? 0),
    };
  }

  dispose(): void {
    for (const part of this.parts) part.dispose();
    this.report.dispose();
  }
}
