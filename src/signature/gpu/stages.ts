/**
 * The stages of signature kernels over pairs of paths on the GPU: increments, the kernel's grid, its reverse, contraction
 * to gradients of points. They are encoded into a batch, chunk of pairs by chunk, segment of rows by segment; where
 * points, pairs and weights come from, and where results go, is the caller's.
 */
import type { Values } from "../../../shaders/shared/declare.js";
import { channelBlock, contract } from "../../../shaders/signature/contract.wgsl.js";
import { incrementRows, increments } from "../../../shaders/signature/increments.wgsl.js";
import type { PairPass } from "../../../shaders/signature/layout.wgsl.js";
import type { ForwardKernel, ReverseKernel } from "../../../shaders/signature/sweep.wgsl.js";
import type { Batch, Gpu, KernelOf, Storage } from "../../gpu/index.js";
import type { CheckedSolver } from "../definitions/solver.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";
import { threadGroups } from "./device-paths.js";
import { type ChunkPlan, planChunk } from "./plan.js";
import { type Source, solverKernels } from "./solver-kernels.js";
import { staticCode } from "./static-code.js";

/** What the stages are compiled and planned for. */
export interface PairShape {
  /** Number of pairs in all, and the most segments of their x and y. */
  readonly pairs: number;
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
  /** Which gradients are wanted; with neither, values alone. */
  readonly gradient: { readonly x: boolean; readonly y: boolean } | null;
  /** Channels, from the first on, whose gradients are wanted (default all). */
  readonly gradientChannels?: number;
  /** Whether x and y come in two parts [vertex][high, low][channel], for values of a linear kernel by differences. */
  readonly extended?: boolean;
  /** Whether to compute in two parts, by increments in two parts that come with each chunk. Gradients go no further. */
  readonly parts?: boolean;
}

/** One role's gradient: [vertices, gradient channels], added to, of `paths` paths with their slots in `list`. */
export interface RoleGradient {
  readonly out: Storage | GPUBuffer;
  readonly list: Storage;
  readonly paths: number;
}

/** A chunk of pairs: at most `plan.slots`. */
export interface PairChunk {
  readonly slots: number;
  /** Most segments of the pairs' x and y. */
  readonly rows: number;
  readonly columns: number;
  /** Points (for a linear static kernel their differences) of x and y [vertices, channels]. */
  readonly x: Storage | GPUBuffer;
  readonly y: Storage | GPUBuffer;
  /** [slots] of start of x, segments of x, start of y, segments of y. */
  readonly pairs: Storage;
  /** [slots] of value and binary exponent; in two parts: of high and low part, exponent, 0. */
  readonly results: Storage;
  /** In two parts: increments by segment [rows, columns][high, low], interleaved as grids are. */
  readonly increments?: readonly Storage[] | undefined;
  /** In two parts, of one segment: where the gradients of the values to the increments go, laid out as these. */
  readonly incrementGradients?: Storage | undefined;
  /** Cotangents of the values [slots] f32; not in two parts. */
  readonly weights?: Storage | undefined;
  readonly gradientX?: RoleGradient | undefined;
  readonly gradientY?: RoleGradient | undefined;
}

/** A batch under way. Work may be submitted between segments, by a `cut` after which another batch goes on. */
export interface Recording {
  batch: Batch;
  cut(): void;
}

/** Buffers that all chunks share, since they run one after the other. */
export interface PairScratch {
  readonly p: Storage;
  readonly k: Storage;
  readonly g: Storage;
}

interface Kernels {
  readonly increments: KernelOf<typeof increments> | undefined;
  readonly forward: KernelOf<ForwardKernel>;
  readonly recompute: KernelOf<ForwardKernel> | undefined;
  readonly reverse: KernelOf<ReverseKernel> | undefined;
  readonly contractX: KernelOf<typeof contract> | undefined;
  readonly contractY: KernelOf<typeof contract> | undefined;
}

/** What the stages compute, and how. */
interface Scheme {
  readonly kernel: CompiledStaticKernel;
  readonly solver: CheckedSolver;
  /** Where increments come from: their buffer, or the points' differences, in one part or two; or from the caller. */
  readonly source: Source;
  /** Vertices of one thread of a contraction. */
  readonly vertices: number;
}

/** Bytes of the scratch buffers that a plan needs. */
function scratchBytes(
  plan: ChunkPlan,
  columns: number,
  source: Source,
  gradient: boolean,
): { p: number; k: number; g: number } {
  const padded = Math.ceil(plan.slots / plan.interleave) * plan.interleave;
  return {
    k: Math.max(4, padded * plan.stateRows * plan.stateWords * columns * 4),
    p: source !== "buffer" ? 4 : padded * (plan.rows + (gradient ? 1 : 0)) * columns * 4,
    g: gradient ? padded * plan.reverseWords * columns * 4 : 4,
  };
}

function planFor(gpu: Gpu, { solver, source }: Scheme, shape: PairShape, compiled?: ChunkPlan): ChunkPlan {
  const { limits } = gpu.device;
  const device = {
    software: gpu.adapter.fallback,
    bufferBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
  };
  const { rows, columns } = shape;
  const wanted = {
    pairs: Math.max(1, shape.pairs),
    rows,
    columns,
    gradient: shape.gradient !== null,
    increments: source === "buffer" || source === "parts",
  };
  const options = { extended: source === "extended", parts: source === "parts", ...(compiled ? { compiled } : {}) };
  return planChunk(solver, wanted, device, options);
}

export class PairStages {
  private constructor(
    private readonly gpu: Gpu,
    private readonly scheme: Scheme,
    readonly shape: PairShape,
    readonly plan: ChunkPlan,
    private readonly kernels: Kernels,
  ) {}

  get source(): Source {
    return this.scheme.source;
  }

  static async create(
    gpu: Gpu,
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    shape: PairShape,
  ): Promise<PairStages> {
    const dot = shape.gradient === null && kernel.linearScale !== undefined && solver.kind === "difference";
    const source = shape.parts ? "parts" : !dot ? "buffer" : shape.extended ? "extended" : "dot";
    // Few threads do on a software adapter, where loads are dear.
    const scheme: Scheme = { kernel, solver, source, vertices: gpu.adapter.fallback ? 4 : 1 };
    const plan = planFor(gpu, scheme, shape);
    return new PairStages(gpu, scheme, shape, plan, await compile(gpu, scheme, shape, plan));
  }

  /** The same stages, compiled already, for paths of other lengths. */
  resized(rows: number, columns: number): PairStages {
    const { gpu, scheme, plan, kernels } = this;
    const shape = { ...this.shape, rows, columns };
    return new PairStages(gpu, scheme, shape, planFor(gpu, scheme, shape, plan), kernels);
  }

  /** Bytes of the scratch buffers. */
  get scratch(): { p: number; k: number; g: number } {
    return scratchBytes(this.plan, this.shape.columns, this.source, this.shape.gradient !== null);
  }

  /** Encodes a chunk. Gradients are added to what stands in their buffers. */
  encode(recording: Recording, chunk: PairChunk, scratch: PairScratch): void {
    const { plan, kernels, scheme } = this;
    const { kernel, solver, source } = scheme;
    const { slots, rows, columns, pairs, x, y, results, weights } = chunk;
    const { p, k, g } = scratch;
    const dyadic = solver.kind === "difference" ? solver.dyadic : ([0, 0] as const);
    const fineScale = 2 ** -(dyadic[0] + dyadic[1]);
    const segments = Math.ceil(rows / plan.rows);
    const groups = threadGroups(slots, plan.threads > 1 ? 1 : plan.workgroupSize);
    const last = segments - 1;
    // The scale of a linear kernel in two parts.
    const scale = kernel.linearScale;
    const parameters = scale === undefined ? kernel.parameters : [scale, scale - Math.fround(scale)];
    /** A pass over the rows [begin, end) of segment s: see the layout of kernels over pairs. */
    const uniformOf = (
      s: number,
      [stateRows, rowIn, rowOut]: readonly [number, number, number],
      flags = 0,
      beginRow = 0,
      endRow = plan.rows,
    ): Values<PairPass> => ({
      slots,
      firstRow: s * plan.rows,
      rows: plan.rows,
      columns,
      stateRows,
      rowIn,
      rowOut,
      flags: (s === 0 ? 1 : 0) | (s === last ? 2 : 0) | flags,
      parameters,
      fineScale,
      lowRows: weights ? segments + 1 : 1,
      one: 1,
      beginRow,
      endRow,
    });
    const fill = (uniform: Values<PairPass>): void => {
      if (!kernels.increments) return;
      const threads = [slots, Math.ceil(plan.rows / incrementRows)] as const;
      recording.batch.dispatch(kernels.increments, { uniform, x, y, pairs, p, threads });
    };
    // Kernels that make increments of the points read these; the others p.
    const inputs = { pairs, x, y, p, k, results, groups };
    if (source === "parts" && this.shape.gradient) {
      const increments = chunk.increments![0]!;
      const { stateRows, passRows } = plan;
      const passes = Array.from({ length: Math.ceil(rows / passRows) }, (_, n) =>
        uniformOf(0, [stateRows, 0, 1], 0, n * passRows, (n + 1) * passRows),
      );
      for (const uniform of passes) {
        recording.batch.dispatch(kernels.forward, { ...inputs, uniform, p: increments });
        if (passes.length > 1) recording.cut();
      }
      const reversed = { pairs, k, increments, p: chunk.incrementGradients!, g, groups };
      for (const uniform of passes.reverse()) {
        recording.batch.dispatch(kernels.reverse!, { ...reversed, uniform });
        if (passes.length > 1) recording.cut();
      }
      return;
    }
    if (!weights) {
      for (let s = 0; s < segments; s++) {
        const uniform = uniformOf(s, [3, 0, 0]);
        fill(uniform);
        recording.batch.dispatch(kernels.forward, { ...inputs, uniform, p: chunk.increments?.[s] ?? p });
        if (segments > 1) recording.cut();
      }
      return;
    }
    const { channels, gradientChannels = channels } = this.shape;
    const blocks = Math.ceil(gradientChannels / Math.min(channelBlock, gradientChannels));
    const contraction = (
      role: RoleGradient | undefined,
      by: Kernels["contractX"],
      vertices: number,
      uniform: Values<PairPass>,
    ): void => {
      if (!role || !by) return;
      const threads = [Math.ceil(vertices / scheme.vertices), role.paths, blocks] as const;
      const { list: lists, out: gradient } = role;
      recording.batch.dispatch(by, { uniform, x, y, pairs, p, lists, gradient, threads });
    };
    const stateRows = 2 * (segments + 1) + plan.rows * (1 << dyadic[0]) + 1;
    // Rows at the segments' boundaries. The last segment's own rows come with the reverse; difference kernels of
    // many segments still run through it here, since the value is more accurate without keeping rows.
    const through = solver.kind === "difference" && last > 0 ? segments : last;
    for (let s = 0; s < through; s++) {
      const uniform = uniformOf(s, [stateRows, s, s + 1]);
      fill(uniform);
      recording.batch.dispatch(kernels.forward, { ...inputs, uniform });
      recording.cut();
    }
    for (let s = last; s >= 0; s--) {
      const uniform = uniformOf(s, [stateRows, s, 2 * (segments + 1)], through === last ? 4 : 0);
      fill(uniform);
      recording.batch.dispatch(kernels.recompute!, { ...inputs, uniform });
      recording.batch.dispatch(kernels.reverse!, { uniform, pairs, weights, k, p, g, groups });
      contraction(chunk.gradientX, kernels.contractX, plan.rows + (s === 0 ? 1 : 0), uniform);
      contraction(chunk.gradientY, kernels.contractY, columns + 1, uniform);
      if (segments > 1) recording.cut();
    }
  }
}

async function compile(gpu: Gpu, scheme: Scheme, shape: PairShape, plan: ChunkPlan): Promise<Kernels> {
  const { source, vertices } = scheme;
  const { channels, gradientChannels = channels } = shape;
  const gradient = shape.gradient !== null;
  const parts = source === "parts";
  const own = { interleave: plan.interleave, kernel: staticCode(scheme.kernel), channels };
  const contraction = (role: "x" | "y") =>
    shape.gradient?.[role] && !parts ? gpu.kernel(contract({ ...own, gradientChannels, role, vertices })) : undefined;
  const { forward, reverse } = solverKernels(scheme.solver, plan, source, channels, gradient);
  const [inc, first, again, back, contractX, contractY] = await Promise.all([
    source === "buffer" ? gpu.kernel(increments({ ...own, keepAbove: gradient })) : undefined,
    gpu.kernel(forward(parts && gradient)),
    gradient && !parts ? gpu.kernel(forward(true)) : undefined,
    gradient ? gpu.kernel(reverse()) : undefined,
    contraction("x"),
    contraction("y"),
  ]);
  return { increments: inc, forward: first, recompute: again, reverse: back, contractX, contractY };
}
