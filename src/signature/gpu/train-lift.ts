/** The Marcus lift of spike trains on the GPU to paths on the GPU, and the pullback of gradients (src/signature/definitions/lift.ts). */

import { eventBytes, trainPassBytes } from "../../../shaders/signature/train-layout.wgsl.js";
import { liftVertices, trainLift, trainPullback } from "../../../shaders/signature/train-lift.wgsl.js";
import { wholeNumber } from "../../checks.js";
import type { Batch, Gpu, Kernel, Storage } from "../../gpu/index.js";
import type { DevicePaths, PathShape } from "./device-paths.js";
import { Scratch } from "./scratch.js";
import { TrainEvents, trainUniform } from "./train-events.js";
import type { TrainBatch } from "./trains.js";

const workgroupSize = 64;

/** Paths and their shape; the buffers are the lift's own, and hold until its next use. */
export interface LiftedOnDevice extends DevicePaths, PathShape {
  readonly points: Storage;
  readonly lengths: Storage;
}

export class TrainLift {
  private readonly scratch: Scratch;

  private constructor(
    gpu: Gpu,
    private readonly neurons: number,
    private readonly events: TrainEvents,
    private readonly lift: Kernel,
    private readonly pull: Kernel,
  ) {
    this.scratch = new Scratch(gpu);
  }

  /** @throws SaltationError `invalid-input`. */
  static async create(gpu: Gpu, options: { readonly neurons: number }): Promise<TrainLift> {
    const neurons = wholeNumber("neurons", options.neurons, 1, 65535);
    const [events, lift, pull] = await Promise.all([
      TrainEvents.create(gpu, neurons),
      gpu.kernel({
        label: "lift of trains",
        code: trainLift(neurons + 1, { differences: false, table: false }, workgroupSize),
        bindings: ["read", "read_write", "read_write"],
        uniformBytes: trainPassBytes,
      }),
      gpu.kernel({
        label: "pullback to spike times",
        code: trainPullback(neurons + 1, workgroupSize),
        bindings: ["read", "read", "read_write"],
        uniformBytes: trainPassBytes,
      }),
    ]);
    return new TrainLift(gpu, neurons, events, lift, pull);
  }

  /** Vertices set aside for a path of trains in so many slots: the length of the paths. */
  static length(slots: number): number {
    return liftVertices(slots);
  }

  /** Encodes the lift: [paths, 2 slots + 2, 1 + neurons], time (from t0) the first channel. */
  encode(batch: Batch, trains: TrainBatch): LiftedOnDevice {
    const { scratch, neurons } = this;
    const { paths } = trains;
    const length = liftVertices(trains.slots);
    const events = scratch.take("events", eventBytes(trains.slots) * paths);
    const points = scratch.take("points", 4 * (neurons + 1) * length * paths);
    const lengths = scratch.take("lengths", 4 * paths);
    this.events.encode(batch, trains, events, scratch, { first: 0, paths });
    const groups: [number, number] = [Math.ceil(paths / workgroupSize), neurons + 1];
    batch.dispatch(this.lift, [events, points, lengths], trainUniform(trains, { first: 0, paths }), groups);
    return { count: paths, length, points, lengths };
  }

  /**
   * Adds `scale` (default 1) times the pullback of a gradient to the points of the last lift to the spike-time cotangents
   * [slots][paths] f32. Simultaneous spikes share the derivative along moving them together.
   */
  encodePullback(
    batch: Batch,
    trains: TrainBatch,
    gradient: Storage | GPUBuffer,
    cotangents: Storage | GPUBuffer,
    options: { readonly scale?: number } = {},
  ): void {
    const { paths } = trains;
    const events = this.scratch.take("events", eventBytes(trains.slots) * paths);
    const pass = trainUniform(trains, { first: 0, paths, scale: options.scale ?? 1 });
    batch.dispatch(this.pull, [events, gradient, cotangents], pass, [Math.ceil(paths / workgroupSize)]);
  }

  /** Gives the buffers back; what was encoded must have been submitted. */
  dispose(): void {
    this.scratch.dispose();
  }
}
