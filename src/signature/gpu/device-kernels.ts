/**
 * Gram matrices of signature kernels, and their gradients, between paths that lie in GPU memory: encoded into a batch or
 * into a caller's command encoder, nothing read back.
 */
import {
  describeCotangents,
  describeSlots,
  pairPassBytes,
  scatterResults,
} from "../../../shaders/signature/pair-results.wgsl.js";
import { wholeNumber } from "../../checks.js";
import type { Batch, Gpu, Kernel, Storage } from "../../gpu/index.js";
import { checkSolver, isSymmetric, type SignatureSolver } from "../definitions/solver.js";
import { compileStaticKernel, type StaticKernel } from "../definitions/static-kernel.js";
import {
  checkShape,
  type DevicePaths,
  type EncodeTarget,
  encodeInto,
  PathPreparer,
  type PathShape,
  type ReadyPaths,
  threadGroups,
} from "./device-paths.js";
import { gramPairs, type PairList, slotLists } from "./pairs.js";
import { Scratch } from "./scratch.js";
import { PairStages } from "./stages.js";

const workgroupSize = 64;

export interface DeviceKernelOptions {
  readonly channels: number;
  readonly x: PathShape;
  /** null: x with itself, at half the work where the solver is symmetric. */
  readonly y: PathShape | null;
  /** Default linear. */
  readonly static?: StaticKernel;
  /** Default differences at dyadic orders [0, 0]. */
  readonly solver?: SignatureSolver;
}

interface ChunkLists {
  readonly pairs: Storage;
  readonly x: Storage;
  readonly y: Storage;
}

export class DeviceKernels {
  private readonly scratch: Scratch;
  private readonly lists = new Map<string, ChunkLists>();

  private constructor(
    private readonly gpu: Gpu,
    private readonly x: PathShape,
    private readonly y: PathShape | null,
    private readonly channels: number,
    private readonly list: PairList,
    /** Whether a pair stands for both of its entries. */
    private readonly symmetric: boolean,
    private readonly preparer: PathPreparer,
    private readonly stages: { readonly values: PairStages; readonly gradients: PairStages },
    private readonly kernels: { readonly describe: Kernel; readonly weigh: Kernel; readonly scatter: Kernel },
  ) {
    this.scratch = new Scratch(gpu);
  }

  /**
   * Compiles for batches of these sizes.
   * @throws SaltationError `invalid-input` naming the field.
   */
  static async create(gpu: Gpu, options: DeviceKernelOptions): Promise<DeviceKernels> {
    const channels = wholeNumber("channels", options.channels, 1, 65536);
    const x = checkShape("x", options.x);
    const y = options.y === null ? null : checkShape("y", options.y);
    const kernel = compileStaticKernel(options.static ?? { kind: "linear" });
    const solver = checkSolver(options.solver ?? { kind: "difference" });
    const other = y ?? x;
    const symmetric = y === null && isSymmetric(solver);
    const list = gramPairs(x.count, other.count, symmetric, false);
    const shape = { pairs: list.a.length, rows: x.length - 1, columns: other.length - 1, channels };
    const [values, gradients, preparer, describe, weigh, scatter] = await Promise.all([
      PairStages.create(gpu, kernel, solver, { ...shape, gradient: null }),
      PairStages.create(gpu, kernel, solver, { ...shape, gradient: { x: true, y: true } }),
      PathPreparer.create(gpu, channels, kernel.linearScale !== undefined),
      gpu.kernel({
        label: "pairs of paths",
        code: describeSlots(workgroupSize),
        bindings: ["read", "read", "read", "read_write", "read_write"],
        uniformBytes: pairPassBytes,
      }),
      gpu.kernel({
        label: "pairs of paths, weighed",
        code: describeCotangents(workgroupSize),
        bindings: ["read", "read", "read", "read_write", "read_write", "read"],
        uniformBytes: pairPassBytes,
      }),
      gpu.kernel({
        label: "Gram matrix",
        code: scatterResults(workgroupSize),
        bindings: ["read", "read", "read_write", "read_write"],
        uniformBytes: pairPassBytes,
      }),
    ]);
    const kernels = { describe, weigh, scatter };
    return new DeviceKernels(gpu, x, y, channels, list, symmetric, preparer, { values, gradients }, kernels);
  }

  private listsOf(begin: number, end: number): ChunkLists {
    const key = `${begin} ${end}`;
    const known = this.lists.get(key);
    if (known) return known;
    const { a, b } = this.list;
    const indices = new Uint32Array(2 * (end - begin));
    for (let i = begin; i < end; i++) indices.set([a[i]!, b[i]!], 2 * (i - begin));
    const lists = {
      pairs: this.gpu.upload("indices of pairs", indices),
      x: this.gpu.upload("slots of x", slotLists(a, begin, end, this.x.count)),
      y: this.gpu.upload("slots of y", slotLists(b, begin, end, (this.y ?? this.x).count)),
    };
    this.lists.set(key, lists);
    return lists;
  }

  private run(
    batch: Batch,
    given: { readonly x: DevicePaths; readonly y: DevicePaths | null },
    gram: Storage | GPUBuffer,
    overflow: Storage | GPUBuffer,
    gradient?: {
      readonly cotangent: Storage | GPUBuffer;
      readonly x: Storage | GPUBuffer;
      readonly y: Storage | GPUBuffer | undefined;
    },
  ): void {
    const { scratch, kernels } = this;
    const stages = gradient ? this.stages.gradients : this.stages.values;
    const other = this.y ?? this.x;
    const x = this.preparer.encode(batch, given.x, this.x, scratch, "x");
    const y: ReadyPaths = given.y && this.y ? this.preparer.encode(batch, given.y, this.y, scratch, "y") : x;
    const bytes = stages.scratch;
    const buffers = {
      p: scratch.take("increments", bytes.p),
      k: scratch.take("kernel rows", bytes.k),
      g: scratch.take("reverse rows", bytes.g),
    };
    const total = this.list.a.length;
    const most = Math.min(stages.plan.slots, total);
    const [pairs, weights, results] = [
      scratch.take("pairs", 16 * most),
      scratch.take("weights", 4 * most),
      scratch.take("results", 8 * most),
    ];
    for (let begin = 0; begin < total; begin += most) {
      const end = Math.min(total, begin + most);
      const slots = end - begin;
      const lists = this.listsOf(begin, end);
      const pass = new Uint32Array(pairPassBytes / 4);
      pass.set([slots, other.count, this.symmetric ? 1 : 0, 0]);
      const groups = threadGroups(slots);
      if (gradient) {
        const inputs = [lists.pairs, x.table, y.table, pairs, weights, gradient.cotangent];
        batch.dispatch(kernels.weigh, inputs, pass, groups);
      } else batch.dispatch(kernels.describe, [lists.pairs, x.table, y.table, pairs, weights], pass, groups);
      const roles = gradient
        ? {
            weights,
            gradientX: { out: gradient.x, list: lists.x, paths: this.x.count },
            gradientY: { out: gradient.y ?? gradient.x, list: lists.y, paths: other.count },
          }
        : {};
      const [rows, columns] = [this.x.length - 1, other.length - 1];
      stages.encode(batch, { slots, rows, columns, x: x.points, y: y.points, pairs, results, ...roles }, buffers);
      batch.dispatch(kernels.scatter, [lists.pairs, results, gram, overflow], pass, groups);
    }
  }

  /**
   * Encodes the Gram matrix k(x_i, y_j), to `gram` [x.count, y.count] f32.
   * @param y null where x is compared with itself.
   * @param overflow [1] u32: number of values beyond float32, which are written as its largest number.
   */
  encodeGram(
    target: EncodeTarget,
    x: DevicePaths,
    y: DevicePaths | null,
    gram: Storage | GPUBuffer,
    overflow?: Storage | GPUBuffer,
  ): void {
    encodeInto(this.gpu, target, "Gram matrix", (batch) => {
      const count = overflow ?? this.scratch.take("overflow", 4);
      batch.clear(count, 0, 4);
      this.run(batch, { x, y }, gram, count);
    });
  }

  /**
   * Encodes the Gram matrix and the gradient of Σ cotangent · k to the points, in their layout: exact for the scheme.
   * @param out `gram` [x.count, y.count]; `x` and, unless x is compared with itself, `y` [count, length, channels].
   */
  encodeGradient(
    target: EncodeTarget,
    x: DevicePaths,
    y: DevicePaths | null,
    cotangent: Storage | GPUBuffer,
    out: {
      readonly gram: Storage | GPUBuffer;
      readonly x: Storage | GPUBuffer;
      readonly y?: Storage | GPUBuffer;
      readonly overflow?: Storage | GPUBuffer;
    },
  ): void {
    encodeInto(this.gpu, target, "gradient of a Gram matrix", (batch) => {
      const count = out.overflow ?? this.scratch.take("overflow", 4);
      const bytes = (shape: PathShape): number => 4 * shape.count * shape.length * this.channels;
      const gradientY = this.y ? (out.y ?? this.scratch.take("gradient y", bytes(this.y))) : undefined;
      batch.clear(count, 0, 4).clear(out.x, 0, bytes(this.x));
      if (gradientY && this.y) batch.clear(gradientY, 0, bytes(this.y));
      this.run(batch, { x, y }, out.gram, count, { cotangent, x: out.x, y: gradientY });
    });
  }

  /** Gives the scratch buffers back; what was encoded must have been submitted. */
  dispose(): void {
    for (const l of this.lists.values()) for (const s of [l.pairs, l.x, l.y]) s.dispose();
    this.lists.clear();
    this.scratch.dispose();
  }
}
