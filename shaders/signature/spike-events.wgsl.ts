/**
 * Reads spike records into lists of events (spike-layout).
 *
 * A thread takes one path and scans its record once. With `capped`, only the first caps[neuron][path] spikes of each
 * neuron are kept, counted in `tally` [neurons][paths]; `next` keeps one more of each too, its letter higher by the number of channels,
 * so that no jump has it (spike-next). Times are taken as differences of steps and fractions, so that
 * long trains lose no digits.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { recordFunctions } from "../shared/record.wgsl.js";
import { eventList, eventWords, spikePass, trainThreads } from "./spike-layout.wgsl.js";

export interface SpikeEventsShape {
  recordWords: number;
  neurons: number;
  capped: boolean;
  next?: boolean;
}

export const spikeEvents = ({ recordWords, neurons, capped, next = false }: SpikeEventsShape) =>
  declareKernel({
    label: `events of trains${capped ? ", capped" : ""}${next ? ", and the next" : ""}`,
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      record: read("array<u32>"),
      counts: read("array<u32>"),
      events: readWrite("array<u32>"),
      caps: capped ? read("array<u32>") : undefined,
      tally: capped ? readWrite("array<u32>") : undefined,
    },
    body: /* wgsl */ `
${eventList}
${recordFunctions({ words: recordWords, paths: "run.record_stride" })}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = id.x;
  if (p >= run.paths) { return; }
  let i = run.first_path + p;
  let count = min(counts[run.counts_at + i], run.slots);
${capped ? `  for (var k = 0u; k < ${neurons}u; k += 1u) { tally[k * run.paths + p] = 0u; }` : ""}
  var kept = 0u;
  var first = 0u;
  var step = 0u;
  var fraction = 0.0f;
  for (var n = 0u; n < count; n += 1u) {
    let neuron = record_neuron(n, run.record_at + i);
${
  capped
    ? `    let seen = tally[neuron * run.paths + p];
    let cap = caps[neuron * run.all_paths + i];
    if (seen ${next ? ">" : ">="} cap) { continue; }
    tally[neuron * run.paths + p] = seen + 1u;`
    : ""
}
    let own_step = record_step(n, run.record_at + i);
    let own_fraction = record_place(n, run.record_at + i);
    if (kept == 0u || own_step != step || own_fraction != fraction) { first = kept; }
    let delta = (f32(own_step - step) + (own_fraction - fraction)) * run.dt;
    events[event_at(kept, 0u, p)] = bitcast<u32>(delta);
    events[event_at(kept, 1u, p)] = neuron + 1u${next ? ` + select(0u, ${neurons + 1}u, seen == cap)` : ""};
    events[event_at(kept, 2u, p)] = n;
    events[event_at(kept, 3u, p)] = first;
    events[event_at(first, 4u, p)] = kept + 1u - first;
    step = own_step;
    fraction = own_fraction;
    kept += 1u;
  }
  events[event_at(kept, 0u, p)] = bitcast<u32>((f32(run.steps - step) - fraction) * run.dt);
  events[(run.slots + 1u) * ${eventWords}u * run.paths + p] = kept;
}
`,
  });

/**
 * Counts the spikes of each neuron. A thread takes one path and writes its column of `matched` [neurons][paths]; with
 * `least` it keeps what stands there where that is smaller. `tally` [neurons][paths] is scratch.
 */
export const neuronCounts = ({
  recordWords,
  neurons,
  least,
}: Omit<SpikeEventsShape, "capped" | "next"> & { least: boolean }) =>
  declareKernel({
    label: `${least ? "least " : ""}spike counts`,
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      record: read("array<u32>"),
      counts: read("array<u32>"),
      matched: readWrite("array<u32>"),
      tally: readWrite("array<u32>"),
    },
    body: /* wgsl */ `
${recordFunctions({ words: recordWords, paths: "run.record_stride" })}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.all_paths) { return; }
  for (var k = 0u; k < ${neurons}u; k += 1u) { tally[k * run.all_paths + i] = 0u; }
  let count = min(counts[run.counts_at + i], run.slots);
  for (var n = 0u; n < count; n += 1u) {
    tally[record_neuron(n, run.record_at + i) * run.all_paths + i] += 1u;
  }
  for (var k = 0u; k < ${neurons}u; k += 1u) {
    let at = k * run.all_paths + i;
    matched[at] = ${least ? "min(matched[at], tally[at])" : "tally[at]"};
  }
}
`,
  });
