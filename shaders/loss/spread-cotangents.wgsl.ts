/**
 * Gives each selected spike its cotangent.
 *
 * A thread takes one path: adds coefficient[s] at the slot of selection s in `cotangents` (cleared before), and writes
 * the weighted sum of its selected times, by which the loss moves to first order, to row 0 of `rows`.
 */
import { runStruct } from "../shared/solver.wgsl.js";

export function spreadCotangents(selections: number, workgroupSize: number): string {
  return /* wgsl */ `
${runStruct}
@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read> coefficient: array<f32>;
@group(0) @binding(2) var<storage, read> times: array<f32>;
@group(0) @binding(3) var<storage, read> found: array<u32>;
@group(0) @binding(4) var<storage, read_write> cotangents: array<f32>;
@group(0) @binding(5) var<storage, read_write> rows: array<f32>;

const none = 0xffffffffu;

@compute @workgroup_size(${workgroupSize})
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
`;
}
