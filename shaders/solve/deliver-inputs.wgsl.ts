/**
 * Puts the input spikes of a window among what arrives at their neurons (underway.wgsl.ts), before the window is solved. A
 * thread takes one input spike of one path. Reads: the agenda, parameters, marks. Writes: entries and heads.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { type ConnectionShape, edgeFunctions } from "./connections.wgsl.js";
import { counterFunctions, entryFunctions, flags, markFunctions, underwayFields } from "./underway.wgsl.js";

export function deliverInputs(shape: Omit<ConnectionShape, "selfEdges"> & { workgroupSize: number }, label: string) {
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: {
      paths: "u32",
      ...underwayFields,
      /** Input spikes of the window, by number. */
      inputBegin: "u32",
      inputEnd: "u32",
      /** The window whose entries are the oldest still under way. */
      oldest: "u32",
    },
    bindings: {
      theta: read("array<f32>"),
      connections: read("array<u32>"),
      heads: readWrite("array<atomic<u32>>"),
      entries: readWrite("array<u32>"),
      counters: readWrite("array<atomic<u32>>"),
      marks: read("array<u32>"),
    },
    body: wgsl`
${edgeFunctions(shape)}
${counterFunctions}
${markFunctions}
${entryFunctions}
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let x = run.input_begin + id.x;
  let i = id.y + id.z * groups.y;
  if (x >= run.input_end || i >= run.paths) { return; }
  let entry = atomicAdd(&counters[counter_at(entries_counter, i)], 1u);
  if (entry - marks[mark_at(run.oldest, 1u, i)] > run.entry_mask) {
    atomicOr(&counters[counter_at(flags_counter, i)], ${flags.entries}u);
    return;
  }
  let here = entry_at(entry, i);
  entries[here] = x;
  entries[here + 1u] = bitcast<u32>(max(agenda_place(x), 1e-7f));
  entries[here + 2u] = bitcast<u32>(agenda_weight(x));
  entries[here + 3u] = atomicExchange(&heads[head_at(agenda_step(x), agenda_neuron(x), i)], (entry & run.entry_mask) + 1u);
}
`,
  });
}
