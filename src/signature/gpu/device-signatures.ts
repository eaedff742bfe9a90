/**
 * Truncated signatures of paths that lie in GPU memory, and their vector-Jacobian products: encoded into a batch or into
 * a caller's command encoder, nothing read back.
 */
import { movesToPoints } from "../../../shaders/signature/device-paths.wgsl.js";
import {
  letterBlock,
  signatureForward,
  signatureGather,
  signatureReverse,
} from "../../../shaders/signature/signature.wgsl.js";
import { fail, wholeNumber } from "../../checks.js";
import type { Gpu, KernelOf, Storage } from "../../gpu/index.js";
import { tensorSize } from "../host/tensor.js";
import {
  checkShape,
  type DevicePaths,
  type EncodeTarget,
  encodeInto,
  PathPreparer,
  type PathShape,
  threadGroups,
} from "./device-paths.js";
import { Scratch } from "./scratch.js";

/** Paths that lie on a device, and the depth of their signatures. */
export interface SignatureShape extends PathShape {
  readonly channels: number;
  readonly depth: number;
}

export class DeviceSignatures {
  /** Numbers of one signature, level 0 included. */
  readonly size: number;
  private readonly scratch: Scratch;
  private readonly items: number;
  /** Groups of words whose gradients are added up apart. */
  private readonly groups: number;

  private constructor(
    private readonly gpu: Gpu,
    private readonly shape: SignatureShape,
    private readonly offsets: Storage,
    private readonly preparer: PathPreparer,
    private readonly kernels: {
      readonly forward: KernelOf<typeof signatureForward>;
      readonly reverse: KernelOf<typeof signatureReverse>;
      readonly gather: KernelOf<typeof signatureGather>;
      readonly points: KernelOf<typeof movesToPoints>;
    },
  ) {
    const { channels, depth } = shape;
    this.size = tensorSize(channels, depth);
    this.scratch = new Scratch(gpu);
    this.items = channels ** (depth - 1) * Math.ceil(channels / Math.min(channels, letterBlock));
    const wanted = gpu.adapter.fallback ? 64 : 8192;
    this.groups = Math.min(this.items, Math.max(1, Math.ceil(wanted / shape.count)), 256);
  }

  /**
   * Compiles for batches of this size.
   * @throws SaltationError `invalid-input` naming the field, `limit` where signatures do not fit a buffer.
   */
  static async create(gpu: Gpu, options: SignatureShape): Promise<DeviceSignatures> {
    const shape = checkShape("paths", options);
    const channels = wholeNumber("channels", options.channels, 1, 65536);
    const depth = wholeNumber("depth", options.depth, 1, 8);
    wholeNumber("paths.count", shape.count, 1, 65535);
    const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
    const most = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    const bytes = 4 * tensorSize(channels, depth) * shape.count;
    if (bytes > most) {
      fail(
        "depth",
        `${shape.count} signatures of ${channels} channels to depth ${depth} take ${bytes} bytes, more than a ` +
          `buffer's ${most} on this adapter; take a smaller depth or fewer paths at a time`,
        "limit",
      );
    }
    const own = { count: shape.count, length: shape.length, channels, depth };
    const [preparer, forward, reverse, gather, points] = await Promise.all([
      PathPreparer.create(gpu, channels, true),
      gpu.kernel(signatureForward(own)),
      gpu.kernel(signatureReverse(own)),
      gpu.kernel(signatureGather()),
      gpu.kernel(movesToPoints(channels)),
    ]);
    const offsets = gpu.upload(
      "offsets",
      Uint32Array.from({ length: shape.count + 1 }, (_, i) => i * shape.length),
    );
    return new DeviceSignatures(gpu, own, offsets, preparer, { forward, reverse, gather, points });
  }

  /** Encodes the signatures, to `out` [count, size] f32. */
  encode(target: EncodeTarget, paths: DevicePaths, out: Storage | GPUBuffer): void {
    encodeInto(this.gpu, target, "signatures", (batch) => {
      const { count } = this.shape;
      const { points } = this.preparer.encode(batch, paths, this.shape, this.scratch, "paths");
      batch.dispatch(this.kernels.forward, {
        uniform: { firstPath: 0, paths: count, groups: 0 },
        d: points,
        offsets: this.offsets,
        signature: out,
        threads: [this.items, count],
      });
    });
  }

  /** Encodes the gradient to the points [count, length, channels] from cotangents [count, size]. */
  encodeVjp(
    target: EncodeTarget,
    paths: DevicePaths,
    cotangent: Storage | GPUBuffer,
    gradient: Storage | GPUBuffer,
  ): void {
    encodeInto(this.gpu, target, "signature gradients", (batch) => {
      const { shape, scratch, kernels, groups, offsets } = this;
      const { count, length } = shape;
      const numbers = count * length * shape.channels;
      const { points, table } = this.preparer.encode(batch, paths, shape, scratch, "paths");
      const rows = scratch.take("gradient rows", 4 * numbers * groups);
      const moves = scratch.take("gradients by moves", 4 * numbers);
      const summed = { first: 0, count: numbers, groups };
      batch
        .dispatch(kernels.reverse, {
          uniform: { firstPath: 0, paths: count, groups },
          d: points,
          offsets,
          cotangent,
          rows,
          threads: [groups, count],
        })
        .dispatch(kernels.gather, { uniform: summed, rows, gradient: moves, groups: threadGroups(numbers) })
        .dispatch(kernels.points, {
          uniform: { count, length, ragged: 0 },
          table,
          moves,
          points: gradient,
          groups: threadGroups(numbers),
        });
    });
  }

  /** Gives the scratch buffers back; what was encoded must have been submitted. */
  dispose(): void {
    this.offsets.dispose();
    this.scratch.dispose();
  }
}
