/** Reads spike records on the GPU into lists of events (shaders/signature/train-layout.wgsl.ts). */
import type { Values } from "../../../shaders/shared/declare.js";
import { neuronCounts, trainEvents } from "../../../shaders/signature/train-events.wgsl.js";
import type { trainPass } from "../../../shaders/signature/train-layout.wgsl.js";
import { fail } from "../../checks.js";
import type { Batch, Gpu, KernelOf, Storage } from "../../gpu/index.js";
import type { Scratch } from "./scratch.js";
import type { TrainBatch } from "./trains.js";

interface EventKernels {
  readonly read: KernelOf<typeof trainEvents>;
  readonly capped: KernelOf<typeof trainEvents>;
  readonly count: KernelOf<typeof neuronCounts>;
  readonly least: KernelOf<typeof neuronCounts>;
}

/** A range of a batch's paths, and what else kernels over trains take. */
export interface TrainRange {
  readonly first: number;
  readonly paths: number;
  readonly scale?: number;
  /** A cotangent for every path. */
  readonly perPath?: boolean;
}

/** The uniform of kernels over trains. */
export const trainUniform = (trains: TrainBatch, range: TrainRange): Values<typeof trainPass> => ({
  paths: range.paths,
  firstPath: range.first,
  allPaths: trains.paths,
  slots: trains.slots,
  steps: trains.steps,
  recordAt: trains.firstPath ?? 0,
  recordStride: trains.recordPaths ?? trains.paths,
  countsAt: trains.counts.byteOffset / 4,
  dt: trains.dt,
  scale: range.scale ?? 1,
  perPath: range.perPath ? 1 : 0,
});

export class TrainEvents {
  private constructor(
    private readonly neurons: number,
    private readonly kernels: ReadonlyMap<number, EventKernels>,
  ) {}

  static async create(gpu: Gpu, neurons: number): Promise<TrainEvents> {
    const forWords = async (recordWords: number): Promise<readonly [number, EventKernels]> => {
      const own = { recordWords, neurons };
      const [read, capped, count, least] = await Promise.all([
        gpu.kernel(trainEvents({ ...own, capped: false })),
        gpu.kernel(trainEvents({ ...own, capped: true })),
        gpu.kernel(neuronCounts({ ...own, least: false })),
        gpu.kernel(neuronCounts({ ...own, least: true })),
      ]);
      return [recordWords, { read, capped, count, least }];
    };
    // Records of single neurons do without the neuron.
    return new TrainEvents(neurons, new Map(await Promise.all((neurons === 1 ? [2, 3] : [3]).map(forWords))));
  }

  private of(trains: TrainBatch): EventKernels {
    const found = this.kernels.get(trains.recordWords);
    if (!found) {
      fail("trains", `a record of ${trains.recordWords} words a spike does not fit ${this.neurons} neurons`);
    }
    return found;
  }

  /** Reads a range of paths; with `caps` [neurons][paths of the batch] u32 only so many spikes of each neuron. */
  encode(
    batch: Batch,
    trains: TrainBatch,
    events: Storage,
    scratch: Scratch,
    range: TrainRange & { readonly caps?: Storage | undefined },
  ): void {
    const { read, capped } = this.of(trains);
    const { caps, paths } = range;
    batch.dispatch(caps ? capped : read, {
      uniform: trainUniform(trains, range),
      record: trains.record,
      counts: trains.counts.storage,
      events,
      caps,
      tally: caps && scratch.take("tally", 4 * this.neurons * paths),
      threads: paths,
    });
  }

  /** For path i of both batches the smaller count of each neuron, to `caps` [neurons][paths] u32. */
  encodeMatch(batch: Batch, a: TrainBatch, b: TrainBatch, caps: Storage, scratch: Scratch): void {
    if (a.paths !== b.paths) {
      fail("trains", `batches of ${a.paths} and ${b.paths} paths cannot be matched path by path`);
    }
    const tally = scratch.take("tally", 4 * this.neurons * a.paths);
    for (const [trains, kernel] of [[a, this.of(a).count] as const, [b, this.of(b).least] as const]) {
      batch.dispatch(kernel, {
        uniform: trainUniform(trains, { first: 0, paths: trains.paths }),
        record: trains.record,
        counts: trains.counts.storage,
        matched: caps,
        tally,
        threads: trains.paths,
      });
    }
  }
}
