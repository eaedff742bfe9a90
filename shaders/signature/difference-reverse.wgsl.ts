/**
 * The exact reverse of the difference scheme, for one segment of every pair: from the kept rows of the kernel's grid to
 * the gradient to the increments, which replaces them.
 *
 * With G the cotangent of the corner that a cell computes, A = G a and B = G b (a = p/2 + p²/12, b = p²/12):
 *   u ← u + A(right) + A(above) + B(above right);  G = G(above) + u.
 * What is rounded away of u and, between strips, of G is carried along; otherwise gradients at long paths lose it N-fold.
 * Strips go from top to bottom and columns from right to left; a strip hands G, A and B of its lowest row down through
 * `g`. Where a coarse row spans several strips, its gradient is gathered in a fourth row of `g`. With several threads
 * per pair they form the wavefront of the forward sweep, mirrored.
 *
 * Reads: pairs, weights (the cotangent of each pair's value), k. Reads and writes: p, g.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { unroll, unrollDown } from "../shared/unroll.js";
import { columnBlock, type DifferenceShape } from "./difference-forward.wgsl.js";
import { pairLayout, pairPass, pairs } from "./layout.wgsl.js";
import type { ReverseKernel } from "./sweep.wgsl.js";

/** Rows of `g`: G, A, B, the gradient of a coarse row under way, and G's low part. */
export const reverseRows = 5;

export const differenceReverse = (shape: DifferenceShape): ReverseKernel => {
  const { threads, strip: R, interleave: B } = shape;
  const [l1, l2] = shape.dyadic;
  const coarse = Math.max(1, R >> l1);
  const split = 1 << l1 > R;
  const wave = threads > 1;
  const c = (r: number): number => Math.min(r >> l1, coarse - 1);
  const fine = l2 > 0;
  const sums = Array.from({ length: coarse }, (_, q) =>
    Array.from({ length: R }, (_, r) => r)
      .filter((r) => c(r) === q)
      .map((r) => `part${r}`)
      .join(" + "),
  );
  const column = `
${unroll(
  coarse,
  (r) => `let p${r} = run.fine_scale * p[pb + (J + ${r}u * run.columns) * ${B}u];
      let b${r} = p${r} * p${r} * 0.083333333333f; let a${r} = 0.5f * p${r} + b${r};
      let m${r} = 0.5f + p${r} * 0.166666666667f; let w${r} = p${r} * 0.166666666667f;
      ${fine ? `var bar${r} = 0.0f;` : ""}`,
)}
${fine ? `      for (var back = 0u; back < ${1 << l2}u; back++) {` : ""}
        let j = ${fine ? `(J << ${l2}u) + ${(1 << l2) - 1}u - back` : "J"};
        let line = gb + j * ${B}u;
        let g${R} = select(g[line], 0.0f, top_strip);
        let a_above = select(g[line + fine_columns * ${B}u], 0.0f, top_strip);
        let b_next = select(g[line + 2u * fine_columns * ${B}u], 0.0f, top_strip);
        let g_low = select(g[line + 4u * fine_columns * ${B}u], 0.0f, top_strip);
        let b_above = b_edge;
        b_edge = b_next;
        // Left nodes of the column: the grid's row number r, at column j. (Index 0 stands in for the left edge, 1.)
        let edge = j == 0u;
        let left_at = (max(j, 1u) - 1u) * ${B}u;
        let left0 = select(k[kin + left_at], 1.0f, ones || edge);
${unroll(R, (r) => `        let left${r + 1} = select(k[kup + left_at + ${r}u * fine_columns * ${B}u], 1.0f, edge);`)}
${unrollDown(R, (r) => {
  const aAbove = r === R - 1 ? "a_above" : `A${r + 1}`;
  const bAbove = r === R - 1 ? "b_above" : `old_b${r + 1}`;
  return `        let d${r}_ = d${r} + ((ar${r} + ${aAbove}) + ${bAbove});
        let u${r}_ = u${r} + d${r}_;
        let old_b${r} = br${r};
        let sum${r} = ${r === R - 1 ? "g_low" : `sum${r + 1}`} + u${r}_;
        let g${r} = g${R} + sum${r};
        let part${r} = g${r} * ((left${r + 1} + right${r}) * m${c(r)} + left${r} * w${c(r)});
        let A${r} = g${r} * a${c(r)};
        let B${r} = g${r} * b${c(r)};
        d${r} = d${r}_; ar${r} = A${r}; br${r} = B${r}; right${r} = left${r};`;
})}
        g[line] = g0;
        g[line + fine_columns * ${B}u] = A0;
        g[line + 2u * fine_columns * ${B}u] = B0;
        g[line + 4u * fine_columns * ${B}u] = sum0 - (g0 - g${R});
${unroll(coarse, (r) => (fine ? `        bar${r} += ${sums[r]};` : `        let bar${r} = ${sums[r]};`))}
${fine ? "      }" : ""}
${
  split
    ? `      let held = gb + (J + 3u * fine_columns) * ${B}u;
      var gathered = bar0 * run.fine_scale;
      if (!coarse_top) { gathered += g[held]; }
      if (coarse_bottom) { p[pb + J * ${B}u] = select(0.0f, gathered, i0 < pair.rows); } else { g[held] = gathered; }`
    : unroll(
        coarse,
        (r) =>
          `      p[pb + (J + ${r}u * run.columns) * ${B}u] = select(0.0f, bar${r} * run.fine_scale, i0 + ${r}u < pair.rows);`,
      )
}`;
  // As in the forward sweep, u + d is a row's carried difference, and d gathers a block of columns: terms are so much
  // smaller than u that adding them one by one would round the same way again and again.
  const flush = unroll(R, (r) => `        { let t = u${r} + d${r}; d${r} = d${r} - (t - u${r}); u${r} = t; }`);
  const begin = `
    let top = first + q * ${R}u;
    let i0 = top >> ${l1}u;
    let top_strip = top + ${R}u >= fine_rows;
    let coarse_top = top_strip || (top + ${R}u) % ${1 << l1}u == 0u;
    let coarse_bottom = top % ${1 << l1}u == 0u;
    let ones = (run.flags & 1u) != 0u && q == 0u;
    let kin = grid_row(slot, select(run.row_out + q * ${R}u - 1u, run.row_in, q == 0u), run.state_rows, fine_columns);
    let kup = grid_row(slot, run.row_out + q * ${R}u, run.state_rows, fine_columns);
    let pb = grid_row(slot, (q * ${R}u) >> ${l1}u, run.rows + 1u, run.columns);
    var b_edge = 0.0f;
${unroll(R, (r) => `    var u${r} = 0.0f; var d${r} = 0.0f; var ar${r} = 0.0f; var br${r} = 0.0f; var right${r} = 1.0f;`)}
    let last = (pair.columns << ${l2}u) - 1u;
    // The derivative of the value by the last corner starts the sweep; right nodes of the last column.
    if (top_strip) { u${R - 1} = weights[slot]; }
    right0 = select(k[kin + last * ${B}u], 1.0f, ones);
${unroll(R - 1, (r) => `    right${r + 1} = k[kup + (last + ${r}u * fine_columns) * ${B}u];`)}`;
  return declareKernel({
    label: "signature kernel reverse",
    workgroupSize: wave ? threads : shape.workgroupSize,
    uniform: pairPass,
    bindings: {
      pairs,
      weights: read("array<f32>"),
      k: read("array<f32>"),
      p: readWrite("array<f32>"),
      g: readWrite("array<f32>"),
    },
    body: wgsl`
${pairLayout(shape)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
#if ${wave}
  let slot = group.x + group.y * 32768u;
#else
  let slot = (group.x + group.y * 32768u) * ${shape.workgroupSize}u + t;
#endif
  if (slot >= run.slots) { return; }
  let pair = pairs[slot];
  let fine_columns = run.columns << ${l2}u;
  let fine_rows = pair.rows << ${l1}u;
  let first = run.first_row << ${l1}u;
  if (first >= fine_rows) { return; }
  let segment = min(run.rows << ${l1}u, fine_rows - first);
  let strips = (segment + ${R - 1}u) / ${R}u;
  let gb = grid_row(slot, 0u, ${reverseRows}u, fine_columns);
#if ${wave}
  let bands = (strips + ${threads - 1}u) / ${threads}u;
  let blocks = (pair.columns + ${columnBlock - 1}u) / ${columnBlock}u;
  for (var band = 0u; band < bands; band++) {
    let taken = band * ${threads}u + t;
    let busy = taken < strips;
    let q = select(0u, strips - 1u - taken, busy);
${begin}
    for (var step = 0u; step < blocks + ${threads - 1}u; step++) {
      if (busy && step >= t && step - t < blocks) {
        let block = blocks - 1u - (step - t);
        for (var J = min((block + 1u) * ${columnBlock}u, pair.columns); J > block * ${columnBlock}u;) {
          J--;
${column}
        }
${flush}
      }
      storageBarrier();
    }
  }
#else
  for (var q = strips; q > 0u;) {
    q--;
${begin}
    for (var block = (pair.columns + ${columnBlock - 1}u) / ${columnBlock}u; block > 0u;) {
      block--;
      for (var J = min((block + 1u) * ${columnBlock}u, pair.columns); J > block * ${columnBlock}u;) {
        J--;
${column}
      }
${flush}
    }
  }
#endif
}
`,
  });
};
