/**
 * Finds the spikes that a loss looks at.
 *
 * A thread takes one path and scans its record once. For each selection (neuron, index) it writes the time since t0 of
 * the neuron's index-th spike (the whole duration where there is none) to a row of `times`, and its slot (or `none`)
 * to a row of `found`.
 */
import { recordFunctions } from "../shared/record.wgsl.js";
import { runStruct } from "../shared/solver.wgsl.js";

export function selectSpikes(words: number, selections: number, workgroupSize: number): string {
  return /* wgsl */ `
${runStruct}
@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read> record: array<u32>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> selection: array<vec2u>; // neuron, index
@group(0) @binding(4) var<storage, read_write> times: array<f32>;
@group(0) @binding(5) var<storage, read_write> found: array<u32>;
${recordFunctions({ words })}

const none = 0xffffffffu;

@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let count = counts[run.from_slot + i];
  for (var s = 0u; s < ${selections}u; s += 1u) {
    var slot = none;
    var seen = 0u;
    for (var n = 0u; n < count; n += 1u) {
      if (record_neuron(n, i) == selection[s].x) {
        if (seen == selection[s].y) { slot = n; break; }
        seen += 1u;
      }
    }
    var time = f32(run.steps) * run.dt;
    if (slot != none) { time = (f32(record_step(slot, i)) + record_place(slot, i)) * run.dt; }
    times[s * run.paths + i] = time;
    found[s * run.paths + i] = slot;
  }
}
`;
}
