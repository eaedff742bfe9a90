/** Reads spike records on the GPU into lists of events (shaders/signature/spike-layout.wgsl.ts). */
import type { Values } from "../../../shaders/shared/declare.js";
import { neuronCounts, spikeEvents } from "../../../shaders/signature/spike-events.wgsl.js";
import type { spikePass } from "../../../shaders/signature/spike-layout.wgsl.js";
import { fail } from "../../checks.js";
import type { Batch, Gpu, KernelOf, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";
import type { Scratch } from "./scratch.js";

interface EventKernels {
  readonly read: KernelOf<typeof spikeEvents>;
  readonly capped: KernelOf<typeof spikeEvents>;
  /** Where asked for. */
  readonly next: KernelOf<typeof spikeEvents> | undefined;
  readonly count: KernelOf<typeof neuronCounts>;
  readonly least: KernelOf<typeof neuronCounts>;
}

/** A range of a batch's paths, and what else kernels over trains take. */
export interface SpikeRange {
  readonly first: number;
  readonly paths: number;
  readonly scale?: number;
  /** A cotangent for every path. */
  readonly perPath?: boolean;
}

/** The uniform of kernels over spikes. */
export const spikeUniform = (spikes: DeviceSpikes, range: SpikeRange): Values<typeof spikePass> => ({
  paths: range.paths,
  firstPath: range.first,
  allPaths: spikes.paths,
  slots: spikes.slots,
  steps: spikes.steps,
  recordAt: spikes.recordAt ?? 0,
  recordStride: spikes.recordStride ?? spikes.paths,
  countsAt: spikes.counts.byteOffset / 4,
  dt: spikes.dt,
  scale: range.scale ?? 1,
  perPath: range.perPath ? 1 : 0,
});

export class SpikeEvents {
  private constructor(
    private readonly neurons: number,
    private readonly kernels: ReadonlyMap<number, EventKernels>,
  ) {}

  static async create(gpu: Gpu, neurons: number, withNext = false): Promise<SpikeEvents> {
    const forWords = async (recordWords: number): Promise<readonly [number, EventKernels]> => {
      const own = { recordWords, neurons };
      const [read, capped, next, count, least] = await Promise.all([
        gpu.kernel(spikeEvents({ ...own, capped: false })),
        gpu.kernel(spikeEvents({ ...own, capped: true })),
        withNext ? gpu.kernel(spikeEvents({ ...own, capped: true, next: true })) : undefined,
        gpu.kernel(neuronCounts({ ...own, least: false })),
        gpu.kernel(neuronCounts({ ...own, least: true })),
      ]);
      return [recordWords, { read, capped, next, count, least }];
    };
    // Records of single neurons do without the neuron.
    return new SpikeEvents(neurons, new Map(await Promise.all((neurons === 1 ? [2, 3] : [3]).map(forWords))));
  }

  private of(spikes: DeviceSpikes): EventKernels {
    const found = this.kernels.get(spikes.recordWords);
    if (!found) {
      fail("spikes", `a record of ${spikes.recordWords} words a spike does not fit ${this.neurons} neurons`);
    }
    return found;
  }

  /**
   * Reads a range of paths; with `caps` [neurons][paths of the batch] u32 only so many spikes of each neuron, and with `next` one more of
   * each, marked.
   */
  encode(
    batch: Batch,
    spikes: DeviceSpikes,
    events: Storage,
    scratch: Scratch,
    range: SpikeRange & { readonly caps?: Storage | undefined; readonly next?: boolean | undefined },
  ): void {
    const { read, capped, next } = this.of(spikes);
    const { caps, paths } = range;
    batch.dispatch(range.next ? next! : caps ? capped : read, {
      uniform: spikeUniform(spikes, range),
      record: spikes.record,
      counts: spikes.counts.storage,
      events,
      caps,
      tally: caps && scratch.take("tally", 4 * this.neurons * paths),
      threads: paths,
    });
  }

  /** For path i of both batches the smaller count of each neuron, to `caps` [neurons][paths] u32. */
  encodeMatch(batch: Batch, a: DeviceSpikes, b: DeviceSpikes, caps: Storage, scratch: Scratch): void {
    if (a.paths !== b.paths) {
      fail("spikes", `batches of ${a.paths} and ${b.paths} paths cannot be matched path by path`);
    }
    const tally = scratch.take("tally", 4 * this.neurons * a.paths);
    for (const [spikes, kernel] of [[a, this.of(a).count] as const, [b, this.of(b).least] as const]) {
      batch.dispatch(kernel, {
        uniform: spikeUniform(spikes, { first: 0, paths: spikes.paths }),
        record: spikes.record,
        counts: spikes.counts.storage,
        matched: caps,
        tally,
        threads: spikes.paths,
      });
    }
  }
}
