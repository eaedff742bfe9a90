/**
 * From gradients to increments to gradients to points, for one segment of every pair of a path.
 *
 * A thread owns `vertices` neighbouring vertices of one path (its x role or its y role) and up to eight channels, and
 * goes through the pairs of that path in their order, so that sums have one order. Differences of neighbouring
 * increments' gradients are taken before anything is summed: they are small, and sums of the undifferenced ones would
 * round away what is wanted.
 *   linear:   x̄_i += scale Σ_j (p̄_{i−1,j} − p̄_ij) Δy_j
 *   general:  x̄_i += Σ_j κ̄_ij ∂κ/∂x,  κ̄_ij = p̄_{i−1,j−1} − p̄_{i−1,j} − p̄_{i,j−1} + p̄_ij
 * The x role treats the vertices above the segment's rows (and vertex 0 with the first segment); the y role all columns,
 * adding up over segments. Row `rows` of p is the bottom row of the segment above.
 *
 * Reads: points (differences for linear), pairs, p, and lists: for each path where its slots begin, then the slots.
 * Reads and writes: the role's gradient [vertices, gradient channels].
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { unroll } from "../shared/unroll.js";
import { type LayoutShape, pairLayout, pairPass, pairs } from "./layout.wgsl.js";
import { type StaticKernelCode, staticKernel } from "./static.wgsl.js";

export interface ContractShape extends LayoutShape {
  kernel: StaticKernelCode;
  channels: number;
  /** Channels, from the first on, whose gradient is wanted: the stride of the gradient. */
  gradientChannels: number;
  role: "x" | "y";
  /** Vertices of a thread. */
  vertices: number;
}

/** Channels that one thread adds up. */
export const channelBlock = 8;

export const contract = (shape: ContractShape) => {
  const { channels, gradientChannels, interleave: B, role, kernel, vertices: V } = shape;
  const { linear } = kernel;
  const block = Math.min(gradientChannels, channelBlock);
  const tail = gradientChannels % block;
  const other = role === "x" ? "y" : "x";
  const guarded = (d: number, line: string): string =>
    tail !== 0 && d >= tail ? `if (c0 + ${d}u < ${gradientChannels}u) { ${line} }` : line;
  // Adds what the vertex `o` of the other path brings, by the vertices' weights w0, w1, … (slopes for general kernels).
  const add = unroll(block, (d) =>
    guarded(
      d,
      `let o${d} = ${other}[o * ${channels}u + c0 + ${d}u]; ${Array.from({ length: V }, (_, v) =>
        linear || kernel.argument === "inner"
          ? `sum${v}_${d} += w${v} * o${d};`
          : `sum${v}_${d} += w${v} * (own${v}_${d} - o${d});`,
      ).join(" ")}`,
    ),
  );
  const slopes = unroll(
    V,
    (v) =>
      `w${v} *= ${kernel.argument === "inner" ? "" : "2.0f * "}static_slope(static_argument(${
        role === "x" ? `pair.x + min(vertex + ${v}u, pair.rows), o` : `o, pair.y + min(vertex + ${v}u, pair.columns)`
      }));`,
  );
  const own =
    !linear && kernel.argument === "distance"
      ? unroll(V, (v) =>
          unroll(block, (d) =>
            tail !== 0 && d >= tail
              ? `  var own${v}_${d} = 0.0f; if (c0 + ${d}u < ${gradientChannels}u) { own${v}_${d} = ${role}[(first_pair.${role} + min(vertex + ${v}u, most)) * ${channels}u + c0 + ${d}u]; }`
              : `  let own${v}_${d} = ${role}[(first_pair.${role} + min(vertex + ${v}u, most)) * ${channels}u + c0 + ${d}u];`,
          ),
        )
      : "";
  const steps =
    role === "x"
      ? `
      // Rows v − 1, v, … of p: v − 1 and beyond the block are guarded, since p̄ is zero below the first row.
      let base = grid_row(slot, 0u, run.rows + 1u, run.columns);
${unroll(V + 1, (v) => `      let row${v} = base + (clamp(v0 + ${v}u, 1u, run.rows + 1u) - 1u) * run.columns * ${B}u;`)}
      let low = select(0.0f, 1.0f, v0 > 0u);
${linear ? "" : unroll(V, (v) => `      var before${v} = 0.0f;`)}
      for (var j = 0u; j < ${linear ? "pair.columns" : "pair.columns + 1u"}; j++) {
${
  linear
    ? unroll(V + 1, (v) => `        let p${v} = p[row${v} + j * ${B}u]${v === 0 ? " * low" : ""};`)
    : `${unroll(V + 1, (v) => `        var p${v} = 0.0f;`)}
        if (j < pair.columns) {
${unroll(V + 1, (v) => `          p${v} = p[row${v} + j * ${B}u]${v === 0 ? " * low" : ""};`)}
        }`
}
${unroll(V, (v) =>
  linear
    ? `        let w${v} = p${v} - p${v + 1};`
    : `        let now${v} = p${v} - p${v + 1}; var w${v} = before${v} - now${v}; before${v} = now${v};`,
)}
        let o = pair.y + j;
        ${linear ? "" : slopes}
        ${add}
      }`
      : `
      let begin_row = ${linear ? "0u" : "select(1u, 0u, (run.flags & 1u) != 0u)"};
      let end_row = min(run.rows, pair.rows - run.first_row)${linear ? "" : " + 1u"};
      for (var v = begin_row; v < end_row; v++) {
        let o = pair.x + run.first_row + v;
        let high = grid_row(slot, v, run.rows + 1u, run.columns);
${
  linear
    ? `${unroll(V + 1, (c) => `        var p${c} = 0.0f; if (vertex + ${c}u > 0u && vertex + ${c}u <= pair.columns) { p${c} = p[high + (vertex + ${c}u - 1u) * ${B}u]; }`)}
${unroll(V, (c) => `        let w${c} = p${c} - p${c + 1};`)}`
    : `        let low = high - run.columns * ${B}u;
        let has_low = v > 0u;
        let has_high = run.first_row + v < pair.rows;
${unroll(
  V + 1,
  (c) => `        var p${c} = 0.0f;
        if (vertex + ${c}u > 0u && vertex + ${c}u <= pair.columns) {
          if (has_low) { p${c} = p[low + (vertex + ${c}u - 1u) * ${B}u]; }
          if (has_high) { p${c} -= p[high + (vertex + ${c}u - 1u) * ${B}u]; }
        }`,
)}
${unroll(V, (c) => `        var w${c} = p${c} - p${c + 1};`)}
        ${slopes}`
}
        ${add}
      }`;
  return declareKernel({
    label: `contract ${role}`,
    workgroupSize: 32,
    uniform: pairPass,
    bindings: {
      x: read("array<f32>"),
      y: read("array<f32>"),
      pairs,
      p: read("array<f32>"),
      lists: read("array<u32>"),
      gradient: readWrite("array<f32>"),
    },
    body: wgsl`
${elementary}
${pairLayout(shape)}
${staticKernel(kernel, channels)}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let path = id.y;
  let c0 = id.z * ${block}u;
  let begin = lists[path];
  let end = lists[path + 1u];
  if (begin == end) { return; }
  let first_pair = pairs[lists[begin]];
#if ${role === "x"}
  let begin_vertex = select(1u, 0u, (run.flags & 1u) != 0u);
  let v0 = begin_vertex + id.x * ${V}u;
  let vertex = run.first_row + v0;
  let most = first_pair.rows;
  let last = min(run.rows, most - min(most, run.first_row));
  if (v0 > last || run.first_row > most) { return; }
  let count = min(${V}u, last - v0 + 1u);
#else
  let vertex = id.x * ${V}u;
  let most = first_pair.columns;
  if (vertex > most) { return; }
  let count = min(${V}u, most - vertex + 1u);
#endif
${unroll(V, (v) => unroll(block, (d) => `  var sum${v}_${d} = 0.0f;`))}
${own}
  for (var n = begin; n < end; n++) {
    let slot = lists[n];
    let pair = pairs[slot];
    if (run.first_row < pair.rows) {
${steps}
    }
  }
  let out = (first_pair.${role} + vertex) * ${gradientChannels}u + c0;
${unroll(
  V,
  (v) => `  if (${v}u < count) {
${unroll(block, (d) => guarded(d, `gradient[out + ${v * gradientChannels + d}u] += ${linear ? "run.parameters.x * " : ""}sum${v}_${d};`))}
  }`,
)}
}
`,
  });
};
