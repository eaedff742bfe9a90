/** Paths that lie in GPU memory, a caller's or this library's, and what turns them into what the stages read. */
import { preparePaths } from "../../../shaders/signature/device-paths.wgsl.js";
import { fail, wholeNumber } from "../../checks.js";
import { Batch, type Gpu, type KernelOf, type Storage } from "../../gpu/index.js";
import type { Scratch } from "./scratch.js";

/** A batch of paths in GPU memory. */
export interface DevicePaths {
  /** [count, length, channels] f32, usable as a storage buffer of the same device. */
  readonly points: Storage | GPUBuffer;
  /** Vertices of each path [count] u32, from 2 to length; what lies beyond is ignored. Default: all have `length`. */
  readonly lengths?: Storage | GPUBuffer;
}

/** What is known of a batch before its points are. */
export interface PathShape {
  readonly count: number;
  readonly length: number;
}

/** @throws SaltationError `invalid-input` naming the field. */
export function checkShape(field: string, shape: PathShape): PathShape {
  wholeNumber(`${field}.count`, shape?.count, 1, 2 ** 24);
  wholeNumber(`${field}.length`, shape.length, 2, 2 ** 24);
  return shape;
}

/** A batch to encode into, or a command encoder of the caller's on the same device. */
export type EncodeTarget = Batch | GPUCommandEncoder;

/** Encodes into a batch, or writes a batch of its own into a caller's encoder. */
export function encodeInto(gpu: Gpu, target: EncodeTarget, label: string, encode: (batch: Batch) => void): void {
  if (target instanceof Batch) {
    encode(target);
    return;
  }
  const batch = gpu.batch(label);
  encode(batch);
  batch.encode(target);
}

/** Workgroups for so many threads in one dimension and, where those are too many, a second; of 64 threads by default. */
export const threadGroups = (threads: number, size = 64): [number, number] => {
  const groups = Math.ceil(threads / size);
  return groups <= 32768 ? [groups, 1] : [32768, Math.ceil(groups / 32768)];
};

/** Paths made ready: points or differences, and for each path where it begins and its number of vertices. */
export interface ReadyPaths {
  readonly points: Storage | GPUBuffer;
  readonly table: Storage;
}

export class PathPreparer {
  private constructor(
    private readonly kernel: KernelOf<typeof preparePaths>,
    private readonly channels: number,
    private readonly differences: boolean,
  ) {}

  static async create(gpu: Gpu, channels: number, differences: boolean): Promise<PathPreparer> {
    return new PathPreparer(await gpu.kernel(preparePaths(channels, differences)), channels, differences);
  }

  encode(batch: Batch, paths: DevicePaths, shape: PathShape, scratch: Scratch, name: string): ReadyPaths {
    if (!paths?.points) fail(name, "needs points: a buffer [count, length, channels] of f32");
    const { count, length } = shape;
    const table = scratch.take(`table of ${name}`, 8 * count);
    const moves = scratch.take(`moves of ${name}`, this.differences ? 4 * count * length * this.channels : 4);
    const { points, lengths } = paths;
    batch.dispatch(this.kernel, {
      uniform: { count, length, ragged: lengths ? 1 : 0 },
      points,
      lengths: lengths ?? points,
      table,
      moves,
      groups: threadGroups(count * length),
    });
    return { points: this.differences ? moves : points, table };
  }
}
