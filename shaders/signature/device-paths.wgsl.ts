/**
 * Paths that lie in a buffer [count, length, channels], made ready for the kernels over pairs and for signatures, and
 * gradients by differences turned into gradients by points.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";

const threads = 64;

/** Of paths in a buffer: with `ragged`, each has a length of its own. */
const pathPass = { count: "u32", length: "u32", ragged: "u32" } as const;

/**
 * A thread takes one vertex: with `differences` it writes the move to the next vertex (0 from the path's last on), and
 * the thread of a path's first vertex where the path begins and how many vertices it has.
 */
export const preparePaths = (channels: number, differences: boolean) =>
  declareKernel({
    label: "prepare paths",
    workgroupSize: threads,
    uniform: pathPass,
    bindings: {
      points: read("array<f32>"),
      lengths: read("array<u32>"),
      table: readWrite("array<vec2u>"),
      moves: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let vertex = id.x + id.y * groups.x * ${threads}u;
  if (vertex >= run.count * run.length) { return; }
  let path = vertex / run.length;
  let place = vertex % run.length;
  var own = run.length;
  if (run.ragged != 0u) { own = clamp(lengths[path], 2u, run.length); }
  if (place == 0u) { table[path] = vec2u(vertex, own); }
${
  differences
    ? `  let inside = place + 1u < own;
  let next = select(vertex, vertex + 1u, inside);
  for (var c = 0u; c < ${channels}u; c += 1u) {
    moves[vertex * ${channels}u + c] = points[next * ${channels}u + c] - points[vertex * ${channels}u + c];
  }`
    : "  if (vertex == 0u) { moves[0] = points[0]; }"
}
}
`,
  });

/**
 * A thread takes one number: gradient by a point = that by the move to it − that by the move from it, of the moves of
 * the path.
 */
export const movesToPoints = (channels: number) =>
  declareKernel({
    label: "gradients by points",
    workgroupSize: threads,
    uniform: pathPass,
    bindings: { table: read("array<vec2u>"), moves: read("array<f32>"), points: readWrite("array<f32>") },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * ${threads}u;
  if (i >= run.count * run.length * ${channels}u) { return; }
  let vertex = i / ${channels}u;
  let place = vertex % run.length;
  let own = table[vertex / run.length].y;
  let to = select(0.0f, moves[max(i, ${channels}u) - ${channels}u], place > 0u && place < own);
  points[i] = to - select(0.0f, moves[i], place + 1u < own);
}
`,
  });
