/** Runs the stages over all pairs of a list, a chunk at a time: for paths on the host and for paths on the GPU. */

import type { Values } from "../../../shaders/shared/declare.js";
import { describeCotangents, describeSlots, type slotPass } from "../../../shaders/signature/pair-results.wgsl.js";
import type { Batch, Gpu, KernelOf, Storage } from "../../gpu/index.js";
import { type GramShape, gramPairs, type PairList, pairCount } from "../definitions/pairs.js";
import { type ReadyPaths, threadGroups } from "./device-paths.js";
import { slotLists } from "./pairs.js";
import type { Scratch } from "./scratch.js";
import type { PairChunk, PairScratch, PairStages, Recording } from "./stages.js";

/**
 * Encodes chunk after chunk, and gives each when its results are encoded: before the next, they are to be used.
 * @param chunkOf makes pairs `begin` to `end` ready, where any of them are to be computed.
 */
export function* runPairs<Chunk extends PairChunk>(
  recording: Recording,
  stages: PairStages,
  count: number,
  scratch: PairScratch,
  chunkOf: (begin: number, end: number) => Chunk | undefined,
): Generator<Chunk> {
  const most = stages.plan.slots;
  for (let begin = 0; begin < count; begin += most) {
    const end = Math.min(count, begin + most);
    const chunk = chunkOf(begin, end);
    if (!chunk) continue;
    stages.encode(recording, chunk, scratch);
    yield chunk;
  }
}

/** Pairs of paths that lie on the GPU: those of a Gram matrix, whose lists keep a name. */
export interface DevicePairs extends GramShape {
  readonly name: string;
  readonly stages: PairStages;
  /** Paths, and the most segments of one. */
  readonly x: ReadyPaths & { readonly segments: number };
  readonly y: ReadyPaths & { readonly segments: number };
  /** Whether pairs are of paths with themselves or, with cotangents, stand for both of their entries. */
  readonly flagged: boolean;
  /** Weights of pairs of a path with itself and of others, or cotangents of the Gram matrix [rows, columns]. */
  readonly weights: { readonly diagonal: number; readonly others: number } | Storage | GPUBuffer;
  /** Where gradients by the points of x and y are added: [vertices, gradient channels]. */
  readonly gradientX?: Storage | GPUBuffer | undefined;
  readonly gradientY?: Storage | GPUBuffer | undefined;
}

/** What is known of a chunk of them when its results are there. */
export interface DeviceChunk {
  /** The pair that its first slot is of. */
  readonly begin: number;
  /** [slots] of the index in x and in y. */
  readonly indices: Storage;
  /** [slots] of value and binary exponent; weights of the slots. */
  readonly results: Storage;
  readonly weights: Storage;
  /** Of kernels over slots. */
  readonly uniform: Values<typeof slotPass>;
  /** Workgroups with a thread for each slot. */
  readonly groups: [number, number];
}

type DescribeKernel = KernelOf<typeof describeSlots>;

/** Encodes pairs of paths on the GPU into a batch, with nothing read back; keeps the lists, which are the same each time. */
export class DevicePairRunner {
  private readonly lists = new Map<string, Storage>();

  private constructor(
    private readonly gpu: Gpu,
    private readonly scratch: Scratch,
    private readonly kernels: { readonly describe: DescribeKernel; readonly weigh: DescribeKernel | undefined },
  ) {}

  /** @param cotangents whether weights may be those of a Gram matrix. */
  static async create(gpu: Gpu, scratch: Scratch, cotangents: boolean): Promise<DevicePairRunner> {
    const [describe, weigh] = await Promise.all([
      gpu.kernel(describeSlots),
      cotangents ? gpu.kernel(describeCotangents) : undefined,
    ]);
    return new DevicePairRunner(gpu, scratch, { describe, weigh });
  }

  private kept(name: string, make: () => Uint32Array): Storage {
    let list = this.lists.get(name);
    if (!list) {
      list = this.gpu.upload(name, make());
      this.lists.set(name, list);
    }
    return list;
  }

  /** Encodes all pairs; `use` encodes what becomes of a chunk's results. */
  encode(batch: Batch, pairs: DevicePairs, use: (chunk: DeviceChunk) => void): void {
    const { scratch, kernels } = this;
    const { stages, x, y, rows, columns, name } = pairs;
    const count = pairCount(pairs);
    const bytes = stages.scratch;
    const buffers = {
      p: scratch.take("increments", bytes.p),
      k: scratch.take("kernel rows", bytes.k),
      g: scratch.take("reverse rows", bytes.g),
    };
    const most = Math.min(stages.plan.slots, count);
    const [described, weights, results] = [
      scratch.take("pairs", 16 * most),
      scratch.take("weights", 4 * most),
      scratch.take("results", 8 * most),
    ];
    const given = pairs.weights;
    const chunkOf = (begin: number, end: number): PairChunk & { readonly used: DeviceChunk } => {
      const slots = end - begin;
      const list = (of: string, make: (pairs: PairList) => Uint32Array): Storage =>
        this.kept(`${of}, ${name} ${begin} to ${end}`, () => make(gramPairs(pairs, begin, end)));
      const indices = list("indices of pairs", ({ a, b }) =>
        Uint32Array.from({ length: 2 * slots }, (_, i) => (i % 2 === 0 ? a : b)[i >> 1]!),
      );
      const groups = threadGroups(slots);
      const [{ diagonal, others }, cotangent] = "diagonal" in given ? [given] : [{ diagonal: 0, others: 0 }, given];
      const uniform = { slots, columns, flagged: pairs.flagged ? 1 : 0, diagonal, others };
      batch.dispatch(cotangent ? kernels.weigh! : kernels.describe, {
        uniform,
        list: indices,
        x: x.table,
        y: y.table,
        pairs: described,
        weights,
        cotangent,
        groups,
      });
      const { gradientX, gradientY } = pairs;
      return {
        slots,
        rows: x.segments,
        columns: y.segments,
        x: x.points,
        y: y.points,
        pairs: described,
        results,
        ...(gradientX || gradientY ? { weights } : {}),
        ...(gradientX && {
          gradientX: { out: gradientX, list: list("slots of x", ({ a }) => slotLists(a, 0, slots, rows)), paths: rows },
        }),
        ...(gradientY && {
          gradientY: {
            out: gradientY,
            list: list("slots of y", ({ b }) => slotLists(b, 0, slots, columns)),
            paths: columns,
          },
        }),
        used: { begin, indices, results, weights, uniform, groups },
      };
    };
    for (const { used } of runPairs({ batch, cut() {} }, stages, count, buffers, chunkOf)) use(used);
  }

  /** Gives the lists back; what was encoded must have been submitted. */
  dispose(): void {
    for (const list of this.lists.values()) list.dispose();
    this.lists.clear();
  }
}
