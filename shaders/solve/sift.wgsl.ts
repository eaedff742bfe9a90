/**
 * From a record of events, as solvers of cells with several events write it, to that of spikes, which losses and readers
 * know; and back: cotangents of spikes to cotangents of events.
 *
 * A thread takes one path and goes through its events. `siftSpikes` reads events and their counts and writes spikes;
 * `spreadCotangents` reads events, their counts and cotangents by spike, and writes cotangents by event, 0 where an event is
 * no spike.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { recordFunctions, recordWords } from "../shared/record.wgsl.js";

const workgroupSize = 64;
const { neurons: words } = recordWords;
const eventFunctions = (eventWords: number): string =>
  recordFunctions({ words: eventWords, name: "events", events: true });

/** WGSL of whether an event is a spike, by its number. */
export const emitsFunction = (emits: readonly boolean[]): string =>
  `fn emits(event: u32) -> bool { return ${emits.flatMap((is, e) => (is ? [`event == ${e}u`] : [])).join(" || ")}; }`;

/**
 * @param emits of each event of the cell, whether it is a spike.
 * @param eventWords words of an event in the record.
 */
export const siftSpikes = (emits: readonly boolean[], eventWords: number) =>
  declareKernel({
    label: "spikes of events",
    workgroupSize,
    uniform: { paths: "u32" },
    bindings: { events: read("array<u32>"), counts: read("array<u32>"), record: readWrite("array<u32>") },
    body: wgsl`
${eventFunctions(eventWords)}
${recordFunctions({ words, writes: true })}
${emitsFunction(emits)}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  var spike = 0u;
  for (var n = 0u; n < counts[i]; n += 1u) {
    if (emits(events_event(n, i))) {
      record_spike(spike, i, events_step(n, i), events_place(n, i), events_neuron(n, i));
      spike += 1u;
    }
  }
}
`,
  });

export const spreadCotangents = (emits: readonly boolean[], eventWords: number) =>
  declareKernel({
    label: "cotangents of events",
    workgroupSize,
    uniform: { paths: "u32" },
    bindings: {
      events: read("array<u32>"),
      counts: read("array<u32>"),
      spikes: read("array<f32>"),
      cotangents: readWrite("array<f32>"),
    },
    body: wgsl`
${eventFunctions(eventWords)}
${emitsFunction(emits)}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  var spike = 0u;
  for (var n = 0u; n < counts[i]; n += 1u) {
    var cotangent = 0.0f;
    if (emits(events_event(n, i))) {
      cotangent = spikes[spike * run.paths + i];
      spike += 1u;
    }
    cotangents[n * run.paths + i] = cotangent;
  }
}
`,
  });
