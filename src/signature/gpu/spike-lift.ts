/** The Marcus lift of spike trains on the GPU to paths on the GPU, and the pullback of gradients (src/signature/definitions/lift.ts). */

import { eventBytes } from "../../../shaders/signature/spike-layout.wgsl.js";
import { liftVertices, spikeLift, spikePullback } from "../../../shaders/signature/spike-lift.wgsl.js";
import { wholeNumber } from "../../checks.js";
import type { Batch, Gpu, KernelOf, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";
import type { DevicePaths, PathShape } from "./device-paths.js";
import { Scratch } from "./scratch.js";
import { SpikeEvents, spikeUniform } from "./spike-events.js";

/** Paths and their shape; the buffers are the lift's own, and hold until its next use. */
export interface LiftedOnDevice extends DevicePaths, PathShape {
  readonly points: Storage;
  readonly lengths: Storage;
}

/** Lifted spikes. */
interface Lifted {
  /** Points, or with `differences` the moves from each to the next [paths, vertices, channels]. */
  readonly points: Storage;
  /** Of each path the number of vertices, with `table` after where it begins. */
  readonly extents: Storage;
  /** Vertices set aside for a path. */
  readonly vertices: number;
}

interface LiftForm {
  readonly neurons: number;
  readonly differences: boolean;
  readonly table: boolean;
  /** Channels of the gradients that are pulled back. */
  readonly gradientChannels: number;
}

/** The kernels of a lift; buffers are taken by the name of the trains. */
export class LiftKernels {
  private constructor(
    private readonly scratch: Scratch,
    private readonly form: LiftForm,
    private readonly events: SpikeEvents,
    private readonly lift: KernelOf<typeof spikeLift>,
    private readonly pullback: KernelOf<typeof spikePullback>,
  ) {}

  static async create(gpu: Gpu, scratch: Scratch, form: LiftForm): Promise<LiftKernels> {
    const [events, lift, pullback] = await Promise.all([
      SpikeEvents.create(gpu, form.neurons),
      gpu.kernel(spikeLift(form.neurons + 1, form)),
      gpu.kernel(spikePullback(form.gradientChannels)),
    ]);
    return new LiftKernels(scratch, form, events, lift, pullback);
  }

  private eventsOf({ slots, paths }: DeviceSpikes, name: string): Storage {
    return this.scratch.take(`events, ${name}`, eventBytes(slots) * paths);
  }

  encode(batch: Batch, trains: DeviceSpikes, name: string): Lifted {
    const { scratch, form } = this;
    const { paths } = trains;
    const vertices = liftVertices(trains.slots);
    const channels = form.neurons + 1;
    const events = this.eventsOf(trains, name);
    const points = scratch.take(`points, ${name}`, 4 * channels * vertices * paths);
    const extents = scratch.take(`extents, ${name}`, (form.table ? 8 : 4) * paths);
    const range = { first: 0, paths };
    this.events.encode(batch, trains, events, scratch, range);
    const uniform = spikeUniform(trains, range);
    batch.dispatch(this.lift, { uniform, events, points, extents, threads: [paths, channels] });
    return { points, extents, vertices };
  }

  /** Adds `scale` times the pullback of a gradient [paths, vertices, gradient channels] by the last lift of this name. */
  encodePullback(
    batch: Batch,
    trains: DeviceSpikes,
    name: string,
    gradient: Storage | GPUBuffer,
    out: Storage | GPUBuffer,
    { scale = 1 }: { readonly scale?: number },
  ): void {
    const { paths } = trains;
    const events = this.eventsOf(trains, name);
    const uniform = spikeUniform(trains, { first: 0, paths, scale });
    batch.dispatch(this.pullback, { uniform, events, gradient, out, threads: paths });
  }
}

export class SpikeLift {
  private constructor(
    private readonly scratch: Scratch,
    private readonly kernels: LiftKernels,
  ) {}

  /** @throws SaltationError `invalid-input`. */
  static async create(gpu: Gpu, options: { readonly neurons: number }): Promise<SpikeLift> {
    const neurons = wholeNumber("neurons", options.neurons, 1, 65535);
    const scratch = new Scratch(gpu);
    const form = { neurons, differences: false, table: false, gradientChannels: neurons + 1 };
    return new SpikeLift(scratch, await LiftKernels.create(gpu, scratch, form));
  }

  /** Vertices set aside for a path of trains in so many slots: the length of the paths. */
  static length(slots: number): number {
    return liftVertices(slots);
  }

  /** Encodes the lift: [paths, 2 slots + 2, 1 + neurons], time (from t0) the first channel. */
  encode(batch: Batch, spikes: DeviceSpikes): LiftedOnDevice {
    const { points, extents, vertices } = this.kernels.encode(batch, spikes, "spikes");
    return { count: spikes.paths, length: vertices, points, lengths: extents };
  }

  /**
   * Adds `scale` (default 1) times the pullback of a gradient to the points of the last lift to the spike-time cotangents
   * [slots][paths] f32. Simultaneous spikes share the derivative along moving them together.
   */
  encodePullback(
    batch: Batch,
    spikes: DeviceSpikes,
    gradient: Storage | GPUBuffer,
    cotangents: Storage | GPUBuffer,
    options: { readonly scale?: number } = {},
  ): void {
    this.kernels.encodePullback(batch, spikes, "spikes", gradient, cotangents, options);
  }

  /** Gives the buffers back; what was encoded must have been submitted. */
  dispose(): void {
    this.scratch.dispose();
  }
}
