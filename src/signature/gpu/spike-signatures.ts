/**
 * Truncated signatures of spike trains that lie on the GPU, and their vector-Jacobian products, encoded into a batch:
 * nothing is read back. The path is the Marcus lift of t ↦ (t − t0, N¹_t … N^K_t) (Holberg & Salvi 2024, section 3;
 * src/signature/definitions/lift.ts), in its axis form.
 */
import type { Values } from "../../../shaders/shared/declare.js";
import {
  type Depth3Levels,
  depth3Blocks,
  entryBytes,
  paddedChannels,
  spikeDepth3,
  spikeLinks,
  spikePoints,
} from "../../../shaders/signature/spike-depth3.wgsl.js";
import { rowsPerLayer, spikeGradient, spikeStates, stateSize } from "../../../shaders/signature/spike-gradient.wgsl.js";
import { eventBytes, type spikePass } from "../../../shaders/signature/spike-layout.wgsl.js";
import {
  nextAfter,
  nextBefore,
  nextWords,
  spikeNext,
  transposeCotangent,
  transposedSize,
} from "../../../shaders/signature/spike-next.wgsl.js";
import { spikeSignature, sumSpikeRows } from "../../../shaders/signature/spike-signature.wgsl.js";
import { fail, wholeNumber } from "../../checks.js";
import type { Batch, Gpu, KernelOf, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";
import { tensorSize } from "../host/tensor.js";
import { threadGroups } from "./device-paths.js";
import { Scratch } from "./scratch.js";
import { SpikeEvents, spikeUniform } from "./spike-events.js";

/** Paths whose sums are added to a total at a time: chunks of paths that are whole blocks give the same bits as one. */
const blockPaths = 256;

/** Bytes of a scratch buffer: more paths take turns. */
const scratchBytes = 64 * 2 ** 20;

export interface EncodeOptions {
  /** Most spikes that count of each neuron of each path [neurons][paths] u32: later ones are left out. */
  readonly caps?: Storage;
  /** Keep what stands in the output and add to it (default false). */
  readonly accumulate?: boolean;
}

type Pass = Values<typeof spikePass>;

/** Writes signatures, each the sum over a group of paths. */
interface RowsKernels {
  readonly pathsPerGroup: number;
  readonly levels?: Depth3Levels;
  /** By the products of depth 3, or for any depth. */
  readonly products: KernelOf<typeof spikeDepth3> | undefined;
  readonly words: KernelOf<typeof spikeSignature> | undefined;
}

/** Compiled where the next spikes of trains are asked for. */
interface NextKernels {
  /** From depth 2 on. */
  readonly runs:
    | {
        readonly transpose: KernelOf<typeof transposeCotangent>;
        readonly after: KernelOf<typeof nextAfter>;
        readonly before: KernelOf<typeof nextBefore>;
      }
    | undefined;
  readonly add: KernelOf<typeof spikeNext>;
}

/** A range of paths whose events are read. */
interface Turn {
  readonly events: Storage;
  readonly uniform: Pass;
  readonly paths: number;
  readonly first: number;
}

/** Threads for so many rows, of so many paths or words each. */
const rowsOf = (along: number, rows: number): [number, number, number] => [
  along,
  Math.min(rows, rowsPerLayer),
  Math.ceil(rows / rowsPerLayer),
];

export class SpikeSignatures {
  /** Numbers of a signature: levels 0 (which is 1) to depth, words in lexicographic order. */
  readonly size: number;
  private readonly scratch: Scratch;

  private constructor(
    gpu: Gpu,
    readonly neurons: number,
    readonly depth: number,
    private readonly events: SpikeEvents,
    private readonly kernels: {
      readonly sum: RowsKernels;
      readonly each: RowsKernels;
      /** Of each path too, but of depth 3 the levels below the last. */
      readonly below: RowsKernels | undefined;
      /** Depth 3 only. */
      readonly points: KernelOf<typeof spikePoints> | undefined;
      readonly links: KernelOf<typeof spikeLinks> | undefined;
      readonly addRows: KernelOf<typeof sumSpikeRows>;
      readonly gradient: KernelOf<typeof spikeGradient>;
      readonly before: KernelOf<typeof spikeStates> | undefined;
      readonly after: KernelOf<typeof spikeStates> | undefined;
      readonly next: NextKernels | undefined;
    },
  ) {
    this.size = tensorSize(neurons + 1, depth);
    this.scratch = new Scratch(gpu);
  }

  /**
   * Compiles what signatures of `neurons` neurons (1 + neurons channels) to `depth` (1 to 8) need.
   * @param options `next` where `encodeNext` will be asked for, `ends` where `encodeEach` will be without the last level.
   * @throws SaltationError `invalid-input` for a depth out of range, `limit` where a signature does not fit a buffer.
   */
  static async create(
    gpu: Gpu,
    options: { neurons: number; depth: number; next?: boolean; ends?: boolean },
  ): Promise<SpikeSignatures> {
    const neurons = wholeNumber("neurons", options.neurons, 1, 65536);
    const depth = wholeNumber("depth", options.depth, 1, 8);
    const channels = neurons + 1;
    const size = tensorSize(channels, depth);
    const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
    const most = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    if (4 * size > most) {
      fail(
        "depth",
        `one signature of ${channels} channels to depth ${depth} takes ${4 * size} bytes, more than a buffer's ` +
          `${most} on this adapter; take a smaller depth`,
        "limit",
      );
    }
    // A group's row is as long as a signature; groups depend on the shape alone, since they fix the order of sums.
    let pathsPerGroup = 4;
    while (pathsPerGroup < blockPaths && (blockPaths / pathsPerGroup) * size * 4 > scratchBytes) pathsPerGroup *= 2;
    const shape = { channels, depth };
    const states = stateSize(channels, depth) > 0;
    const products = depth === 3;
    const summed = async (label: string, pathsPerGroup: number, transposed: boolean): Promise<RowsKernels> => ({
      pathsPerGroup,
      products: products ? await gpu.kernel(spikeDepth3(label, channels, pathsPerGroup)) : undefined,
      words: products ? undefined : await gpu.kernel(spikeSignature(label, { ...shape, pathsPerGroup, transposed })),
    });
    const next = async (): Promise<NextKernels> => {
      const [add, transpose, after, before] = await Promise.all([
        gpu.kernel(spikeNext(shape)),
        ...(depth > 1
          ? ([
              gpu.kernel(transposeCotangent(shape)),
              gpu.kernel(nextAfter(shape)),
              gpu.kernel(nextBefore(shape)),
            ] as const)
          : ([] as const)),
      ]);
      return { add, runs: transpose && after && before ? { transpose, after, before } : undefined };
    };
    const below = async (): Promise<RowsKernels> => ({
      pathsPerGroup: 1,
      levels: 2,
      products: await gpu.kernel(spikeDepth3("signatures of spikes, below the last level", channels, 1, 2)),
      words: undefined,
    });
    const [events, sum, points, links, each, belowLast, addRows, gradient, before, after, nextKernels] =
      await Promise.all([
        SpikeEvents.create(gpu, neurons, options.next),
        summed("signatures of trains, summed", pathsPerGroup, true),
        products ? gpu.kernel(spikePoints(channels)) : undefined,
        products ? gpu.kernel(spikeLinks(channels)) : undefined,
        summed("signatures of spikes", 1, false),
        options.ends && products ? below() : undefined,
        gpu.kernel(sumSpikeRows(channels, depth, !products)),
        gpu.kernel(spikeGradient(shape)),
        states ? gpu.kernel(spikeStates(shape, "before")) : undefined,
        states ? gpu.kernel(spikeStates(shape, "after")) : undefined,
        options.next ? next() : undefined,
      ]);
    const kernels = { sum, points, links, each, below: belowLast, addRows, gradient, before, after, next: nextKernels };
    return new SpikeSignatures(gpu, neurons, depth, events, kernels);
  }

  /** Ranges of paths that fit the scratch buffers, in whole `unit`s, and reads the events of each before its turn. */
  private ranges(
    batch: Batch,
    spikes: DeviceSpikes,
    bytesPerPath: number,
    unit: number,
    options: EncodeOptions & { readonly scale: number; readonly perPath?: boolean; readonly next?: boolean },
    take: (turn: Turn) => void,
  ): void {
    const perPath = Math.max(bytesPerPath, eventBytes(spikes.slots));
    const fitting = Math.floor(scratchBytes / perPath / unit) * unit;
    const most = Math.min(spikes.paths, Math.max(unit, fitting));
    const events = this.scratch.take("events", eventBytes(spikes.slots) * most);
    for (let first = 0; first < spikes.paths; first += most) {
      const paths = Math.min(most, spikes.paths - first);
      const uniform = spikeUniform(spikes, { ...options, first, paths });
      this.events.encode(batch, spikes, events, this.scratch, { first, paths, caps: options.caps, next: options.next });
      take({ events, uniform, paths, first });
    }
  }

  /** Rows of signatures [groups][size], each the sum over so many paths. */
  private encodeRows(batch: Batch, { events, uniform, paths }: Turn, rows: Storage, by: RowsKernels): void {
    const { points: pointsKernel, links: linksKernel } = this.kernels;
    const channels = this.neurons + 1;
    const count = Math.ceil(paths / by.pathsPerGroup);
    if (by.words) {
      const groups = threadGroups(channels ** (this.depth - 1) * count);
      batch.dispatch(by.words, { uniform, events, rows, groups });
      return;
    }
    const bytes = entryBytes(channels, uniform.slots);
    const points = this.scratch.take("points of entries", bytes.points * paths);
    const links = this.scratch.take("links of entries", bytes.links * paths);
    const groups = threadGroups(depth3Blocks(channels, by.levels).threads * count);
    batch
      .dispatch(pointsKernel!, { uniform, events, points, threads: [paths, paddedChannels(channels) / 4] })
      .dispatch(linksKernel!, { uniform, events, links, threads: paths })
      .dispatch(by.products!, { uniform, points, links, out: rows, groups });
  }

  /** Bytes of scratch per path of rows of so many paths each. */
  private rowBytes(spikes: DeviceSpikes, { pathsPerGroup }: RowsKernels): number {
    const points = this.kernels.points ? entryBytes(this.neurons + 1, spikes.slots).points : 0;
    return Math.max((4 * this.size) / pathsPerGroup, points);
  }

  /**
   * Expected signature: the mean over the paths of the batch, or `scale` times their sum, to `out` [size] f32. Sums
   * have one order: the same bits whatever else is in the batch, and where trains are cut into chunks of whole 256 paths
   * that accumulate in their order.
   */
  encodeMean(
    batch: Batch,
    spikes: DeviceSpikes,
    out: Storage,
    options: EncodeOptions & { readonly scale?: number } = {},
  ): void {
    const { size, kernels } = this;
    const { pathsPerGroup } = kernels.sum;
    const scale = options.scale ?? 1 / spikes.paths;
    const perPath = this.rowBytes(spikes, kernels.sum);
    let keep = options.accumulate ?? false;
    this.ranges(batch, spikes, perPath, blockPaths, { ...options, scale }, (turn) => {
      const count = Math.ceil(turn.paths / pathsPerGroup);
      const rows = this.scratch.take("sums of groups", 4 * size * count);
      this.encodeRows(batch, turn, rows, kernels.sum);
      batch.dispatch(kernels.addRows, {
        uniform: { rows: count, rowsPerBlock: blockPaths / pathsPerGroup, keep: keep ? 1 : 0, scale },
        rows,
        out,
        groups: threadGroups(size),
      });
      keep = true;
    });
  }

  /**
   * The signature of every path, to `out` [paths][size] f32.
   * @param options with `below`, the last level may be left as it is: it is what takes time.
   */
  encodeEach(
    batch: Batch,
    spikes: DeviceSpikes,
    out: Storage,
    options: Pick<EncodeOptions, "caps"> & { readonly below?: boolean } = {},
  ): void {
    const { size, kernels } = this;
    const by = (options.below && kernels.below) || kernels.each;
    this.ranges(batch, spikes, this.rowBytes(spikes, by), 1, { ...options, scale: 1 }, (turn) => {
      const { paths, first } = turn;
      // Storages are bound from their start, so what does not come first is copied to its place.
      const own = paths === spikes.paths ? out : this.scratch.take("signatures", 4 * size * paths);
      this.encodeRows(batch, turn, own, by);
      if (own !== out) batch.copy(own, 0, out, 4 * size * first, 4 * size * paths);
    });
  }

  /**
   * Vector-Jacobian product: cotangents of the spike times, to `out` [slots][paths of the batch] f32, of the loss whose
   * cotangent by the expected signature is `cotangent` [size], or by each path's own signature [paths][size] with
   * `perPath`. Zero for slots that hold no spike or one beyond its cap. Simultaneous spikes share the derivative along
   * moving them together.
   * @param options `scale` multiplies (default 1/paths for a mean, 1 with `perPath`).
   */
  encodeVjp(
    batch: Batch,
    spikes: DeviceSpikes,
    cotangent: Storage,
    out: Storage,
    options: EncodeOptions & { readonly scale?: number; readonly perPath?: boolean } = {},
  ): void {
    const { kernels, depth } = this;
    const channels = this.neurons + 1;
    const scale = options.scale ?? (options.perPath ? 1 : 1 / spikes.paths);
    const stateBytes = 4 * spikes.slots * stateSize(channels, depth);
    if (!options.accumulate) batch.clear(out, 0, 4 * spikes.slots * spikes.paths);
    this.ranges(batch, spikes, stateBytes, 1, { ...options, scale }, ({ events, uniform, paths }) => {
      let [before, after]: (Storage | undefined)[] = [];
      if (kernels.before && kernels.after) {
        const threads = rowsOf(paths, channels ** (depth - 2));
        before = this.scratch.take("states before", stateBytes * paths);
        after = this.scratch.take("states after", stateBytes * paths);
        batch
          .dispatch(kernels.before, { uniform, events, states: before, threads })
          .dispatch(kernels.after, { uniform, events, states: after, threads });
      }
      const threads = rowsOf(paths, spikes.slots);
      batch.dispatch(kernels.gradient, { uniform, events, cotangent, gradient: out, before, after, threads });
    });
  }

  /**
   * Of matched trains: what one more spike at the end of the other train of the pair adds to a function of the difference of their
   * signatures, if it counts; it does where this train has more spikes of the neuron than count, of which one more then counts.
   * Written there to `out` [neurons][paths of the batch] f32, which is left as it is elsewhere.
   * @param added what it adds to the function of the other's signature alone, in the same order.
   * @param options `caps`, spikes that count of either.
   */
  encodeNext(
    batch: Batch,
    spikes: DeviceSpikes,
    { cotangent, added, out }: { readonly cotangent: Storage; readonly added: Storage; readonly out: Storage },
    options: Required<Pick<EncodeOptions, "caps">> & { readonly scale?: number },
  ): void {
    const { depth, neurons } = this;
    const channels = neurons + 1;
    const { runs, add } = this.kernels.next!;
    const words = nextWords(channels, depth);
    const bytes = {
      running: 4 * channels * words,
      parts: 4 * neurons * words,
      after: 4 * neurons * stateSize(channels, depth),
    };
    const transposed = runs && this.scratch.take("cotangent, transposed", 4 * transposedSize(channels, depth));
    if (runs) {
      const groups = threadGroups(transposedSize(channels, depth));
      batch.dispatch(runs.transpose, { cotangent, transposed: transposed!, groups });
    }
    const perPath = runs ? Math.max(bytes.running, bytes.after) : 0;
    this.ranges(batch, spikes, perPath, 1, { scale: 1, ...options, next: true }, ({ events, uniform, paths }) => {
      const parts = runs && this.scratch.take("parts of next spikes", bytes.parts * paths);
      if (runs) {
        const running = this.scratch.take("running signatures", bytes.running * paths);
        const after = depth > 2 ? this.scratch.take("signatures after next spikes", bytes.after * paths) : undefined;
        const threads = rowsOf(words, paths);
        const given = { uniform, events, running, parts: parts!, after, threads };
        batch
          .dispatch(runs.after, { ...given, cotangent })
          .dispatch(runs.before, { ...given, cotangent: depth > 3 ? cotangent : undefined, transposed: transposed! });
      }
      const threads = rowsOf(paths, spikes.slots);
      batch.dispatch(add, { uniform, events, cotangent, added, horizon: out, parts, threads });
    });
  }

  /**
   * Matching of spike counts, as in the reference code of Holberg & Salvi: for path i of both batches the smaller of the
   * two counts of each neuron, to `caps` [neurons][paths] u32. Given as `caps` for both, spikes beyond it are left out.
   * @throws SaltationError `invalid-input` where the batches differ in size.
   */
  encodeMatch(batch: Batch, a: DeviceSpikes, b: DeviceSpikes, caps: Storage): void {
    this.events.encodeMatch(batch, a, b, caps, this.scratch);
  }

  /** Gives the scratch buffers back; what was encoded before must have been submitted. */
  dispose(): void {
    this.scratch.dispose();
  }
}
