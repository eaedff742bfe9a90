/**
 * Backward recursion of a network, over one window of grid steps.
 *
 * A thread takes one path: it replays the window from its checkpoint (copied into the work fields), with the events in
 * the order and at the places that the spike record says, keeping every neuron's state before each sub-step on a tape;
 * then undoes the window from its end: last sub-steps of the step, then its events from last to first.
 *
 * Reads: parameters, connections, spike record, cotangents of spike times and of states that a plan observes. Reads and writes: work fields (states, places,
 * spikes fired; adjoint of states and places, carried between windows), tape, and the path's gradient rows.
 */

import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import {
  addPlaced,
  addTime,
  flushFunction,
  type GradientTable,
  gradientRows,
  partAccumulators,
} from "../shared/gradient-rows.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { recordFunctions } from "../shared/record.wgsl.js";
import { networkRunFields } from "../shared/run.js";
import { atGrid } from "../substep/grid-states.wgsl.js";
import { clearStart, keepInitial } from "../substep/initial.wgsl.js";
import { reverseFunctions } from "../substep/reverse.wgsl.js";
import { solverFunctions } from "../substep/solver.wgsl.js";
import { connectionFunctions, eventBarFunctions, isSelective, replayFunctions } from "./connections.wgsl.js";
import type { NetworkShape } from "./forward-network.wgsl.js";
import { observedCotangents, spikeCotangentsFrom } from "./observed.wgsl.js";
import { doFunctions } from "./operations/do.wgsl.js";
import { undoFunctions } from "./operations/undo.wgsl.js";
import { pathField, storeFunctions, undoneFunction } from "./store.wgsl.js";
import { tapeFunctions } from "./tape.wgsl.js";

export interface BackwardNetworkShape extends NetworkShape, GradientTable {}

/** Fields per neuron of the backward work buffer; per path: spikes before the window, and in all. */
export const backwardFields = (states: number) => ({
  state: 0,
  fired: states,
  place: states + 1,
  adjoint: states + 2,
  placeBar: 2 * states + 2,
  perNeuron: 2 * states + 3,
  perPath: 2,
});

export function backwardNetwork(shape: BackwardNetworkShape, label: string) {
  const { states, currentRow, weightRows, delayRows, parts } = shape;
  const delayed = shape.delays !== undefined;
  /** Whether there are derivatives by the times at which sources send: a spike's is that of all its arrivals. */
  const timed = shape.timeRows.length > 0;
  /** Passes over connections of another delay, and over a source. */
  const skipped = (item: string): string => (isSelective(shape) ? `if (!takes_part(what, ${item})) { continue; }` : "");
  const f = backwardFields(states);
  /** The adjoint of neuron k at a grid point. */
  const atPoint = (step: string): string => {
    const a = `load_state(${f.adjoint}u, k)`;
    return shape.observed ? `with_observed(${a}, ${step}, k, i)` : a;
  };
  const shared = shape.gradientRows.filter((g) => !g.perNeuron);
  const own = shape.gradientRows.filter((g) => g.perNeuron);
  const { samples, stride, width } = shape.current;
  const currentShared = currentRow >= 0 && samples === 1 && stride === 0;
  const flushed = `${currentRow + 1}u + sample_of(step) * ${width}u${stride ? " + k" : ""}`;
  const currentOwn = currentRow >= 0 && !currentShared ? flushed : undefined;
  const accumulators = [
    ...partAccumulators(parts).map(({ name, row }) => ({ name, at: `${row} * run.paths + i` })),
    ...shared.map((g) => ({ name: `grad_${g.parameter}`, at: `${g.row + 1}u * run.paths + i` })),
    ...(currentShared ? [{ name: "grad_current", at: `${currentRow + 1}u * run.paths + i` }] : []),
  ];
  const rows = gradientRows(shape.carried, shape.entries);
  const tape = {
    states,
    place: true,
    at: `entry * ${states + 1}u * run.tape_paths + (own_path - run.tape_first)`,
    stride: "run.tape_paths",
  };
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: {
      ...networkRunFields,
      /** The tape serves this path and so many from it on. */
      tapeFirst: "u32",
      tapePaths: "u32",
    },
    bindings: {
      theta: read("array<f32>"),
      connections: read("array<u32>"),
      record: read("array<u32>"),
      cotangents: delayed ? readWrite("array<f32>") : read("array<f32>"),
      work: readWrite("array<f32>"),
      tape: readWrite("array<f32>"),
      rows: readWrite("array<f32>"),
    },
    body: wgsl`

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${reverseFunctions(shape)}${rows.functions}

${doFunctions(shape)}
${undoFunctions({ ...shape, weights: weightRows.length > 0, selfEdges: false })}
${connectionFunctions(shape)}
${recordFunctions({ words: shape.recordWords, events: shape.several })}
${replayFunctions(shape)}
${eventBarFunctions(shape.delays, spikeCotangentsFrom(shape.observed))}
${observedCotangents(shape)}
var<private> own_path: u32;
${storeFunctions({ states, array: "work", type: "f32", at: pathField })}
${tapeFunctions(tape)}
${flushFunction(rows, own, shape, currentOwn)}

// Takes neuron k, with its parameters, to its next sub-step, which goes on the tape.
fn take(entry: u32, path: u32, step: u32, k: u32) -> Start {
  load_parameters(k);
  let rho = load_number(${f.place}u, k);
  let y = ${atGrid(shape, `load_state(${f.state}u, k)`, "rho", "step", "k")};
  push(entry, y, rho);
  return Start(y, draw_noise(path, step, k), rho, current_at(step, k));
}

// Takes neuron k, with its parameters, back to a sub-step on the tape.
fn take_back(entry: u32, path: u32, step: u32, k: u32) -> Start {
  load_parameters(k);
  return Start(taped_state(entry), draw_noise(path, step, k), taped_place(entry), current_at(step, k));
}

${undoneFunction(f)}

// Number of spikes of the whole path.
fn total_spikes(i: u32) -> u32 { return bitcast<u32>(work[(${f.perNeuron}u * K + 1u) * run.paths + i]); }

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = run.tape_first + id.x;
  if (id.x >= run.tape_paths || i >= run.paths) { return; }
  let path = run.first_path + i;
  own_path = i;
  load_shared(i);
  let own = played(total_spikes(i), i);

  // Replay.
  var entry = 0u;
  var at = cursor_at(bitcast<u32>(work[${f.perNeuron}u * K * run.paths + i]), i);
  var step = run.step_begin;
  // A path that stopped at its last allowed spike goes no further than that spike.
  var stopped = is_over(at, own);
  while (step < run.step_end && !stopped) {
    for (var k = 0u; k < K; k += 1u) { store_number(${f.place}u, k, 0.0f); }
    while (!stopped && happens_in(at, own, step, i)) {
      let what = next_of(at, own, step, i);
      var u = 1.0f;
      if (is_event(what)) {
        let drawn = load_word(${f.fired}u, what.neuron) + uniforms_of(what.event);
        store_word(${f.fired}u, what.neuron, drawn);
        u = uniform_of(path, what.neuron, drawn, what.event);
      }
      for (var item = 0u; item < what.items; item += 1u) {
        ${skipped("item")}
        let j = neuron_of(what, item);
        store_state(${f.state}u, j, undergo(take(entry, path, step, j), what.place, jump_of(what, item, u)));
        entry += 1u;
        store_number(${f.place}u, j, what.place);
      }
      at = past(at, what);
      stopped = is_over(at, own);
    }
    if (!stopped) {
      for (var k = 0u; k < K; k += 1u) {
        store_state(${f.state}u, k, finish(take(entry, path, step, k)));
        entry += 1u;
      }
      step += 1u;
    }
  }

  // Sweep. Accumulators go on from where the last window left them, so that the order of additions does not depend on
  // the windows.
${rows.loadAll(accumulators)}
  // After the last step comes the step in which the path stopped, where it did.
  var whole = !stopped;
#if ${shape.observed !== undefined}
  if (stopped && entry > 0u) {
    for (var k = 0u; k < K; k += 1u) { store_state(${f.adjoint}u, k, with_held(load_state(${f.adjoint}u, k), step, k, i)); }
  }
#endif
  if (whole) { step -= min(step, 1u); }
  while (entry > 0u) {
    if (whole) {
      for (var r = K; r > 0u; r -= 1u) {
        let k = r - 1u;
        entry -= 1u;
        let a = ${atPoint("step + 1u")};
        let c = undo_finish(take_back(entry, path, step, k), a);
        store_undone(c, step, k, i);
      }
    }
    while (entry > 0u && happened_in(at, step, i)) {
      let what = last_of(at, own, step, i);
      at = before(at, what);
      var time_bar = ${delayed || timed ? "0.0f" : "event_bar(at.events, i)"};
      ${delayed || timed ? `if (is_event(what)${delayed && timed ? " || is_sent_by_source(what)" : ""}) { time_bar = event_bar(at.events, i); }` : ""}
      // Who received: the targets, or whom an input spike reached.
      for (var item = what.items; item > first_receiver(what); item -= 1u) {
        ${skipped("item - 1u")}
        let j = neuron_of(what, item - 1u);
        let jump = jump_of(what, item - 1u, 1.0f);
        entry -= 1u;
        let a = load_state(${f.adjoint}u, j);
        let c = undo_deliver(take_back(entry, path, step, j), what.place, jump, a);
#if ${weightRows.length > 0}
        if (is_by_edges(what)) {
          let place = weight_place(edge_of(what, item - 1u));
          ${addPlaced(rows, { placed: weightRows, count: shape.weights }, "place", "c.weight")}
        }
#endif
        time_bar += load_number(${f.placeBar}u, j);
        time_bar += c.length;
        store_undone(c, step, j, i);
      }
#if ${delayed}
      // The time of an arrival is that of its spike, and the delay.
      if (what.delay != at_once) {
        add_to_event(what.cause, i, time_bar);
#if ${delayRows.length > 0}
        ${addPlaced(rows, { placed: delayRows, count: shape.delays?.count ?? 0 }, "what.delay", "time_bar")}
#endif
      }
#endif
#if ${timed}
      if (is_sent_by_source(what)) { ${addTime(rows, shape, { sender: "what.neuron", entry: "entry_of(what.input, i)" }, "time_bar")} }
#endif
      if (is_event(what)) {
        let k = what.neuron;
        entry -= 1u;
        let drawn = load_word(${f.fired}u, k);
        store_word(${f.fired}u, k, drawn - uniforms_of(what.event));
        time_bar += load_number(${f.placeBar}u, k);
        let jump = fire(uniform_of(path, k, drawn, what.event), what.event);
        let a = load_state(${f.adjoint}u, k);
        let c = undo_fire(take_back(entry, path, step, k), what.place, jump, time_bar, a);
        store_undone(c, step, k, i);
      }
    }
    whole = true;
    step -= min(step, 1u);
  }

  if (run.step_begin == 0u) {
    for (var k = 0u; k < K; k += 1u) {
      load_parameters(k);
      ${shape.initialRows.length > 0 ? `let d = ${atPoint("0u")}; ${keepInitial(shape, shape.initialRows, { d: "d", neuron: "k" })}` : ""}
      cell_start_vjp(event_uniform(path, k, 0u), ${clearStart(shape, shape.initialRows.length > 0 ? "d" : atPoint("0u"), "k")});
      flush(0u, k, i);
    }
  }
${rows.storeAll(accumulators)}
}
`,
  });
}
