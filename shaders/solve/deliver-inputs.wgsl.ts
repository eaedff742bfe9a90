/**
 * Puts the input spikes of a window, and what sources send in it, among what arrives at their neurons (underway.wgsl.ts), before
 * the window is solved. A thread takes one input spike of one path; with sources a workgroup takes every so many entries of
 * the path's agenda, its lanes the connections of a source. Reads: the agenda, parameters, marks. Writes: entries and heads.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { networkRunFields } from "../shared/run.js";
import { type ConnectionShape, edgeFunctions, inputFunctions } from "./connections.wgsl.js";
import { counterFunctions, entryFunctions, flags, markFunctions, underwayFields, whatFunctions } from "./underway.wgsl.js"; // biome-ignore format: one line

export interface InputsShape extends Omit<ConnectionShape, "selfEdges"> {
  workgroupSize: number;
  /** Numbers of a state. */
  states: number;
  /** More steps than an arrival is ever after its spike. */
  latest: number;
}

const byThread = /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let x = run.first_arrival + id.x;
  let i = id.y + id.z * groups.y;
  if (x < run.input_end && i < run.paths) { put_input(x, i); }
}
`;

const byWorkgroup = (lanes: number, latest: number, delay: string, atOnce: string): string => /* wgsl */ `
var<workgroup> begin: u32;
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
        @builtin(num_workgroups) groups: vec3u) {
  let i = group.y + group.z * groups.y;
  if (i >= run.paths) { return; }
  let end = past_inputs(i);
  for (var x = first_input(i) + group.x; x < end && agenda_step(x) < run.step_end; x += groups.x) {
    let node = agenda_neuron(x);
    if (node < K) {
      if (lane == 0u) { put_input(x, i); }
      continue;
    }
    let row = row_start(node);
    let row_end = row_start(node + 1u);
    if (lane == 0u) { begin = taken(row_end - row, i); }
    let first = workgroupUniformLoad(&begin);
    if (first != no_room) {
      let place = agenda_place(x);
      for (var e = row + lane; e < row_end; e += ${lanes}u) {
        let delay = edge_delay(e);
        let later = place + ${delay};
        let whole = floor(later);
        let due = agenda_step(x) + u32(whole);
        if (due < run.steps) {
          if (whole > ${latest}.0f) { atomicOr(&counters[counter_at(flags_counter, i)], ${flags.entries}u); }
          let what = select(delayed_edge, at_once_edge, ${atOnce}) + e;
          put(first + (e - row), what, due, later - whole, edge_weight(e), edge_target(e), i);
        }
      }
    }
  }
}
`;

export function deliverInputs(shape: InputsShape, label: string) {
  const { workgroupSize, sources, latest, delays } = shape;
  const atOnce = delays ? "delay == 0xffffffffu" : "true";
  const delay = delays
    ? `select(theta[${delays.offset}u + min(delay, ${delays.count - 1}u)] * run.inv_dt, 0.0f, ${atOnce})`
    : "0.0f";
  return declareKernel({
    label,
    workgroupSize,
    uniform: {
      ...networkRunFields,
      ...underwayFields,
      /** Input spikes of the window end here; without sources. */
      inputEnd: "u32",
      /** The window whose entries are the oldest still under way. */
      oldest: "u32",
    },
    bindings: {
      theta: read("array<f32>"),
      connections: read("array<u32>"),
      heads: readWrite("array<atomic<u32>>"),
      entries: readWrite("array<vec4u>"),
      counters: readWrite("array<atomic<u32>>"),
      marks: read("array<u32>"),
    },
    body: wgsl`
${edgeFunctions(shape)}
${inputFunctions(shape)}
${counterFunctions}
${markFunctions}
${entryFunctions(shape.states)}
${whatFunctions}
const no_room = 0xffffffffu;

// Takes so many entries: the first of them.
fn taken(count: u32, i: u32) -> u32 {
  let first = atomicAdd(&counters[counter_at(entries_counter, i)], count);
  if (first + count - marks[mark_at(run.oldest, 1u, i)] > run.entry_mask + 1u) {
    atomicOr(&counters[counter_at(flags_counter, i)], ${flags.entries}u);
    return no_room;
  }
  return first;
}

// Places are above 0: sub-steps that begin at 0 began at a grid point.
fn put(entry: u32, what: u32, step: u32, place: f32, weight: f32, k: u32, i: u32) {
  let before = atomicExchange(&heads[heads_at(step % run.ring, i) + k], (entry & run.entry_mask) + 1u);
  entries[entry_at(entry, i)] = vec4u(what, bitcast<u32>(clamp(place, 1e-7f, 1.0f)), bitcast<u32>(weight), before);
}

fn put_input(x: u32, i: u32) {
  let entry = taken(1u, i);
  if (entry != no_room) { put(entry, x, agenda_step(x), agenda_place(x), agenda_weight(x), agenda_neuron(x), i); }
}
${sources > 0 ? byWorkgroup(workgroupSize, latest, delay, atOnce) : byThread}
`,
  });
}
