/**
 * Values of the untruncated signature kernel by a power series in every cell, in two parts: for small problems, where a
 * value that is small beside those of its grid is to keep its own digits. The recursion is that of polynomial.
 *
 * A thread treats one pair, row after row, cell after cell. A slot's row in `k` holds the series along the bottom (then
 * top) edges of a row of cells, order + 1 numbers per column.
 * Reads: pairs, increments p. Reads and writes: k, results.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { unroll, unrollDown } from "../shared/unroll.js";
import { type LayoutShape, pairLayout } from "./layout.wgsl.js";
import { parts, partsHead, sumOfParts, twoParts } from "./two-parts.wgsl.js";

export interface PolynomialPartsShape extends LayoutShape {
  order: number;
  workgroupSize: number;
}

export const polynomialParts = (shape: PolynomialPartsShape): string => {
  const { order, interleave: B } = shape;
  const w = order + 1;
  const edge = (name: string): string => sumOfParts(Array.from({ length: w }, (_, l) => `${name}${l}`));
  return wgsl`
${pairLayout(shape)}
${twoParts}
${partsHead(shape.workgroupSize)}
  for (var q = 0u; q < run.rows && run.first_row + q < pair.rows; q++) {
    let ones = first && q == 0u;
    let row = grid_row(slot, 0u, run.state_rows, run.columns * ${w}u);
    let pb = grid_row(slot, q, run.rows, run.columns);
${unroll(w, (l) => `    var left${l} = vec2f(${l === 0 ? "1.0f" : "0.0f"}, 0.0f);`)}
    for (var J = 0u; J < pair.columns; J++) {
      let x = p[pb + J * ${B}u];
      // Row number m of the coefficients, c_m0 … c_mn; row 0 is the left edge.
${unroll(w, (l) => `      var c${l} = left${l};`)}
      for (var m = 1u; m < ${w}u; m++) {
        let xm = times(x, reciprocal(f32(m)));
        let at = row + (J * ${w}u + m) * ${B}u;
        var bottom = vec2f(0.0f);
        if (!ones) { bottom = k[at]; }
${unrollDown(order, (l) => `        c${l + 1} = times(c${l}, ${l === 0 ? "xm" : `times(xm, ${parts(1 / (l + 1))})`}); left${l + 1} = plus(left${l + 1}, c${l + 1});`)}
        c0 = bottom;
        left0 = plus(left0, c0);
        k[at] = ${edge("c")};
      }
    }
    if (run.first_row + q + 1u == pair.rows) { results[slot] = vec4f(${edge("left")}, 0.0f, 0.0f); }
  }
}
`;
};
