/**
 * Truncated signatures of spike trains that lie on the GPU, and their vector-Jacobian products, encoded into a batch:
 * nothing is read back. The path is the Marcus lift of t ↦ (t − t0, N¹_t … N^K_t) (Holberg & Salvi 2024, section 3;
 * src/signature/definitions/lift.ts), in its axis form.
 */
import {
  depth3Blocks,
  entryBytes,
  paddedChannels,
  spikeDepth3,
  spikeLinks,
  spikePoints,
} from "../../../shaders/signature/spike-depth3.wgsl.js";
import { rowsPerLayer, spikeGradient, spikeStates, stateSize } from "../../../shaders/signature/spike-gradient.wgsl.js";
import { eventBytes, spikePassBytes } from "../../../shaders/signature/spike-layout.wgsl.js";
import { spikeSignature, sumSpikeRows } from "../../../shaders/signature/spike-signature.wgsl.js";
import { fail, wholeNumber } from "../../checks.js";
import type { Batch, Gpu, Kernel, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";
import { tensorSize } from "../host/tensor.js";
import { threadGroups, workgroupSize } from "./device-paths.js";
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

export class SpikeSignatures {
  /** Numbers of a signature: levels 0 (which is 1) to depth, words in lexicographic order. */
  readonly size: number;
  private readonly scratch: Scratch;

  private constructor(
    gpu: Gpu,
    readonly neurons: number,
    readonly depth: number,
    private readonly pathsPerGroup: number,
    private readonly events: SpikeEvents,
    private readonly kernels: {
      readonly sum: Kernel;
      /** Depth 3 only. */
      readonly points: Kernel | undefined;
      readonly links: Kernel | undefined;
      readonly each: Kernel;
      readonly addRows: Kernel;
      readonly gradient: Kernel;
      readonly before: Kernel | undefined;
      readonly after: Kernel | undefined;
    },
  ) {
    this.size = tensorSize(neurons + 1, depth);
    this.scratch = new Scratch(gpu);
  }

  /**
   * Compiles what signatures of `neurons` neurons (1 + neurons channels) to `depth` (1 to 8) need.
   * @throws SaltationError `invalid-input` for a depth out of range, `limit` where a signature does not fit a buffer.
   */
  static async create(gpu: Gpu, options: { neurons: number; depth: number }): Promise<SpikeSignatures> {
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
    const shape = { channels, depth, workgroupSize };
    const passOf = (label: string, code: string, bindings: ("read" | "read_write")[]): Promise<Kernel> =>
      gpu.kernel({ label, code, bindings, uniformBytes: spikePassBytes });
    const states = stateSize(channels, depth) > 0;
    const products = depth === 3;
    const summed = (label: string, paths: number, transposed: boolean): Promise<Kernel> =>
      products
        ? passOf(label, spikeDepth3({ channels, pathsPerGroup: paths, workgroupSize }), ["read", "read", "read_write"])
        : passOf(label, spikeSignature({ ...shape, pathsPerGroup: paths, transposed }), ["read", "read_write"]);
    const [events, sum, points, links, each, addRows, gradient, before, after] = await Promise.all([
      SpikeEvents.create(gpu, neurons),
      summed("signatures of trains, summed", pathsPerGroup, true),
      products ? passOf("points of trains", spikePoints(channels, workgroupSize), ["read", "read_write"]) : undefined,
      products ? passOf("links of trains", spikeLinks(channels, workgroupSize), ["read", "read_write"]) : undefined,
      summed("signatures of trains", 1, false),
      gpu.kernel({
        label: "sum of signatures",
        code: sumSpikeRows(channels, depth, !products, workgroupSize),
        bindings: ["read", "read_write"],
        uniformBytes: 16,
      }),
      passOf("gradient to spike times", spikeGradient(shape), [
        "read",
        "read",
        "read_write",
        ...(states ? (["read", "read"] as const) : []),
      ]),
      states ? passOf("signatures before spikes", spikeStates(shape, "before"), ["read", "read_write"]) : undefined,
      states ? passOf("signatures after spikes", spikeStates(shape, "after"), ["read", "read_write"]) : undefined,
    ]);
    const kernels = { sum: sum!, points, links, each: each!, addRows: addRows!, gradient: gradient!, before, after };
    return new SpikeSignatures(gpu, neurons, depth, pathsPerGroup, events, kernels);
  }

  /** Ranges of paths that fit the scratch buffers, in whole `unit`s, and reads the events of each before its turn. */
  private ranges(
    batch: Batch,
    spikes: DeviceSpikes,
    bytesPerPath: number,
    unit: number,
    options: EncodeOptions & { readonly scale: number; readonly perPath?: boolean },
    turn: (events: Storage, pass: Uint8Array, paths: number, first: number) => void,
  ): void {
    const perPath = Math.max(bytesPerPath, eventBytes(spikes.slots));
    const fitting = Math.floor(scratchBytes / perPath / unit) * unit;
    const most = Math.min(spikes.paths, Math.max(unit, fitting));
    const events = this.scratch.take("events", eventBytes(spikes.slots) * most);
    for (let first = 0; first < spikes.paths; first += most) {
      const paths = Math.min(most, spikes.paths - first);
      const pass = spikeUniform(spikes, { ...options, first, paths });
      this.events.encode(batch, spikes, events, this.scratch, { first, paths, caps: options.caps });
      turn(events, pass, paths, first);
    }
  }

  /** Rows of signatures [groups][size], each the sum over so many paths. */
  private encodeRows(
    batch: Batch,
    events: Storage,
    pass: Uint8Array,
    spikes: DeviceSpikes,
    paths: number,
    rows: Storage,
    kernel: Kernel,
    pathsPerGroup: number,
  ): void {
    const { kernels } = this;
    const channels = this.neurons + 1;
    const groups = Math.ceil(paths / pathsPerGroup);
    if (!kernels.points || !kernels.links) {
      batch.dispatch(kernel, [events, rows], pass, threadGroups(channels ** (this.depth - 1) * groups));
      return;
    }
    const bytes = entryBytes(channels, spikes.slots);
    const points = this.scratch.take("points of entries", bytes.points * paths);
    const links = this.scratch.take("links of entries", bytes.links * paths);
    const across = Math.ceil(paths / workgroupSize);
    batch.dispatch(kernels.points, [events, points], pass, [across, paddedChannels(channels) / 4]);
    batch.dispatch(kernels.links, [events, links], pass, [across]);
    batch.dispatch(kernel, [points, links, rows], pass, threadGroups(depth3Blocks(channels).threads * groups));
  }

  /** Bytes of scratch per path of rows of so many paths each. */
  private rowBytes(spikes: DeviceSpikes, pathsPerGroup: number): number {
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
    const { size, pathsPerGroup, kernels } = this;
    const scale = options.scale ?? 1 / spikes.paths;
    const perPath = this.rowBytes(spikes, pathsPerGroup);
    let keep = options.accumulate ?? false;
    this.ranges(batch, spikes, perPath, blockPaths, { ...options, scale }, (events, pass, paths) => {
      const groups = Math.ceil(paths / pathsPerGroup);
      const rows = this.scratch.take("sums of groups", 4 * size * groups);
      this.encodeRows(batch, events, pass, spikes, paths, rows, kernels.sum, pathsPerGroup);
      const sum = new ArrayBuffer(16);
      new Uint32Array(sum).set([groups, blockPaths / pathsPerGroup, keep ? 1 : 0]);
      new Float32Array(sum)[3] = scale;
      batch.dispatch(kernels.addRows, [rows, out], new Uint8Array(sum), threadGroups(size));
      keep = true;
    });
  }

  /** The signature of every path, to `out` [paths][size] f32. */
  encodeEach(batch: Batch, spikes: DeviceSpikes, out: Storage, options: Pick<EncodeOptions, "caps"> = {}): void {
    const { size, kernels } = this;
    this.ranges(batch, spikes, this.rowBytes(spikes, 1), 1, { ...options, scale: 1 }, (events, pass, paths, first) => {
      // Storages are bound from their start, so what does not come first is copied to its place.
      const own = paths === spikes.paths ? out : this.scratch.take("signatures", 4 * size * paths);
      this.encodeRows(batch, events, pass, spikes, paths, own, kernels.each, 1);
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
    this.ranges(batch, spikes, stateBytes, 1, { ...options, scale }, (events, pass, paths) => {
      const grid = (rows: number): [number, number, number] => [
        Math.ceil(paths / workgroupSize),
        Math.min(rows, rowsPerLayer),
        Math.ceil(rows / rowsPerLayer),
      ];
      const states: Storage[] = [];
      if (kernels.before && kernels.after) {
        const words = channels ** (depth - 2);
        const before = this.scratch.take("states before", stateBytes * paths);
        const after = this.scratch.take("states after", stateBytes * paths);
        batch.dispatch(kernels.before, [events, before], pass, grid(words));
        batch.dispatch(kernels.after, [events, after], pass, grid(words));
        states.push(before, after);
      }
      batch.dispatch(kernels.gradient, [events, cotangent, out, ...states], pass, grid(spikes.slots));
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
