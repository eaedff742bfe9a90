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

/**
 * Blocks of (sum, squared deviations from the block's mean) of numbers, one per path; antithetic paths count as one number
 * for each pair, its mean.
 */
function blocksOf(given: ArrayLike<number>, antithetic: boolean): number[] {
  const values = antithetic
    ? Float64Array.from({ length: given.length / 2 }, (_, k) => (given[2 * k]! + given[2 * k + 1]!) / 2)
    : given;
  const blocks: number[] = [];
  for (let b = 0; b < values.length; b += blockPaths) {
    const end = Math.min(values.length, b + blockPaths);
    let [sum, squares] = [0, 0];
    for (let i = b; i < end; i++) sum += values[i]!;
    const mean = sum / (end - b);
    for (let i = b; i < end; i++) squares += (values[i]! - mean) ** 2;
    blocks.push(sum, squares);
  }
  return blocks;
}

/** Mean and standard error of such numbers. */
export function estimateOf(values: ArrayLike<number>, antithetic = false): Estimate {
  return joinBlocks(blocksOf(values, antithetic), 0, antithetic ? values.length / 2 : values.length, blockPaths);
}

/** Sums over blocks of some paths, which are all that a mean over more needs to know of them. */
export interface BlockSums {
  readonly rows: number;
  /** Numbers that a full block is of: paths, or pairs of antithetic ones. */
  readonly samples: number;
  /** [rows][blocks] of (sum, squared deviations from the block's mean), as precise as what summed them. */
  readonly data: Float32Array | Float64Array;
}

/** Block sums of rows of numbers, one per path. */
export const sumsOf = (rows: readonly ArrayLike<number>[], antithetic: boolean): BlockSums => ({
  rows: rows.length,
  samples: blockPaths,
  data: Float64Array.from(rows.flatMap((row) => blocksOf(row, antithetic))),
});

/**
 * Block sums of rows of numbers, one per path, as whoever made the numbers sums them: in float64, or of float32 in the order of the
 * kernel (shaders/reduce/reduce-rows.wgsl.ts), with which the sums agree in every bit and the squares but for a fused product.
 */
export function rowSums(rows: readonly (Float32Array | Float64Array)[], antithetic: boolean): BlockSums {
  if (!(rows[0] instanceof Float32Array)) return sumsOf(rows, antithetic);
  const samples = antithetic ? blockPaths / 2 : blockPaths;
  return { rows: rows.length, samples, data: Float32Array.from(rows.flatMap((row) => blocksOf32(row, antithetic))) };
}

const lanes = 32;
const { fround } = Math;

/** A block's sum as 32 lanes take it: each its own first, then all by a tree. */
function treeSum(values: Float32Array, each: number): number {
  const partial = new Float32Array(lanes);
  for (let lane = 0; lane < lanes; lane++) {
    for (let n = 0; n < each; n++) partial[lane] = partial[lane]! + values[lane + n * lanes]!;
  }
  for (let stride = lanes / 2; stride > 0; stride >>= 1) {
    for (let lane = 0; lane < stride; lane++) partial[lane] = partial[lane]! + partial[lane + stride]!;
  }
  return partial[0]!;
}

function blocksOf32(row: ArrayLike<number>, antithetic: boolean): number[] {
  const size = antithetic ? blockPaths / 2 : blockPaths;
  const count = antithetic ? row.length / 2 : row.length;
  const sampleOf = (i: number): number => (antithetic ? fround(0.5 * fround(row[2 * i]! + row[2 * i + 1]!)) : row[i]!);
  const blocks: number[] = [];
  for (let first = 0; first < count; first += size) {
    const own = Math.min(size, count - first);
    const values = Float32Array.from({ length: size }, (_, i) => (i < own ? sampleOf(first + i) : 0));
    const sum = treeSum(values, size / lanes);
    const mean = fround(sum / own);
    const squares = values.map((v, i) => (i < own ? fround(v - mean) ** 2 : 0));
    blocks.push(sum, treeSum(squares, size / lanes));
  }
  return blocks;
}

/** Block sums of neighbouring paths, in their order, as those of all of them. */
export function joinSums(parts: readonly BlockSums[]): BlockSums {
  const { rows, samples, data } = parts[0]!;
  const widths = parts.map((p) => p.data.length / rows);
  const width = widths.reduce((a, b) => a + b, 0);
  const joined = data instanceof Float32Array ? new Float32Array(rows * width) : new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) {
    let at = r * width;
    parts.forEach((part, p) => {
      joined.set(part.data.subarray(r * widths[p]!, (r + 1) * widths[p]!), at);
      at += widths[p]!;
    });
  }
  return { rows, samples, data: joined };
}

/** Means and standard errors of rows over `samples` numbers, from the sums of all their blocks. */
export const estimatesOf = ({ rows, samples: each, data }: BlockSums, samples: number): Estimate[] =>
  Array.from({ length: rows }, (_, r) => joinBlocks(data, (r * data.length) / rows, samples, each));
