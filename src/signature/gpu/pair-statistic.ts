/** Statistics of spike trains by Gram matrices of signature kernels between their lifts, all on the GPU. */
import { addToRows, weighResults } from "../../../shaders/signature/pair-results.wgsl.js";
import { liftVertices, liftWithSpike } from "../../../shaders/signature/spike-lift.wgsl.js";
import { fail } from "../../checks.js";
import type { Batch, Gpu, KernelOf, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";
import { type GramShape, pairCount } from "../definitions/pairs.js";
import { type CheckedSolver, isSymmetric } from "../definitions/solver.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";
import { DevicePairRunner } from "./pair-runner.js";
import { Scratch } from "./scratch.js";
import { LiftKernels } from "./spike-lift.js";
import { PairStages } from "./stages.js";
import type { SpikeStatistic, StatisticShape } from "./statistic.js";

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

/** What it takes to know what one more spike adds to a path: its rows of both Gram matrices, without gradients. */
interface Ends {
  readonly neurons: number;
  readonly more: KernelOf<typeof liftWithSpike>;
  readonly addToRows: KernelOf<typeof addToRows>;
  /** Of generated paths with each other, without themselves, with observed ones and, where that counts, with themselves. */
  readonly terms: readonly (Term & { readonly y: "generated" | "observed" | "itself" })[];
}

export class PairStatistic implements SpikeStatistic {
  /** Σ over the pairs of observed paths. */
  private own: Storage | undefined;
  private observed: Lifted | undefined;
  /** Of the last `encodeValue`. */
  private generated: Lifted | undefined;

  private constructor(
    private readonly lifts: LiftKernels,
    private readonly terms: { readonly xx: Term; readonly xy: Term },
    private readonly scratch: Scratch,
    private readonly runner: DevicePairRunner,
    private readonly weigh: KernelOf<typeof weighResults>,
    private readonly ends: Ends,
  ) {}

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
      return { ...shape, own, pairs: pairCount(shape) };
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
    const scratch = new Scratch(gpu);
    const differences = kernel.linearScale !== undefined;
    const rows = { rows: m, columns: m, half: false, skipDiagonal: true };
    const itself = { rows: m, columns: m, half: false, skipDiagonal: false, onlyDiagonal: true };
    const [sxx, sxy, syy, rowsXX, rowsXY, alone, more, adding, lifts, runner, weigh] = await Promise.all([
      stages(xx.pairs, { x: true, y: true }),
      stages(xy.pairs, { x: true, y: false }),
      score ? undefined : stages(yy.pairs, null),
      stages(pairCount(rows), null),
      stages(xy.pairs, null),
      unbiased ? undefined : stages(m, null),
      gpu.kernel(liftWithSpike(channels, differences)),
      gpu.kernel(addToRows),
      LiftKernels.create(gpu, scratch, { neurons, differences, table: true, gradientChannels: 1 }),
      DevicePairRunner.create(gpu, scratch, false),
      gpu.kernel(weighResults),
    ]);
    const cross = -2 / (m * n);
    const statistic = new PairStatistic(
      lifts,
      {
        xx: { stages: sxx, ...xx, ...own(m) },
        xy: { stages: sxy, ...xy, diagonal: cross, others: cross },
      },
      scratch,
      runner,
      weigh,
      {
        neurons,
        more,
        addToRows: adding,
        terms: [
          // A path stands on either side of its pairs.
          {
            ...rows,
            y: "generated",
            stages: rowsXX,
            pairs: pairCount(rows),
            own: true,
            diagonal: 0,
            others: unbiased ? 2 / (m * (m - 1)) : 2 / m ** 2,
          },
          { ...xy, y: "observed", stages: rowsXY, diagonal: cross, others: cross },
          ...(alone
            ? [{ ...itself, y: "itself" as const, stages: alone, pairs: m, own: true, diagonal: 0, others: 1 / m ** 2 }]
            : []),
        ],
      },
    );
    const sums = gpu.buffer("sums of kernels", 4);
    statistic.own = sums;
    const batch = gpu.batch("observed trains").clear(sums);
    const lifted = statistic.lift(batch, observed, "observed");
    statistic.observed = lifted;
    if (syy) {
      const term = { stages: syy, ...yy, ...own(n) };
      statistic.encodeTerm(batch, "yy", term, { x: lifted, y: lifted }, sums);
    }
    batch.submit();
    return statistic;
  }

  private lift(batch: Batch, spikes: DeviceSpikes, name: string): Lifted {
    const { points, extents, vertices } = this.lifts.encode(batch, spikes, name);
    return { points, table: extents, vertices };
  }

  private encodeTerm(
    batch: Batch,
    name: string,
    term: Term,
    { x, y }: { readonly x: Lifted; readonly y: Lifted },
    sums: Storage,
    gradient?: Storage,
  ): void {
    const [rows, columns] = [x.vertices - 1, y.vertices - 1];
    const pairs = {
      ...term,
      name,
      stages: term.stages.resized(rows, columns),
      x: { ...x, segments: rows },
      y: { ...y, segments: columns },
      flagged: term.own,
      weights: term,
      gradientX: gradient,
      gradientY: term.own ? gradient : undefined,
    };
    this.runner.encode(batch, pairs, ({ results, weights, uniform }) => {
      batch.dispatch(this.weigh, { uniform, results, weights, sums, groups: 1 });
    });
  }

  encodeValue(batch: Batch, spikes: DeviceSpikes, value: Storage): void {
    const { scratch, terms } = this;
    const lifted = this.lift(batch, spikes, "generated");
    this.generated = lifted;
    const gradient = scratch.take("gradient by vertices", 4 * lifted.vertices * spikes.paths);
    batch.copy(this.own!, 0, value, 0, 4);
    batch.clear(gradient, 0, 4 * lifted.vertices * spikes.paths);
    this.encodeTerm(batch, "xx", terms.xx, { x: lifted, y: lifted }, value, gradient);
    this.encodeTerm(batch, "xy", terms.xy, { x: lifted, y: this.observed! }, value, gradient);
  }

  encodeCotangents(
    batch: Batch,
    spikes: DeviceSpikes,
    cotangents: Storage,
    options: { readonly scale?: number } = {},
  ): void {
    const gradient = this.scratch.take("gradient by vertices", 4 * liftVertices(spikes.slots) * spikes.paths);
    this.lifts.encodePullback(batch, spikes, "generated", gradient, cotangents, options);
  }

  encodeHorizon(
    batch: Batch,
    { paths }: DeviceSpikes,
    horizon: Storage,
    { scale = 1 }: { readonly scale?: number } = {},
  ): void {
    const { ends, scratch } = this;
    const { neurons } = ends;
    const generated = this.generated!;
    const { points, table: extents } = generated;
    const vertices = generated.vertices + 1;
    const channels = neurons + 1;
    this.encodeRows(batch, generated, horizon, { first: 0, end: neurons }, -scale);
    for (let k = 0; k < neurons; k++) {
      const more = scratch.take("points with a spike", 4 * channels * vertices * paths);
      const table = scratch.take("extents with a spike", 8 * paths);
      const uniform = { paths, vertices: generated.vertices, letter: k + 1 };
      batch.dispatch(ends.more, { uniform, points, extents, more, table, threads: [paths, channels] });
      this.encodeRows(batch, { points: more, table, vertices }, horizon, { first: k, end: k + 1 }, scale);
    }
  }

  /** Adds the sums of kernels of each path, so lifted, with all others, and with itself, to rows of neurons. */
  private encodeRows(
    batch: Batch,
    x: Lifted,
    out: Storage,
    { first: outFirst, end: outEnd }: { readonly first: number; readonly end: number },
    scale: number,
  ): void {
    for (const { y: which, ...term } of this.ends.terms) {
      const y = { generated: this.generated!, observed: this.observed!, itself: x }[which];
      const [segments, theirs] = [x.vertices - 1, y.vertices - 1];
      const pairs = {
        ...term,
        name: `rows with ${which}`,
        stages: term.stages.resized(segments, theirs),
        x: { ...x, segments },
        y: { ...y, segments: theirs },
        flagged: false,
        weights: term,
      };
      const columns = term.onlyDiagonal ? 1 : term.columns - (term.skipDiagonal ? 1 : 0);
      this.runner.encode(batch, pairs, ({ begin, results, weights, uniform: { slots } }) => {
        batch.dispatch(this.ends.addToRows, {
          uniform: { slots: slots as number, begin, rows: term.rows, columns, outFirst, outEnd, scale },
          results,
          weights,
          out,
          threads: term.rows,
        });
      });
    }
  }

  dispose(): void {
    this.runner.dispose();
    this.own?.dispose();
    this.scratch.dispose();
  }
}
