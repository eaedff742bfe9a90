/** Signature kernels and signatures on the GPU, in float32. */

import { channelBlock, contract } from "../../../shaders/signature/contract.wgsl.js";
import { differenceForward } from "../../../shaders/signature/difference-forward.wgsl.js";
import { differenceReverse } from "../../../shaders/signature/difference-reverse.wgsl.js";
import { incrementRows, increments } from "../../../shaders/signature/increments.wgsl.js";
import { passWords } from "../../../shaders/signature/layout.wgsl.js";
import { polynomialForward, polynomialReverse } from "../../../shaders/signature/polynomial.wgsl.js";
import { truncatedForward, truncatedReverse } from "../../../shaders/signature/truncated.wgsl.js";
import { SaltationError } from "../../errors.js";
import type { Batch, Gpu, Kernel, Storage } from "../../gpu/index.js";
import type { GramRequest, GramResult, SignatureBackend } from "../backend.js";
import { longestPath, type PathBatch, pathLength } from "../paths.js";
import type { CheckedSolver } from "../solver.js";
import type { CompiledStaticKernel } from "../static-kernel.js";
import { describePairs, gramPairs, longestOf, type PairList, slotLists } from "./pairs.js";
import { type ChunkPlan, planChunk } from "./plan.js";
import { gpuSignatures, gpuSignatureVjp } from "./signatures.js";

/** Points as the kernels read them: differences for a linear kernel (taken in float64), else the points. */
function devicePoints(kernel: CompiledStaticKernel, batch: PathBatch): Float32Array {
  if (kernel.linearScale === undefined) return Float32Array.from(batch.points);
  const c = batch.channels;
  const out = new Float32Array(batch.points.length);
  for (let i = 0; i < batch.count; i++) {
    for (let v = batch.offsets[i]! * c; v < (batch.offsets[i + 1]! - 1) * c; v++) {
      out[v] = batch.points[v + c]! - batch.points[v]!;
    }
  }
  return out;
}

interface Kernels {
  increments?: Kernel;
  forward: Kernel;
  recompute?: Kernel;
  reverse?: Kernel;
  contractX?: Kernel;
  contractY?: Kernel;
}

/** One request made ready: its pairs, its plan, its kernels. */
interface Job {
  readonly x: PathBatch;
  readonly y: PathBatch;
  readonly list: PairList;
  readonly weights: Float64Array | undefined;
  readonly wantX: boolean;
  readonly wantY: boolean;
  readonly plan: ChunkPlan;
  readonly kernels: Kernels;
  readonly dot: boolean;
  collect(values: Float64Array, gradX?: Float32Array, gradY?: Float32Array): GramResult;
}

/** Buffers that all chunks of an evaluation share, since they run one after the other. */
interface Scratch {
  readonly p: Storage;
  readonly k: Storage;
  readonly g: Storage;
}

/** A pass's uniforms. */
function passUniforms(
  words: readonly number[],
  parameters: readonly number[],
  fineScale: number,
  lowRows: number,
): Uint8Array {
  const bytes = new ArrayBuffer(passWords * 4);
  const integers = new Uint32Array(bytes);
  integers.set(words);
  integers[13] = lowRows;
  const floats = new Float32Array(bytes);
  floats.set(parameters, 8);
  floats[12] = fineScale;
  return new Uint8Array(bytes);
}

const groupsOf = (count: number): [number, number] => (count <= 32768 ? [count, 1] : [32768, Math.ceil(count / 32768)]);

export class GpuSignatureBackend implements SignatureBackend {
  /** Vertices of one thread of a contraction: few threads do on a software adapter, where loads are dear. */
  private readonly contractVertices: number;

  constructor(readonly gpu: Gpu) {
    this.contractVertices = gpu.adapter.fallback ? 4 : 1;
  }

  private async kernelsFor(
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    plan: ChunkPlan,
    channels: number,
    dot: boolean,
    job: { gradient: boolean; wantX: boolean; wantY: boolean },
  ): Promise<Kernels> {
    const { gpu } = this;
    const uniformBytes = passWords * 4;
    const { interleave, workgroupSize, threads, strip } = plan;
    const vertices = this.contractVertices;
    const contraction = (role: "x" | "y"): Promise<Kernel> =>
      gpu.kernel({
        label: `contract ${role}`,
        code: contract({ interleave, kernel, channels, role, vertices, workgroupSize: 32 }),
        bindings: ["read", "read", "read", "read", "read", "read_write"],
        uniformBytes,
      });
    const increment = dot
      ? undefined
      : gpu.kernel({
          label: "increments",
          code: increments({ interleave, kernel, channels, keepAbove: job.gradient, workgroupSize: 32 }),
          bindings: ["read", "read", "read", "read_write"],
          uniformBytes,
        });
    const forwardOf = (code: string, keep: boolean, points: boolean): Promise<Kernel> =>
      gpu.kernel({
        label: `signature kernel forward${keep ? ", kept" : ""}`,
        code,
        bindings: points
          ? ["read", "read", "read", "read_write", "read_write"]
          : ["read", "read", "read_write", "read_write"],
        uniformBytes,
      });
    const extraRows = job.gradient ? 1 : 0;
    const { stateWords } = plan;
    const layout = { interleave, workgroupSize };
    let forward: (keep: boolean) => string;
    let reverseCode: () => string;
    if (solver.kind === "difference") {
      const shape = { ...layout, threads, strip, dyadic: solver.dyadic };
      const scaled = !job.gradient;
      forward = (keep) =>
        differenceForward({ ...shape, source: dot ? "dot" : "buffer", channels, keep, scaled, extraRows });
      reverseCode = () => differenceReverse(shape);
    } else if (solver.kind === "polynomial") {
      const { order } = solver;
      forward = (keep) => polynomialForward({ ...layout, order, extraRows, keep, stateWords });
      reverseCode = () => polynomialReverse({ ...layout, order, extraRows, keep: true, stateWords });
    } else {
      const { depth } = solver;
      forward = (keep) => truncatedForward({ ...layout, depth, extraRows, keep, stateWords });
      reverseCode = () => truncatedReverse({ ...layout, depth, extraRows, keep: true, stateWords });
    }
    const [inc, fwd, rec, rev, cx, cy] = await Promise.all([
      increment,
      forwardOf(forward(false), false, dot),
      job.gradient ? forwardOf(forward(true), true, false) : undefined,
      job.gradient
        ? gpu.kernel({
            label: "signature kernel reverse",
            code: reverseCode(),
            bindings: ["read", "read", "read", "read_write", "read_write"],
            uniformBytes,
          })
        : undefined,
      job.gradient && job.wantX ? contraction("x") : undefined,
      job.gradient && job.wantY ? contraction("y") : undefined,
    ]);
    return { increments: inc, forward: fwd!, recompute: rec, reverse: rev, contractX: cx, contractY: cy };
  }

  private async prepare(
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    x: PathBatch,
    y: PathBatch,
    list: PairList,
    weights: Float64Array | undefined,
    want: { x: boolean; y: boolean },
    collect: Job["collect"],
  ): Promise<Job> {
    const { limits } = this.gpu.device;
    const gradient = weights !== undefined;
    const dot = !gradient && kernel.linearScale !== undefined && solver.kind === "difference";
    const plan = planChunk(solver, Math.max(1, list.a.length), longestPath(x) - 1, longestPath(y) - 1, gradient, !dot, {
      software: this.gpu.adapter.fallback,
      bufferBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    });
    const kernels = await this.kernelsFor(kernel, solver, plan, x.channels, dot, {
      gradient,
      wantX: want.x,
      wantY: want.y,
    });
    return { x, y, list, weights, wantX: want.x, wantY: want.y, plan, kernels, dot, collect };
  }

  async evaluate(
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    requests: readonly GramRequest[],
  ): Promise<GramResult[]> {
    const jobs = await Promise.all(
      requests.map((request) => {
        const { x, cotangent } = request;
        const y = request.y ?? x;
        const symmetric = request.y === null;
        const list = gramPairs(x.count, y.count, symmetric, request.skipDiagonal ?? false);
        const { a, b } = list;
        const weights =
          cotangent &&
          Float64Array.from(a, (i, n) => {
            const j = b[n]!;
            return cotangent[i * y.count + j]! + (symmetric && i !== j ? cotangent[j * y.count + i]! : 0);
          });
        const want = symmetric
          ? { x: true, y: true }
          : { x: request.gradient?.x ?? true, y: request.gradient?.y ?? true };
        return this.prepare(kernel, solver, x, y, list, weights, want, (values, gx, gy) => {
          const gram = new Float64Array(x.count * y.count);
          for (let n = 0; n < a.length; n++) {
            gram[a[n]! * y.count + b[n]!] = values[n]!;
            if (symmetric) gram[b[n]! * y.count + a[n]!] = values[n]!;
          }
          if (!cotangent) return { gram };
          if (symmetric) return { gram, gradientX: Float64Array.from(gx!, (v, i) => v + gy![i]!) };
          return { gram, gradientX: gx && Float64Array.from(gx), gradientY: gy && Float64Array.from(gy) };
        });
      }),
    );
    return this.run(kernel, solver, jobs);
  }

  async paired(
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    x: PathBatch,
    y: PathBatch,
    cotangent?: Float64Array,
  ): Promise<GramResult> {
    const all = Uint32Array.from({ length: x.count }, (_, i) => i);
    const job = await this.prepare(
      kernel,
      solver,
      x,
      y,
      { a: all, b: all },
      cotangent,
      { x: true, y: true },
      (gram, gx, gy) => ({ gram, gradientX: gx && Float64Array.from(gx), gradientY: gy && Float64Array.from(gy) }),
    );
    return (await this.run(kernel, solver, [job]))[0]!;
  }

  private async run(kernel: CompiledStaticKernel, solver: CheckedSolver, jobs: readonly Job[]): Promise<GramResult[]> {
    const { gpu } = this;
    const held: Storage[] = [];
    const hold = (s: Storage): Storage => {
      held.push(s);
      return s;
    };
    try {
      const largest = (size: (job: Job) => number): number => Math.max(4, ...jobs.map(size));
      const columnsOf = (job: Job): number => longestPath(job.y) - 1;
      const padded = (job: Job): number => Math.ceil(job.plan.slots / job.plan.interleave) * job.plan.interleave;
      const scratch: Scratch = {
        k: hold(
          gpu.buffer(
            "signature kernel rows",
            largest((j) => padded(j) * j.plan.stateRows * j.plan.stateWords * columnsOf(j) * 4),
          ),
        ),
        p: hold(
          gpu.buffer(
            "increments",
            largest((j) => (j.dot ? 4 : padded(j) * (j.plan.rows + (j.weights ? 1 : 0)) * columnsOf(j) * 4)),
          ),
        ),
        g: hold(
          gpu.buffer(
            "reverse rows",
            largest((j) => (j.weights ? padded(j) * j.plan.reverseWords * columnsOf(j) * 4 : 4)),
          ),
        ),
      };
      const uploaded = new Map<PathBatch, Storage>();
      const points = (batch: PathBatch): Storage => {
        let storage = uploaded.get(batch);
        if (!storage) {
          storage = hold(gpu.upload("points", devicePoints(kernel, batch)));
          uploaded.set(batch, storage);
        }
        return storage;
      };
      const pending = jobs.map((job) => this.encode(kernel, solver, job, scratch, points, hold));
      const done = await Promise.all(pending);
      return done.map(({ values, gradX, gradY }, i) => jobs[i]!.collect(values, gradX, gradY));
    } finally {
      for (const s of held) s.dispose();
    }
  }

  /** Sends one job off; resolves with what was read back. */
  private async encode(
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    job: Job,
    scratch: Scratch,
    points: (batch: PathBatch) => Storage,
    hold: (s: Storage) => Storage,
  ): Promise<{ values: Float64Array; gradX?: Float32Array; gradY?: Float32Array }> {
    const { gpu } = this;
    const { x, y, list, plan, kernels, weights } = job;
    const total = list.a.length;
    const values = new Float64Array(total);
    const px = points(x);
    const py = points(y);
    const gradX = weights && job.wantX ? hold(gpu.buffer("gradient x", x.points.length * 4)) : undefined;
    const gradY = weights && job.wantY ? hold(gpu.buffer("gradient y", y.points.length * 4)) : undefined;
    const reads: Promise<void>[] = [];
    let gradReads: Promise<ArrayBuffer>[] = [];
    const dyadic = solver.kind === "difference" ? solver.dyadic : ([0, 0] as const);
    const fineScale = 2 ** -(dyadic[0] + dyadic[1]);
    const refineRows = 1 << dyadic[0];
    let batch = gpu.batch("signature kernels");
    if (gradX) batch.clear(gradX);
    if (gradY) batch.clear(gradY);
    for (let begin = 0; begin < total; begin += plan.slots) {
      const end = Math.min(total, begin + plan.slots);
      const slots = end - begin;
      const pairs = hold(gpu.upload("pairs", describePairs(list, begin, end, x, y)));
      const results = hold(gpu.buffer("results", slots * 8));
      const rows = longestOf(x, list.a, begin, end);
      const columns = longestOf(y, list.b, begin, end);
      const segments = Math.ceil(rows / plan.rows);
      const groups = groupsOf(plan.threads > 1 ? slots : Math.ceil(slots / plan.workgroupSize));
      const last = segments - 1;
      const uniforms = (s: number, stateRows: number, rowIn: number, rowOut: number, flags = 0): Uint8Array =>
        passUniforms(
          [
            slots,
            s * plan.rows,
            plan.rows,
            columns,
            stateRows,
            rowIn,
            rowOut,
            (s === 0 ? 1 : 0) | (s === last ? 2 : 0) | flags,
          ],
          kernel.parameters,
          fineScale,
          weights ? segments + 1 : 1,
        );
      const fill = (u: Uint8Array): void => {
        if (kernels.increments) {
          batch.dispatch(kernels.increments, [px, py, pairs, scratch.p], u, [
            Math.ceil(slots / 32),
            Math.ceil(plan.rows / incrementRows),
          ]);
        }
      };
      const inputs = job.dot ? [pairs, px, py] : [pairs, scratch.p];
      if (!weights) {
        for (let s = 0; s < segments; s++) {
          const u = uniforms(s, 3, 0, 0);
          fill(u);
          batch.dispatch(kernels.forward, [...inputs, scratch.k, results], u, groups);
          if (segments > 1) batch = this.flush(batch);
        }
      } else {
        const w = hold(gpu.upload("weights", Float32Array.from(weights.subarray(begin, end))));
        const listX = gradX && hold(gpu.upload("slots of x", slotLists(list.a, begin, end, x.count)));
        const listY = gradY && hold(gpu.upload("slots of y", slotLists(list.b, begin, end, y.count)));
        const stateRows = 2 * (segments + 1) + plan.rows * refineRows;
        // Rows at the segments' boundaries. The last segment's own rows come with the reverse; difference kernels of
        // many segments still run through it here, since the value is more accurate without keeping rows.
        const through = solver.kind === "difference" && last > 0 ? segments : last;
        for (let s = 0; s < through; s++) {
          const u = uniforms(s, stateRows, s, s + 1);
          fill(u);
          batch.dispatch(kernels.forward, [...inputs, scratch.k, results], u, groups);
          batch = this.flush(batch);
        }
        for (let s = last; s >= 0; s--) {
          const u = uniforms(s, stateRows, s, 2 * (segments + 1), through === last ? 4 : 0);
          fill(u);
          batch.dispatch(kernels.recompute!, [...inputs, scratch.k, results], u, groups);
          batch.dispatch(kernels.reverse!, [pairs, w, scratch.k, scratch.p, scratch.g], u, groups);
          const perGroup = 32 * this.contractVertices;
          const blocks = Math.ceil(x.channels / Math.min(channelBlock, x.channels));
          if (gradX) {
            const vertices = plan.rows + (s === 0 ? 1 : 0);
            const size: [number, number, number] = [Math.ceil(vertices / perGroup), x.count, blocks];
            batch.dispatch(kernels.contractX!, [px, py, pairs, scratch.p, listX!, gradX], u, size);
          }
          if (gradY) {
            const size: [number, number, number] = [Math.ceil((columns + 1) / perGroup), y.count, blocks];
            batch.dispatch(kernels.contractY!, [px, py, pairs, scratch.p, listY!, gradY], u, size);
          }
          if (segments > 1) batch = this.flush(batch);
        }
      }
      reads.push(
        batch.read(results).then((data) => {
          const pairsRead = new Float32Array(data);
          for (let i = 0; i < slots; i++) values[begin + i] = pairsRead[2 * i]! * 2 ** pairsRead[2 * i + 1]!;
        }),
      );
      if (end === total)
        gradReads = [gradX, gradY].map((g) => (g ? batch.read(g) : Promise.resolve(new ArrayBuffer(0))));
      batch = this.flush(batch);
    }
    await Promise.all(reads);
    const [gx, gy] = await Promise.all(gradReads);
    this.refuseOverflow(values, list, x, y);
    const result = {
      values,
      gradX: gradX && new Float32Array(gx!),
      gradY: gradY && new Float32Array(gy!),
    };
    for (const g of [result.gradX, result.gradY]) {
      if (g && !g.every(Number.isFinite)) {
        throw new SaltationError(
          "not-finite",
          "the gradient of a signature kernel exceeds float32: scale the paths down, use an rbf static kernel, or the cpu backend",
        );
      }
    }
    return result;
  }

  private flush(batch: Batch): Batch {
    batch.submit();
    return this.gpu.batch("signature kernels");
  }

  private refuseOverflow(values: Float64Array, list: PairList, x: PathBatch, y: PathBatch): void {
    const bad = values.findIndex((v) => !Number.isFinite(v));
    if (bad < 0) return;
    const [a, b] = [list.a[bad]!, list.b[bad]!];
    throw new SaltationError(
      "not-finite",
      `the signature kernel of x[${a}] (${pathLength(x, a)} points) and y[${b}] (${pathLength(y, b)} points) exceeds ` +
        "float32: scale the paths down, use an rbf static kernel, or the cpu backend",
    );
  }

  signatures(paths: PathBatch, depth: number): Promise<Float64Array> {
    return gpuSignatures(this.gpu, paths, depth);
  }

  signatureVjp(paths: PathBatch, depth: number, cotangent: Float64Array): Promise<Float64Array> {
    return gpuSignatureVjp(this.gpu, paths, depth, cotangent);
  }
}
