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
import type { Gpu, Kernel, Storage } from "../../gpu/index.js";
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

const workgroupSize = 32;

export class DeviceSignatures {
  /** Numbers of one signature, level 0 included. */
  readonly size: number;
  private readonly scratch: Scratch;
  private readonly items: number;
  /** Groups of words whose gradients are added up apart. */
  private readonly groups: number;

  private constructor(
    private readonly gpu: Gpu,
    private readonly shape: PathShape,
    private readonly channels: number,
    depth: number,
    private readonly offsets: Storage,
    private readonly preparer: PathPreparer,
    private readonly kernels: {
      readonly forward: Kernel;
      readonly reverse: Kernel;
      readonly gather: Kernel;
      readonly points: Kernel;
    },
  ) {
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
  static async create(
    gpu: Gpu,
    options: PathShape & { readonly channels: number; readonly depth: number },
  ): Promise<DeviceSignatures> {
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
    const own = { channels, depth, workgroupSize };
    const kernel = (label: string, code: string, bindings: ("read" | "read_write")[]): Promise<Kernel> =>
      gpu.kernel({ label, code, bindings, uniformBytes: 16 });
    const [preparer, forward, reverse, gather, points] = await Promise.all([
      PathPreparer.create(gpu, channels, true),
      kernel("truncated signature", signatureForward(own), ["read", "read", "read_write"]),
      kernel("truncated signature, reverse", signatureReverse(own), ["read", "read", "read", "read_write"]),
      kernel("gather gradients", signatureGather(64), ["read", "read_write"]),
      kernel("gradients by points", movesToPoints(channels, 64), ["read", "read", "read_write"]),
    ]);
    const offsets = gpu.upload(
      "offsets",
      Uint32Array.from({ length: shape.count + 1 }, (_, i) => i * shape.length),
    );
    return new DeviceSignatures(gpu, shape, channels, depth, offsets, preparer, { forward, reverse, gather, points });
  }

  /** Encodes the signatures, to `out` [count, size] f32. */
  encode(target: EncodeTarget, paths: DevicePaths, out: Storage | GPUBuffer): void {
    encodeInto(this.gpu, target, "signatures", (batch) => {
      const { count } = this.shape;
      const { points } = this.preparer.encode(batch, paths, this.shape, this.scratch, "paths");
      const pass = Uint32Array.of(0, count, 0, 0);
      const groups = Math.ceil(this.items / workgroupSize);
      batch.dispatch(this.kernels.forward, [points, this.offsets, out], pass, [groups, count]);
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
      const { shape, scratch, kernels, groups } = this;
      const numbers = shape.count * shape.length * this.channels;
      const { points, table } = this.preparer.encode(batch, paths, shape, scratch, "paths");
      const rows = scratch.take("gradient rows", 4 * numbers * groups);
      const moves = scratch.take("gradients by moves", 4 * numbers);
      batch.dispatch(
        kernels.reverse,
        [points, this.offsets, cotangent, rows],
        Uint32Array.of(0, shape.count, groups, 0),
        [Math.ceil(groups / workgroupSize), shape.count],
      );
      batch.dispatch(kernels.gather, [rows, moves], Uint32Array.of(0, numbers, groups, 0), threadGroups(numbers));
      const pass = Uint32Array.of(shape.count, shape.length, 0, 0);
      batch.dispatch(kernels.points, [table, moves, gradient], pass, threadGroups(numbers));
    });
  }

  /** Gives the scratch buffers back; what was encoded must have been submitted. */
  dispose(): void {
    this.offsets.dispose();
    this.scratch.dispose();
  }
}
