/**
 * The stages of signature kernels over pairs of paths on the GPU: increments, the kernel's grid, its reverse, contraction
 * to gradients of points. They are encoded into a batch, chunk of pairs by chunk, segment of rows by segment; where
 * points, pairs and weights come from, and where results go, is the caller's.
 */
import { channelBlock, contract } from "../../../shaders/signature/contract.wgsl.js";
import { incrementRows, increments } from "../../../shaders/signature/increments.wgsl.js";
import { passWords } from "../../../shaders/signature/layout.wgsl.js";
import type { Access, Batch, Gpu, Kernel, Storage } from "../../gpu/index.js";
import type { CheckedSolver } from "../definitions/solver.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";
import { threadGroups } from "./device-paths.js";
import { type ChunkPlan, planChunk } from "./plan.js";
import { type Source, solverCode } from "./solver-code.js";
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
  readonly increments: Kernel | undefined;
  readonly forward: Kernel;
  readonly recompute: Kernel | undefined;
  readonly reverse: Kernel | undefined;
  readonly contractX: Kernel | undefined;
  readonly contractY: Kernel | undefined;
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

function planFor(gpu: Gpu, solver: CheckedSolver, shape: PairShape, source: Source, compiled?: ChunkPlan): ChunkPlan {
  const { limits } = gpu.device;
  const device = {
    software: gpu.adapter.fallback,
    bufferBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
  };
  const { rows, columns, gradient } = shape;
  const options = { extended: source === "extended", parts: source === "parts", ...(compiled ? { compiled } : {}) };
  const stored = source === "buffer" || source === "parts";
  return planChunk(solver, Math.max(1, shape.pairs), rows, columns, gradient !== null, stored, device, options);
}

export class PairStages {
  private constructor(
    private readonly gpu: Gpu,
    private readonly kernel: CompiledStaticKernel,
    private readonly solver: CheckedSolver,
    readonly shape: PairShape,
    readonly plan: ChunkPlan,
    /** Where increments come from: their buffer, or the points' differences, in one part or two; or from the caller. */
    readonly source: Source,
    private readonly kernels: Kernels,
    private readonly vertices: number,
  ) {}

  static async create(
    gpu: Gpu,
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    shape: PairShape,
  ): Promise<PairStages> {
    const dot = shape.gradient === null && kernel.linearScale !== undefined && solver.kind === "difference";
    const source = shape.parts ? "parts" : !dot ? "buffer" : shape.extended ? "extended" : "dot";
    const plan = planFor(gpu, solver, shape, source);
    // Vertices of one thread of a contraction: few threads do on a software adapter, where loads are dear.
    const vertices = gpu.adapter.fallback ? 4 : 1;
    const kernels = await compile(gpu, kernel, solver, shape, plan, source, vertices);
    return new PairStages(gpu, kernel, solver, shape, plan, source, kernels, vertices);
  }

  /** The same stages, compiled already, for paths of other lengths. */
  resized(rows: number, columns: number): PairStages {
    const { gpu, kernel, solver, source, kernels, vertices } = this;
    const shape = { ...this.shape, rows, columns };
    return new PairStages(
      gpu,
      kernel,
      solver,
      shape,
      planFor(gpu, solver, shape, source, this.plan),
      source,
      kernels,
      vertices,
    );
  }

  /** Bytes of the scratch buffers. */
  get scratch(): { p: number; k: number; g: number } {
    return scratchBytes(this.plan, this.shape.columns, this.source, this.shape.gradient !== null);
  }

  /** Encodes a chunk. Gradients are added to what stands in their buffers. */
  encode(recording: Recording, chunk: PairChunk, scratch: PairScratch): void {
    const { plan, kernels, kernel, solver, source } = this;
    const { slots, rows, columns, pairs, x, y, results, weights } = chunk;
    const dyadic = solver.kind === "difference" ? solver.dyadic : ([0, 0] as const);
    const fineScale = 2 ** -(dyadic[0] + dyadic[1]);
    const segments = Math.ceil(rows / plan.rows);
    const groups = threadGroups(slots, plan.threads > 1 ? 1 : plan.workgroupSize);
    const last = segments - 1;
    // The scale of a linear kernel in two parts.
    const scale = kernel.linearScale;
    const parameters = scale === undefined ? kernel.parameters : [scale, scale - Math.fround(scale)];
    /** A pass over the rows [begin, end) of segment s: see the layout of kernels over pairs. */
    const uniforms = (
      s: number,
      [stateRows, rowIn, rowOut]: readonly [number, number, number],
      flags = 0,
      begin = 0,
      end = plan.rows,
    ): Uint8Array => {
      const integers = new Uint32Array(passWords);
      const floats = new Float32Array(integers.buffer);
      const ends = (s === 0 ? 1 : 0) | (s === last ? 2 : 0) | flags;
      integers.set([slots, s * plan.rows, plan.rows, columns, stateRows, rowIn, rowOut, ends]);
      floats.set(parameters, 8);
      floats[12] = fineScale;
      integers[13] = weights ? segments + 1 : 1;
      floats[14] = 1;
      integers.set([begin, end], 15);
      return new Uint8Array(integers.buffer);
    };
    const fill = (u: Uint8Array): void => {
      if (!kernels.increments) return;
      const size: [number, number] = [Math.ceil(slots / 32), Math.ceil(plan.rows / incrementRows)];
      recording.batch.dispatch(kernels.increments, [x, y, pairs, scratch.p], u, size);
    };
    const inputs = source === "dot" || source === "extended" ? [pairs, x, y] : [pairs, scratch.p];
    if (source === "parts" && this.shape.gradient) {
      const given = chunk.increments![0]!;
      const reversed = [pairs, scratch.k, given, chunk.incrementGradients!, scratch.g];
      const { stateRows, passRows } = plan;
      const passes = Array.from({ length: Math.ceil(rows / passRows) }, (_, n) =>
        uniforms(0, [stateRows, 0, 1], 0, n * passRows, (n + 1) * passRows),
      );
      for (const u of passes) {
        recording.batch.dispatch(kernels.forward, [pairs, given, scratch.k, results], u, groups);
        if (passes.length > 1) recording.cut();
      }
      for (const u of passes.reverse()) {
        recording.batch.dispatch(kernels.reverse!, reversed, u, groups);
        if (passes.length > 1) recording.cut();
      }
      return;
    }
    if (!weights) {
      for (let s = 0; s < segments; s++) {
        const u = uniforms(s, [3, 0, 0]);
        fill(u);
        const read = chunk.increments ? [pairs, chunk.increments[s]!] : inputs;
        recording.batch.dispatch(kernels.forward, [...read, scratch.k, results], u, groups);
        if (segments > 1) recording.cut();
      }
      return;
    }
    const perGroup = 32 * this.vertices;
    const { channels, gradientChannels = channels } = this.shape;
    const blocks = Math.ceil(gradientChannels / Math.min(channelBlock, gradientChannels));
    const contraction = (
      role: RoleGradient | undefined,
      by: Kernel | undefined,
      vertices: number,
      u: Uint8Array,
    ): void => {
      if (!role || !by) return;
      const size: [number, number, number] = [Math.ceil(vertices / perGroup), role.paths, blocks];
      recording.batch.dispatch(by, [x, y, pairs, scratch.p, role.list, role.out], u, size);
    };
    const stateRows = 2 * (segments + 1) + plan.rows * (1 << dyadic[0]) + 1;
    // Rows at the segments' boundaries. The last segment's own rows come with the reverse; difference kernels of
    // many segments still run through it here, since the value is more accurate without keeping rows.
    const through = solver.kind === "difference" && last > 0 ? segments : last;
    for (let s = 0; s < through; s++) {
      const u = uniforms(s, [stateRows, s, s + 1]);
      fill(u);
      recording.batch.dispatch(kernels.forward, [...inputs, scratch.k, results], u, groups);
      recording.cut();
    }
    for (let s = last; s >= 0; s--) {
      const u = uniforms(s, [stateRows, s, 2 * (segments + 1)], through === last ? 4 : 0);
      fill(u);
      recording.batch.dispatch(kernels.recompute!, [...inputs, scratch.k, results], u, groups);
      recording.batch.dispatch(kernels.reverse!, [pairs, weights, scratch.k, scratch.p, scratch.g], u, groups);
      contraction(chunk.gradientX, kernels.contractX, plan.rows + (s === 0 ? 1 : 0), u);
      contraction(chunk.gradientY, kernels.contractY, columns + 1, u);
      if (segments > 1) recording.cut();
    }
  }
}

async function compile(
  gpu: Gpu,
  kernel: CompiledStaticKernel,
  solver: CheckedSolver,
  shape: PairShape,
  plan: ChunkPlan,
  source: Source,
  vertices: number,
): Promise<Kernels> {
  const { channels, gradientChannels = channels } = shape;
  const code = staticCode(kernel);
  const gradient = shape.gradient !== null;
  const parts = source === "parts";
  const { interleave } = plan;
  /** A kernel that reads so many storages, and writes to those after them. */
  const kernelOf = (label: string, code: string, reads: number, writes: number): Promise<Kernel> => {
    const bindings = Array<Access>(reads + writes)
      .fill("read")
      .fill("read_write", reads);
    return gpu.kernel({ label, code, bindings, uniformBytes: passWords * 4 });
  };
  const own = { interleave, kernel: code, channels, workgroupSize: 32 };
  const contraction = (role: "x" | "y"): Promise<Kernel> | undefined =>
    shape.gradient?.[role] && !parts
      ? kernelOf(`contract ${role}`, contract({ ...own, gradientChannels, role, vertices }), 5, 1)
      : undefined;
  const codes = solverCode(solver, plan, source, channels, gradient);
  const forwardOf = (keep: boolean, reads: number): Promise<Kernel> =>
    kernelOf(`signature kernel forward${keep ? ", kept" : ""}`, codes.forward(keep), reads, 2);
  const [inc, forward, recompute, reverse, contractX, contractY] = await Promise.all([
    source === "buffer" ? kernelOf("increments", increments({ ...own, keepAbove: gradient }), 3, 1) : undefined,
    forwardOf(parts && gradient, source === "dot" || source === "extended" ? 3 : 2),
    gradient && !parts ? forwardOf(true, 2) : undefined,
    gradient ? kernelOf("signature kernel reverse", codes.reverse(), 3, 2) : undefined,
    contraction("x"),
    contraction("y"),
  ]);
  return { increments: inc, forward: forward!, recompute, reverse, contractX, contractY };
}
