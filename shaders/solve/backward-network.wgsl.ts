/**
 * Backward recursion of a network, over one window of grid steps.
 *
 * A thread takes one path: it replays the window from its checkpoint (copied into the work fields), with the events in
 * the order and at the places that the spike record says, keeping every neuron's state before each sub-step on a tape;
 * then undoes the window from its end: last sub-steps of the step, then its events from last to first.
 *
 * Reads: parameters, connections, spike record, spike-time cotangents. Reads and writes: work fields (states, places,
 * spikes fired; adjoint of states and places, carried between windows), tape, and the path's gradient rows.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { gradientRows } from "../shared/gradient-rows.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { reverseFunctions } from "../shared/reverse.wgsl.js";
import { networkRunFields } from "../shared/run.js";
import { solverFunctions } from "../shared/solver.wgsl.js";
import { arrivalFunctions, type NetworkShape } from "./forward-network.wgsl.js";

export interface BackwardNetworkShape extends NetworkShape {
  /** Requested parameters: index in the cell, first gradient row (row 0 of the table is the value's), per neuron or not. */
  gradientRows: readonly { parameter: number; row: number; perNeuron: boolean }[];
  /** Gradient rows in all. */
  entries: number;
  /** First gradient row of the current and of the weights, or -1. */
  currentRow: number;
  weightRow: number;
}

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
  const { states, neurons, currentRow, weightRow } = shape;
  const index = Array.from({ length: states }, (_, i) => i);
  const f = backwardFields(states);
  const shared = shape.gradientRows.filter((g) => !g.perNeuron);
  const own = shape.gradientRows.filter((g) => g.perNeuron);
  const { samples, stride, width } = shape.current;
  const currentShared = currentRow >= 0 && samples === 1 && stride === 0;
  const currentOwn = currentRow >= 0 && !currentShared;
  const words = states + 1;
  const rows = gradientRows(shape.carried, shape.entries);
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
      cotangents: read("array<f32>"),
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

const K = ${neurons}u;
const weight_offset = ${shape.weightOffset}u;
${arrivalFunctions(shape)}

fn at(field: u32, k: u32, i: u32) -> u32 { return (field * K + k) * run.paths + i; }

fn load_fields(first: u32, k: u32, i: u32) -> State {
  return State(${index.map((s) => `work[at(first + ${s}u, k, i)]`).join(", ")});
}

fn store_fields(first: u32, k: u32, i: u32, y: State) {
${index.map((s) => `  work[at(first + ${s}u, k, i)] = y.y${s};`).join("\n")}
}

fn tape_at(entry: u32, word: u32, i: u32) -> u32 { return (entry * ${words}u + word) * run.tape_paths + (i - run.tape_first); }

fn push(entry: u32, i: u32, y: State, rho: f32) {
${index.map((s) => `  tape[tape_at(entry, ${s}u, i)] = y.y${s};`).join("\n")}
  tape[tape_at(entry, ${states}u, i)] = rho;
}

fn taped_state(entry: u32, i: u32) -> State {
  return State(${index.map((s) => `tape[tape_at(entry, ${s}u, i)]`).join(", ")});
}

// Gives neuron k's own gradient rows what has gathered.
fn flush(step: u32, k: u32, i: u32) {
${own.map((g) => `  ${rows.flush(`grad_${g.parameter}`, `(${g.row + 1}u + k) * run.paths + i`)}`).join("\n")}
#if ${currentOwn}
  ${rows.flush("grad_current", `(${currentRow + 1}u + sample_of(step) * ${width}u${stride ? " + k" : ""}) * run.paths + i`)}
#endif
}

fn event_step(n: u32, i: u32) -> u32 { return record[n * 3u * run.paths + i]; }
fn event_place(n: u32, i: u32) -> f32 { return bitcast<f32>(record[(n * 3u + 1u) * run.paths + i]); }
fn event_neuron(n: u32, i: u32) -> u32 { return record[(n * 3u + 2u) * run.paths + i]; }

// Number of spikes of the whole path.
fn total_spikes(i: u32) -> u32 { return bitcast<u32>(work[(${f.perNeuron}u * K + 1u) * run.paths + i]); }

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = run.tape_first + id.x;
  if (id.x >= run.tape_paths || i >= run.paths) { return; }
  let path = run.first_path + i;
  load_shared();
  let total = total_spikes(i);
  let full = run.max_spikes > 0u && total >= run.max_spikes;

  // Replay.
  var entry = 0u;
  var n = bitcast<u32>(work[${f.perNeuron}u * K * run.paths + i]);
  var step = run.step_begin;
  // A path that stopped at its last allowed spike goes no further than that spike.
  var stopped = full && n >= total;
  var x = run.first_arrival; // next input spike
  while (step < run.step_end && !stopped) {
    for (var k = 0u; k < K; k += 1u) { work[at(${f.place}u, k, i)] = 0.0f; }
    while ((n < total && event_step(n, i) == step) || arrives_in(x, step)) {
      let due = n < total && event_step(n, i) == step;
      if (arrives_in(x, step) && (!due || arrival_place(x) <= event_place(n, i))) {
        let j = arrival_neuron(x);
        load_parameters(j);
        let y = load_fields(${f.state}u, j, i);
        let rho = work[at(${f.place}u, j, i)];
        push(entry, i, y, rho);
        entry += 1u;
        let before = advance(y, draw_noise(path, step, j), rho, arrival_place(x) - rho, current_at(step, j));
        store_fields(${f.state}u, j, i, cell_receive(before, arrival_weight(x)));
        work[at(${f.place}u, j, i)] = arrival_place(x);
        x += 1u;
        continue;
      }
      let place = event_place(n, i);
      let k = event_neuron(n, i);
      {
        load_parameters(k);
        let y = load_fields(${f.state}u, k, i);
        let rho = work[at(${f.place}u, k, i)];
        push(entry, i, y, rho);
        entry += 1u;
        let before = advance(y, draw_noise(path, step, k), rho, place - rho, current_at(step, k));
        let fired = bitcast<u32>(work[at(${f.fired}u, k, i)]) + 1u;
        store_fields(${f.state}u, k, i, cell_reset(before, event_uniform(path, k, fired)));
        work[at(${f.fired}u, k, i)] = bitcast<f32>(fired);
        work[at(${f.place}u, k, i)] = place;
      }
      n += 1u;
      if (full && n >= total) { stopped = true; break; }
      for (var e = connections[k]; e < connections[k + 1u]; e += 1u) {
        let j = connections[K + 1u + e];
        load_parameters(j);
        let y = load_fields(${f.state}u, j, i);
        let rho = work[at(${f.place}u, j, i)];
        push(entry, i, y, rho);
        entry += 1u;
        let before = advance(y, draw_noise(path, step, j), rho, place - rho, current_at(step, j));
        store_fields(${f.state}u, j, i, cell_receive(before, theta[weight_offset + e]));
        work[at(${f.place}u, j, i)] = place;
      }
    }
    if (!stopped) {
      for (var k = 0u; k < K; k += 1u) {
        load_parameters(k);
        let y = load_fields(${f.state}u, k, i);
        let rho = work[at(${f.place}u, k, i)];
        push(entry, i, y, rho);
        entry += 1u;
        let z = draw_noise(path, step, k);
        let end = advance(y, z, rho, 1.0f - rho, current_at(step, k));
#if ${shape.smooth}
        store_fields(${f.state}u, k, i, end);
#else
        store_fields(${f.state}u, k, i, cell_kick(end, increment(z)));
#endif
      }
      step += 1u;
    }
  }

  // Sweep. Accumulators go on from where the last window left them, so that the order of additions does not depend on
  // the windows.
${shared.map((g) => `  ${rows.load(`grad_${g.parameter}`, `${g.row + 1}u * run.paths + i`)}`).join("\n")}
#if ${currentShared}
  ${rows.load("grad_current", `${currentRow + 1}u * run.paths + i`)}
#endif
  // After the last step comes the step in which the path stopped, where it did.
  var whole = !stopped;
  if (whole) { step -= min(step, 1u); }
  while (entry > 0u) {
    if (whole) {
      for (var r = K; r > 0u; r -= 1u) {
        let k = r - 1u;
        entry -= 1u;
        load_parameters(k);
        let before = taped_state(entry, i);
        let rho = tape[tape_at(entry, ${states}u, i)];
        let z = draw_noise(path, step, k);
        let current = current_at(step, k);
        let h = 1.0f - rho;
        let s = substep_stages(before, z, rho, h, current);
        var a = load_fields(${f.adjoint}u, k, i);
#if ${!shape.smooth}
        a = cell_kick_vjp(s.end, increment(z), a);
#endif
        let c = substep_reverse(s, before, z, rho, h, current, a);
        store_fields(${f.adjoint}u, k, i, c.y);
        work[at(${f.placeBar}u, k, i)] = select(c.start - c.length, 0.0f, rho == 0.0f);
        flush(step, k, i);
      }
    }
    while (entry > 0u && ((n > 0u && event_step(n - 1u, i) == step) || (x > run.first_arrival && arrives_in(x - 1u, step)))) {
      let due = n > 0u && event_step(n - 1u, i) == step;
      if (x > run.first_arrival && arrives_in(x - 1u, step) && (!due || arrival_place(x - 1u) > event_place(n - 1u, i))) {
        x -= 1u;
        let j = arrival_neuron(x);
        entry -= 1u;
        load_parameters(j);
        let before = taped_state(entry, i);
        let rho = tape[tape_at(entry, ${states}u, i)];
        let z = draw_noise(path, step, j);
        let current = current_at(step, j);
        let h = arrival_place(x) - rho;
        let s = substep_stages(before, z, rho, h, current);
        let a = cell_receive_vjp(s.end, arrival_weight(x), load_fields(${f.adjoint}u, j, i));
        let c = substep_reverse(s, before, z, rho, h, current, a);
        store_fields(${f.adjoint}u, j, i, c.y);
        work[at(${f.placeBar}u, j, i)] = select(c.start - c.length, 0.0f, rho == 0.0f);
        flush(step, j, i);
        continue;
      }
      n -= 1u;
      let place = event_place(n, i);
      let k = event_neuron(n, i);
      var event_bar = cotangents[n * run.paths + i];
      // A path that stopped delivered nothing at its last spike.
      if (!(full && n + 1u >= total)) {
        for (var e = connections[k + 1u]; e > connections[k]; e -= 1u) {
          let j = connections[K + e];
          entry -= 1u;
          load_parameters(j);
          let before = taped_state(entry, i);
          let rho = tape[tape_at(entry, ${states}u, i)];
          let z = draw_noise(path, step, j);
          let current = current_at(step, j);
          let h = place - rho;
          let s = substep_stages(before, z, rho, h, current);
          let w = theta[weight_offset + e - 1u];
          var a = load_fields(${f.adjoint}u, j, i);
          event_bar += work[at(${f.placeBar}u, j, i)];
#if ${weightRow >= 0}
          ${rows.add(`(${Math.max(0, weightRow) + 1}u + e - 1u) * run.paths + i`, "cell_receive_weight(s.end, w, a)")}
#endif
          a = cell_receive_vjp(s.end, w, a);
          let c = substep_reverse(s, before, z, rho, h, current, a);
          store_fields(${f.adjoint}u, j, i, c.y);
          event_bar += c.length;
          work[at(${f.placeBar}u, j, i)] = select(c.start - c.length, 0.0f, rho == 0.0f);
          flush(step, j, i);
        }
      }
      {
        entry -= 1u;
        load_parameters(k);
        let before = taped_state(entry, i);
        let rho = tape[tape_at(entry, ${states}u, i)];
        let z = draw_noise(path, step, k);
        let current = current_at(step, k);
        let h = place - rho;
        let s = substep_stages(before, z, rho, h, current);
        let fired = bitcast<u32>(work[at(${f.fired}u, k, i)]);
        work[at(${f.fired}u, k, i)] = bitcast<f32>(fired - 1u);
        event_bar += work[at(${f.placeBar}u, k, i)];
        var a = cell_reset_vjp(s.end, event_uniform(path, k, fired), load_fields(${f.adjoint}u, k, i));
        // The length of the sub-step is set by E = 0: eliminate it.
        let by_length = substep_by_length(s, before, z, rho, h, current);
        let gradient = cell_event_gradient(s.end);
        let q = length_bar(event_bar + state_dot(a, by_length), state_dot(gradient, by_length), before);
        a = state_axpy(a, -q, gradient);
        cell_event_parameters(s.end, -q);
        let c = substep_reverse(s, before, z, rho, h, current, a);
        store_fields(${f.adjoint}u, k, i, c.y);
        work[at(${f.placeBar}u, k, i)] = select(c.start + event_bar, 0.0f, rho == 0.0f);
        flush(step, k, i);
      }
    }
    whole = true;
    step -= min(step, 1u);
  }

  if (run.step_begin == 0u) {
    for (var k = 0u; k < K; k += 1u) {
      load_parameters(k);
      cell_start_vjp(event_uniform(path, k, 0u), load_fields(${f.adjoint}u, k, i));
      flush(0u, k, i);
    }
  }
${shared.map((g) => `  ${rows.store(`grad_${g.parameter}`, `${g.row + 1}u * run.paths + i`)}`).join("\n")}
#if ${currentShared}
  ${rows.store("grad_current", `${currentRow + 1}u * run.paths + i`)}
#endif
}
`,
  });
}
