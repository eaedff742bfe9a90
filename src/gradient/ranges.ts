/** Ranges of the paths of a gradient on the GPU, in rounds: for shards and workers, loaded where they are. */
import { fail } from "../checks.js";
import type { Gpu } from "../gpu/index.js";
import type { EvaluatorOptions, Loss, RangeEvaluator, RangeSums } from "../loss/loss.js";
import { notFinite } from "../loss/result.js";
import { type FiredPaths, joined, joinFired, type TakenLoss } from "../loss/taken.js";
import type { PathRange } from "../plan/chunks.js";
import type { View } from "../plan/layout.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import type { BlockSums } from "../reduce/statistics.js";
import type { SolvedChunk } from "../solve/chunk-solver.js";
import { firstSlots, solveFrom } from "../solve/simulate.js";
import { GradientEvaluator } from "./evaluate.js";
import { firedOf, turned } from "./fired.js";
import { inOrder, Looked } from "./order.js";
import { GradientPass } from "./pass.js";
import { UploadedFired, type WrittenPaths } from "./uploaded.js";

/** Evaluates ranges of paths. */
export class GradientRanges extends GradientEvaluator {
  /** A range that the loss has looked at and that lies in one chunk, until the means over all paths are known. */
  private kept: { readonly of: SolvePlan; readonly looked: Looked<SolvedChunk> } | undefined;

  static async over(gpu: Gpu, plan: SolvePlan, loss: Loss, views: readonly View[]): Promise<RangeEvaluator> {
    return new GradientRanges(gpu, loss, await GradientPass.create(gpu, plan, views, loss)).ofRanges();
  }

  private ofRanges(): RangeEvaluator {
    return {
      fire: (plan, range) => this.fire(plan, range),
      take: (plan, fired) => this.take(plan, fired),
      sweep: (plan, range, taken, options) => this.sweep(plan, range, taken, options),
      evaluate: (plan, range, means, options) => this.range(plan, range, means, options),
      dispose: () => this.dispose(),
    };
  }

  /** Reads back what a range of paths fired; what was solved is kept where it is one chunk. */
  private async fire(plan: SolvePlan, { first, end }: PathRange): Promise<RangeSums> {
    const { gpu, pass } = this;
    const entries = observedEntries(plan.observed);
    this.release();
    this.begin(plan);
    const parts: FiredPaths[] = [];
    let saturated = 0;
    for (let done = first; done < end; ) {
      const solved = await this.solveSome(plan, done, end);
      saturated += solved.status.saturated;
      done += solved.paths;
      try {
        parts.push(await firedOf(gpu, solved, pass.solver.recordWords, entries, firstSlots(plan, pass.solver)));
      } catch (error) {
        solved.dispose();
        throw error;
      }
      if (solved.paths === end - first) this.kept = { of: plan, looked: new Looked(solved) };
      else solved.dispose();
    }
    gpu.check();
    return { fired: joinFired(parts), offset: 0, saturated, warnings: pass.solver.warnings };
  }

  /** Takes the loss of what all paths fired, on the device as `evaluate` does where it is taken there. */
  private async take(plan: SolvePlan, fired: FiredPaths): Promise<TakenLoss> {
    const { gpu, pass } = this;
    const { loss } = pass;
    if (!loss) return this.onHost(plan, fired);
    this.release();
    this.begin(plan);
    const size = pass.lossPaths(plan, fired.slots!);
    const look = (firstPath: number): Looked<UploadedFired> => {
      const paths = Math.min(size, plan.paths - firstPath);
      const uploaded = new UploadedFired(gpu, fired, { firstPath, paths }, pass.solver.recordWords);
      const batch = gpu.batch("loss");
      const looked = pass.look(batch, plan, uploaded);
      batch.submit();
      return looked;
    };
    const parts: WrittenPaths[] = [];
    let report: ArrayBuffer | undefined;
    await inOrder<UploadedFired>(
      { first: 0, end: plan.paths },
      {
        forward: look,
        again: ({ firstPath }) => look(firstPath),
        value: async () => {
          const batch = gpu.batch("loss");
          loss.encodeValue(batch);
          const read = batch.read(loss.report);
          batch.submit();
          report = await read;
        },
        // Chunks come back from the last to the first.
        backward: async (looked) => void parts.unshift(await this.written(plan, looked)),
      },
    );
    gpu.check();
    const { value, means = [], partMeans, pathOffset = 0 } = loss.read(report!, plan);
    if (!Number.isFinite(value)) throw notFinite(plan);
    const all = (of: (part: WrittenPaths) => Float32Array | undefined): Float32Array | undefined =>
      of(parts[0]!) && joined(parts.map((part) => of(part)!));
    return {
      first: 0,
      value,
      means: Float64Array.from(means.flatMap((m) => [m.mean, m.standardError])),
      ...(partMeans ? { partMeans } : {}),
      counts: fired.counts,
      cotangents: all((part) => part.cotangents)!,
      pathValues: loss.pathValues === "none" ? undefined : all((part) => part.pathValues),
      pathOffset,
      horizon: all((part) => part.horizon),
      states: all((part) => part.states),
    };
  }

  /** Reads back what the loss writes of a chunk. */
  private async written(plan: SolvePlan, looked: Looked<UploadedFired>): Promise<WrittenPaths> {
    const { gpu, pass } = this;
    const { paths, slots, counts } = looked.solved;
    const batch = gpu.batch("loss");
    try {
      const times = batch.temporary("cotangents", 4 * slots * paths);
      const rows = batch.temporary("path values", 4 * paths);
      const bars = pass.encodeCotangents(batch.clear(times).clear(rows), plan, looked, times, rows);
      const read = [times, rows, bars.horizon, bars.states].map(
        (one, n) =>
          one &&
          batch.read(
            one,
            0,
            n === 0
              ? 4 * slots * paths
              : n === 1
                ? 4 * paths
                : 4 * paths * (n === 2 ? plan.network.neurons : observedEntries(plan.observed)),
          ),
      );
      batch.submit();
      const [spikes, pathValues, horizon, states] = (await Promise.all(read)).map(
        (data) => data && new Float32Array(data),
      );
      const cotangents = new Float32Array(looked.solved.spikes);
      let at = 0;
      counts.own.forEach((count, i) => {
        for (let n = 0; n < count; n++) cotangents[at++] = spikes![n * paths + i]!;
      });
      return {
        cotangents,
        pathValues: pathValues!,
        horizon: horizon && turned(horizon, paths),
        states: states && turned(states, paths),
      };
    } finally {
      batch.release();
    }
  }

  /** Goes backward from a loss that was taken of all paths. */
  private async sweep(
    plan: SolvePlan,
    range: PathRange,
    taken: TakenLoss,
    options: EvaluatorOptions = {},
  ): Promise<RangeSums> {
    const { gpu, pass } = this;
    this.begin(plan);
    let saturated = 0;
    for (let done = range.first; done < range.end; ) {
      const looked = this.again(plan, done, range.end) ?? new Looked(await this.solveSome(plan, done, range.end));
      try {
        saturated += looked.solved.status.saturated;
        done += looked.solved.paths;
        await this.backward(plan, looked, taken, taken.pathOffset, options);
      } finally {
        looked.dispose();
      }
      options.progress?.(done - range.first);
    }
    const gradient = pass.sums.ofRange(await gpu.read(pass.sums.blocks), range);
    return { gradient, offset: 0, saturated, warnings: pass.solver.warnings };
  }

  private async range(
    plan: SolvePlan,
    range: PathRange,
    means: BlockSums | undefined,
    options: EvaluatorOptions = {},
  ): Promise<RangeSums> {
    const { gpu, pass } = this;
    const { means: ofMeans } = pass.loss!;
    if (!ofMeans) fail("loss", `"${this.loss.kind}" compares all paths with each other, and takes them together`);
    const offset = this.loss.ofMeans?.times ? plan.t0 : 0;
    if (!means && !this.loss.pathwise) {
      const saturated = await this.lookedAt(plan, range);
      const looked = ofMeans.ofRange(await gpu.read(ofMeans.blocks), range);
      return { looked, offset, saturated, warnings: pass.solver.warnings };
    }
    if (means) gpu.write(ofMeans.blocks, means.data);
    const { report, saturated } = await this.solved(plan, range, options);
    const looked = ofMeans.ofRange(report!, range);
    const gradient = pass.sums.ofRange(await gpu.read(pass.sums.blocks), range);
    return { looked, gradient, offset, saturated, warnings: pass.solver.warnings };
  }

  /** Solves a range of paths and lets the loss look at them; nothing goes backward. @returns paths stopped at maxSpikes. */
  private async lookedAt(plan: SolvePlan, { first, end }: PathRange): Promise<number> {
    const { gpu } = this;
    this.release();
    this.begin(plan);
    let saturated = 0;
    for (let done = first; done < end; ) {
      const solved = await this.solveFrom(plan, done, end);
      saturated += solved.status.saturated;
      done += solved.paths;
      const looked = this.look(plan, solved);
      if (solved.paths === end - first) this.kept = { of: plan, looked };
      else looked.dispose();
    }
    gpu.check();
    return saturated;
  }

  /** What is kept of a first round, if it is this. */
  protected override again(plan: SolvePlan, first: number, end: number): Looked<SolvedChunk> | undefined {
    const { kept } = this;
    const { firstPath, paths } = kept?.looked.solved ?? { firstPath: 0, paths: 0 };
    if (kept?.of !== plan || firstPath !== first || firstPath + paths !== end) {
      this.release();
      return undefined;
    }
    this.kept = undefined;
    return kept.looked;
  }

  private release(): void {
    this.kept?.looked.dispose();
    this.kept = undefined;
  }

  /** Solves paths from one on, which the loss is not to look at. */
  private solveSome(plan: SolvePlan, from: number, end: number): Promise<SolvedChunk> {
    const { gpu, pass } = this;
    return solveFrom(gpu, { ...plan, paths: end }, pass.solver, from, pass.slots, (slots) => pass.fitting(slots));
  }

  override dispose(): void {
    this.release();
    super.dispose();
  }
}
