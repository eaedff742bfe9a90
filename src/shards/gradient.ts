/** Parts of a gradient: what ranges of its paths, or of observed trials, come to, in whatever round. */
import type { EngineNetwork } from "../engine.js";
import type { Likelihood } from "../loss/likelihood.js";
import type { Evaluator, Loss, RangeEvaluator } from "../loss/loss.js";
import type { Numbers } from "../loss/taken.js";
import type { PathRange } from "../plan/chunks.js";
import { segmentsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { planSchedule } from "../spikes/schedule.js";
import type { SimulatedSpikes } from "../spikes/simulated.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { pathsOf } from "../spikes/table.js";
import type { SimulatedRange, TaskResult } from "./results.js";
import type { Known, Round } from "./rounds.js";

export type GradientPart = Pick<TaskResult, "gradient" | "simulated" | "taken" | "likelihood" | "likelihoodWarnings">;

/** What a part is: of a round, or of the last. */
export interface AskedPart {
  readonly kind: Round | "paths" | "trials";
  /** Of all but the loss, which is of all paths. */
  readonly range: PathRange;
  /** What earlier rounds came to. */
  readonly known?: <R extends Round>(round: R) => Known[R];
  /** Whether the loss was taken of all paths together although it need not be. */
  readonly swept?: boolean;
  /** Whether the rows of every path are told. */
  readonly rows?: boolean | undefined;
  readonly progress?: (pathsDone: number) => void;
}

/** Gathers the rows of the paths of a range. */
export function gathered({ first: from, end }: PathRange) {
  let rows: Numbers | undefined;
  const count = end - from;
  const perPath = (first: number, paths: number, some: Numbers): void => {
    const each = some.length / paths;
    rows ??= some instanceof Float32Array ? new Float32Array(each * count) : new Float64Array(each * count);
    for (let r = 0; r < each; r++) rows.set(some.subarray(r * paths, (r + 1) * paths), r * count + first - from);
  };
  return { perPath, rows: () => rows };
}

/** The same numbers in half the room, where they are float32. */
const short = (values: Float64Array): Numbers =>
  values.every((v) => Math.fround(v) === v) ? Float32Array.from(values) : values;

/** What is told of simulated paths. @param keeps whether their spikes are. */
export async function simulatedRange(
  spikes: SimulatedSpikes,
  plan: SolvePlan,
  keeps: boolean,
): Promise<SimulatedRange> {
  try {
    return {
      spikes: Math.round((await spikes.meanCount()) * spikes.paths),
      saturated: spikes.saturatedPaths,
      largestCount: spikes.largestCount,
      warnings: spikes.warnings ?? [],
      ...(keeps ? { table: await spikes.read() } : {}),
      ...(plan.observed ? { states: short((await spikes.states()).values) } : {}),
    };
  } finally {
    spikes.dispose();
  }
}

const none: TypedSpikes = { times: new Float64Array(0), neurons: new Int32Array(0) };

/** Evaluates parts of the gradient of a loss, for plans that differ in values and seed alone. */
export class GradientParts {
  private ranges: Promise<RangeEvaluator> | undefined;
  private trials: Promise<Evaluator> | undefined;

  /** @param plan as the loss has it. */
  constructor(
    private readonly network: EngineNetwork,
    private readonly plan: SolvePlan,
    private readonly loss: Loss,
    private readonly views: readonly View[],
  ) {}

  /** Of a mix: by derivatives of paths. */
  private onRanges(): Promise<RangeEvaluator> {
    const { network, plan, loss, views } = this;
    this.ranges ??= network.place((backend) => backend.ranges!(plan, loss.of ?? loss, views));
    return this.ranges;
  }

  /** @throws SaltationError `not-finite`, or of the device. */
  async part(plan: SolvePlan, { kind, range, known, swept, rows: asked, progress }: AskedPart): Promise<GradientPart> {
    const { loss, views } = this;
    if (kind === "trials") {
      this.trials ??= this.observing(loss.likelihood!(this.plan, segmentsOf(views)));
      return this.likelihoodOf(await this.trials, plan, range);
    }
    if (kind === "spikes") return { gradient: await (await this.onRanges()).fire(plan, range) };
    if (kind === "loss") return { taken: await (await this.onRanges()).take(plan, known!("spikes")) };
    const watch = progress ? { progress } : {};
    if (kind === "means") return { gradient: await (await this.onRanges()).evaluate(plan, range, undefined, watch) };
    const scores = loss.estimator === "score" || (loss.estimator && views.length > 0);
    const scored = scores ? await this.scores(plan, range) : {};
    if (loss.estimator === "score") return scored;
    const { perPath, rows } = gathered(range);
    const options = { ...watch, ...(asked || loss.estimator || views.some((v) => v.bySample) ? { perPath } : {}) };
    const { ofMeans, pathwise } = loss.of ?? loss;
    const evaluator = await this.onRanges();
    const gradient =
      ofMeans && !swept
        ? await evaluator.evaluate(plan, range, pathwise ? undefined : known!("means"), options)
        : await evaluator.sweep(plan, range, known!("loss"), options);
    const table = rows();
    return { ...scored, gradient: table ? { ...gradient, rows: table } : gradient };
  }

  /** What a score is made of: the trains of paths, and the derivatives of their own likelihoods. */
  async scores(plan: SolvePlan, range: PathRange): Promise<GradientPart> {
    const { network, views } = this;
    const spikes = await network.place((backend) => backend.simulate(plan, undefined, range));
    const simulated = await simulatedRange(spikes, plan, true);
    if (views.length === 0) return { simulated };
    const own = pathsOf(simulated.table!);
    // Numbered like the paths, whose noise they have.
    const all = Array.from({ length: plan.paths }, (_, path) => own[path - range.first] ?? none);
    const evaluator = await this.observing({ schedule: planSchedule(plan, all), batch: plan.paths, noise: true }, plan);
    try {
      const { likelihood } = await this.likelihoodOf(evaluator, plan, range);
      return { simulated, likelihood: likelihood! };
    } finally {
      evaluator.dispose();
    }
  }

  private observing(observed: Likelihood, plan = this.plan): Promise<Evaluator> {
    return this.network.place((backend) => backend.likelihood(plan, observed, this.views));
  }

  /** Value and gradient of −log L of some trials. */
  private async likelihoodOf(evaluator: Evaluator, plan: SolvePlan, trials: PathRange): Promise<GradientPart> {
    let rows: Float64Array | undefined;
    const perPath = (_: number, __: number, given: ArrayLike<number>): void => {
      rows = Float64Array.from(given);
    };
    const { warnings } = await evaluator.evaluate(plan, { trials, perPath });
    return { likelihood: rows!, likelihoodWarnings: warnings ?? [] };
  }

  dispose(): void {
    for (const held of [this.ranges, this.trials]) held?.then((one) => one.dispose()).catch(() => {});
  }
}
