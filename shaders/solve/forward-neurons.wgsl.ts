/**
 * Forward solve of a network whose connections all have delays of a window or more, a neuron of a path per invocation.
 *
 * Within a window of steps neurons do not touch each other: what arrives is known when the window begins. A thread takes its
 * neuron through the window, from one arrival or event of its own to the next:
 *
 *     0 ──▶ arrival ──▶ arrival ──▶ event ──▶ end of the step ──▶ …
 *
 * Reads: parameters, connections, whether the path is over. Reads and writes: the neuron's state and the events of it that
 * took a uniform [path][field][neuron]; what arrives at it, which it sorts (underway.wgsl.ts). Writes its events to the
 * path's, in any order, and where their spikes' entries will lie: deliver-spikes.wgsl.ts sends them, order-events.wgsl.ts sorts.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { networkRunFields } from "../shared/run.js";
import { atGrid } from "../substep/grid-states.wgsl.js";
import { startedFrom } from "../substep/initial.wgsl.js";
import { locateFunctions } from "../substep/locate.wgsl.js";
import { type SolverShape, solverFunctions } from "../substep/solver.wgsl.js";
import { type ConnectionShape, edgeFunctions } from "./connections.wgsl.js";
import { type ObservedShape, observeFunctions } from "./observed.wgsl.js";
import { doFunctions } from "./operations/do.wgsl.js";
import { storeFunctions } from "./store.wgsl.js";
import { counterFunctions, entryFunctions, eventFunctions, flags, neuronWords, nowhere, queueFunctions, underwayFields, whatFunctions } from "./underway.wgsl.js"; // biome-ignore format: one line

export interface NeuronsShape extends SolverShape, Omit<ConnectionShape, "selfEdges"> {
  workgroupSize: number;
  affineEvent: boolean;
  /** States that are kept at grid points. */
  observed?: ObservedShape | undefined;
}

export function forwardNeurons(shape: NeuronsShape, label: string) {
  const { states, several, ports } = shape;
  const port = ports > 1;
  const inputs = shape.arrivals + shape.sources > 0;
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: {
      ...networkRunFields,
      ...underwayFields,
      /** 1: neurons begin at the cell's start. */
      fresh: "u32",
      /** 1 in the last window. */
      last: "u32",
    },
    bindings: {
      theta: read("array<f32>"),
      connections: read("array<u32>"),
      work: readWrite("array<u32>"),
      entries: readWrite("array<vec4u>"),
      events: readWrite("array<u32>"),
      counters: readWrite("array<atomic<u32>>"),
      observed: shape.observed && read("array<f32>"),
      states: shape.observed && readWrite("array<f32>"),
    },
    body: wgsl`
var<private> own_path: u32;
var<private> sub_end: f32; // where the sub-step at hand ends, if no event comes before

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${locateFunctions({ ...shape, end: "sub_end" })}

${doFunctions(shape)}
${edgeFunctions(shape)}
${storeFunctions({ states, array: "work", type: "u32", at: `(own_path * ${neuronWords(states)}u + field) * K + k` })}
${counterFunctions}
${eventFunctions}
${entryFunctions(shape.states)}
${whatFunctions}
${queueFunctions}
${observeFunctions(shape)}
// What becomes of what is due.
fn arrival(due: Due) -> Jump {
#if ${port}
  var port = edge_port(edge_of_what(due.what));
#if ${inputs}
  if (due.what < at_once_edge) { port = agenda_port(due.what); }
#endif
  return deliver(bitcast<f32>(due.weight), port);
#else
  return deliver(bitcast<f32>(due.weight), 0u);
#endif
}

// Keeps an event of neuron k; false where there is no room.
fn kept(step: u32, place: f32, k: u32, event: u32, i: u32) -> bool {
  let n = atomicAdd(&counters[counter_at(events_counter, i)], 1u);
  if (n >= run.room) {
    atomicOr(&counters[counter_at(flags_counter, i)], ${flags.record}u);
    return false;
  }
  var begin = ${nowhere};
  if (cell_emits(event)) {
    begin = atomicAdd(&counters[counter_at(entries_counter, i)], row_start(k + 1u) - row_start(k));
#if ${several}
    atomicAdd(&counters[counter_at(spikes_counter, i)], 1u);
#endif
  }
#if ${several}
  if (cell_ends(event)) { atomicOr(&counters[counter_at(flags_counter, i)], ${flags.terminal}u); }
#endif
  let at = event_at(0u, n, i);
  events[at] = step;
  events[at + 1u] = bitcast<u32>(place);
  events[at + 2u] = ${several ? "k | (event << 24u) | select(0u, 0x80000000u, cell_ends(event))" : "k"};
  events[at + 3u] = begin;
  return true;
}

fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = id.x;
  let i = id.y + id.z * groups.y;
  if (k >= K || i >= run.paths) { return; }
  let path = run.first_path + i;
  own_path = i;
  load_shared(i);
  load_parameters(k);
  var y = load_state(0u, k);
  var drawn = load_word(${states}u, k);
  if (run.fresh == 1u) {
    y = ${startedFrom(shape, "cell_start(event_uniform(path, k, 0u))", "k")};
    drawn = 0u;
    ${shape.observed ? "observe(y, 0u, k, i);" : ""}
  }

  var step = run.step_begin;
  if (atomicLoad(&counters[counter_at(over_counter, i)]) > 0u) { step = run.step_end; }
  while (step < run.step_end) {
    let head = heads_at(step % run.ring, i) + k;
    let first = work[head];
    var begun = Queue(never, never, never, never, 0u, 0u, false);
    if (first > 0u) {
      work[head] = 0u;
      begun = looked(first, 0u, 0u, i);
    }
    let z = draw_noise(path, step, k);
    let current = current_at(step, k);
    y = ${atGrid(shape, "y", "0.0f", "step", "k")};
    var rho = 0.0f;
    var more = true;
    for (var queue = begun; more; queue = after(queue, i)) {
      let due = queue.due_0;
      more = due.place != nothing;
      sub_end = select(1.0f, bitcast<f32>(due.place), more);
      var trial = reach(Start(y, z, rho, current), sub_end);
      // Its own events before, one after the other.
      var fires = crosses(y, trial, z, rho, current);
      while (fires) {
        let place = max(locate(y, trial, z, rho, current), 1e-7f);
        fires = place < sub_end || (place <= 1.0f && !more);
        if (fires) {
          let s = Start(y, z, rho, current);
          let event = ${several ? "cell_which(reach(s, place))" : "0u"};
          drawn += uniforms_of(event);
          let room = kept(step, place, k, event, i);
          y = undergo(s, place, fire(uniform_of(path, k, drawn, event), event));
          rho = place;
          trial = reach(Start(y, z, rho, current), sub_end);
          fires = room && crosses(y, trial, z, rho, current);
        }
      }
      y = trial;
      rho = sub_end;
      if (more) { y = jumped(trial, arrival(due)); }
    }
    y = kicked(y, z);
    step += 1u;
    ${shape.observed ? "observe(y, step, k, i);" : ""}
  }

  store_state(0u, k, y);
  store_word(${states}u, k, drawn);
  if (run.last == 1u && state_not_finite(y)) { atomicOr(&counters[counter_at(flags_counter, i)], ${flags.notFinite}u); }
}
`,
  });
}
