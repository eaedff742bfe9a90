/**
 * The events of paths in the order of time, of simultaneous ones the lowest neuron first, where each neuron of a path was an
 * invocation (forward-neurons.wgsl.ts) that wrote them as they came. A workgroup takes a window of a path, whose events are
 * all later than those before: a merge sort, in which each lane finds the rank of an event in the run beside its own.
 *
 *     runs of 1, 2, 4, …     an event's place = its place in its run + its rank in the other
 *
 * Reads: marks, counters. Reads and writes: events. Writes: the record, cut where the path stops; of each path the events in
 * it, and those that are spikes; and the status counters.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { recordFunctions, recordWords } from "../shared/record.wgsl.js";
import { emitsFunction } from "./sift.wgsl.js";
import { counterFunctions, eventFunctions, flags, markFunctions, underwayFields } from "./underway.wgsl.js";

export interface OrderShape {
  workgroupSize: number;
  several: boolean;
  /** Of each event of the cell, whether it is a spike. */
  emits: readonly boolean[];
}

export function orderEvents({ workgroupSize, several, emits }: OrderShape, label: string) {
  return declareKernel({
    label,
    workgroupSize,
    uniform: {
      paths: "u32",
      ...underwayFields,
      /** Windows, spikes that the record of a path has room for, and at which spike a path stops. */
      windows: "u32",
      slots: "u32",
      maxSpikes: "u32",
    },
    bindings: {
      marks: read("array<u32>"),
      counters: read("array<u32>"),
      events: readWrite("array<u32>"),
      record: readWrite("array<u32>"),
      counts: readWrite("array<u32>"),
      status: readWrite("array<atomic<u32>>"),
    },
    body: wgsl`
const LANES = ${workgroupSize}u;
${recordFunctions({ words: recordWords.neurons, writes: true, events: several })}
${counterFunctions}
${markFunctions}
${eventFunctions}
#if ${several}
${emitsFunction(emits)}
#endif
var<workgroup> agreed: vec2u;

// Whether the event at a comes before that at b, of those at the same place the lower neuron.
fn comes_before(a: u32, b: u32) -> bool {
  let step = vec2u(events[a], events[b]);
  let place = vec2u(events[a + 1u], events[b + 1u]);
  let neuron = vec2u(events[a + 2u], events[b + 2u]) & vec2u(0xffffffu);
  return (step.x < step.y) | ((step.x == step.y) & ((place.x < place.y) | ((place.x == place.y) & (neuron.x < neuron.y))));
}

// How many events of a run come before one; those of a run to the left also where they are simultaneous.
fn rank_in(bank: u32, first: u32, length: u32, at: u32, left: bool, i: u32) -> u32 {
  var low = 0u;
  var high = length;
  while (low < high) {
    let middle = (low + high) / 2u;
    let other = event_at(bank, first + middle, i);
    let before = select(comes_before(other, at), !comes_before(at, other), left);
    low = select(low, middle + 1u, before);
    high = select(middle, high, before);
  }
  return low;
}

fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
        @builtin(num_workgroups) groups: vec3u) {
  let window = group.x + group.y * groups.x;
  let i = group.z;
  if (window >= run.windows || i >= run.paths) { return; }
  if (lane == 0u) { agreed = vec2u(marks[mark_at(window, 0u, i)], marks[mark_at(window + 1u, 0u, i)]); }
  let range = workgroupUniformLoad(&agreed);
  let begin = range.x;
  let length = range.y - range.x;
  var bank = 0u;
  var run_length = 1u;
  while (run_length < length) {
    for (var x = lane; x < length; x += LANES) {
      let own = x / run_length;
      let other = own ^ 1u;
      let first = min(other * run_length, length);
      let at = event_at(bank, begin + x, i);
      let rank = rank_in(bank, begin + first, min(run_length, length - first), at, other < own, i);
      let to = event_at(1u - bank, begin + (own & 0xfffffffeu) * run_length + (x - own * run_length) + rank, i);
      events[to] = events[at];
      events[to + 1u] = events[at + 1u];
      events[to + 2u] = events[at + 2u];
    }
    storageBarrier();
    bank = 1u - bank;
    run_length *= 2u;
  }
  for (var x = lane; x < length; x += LANES) {
    let at = event_at(bank, begin + x, i);
    if (begin + x < run.slots) { record_spike(begin + x, i, events[at], bitcast<f32>(events[at + 1u]), events[at + 2u]); }
  }

  // The last window in which there are events says how the path came out.
  let total = min(counters[counter_at(events_counter, i)], run.room);
  let is_last = (length > 0u && range.y == total) || (total == 0u && window == 0u);
  if (is_last && lane == 0u) {
    let failed = counters[counter_at(flags_counter, i)];
    var count = total;
    var spikes = total;
#if ${several}
    spikes = marks[mark_at(window, 2u, i)];
    count = begin;
    var more = length > 0u;
    while (more) {
      let word = events[event_at(bank, count, i) + 2u];
      spikes += select(0u, 1u, emits((word >> 24u) & 0x7fu));
      count += 1u;
      let stops = (run.max_spikes > 0u && spikes >= run.max_spikes) || (word >> 31u) == 1u;
      more = !stops && count < total;
    }
#else
    if (run.max_spikes > 0u) { count = min(count, run.max_spikes); }
    spikes = count;
#endif
    let overflow = count > run.slots || (failed & ${flags.record | flags.entries}u) > 0u;
    count = min(count, run.slots);
    counts[i] = count;
    counts[run.paths + i] = spikes;
    atomicMax(&status[0], count);
#if ${several}
    atomicMax(&status[7], spikes + 1u);
#endif
    if (overflow) { atomicAdd(&status[1], 1u); }
    if (run.max_spikes > 0u && spikes >= run.max_spikes) { atomicAdd(&status[2], 1u); }
    if ((failed & ${flags.notFinite}u) > 0u) { atomicAdd(&status[3], 1u); }
  }
}
`,
  });
}
