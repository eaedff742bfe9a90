/**
 * Forward solve of a network, over a window of grid steps.
 *
 * A thread advances one path. In each step it tries every neuron to the end of the step; while any of them crosses its
 * event function, it takes the earliest event of the network, fires that neuron, brings its targets to that time,
 * lets them receive, and tries those again: no other neuron's sub-step is split.
 *
 * Reads: parameters, connections. Reads and writes: the path's work fields (two banks of states, one read and one
 * written in each step, by turns; spikes fired; place in the step; place of the next event), the spike record, the
 * status counters, among them the longest tape that a window will need; states at grid points where a plan observes them.
 */

import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { recordFunctions } from "../shared/record.wgsl.js";
import { networkRunFields } from "../shared/run.js";
import { atGrid } from "../substep/grid-states.wgsl.js";
import { startedFrom } from "../substep/initial.wgsl.js";
import { locateFunctions } from "../substep/locate.wgsl.js";
import { noiseNames, type SolverShape, solverFunctions } from "../substep/solver.wgsl.js";
import { type ConnectionShape, connectionFunctions, isSelective } from "./connections.wgsl.js";
import { dueFunctions, dueWords } from "./delays.wgsl.js";
import { type ObservedShape, observeFunctions } from "./observed.wgsl.js";
import { doFunctions } from "./operations/do.wgsl.js";
import { pathField, startFunctions, storeFunctions } from "./store.wgsl.js";

export interface NetworkShape extends SolverShape, ConnectionShape {
  states: number;
  workgroupSize: number;
  /** Words of a spike in the record. */
  recordWords: number;
  /** States that are kept at grid points. */
  observed?: ObservedShape | undefined;
}

export interface ForwardNetworkShape extends NetworkShape {
  /** Whether the event function is affine in the state, so that euler locates events in closed form. */
  affineEvent: boolean;
}

/** Fields per neuron of the forward work buffer, and where the fields per path begin. */
export const networkFields = (states: number, noise: number, several = false, delays = 0) => ({
  bank: (parity: number) => parity * states,
  fired: 2 * states,
  place: 2 * states + 1,
  next: 2 * states + 2,
  noise: 2 * states + 3,
  perNeuron: 2 * states + 3 + noise,
  /** Per path, after all neurons: events so far, whether the path has stopped, where not all are spikes those that are, and with delays what is under way. */
  perPath: (several ? 3 : 2) + dueWords(delays),
});

export function forwardNetwork(shape: ForwardNetworkShape, label: string) {
  const { states } = shape;
  const { several } = shape;
  const f = networkFields(states, noiseNames(shape).length, several, shape.delays?.count);
  const delayed = shape.delays !== undefined;
  /** Spikes of sources, from which delays go on. */
  const sent = delayed && shape.sources > 0;
  const selective = isSelective(shape);
  /** Whether something arrives in the step that no neuron has yet to send. */
  const awaited = delayed ? "(awaits(at, step, i) || due.step == step)" : "awaits(at, step, i)";
  /** Euler with an affine event function locates at once. */
  const atOnce = !shape.smooth && shape.affineEvent;
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: {
      ...networkRunFields,
      /** Spikes that the record of a path has room for. */
      slots: "u32",
      /** 1: writes the start of every path, before the first window. */
      fresh: "u32",
      /** 1 in the last window. */
      last: "u32",
    },
    bindings: {
      theta: read("array<f32>"),
      connections: read("array<u32>"),
      work: readWrite("array<u32>"),
      record: readWrite("array<u32>"),
      status: readWrite("array<atomic<u32>>"),
      observed: shape.observed && read("array<f32>"),
      states: shape.observed && readWrite("array<f32>"),
    },
    body: wgsl`

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${locateFunctions(shape)}

${doFunctions(shape)}
${connectionFunctions(shape)}
${recordFunctions({ words: shape.recordWords, writes: true, events: several })}
${observeFunctions(shape)}
var<private> own_path: u32;
${storeFunctions({ states, array: "work", type: "u32", at: pathField })}
${startFunctions(shape, f)}

${shape.delays ? dueFunctions(shape.delays, (index) => `work[path_word(${several ? 3 : 2}u + ${index}, i)]`, shape.sources > 0) : ""}
const none = 2.0f;      // in place of an event's place in the step
const unlocated = 1.5f; // there is one, its place not yet known

fn path_word(word: u32, i: u32) -> u32 { return (${f.perNeuron}u * K + word) * run.paths + i; }

// Tries neuron k to the end of the step; its parameters are loaded.
fn attempt(s: Start, bank: u32, k: u32) -> bool {
  let trial = reach(s, 1.0f);
  let crossed = crosses(s.y, trial, s.z, s.rho, s.current);
  store_state(bank, k, kicked(trial, s.z));
  let next = ${atOnce ? "locate(s.y, trial, s.z, s.rho, s.current)" : "unlocated"};
  store_number(${f.next}u, k, select(none, next, crossed));
  return crossed;
}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  own_path = i;
  load_shared(i);

  if (run.fresh == 1u) {
    for (var k = 0u; k < K; k += 1u) {
      load_parameters(k);
      store_state(0u, k, ${startedFrom(shape, "cell_start(event_uniform(path, k, 0u))", "k")});
      ${shape.observed ? "observe(load_state(0u, k), 0u, k, i);" : ""}
      store_word(${f.fired}u, k, 0u);
    }
    work[path_word(0u, i)] = 0u;
    work[path_word(1u, i)] = 0u;
#if ${several}
    work[path_word(2u, i)] = 0u;
#endif
#if ${delayed}
    clear_due(i);
#endif
  }

  var at = cursor_at(work[path_word(0u, i)], i);
  var ended = work[path_word(1u, i)] != 0u;
  var spikes = ${several ? "work[path_word(2u, i)]" : "at.events"};
#if ${delayed}
  var due = next_due(i);
#endif
  var overflow = false;
  var saturated = false;
  var taped = 0u;

  for (var step = run.step_begin; step < run.step_end && !ended; step += 1u) {
    let from_bank = (step & 1u) * ${states}u;
    let to_bank = ${states}u - from_bank;
    var pending = 0u; // neurons with an event still to come in this step
    taped += K;

    for (var k = 0u; k < K; k += 1u) {
      load_parameters(k);
      store_number(${f.place}u, k, 0.0f);
      let z = draw_noise(path, step, k);
      store_noise(k, z);
      if (attempt(Start(${atGrid(shape, "load_state(from_bank, k)", "0.0f", "step", "k")}, z, 0.0f, current_at(step, k)), to_bank, k)) { pending += 1u; }
    }

    var busy = pending > 0u || ${awaited};
    if (busy) {
      loop {
      // The earliest event among those located, and the first of those that are not.
      var first = K;
      var earliest = none;
      var to_locate = K;
      var left = 0u;
      for (var k = 0u; k < K; k += 1u) {
        let next = load_number(${f.next}u, k);
        if (next == unlocated) {
          to_locate = min(to_locate, k);
          left += 1u;
        } else if (next < earliest) {
          earliest = next;
          first = k;
        }
      }
#if ${!atOnce}
      if (to_locate < K) {
        let k = to_locate;
        let s = take(from_bank, step, k);
        let place = locate(s.y, load_state(to_bank, k), s.z, s.rho, s.current);
        store_number(${f.next}u, k, place);
        left -= 1u;
        if (place < earliest || (place == earliest && k < first)) {
          earliest = place;
          first = k;
        }
      }
#endif

      if (left == 0u) { // else there are more to locate before it is known which comes first
#if ${delayed}
        let is_due = due.step == step && due.place <= earliest;
        let arrival = arrives_by(at, step, select(earliest, due.place, is_due), i);
        let late = is_due && !arrival; // a spike arrives after its delay
#else
        let arrival = arrives_by(at, step, earliest, i);
        let late = false;
#endif
        overflow = ${sent ? "(!arrival || sends(at.inputs))" : "!arrival"} && at.events >= run.slots;
        var event = 0u;
        if (${several ? "!arrival && !late" : "false"}) { event = cell_which(reach(take(from_bank, step, first), earliest)); }
        let fate = fate_of(event, spikes, run.max_spikes);
        let fires = !arrival && !late && !overflow;
        saturated = fires && fate.saturates;
        ended = overflow || (fires && fate.ends);
        if (!overflow) {
          var what = happening(at, arrival, earliest, first, event, fate.emits && !ended);
#if ${delayed}
          if (late) { what = arrive(due, at.events, i); }
#endif
#if ${sent}
          if (is_sent_by_source(what)) {
            record_spike(at.events, i, step, what.place, what.neuron | (source_event << 24u));
            send(at.events, what.neuron, i);
          }
#endif
          var u = 1.0f;
          if (fires) {
            let drawn = load_word(${f.fired}u, first) + uniforms_of(event);
            u = uniform_of(path, first, drawn, event);
            store_word(${f.fired}u, first, drawn);
            record_spike(at.events, i, step, earliest, record_word(first, event, ended));
            spikes += select(0u, 1u, fate.emits);
            ${delayed ? "if (fate.emits) { send(at.events, first, i); }" : ""}
          }
          var item = 0u;
          loop {
            ${selective ? "if (takes_part(what, item)) {" : ""}
            let j = neuron_of(what, item);
            let s = take(from_bank, step, j);
            let y = undergo(s, what.place, jump_of(what, item, u));
            store_state(from_bank, j, y);
            store_number(${f.place}u, j, what.place);
            if (load_number(${f.next}u, j) < none) { pending -= 1u; }
            if (attempt(Start(y, s.z, what.place, s.current), to_bank, j)) { pending += 1u; }
            ${selective ? "taped += 1u; }" : ""}
            item += 1u;
            continuing { break if item >= what.items; }
          }
          at = past(at, what);
          ${delayed ? "due = next_due(i);" : ""}
          ${selective ? "" : "taped += what.items;"}
        }
      }
      busy = !ended && (pending > 0u || ${awaited});
      continuing { break if !busy; }
      }
    }
#if ${shape.observed !== undefined}
    if (ended) {
      for (var k = 0u; k < K; k += 1u) { hold(load_state(from_bank, k), step, k, i); }
    } else if (observed_time(step + 1u) > 0u) {
      for (var k = 0u; k < K; k += 1u) { observe(load_state(to_bank, k), step + 1u, k, i); }
    }
#endif
  }

  let was_ended = work[path_word(1u, i)] != 0u;
  work[path_word(0u, i)] = at.events;
  work[path_word(1u, i)] = select(0u, 1u, ended);
#if ${several}
  work[path_word(2u, i)] = spikes;
#endif
  if (!was_ended) { atomicMax(&status[6], taped); }
  if (!was_ended && (ended || run.last == 1u)) {
    atomicMax(&status[0], at.events);
#if ${several}
    atomicMax(&status[7], spikes + 1u);
#endif
    if (overflow) { atomicAdd(&status[1], 1u); }
    if (saturated) { atomicAdd(&status[2], 1u); }
    var finite = true;
    let bank = (run.step_end & 1u) * ${states}u;
    for (var k = 0u; k < K; k += 1u) {
      if (state_not_finite(load_state(bank, k))) { finite = false; }
    }
    if (!finite) { atomicAdd(&status[3], 1u); }
  }
}
`,
  });
}
