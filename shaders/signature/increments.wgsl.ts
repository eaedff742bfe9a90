/**
 * Increments of the static kernel for one segment of every pair.
 *
 * A thread computes one row of one pair: p[row, column] for all columns, zero in rows beyond the pair's last. With
 * `keepAbove`, the thread of row 0 first moves its old row (the gradient to the bottom row of the segment above) behind
 * the block, where the contraction of this segment looks for it.
 * Reads: points (differences of points for a linear kernel) and pairs. Writes: p.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { CompiledStaticKernel } from "../../src/signature/static-kernel.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { type LayoutShape, pairLayout } from "./layout.wgsl.js";
import { staticKernel } from "./static.wgsl.js";

export interface IncrementsShape extends LayoutShape {
  kernel: CompiledStaticKernel;
  channels: number;
  /** Whether a row for the segment above lies behind the block. */
  keepAbove: boolean;
  workgroupSize: number;
}

export const increments = (shape: IncrementsShape): string => {
  const { interleave, channels, keepAbove } = shape;
  const linear = shape.kernel.linearScale !== undefined;
  return wgsl`
${elementary}
${pairLayout(shape)}
@group(0) @binding(0) var<uniform> run: Pass;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> pairs: array<Pair>;
@group(0) @binding(4) var<storage, read_write> p: array<f32>;
${staticKernel(shape.kernel, channels)}

@compute @workgroup_size(${shape.workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let slot = id.x;
  let row = id.y;
  if (slot >= run.slots) { return; }
  let pair = pairs[slot];
  var at = grid_row(slot, row, run.rows + ${keepAbove ? 1 : 0}u, run.columns);
#if ${keepAbove}
  if (row == 0u) {
    let above = grid_row(slot, run.rows, run.rows + 1u, run.columns);
    for (var j = 0u; j < pair.columns; j++) {
      p[above + j * ${interleave}u] = select(p[at + j * ${interleave}u], 0.0f, (run.flags & 2u) != 0u);
    }
  }
#endif
  let i = run.first_row + row;
  if (i >= pair.rows) {
    for (var j = 0u; j < pair.columns; j++) { p[at + j * ${interleave}u] = 0.0f; }
    return;
  }
#if ${linear}
  for (var j = 0u; j < pair.columns; j++) {
    p[at] = run.parameters.x * static_argument(pair.x + i, pair.y + j);
    at += ${interleave}u;
  }
#else
  var low = static_value(static_argument(pair.x + i, pair.y));
  var high = static_value(static_argument(pair.x + i + 1u, pair.y));
  for (var j = 0u; j < pair.columns; j++) {
    let next_low = static_value(static_argument(pair.x + i, pair.y + j + 1u));
    let next_high = static_value(static_argument(pair.x + i + 1u, pair.y + j + 1u));
    // Neighbours are close, so the inner differences are exact, and rounding of the values telescopes over the grid.
    p[at] = (next_high - high) - (next_low - low);
    low = next_low;
    high = next_high;
    at += ${interleave}u;
  }
#endif
}
`;
};
