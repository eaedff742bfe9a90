/**
 * The truncated signature kernel, in two parts: for small problems, where a value, or a gradient, that is small beside
 * the numbers of its grid is to keep its own digits. The recursion, and the names C, W, Q, are those of truncated.
 *
 * A thread treats one pair, row after row, cell after cell, level after level: R^m takes the place of R^m−1, in
 * registers. (All levels written out, as in truncated, would take seconds to compile in two parts; R in an array is
 * slow.) C lies in `k`; with `keep`, there is a row of it for every row of cells, and behind it W and Q before each cell.
 *
 * The reverse goes from the deepest level down, V^m in the place of V^m+1, and needs no R: along a diagonal of levels
 * R^m+1_r+1,s+1 = p R^m_rs/((r+1)(s+1)), so what the R of one diagonal give p's gradient is M U, with p M the first of
 * them (r or s is 1; M is 1, Q, C/s or W/r) and U the derivative of p V by p:
 *   V^m_rs = … + V' p/((r+1)(s+1)),  U^m_rs = … + (V' + U') p/((r+1)(s+1)),  V' and U' those of R^m+1_r+1,s+1.
 *
 * forward reads pairs, increments; reads and writes k, results.
 * reverse reads pairs, k, increments; reads and writes p (gradients to increments) and g (what is asked of the sums C, Q).
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { unroll, unrollDown } from "../shared/unroll.js";
import { type LayoutShape, pairLayout } from "./layout.wgsl.js";
import { truncatedColumnWords, truncatedRowWords } from "./truncated.wgsl.js";
import { parts, partsHead, partsReverseHead, sumOfParts, twoParts } from "./two-parts.wgsl.js";

export interface TruncatedPartsShape extends LayoutShape {
  depth: number;
  workgroupSize: number;
  /** Keep what the reverse needs. */
  keep: boolean;
}

const indicesTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** r s at r − 1, s − 1. */
const products = (depth: number): number[] =>
  indicesTo(depth).flatMap((r) => indicesTo(depth).map((s) => (r + 1) * (s + 1)));

/** x/n in two parts, as x<n>, for every product n of two indices. */
const quotients = (depth: number): string =>
  [...new Set(products(depth))]
    .filter((n) => n > 1)
    .map((n) => `      let x${n} = times(x, ${parts(1 / n)});`)
    .join("\n");
const quotient = (r: number, s: number): string => (r * s === 1 ? "x" : `x${r * s}`);

/** Words of C of a column, and of W and Q before a cell. */
const wordsOf = (depth: number): { column: number; cell: number } => {
  const column = Math.max(1, truncatedColumnWords(depth));
  return { column, cell: truncatedRowWords(depth) };
};

export const truncatedParts = (shape: TruncatedPartsShape): string => {
  const { depth: D, interleave: B, keep } = shape;
  const words = wordsOf(D);
  const indices = indicesTo(D);
  return wgsl`
${pairLayout(shape)}
${twoParts}
${partsHead(shape.workgroupSize)}
  var total = vec2f(1.0f, 0.0f);
  if (!first) { total = results[slot].xy; }
  let words = run.columns * ${keep ? words.column + words.cell : words.column}u;
  var W: array<vec2f, ${D * D}>; // W^m_r at m − 1, r − 1
  var Q: array<vec2f, ${D}>;     // Q^m at m − 1
  for (var i = begin_row; i < end_row; i++) {
    let zeros = first && i == 0u;
    let kin = grid_row(slot, ${keep ? "i" : "0u"}, run.state_rows, words);
    let kout = grid_row(slot, ${keep ? "i + 1u" : "0u"}, run.state_rows, words);
    let pb = grid_row(slot, i, run.rows, run.columns);
    for (var n = 0u; n < ${D * D}u; n++) { W[n] = vec2f(0.0f); }
    for (var n = 0u; n < ${D}u; n++) { Q[n] = vec2f(0.0f); }
    for (var J = 0u; J < pair.columns; J++) {
      let x = p[pb + J * ${B}u];
${quotients(D)}
      var at = J * ${words.column * B}u;
#if ${keep}
      var side = kin + (run.columns * ${words.column}u + J * ${words.cell}u) * ${B}u;
      for (var m = 0u; m < ${D - 1}u; m++) {
        for (var r = 0u; r <= m; r++) {
          k[side] = W[m * ${D}u + r];
          side += ${B}u;
        }
        k[side] = Q[m];
        side += ${B}u;
      }
#endif
      // R^m_rs at r − 1, s − 1; C^m_r and what the cell adds to W^m_r at r − 1. Zero beyond m.
${unroll(D, (r) => `      var c${r} = vec2f(0.0f); var across${r} = vec2f(0.0f);${unroll(D, (s) => ` var R${r}_${s} = vec2f(0.0f);`)}`)}
      R0_0 = x;
      for (var m = 0u; m < ${D}u; m++) {
        if (m > 0u) {
${unrollDown(D - 1, (r) => unrollDown(D - 1, (s) => `          R${r + 1}_${s + 1} = times(${quotient(r + 2, s + 2)}, R${r}_${s});`))}
          R0_0 = times(x, Q[m - 1u]);
          Q[m - 1u] = ${sumOfParts(["Q[m - 1u]", ...indices.slice(0, -1).map((r) => `c${r}`)])};
${unroll(
  D - 1,
  (r) => `          R0_${r + 1} = times(${quotient(1, r + 2)}, c${r});
          R${r + 1}_0 = times(${quotient(1, r + 2)}, W[(m - 1u) * ${D}u + ${r}u]);
          W[(m - 1u) * ${D}u + ${r}u] = plus(W[(m - 1u) * ${D}u + ${r}u], across${r});`,
)}
        }
${unroll(D, (r) => `        across${r} = ${sumOfParts(indices.map((s) => `R${r}_${s}`))};`)}
        total = ${sumOfParts(["total", ...indices.map((r) => `across${r}`)])};
        if (m < ${D - 1}u) {
${unroll(
  D - 1,
  (s) => `          c${s} = vec2f(0.0f);
          if (${s}u <= m) {
            if (!zeros) { c${s} = k[kin + at]; }
            k[kout + at] = ${sumOfParts([`c${s}`, ...indices.slice(0, -1).map((r) => `R${r}_${s}`)])};
            at += ${B}u;
          }`,
)}
        }
      }
    }
  }
  results[slot] = vec4f(total, 0.0f, 0.0f);
}
`;
};

export const truncatedPartsReverse = (shape: TruncatedPartsShape): string => {
  const { depth: D, interleave: B } = shape;
  const words = wordsOf(D);
  return wgsl`
${pairLayout(shape)}
${twoParts}
const shares = array<vec2f, ${D * D}>(${products(D)
    .map((n) => parts(1 / n))
    .join(", ")}); // 1/(r s) at r − 1, s − 1
${partsReverseHead(shape.workgroupSize)}
  let words = run.columns * ${words.column + words.cell}u;
  let gb = grid_row(slot, 0u, 1u, run.columns * ${Math.max(1, words.cell)}u);
  var V: array<vec2f, ${(D + 1) ** 2}>; // V^m_rs and U^m_rs at r − 1, s − 1
  var U: array<vec2f, ${(D + 1) ** 2}>;
  // What later cells ask of C^m_r, W^m_r (at r − 1), and of all words of level m: of Q^m and of the value.
  var c: array<vec2f, ${D}>;
  var w: array<vec2f, ${D}>;
  var W: array<vec2f, ${D * D}>; // of all levels, along the row: W^m_r at m − 1, r − 1
  var Q: array<vec2f, ${D}>;
  for (var i = end_row; i > begin_row;) {
    i--;
    let top = i + 1u == pair.rows;
    let kin = grid_row(slot, i, run.state_rows, words);
    let pb = grid_row(slot, i, run.rows, run.columns);
    for (var n = 0u; n < ${D * D}u; n++) { W[n] = vec2f(0.0f); }
    for (var n = 0u; n < ${D}u; n++) { Q[n] = vec2f(0.0f); }
    for (var J = pair.columns; J > 0u;) {
      J--;
      let x = increments[pb + J * ${B}u];
      var bar = vec2f(0.0f);
      var all = one;
      for (var n = 0u; n < ${D}u; n++) { c[n] = vec2f(0.0f); w[n] = vec2f(0.0f); }
      for (var m = ${D}u; m > 0u; m--) {
        for (var r = 0u; r < m; r++) {
          let own = plus(all, w[r]);
          for (var s = 0u; s < m; s++) {
            let at = r * ${D + 1}u + s;
            var v = plus(own, c[s]);
            var u = v;
            if (m < ${D}u) {
              let by = times(x, shares[(r + 1u) * ${D}u + s + 1u]);
              v = plus(v, times(by, V[at + ${D + 2}u]));
              u = plus(v, times(by, U[at + ${D + 2}u]));
            }
            V[at] = v;
            U[at] = u;
          }
        }
        if (m == 1u) {
          bar = plus(bar, U[0]);
          break;
        }
        // M of the first row and column, and what this level asks of the sums of the level below.
        let level = m - 2u;
        let before = level * (level + 1u) / 2u;
        let column = kin + (J * ${words.column}u + before) * ${B}u;
        let side = kin + (run.columns * ${words.column}u + J * ${words.cell}u + before + level) * ${B}u;
        let asked = gb + (J * ${words.cell}u + before + level) * ${B}u;
        for (var s = 0u; s <= level; s++) {
          let share = shares[s + 1u];
          let across = (s + 1u) * ${D + 1}u;
          if (i > 0u) { bar = plus(bar, times(times(k[column + s * ${B}u], U[s + 1u]), share)); }
          bar = plus(bar, times(times(k[side + s * ${B}u], U[across]), share));
          c[s] = vec2f(0.0f);
          if (!top) { c[s] = g[asked + s * ${B}u]; }
          w[s] = W[level * ${D}u + s];
          let by = times(x, share);
          g[asked + s * ${B}u] = plus(c[s], times(by, V[s + 1u]));
          W[level * ${D}u + s] = plus(w[s], times(by, V[across]));
        }
        let q = (level + 1u) * ${B}u;
        bar = plus(bar, times(k[side + q], U[0]));
        var above = vec2f(0.0f);
        if (!top) { above = g[asked + q]; }
        g[asked + q] = plus(above, times(x, V[0]));
        all = plus(one, Q[level]);
        Q[level] = plus(Q[level], above);
      }
      p[pb + J * ${B}u] = bar;
    }
  }
}
`;
};
