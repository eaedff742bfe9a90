/**
 * Gives each selected spike its cotangent.
 *
 * A thread takes one path: adds coefficient[s] at the slot of selection s in `cotangents` (cleared before), and writes
 * the weighted sum of its selected times, by which the loss moves to first order, to row 0 of `rows`.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";

export const spreadCotangents = (selections: number) =>
  declareKernel({
    label: "spread cotangents",
    workgroupSize: 64,
    uniform: { paths: "u32" },
    bindings: {
      coefficient: read("array<f32>"),
      times: read("array<f32>"),
      found: read("array<u32>"),
      cotangents: readWrite("array<f32>"),
      rows: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
const none = 0xffffffffu;

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  var sum = 0.0f;
  for (var s = 0u; s < ${selections}u; s += 1u) {
    let slot = found[s * run.paths + i];
    sum += coefficient[s] * times[s * run.paths + i];
    if (slot != none) { cotangents[slot * run.paths + i] += coefficient[s]; }
  }
  rows[i] = sum;
}
`,
  });
