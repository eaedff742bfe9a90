/**
 * From gradients to increments to gradients to points, for one segment of every pair of a path.
 *
 * A thread owns one vertex of one path (its x role or its y role) and up to eight channels, and goes through the pairs
 * of that path in their order, so that sums have one order. Differences of neighbouring increments' gradients are taken
 * before anything is summed: they are small, and sums of the undifferenced ones would round away what is wanted.
 *   linear:   x̄_i += scale Σ_j (p̄_{i−1,j} − p̄_ij) Δy_j
 *   general:  x̄_i += Σ_j κ̄_ij ∂κ/∂x,  κ̄_ij = p̄_{i−1,j−1} − p̄_{i−1,j} − p̄_{i,j−1} + p̄_ij
 * The x role treats the vertices above the segment's rows (and vertex 0 with the first segment); the y role all columns,
 * adding up over segments. Row `rows` of p is the bottom row of the segment above.
 *
 * Reads: points (differences for linear), pairs, p, and lists: for each path where its slots begin, then the slots.
 * Reads and writes: the role's gradient [vertices, channels].
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { CompiledStaticKernel } from "../../src/signature/static-kernel.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { unroll } from "../shared/unroll.js";
import { type LayoutShape, pairLayout } from "./layout.wgsl.js";
import { staticKernel } from "./static.wgsl.js";

export interface ContractShape extends LayoutShape {
  kernel: CompiledStaticKernel;
  channels: number;
  role: "x" | "y";
  workgroupSize: number;
}

/** Channels that one thread adds up. */
export const channelBlock = 8;

export const contract = (shape: ContractShape): string => {
  const { channels, interleave: B, role, kernel } = shape;
  const linear = kernel.linearScale !== undefined;
  const block = Math.min(channels, channelBlock);
  const ragged = channels % block !== 0;
  const own = role;
  const add = (value: (d: number) => string): string =>
    unroll(block, (d) => {
      const line = `sum${d} += ${value(d)};`;
      return ragged && d >= channels % block ? `if (c0 + ${d}u < ${channels}u) { ${line} }` : line;
    });
  // Row and column of p; row −1 is zero, and so is what lies beyond the pair.
  const steps = linear
    ? role === "x"
      ? `
      for (var j = 0u; j < pair.columns; j++) {
        var w = 0.0f;
        if (has_low) { w = p[low + j * ${B}u]; }
        w -= p[high + j * ${B}u];
        let o = (pair.y + j) * ${channels}u + c0;
        ${add((d) => `w * y[o + ${d}u]`)}
      }`
      : `
      let count = min(run.rows, pair.rows - min(pair.rows, run.first_row));
      var at = grid_row(slot, 0u, run.rows + 1u, run.columns);
      for (var i = 0u; i < count; i++) {
        var w = 0.0f;
        if (vertex > 0u) { w = p[at + (vertex - 1u) * ${B}u]; }
        if (vertex < pair.columns) { w -= p[at + vertex * ${B}u]; }
        let o = (pair.x + run.first_row + i) * ${channels}u + c0;
        ${add((d) => `w * x[o + ${d}u]`)}
        at += run.columns * ${B}u;
      }`
    : role === "x"
      ? `
      var before = 0.0f;
      for (var j = 0u; j <= pair.columns; j++) {
        var w = 0.0f;
        if (j < pair.columns) {
          if (has_low) { w = p[low + j * ${B}u]; }
          w -= p[high + j * ${B}u];
        }
        let slope = (before - w) * static_slope(static_argument(pair.x + vertex, pair.y + j));
        before = w;
        let o = (pair.y + j) * ${channels}u + c0;
        let e = (pair.x + vertex) * ${channels}u + c0;
        ${add((d) => (kernel.argument === "inner" ? `slope * y[o + ${d}u]` : `2.0f * slope * (x[e + ${d}u] - y[o + ${d}u])`))}
      }`
      : `
      // Vertices above each row of the segment, and below its first row where that is the grid's.
      for (var v = select(1u, 0u, (run.flags & 1u) != 0u); v <= run.rows && run.first_row + v <= pair.rows; v++) {
        var w = 0.0f;
        let high = grid_row(slot, v, run.rows + 1u, run.columns);
        if (v > 0u) {
          let low = grid_row(slot, v - 1u, run.rows + 1u, run.columns);
          if (vertex > 0u) { w += p[low + (vertex - 1u) * ${B}u]; }
          if (vertex < pair.columns) { w -= p[low + vertex * ${B}u]; }
        }
        if (run.first_row + v < pair.rows) {
          if (vertex > 0u) { w -= p[high + (vertex - 1u) * ${B}u]; }
          if (vertex < pair.columns) { w += p[high + vertex * ${B}u]; }
        }
        let i = run.first_row + v;
        let slope = w * static_slope(static_argument(pair.x + i, pair.y + vertex));
        let o = (pair.x + i) * ${channels}u + c0;
        let e = (pair.y + vertex) * ${channels}u + c0;
        ${add((d) => (kernel.argument === "inner" ? `slope * x[o + ${d}u]` : `2.0f * slope * (y[e + ${d}u] - x[o + ${d}u])`))}
      }`;
  return wgsl`
${elementary}
${pairLayout(shape)}
@group(0) @binding(0) var<uniform> run: Pass;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> pairs: array<Pair>;
@group(0) @binding(4) var<storage, read> p: array<f32>;
@group(0) @binding(5) var<storage, read> lists: array<u32>;
@group(0) @binding(6) var<storage, read_write> gradient: array<f32>;
${staticKernel(kernel, channels)}

@compute @workgroup_size(${shape.workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let path = id.y;
  let c0 = id.z * ${block}u;
  let begin = lists[path];
  let end = lists[path + 1u];
  if (begin == end) { return; }
  let first_pair = pairs[lists[begin]];
#if ${role === "x"}
  let vertex = run.first_row + id.x + select(1u, 0u, (run.flags & 1u) != 0u);
  if (vertex > run.first_row + run.rows || vertex > first_pair.rows) { return; }
  let v = vertex - run.first_row;
  let has_low = v > 0u;
#else
  let vertex = id.x;
  if (vertex > first_pair.columns) { return; }
#endif
${unroll(block, (d) => `  var sum${d} = 0.0f;`)}
  for (var n = begin; n < end; n++) {
    let slot = lists[n];
    let pair = pairs[slot];
    if (run.first_row <= pair.rows) {
#if ${role === "x"}
      let low = grid_row(slot, max(v, 1u) - 1u, run.rows + 1u, run.columns);
      let high = grid_row(slot, v, run.rows + 1u, run.columns);
#endif
${steps}
    }
  }
  let out = (first_pair.${own} + vertex) * ${channels}u + c0;
${unroll(block, (d) => {
  const line = `gradient[out + ${d}u] += ${linear ? "run.parameters.x * " : ""}sum${d};`;
  return ragged && d >= channels % block ? `  if (c0 + ${d}u < ${channels}u) { ${line} }` : `  ${line}`;
})}
}
`;
};
