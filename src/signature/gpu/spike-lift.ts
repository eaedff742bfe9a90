/** The Marcus lift of spike trains on the GPU to paths on the GPU, and the pullback of gradients (src/signature/definitions/lift.ts). */

import { eventBytes, spikePassBytes } from "../../../shaders/signature/spike-layout.wgsl.js";
import { liftVertices, spikeLift, spikePullback } from "../../../shaders/signature/spike-lift.wgsl.js";
import { wholeNumber } from "../../checks.js";
import type { Batch, Gpu, Kernel, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";
import type { DevicePaths, PathShape } from "./device-paths.js";
import { Scratch } from "./scratch.js";
import { SpikeEvents, spikeUniform } from "./spike-events.js";

const workgroupSize = 64;

/** Paths and their shape; the buffers are the lift's own, and hold until its next use. */
export interface LiftedOnDevice extends DevicePaths, PathShape {
  readonly points: Storage;
  readonly lengths: Storage;
}

export class SpikeLift {
  private readonly scratch: Scratch;

  private constructor(
    gpu: Gpu,
    private readonly neurons: number,
    private readonly events: SpikeEvents,
    private readonly lift: Kernel,
    private readonly pull: Kernel,
  ) {
    this.scratch = new Scratch(gpu);
  }

  /** @throws SaltationError `invalid-input`. */
  static async create(gpu: Gpu, options: { readonly neurons: number }): Promise<SpikeLift> {
    const neurons = wholeNumber("neurons", options.neurons, 1, 65535);
    const [events, lift, pull] = await Promise.all([
      SpikeEvents.create(gpu, neurons),
      gpu.kernel({
        label: "lift of trains",
        code: spikeLift(neurons + 1, { differences: false, table: false }, workgroupSize),
        bindings: ["read", "read_write", "read_write"],
        uniformBytes: spikePassBytes,
      }),
      gpu.kernel({
        label: "pullback to spike times",
        code: spikePullback(neurons + 1, workgroupSize),
        bindings: ["read", "read", "read_write"],
        uniformBytes: spikePassBytes,
      }),
    ]);
    return new SpikeLift(gpu, neurons, events, lift, pull);
  }

  /** Vertices set aside for a path of trains in so many slots: the length of the paths. */
  static length(slots: number): number {
    return liftVertices(slots);
  }

  /** Encodes the lift: [paths, 2 slots + 2, 1 + neurons], time (from t0) the first channel. */
  encode(batch: Batch, spikes: DeviceSpikes): LiftedOnDevice {
    const { scratch, neurons } = this;
    const { paths } = spikes;
    const length = liftVertices(spikes.slots);
    const events = scratch.take("events", eventBytes(spikes.slots) * paths);
    const points = scratch.take("points", 4 * (neurons + 1) * length * paths);
    const lengths = scratch.take("lengths", 4 * paths);
    this.events.encode(batch, spikes, events, scratch, { first: 0, paths });
    const groups: [number, number] = [Math.ceil(paths / workgroupSize), neurons + 1];
    batch.dispatch(this.lift, [events, points, lengths], spikeUniform(spikes, { first: 0, paths }), groups);
    return { count: paths, length, points, lengths };
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
    const { paths } = spikes;
    const events = this.scratch.take("events", eventBytes(spikes.slots) * paths);
    const pass = spikeUniform(spikes, { first: 0, paths, scale: options.scale ?? 1 });
    batch.dispatch(this.pull, [events, gradient, cotangents], pass, [Math.ceil(paths / workgroupSize)]);
  }

  /** Gives the buffers back; what was encoded must have been submitted. */
  dispose(): void {
    this.scratch.dispose();
  }
}
