/**
 * The truncated signature kernel at full order (see the twin's truncated kernel for the recursion): forward, and reverse
 * for one segment of every pair, for float32 or for numbers in two parts. A thread treats one pair, row after row, cell
 * after cell.
 *
 * With C^m_r(i, j) = Σ_{i'<i} Σ_a R^m_ar(i', j), W^m_r(i, j) = Σ_{j'<j} Σ_b R^m_rb(i, j') and
 * Q^m(i, j) = Σ_{i'<i, j'<j} Σ R^m, level m + 1 at a cell is
 *   R_11 = p Q^m,  R_1,s+1 = p C^m_s/(s+1),  R_r+1,1 = p W^m_r/(r+1),  R_r+1,s+1 = p R^m_rs/((r+1)(s+1)).
 * C lies in `k` (a slot's row, m numbers per level and column), W and Q in the thread; with `keep`, all of them before
 * every cell. The reverse sums what the same quantities receive from later cells: column sums in `g`, row sums in the
 * thread, cells from the last to the first.
 *
 * In float32 all levels of a cell are written out (truncated-cells); in two parts, where that would take seconds to
 * compile, they follow one another in a loop (truncated-levels).
 *
 * forward reads pairs, p; reads and writes k and results. reverse reads pairs, k, and weights or increments; reads and
 * writes p (gradients to increments) and g.
 */
import {
  type ForwardKernel,
  forwardRow,
  increment,
  type ReverseKernel,
  resultValue,
  reverseRow,
  setResult,
  sweepForward,
  sweepReverse,
} from "./sweep.wgsl.js";
import { cellForward, cellReverse } from "./truncated-cells.wgsl.js";
import { type TruncatedShape, wordsOf } from "./truncated-layout.wgsl.js";
import { levelsForward, levelsReverse } from "./truncated-levels.wgsl.js";

export const truncatedForward = (shape: TruncatedShape): ForwardKernel => {
  const { interleave: B, keep, stateNumbers, numbers } = shape;
  const { before = "", row, cell, afterRow = "" } = numbers.width === 1 ? cellForward(shape) : levelsForward(shape);
  const set = setResult(numbers, "total");
  return sweepForward(
    shape,
    `  let words = run.columns * ${stateNumbers}u;
  var total = ${numbers.constant(1)};
  if (!first) { total = ${resultValue(numbers)}; }
${before}
  for (var q = begin_row; q < end_row; q++) {
${forwardRow(shape)}
${row}
    for (var J = 0u; J < pair.columns; J++) {
      let x = p[pb + J * ${B}u];
${cell}
    }
${afterRow}
  }
  // While the reverse walks down the segments, each is run through again: only the last one's sum is new.
  ${keep ? `if ((run.flags & 2u) != 0u) { ${set} }` : set}`,
  );
};

export const truncatedReverse = (shape: TruncatedShape): ReverseKernel => {
  const { depth, interleave: B, stateNumbers, numbers } = shape;
  const pieces = numbers.width === 1 ? cellReverse(shape) : levelsReverse(shape);
  return sweepReverse(
    shape,
    `  let words = run.columns * ${stateNumbers}u;
  let gb = grid_row(slot, 0u, 1u, run.columns * ${wordsOf(depth).reverse}u);
${pieces.before ?? ""}
  for (var q = end_row; q > begin_row;) {
    q--;
${reverseRow(shape)}
${pieces.row}
    for (var J = pair.columns; J > 0u;) {
      J--;
      let x = ${increment(numbers, `pb + J * ${B}u`)};
${pieces.cell}
    }
  }`,
    pieces.constants,
  );
};
