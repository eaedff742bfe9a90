/** Signature kernels and signatures on the GPU, in float32 and, for small problems, in two parts. */
import { float32, type Numbers, twoFloat32 } from "../../../shaders/signature/numbers.wgsl.js";
import { SaltationError } from "../../errors.js";
import { type Batch, type Gpu, handled, type Storage } from "../../gpu/index.js";
import { type GramRequest, type GramResult, type SignatureBackend, shapeOf } from "../definitions/backend.js";
import { refuseGradients, refuseOverflow } from "../definitions/not-finite.js";
import { gramPairs, type PairList, pairCount, pairWeight, setPair } from "../definitions/pairs.js";
import { longestPath, type PathBatch } from "../definitions/paths.js";
import type { CheckedSolver } from "../definitions/solver.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";
import { twinBackend } from "../host/backend.js";
import { stripKernel } from "../host/strips.js";
import { incrementParts, incrementPartsVjp, type PartsOfPairs, partsCount } from "./increment-parts.js";
import { runPairs } from "./pair-runner.js";
import { describePairs, devicePoints, longestOf, meanPoint, slotLists } from "./pairs.js";
import { gpuSignatures, gpuSignatureVjp } from "./signatures.js";
import { type PairChunk, type PairScratch, PairStages, type Recording } from "./stages.js";
import { keepsTwoParts } from "./two-parts.js";
import { wantsExtended, wantsHost, wantsParts, wantsSignatureParts } from "./wanted-numbers.js";

/** Chunks that are submitted before the results of the first of them are waited for. */
const chunksAhead = 16;

function keep(list: Storage[], storage: Storage): Storage {
  list.push(storage);
  return storage;
}

/** What a gradient that was accumulated on the device comes back as. */
const asGradient = async (read: Promise<ArrayBuffer> | undefined): Promise<Float64Array | undefined> =>
  read && Float64Array.from(new Float32Array(await read));

/** A chunk with what it takes of the list, the layout of its increments, and the buffers of its own. */
interface UploadedChunk extends PairChunk {
  /** The slots' numbers in the list of pairs. */
  readonly numbers: Uint32Array;
  readonly ofSlots: PartsOfPairs;
  readonly own: readonly Storage[];
}

/** Most numbers in two parts have no exponents. @throws SaltationError where that is too little for some pairs. */
async function inParts<T>(compute: (parts: boolean) => Promise<T>): Promise<T> {
  try {
    return await compute(true);
  } catch (error) {
    if (!(error instanceof SaltationError && error.code === "not-finite")) throw error;
    const message = `${error.message}; or take the matrix whole, in other numbers`;
    throw new SaltationError(error.code, message, { cause: error });
  }
}

/** One request: its pairs, and what becomes of their values. */
interface PairRequest {
  readonly kernel: CompiledStaticKernel;
  readonly solver: CheckedSolver;
  readonly x: PathBatch;
  readonly y: PathBatch;
  readonly list: PairList;
  /** Pairs of the whole matrix, of which the list may have some: what numbers are computed with depends on them. */
  readonly allPairs: number;
  /** Which of the list are computed: chunks lie, and are planned, as if all were. */
  readonly only?: GramRequest["only"];
  readonly weights: Float64Array | undefined;
  /** With weights, which gradients. */
  readonly want: { readonly x: boolean; readonly y: boolean };
  collect(values: Float64Array, gradX?: Float64Array, gradY?: Float64Array): GramResult;
}

/** The same made ready: its plan, its kernels. */
interface Job extends PairRequest {
  readonly stages: PairStages;
}

/** Values of the difference scheme with a linear static kernel, see `wantsHost`. */
const hostBackend = twinBackend((kernel, solver, x, y, channels) =>
  stripKernel(kernel.linearScale!, x, y, channels, (solver as CheckedSolver & { kind: "difference" }).dyadic),
);

export class GpuSignatureBackend implements SignatureBackend {
  /** @param twoParts whether to carry small problems in two parts where wanted; by default, where the device keeps them. */
  constructor(
    readonly gpu: Gpu,
    private readonly twoParts?: boolean,
  ) {}

  private async prepare(
    request: PairRequest,
    accurate: { readonly parts: boolean; readonly extended: boolean },
  ): Promise<Job> {
    const { kernel, solver, x, y, list, weights, want } = request;
    const [pairs, rows, columns] = [list.a.length, longestPath(x) - 1, longestPath(y) - 1];
    const cells = rows * columns;
    const wanted = {
      parts: accurate.parts && wantsParts(solver, request.allPairs, cells, this.gpu.adapter.fallback),
      extended: accurate.extended && wantsExtended(kernel, solver, request.allPairs, cells),
    };
    const keeps = (wanted.parts || wanted.extended) && (this.twoParts ?? (await keepsTwoParts(this.gpu)));
    const stages = await PairStages.create(this.gpu, kernel, solver, {
      pairs,
      rows,
      columns,
      channels: x.channels,
      gradient: weights ? want : null,
      extended: keeps && wanted.extended,
      parts: keeps && wanted.parts,
    });
    return { ...request, stages };
  }

  /** Most numbers in two parts have no exponents: what is beyond float32 is left to the other kernels, or to their error. */
  private async firstInParts<T>(compute: (parts: boolean) => Promise<T>): Promise<T> {
    try {
      return await compute(true);
    } catch (error) {
      if (error instanceof SaltationError && error.code === "not-finite") return compute(false);
      throw error;
    }
  }

  /** Whether the host computes values of so many pairs. */
  private onHost(
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    pairs: number,
    x: PathBatch,
    y: PathBatch,
  ): boolean {
    if (this.twoParts !== undefined || this.gpu.adapter.backend !== "simd") return false;
    return wantsHost(kernel, solver, pairs, (longestPath(x) - 1) * (longestPath(y) - 1));
  }

  evaluate(
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    requests: readonly GramRequest[],
    progress?: (pairsDone: number) => void,
  ): Promise<GramResult[]> {
    const host = requests.every(
      (r) => !r.cotangent && this.onHost(kernel, solver, pairCount(shapeOf(r, solver)), r.x, r.y ?? r.x),
    );
    if (host) return hostBackend.evaluate(kernel, solver, requests, progress);
    // A sum of which a part comes with its gradient is no more accurate for the other part's being so.
    const extended = requests.every((r) => !r.cotangent);
    // A part of a matrix must not choose other numbers than the rest of it.
    const some = requests.some((r) => r.pairs || r.only);
    return (some ? inParts : this.firstInParts)(async (parts) => {
      const jobs = requests.map((request) => {
        const { x, cotangent, only } = request;
        const y = request.y ?? x;
        const own = request.y === null;
        const shape = shapeOf(request, solver);
        const list = gramPairs(shape, ...(request.pairs ?? []));
        const { a, b } = list;
        const weights = cotangent && Float64Array.from(a, (i, n) => pairWeight(cotangent, shape, i, b[n]!));
        const want = own ? { x: true, y: true } : { x: request.gradient?.x ?? true, y: request.gradient?.y ?? true };
        const collect: Job["collect"] = (values, gx, gy) => {
          const gram = new Float64Array(x.count * y.count);
          for (let n = 0; n < a.length; n++) setPair(gram, shape, a[n]!, b[n]!, values[n]!);
          if (!cotangent) return { gram };
          if (own) return { gram, gradientX: gx!.map((v, i) => v + gy![i]!) };
          return { gram, gradientX: gx, gradientY: gy };
        };
        const allPairs = pairCount(shape);
        return this.prepare(
          { kernel, solver, x, y, list, allPairs, only, weights, want, collect },
          { parts, extended },
        );
      });
      return this.run(kernel, await Promise.all(jobs), progress);
    });
  }

  paired(
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    x: PathBatch,
    y: PathBatch,
    cotangent?: Float64Array,
    progress?: (pairsDone: number) => void,
  ): Promise<GramResult> {
    if (!cotangent && this.onHost(kernel, solver, x.count, x, y))
      return hostBackend.paired(kernel, solver, x, y, undefined, progress);
    const all = Uint32Array.from({ length: x.count }, (_, i) => i);
    const request: PairRequest = {
      kernel,
      solver,
      x,
      y,
      list: { a: all, b: all },
      allPairs: x.count,
      weights: cotangent,
      want: { x: true, y: true },
      collect: (gram, gradientX, gradientY) => ({ gram, gradientX, gradientY }),
    };
    return this.firstInParts(async (parts) => {
      const job = await this.prepare(request, { parts, extended: true });
      return (await this.run(kernel, [job], progress))[0]!;
    });
  }

  private async run(
    kernel: CompiledStaticKernel,
    jobs: readonly Job[],
    progress: ((pairsDone: number) => void) | undefined,
  ): Promise<GramResult[]> {
    const { gpu } = this;
    let pairs = 0;
    const done = (more: number): void => {
      pairs += more;
      progress?.(pairs);
    };
    const held: Storage[] = [];
    const hold = (s: Storage): Storage => keep(held, s);
    try {
      const sizes = jobs.map((job) => job.stages.scratch);
      const scratch: PairScratch = {
        k: hold(gpu.buffer("signature kernel rows", Math.max(...sizes.map((b) => b.k)))),
        p: hold(gpu.buffer("increments", Math.max(...sizes.map((b) => b.p)))),
        g: hold(gpu.buffer("reverse rows", Math.max(...sizes.map((b) => b.g)))),
      };
      const uploaded = [new Map<PathBatch, Storage>(), new Map<PathBatch, Storage>()] as const;
      const origin = kernel.argument === "distance" ? meanPoint(jobs[0]!.x) : undefined;
      const points = (batch: PathBatch, extended: boolean): Storage => {
        const known = uploaded[extended ? 1 : 0];
        let storage = known.get(batch);
        if (!storage) {
          storage = hold(gpu.upload("points", devicePoints(kernel, batch, extended, origin)));
          known.set(batch, storage);
        }
        return storage;
      };
      return await Promise.all(
        jobs.map(async (job) => {
          const { values, gradX, gradY } = await this.encode(kernel, job, scratch, points, hold, done);
          return job.collect(values, gradX, gradY);
        }),
      );
    } finally {
      for (const s of held) s.dispose();
    }
  }

  /** Sends one job off; resolves with what was read back. */
  private async encode(
    kernel: CompiledStaticKernel,
    job: Job,
    scratch: PairScratch,
    points: (batch: PathBatch, extended: boolean) => Storage,
    hold: (s: Storage) => Storage,
    done: (pairs: number) => void,
  ): Promise<{ values: Float64Array; gradX: Float64Array | undefined; gradY: Float64Array | undefined }> {
    const { gpu } = this;
    const { x, y, list, weights, stages } = job;
    const want = stages.shape.gradient;
    const parts = stages.source === "parts";
    const total = list.a.length;
    const values = new Float64Array(total);
    /** Numbers in the list of the pairs of a chunk that are computed. */
    const computed = (begin: number, end: number): Uint32Array => {
      const all = Uint32Array.from({ length: end - begin }, (_, n) => begin + n);
      return job.only ? all.filter((n) => job.only!(list.a[n]!, list.b[n]!)) : all;
    };
    const extended = stages.source === "extended";
    const px = points(x, extended);
    const py = points(y, extended);
    const gradX = want?.x && !parts ? hold(gpu.buffer("gradient x", x.points.length * 4)) : undefined;
    const gradY = want?.y && !parts ? hold(gpu.buffer("gradient y", y.points.length * 4)) : undefined;
    const reads: Promise<void>[] = [];
    /** In two parts: gradients to the increments of each chunk, and what brings them to the points. */
    const bars: Promise<(gradX: Float64Array, gradY: Float64Array) => void>[] = [];
    const recording = this.record();
    if (gradX) recording.batch.clear(gradX);
    if (gradY) recording.batch.clear(gradY);
    const chunkOf = (begin: number, end: number): UploadedChunk | undefined => {
      const numbers = computed(begin, end);
      const slots = numbers.length;
      if (slots === 0) return undefined;
      const some = { a: numbers.map((n) => list.a[n]!), b: numbers.map((n) => list.b[n]!) };
      const columns = longestOf(y, list.b, begin, end);
      const grid = { plan: stages.plan, columns };
      const ofSlots = { kernel, x, y, list: some, begin: 0, end: slots, grid };
      const own: Storage[] = [];
      const buffer = (label: string, bytes: number): Storage => keep(own, gpu.buffer(label, bytes));
      const upload = (label: string, data: ArrayBufferView): Storage => keep(own, gpu.upload(label, data));
      const role = (out: Storage | undefined, paths: Uint32Array, count: number) =>
        out && { out, list: upload("slots of paths", slotLists(paths, 0, slots, count)), paths: count };
      return {
        numbers,
        ofSlots,
        own,
        slots,
        rows: longestOf(x, list.a, begin, end),
        columns,
        x: px,
        y: py,
        results: buffer("results", slots * (parts ? 16 : 8)),
        incrementGradients: parts && want ? buffer("gradients to increments", 4 * partsCount(grid, slots)) : undefined,
        pairs: upload("pairs", describePairs(some, 0, slots, x, y)),
        increments: parts ? incrementParts(ofSlots).map((p) => upload("increments", p)) : undefined,
        weights:
          weights && !parts
            ? upload(
                "weights",
                Float32Array.from(numbers, (n) => weights[n]!),
              )
            : undefined,
        gradientX: role(gradX, some.a, x.count),
        gradientY: role(gradY, some.b, y.count),
      };
    };
    for (const chunk of runPairs(recording, stages, total, scratch, chunkOf)) {
      const { numbers, ofSlots, slots, own, results, incrementGradients } = chunk;
      const taken = recording.batch.read(results).then((data) => {
        const read = new Float32Array(data);
        for (let i = 0; i < slots; i++) {
          values[numbers[i]!] = parts
            ? (read[4 * i]! + read[4 * i + 1]!) * 2 ** read[4 * i + 2]!
            : read[2 * i]! * 2 ** read[2 * i + 1]!;
        }
        done(slots);
      });
      reads.push(handled(taken));
      if (incrementGradients) {
        const read = recording.batch.read(incrementGradients).then((data) => new Float32Array(data));
        const brings = read.then(
          (p) => (gx: Float64Array, gy: Float64Array) =>
            incrementPartsVjp(
              ofSlots,
              p,
              Float64Array.from(numbers, (n) => weights![n]!),
              gx,
              gy,
            ),
        );
        bars.push(handled(brings));
      }
      recording.cut();
      for (const s of own) s.dispose();
      if (reads.length > chunksAhead) await reads[reads.length - 1 - chunksAhead];
    }
    const gradReads = [gradX, gradY].map((g) => handled(asGradient(g && recording.batch.read(g))));
    if (gradX || gradY) recording.cut();
    await Promise.all(reads);
    let [gx, gy] = await Promise.all(gradReads);
    refuseOverflow(values, (n) => [list.a[n]!, list.b[n]!], x, y, "float32");
    if (parts && want) {
      [gx, gy] = [new Float64Array(x.points.length), new Float64Array(y.points.length)];
      for (const bring of await Promise.all(bars)) bring(gx, gy);
    }
    const result = { values, gradX: want?.x ? gx : undefined, gradY: want?.y ? gy : undefined };
    refuseGradients([result.gradX, result.gradY], "float32");
    return result;
  }

  private record(): Recording {
    const open = (): Batch => this.gpu.batch("signature kernels");
    const recording = {
      batch: open(),
      cut() {
        recording.batch.submit();
        recording.batch = open();
      },
    };
    return recording;
  }

  /** Computes with the numbers that a batch's signatures are to have. */
  private async withNumbers<T>(paths: PathBatch, depth: number, compute: (numbers: Numbers) => Promise<T>): Promise<T> {
    const small = wantsSignatureParts(paths, depth);
    if (!small || !(this.twoParts ?? (await keepsTwoParts(this.gpu)))) return compute(float32);
    return this.firstInParts((parts) => compute(parts ? twoFloat32 : float32));
  }

  signatures(paths: PathBatch, depth: number, progress?: (pathsDone: number) => void): Promise<Float64Array> {
    return this.withNumbers(paths, depth, (numbers) => gpuSignatures(this.gpu, paths, depth, numbers, progress));
  }

  signatureVjp(paths: PathBatch, depth: number, cotangent: Float64Array): Promise<Float64Array> {
    return this.withNumbers(paths, depth, (numbers) => gpuSignatureVjp(this.gpu, paths, depth, cotangent, numbers));
  }
}
