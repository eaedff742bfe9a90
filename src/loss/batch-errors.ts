/**
 * Standard errors of losses in which what a path adds depends on the other paths (a distance of means, a statistic of
 * pairs): there the contributions of the paths to a gradient do not tell how it would spread, since the cotangents spread
 * too. Batches of fewer paths, drawn anew, do: the method of sectioning (Asmussen & Glynn, Stochastic Simulation, 2007,
 * III.5), to first order in 1/√paths of a batch.
 */
import { threefry2x32 } from "../driver/threefry.js";
import { SaltationError } from "../errors.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf } from "../reduce/statistics.js";
import type { Evaluator, EvaluatorOptions, Loss } from "./loss.js";
import { type EstimatorPart, type Evaluated, type MixedPart, shapedEntries } from "./result.js";

/** Fewer batches than this tell no standard error. */
const fewest = 8;
/** Of batches of fewer paths, what is of second order in a statistic of pairs makes errors up to 1.4 times too large. */
const leastOfBatch = 8;

type Batched = Pick<SolvePlan, "paths" | "antithetic" | "samples">;
type Least = Pick<Loss, "leastPaths" | "batchPaths">;

/** Trials of each sample that a batch has at least. */
function fewestTrials({ antithetic, samples }: Omit<Batched, "paths">, least: number): number {
  const unit = antithetic ? 2 : 1;
  return unit * Math.max(1, Math.ceil(least / samples!.count / unit));
}

/**
 * Batches, and paths of each: together no more than the plan's paths where these are 64 or more, and enough of both. Of samples a batch
 * has all, each with some of its trials, as their spread is not chance; none where there are too few trials for that.
 */
export function batchesOf(
  { paths, antithetic, samples }: Batched,
  { leastPaths: least = 1, batchPaths = leastOfBatch }: Least,
): { batches: number; paths: number } {
  if (samples) {
    const { count, trials } = samples;
    const each = Math.max(fewestTrials({ antithetic, samples }, least), (antithetic ? 2 : 1) * Math.floor(trials / 32));
    const batches = Math.min(32, Math.floor(trials / each));
    return { batches: batches < fewest ? 0 : batches, paths: count * each };
  }
  const wanted = Math.min(128, Math.max(16, paths / 32));
  const each = Math.max(least, Math.min(2 * Math.floor(wanted / 2), 2 * Math.floor(paths / 16)), batchPaths);
  return { batches: Math.min(32, Math.max(fewest, Math.floor(paths / each))), paths: each };
}

/** A plan of as many paths as a batch has. */
export function batchPlan(plan: SolvePlan, { paths }: { readonly paths: number }): SolvePlan {
  const { samples } = plan;
  return { ...plan, paths, ...(samples ? { samples: { ...samples, trials: paths / samples.count } } : {}) };
}

/** Third word of the seeds' counter: no other use of the generator has it. */
const stream = 0xba7c;

const tooFewTrials = (plan: SolvePlan, least: number): string =>
  `samples.trials: ${plan.samples!.trials} of each sample do not tell standard errors of a loss that compares paths; ` +
  `give at least ${fewest * fewestTrials(plan, least)}`;

/** The seed of a batch. */
export const batchSeed = (seed: number, batch: number): number => threefry2x32(seed, stream, batch, 0)[0];

/**
 * Value and gradient with the standard errors of the gradient, and of the value where it has none, from batches.
 * @param evaluatorOf an evaluator for plans like this one.
 */
export async function evaluateWithErrors(
  plan: SolvePlan,
  loss: Loss,
  views: readonly View[],
  evaluatorOf: (plan: SolvePlan) => Promise<Evaluator>,
  options: EvaluatorOptions,
): Promise<Evaluated> {
  const { batches, paths } = batchesOf(plan, loss);
  // Progress counts the plan's paths, of which the batches' take their part.
  const share = plan.paths / (plan.paths + batches * paths);
  const progress = (done: number): void => options.progress?.(Math.floor(share * done));
  const evaluate = async <T>(of: SolvePlan, take: (evaluator: Evaluator) => Promise<T>): Promise<T> => {
    const evaluator = await evaluatorOf(of);
    try {
      return await take(evaluator);
    } finally {
      evaluator.dispose();
    }
  };
  const result = await evaluate(plan, (evaluator) => evaluator.evaluate(plan, { ...options, progress }));
  if (batches === 0)
    return { ...result, warnings: [...(result.warnings ?? []), tooFewTrials(plan, loss.leastPaths ?? 1)] };
  const batch = batchPlan(plan, { paths });
  const drawn = await evaluate(batch, async (evaluator) => {
    const all: Evaluated[] = [];
    try {
      for (let b = 0; b < batches; b++) {
        all.push(await evaluator.evaluate({ ...batch, seed: batchSeed(plan.seed, b) }));
        progress(plan.paths + (b + 1) * paths);
      }
    } catch (error) {
      // The result itself holds: a batch of other paths in which a number is not finite leaves its errors unknown.
      if (error instanceof SaltationError && error.code === "not-finite") return error.message;
      throw error;
    }
    return all;
  });
  if (typeof drawn === "string") {
    const unknown = `standard errors are not known, as of ${paths} other paths there is no gradient: ${drawn}`;
    return { ...result, warnings: [...(result.warnings ?? []), unknown] };
  }
  const scale = Math.sqrt((batches * paths) / plan.paths);
  const errorOf = (of: (d: Evaluated) => number): number => scale * estimateOf(drawn.map(of)).standardError;
  const flatErrors = result.flat.map((_, i) => errorOf((d) => d.flat[i]!));
  const names = Object.keys(result.parts ?? {}) as MixedPart[];
  const parts = names.map((name): [MixedPart, EstimatorPart] => {
    const { flat } = result.parts![name]!;
    return [name, { flat, errors: flat.map((_, i) => errorOf((d) => d.parts![name]!.flat[i]!)) }];
  });
  return {
    ...result,
    standardError: Number.isNaN(result.standardError) ? errorOf((d) => d.value) : result.standardError,
    gradientStandardError: shapedEntries(views, flatErrors),
    flatErrors,
    ...(result.parts ? { parts: Object.fromEntries(parts) } : {}),
  };
}
