/** The two-sample test by the maximum mean discrepancy of signature kernels. Gretton et al. (2012). */
import { checkOptions, fail, type Names, oneOf, show, wholeNumber } from "../checks.js";
import { threefry2x32 } from "../driver/threefry.js";
import type { SignatureBackend } from "./definitions/backend.js";
import { batchOf, type PathInput, pathPoints } from "./definitions/paths.js";
import { type PairwiseOptions, pairwiseNames, readTwo, signatureGram } from "./gram.js";
import { gradientNames, signatureMMD } from "./statistics.js";

export interface TwoSampleOptions extends PairwiseOptions {
  /** Probability of rejecting equal laws (default 0.05). */
  readonly level?: number;
  /**
   * "permutation" (default) compares with the statistic under random relabelling; "threshold" with the distribution-free
   * bound 4 K √(log(1/level)/m) of Gretton et al. (2012, corollary 11) for kernels from 0 to K, and twice that where a
   * kernel of the sample is negative (kernels from −K to K). It is conservative, and K is the sample's own largest
   * k(z, z): a bound as far as no path of the laws has a larger one. m is the smaller batch.
   */
  readonly method?: "permutation" | "threshold";
  /** Relabellings (default 999). */
  readonly permutations?: number;
  /** Seed of the relabellings (default 0). */
  readonly seed?: number;
  /** Which gradients of the statistic are wanted (default none). */
  readonly gradient?: { readonly x?: boolean; readonly y?: boolean };
}

const twoSampleNames: Names<TwoSampleOptions> = {
  ...pairwiseNames,
  level: true,
  method: true,
  permutations: true,
  seed: true,
  gradient: true,
};

export interface TwoSampleResult {
  /** Unbiased MMD². */
  readonly statistic: number;
  /** What it is compared with, at the given level. */
  readonly threshold: number;
  readonly rejected: boolean;
  /** (1 + relabellings whose statistic is at least as large) / (1 + relabellings); by permutation only. */
  readonly pValue?: number;
  /** Gradients of the statistic to the points, in the layout of the batches' points. */
  readonly gradientX?: Float64Array;
  readonly gradientY?: Float64Array;
}

/** Unbiased MMD² from the Gram matrix of all paths, with the first m of `order` as x. */
function fromGram(gram: Float64Array, total: number, order: ArrayLike<number>, m: number): number {
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < total; i++) {
    const row = order[i]! * total;
    for (let j = i + 1; j < total; j++) {
      const k = gram[row + order[j]!]!;
      // Kernels of two orders need not be the same (dyadic orders that differ).
      const both = (k + gram[order[j]! * total + order[i]!]!) / 2;
      if (j < m) xx += both;
      else if (i >= m) yy += both;
      else xy += k;
    }
  }
  const n = total - m;
  return (2 * xx) / (m * (m - 1)) + (2 * yy) / (n * (n - 1)) - (2 * xy) / (m * n);
}

/**
 * Tests whether x and y come from one law. With `gradient`, the gradients of the statistic come with it, as of
 * `signatureMMD`: to make two laws harder, or easier, to tell apart.
 * @throws SaltationError `invalid-input` where a batch has fewer than two paths or an option is out of range.
 */
export async function twoSampleTest(
  backend: SignatureBackend,
  x: PathInput,
  y: PathInput,
  options: TwoSampleOptions = {},
): Promise<TwoSampleResult> {
  checkOptions("", options, twoSampleNames);
  const { level, method, permutations, seed, gradient = {}, ...kernel } = options;
  checkOptions("gradient", gradient, gradientNames);
  const result = await testOf(backend, x, y, options, kernel);
  if (!gradient.x && !gradient.y) return result;
  const { gradientX, gradientY } = await signatureMMD(backend, x, y, { ...kernel, gradient });
  return { ...result, ...(gradientX ? { gradientX } : {}), ...(gradientY ? { gradientY } : {}) };
}

async function testOf(
  backend: SignatureBackend,
  x: PathInput,
  y: PathInput,
  options: TwoSampleOptions,
  kernel: PairwiseOptions,
): Promise<TwoSampleResult> {
  const two = readTwo(x, y);
  const level = options.level ?? 0.05;
  if (!(level > 0 && level < 1)) fail("level", `expected a probability between 0 and 1, got ${show(level)}`);
  const method = oneOf("method", options.method ?? "permutation", ["permutation", "threshold"]);
  const permutations = wholeNumber("permutations", options.permutations ?? 999, 1, 1_000_000);
  const seed = wholeNumber("seed", options.seed ?? 0, 0, 2 ** 32 - 1);
  const [m, n] = [two.x.count, two.y.count];
  if (m < 2 || n < 2) fail(m < 2 ? "x" : "y", "holds one path; the test needs at least two of each");
  const pooled = batchOf(
    [two.x, two.y].flatMap((batch) => Array.from({ length: batch.count }, (_, i) => pathPoints(batch, i))),
    two.x.channels,
  );
  const { values: gram } = await signatureGram(backend, pooled, null, kernel);
  const total = m + n;
  const order = Uint32Array.from({ length: total }, (_, i) => i);
  const statistic = fromGram(gram, total, order, m);
  if (method === "threshold") {
    let largest = 0;
    for (let i = 0; i < total; i++) largest = Math.max(largest, gram[i * total + i]!);
    const range = gram.some((k) => k < 0) ? 8 : 4;
    const threshold = range * largest * Math.sqrt(-Math.log(level) / Math.min(m, n));
    return { statistic, threshold, rejected: statistic > threshold };
  }
  const shuffled = new Float64Array(permutations);
  for (let p = 0; p < permutations; p++) {
    for (let i = total - 1; i > 0; i--) {
      const [bits] = threefry2x32(seed, 0x7e57, p, i);
      const j = Math.floor((bits! / 2 ** 32) * (i + 1));
      const held = order[i]!;
      order[i] = order[j]!;
      order[j] = held;
    }
    shuffled[p] = fromGram(gram, total, order, m);
  }
  shuffled.sort();
  // Relabellings that exchange paths of one batch, or equal paths, give the same statistic but for the order of its sums.
  const rounding = 2 ** -52 * total ** 2 * gram.reduce((most, k) => Math.max(most, Math.abs(k)), 0);
  const asLarge = shuffled.reduce((count, v) => count + (v >= statistic - rounding ? 1 : 0), 1);
  const pValue = asLarge / (permutations + 1);
  // The statistic is itself one of the permutations + 1 labellings; so few of them may be as large.
  const allowed = Math.floor(level * (permutations + 1));
  const threshold = allowed >= 1 ? shuffled[permutations - allowed]! : Number.POSITIVE_INFINITY;
  return { statistic, threshold, rejected: pValue <= level, pValue };
}
