/**
 * Increments of the static kernel for one segment of every pair.
 *
 * A thread computes four rows of one pair, column after column: p[row, column], zero in rows beyond the pair's last.
 * With `keepAbove`, the thread of row 0 first moves its old row (the gradient to the bottom row of the segment above)
 * behind the block, where the contraction of this segment looks for it.
 * Reads: points (differences of points for a linear kernel) and pairs. Writes: p.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { unroll } from "../shared/unroll.js";
import { type LayoutShape, pairLayout, pairPass, pairs } from "./layout.wgsl.js";
import { type StaticKernelCode, staticKernel } from "./static.wgsl.js";

export interface IncrementsShape extends LayoutShape {
  kernel: StaticKernelCode;
  channels: number;
  /** Whether a row for the segment above lies behind the block. */
  keepAbove: boolean;
}

/** Rows of a thread: what it loads of y serves them all. Segments are multiples of it. */
export const incrementRows = 4;

export const increments = (shape: IncrementsShape) => {
  const { interleave: B, channels, keepAbove, kernel } = shape;
  const { linear } = kernel;
  const R = incrementRows;
  // A general kernel needs the vertex above the last row too. Vertices stay in registers while there are few channels.
  const vertices = linear ? R : R + 1;
  const hoist = channels <= 8;
  const xAt = (r: number, d: number | string): string =>
    `x[(pair.x + min(i + ${r}u, pair.rows)) * ${channels}u + ${typeof d === "number" ? `${d}u` : d}]`;
  const term = (a: string, b: string): string =>
    kernel.argument === "inner" ? `${a} * ${b}` : `(${a} - ${b}) * (${a} - ${b})`;
  // static_argument of all vertices of the thread with y's vertex `v`, as arg0, arg1, …
  const argumentsAt = (v: string): string =>
    hoist
      ? `${unroll(channels, (d) => `let y${d} = y[(pair.y + ${v}) * ${channels}u + ${d}u];`)}
${unroll(vertices, (r) => `let arg${r} = ${Array.from({ length: channels }, (_, d) => term(`x${r}_${d}`, `y${d}`)).join(" + ")};`)}`
      : `${unroll(vertices, (r) => `var arg${r} = 0.0f;`)}
    for (var d = 0u; d < ${channels}u; d++) {
      let yd = y[(pair.y + ${v}) * ${channels}u + d];
${unroll(vertices, (r) => `      { let xd = ${xAt(r, "d")}; arg${r} += ${term("xd", "yd")}; }`)}
    }`;
  const store = (r: number, value: string): string =>
    `p[at + ${r}u * run.columns * ${B}u] = select(0.0f, ${value}, i + ${r}u < pair.rows);`;
  return declareKernel({
    label: "increments",
    workgroupSize: 32,
    uniform: pairPass,
    bindings: { x: read("array<f32>"), y: read("array<f32>"), pairs, p: readWrite("array<f32>") },
    body: wgsl`
${elementary}
${pairLayout(shape)}
${staticKernel(kernel, channels)}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let slot = id.x;
  let row = id.y * ${R}u;
  if (slot >= run.slots) { return; }
  let pair = pairs[slot];
  var at = grid_row(slot, row, run.rows + ${keepAbove ? 1 : 0}u, run.columns);
#if ${keepAbove}
  if (row == 0u) {
    let above = grid_row(slot, run.rows, run.rows + 1u, run.columns);
    for (var j = 0u; j < pair.columns; j++) {
      p[above + j * ${B}u] = select(p[at + j * ${B}u], 0.0f, (run.flags & 2u) != 0u);
    }
  }
#endif
  let i = run.first_row + row;
${hoist ? unroll(vertices, (r) => unroll(channels, (d) => `  let x${r}_${d} = ${xAt(r, d)};`)) : ""}
#if ${linear}
  for (var j = 0u; j < pair.columns; j++) {
    ${argumentsAt("j")}
    ${unroll(R, (r) => store(r, `run.parameters.x * arg${r}`))}
    at += ${B}u;
  }
#else
${unroll(vertices, (r) => `  var left${r} = 0.0f;`)}
  for (var j = 0u; j <= pair.columns; j++) {
    ${argumentsAt("j")}
${unroll(vertices, (r) => `    let right${r} = static_value(arg${r});`)}
    if (j > 0u) {
      // Neighbours are close, so the inner differences are exact, and rounding of the values telescopes over the grid.
      ${unroll(R, (r) => store(r, `(right${r + 1} - left${r + 1}) - (right${r} - left${r})`))}
      at += ${B}u;
    }
${unroll(vertices, (r) => `    left${r} = right${r};`)}
  }
#endif
}
`,
  });
};
