/** Reads spike records on the GPU into lists of events (shaders/signature/spike-layout.wgsl.ts). */
import { neuronCounts, spikeEvents } from "../../../shaders/signature/spike-events.wgsl.js";
import { spikePassBytes } from "../../../shaders/signature/spike-layout.wgsl.js";
import { fail } from "../../checks.js";
import type { Batch, Gpu, Kernel, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";
import type { Scratch } from "./scratch.js";

const workgroupSize = 64;

interface EventKernels {
  readonly read: Kernel;
  readonly capped: Kernel;
  readonly count: Kernel;
  readonly least: Kernel;
}

/** A range of a batch's paths, and what else kernels over trains take. */
export interface SpikeRange {
  readonly first: number;
  readonly paths: number;
  readonly scale?: number;
  /** A cotangent for every path. */
  readonly perPath?: boolean;
}

/** The `SpikePass` uniform. */
export function spikeUniform(spikes: DeviceSpikes, range: SpikeRange): Uint8Array {
  const bytes = new ArrayBuffer(spikePassBytes);
  new Uint32Array(bytes).set([
    range.paths,
    range.first,
    spikes.paths,
    spikes.slots,
    spikes.steps,
    spikes.recordAt ?? 0,
    spikes.recordStride ?? spikes.paths,
    spikes.counts.byteOffset / 4,
  ]);
  new Float32Array(bytes).set([spikes.dt, range.scale ?? 1], 8);
  new Uint32Array(bytes)[10] = range.perPath ? 1 : 0;
  return new Uint8Array(bytes);
}

export class SpikeEvents {
  private constructor(
    private readonly neurons: number,
    private readonly kernels: ReadonlyMap<number, EventKernels>,
  ) {}

  static async create(gpu: Gpu, neurons: number): Promise<SpikeEvents> {
    const pass = (label: string, code: string, bindings: ("read" | "read_write")[]): Promise<Kernel> =>
      gpu.kernel({ label, code, bindings, uniformBytes: spikePassBytes });
    const forWords = async (recordWords: number): Promise<readonly [number, EventKernels]> => {
      const own = { recordWords, neurons, workgroupSize };
      const counting = ["read", "read", "read_write", "read_write"] as ("read" | "read_write")[];
      const [read, capped, count, least] = await Promise.all([
        pass("events of trains", spikeEvents({ ...own, capped: false }), ["read", "read", "read_write"]),
        pass("events of trains, capped", spikeEvents({ ...own, capped: true }), [
          "read",
          "read",
          "read_write",
          "read",
          "read_write",
        ]),
        pass("spike counts", neuronCounts({ ...own, least: false }), counting),
        pass("least spike counts", neuronCounts({ ...own, least: true }), counting),
      ]);
      return [recordWords, { read, capped, count, least }];
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

  /** Reads a range of paths; with `caps` [neurons][paths of the batch] u32 only so many spikes of each neuron. */
  encode(
    batch: Batch,
    spikes: DeviceSpikes,
    events: Storage,
    scratch: Scratch,
    range: SpikeRange & { readonly caps?: Storage | undefined },
  ): void {
    const { read, capped } = this.of(spikes);
    const pass = spikeUniform(spikes, range);
    const inputs = [spikes.record, spikes.counts.storage, events];
    const groups = [Math.ceil(range.paths / workgroupSize)] as const;
    if (range.caps) {
      const tally = scratch.take("tally", 4 * this.neurons * range.paths);
      batch.dispatch(capped, [...inputs, range.caps, tally], pass, groups);
    } else batch.dispatch(read, inputs, pass, groups);
  }

  /** For path i of both batches the smaller count of each neuron, to `caps` [neurons][paths] u32. */
  encodeMatch(batch: Batch, a: DeviceSpikes, b: DeviceSpikes, caps: Storage, scratch: Scratch): void {
    if (a.paths !== b.paths) {
      fail("spikes", `batches of ${a.paths} and ${b.paths} paths cannot be matched path by path`);
    }
    const tally = scratch.take("tally", 4 * this.neurons * a.paths);
    const groups = [Math.ceil(a.paths / workgroupSize)] as const;
    for (const [spikes, kernel] of [[a, this.of(a).count] as const, [b, this.of(b).least] as const]) {
      const inputs = [spikes.record, spikes.counts.storage, caps, tally];
      batch.dispatch(kernel, inputs, spikeUniform(spikes, { first: 0, paths: spikes.paths }), groups);
    }
  }
}
