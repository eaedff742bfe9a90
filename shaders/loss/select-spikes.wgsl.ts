/**
 * Finds the spikes that a loss looks at.
 *
 * A thread takes one path and scans its record once. For each selection (neuron, index) it writes the time since t0 of
 * the neuron's index-th spike (the whole duration where there is none) to a row of `times`, and its slot (or `none`)
 * to a row of `found`.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { recordFunctions } from "../shared/record.wgsl.js";

export function selectSpikes(words: number, selections: number) {
  return declareKernel({
    label: "select spikes",
    workgroupSize: 64,
    uniform: {
      paths: "u32",
      /** Where the chunk's counts begin, in words. */
      countsAt: "u32",
      steps: "u32",
      dt: "f32",
    },
    bindings: {
      record: read("array<u32>"),
      counts: read("array<u32>"),
      /** Neuron and index. */
      selection: read("array<vec2u>"),
      times: readWrite("array<f32>"),
      found: readWrite("array<u32>"),
    },
    body: /* wgsl */ `
${recordFunctions({ words })}
const none = 0xffffffffu;

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let count = counts[run.counts_at + i];
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
`,
  });
}
