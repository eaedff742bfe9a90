/**
 * Dot product of each path's vector with one vector.
 *
 * A thread takes one path of the table [paths][count] and adds it, times `scale`, to row 0 of `rows`, from path `first` on.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";

export const pathDot = declareKernel({
  label: "path dot vector",
  workgroupSize: 64,
  uniform: { paths: "u32", first: "u32", count: "u32", scale: "f32" },
  bindings: { table: read("array<f32>"), vector: read("array<f32>"), rows: readWrite("array<f32>") },
  body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= run.paths) { return; }
  let from_word = id.x * run.count;
  var sum = 0.0f;
  for (var w = 0u; w < run.count; w += 1u) { sum += table[from_word + w] * vector[w]; }
  rows[run.first + id.x] += run.scale * sum;
}
`,
});
