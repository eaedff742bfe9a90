/** Reads spike records on the GPU into lists of events (shaders/signature/train-layout.wgsl.ts). */
import { neuronCounts, trainEvents } from "../../../shaders/signature/train-events.wgsl.js";
import { trainPassBytes } from "../../../shaders/signature/train-layout.wgsl.js";
import { fail } from "../../checks.js";
import type { Batch, Gpu, Kernel, Storage } from "../../gpu/index.js";
import type { Scratch } from "./scratch.js";
import type { TrainBatch } from "./trains.js";

const workgroupSize = 64;

interface EventKernels {
  readonly read: Kernel;
  readonly capped: Kernel;
  readonly count: Kernel;
  readonly least: Kernel;
}

/** A range of a batch's paths, and what else kernels over trains take. */
export interface TrainRange {
  readonly first: number;
  readonly paths: number;
  readonly scale?: number;
  /** A cotangent for every path. */
  readonly perPath?: boolean;
}

/** The `TrainPass` uniform. */
export function trainUniform(trains: TrainBatch, range: TrainRange): Uint8Array {
  const bytes = new ArrayBuffer(trainPassBytes);
  new Uint32Array(bytes).set([
    range.paths,
    range.first,
    trains.paths,
    trains.slots,
    trains.steps,
    trains.firstPath ?? 0,
    trains.recordPaths ?? trains.paths,
    trains.counts.byteOffset / 4,
  ]);
  new Float32Array(bytes).set([trains.dt, range.scale ?? 1], 8);
  new Uint32Array(bytes)[10] = range.perPath ? 1 : 0;
  return new Uint8Array(bytes);
}

export class TrainEvents {
  private constructor(
    private readonly neurons: number,
    private readonly kernels: ReadonlyMap<number, EventKernels>,
  ) {}

  static async create(gpu: Gpu, neurons: number): Promise<TrainEvents> {
    const pass = (label: string, code: string, bindings: ("read" | "read_write")[]): Promise<Kernel> =>
      gpu.kernel({ label, code, bindings, uniformBytes: trainPassBytes });
    const forWords = async (recordWords: number): Promise<readonly [number, EventKernels]> => {
      const own = { recordWords, neurons, workgroupSize };
      const counting = ["read", "read", "read_write", "read_write"] as ("read" | "read_write")[];
      const [read, capped, count, least] = await Promise.all([
        pass("events of trains", trainEvents({ ...own, capped: false }), ["read", "read", "read_write"]),
        pass("events of trains, capped", trainEvents({ ...own, capped: true }), [
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
    const pass = trainUniform(trains, range);
    const inputs = [trains.record, trains.counts.storage, events];
    const groups = [Math.ceil(range.paths / workgroupSize)] as const;
    if (range.caps) {
      const tally = scratch.take("tally", 4 * this.neurons * range.paths);
      batch.dispatch(capped, [...inputs, range.caps, tally], pass, groups);
    } else batch.dispatch(read, inputs, pass, groups);
  }

  /** For path i of both batches the smaller count of each neuron, to `caps` [neurons][paths] u32. */
  encodeMatch(batch: Batch, a: TrainBatch, b: TrainBatch, caps: Storage, scratch: Scratch): void {
    if (a.paths !== b.paths) {
      fail("trains", `batches of ${a.paths} and ${b.paths} paths cannot be matched path by path`);
    }
    const tally = scratch.take("tally", 4 * this.neurons * a.paths);
    const groups = [Math.ceil(a.paths / workgroupSize)] as const;
    for (const [trains, kernel] of [[a, this.of(a).count] as const, [b, this.of(b).least] as const]) {
      const inputs = [trains.record, trains.counts.storage, caps, tally];
      batch.dispatch(kernel, inputs, trainUniform(trains, { first: 0, paths: trains.paths }), groups);
    }
  }
}
