/**
 * Statistics of two batches of paths by signature kernels, with gradients to the points of the paths. Gradients to spike
 * times come from them by the pullback of the Marcus lift.
 *
 * What a pathwise gradient does not see: a statistic of spike trains on [t0, t1] jumps when a spike crosses t1.
 */
import { checkOptions, fail, type Names } from "../checks.js";
import { checkBackend, type SignatureBackend } from "./definitions/backend.js";
import type { PathBatch, PathInput } from "./definitions/paths.js";
import {
  type CheckedKernel,
  checkKernel,
  linearStatistic,
  type PairwiseOptions,
  pairwiseNames,
  readTwo,
  type StatisticResult,
  type StatisticWeights,
} from "./gram.js";

export interface StatisticOptions extends PairwiseOptions {
  /** Which gradients are wanted (default none). */
  readonly gradient?: { readonly x?: boolean; readonly y?: boolean };
}

export const statisticNames: Names<StatisticOptions> = { ...pairwiseNames, gradient: true };
export const gradientNames: Names<NonNullable<StatisticOptions["gradient"]>> = { x: "boolean", y: "boolean" };

export interface MmdOptions extends StatisticOptions {
  /** Leave out the diagonals of k(x, x) and k(y, y), so that the mean is right (default true). */
  readonly unbiased?: boolean;
}

const mmdNames: Names<MmdOptions> = { ...statisticNames, unbiased: "boolean" };

function checkStatistic(
  backend: SignatureBackend,
  options: StatisticOptions,
  names: Names<StatisticOptions>,
): CheckedKernel {
  checkBackend(backend);
  const k = checkKernel(options, names);
  checkOptions("gradient", options.gradient ?? {}, gradientNames);
  return k;
}

function atLeastTwo(field: string, batch: PathBatch): void {
  if (batch.count < 2) fail(field, `holds ${batch.count} path; an unbiased statistic needs at least two`);
}

const offDiagonal = (n: number): { diagonal: number; others: number } => ({ diagonal: 0, others: 1 / (n * (n - 1)) });
const all = (n: number): { diagonal: number; others: number } => ({ diagonal: 1 / n ** 2, others: 1 / n ** 2 });

/** Weights of the Gram matrices in MMD² of m paths and n. @internal */
export function mmdWeights(m: number, n: number, unbiased: boolean): StatisticWeights {
  const own = unbiased ? offDiagonal : all;
  return { xx: own(m), yy: own(n), xy: -2 / (m * n) };
}

/** The same of the score. @internal */
export const scoreWeights = (m: number, n: number): StatisticWeights => ({ xx: offDiagonal(m), xy: -2 / (m * n) });

/**
 * Squared maximum mean discrepancy (Gretton et al. 2012) of m paths x and n paths y.
 * Unbiased: Σ_{i≠j} k(x_i, x_j)/(m(m−1)) + Σ_{i≠j} k(y_i, y_j)/(n(n−1)) − 2 Σ k(x_i, y_j)/(mn). Biased: with all pairs,
 * over m² and n²; then it is never negative.
 * @throws SaltationError `invalid-input`, `not-finite`, `limit`.
 */
export async function signatureMMD(
  backend: SignatureBackend,
  x: PathInput,
  y: PathInput,
  options: MmdOptions = {},
): Promise<StatisticResult> {
  const k = checkStatistic(backend, options, mmdNames);
  const two = readTwo(x, y);
  const unbiased = options.unbiased ?? true;
  if (unbiased) {
    atLeastTwo("x", two.x);
    atLeastTwo("y", two.y);
  }
  const want = { x: options.gradient?.x ?? false, y: options.gradient?.y ?? false };
  const weights = mmdWeights(two.x.count, two.y.count, unbiased);
  return linearStatistic(backend, k, two, weights, want, options.progress);
}

/**
 * Signature kernel score (Issa, Horvath, Lemercier & Salvi 2023), averaged over the observations y:
 * Σ_{i≠j} k(x_i, x_j)/(m(m−1)) − 2 mean k(x_i, y). Its expectation is least where x has the law of y.
 * @throws SaltationError `invalid-input`, `not-finite`, `limit`.
 */
export async function signatureScore(
  backend: SignatureBackend,
  x: PathInput,
  y: PathInput,
  options: StatisticOptions = {},
): Promise<StatisticResult> {
  const k = checkStatistic(backend, options, statisticNames);
  const two = readTwo(x, y);
  atLeastTwo("x", two.x);
  const want = { x: options.gradient?.x ?? false, y: options.gradient?.y ?? false };
  const weights = scoreWeights(two.x.count, two.y.count);
  return linearStatistic(backend, k, two, weights, want, options.progress);
}
