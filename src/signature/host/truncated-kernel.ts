/**
 * The truncated signature kernel by the recursion of Király & Oberhauser (2019) at full order, which makes it equal to
 * the inner product of truncated signatures for the linear static kernel. With excl the exclusive cumulative sum,
 *   R¹₁₁ = p;  R^m₁₁ = p ∘ excl²(Σ_ab R^{m−1}_ab);  R^m_1r = (p/r) excl_rows(Σ_a R^{m−1}_{a,r−1});
 *   R^m_r1 = (p/r) excl_columns(Σ_b R^{m−1}_{r−1,b});  R^m_rs = p/(rs) R^{m−1}_{r−1,s−1};  level m is Σ R^m.
 * Index r counts how many letters of the current segment of x are in use, s those of y.
 */
import type { KernelVjp } from "./difference.js";

/** Replaces z [rows, columns] by its exclusive cumulative sum down the rows, or (reverse) by the transpose of that. */
function exclusiveRows(z: Float64Array, rows: number, columns: number, reverse: boolean): void {
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    for (let t = 0; t < rows; t++) {
      const at = (reverse ? rows - 1 - t : t) * columns + j;
      const own = z[at]!;
      z[at] = sum;
      sum += own;
    }
  }
}

function exclusiveColumns(z: Float64Array, rows: number, columns: number, reverse: boolean): void {
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let t = 0; t < columns; t++) {
      const at = i * columns + (reverse ? columns - 1 - t : t);
      const own = z[at]!;
      z[at] = sum;
      sum += own;
    }
  }
}

/** Grids of one level: `r[(a − 1) · m + (b − 1)]`, each [rows, columns]. */
type Level = Float64Array[];

function sum(z: Float64Array): number {
  let total = 0;
  for (const v of z) total += v;
  return total;
}

/** What multiplies p in R^m_rs, given the level below (of size m − 1). */
function multiplicand(below: Level, m: number, r: number, s: number, rows: number, columns: number): Float64Array {
  const w = m - 1;
  const size = rows * columns;
  const z = new Float64Array(size);
  const factor = 1 / (r * s);
  const add = (grid: Float64Array): void => {
    for (let i = 0; i < size; i++) z[i]! += factor * grid[i]!;
  };
  if (r === 1 && s === 1) below.forEach(add);
  else if (r === 1) for (let a = 0; a < w; a++) add(below[a * w + s - 2]!);
  else if (s === 1) for (let b = 0; b < w; b++) add(below[(r - 2) * w + b]!);
  else add(below[(r - 2) * w + s - 2]!);
  if (r === 1) exclusiveRows(z, rows, columns, false);
  if (s === 1) exclusiveColumns(z, rows, columns, false);
  return z;
}

/** The grids of level m, given those of the level below. */
function levelOf(p: Float64Array, below: Level | undefined, m: number, rows: number, columns: number): Level {
  if (!below) return [p];
  const here: Level = [];
  for (let r = 1; r <= m; r++) {
    for (let s = 1; s <= m; s++) here.push(multiplicand(below, m, r, s, rows, columns).map((z, i) => z * p[i]!));
  }
  return here;
}

const sumOf = (level: Level): number => level.reduce((total, z) => total + sum(z), 0);

/** Levels 0 to depth of the truncated kernel of increments p [rows, columns]. */
export function truncatedKernelLevels(p: Float64Array, rows: number, columns: number, depth: number): Float64Array {
  const levels = new Float64Array(depth + 1);
  levels[0] = 1;
  let level: Level | undefined;
  for (let m = 1; m <= depth; m++) {
    level = levelOf(p, level, m, rows, columns);
    levels[m] = sumOf(level);
  }
  return levels;
}

/** Value (the sum of the levels), and gradient to the increments. */
export function truncatedKernelVjp(p: Float64Array, rows: number, columns: number, depth: number): KernelVjp {
  const size = rows * columns;
  const stack: Level[] = [];
  let value = 1;
  for (let m = 1; m <= depth; m++) {
    stack.push(levelOf(p, stack[m - 2], m, rows, columns));
    value += sumOf(stack[m - 1]!);
  }
  const pBar = new Float64Array(size);
  let bar: Level = stack[depth - 1]!.map(() => new Float64Array(size).fill(1));
  for (let m = depth; m >= 2; m--) {
    const below = stack[m - 2]!;
    const w = m - 1;
    // Every level counts with weight 1 in the value.
    const belowBar: Level = below.map(() => new Float64Array(size).fill(1));
    for (let r = 1; r <= m; r++) {
      for (let s = 1; s <= m; s++) {
        const own = bar[(r - 1) * m + s - 1]!;
        const factor = multiplicand(below, m, r, s, rows, columns);
        const z = new Float64Array(size);
        for (let i = 0; i < size; i++) {
          pBar[i]! += own[i]! * factor[i]!;
          z[i] = (own[i]! * p[i]!) / (r * s);
        }
        if (r === 1) exclusiveRows(z, rows, columns, true);
        if (s === 1) exclusiveColumns(z, rows, columns, true);
        const add = (grid: Float64Array): void => {
          for (let i = 0; i < size; i++) grid[i]! += z[i]!;
        };
        if (r === 1 && s === 1) belowBar.forEach(add);
        else if (r === 1) for (let a = 0; a < w; a++) add(belowBar[a * w + s - 2]!);
        else if (s === 1) for (let b = 0; b < w; b++) add(belowBar[(r - 2) * w + b]!);
        else add(belowBar[(r - 2) * w + s - 2]!);
      }
    }
    bar = belowBar;
  }
  for (let i = 0; i < size; i++) pBar[i]! += bar[0]![i]!;
  return { value, increments: pBar };
}
