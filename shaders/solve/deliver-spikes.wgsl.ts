/**
 * Sends the spikes of a window to their targets, where each neuron of a path is an invocation (forward-neurons.wgsl.ts).
 *
 * A workgroup takes every so many spikes of a path, its lanes the connections of each: they write an entry, and put it before
 * what arrives at the target in the same step. Lists are sorted where they are read, so it does not matter who comes first.
 *
 * Reads: parameters, connections, events of the window. Writes: entries and heads, marks of the next window, and whether the
 * path is over: it stops at its maxSpikes-th spike, or at a terminal event, of which the order of events tells later.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { networkRunFields } from "../shared/run.js";
import { type ConnectionShape, edgeFunctions } from "./connections.wgsl.js";
import { counterFunctions, entryFunctions, eventFunctions, flags, markFunctions, nowhere, underwayFields, whatFunctions } from "./underway.wgsl.js"; // biome-ignore format: one line

/** So many delays are compared with each other, to see whether they are the same. */
const fewDelays = 16;

export interface DeliverShape extends Omit<ConnectionShape, "selfEdges"> {
  workgroupSize: number;
  /** Numbers of a state. */
  states: number;
  several: boolean;
  /** Steps of the least delay, whole; and more than an arrival is ever after its spike. */
  soonest: number;
  latest: number;
}

export function deliverSpikes(shape: DeliverShape, label: string) {
  const { workgroupSize, several, delays, soonest, latest } = shape;
  const few = delays !== undefined && delays.count <= fewDelays;
  return declareKernel({
    label,
    workgroupSize,
    uniform: {
      ...networkRunFields,
      ...underwayFields,
      window: "u32",
      /** The window whose entries are the oldest still under way. */
      oldest: "u32",
    },
    bindings: {
      theta: read("array<f32>"),
      connections: read("array<u32>"),
      events: read("array<u32>"),
      heads: readWrite("array<atomic<u32>>"),
      entries: readWrite("array<vec4u>"),
      counters: readWrite("array<atomic<u32>>"),
      marks: readWrite("array<u32>"),
    },
    body: wgsl`
const LANES = ${workgroupSize}u;
${edgeFunctions(shape)}
${counterFunctions}
${markFunctions}
${eventFunctions}
${entryFunctions(shape.states)}
${whatFunctions}
#if ${delays !== undefined}
// When a spike arrives: so many steps after its own, and where in that step (f32 bits).
struct DueAfter { steps: u32, place: u32 }
fn due_after(place: f32, delay: f32, i: u32) -> DueAfter {
  let later = place + delay * run.inv_dt;
  let whole = clamp(floor(later), ${soonest}.0f, ${latest}.0f);
  // Rounding alone takes it beyond what delays allow; other delays were written after the solver was made.
  if (abs(later - whole - 0.5f) > 0.501f + 1e-6f * later) { atomicOr(&counters[counter_at(flags_counter, i)], ${flags.entries}u); }
  // Above 0: sub-steps that begin at 0 began at a grid point.
  return DueAfter(u32(whole), bitcast<u32>(clamp(later - whole, 1e-7f, 1.0f)));
}

// Puts what goes along an edge before what arrives at its target in the same step.
fn send(e: u32, entry: u32, heads_due: u32, place: u32, i: u32) {
  let before = atomicExchange(&heads[heads_due + target_of(e)], (entry & run.entry_mask) + 1u);
  entries[entry_at(entry, i)] = vec4u(delayed_edge + e, place, bitcast<u32>(weight_of(e)), before);
}
#endif
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
        @builtin(num_workgroups) groups: vec3u) {
  let i = group.y + group.z * groups.y;
  if (i >= run.paths) { return; }
  let begin = marks[mark_at(run.window, 0u, i)];
  let end = min(atomicLoad(&counters[counter_at(events_counter, i)]), run.room);
  if (group.x == 0u && lane == 0u) {
    let spikes = ${several ? "atomicLoad(&counters[counter_at(spikes_counter, i)])" : "end"};
    marks[mark_at(run.window + 1u, 0u, i)] = end;
    marks[mark_at(run.window + 1u, 1u, i)] = atomicLoad(&counters[counter_at(entries_counter, i)]);
    marks[mark_at(run.window + 1u, 2u, i)] = spikes;
    let failed = atomicLoad(&counters[counter_at(flags_counter, i)]) > 0u;
    if (failed || (run.max_spikes > 0u && spikes >= run.max_spikes)) {
      atomicStore(&counters[counter_at(over_counter, i)], 1u);
    }
  }
#if ${delays !== undefined}
  let oldest = marks[mark_at(run.oldest, 1u, i)];
  // Where all delays are the same, a spike arrives everywhere at one time.
  var alike = ${few};
#if ${few}
  for (var d = 1u; d < ${delays?.count ?? 1}u; d += 1u) { alike = alike && theta[${delays?.offset ?? 0}u + d] == theta[${delays?.offset ?? 0}u]; }
#endif
  for (var n = begin + group.x; n < end; n += groups.x) {
    let at = event_at(0u, n, i);
    let first = events[at + 3u];
    if (first != ${nowhere}) {
      let k = events[at + 2u] & 0xffffffu;
      let row = row_start(k);
      let row_end = row_start(k + 1u);
      let step = events[at];
      let place = bitcast<f32>(events[at + 1u]);
      if (first + (row_end - row) - oldest > run.entry_mask + 1u) {
        atomicOr(&counters[counter_at(flags_counter, i)], ${flags.entries}u);
      } else {
        let slot = step % run.ring;
#if ${few}
        let together = due_after(place, theta[${delays?.offset ?? 0}u], i);
        if (alike) {
          let heads_due = heads_at(slot_after(slot, together.steps), i);
          for (var at = row; at < row_end && step + together.steps < run.steps; at += LANES) {
            if (at + lane < row_end) { send(at + lane, first + (at - row) + lane, heads_due, together.place, i); }
          }
        }
#endif
        for (var at = row; at < row_end && !alike; at += LANES) {
          let e = at + lane;
          if (e < row_end) {
            let due = due_after(place, theta[${delays?.offset ?? 0}u + edge_delay(e)], i);
            if (step + due.steps < run.steps) { send(e, first + (e - row), heads_at(slot_after(slot, due.steps), i), due.place, i); }
          }
        }
      }
    }
  }
#endif
}
`,
  });
}
