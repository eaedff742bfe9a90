/** Statistics of spike trains by Gram matrices of signature kernels between their lifts, all on the GPU. */
import { describeSlots, pairPassBytes, weighResults } from "../../../shaders/signature/pair-results.wgsl.js";
import { eventBytes, trainPassBytes } from "../../../shaders/signature/train-layout.wgsl.js";
import { liftVertices, trainLift, trainPullback } from "../../../shaders/signature/train-lift.wgsl.js";
import { fail } from "../../checks.js";
import type { Batch, Gpu, Kernel, Storage } from "../../gpu/index.js";
import { pairCount } from "../definitions/backend.js";
import { type CheckedSolver, isSymmetric } from "../definitions/solver.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";
import { type GramShape, gramRange, slotLists } from "./pairs.js";
import { Scratch } from "./scratch.js";
import type { StatisticShape } from "./signature-statistic.js";
import { PairStages } from "./stages.js";
import { TrainEvents, trainUniform } from "./train-events.js";
import type { TrainStatistic } from "./train-statistic.js";
import type { TrainBatch } from "./trains.js";

const workgroupSize = 64;
const lanes = 32;

/** Segments for which the stages are compiled; how long trains are is known later, and changes. */
const usualSegments = 64;

/** Pairs in all: their lists take 16 bytes each on the GPU, and stay there. */
const mostPairs = 2 ** 28;

/** Lifted trains: points as the stages read them, and for each path where it begins and its number of vertices. */
interface Lifted {
  readonly points: Storage;
  readonly table: Storage;
  /** Vertices set aside for a path. */
  readonly vertices: number;
}

/** Weighted sum over the pairs of one Gram matrix. */
interface Term extends GramShape {
  readonly stages: PairStages;
  readonly pairs: number;
  /** Whether it compares paths with themselves. */
  readonly own: boolean;
  readonly diagonal: number;
  readonly others: number;
}

/** What chunks of pairs need that does not change from step to step. */
interface ChunkLists {
  readonly pairs: Storage;
  readonly x: Storage;
  readonly y: Storage | undefined;
}

export class PairStatistic implements TrainStatistic {
  private readonly scratch: Scratch;
  private readonly lists = new Map<string, ChunkLists>();
  /** Σ over the pairs of observed trains. */
  private own: Storage | undefined;
  private observed: Lifted | undefined;

  private constructor(
    private readonly gpu: Gpu,
    private readonly shape: StatisticShape,
    private readonly events: TrainEvents,
    private readonly terms: { readonly xx: Term; readonly xy: Term },
    private readonly kernels: {
      readonly lift: Kernel;
      readonly pullback: Kernel;
      readonly describe: Kernel;
      readonly weigh: Kernel;
    },
  ) {
    this.scratch = new Scratch(gpu);
  }

  static async create(
    gpu: Gpu,
    shape: StatisticShape,
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
  ): Promise<PairStatistic> {
    const { neurons, paths: m, observed, score, unbiased } = shape;
    const n = observed.paths;
    const channels = neurons + 1;
    const stages = (pairs: number, gradient: { x: boolean; y: boolean } | null): Promise<PairStages> =>
      PairStages.create(gpu, kernel, solver, {
        pairs,
        rows: usualSegments,
        columns: usualSegments,
        channels,
        gradient,
        gradientChannels: 1,
      });
    // A pair stands for both of its orders where the solver makes no difference between them.
    const half = isSymmetric(solver);
    const orders = half ? 2 : 1;
    const own = (count: number) =>
      unbiased
        ? { diagonal: 0, others: orders / (count * (count - 1)) }
        : { diagonal: 1 / count ** 2, others: orders / count ** 2 };
    const gram = (rows: number, columns: number, own: boolean): GramShape & { own: boolean; pairs: number } => {
      const shape = { rows, columns, half: own && half, skipDiagonal: own && unbiased };
      return { ...shape, own, pairs: pairCount(rows, columns, shape.half, shape.skipDiagonal) };
    };
    const [xx, xy, yy] = [gram(m, m, true), gram(m, n, false), gram(n, n, true)];
    const pairs = xx.pairs + xy.pairs + (score ? 0 : yy.pairs);
    if (pairs > mostPairs) {
      fail(
        "paths",
        `signature kernels compare all paths with each other: ${m} paths and ${n} observed trains make ${pairs} pairs, ` +
          `and no more than ${mostPairs} fit; take fewer, or a truncated kernel of a linear one, which needs no pairs`,
      );
    }
    const [sxx, sxy, syy, events, lift, pullback, describe, weigh] = await Promise.all([
      stages(xx.pairs, { x: true, y: true }),
      stages(xy.pairs, { x: true, y: false }),
      score ? undefined : stages(yy.pairs, null),
      TrainEvents.create(gpu, neurons),
      gpu.kernel({
        label: "lift of trains",
        code: trainLift(channels, { differences: kernel.linearScale !== undefined, table: true }, workgroupSize),
        bindings: ["read", "read_write", "read_write"],
        uniformBytes: trainPassBytes,
      }),
      gpu.kernel({
        label: "pullback to spike times",
        code: trainPullback(1, workgroupSize),
        bindings: ["read", "read", "read_write"],
        uniformBytes: trainPassBytes,
      }),
      gpu.kernel({
        label: "pairs of trains",
        code: describeSlots(workgroupSize),
        bindings: ["read", "read", "read", "read_write", "read_write"],
        uniformBytes: pairPassBytes,
      }),
      gpu.kernel({
        label: "weighted sum of kernels",
        code: weighResults(lanes),
        bindings: ["read", "read", "read_write"],
        uniformBytes: pairPassBytes,
      }),
    ]);
    const cross = -2 / (m * n);
    const statistic = new PairStatistic(
      gpu,
      shape,
      events,
      {
        xx: { stages: sxx, ...xx, ...own(m) },
        xy: { stages: sxy, ...xy, diagonal: cross, others: cross },
      },
      { lift, pullback, describe, weigh },
    );
    const sums = gpu.buffer("sums of kernels", 4);
    statistic.own = sums;
    const batch = gpu.batch("observed trains").clear(sums);
    const lifted = statistic.lift(batch, observed, "observed");
    statistic.observed = lifted;
    if (syy) {
      statistic.encodeTerm(batch, "yy", { stages: syy, ...yy, ...own(n) }, lifted, lifted, sums, undefined);
    }
    batch.submit();
    return statistic;
  }

  private lift(batch: Batch, trains: TrainBatch, name: string): Lifted {
    const { scratch, shape } = this;
    const { paths } = trains;
    const vertices = liftVertices(trains.slots);
    const channels = shape.neurons + 1;
    const events = scratch.take(`events, ${name}`, eventBytes(trains.slots) * paths);
    const points = scratch.take(`points, ${name}`, 4 * channels * vertices * paths);
    const table = scratch.take(`table, ${name}`, 8 * paths);
    this.events.encode(batch, trains, events, scratch, { first: 0, paths });
    const groups: [number, number] = [Math.ceil(paths / workgroupSize), channels];
    batch.dispatch(this.kernels.lift, [events, points, table], trainUniform(trains, { first: 0, paths }), groups);
    return { points, table, vertices };
  }

  /** Indices of a chunk's pairs, and the slots of each path; kept, as they change only when trains grow. */
  private listsOf(name: string, term: Term, begin: number, end: number): ChunkLists {
    const key = `${name} ${begin} ${end}`;
    const known = this.lists.get(key);
    if (known) return known;
    const { a, b } = gramRange(term, begin, end);
    const slots = a.length;
    const indices = new Uint32Array(2 * slots);
    for (let i = 0; i < slots; i++) {
      indices[2 * i] = a[i]!;
      indices[2 * i + 1] = b[i]!;
    }
    const lists = {
      pairs: this.gpu.upload("indices of pairs", indices),
      x: this.gpu.upload("slots of x", slotLists(a, 0, slots, term.rows)),
      y: term.own ? this.gpu.upload("slots of y", slotLists(b, 0, slots, term.columns)) : undefined,
    };
    this.lists.set(key, lists);
    return lists;
  }

  private encodeTerm(
    batch: Batch,
    name: string,
    term: Term,
    x: Lifted,
    y: Lifted,
    sums: Storage,
    gradient: Storage | undefined,
  ): void {
    const { scratch, kernels } = this;
    const stages = term.stages.resized(x.vertices - 1, y.vertices - 1);
    const bytes = stages.scratch;
    const buffers = {
      p: scratch.take("increments", bytes.p),
      k: scratch.take("kernel rows", bytes.k),
      g: scratch.take("reverse rows", bytes.g),
    };
    const total = term.pairs;
    const most = stages.plan.slots;
    for (let begin = 0; begin < total; begin += most) {
      const end = Math.min(total, begin + most);
      const slots = end - begin;
      const lists = this.listsOf(name, term, begin, end);
      const pairs = scratch.take("pairs", 16 * Math.min(most, total));
      const weights = scratch.take("weights", 4 * Math.min(most, total));
      const results = scratch.take("results", 8 * Math.min(most, total));
      const pass = new ArrayBuffer(pairPassBytes);
      new Uint32Array(pass).set([slots, term.columns, term.own ? 1 : 0, 0]);
      new Float32Array(pass).set([term.diagonal, term.others], 4);
      const groups = Math.ceil(slots / workgroupSize);
      batch.dispatch(kernels.describe, [lists.pairs, x.table, y.table, pairs, weights], new Uint8Array(pass), [
        Math.min(groups, 32768),
        Math.ceil(groups / 32768),
      ]);
      stages.encode(
        batch,
        {
          slots,
          rows: x.vertices - 1,
          columns: y.vertices - 1,
          x: x.points,
          y: y.points,
          pairs,
          results,
          ...(gradient
            ? {
                weights,
                gradientX: { out: gradient, list: lists.x, paths: term.rows },
                ...(lists.y ? { gradientY: { out: gradient, list: lists.y, paths: term.columns } } : {}),
              }
            : {}),
        },
        buffers,
      );
      batch.dispatch(kernels.weigh, [results, weights, sums], new Uint8Array(pass), [1]);
    }
  }

  encodeValue(batch: Batch, trains: TrainBatch, value: Storage): void {
    const { scratch, terms } = this;
    const lifted = this.lift(batch, trains, "generated");
    const gradient = scratch.take("gradient by vertices", 4 * lifted.vertices * trains.paths);
    batch.copy(this.own!, 0, value, 0, 4);
    batch.clear(gradient, 0, 4 * lifted.vertices * trains.paths);
    this.encodeTerm(batch, "xx", terms.xx, lifted, lifted, value, gradient);
    this.encodeTerm(batch, "xy", terms.xy, lifted, this.observed!, value, gradient);
  }

  encodeCotangents(
    batch: Batch,
    trains: TrainBatch,
    cotangents: Storage,
    options: { readonly scale?: number } = {},
  ): void {
    const { paths } = trains;
    const events = this.scratch.take("events, generated", eventBytes(trains.slots) * paths);
    const gradient = this.scratch.take("gradient by vertices", 4 * liftVertices(trains.slots) * paths);
    const pass = trainUniform(trains, { first: 0, paths, scale: options.scale ?? 1 });
    batch.dispatch(this.kernels.pullback, [events, gradient, cotangents], pass, [Math.ceil(paths / workgroupSize)]);
  }

  dispose(): void {
    for (const l of this.lists.values()) for (const s of [l.pairs, l.x, l.y]) s?.dispose();
    this.lists.clear();
    this.own?.dispose();
    this.scratch.dispose();
  }
}
