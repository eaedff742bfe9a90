/**
 * Backward recursion of one neuron per path, over one window of sub-steps.
 *
 * A thread takes one path: it replays up to `budget` sub-steps from the window's checkpoint, with the events where the
 * spike record says (never located anew), keeping the state before each and its driver path on a tape; then sweeps them
 * from last to first. The driver path is kept because drawing it again takes longer than reading it. Both go in bursts, as
 * the forward kernel does: what an event takes is executed once a burst. Without bursts (on a processor) all lanes are at
 * the same entry of the tape, so that an entry is in one piece.
 *
 * Reads: parameters, checkpoints, spike record, cotangents of spike times and of states that a plan observes. Reads and writes: tape, adjoint (state and
 * time, carried between windows), and the path's gradient rows, which it adds to.
 */

import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { gradientRows, type InitialRow } from "../shared/gradient-rows.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { recordFunctions, recordWords } from "../shared/record.wgsl.js";
import { atGrid, clearGrid } from "../substep/grid-states.wgsl.js";
import { clearStart, keepInitial, startedFrom } from "../substep/initial.wgsl.js";
import { reverseFunctions } from "../substep/reverse.wgsl.js";
import { solverFunctions } from "../substep/solver.wgsl.js";
import { type ForwardSingleShape, singleCheckpoint, singleRunFields, singleTapeWords } from "./forward-single.wgsl.js";
import { eachNumber, stateOf } from "./numbers.wgsl.js";
import { observedCotangents, spikeCotangentsFrom } from "./observed.wgsl.js";
import { doFunctions } from "./operations/do.wgsl.js";
import { undoFunctions } from "./operations/undo.wgsl.js";
import { tapeFunctions } from "./tape.wgsl.js";

export interface BackwardSingleShape extends ForwardSingleShape {
  /** Requested parameters: index in the cell, and gradient row (row 0 of the table is the value's). */
  gradientRows: readonly { parameter: number; row: number }[];
  /** Gradient rows in all. */
  entries: number;
  /** First gradient row of the current, or -1. */
  currentRow: number;
  /** Rows of what samples start from. */
  initialRows: readonly InitialRow[];
}

export function backwardSingle(shape: BackwardSingleShape, label: string) {
  const withCurrent = shape.currentRow >= 0;
  const set = atGrid(shape, "y", "rho", "step", "0u");
  const sampled = shape.current.samples > 1;
  const rows = gradientRows(shape.carried, shape.entries);
  const accumulators = [
    ...shape.gradientRows.map((g) => ({ name: `grad_${g.parameter}`, at: `${g.row + 1}u * run.paths + i` })),
    ...(withCurrent && !sampled ? [{ name: "grad_current", at: `${shape.currentRow + 1}u * run.paths + i` }] : []),
  ];
  /** Numbers of an entry of the tape for all lanes of a workgroup. */
  const entry = singleTapeWords(shape) * shape.workgroupSize;
  const tape = {
    states: shape.states,
    noise: shape,
    at: `tape_at + entry * ${entry}u`,
    stride: `${shape.workgroupSize}u`,
  };
  /** What an event at the end of a sub-step was, taken back. */
  const atEvent = (entry: string): string => `if (at_event) {
      let begin = take_back(${entry}, last, step);
      let h = rho - begin.rho;
      let s = substep_stages(begin.y, begin.z, begin.rho, h, begin.current);
      event_bar = time_bar + cotangents[${spikeCotangentsFrom(shape.observed)}count * run.paths + i];
      let which = record_event(count, i);
      a = undo_event(s, begin, h, uniform_of(path, 0u, drawn, which), which, event_bar, a);
      drawn -= uniforms_of(which);
    }`;
  /** The sub-step itself. */
  const undone = (entry: string): string => wgsl`step -= select(1u, 0u, at_event);
      let begin = take_back(${entry}, last, step);
      let h = select(1.0f, rho, at_event) - begin.rho;
      let s = substep_stages(begin.y, begin.z, begin.rho, h, begin.current);
      ${shape.observed ? "if (!at_event) { a = with_observed(a, step + 1u, 0u, i); }" : ""}
      if (!at_event) { a = unkicked(s.end, begin.z, a); }
      let r = substep_reverse(s, begin.y, begin.z, begin.rho, h, begin.current, a);
      a = ${clearGrid(shape, "r.y", "begin.rho")};
      time_bar = start_bar(begin.rho, r.start, select(-r.length, event_bar, at_event));
      rho = begin.rho;
#if ${withCurrent && sampled}
      ${rows.flush("grad_current", `(${shape.currentRow + 1}u + sample_of(step)) * run.paths + i`)}
#endif`;
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: singleRunFields,
    bindings: {
      theta: read("array<f32>"),
      checkpoints: read("array<u32>"),
      record: read("array<u32>"),
      cotangents: read("array<f32>"),
      tape: readWrite("array<f32>"),
      adjoint: readWrite("array<f32>"),
      rows: readWrite("array<f32>"),
    },
    body: wgsl`

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${reverseFunctions(shape)}
${singleCheckpoint(shape)}${rows.functions}

${doFunctions(shape)}
${undoFunctions({ ...shape, weights: false, selfEdges: false })}
${recordFunctions({ words: shape.several ? recordWords.neurons : recordWords.oneNeuron, events: shape.several })}
${observedCotangents(shape)}
var<private> tape_at: u32; // where the path's tape begins
${tapeFunctions(tape)}

const never = 0xffffffffu;

struct Event { step: u32, rho: f32 }

// Event number k of n; never where there is none.
fn load_event(k: u32, n: u32, i: u32) -> Event {
  var event = Event(never, 0.0f);
  if (k < n) { event = Event(record_step(k, i), record_place(k, i)); }
  return event;
}

// Back to a sub-step on the tape, where \`last\` is the last event before its end: it starts there, or at a grid point.
fn take_back(entry: u32, last: Event, step: u32) -> Start {
  let rho = select(0.0f, last.rho, last.step == step);
  return Start(taped_state(entry), taped_noise(entry), rho, current_at(step, 0u));
}

// Whether sub-steps follow: to the last spike, and on to the last step unless the path stopped there.
fn goes_on(count: u32, total: u32, step: u32, end_step: u32) -> bool {
  return (count < total) | ((end_step != never) & (step < end_step));
}

fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  load_shared(i);
  load_parameters(0u);

  // Where the window begins, and where it ended: its step, and spikes by then.
  var y: State;
  var rho = 0.0f;
  var step = 0u;
  var count = 0u;
  var drawn = 0u; // events that took a uniform
  if (run.fresh == 1u) {
    y = ${startedFrom(shape, "cell_start(event_uniform(path, 0u, 0u))", "0u")};
  } else {
    y = load_state(run.checkpoint_begin, i);
    rho = bitcast<f32>(load_word(run.checkpoint_begin, 0u, i));
    step = load_word(run.checkpoint_begin, 1u, i);
    count = load_word(run.checkpoint_begin, 2u, i);
    drawn = ${shape.several ? "load_word(run.checkpoint_begin, 4u, i)" : "count"};
  }
  let end_step = load_word(run.checkpoint_end, 1u, i);
  let total = load_word(run.checkpoint_end, 2u, i);
  // A workgroup's part of the tape is in one piece, which a cache holds.
  tape_at = group.x * (run.budget * ${entry}u) + local.x;

  // Replay.
  var taped = 0u;
  var more = goes_on(count, total, step, end_step);
#if ${shape.burst > 1}
  if (more) { loop {
    let event = load_event(count, total, i);
    let to = select(end_step, never, count < total);
    var at_event = false;
    let stop = taped + ${shape.burst}u;
    loop {
      let z = draw_noise(path, step, 0u);
      ${set === "y" ? "" : `y = ${set};`}
      at_event = step == event.step;
      let h = select(1.0f, event.rho, at_event) - rho;
      push(taped, y, z);
      taped += 1u;
      let end = advance(y, z, rho, h, current_at(step, 0u));
      y = state_select(kicked(end, z), end, at_event);
      rho = select(0.0f, event.rho, at_event);
      step += select(1u, 0u, at_event);
      continuing { break if at_event | (step >= to) | (taped >= stop); }
    }
    if (at_event) {
      count += 1u;
      let which = record_event(count - 1u, i);
      drawn += uniforms_of(which);
      y = jumped(y, fire(uniform_of(path, 0u, drawn, which), which));
    }
    more = goes_on(count, total, step, end_step);
    continuing { break if !more; }
  } }
#else
  if (more) {
    var event = load_event(count, total, i);
    var z = draw_noise(path, step, 0u);
    for (var entry = 0u; ; entry += 1u) {
      let z_next = draw_noise(path, step + 1u, 0u);
      ${set === "y" ? "" : `y = ${set};`}
      let at_event = step == event.step;
      let h = select(1.0f, event.rho, at_event) - rho;
      push(entry, y, z);
      taped += 1u;
      let end = advance(y, z, rho, h, current_at(step, 0u));
      if (at_event) {
        count += 1u;
        let which = record_event(count - 1u, i);
        drawn += uniforms_of(which);
        y = jumped(end, fire(uniform_of(path, 0u, drawn, which), which));
        rho = event.rho;
        event = load_event(count, total, i);
      } else {
        y = kicked(end, z);
        rho = 0.0f;
        step += 1u;
        z = z_next;
      }
      more = goes_on(count, total, step, end_step);
      if (!more) { break; }
    }
  }
#endif

  // Sweep. Accumulators go on from where the last window left them, so that the order of additions does not depend on
  // the windows.
${rows.loadAll(accumulators)}
  var a = ${stateOf(shape.states, (s) => `adjoint[${s}u * run.paths + i]`)};
  var time_bar = adjoint[${shape.states}u * run.paths + i];
  ${shape.observed ? "if (taped > 0u && end_step == never) { a = with_held(a, step, 0u, i); }" : ""}
#if ${shape.burst > 1}
  if (taped > 0u) { loop {
    // The sub-step that ends here: at an event, or at a grid point.
    var at_event = rho > 0.0f;
    count -= select(0u, 1u, at_event);
    let last = load_event(count - 1u, count, i); // the event before it
    var event_bar = 0.0f;
    ${atEvent("taped - 1u")}
    let stop = max(taped, ${shape.burst}u) - ${shape.burst}u;
    loop {
      taped -= 1u;
      ${undone("taped")}
      at_event = false;
      continuing { break if (rho > 0.0f) | (taped <= stop); }
    }
    continuing { break if taped == 0u; }
  } }
#else
  var last = load_event(count - 1u, count, i); // the event before the sub-step that ends here
  for (var left = run.budget; left > 0u; left -= 1u) {
    let entry = left - 1u;
    if (entry < taped) {
      let at_event = rho > 0.0f;
      var event_bar = 0.0f;
      if (at_event) {
        count -= 1u;
        last = load_event(count - 1u, count, i);
      }
      ${atEvent("entry")}
      ${undone("entry")}
    }
  }
#endif

${eachNumber(shape.states, (s) => `adjoint[${s}u * run.paths + i] = a.y${s};`)}
  adjoint[${shape.states}u * run.paths + i] = time_bar;
  if (run.fresh == 1u) {
    ${shape.observed ? "a = with_observed(a, 0u, 0u, i);" : ""}
    ${keepInitial(shape, shape.initialRows, { d: "a", neuron: "0u" })}
    cell_start_vjp(event_uniform(path, 0u, 0u), ${clearStart(shape, "a", "0u")});
  }
${rows.storeAll(accumulators)}
}
`,
  });
}
