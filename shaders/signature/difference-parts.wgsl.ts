/**
 * The untruncated signature kernel by finite differences, in two parts: for small problems, where a value, or a gradient,
 * that is small beside the numbers of its grid is to keep its own digits. The schemes are those of difference-forward and
 * difference-reverse. A thread treats one pair, row after row, cell after cell.
 *
 * A slot's row in `k` holds the kernel along the latest fine row, in units of 2^exponent: one exponent for each pair,
 * raised after a row whose largest number is beyond 2^60. With `keep`, there is a row for every fine row, in units of 1.
 *
 * forward reads pairs, increments; reads and writes k, results.
 * reverse reads pairs, k, increments; reads and writes p (gradients to increments) and g (G of the row above; A and B, as
 * in difference-reverse, are made of it again: numbers of memory cost more than products).
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { LayoutShape } from "./layout.wgsl.js";
import { twoFloat32 as numbers } from "./numbers.wgsl.js";
import { type ForwardKernel, type ReverseKernel, setResult, sweepForward, sweepReverse } from "./sweep.wgsl.js";
import { parts } from "./two-parts.wgsl.js";

export interface DifferencePartsShape extends LayoutShape {
  dyadic: readonly [number, number];
  workgroupSize: number;
  /** Keep what the reverse needs. */
  keep: boolean;
}

export const differenceParts = (shape: DifferencePartsShape): ForwardKernel => {
  const { interleave: B, dyadic, keep } = shape;
  const [l1, l2] = dyadic;
  return sweepForward(
    { ...shape, numbers },
    wgsl`  var exponent = 0;
  if (!first) { exponent = i32(results[slot].z); }
  var latest = vec2f(0.0f);
  for (var i = begin_row << ${l1}u; i < end_row << ${l1}u; i++) {
    let ones = first && i == 0u;
    // The kernel is 1 along both axes.
    let one = vec2f(select(0.0f, bitcast<f32>(u32(127 - exponent) << 23u), exponent < 127), 0.0f);
    let row = grid_row(slot, ${keep ? "i" : "0u"}, run.state_rows, run.columns << ${l2}u);
    let next = grid_row(slot, ${keep ? "i + 1u" : "0u"}, run.state_rows, run.columns << ${l2}u);
    let pb = grid_row(slot, i >> ${l1}u, run.rows, run.columns);
    var difference = vec2f(0.0f);
    var corner = one;
    latest = one;
    var largest = 0.0f;
    for (var J = 0u; J < pair.columns; J++) {
      let x = p[pb + J * ${B}u] * run.fine_scale;
      let b = times(times(x, x), ${parts(1 / 12)});
      let a = plus(0.5f * x, b);
      for (var s = 0u; s < ${1 << l2}u; s++) {
        let at = ((J << ${l2}u) + s) * ${B}u;
        var below = one;
        if (!ones) { below = k[row + at]; }
        difference = plus(difference, plus(times(plus(latest, below), a), times(corner, b)));
        latest = plus(below, difference);
        corner = below;
        k[next + at] = latest;
        largest = max(largest, abs(latest.x));
      }
    }
#if ${!keep}
    if (largest > 1.1529215e18f) {
      for (var j = 0u; j < pair.columns << ${l2}u; j++) { k[row + j * ${B}u] *= 8.6736174e-19f; }
      latest *= 8.6736174e-19f;
      exponent += 60;
    }
#endif
  }
  ${setResult(numbers, "latest", "f32(exponent)")}`,
  );
};

export const differencePartsReverse = (shape: DifferencePartsShape): ReverseKernel => {
  const { interleave: B, dyadic } = shape;
  const [l1, l2] = dyadic;
  const fine = 1 << l2;
  return sweepReverse(
    { ...shape, numbers },
    `  let one = weight;
  let fine_columns = run.columns << ${l2}u;
  let gb = grid_row(slot, 0u, 1u, fine_columns);
  for (var i = end_row << ${l1}u; i > begin_row << ${l1}u;) {
    i--;
    let top = i + 1u == pair.rows << ${l1}u;
    let row = grid_row(slot, i, run.state_rows, fine_columns);
    let next = grid_row(slot, i + 1u, run.state_rows, fine_columns);
    let pb = grid_row(slot, i >> ${l1}u, run.rows, run.columns);
    let pb_above = grid_row(slot, (i + 1u) >> ${l1}u, run.rows, run.columns);
    // The carried difference of G, which the derivative of the value by the last corner starts; A of the cell to the
    // right, B of the one above that; the kernel at the corner below and to the right.
    var u = vec2f(0.0f);
    if (top) { u = one; }
    var a_right = vec2f(0.0f);
    var b_corner = vec2f(0.0f);
    var right = one;
    if (i > 0u) { right = k[row + ((pair.columns << ${l2}u) - 1u) * ${B}u]; }
    for (var J = pair.columns; J > 0u;) {
      J--;
      let x = increments[pb + J * ${B}u] * run.fine_scale;
      let sixth = times(x, ${parts(1 / 6)});
      let half = plus(0.5f * one, sixth);
      let b = 0.5f * times(x, sixth);
      let a = plus(0.5f * x, b);
      // Of the cells above.
      var b_up = b;
      var a_up = a;
      if (!top && pb_above != pb) {
        let up = increments[pb_above + J * ${B}u] * run.fine_scale;
        b_up = 0.5f * times(up, times(up, ${parts(1 / 6)}));
        a_up = plus(0.5f * up, b_up);
      }
      var bar = vec2f(0.0f);
      if ((i + 1u) % ${1 << l1}u != 0u) { bar = p[pb + J * ${B}u]; }
      for (var back = 1u; back <= ${fine}u; back++) {
        let j = (J << ${l2}u) + ${fine}u - back;
        let at = gb + j * ${B}u;
        var above = vec2f(0.0f);
        if (!top) {
          above = g[at];
          a_right = plus(a_right, times(above, a_up));
        }
        u = plus(u, plus(a_right, b_corner));
        let cotangent = plus(above, u);
        var left = one;
        var left_above = one;
        if (j > 0u) {
          left_above = k[next + (j - 1u) * ${B}u];
          if (i > 0u) { left = k[row + (j - 1u) * ${B}u]; }
        }
        let slope = plus(times(plus(left_above, right), half), times(left, sixth));
        bar = plus(bar, run.fine_scale * times(cotangent, slope));
        a_right = times(cotangent, a);
        b_corner = times(above, b_up);
        right = left;
        g[at] = cotangent;
      }
      p[pb + J * ${B}u] = bar;
    }
  }`,
  );
};
