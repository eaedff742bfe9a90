/**
 * The best mix of two estimates of one gradient: by derivatives of paths with the horizon term, A, and by the score function, B
 * (score.ts). Both are right, and nearly uncorrelated. With S = ∂log L, whose mean is 0, a control variate besides,
 *
 *     A + v (B − A) + w S
 *
 * has the mean of A whatever the weights v and w, and spreads least with those of a linear regression of A on B − A and S
 * (control variates: Asmussen & Glynn, Stochastic Simulation, 2007, V.2). Weights from the very paths that they weigh would bring a
 * bias; so paths are cut into batches, and those of a batch are weighed by all others. The baseline of B is of other paths too, in
 * that batch and beyond, and does no harm: given all other paths, S of a path has mean 0.
 */
import { fail } from "../checks.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Estimate, estimateOf } from "../reduce/statistics.js";
import type { Evaluator, Loss } from "./loss.js";
import { assembleResult, checkEstimates, type EstimatorPart } from "./result.js";
import { checkScore, handOver, type Scoring, scorable, scoresOf } from "./score.js";

/** Paths, or antithetic pairs, that there are at least: weights come from half of them or more. */
const leastSamples = 32;
const mostBatches = 32;

/**
 * The loss with its gradient by the best mix.
 * @throws SaltationError `invalid-input` for losses that have no score.
 */
export function mixed(loss: Loss): Loss {
  const { kind, check, warnings, independent, pathwise = false, leastPaths = 1, batchPaths } = scorable("mix", loss);
  const { evaluate, jumpsInside, leavesOut } = loss;
  return {
    kind,
    estimator: "mix",
    of: loss,
    pathwise,
    leastPaths: Math.max(leastSamples, leastPaths),
    evaluate: evaluate!,
    ...(check ? { check } : {}),
    ...(warnings ? { warnings } : {}),
    ...(independent === undefined ? {} : { independent }),
    ...(batchPaths === undefined ? {} : { batchPaths }),
    ...(jumpsInside ? { jumpsInside } : {}),
    ...(leavesOut === undefined ? {} : { leavesOut }),
    checkPlan: (plan, names) => {
      loss.checkPlan?.(plan, names);
      if (names.length === 0) return;
      if (plan.antithetic && plan.paths < 2 * leastSamples)
        fail("paths", `are ${plan.paths}; estimator "mix" of antithetic paths needs at least ${2 * leastSamples}`);
      checkScore("mix", plan, names);
    },
  };
}

/** Sums over a batch of x, y, z and their products. */
type Moments = Float64Array;
const [ofX, ofY, ofZ, xy, xz, yy, yz, zz] = [0, 1, 2, 3, 4, 5, 6, 7];

function momentsOf(a: Float64Array, b: Float64Array, s: Float64Array, first: number, end: number): Moments {
  const sums = new Float64Array(8);
  for (let i = first; i < end; i++) {
    const [x, y, z] = [a[i]!, b[i]! - a[i]!, s[i]!];
    sums[ofX]! += x;
    sums[ofY]! += y;
    sums[ofZ]! += z;
    sums[xy]! += x * y;
    sums[xz]! += x * z;
    sums[yy]! += y * y;
    sums[yz]! += y * z;
    sums[zz]! += z * z;
  }
  return sums;
}

/** The weights of B − A and S with which A spreads least, from sums over n. */
function weightsOf(m: Moments, n: number): [number, number] {
  const cov = (product: number, one: number, other: number): number => m[product]! - (m[one]! * m[other]!) / n;
  const [cxy, cxz, cyy] = [cov(xy, ofX, ofY), cov(xz, ofX, ofZ), cov(yy, ofY, ofY)];
  const [cyz, czz] = [cov(yz, ofY, ofZ), cov(zz, ofZ, ofZ)];
  // What rounding leaves of differences is no direction.
  const det = cyy * czz - cyz * cyz;
  if (det > 1e-9 * cyy * czz) return [(cyz * cxz - czz * cxy) / det, (cyz * cxy - cyy * cxz) / det];
  return cyy > 0 && cyy > 1e-12 * m[yy]! ? [-cxy / cyy, 0] : [0, 0];
}

const pairMeans = (row: Float64Array): Float64Array =>
  Float64Array.from({ length: row.length / 2 }, (_, k) => (row[2 * k]! + row[2 * k + 1]!) / 2);

/**
 * Mixes rows of one number a path.
 * @param a by derivatives of paths, `b` by the score, `s` the score itself.
 */
export function mixedRow(a: Float64Array, b: Float64Array, s: Float64Array, antithetic: boolean): Float64Array {
  const [x, y, z] = antithetic ? [a, b, s].map(pairMeans) : [a, b, s];
  const n = x!.length;
  const batches = Math.max(2, Math.min(mostBatches, Math.floor(n / 16)));
  const edge = (k: number): number => Math.floor((k * n) / batches);
  const each = Array.from({ length: batches }, (_, k) => momentsOf(x!, y!, z!, edge(k), edge(k + 1)));
  const out = new Float64Array(a.length);
  const width = antithetic ? 2 : 1;
  for (let k = 0; k < batches; k++) {
    // Summed anew, and not taken from the sum of all: of that, rounding would leave what the batch had.
    const rest = new Float64Array(8);
    for (let other = 0; other < batches; other++) {
      if (other === k) continue;
      for (let i = 0; i < rest.length; i++) rest[i]! += each[other]![i]!;
    }
    const [v, w] = weightsOf(rest, n - edge(k + 1) + edge(k));
    for (let i = width * edge(k); i < width * edge(k + 1); i++) out[i] = a[i]! + v * (b[i]! - a[i]!) + w * s[i]!;
  }
  return out;
}

const partOf = (rows: readonly Estimate[]): EstimatorPart => ({
  flat: Float64Array.from(rows, (e) => e.mean),
  errors: Float64Array.from(rows, (e) => e.standardError),
});

/**
 * Prepares value and gradient of a `mixed` loss.
 * @param derivatives evaluates the loss itself, by derivatives of paths.
 */
export function mixEvaluator(loss: Loss, views: readonly View[], derivatives: Evaluator, scoring: Scoring): Evaluator {
  const entries = views.reduce((sum, v) => sum + v.length, 0);
  return {
    async evaluate(plan: SolvePlan, options = {}) {
      if (entries === 0) return derivatives.evaluate(plan, options);
      const own = Array.from({ length: 1 + entries }, () => new Float64Array(plan.paths));
      const perPath = (first: number, count: number, given: ArrayLike<number>): void => {
        own.forEach((row, r) => {
          for (let i = 0; i < count; i++) row[first + i] = given[r * count + i]!;
        });
      };
      const one = await derivatives.evaluate(plan, { perPath });
      const { taken, values, beside, scores } = await scoresOf(loss.of!, plan, entries, scoring);
      const byScore = scores.map((row) => row.map((s, i) => beside[i]! * s));
      const byPath = own.slice(1);
      const rows = [values, ...byPath.map((a, e) => mixedRow(a, byScore[e]!, scores[e]!, plan.antithetic))];
      const estimated = (of: readonly Float64Array[]): Estimate[] => of.map((row) => estimateOf(row, plan.antithetic));
      const estimates = estimated(rows);
      checkEstimates(plan, taken.value, estimates);
      handOver(rows, options);
      const { pathwise = false } = loss;
      return {
        ...assembleResult(taken.value, views, estimates, taken.means ?? [], one.saturatedPaths, pathwise),
        warnings: one.warnings,
        parts: { derivatives: partOf(estimated(byPath)), score: partOf(estimated(byScore)) },
      };
    },
    dispose: () => derivatives.dispose(),
  };
}
