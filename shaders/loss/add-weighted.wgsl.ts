import { declareKernel, read, readWrite } from "../shared/declare.js";

/** Adds a part of a sum, times its weight, to the rest: a thread takes one number. */
export const addWeighted = declareKernel({
  label: "add a part of a loss",
  workgroupSize: 64,
  uniform: { count: "u32", stride: "u32", weight: "f32" },
  bindings: { part: read("array<f32>"), sum: readWrite("array<f32>") },
  body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x + id.y * run.stride;
  if (at < run.count) { sum[at] += run.weight * part[at]; }
}
`,
});
