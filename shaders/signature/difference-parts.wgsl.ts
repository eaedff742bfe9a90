/**
 * Values of the untruncated signature kernel by finite differences, in two parts: for small problems, where a value that
 * is small beside those of its grid is to keep its own digits. The scheme is that of difference-forward.
 *
 * A thread treats one pair, row after row, cell after cell. A slot's row in `k` holds the kernel along the latest fine
 * row, in units of 2^exponent: one exponent for each pair, raised after a row whose largest number is beyond 2^60.
 * Reads: pairs, increments p. Reads and writes: k, results.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { type LayoutShape, pairLayout } from "./layout.wgsl.js";
import { parts, partsHead, twoParts } from "./two-parts.wgsl.js";

export interface DifferencePartsShape extends LayoutShape {
  dyadic: readonly [number, number];
  workgroupSize: number;
}

export const differenceParts = (shape: DifferencePartsShape): string => {
  const { interleave: B, dyadic } = shape;
  const [l1, l2] = dyadic;
  return wgsl`
${pairLayout(shape)}
${twoParts}
${partsHead(shape.workgroupSize)}
  var exponent = 0;
  if (!first) { exponent = i32(results[slot].z); }
  var latest = vec2f(0.0f);
  let row = grid_row(slot, 0u, run.state_rows, run.columns << ${l2}u);
  for (var i = 0u; i < run.rows << ${l1}u && (run.first_row << ${l1}u) + i < pair.rows << ${l1}u; i++) {
    let ones = first && i == 0u;
    // The kernel is 1 along both axes.
    let one = vec2f(select(0.0f, bitcast<f32>(u32(127 - exponent) << 23u), exponent < 127), 0.0f);
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
        let at = row + ((J << ${l2}u) + s) * ${B}u;
        var below = one;
        if (!ones) { below = k[at]; }
        difference = plus(difference, plus(times(plus(latest, below), a), times(corner, b)));
        latest = plus(below, difference);
        corner = below;
        k[at] = latest;
        largest = max(largest, abs(latest.x));
      }
    }
    if (largest > 1.1529215e18f) {
      for (var j = 0u; j < pair.columns << ${l2}u; j++) { k[row + j * ${B}u] *= 8.6736174e-19f; }
      latest *= 8.6736174e-19f;
      exponent += 60;
    }
  }
  if (run.first_row < pair.rows) { results[slot] = vec4f(latest, f32(exponent), 0.0f); }
}
`;
};
