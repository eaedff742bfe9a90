/**
 * Gram matrices of signature kernels, and their gradients, between paths that lie in GPU memory: encoded into a batch or
 * into a caller's command encoder, nothing read back.
 */
import { scatterResults } from "../../../shaders/signature/pair-results.wgsl.js";
import { wholeNumber } from "../../checks.js";
import type { Batch, Gpu, KernelOf, Storage } from "../../gpu/index.js";
import { type GramShape, pairCount } from "../definitions/pairs.js";
import { checkSolver, isSymmetric, type SignatureSolver } from "../definitions/solver.js";
import { compileStaticKernel, type StaticKernel } from "../definitions/static-kernel.js";
import {
  checkShape,
  type DevicePaths,
  type EncodeTarget,
  encodeInto,
  PathPreparer,
  type PathShape,
} from "./device-paths.js";
import { DevicePairRunner } from "./pair-runner.js";
import { Scratch } from "./scratch.js";
import { PairStages } from "./stages.js";

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

/** The batches of paths, and their Gram matrix. */
interface GramOfPaths extends GramShape {
  readonly x: PathShape;
  readonly y: PathShape | null;
  readonly channels: number;
}

/** What is compiled for them. */
interface Compiled {
  readonly preparer: PathPreparer;
  readonly runner: DevicePairRunner;
  readonly values: PairStages;
  readonly gradients: PairStages;
  readonly scatter: KernelOf<typeof scatterResults>;
}

export class DeviceKernels {
  private constructor(
    private readonly gpu: Gpu,
    private readonly shape: GramOfPaths,
    private readonly scratch: Scratch,
    private readonly compiled: Compiled,
  ) {}

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
    const half = y === null && isSymmetric(solver);
    const gram = { x, y, channels, rows: x.count, columns: other.count, half, skipDiagonal: false };
    const shape = { pairs: pairCount(gram), rows: x.length - 1, columns: other.length - 1, channels };
    const scratch = new Scratch(gpu);
    const [values, gradients, preparer, runner, scatter] = await Promise.all([
      PairStages.create(gpu, kernel, solver, { ...shape, gradient: null }),
      PairStages.create(gpu, kernel, solver, { ...shape, gradient: { x: true, y: true } }),
      PathPreparer.create(gpu, channels, kernel.linearScale !== undefined),
      DevicePairRunner.create(gpu, scratch, true),
      gpu.kernel(scatterResults),
    ]);
    return new DeviceKernels(gpu, gram, scratch, { preparer, runner, values, gradients, scatter });
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
    const { scratch, shape, compiled } = this;
    const { preparer, runner, values, gradients, scatter } = compiled;
    const other = shape.y ?? shape.x;
    const x = preparer.encode(batch, given.x, shape.x, scratch, "x");
    const y = given.y && shape.y ? preparer.encode(batch, given.y, shape.y, scratch, "y") : x;
    const pairs = {
      ...shape,
      name: "Gram matrix",
      stages: gradient ? gradients : values,
      x: { ...x, segments: shape.x.length - 1 },
      y: { ...y, segments: other.length - 1 },
      flagged: shape.half,
      weights: gradient?.cotangent ?? { diagonal: 0, others: 0 },
      gradientX: gradient?.x,
      gradientY: gradient && (gradient.y ?? gradient.x),
    };
    runner.encode(batch, pairs, ({ indices, results, uniform, groups }) => {
      batch.dispatch(scatter, { uniform, list: indices, results, gram, overflow, groups });
    });
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
      const { x: shapeX, y: shapeY, channels } = this.shape;
      const bytes = (shape: PathShape): number => 4 * shape.count * shape.length * channels;
      const gradientY = shapeY ? (out.y ?? this.scratch.take("gradient y", bytes(shapeY))) : undefined;
      batch.clear(count, 0, 4).clear(out.x, 0, bytes(shapeX));
      if (gradientY && shapeY) batch.clear(gradientY, 0, bytes(shapeY));
      this.run(batch, { x, y }, out.gram, count, { cotangent, x: out.x, y: gradientY });
    });
  }

  /** Gives the scratch buffers back; what was encoded must have been submitted. */
  dispose(): void {
    this.compiled.runner.dispose();
    this.scratch.dispose();
  }
}
