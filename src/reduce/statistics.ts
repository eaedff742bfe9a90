/** Means and standard errors over paths, from block sums; the same whatever the chunking. */
import { blockPaths } from "../plan/chunks.js";

export interface Estimate {
  readonly mean: number;
  /** Standard error of the mean: the sample standard deviation over √paths; NaN (null in JSON) for a single path, which has none. */
  readonly standardError: number;
}

/**
 * Joins blocks of (sum, squared deviations from the block's mean), in order and in float64: Chan, Golub & LeVeque,
 * Updating formulae and a pairwise algorithm for computing sample variances (1979).
 */
export function joinBlocks(blocks: ArrayLike<number>, offset: number, paths: number, blockPaths: number): Estimate {
  let [n, mean, squares] = [0, 0, 0];
  for (let b = 0; n < paths; b++) {
    const m = Math.min(blockPaths, paths - n);
    const blockMean = blocks[offset + 2 * b]! / m;
    const delta = blockMean - mean;
    squares += blocks[offset + 2 * b + 1]! + (delta * delta * n * m) / (n + m);
    mean += (delta * m) / (n + m);
    n += m;
  }
  return { mean, standardError: paths > 1 ? Math.sqrt(squares / (paths - 1) / paths) : Number.NaN };
}

/** Mean and standard error of numbers, one per path; antithetic paths count as one number for each pair, its mean. */
export function estimateOf(values: ArrayLike<number>, antithetic = false): Estimate {
  if (antithetic) {
    const pairs = Float64Array.from({ length: values.length / 2 }, (_, k) => (values[2 * k]! + values[2 * k + 1]!) / 2);
    return estimateOf(pairs);
  }
  const blocks: number[] = [];
  for (let b = 0; b < values.length; b += blockPaths) {
    const end = Math.min(values.length, b + blockPaths);
    let [sum, squares] = [0, 0];
    for (let i = b; i < end; i++) sum += values[i]!;
    const mean = sum / (end - b);
    for (let i = b; i < end; i++) squares += (values[i]! - mean) ** 2;
    blocks.push(sum, squares);
  }
  return joinBlocks(blocks, 0, values.length, blockPaths);
}
