/**
 * Values of the truncated signature kernel, in two parts: for small problems, where a value that is small beside those of
 * its grid is to keep its own digits. The recursion, and the names C, W, Q, are those of truncated.
 *
 * A thread treats one pair, row after row, cell after cell, level after level: R^m takes the place of R^m−1, in
 * registers. (All levels written out, as in truncated, would take seconds to compile in two parts; R in an array is
 * slow.) C lies in `k`.
 * Reads: pairs, increments p. Reads and writes: k, results.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { unroll, unrollDown } from "../shared/unroll.js";
import { type LayoutShape, pairLayout } from "./layout.wgsl.js";
import { parts, partsHead, sumOfParts, twoParts } from "./two-parts.wgsl.js";

export interface TruncatedPartsShape extends LayoutShape {
  depth: number;
  workgroupSize: number;
}

export const truncatedParts = (shape: TruncatedPartsShape): string => {
  const { depth: D, interleave: B } = shape;
  const words = Math.max(1, (D * (D - 1)) / 2);
  const indices = Array.from({ length: D }, (_, i) => i);
  const by = (r: number, s: number): string => (r * s === 1 ? "x" : `x${r * s}`);
  const divisors = [...new Set(indices.flatMap((r) => indices.map((s) => (r + 1) * (s + 1))))].filter((n) => n > 1);
  return wgsl`
${pairLayout(shape)}
${twoParts}
${partsHead(shape.workgroupSize)}
  var total = vec2f(1.0f, 0.0f);
  if (!first) { total = results[slot].xy; }
  let row = grid_row(slot, 0u, run.state_rows, run.columns * ${words}u);
  var W: array<vec2f, ${D * D}>; // W^m_r at m − 1, r − 1
  var Q: array<vec2f, ${D}>;     // Q^m at m − 1
  for (var i = 0u; i < run.rows && run.first_row + i < pair.rows; i++) {
    let zeros = first && i == 0u;
    let pb = grid_row(slot, i, run.rows, run.columns);
    for (var n = 0u; n < ${D * D}u; n++) { W[n] = vec2f(0.0f); }
    for (var n = 0u; n < ${D}u; n++) { Q[n] = vec2f(0.0f); }
    for (var J = 0u; J < pair.columns; J++) {
      let x = p[pb + J * ${B}u];
${divisors.map((n) => `      let x${n} = times(x, ${parts(1 / n)});`).join("\n")}
      var at = row + J * ${words * B}u;
      // R^m_rs at r − 1, s − 1; C^m_r and what the cell adds to W^m_r at r − 1. Zero beyond m.
${unroll(D, (r) => `      var c${r} = vec2f(0.0f); var across${r} = vec2f(0.0f);${unroll(D, (s) => ` var R${r}_${s} = vec2f(0.0f);`)}`)}
      R0_0 = x;
      for (var m = 0u; m < ${D}u; m++) {
        if (m > 0u) {
${unrollDown(D - 1, (r) => unrollDown(D - 1, (s) => `          R${r + 1}_${s + 1} = times(${by(r + 2, s + 2)}, R${r}_${s});`))}
          R0_0 = times(x, Q[m - 1u]);
          Q[m - 1u] = ${sumOfParts(["Q[m - 1u]", ...indices.slice(0, -1).map((r) => `c${r}`)])};
${unroll(
  D - 1,
  (r) => `          R0_${r + 1} = times(${by(1, r + 2)}, c${r});
          R${r + 1}_0 = times(${by(1, r + 2)}, W[(m - 1u) * ${D}u + ${r}u]);
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
            if (!zeros) { c${s} = k[at]; }
            k[at] = ${sumOfParts([`c${s}`, ...indices.slice(0, -1).map((r) => `R${r}_${s}`)])};
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
