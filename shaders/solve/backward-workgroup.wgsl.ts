/**
 * Backward recursion of a network, a path per workgroup, over one window of grid steps.
 *
 * The lanes of a workgroup share the neurons of one path. They draw the window's noise onto the tape, unless the forward
 * run kept it; replay the window
 * from its checkpoint, with the events in the order and at the places that the spike record says, keeping on the tape
 * the state before each sub-step; then undo it from its end: last sub-steps of a step over the neurons, its events from
 * last to first, each over the targets and then the neuron that fired.
 *
 * Reads: parameters, connections, spike record, cotangents of spike times and of states that a plan observes, checkpoints. Reads and writes: what is carried
 * from window to window (adjoint of states and places), tape, and the path's gradient rows.
 */

import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { addPlaced, addTime, flushFunction, gradientRows, partAccumulators } from "../shared/gradient-rows.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { recordFunctions } from "../shared/record.wgsl.js";
import { atGrid } from "../substep/grid-states.wgsl.js";
import { clearStart, keepInitial, startedFrom } from "../substep/initial.wgsl.js";
import { reverseFunctions } from "../substep/reverse.wgsl.js";
import { noiseNames, solverFunctions } from "../substep/solver.wgsl.js";
import type { BackwardNetworkShape } from "./backward-network.wgsl.js";
import { connectionFunctions, eventBarFunctions, isSelective, replayFunctions } from "./connections.wgsl.js";
import {
  eachNeuron,
  keptNoise,
  type WorkgroupShape,
  workgroupCheckpoint,
  workgroupRunFields,
} from "./forward-workgroup.wgsl.js";
import { eachNoise, noiseOf } from "./noise.wgsl.js";
import { eachNumber } from "./numbers.wgsl.js";
import { observedCotangents, spikeCotangentsFrom } from "./observed.wgsl.js";
import { doFunctions } from "./operations/do.wgsl.js";
import { undoFunctions } from "./operations/undo.wgsl.js";
import { storeFunctions, undoneFunction } from "./store.wgsl.js";
import { tapeFunctions } from "./tape.wgsl.js";

export interface BackwardWorkgroupShape extends WorkgroupShape, BackwardNetworkShape {}

/** Words per neuron while a window is undone; the first of them are carried from window to window. */
export const backwardWorkgroupFields = (states: number) => ({
  adjoint: 0,
  placeBar: states,
  carried: states + 1,
  state: states + 1,
  fired: 2 * states + 1,
  place: 2 * states + 2,
  perNeuron: 2 * states + 3,
});

/** Words of a path's tape: a state and its place for each entry, and the noise of each step and neuron. */
export const tapeWords = (states: number, noise: number, entries: number, steps: number, neurons: number): number =>
  (states + 1) * entries + noise * steps * neurons;

export function backwardWorkgroup(shape: BackwardWorkgroupShape, label: string) {
  const { states, neurons, workgroupSize, currentRow, weightRows, parts } = shape;
  const f = backwardWorkgroupFields(states);
  /** The adjoint of neuron k at a grid point. */
  const atPoint = (step: string): string => {
    const a = `load_state(${f.adjoint}u, k)`;
    return shape.observed ? `with_observed(${a}, ${step}, k, i)` : a;
  };
  const noise = noiseNames(shape).length;
  const shared = shape.gradientRows.filter((g) => !g.perNeuron);
  const own = shape.gradientRows.filter((g) => g.perNeuron);
  const { samples, stride, width } = shape.current;
  const currentOwn = currentRow >= 0 && stride > 0;
  const currentShared = currentRow >= 0 && stride === 0;
  /** Shared by all neurons, and another row for each sample: lanes add theirs up whenever the sample changes. */
  const bySample = currentShared && samples > 1;
  const lanePart = (name: string): string => (shape.carried ? `${name} + low_${name}` : name);
  const sums = [
    ...partAccumulators(parts),
    ...shared.map((g) => ({ name: `grad_${g.parameter}`, row: `${g.row + 1}u` })),
    ...(currentShared ? [{ name: "grad_current", row: `${currentRow + 1}u${bySample ? " + sample" : ""}` }] : []),
  ];
  const rows = gradientRows(shape.carried, shape.entries);
  // Rows that lanes add to by turns, and fields in storage, must be seen by the other lanes.
  const storageShared = !shape.inWorkgroup || own.length > 0 || currentOwn || parts.some((p) => p.perNeuron);
  const weightAdd = (place: string): string =>
    `let place = weight_place(${place}); ${addPlaced(rows, { placed: weightRows, count: shape.weights }, "place", "c.weight")}`;
  const field = "field * K + k";
  const store = shape.inWorkgroup
    ? { states, array: "fields", type: "f32" as const, at: field }
    : { states, array: "carried", type: "f32" as const, at: `fields_at + ${field}` };
  return declareKernel({
    label,
    workgroupSize,
    uniform: {
      ...workgroupRunFields,
      /** Checkpoint at the end of the paths. */
      checkpointLast: "u32",
      /** The tape serves this path and so many from it on, with so many entries each. */
      tapeFirst: "u32",
      tapePaths: "u32",
      tapeEntries: "u32",
    },
    bindings: {
      theta: read("array<f32>"),
      connections: read("array<u32>"),
      record: read("array<u32>"),
      cotangents: read("array<f32>"),
      checkpoints: read("array<u32>"),
      carried: readWrite("array<f32>"),
      tape: readWrite("array<f32>"),
      rows: readWrite("array<f32>"),
    },
    body: wgsl`
#if ${shape.inWorkgroup}
var<workgroup> fields: array<f32, ${f.perNeuron * neurons}>;
#else
var<private> fields_at: u32;
#endif

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${reverseFunctions(shape)}${rows.functions}

${doFunctions(shape)}
${undoFunctions({ ...shape, weights: weightRows.length > 0, selfEdges: shape.selfEdges })}
${connectionFunctions(shape)}
${recordFunctions({ words: shape.recordWords, events: shape.several })}
${replayFunctions(shape)}
${eventBarFunctions(shape.delays, spikeCotangentsFrom(shape.observed))}
${observedCotangents(shape)}
${storeFunctions(store)}
const LANES = ${workgroupSize}u;
${workgroupCheckpoint(shape)}
var<workgroup> parts: array<f32, LANES>;

fn barrier() {
  workgroupBarrier();
#if ${storageShared}
  storageBarrier();
#endif
}

var<private> tape_at: u32; // where the path's tape begins

${tapeFunctions({ states, place: true, at: "tape_at + entry", stride: "run.tape_entries" })}

#if ${shape.keepNoise}
${keptNoise(noise)}
fn taped_noise(step: u32, k: u32, i: u32) -> Noise {
  let at = kept_at(step, k, i);
  return ${noiseOf(noise, (w) => `bitcast<f32>(checkpoints[at + ${w}u * K])`)};
}
#elif ${noise > 0}
fn noise_at(step: u32, k: u32) -> u32 {
  return tape_at + ${states + 1}u * run.tape_entries + (step - run.step_begin) * ${noise}u * K + k;
}

fn taped_noise(step: u32, k: u32, i: u32) -> Noise {
  let at = noise_at(step, k);
  return ${noiseOf(noise, (w) => `tape[at + ${w}u * K]`)};
}
#else
fn taped_noise(step: u32, k: u32, i: u32) -> Noise { return Noise(0.0f); }
#endif

// Gives neuron k's own gradient rows what has gathered.
${flushFunction(rows, own, shape, currentOwn ? `${currentRow + 1}u + sample_of(step) * ${width}u + k` : undefined)}

// Takes neuron k, with its parameters, to its next sub-step.
fn take(step: u32, k: u32, i: u32) -> Start {
  load_parameters(k);
  let rho = load_number(${f.place}u, k);
  return Start(${atGrid(shape, `load_state(${f.state}u, k)`, "rho", "step", "k")}, taped_noise(step, k, i), rho, current_at(step, k));
}

// Takes neuron k, with its parameters, back to a sub-step on the tape.
fn take_back(entry: u32, step: u32, k: u32, i: u32) -> Start {
  load_parameters(k);
  return Start(taped_state(entry), taped_noise(step, k, i), taped_place(entry), current_at(step, k));
}

${undoneFunction(f)}

// Adds what all lanes gathered to a gradient.
fn join_lanes(lane: u32, part: f32, at: u32) {
  parts[lane] = part;
  workgroupBarrier();
  if (lane == 0u) {
    var sum = 0.0f;
    for (var l = 0u; l < LANES; l += 1u) { sum += parts[l]; }
    ${rows.add("at", "sum")}
  }
  workgroupBarrier();
}

fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
        @builtin(num_workgroups) groups: vec3u) {
  let turn = group.x + group.y * groups.x;
  let i = run.tape_first + turn;
  if (turn >= run.tape_paths || i >= run.paths) { return; }
  let path = run.first_path + i;
  load_shared(i);
  tape_at = turn * (${states + 1}u * run.tape_entries${shape.keepNoise ? "" : ` + (run.step_end - run.step_begin) * ${noise}u * K`});
#if ${!shape.inWorkgroup}
  fields_at = i * ${f.perNeuron}u * K;
#endif

  let fresh = run.fresh == 1u;
  let own = played(checkpoints[checkpoint_word(run.checkpoint_last, 0u, i)], i);
  var at = cursor_at(select(checkpoints[checkpoint_word(run.checkpoint_begin, 0u, i)], 0u, fresh), i);
  // A path that stopped at its last allowed spike goes no further than that spike.
  var stopped = is_over(at, own);
  if (stopped) { return; }
${eachNeuron(
  shape,
  wgsl`
    if (live) {
      load_parameters(k);
      if (fresh) {
        store_state(${f.state}u, k, ${startedFrom(shape, "cell_start(event_uniform(path, k, 0u))", "k")});
        store_word(${f.fired}u, k, 0u);
      } else {
${eachNumber(states, (s) => `store_word(${f.state + s}u, k, checkpoints[checkpoint_at(run.checkpoint_begin, ${s}u, k, i)]);`)}
        store_word(${f.fired}u, k, checkpoints[checkpoint_at(run.checkpoint_begin, ${states}u, k, i)]);
      }
      store_number(${f.place}u, k, 0.0f);
#if ${shape.inWorkgroup}
${eachNumber(f.carried, (s) => `store_number(${s}u, k, carried[(i * ${f.carried}u + ${s}u) * K + k]);`)}
#endif
    }`,
)}

#if ${noise > 0 && !shape.keepNoise}
  var drawn = run.step_begin;
  loop {
${eachNeuron(
  shape,
  wgsl`
    let z = draw_noise(path, drawn, k);
    if (live) {
      let at = noise_at(drawn, k);
${eachNoise(shape, (w, name) => `tape[at + ${w}u * K] = z.${name};`)}
    }`,
)}
    continuing { drawn += 1u; break if drawn >= run.step_end; }
  }
#endif
  workgroupBarrier();
  storageBarrier();

  // Replay.
  var entry = 0u;
  var step = run.step_begin;
  var busy = happens_in(at, own, step, i);
  loop {
    if (busy) {
      loop {
        let what = next_of(at, own, step, i);
        var drawn = 0u;
        if (lane == 0u && !what.arrival) { // which alone looks at uniforms drawn
          drawn = load_word(${f.fired}u, what.neuron) + uniforms_of(what.event);
          store_word(${f.fired}u, what.neuron, drawn);
        }
        let u = uniform_of(path, what.neuron, drawn, what.event);
        var item = lane;
        loop {
          let j = neuron_of(what, item);
          let live = (item < what.items) & ((item == 0u) | (j != what.neuron));
          let s = take(step, j, i);
          let after = undergo(s, what.place, jump_of(what, item, u));
          if (live) {
            push(entry + item, s.y, s.rho);
            ${isSelective(shape) ? "if (takes_part(what, item)) {" : ""}
            store_state(${f.state}u, j, after);
            store_number(${f.place}u, j, what.place);
            ${isSelective(shape) ? "}" : ""}
          }
          item += LANES;
          continuing { break if item >= what.items; }
        }
        entry += what.items;
        at = past(at, what);
        stopped = is_over(at, own);
        barrier();
        busy = !stopped && happens_in(at, own, step, i);
        continuing { break if !busy; }
      }
    }
    if (!stopped) {
      loop {
${eachNeuron(
  shape,
  wgsl`
        let s = take(step, k, i);
        let end = finish(s);
        if (live) {
          push(entry + k, s.y, s.rho);
          store_state(${f.state}u, k, end);
          store_number(${f.place}u, k, 0.0f);
        }`,
)}
        entry += K;
        step += 1u;
        busy = happens_in(at, own, step, i);
        continuing { break if busy | (step >= run.step_end); }
      }
      barrier();
    }
    continuing { break if stopped | (step >= run.step_end); }
  }
  storageBarrier();

#if ${shape.observed !== undefined}
  if (stopped) {
${eachNeuron(shape, `    if (live) { store_state(${f.adjoint}u, k, with_held(load_state(${f.adjoint}u, k), step, k, i)); }`)}
  }
#endif
  // Sweep.
  var whole = !stopped; // whether the step at hand was gone through to its end
  busy = stopped;
#if ${bySample}
  var sample = sample_of(select(step - 1u, step, stopped));
#endif
  loop {
    if (whole) {
      loop {
        step -= 1u;
        entry -= K;
#if ${bySample}
        if (sample_of(step) != sample) {
          join_lanes(lane, ${lanePart("grad_current")}, (${currentRow + 1}u + sample) * run.paths + i);
          grad_current = 0.0f;${shape.carried ? " low_grad_current = 0.0f;" : ""}
          sample = sample_of(step);
        }
#endif
${eachNeuron(
  shape,
  wgsl`
        var a = ${atPoint("step + 1u")};
        if (!live) { a = state_zero(); }
        let c = undo_finish(take_back(entry + k, step, k, i), a);
        if (live) { store_undone(c, step, k, i); }`,
)}
        busy = entry > 0u && happened_in(at, step, i);
        continuing { break if busy | (entry == 0u); }
      }
    }
    if (busy) {
      barrier();
      loop {
        let what = last_of(at, own, step, i);
        entry -= what.items;
        at = before(at, what);

        // Who received: the targets, or whom an input spike reached.
        var part = 0.0f;
        var item = lane + first_receiver(what);
        loop {
          let receiver = neuron_of(what, item);
          let live = (item < what.items) & (what.arrival | (receiver != what.neuron));
          // Lanes without one go along with what is surely there, and a zero adjoint.
          let j = select(neuron_of(what, 0u), receiver, live);
          let at = select(entry, entry + item, live);
          let jump = jump_of(what, item, 1.0f);
          var a = load_state(${f.adjoint}u, j);
          if (!live) { a = state_zero(); }
          let c = undo_deliver(take_back(at, step, j, i), what.place, jump, a);
          if (live) {
#if ${weightRows.length > 0}
            if (is_by_edges(what)) {
              ${weightAdd("edge_of(what, item)")}
            }
#endif
            part += load_number(${f.placeBar}u, j) + c.length;
            store_undone(c, step, j, i);
          }
          item += LANES;
          continuing { break if item >= what.items; }
        }
        parts[lane] = part;
        barrier();

#if ${shape.timeRows.length > 0}
        // The source that sent: its time is that of all its arrivals.
        if (lane == 0u && is_sent_by_source(what)) {
          var time_bar = 0.0f;
          for (var l = 0u; l < LANES; l += 1u) { time_bar += parts[l]; }
          ${addTime(rows, shape, { sender: "what.neuron", entry: "entry_of(what.input, i)" }, "time_bar")}
        }
#endif
        // The neuron that fired.
        if (lane == 0u && !what.arrival) {
          let k = what.neuron;
          let drawn = load_word(${f.fired}u, k);
          store_word(${f.fired}u, k, drawn - uniforms_of(what.event));
          var time_bar = event_bar(at.events, i) + load_number(${f.placeBar}u, k);
          for (var l = 0u; l < LANES; l += 1u) { time_bar += parts[l]; }
          let jump = jump_of(what, 0u, uniform_of(path, k, drawn, what.event));
          let a = load_state(${f.adjoint}u, k);
          let c = undo_fire(take_back(entry, step, k, i), what.place, jump, time_bar, a);
#if ${weightRows.length > 0 && shape.selfEdges}
          if (jump.receives) {
            ${weightAdd("own_edge(k) - 1u")}
          }
#endif
          store_undone(c, step, k, i);
        }
        barrier();
        busy = entry > 0u && happened_in(at, step, i);
        continuing { break if !busy; }
      }
    }
    whole = true;
    continuing { break if entry == 0u; }
  }

${eachNeuron(
  shape,
  wgsl`
    if (live) {
      if (run.step_begin == 0u) {
        load_parameters(k);
        ${shape.initialRows.length > 0 ? `let d = ${atPoint("0u")}; ${keepInitial(shape, shape.initialRows, { d: "d", neuron: "k" })}` : ""}
      cell_start_vjp(event_uniform(path, k, 0u), ${clearStart(shape, shape.initialRows.length > 0 ? "d" : atPoint("0u"), "k")});
        flush(0u, k, i);
      }
#if ${shape.inWorkgroup}
${eachNumber(f.carried, (s) => `carried[(i * ${f.carried}u + ${s}u) * K + k] = load_number(${s}u, k);`)}
#endif
    }`,
)}
${sums.map(({ name, row }) => `  join_lanes(lane, ${lanePart(name)}, (${row}) * run.paths + i);`).join("\n")}
}
`,
  });
}
