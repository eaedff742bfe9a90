/**
 * The untruncated signature kernel by a power series in every cell, in two parts, for small problems: values that are
 * small beside those of their grid keep their own digits, and gradients those that series of large increments cancel. The
 * recursions are those of polynomial. A thread treats one pair, row after row, cell after cell.
 *
 * A slot's row in `k` holds the series along the bottom (then top) edges of a row of cells, order + 1 numbers per column;
 * with `keep`, there is a row for every row of cells, and behind the bottom edges lie the left edges.
 *
 * forward reads pairs, increments; reads and writes k, results.
 * reverse reads pairs, k, increments; reads and writes p (gradients to increments) and g (cotangents of edges).
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { unroll, unrollDown } from "../shared/unroll.js";
import { type LayoutShape, pairLayout } from "./layout.wgsl.js";
import { parts, partsHead, partsReverseHead, sumOfParts, twoParts } from "./two-parts.wgsl.js";

export interface PolynomialPartsShape extends LayoutShape {
  order: number;
  workgroupSize: number;
  /** Keep what the reverse needs. */
  keep: boolean;
}

const by = (l: number, factor: string): string => (l === 1 ? factor : `times(${factor}, ${parts(1 / l)})`);

export const polynomialParts = (shape: PolynomialPartsShape): string => {
  const { order, interleave: B, keep } = shape;
  const w = order + 1;
  const edge = (name: string): string => sumOfParts(Array.from({ length: w }, (_, l) => `${name}${l}`));
  return wgsl`
${pairLayout(shape)}
${twoParts}
${partsHead(shape.workgroupSize)}
  let words = run.columns * ${keep ? 2 * w : w}u;
  for (var q = begin_row; q < end_row; q++) {
    let ones = first && q == 0u;
    let kin = grid_row(slot, ${keep ? "q" : "0u"}, run.state_rows, words);
    let kout = grid_row(slot, ${keep ? "q + 1u" : "0u"}, run.state_rows, words);
    let pb = grid_row(slot, q, run.rows, run.columns);
${unroll(w, (l) => `    var left${l} = vec2f(${l === 0 ? "1.0f" : "0.0f"}, 0.0f);`)}
    for (var J = 0u; J < pair.columns; J++) {
      let x = p[pb + J * ${B}u];
#if ${keep}
${unroll(w, (l) => `      k[kin + (run.columns * ${w}u + J * ${w}u + ${l}u) * ${B}u] = left${l};`)}
#endif
      // Row number m of the coefficients, c_m0 … c_mn; row 0 is the left edge.
${unroll(w, (l) => `      var c${l} = left${l};`)}
      for (var m = 1u; m < ${w}u; m++) {
        let xm = times(x, reciprocal(f32(m)));
        let at = (J * ${w}u + m) * ${B}u;
        var bottom = vec2f(0.0f);
        if (!ones) { bottom = k[kin + at]; }
${unrollDown(order, (l) => `        c${l + 1} = times(c${l}, ${by(l + 1, "xm")}); left${l + 1} = plus(left${l + 1}, c${l + 1});`)}
        c0 = bottom;
        left0 = plus(left0, c0);
        k[kout + at] = ${edge("c")};
      }
    }
    if (run.first_row + q + 1u == pair.rows) { results[slot] = vec4f(${edge("left")}, 0.0f, 0.0f); }
  }
}
`;
};

export const polynomialPartsReverse = (shape: PolynomialPartsShape): string => {
  const { order, interleave: B } = shape;
  const w = order + 1;
  return wgsl`
${pairLayout(shape)}
${twoParts}
${partsReverseHead(shape.workgroupSize)}
  let words = run.columns * ${2 * w}u;
  let gb = grid_row(slot, 0u, 1u, run.columns * ${w}u);
  var c: array<vec2f, ${w * w}>;
  for (var q = end_row; q > begin_row;) {
    q--;
    let top_row = q + 1u == pair.rows;
    let kin = grid_row(slot, q, run.state_rows, words);
    let pb = grid_row(slot, q, run.rows, run.columns);
    let seed = select(vec2f(0.0f), one, top_row);
${unroll(w, (l) => `    var bar${l} = seed;`)}
    for (var J = pair.columns; J > 0u;) {
      J--;
      let x = increments[pb + J * ${B}u];
      for (var m = 0u; m < ${w}u; m++) {
        c[m] = k[kin + (run.columns * ${w}u + J * ${w}u + m) * ${B}u];
        if (m > 0u) {
          c[m * ${w}u] = vec2f(0.0f);
          if (q > 0u) { c[m * ${w}u] = k[kin + (J * ${w}u + m) * ${B}u]; }
        }
      }
      for (var m = 1u; m < ${w}u; m++) {
        let xm = times(x, reciprocal(f32(m)));
${unroll(order, (l) => `        c[m * ${w}u + ${l + 1}u] = times(c[(m - 1u) * ${w}u + ${l}u], ${by(l + 1, "xm")});`)}
      }
      // Rows of the coefficients' cotangents from the last: d_ml = top_m + right_l + d_{m+1,l+1} x/((m+1)(l+1)).
${unroll(w + 1, (l) => `      var d${l} = vec2f(0.0f);`)}
      var sum = vec2f(0.0f);
      for (var m = ${w}u; m > 0u;) {
        m--;
        let at = gb + (J * ${w}u + m) * ${B}u;
        var bar_top = vec2f(0.0f);
        if (!top_row) { bar_top = g[at]; }
        let xm = times(x, reciprocal(f32(m + 1u)));
${unroll(w, (l) => `        d${l} = plus(plus(bar_top, bar${l}), times(d${l + 1}, ${by(l + 1, "xm")}));`)}
        if (m > 0u) {
          var row = vec2f(0.0f);
${unroll(order, (l) => `          row = plus(row, times(d${l + 1}, ${by(l + 1, `c[(m - 1u) * ${w}u + ${l}u]`)}));`)}
          sum = plus(sum, times(row, reciprocal(f32(m))));
          g[at] = d0;
        } else {
          g[at] = vec2f(0.0f);
        }
      }
      p[pb + J * ${B}u] = sum;
${unroll(w, (l) => `      bar${l} = d${l};`)}
    }
  }
}
`;
};
