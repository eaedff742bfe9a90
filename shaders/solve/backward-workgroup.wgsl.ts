/**
 * Backward recursion of a network, a path per workgroup, over one window of grid steps.
 *
 * The lanes of a workgroup share the neurons of one path. They draw the window's noise onto the tape, unless the forward
 * run kept it; replay the window
 * from its checkpoint, with the events in the order and at the places that the spike record says, keeping on the tape
 * the state before each sub-step; then undo it from its end: last sub-steps of a step over the neurons, its events from
 * last to first, each over the targets and then the neuron that fired.
 *
 * Reads: parameters, connections, spike record, spike-time cotangents, checkpoints. Reads and writes: what is carried
 * from window to window (adjoint of states and places), tape, and the path's gradient rows.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { gradientRows } from "../shared/gradient-rows.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { reverseFunctions } from "../shared/reverse.wgsl.js";
import { noiseNames, solverFunctions } from "../shared/solver.wgsl.js";
import type { BackwardNetworkShape } from "./backward-network.wgsl.js";
import { arrivalFunctions } from "./forward-network.wgsl.js";
import {
  eachNeuron,
  keptNoise,
  type WorkgroupShape,
  workgroupCheckpoint,
  workgroupRunFields,
} from "./forward-workgroup.wgsl.js";

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
  const { states, neurons, workgroupSize, currentRow, weightRow } = shape;
  const index = Array.from({ length: states }, (_, i) => i);
  const f = backwardWorkgroupFields(states);
  const noise = noiseNames(shape);
  const shared = shape.gradientRows.filter((g) => !g.perNeuron);
  const own = shape.gradientRows.filter((g) => g.perNeuron);
  const { samples, stride, width } = shape.current;
  const currentOwn = currentRow >= 0 && stride > 0;
  const currentShared = currentRow >= 0 && stride === 0;
  /** Shared by all neurons, and another row for each sample: lanes add theirs up whenever the sample changes. */
  const bySample = currentShared && samples > 1;
  const selfTable = neurons + 1 + shape.edges + 4 * shape.arrivals;
  const lanePart = (name: string): string => (shape.carried ? `${name} + low_${name}` : name);
  const sums = [
    ...shared.map((g) => ({ name: `grad_${g.parameter}`, row: `${g.row + 1}u` })),
    ...(currentShared ? [{ name: "grad_current", row: `${currentRow + 1}u${bySample ? " + sample" : ""}` }] : []),
  ];
  const rows = gradientRows(shape.carried, shape.entries);
  // Rows that lanes add to by turns, and fields in storage, must be seen by the other lanes.
  const storageShared = !shape.inWorkgroup || own.length > 0 || currentOwn;
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
      /** Row starts, targets, input spikes, edges to oneself. */
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

const K = ${neurons}u;
const LANES = ${workgroupSize}u;
const weight_offset = ${shape.weightOffset}u;
${arrivalFunctions(shape)}
${workgroupCheckpoint(states)}
var<workgroup> parts: array<f32, LANES>;

${
  shape.inWorkgroup
    ? `fn field_of(field: u32, k: u32) -> f32 { return fields[field * K + k]; }
fn set_field(field: u32, k: u32, value: f32) { fields[field * K + k] = value; }`
    : `fn field_of(field: u32, k: u32) -> f32 { return carried[fields_at + field * K + k]; }
fn set_field(field: u32, k: u32, value: f32) { carried[fields_at + field * K + k] = value; }`
}

fn load_fields(first: u32, k: u32) -> State {
  return State(${index.map((s) => `field_of(first + ${s}u, k)`).join(", ")});
}

fn store_fields(first: u32, k: u32, y: State) {
${index.map((s) => `  set_field(first + ${s}u, k, y.y${s});`).join("\n")}
}

fn barrier() {
  workgroupBarrier();
#if ${storageShared}
  storageBarrier();
#endif
}

var<private> tape_at: u32; // where the path's tape begins

fn push(entry: u32, y: State, rho: f32) {
${index.map((s) => `  tape[tape_at + ${s}u * run.tape_entries + entry] = y.y${s};`).join("\n")}
  tape[tape_at + ${states}u * run.tape_entries + entry] = rho;
}

fn taped_state(entry: u32) -> State {
  return State(${index.map((s) => `tape[tape_at + ${s}u * run.tape_entries + entry]`).join(", ")});
}

fn taped_place(entry: u32) -> f32 { return tape[tape_at + ${states}u * run.tape_entries + entry]; }

#if ${shape.keepNoise}
${keptNoise(noise.length)}
fn taped_noise(step: u32, k: u32, i: u32) -> Noise {
  let at = kept_at(step, k, i);
  return Noise(${noise.map((_, w) => `bitcast<f32>(checkpoints[at + ${w}u * K])`).join(", ")});
}
#elif ${noise.length > 0}
fn noise_at(step: u32, k: u32) -> u32 {
  return tape_at + ${states + 1}u * run.tape_entries + (step - run.step_begin) * ${noise.length}u * K + k;
}

fn taped_noise(step: u32, k: u32, i: u32) -> Noise {
  let at = noise_at(step, k);
  return Noise(${noise.map((_, w) => `tape[at + ${w}u * K]`).join(", ")});
}
#else
fn taped_noise(step: u32, k: u32, i: u32) -> Noise { return Noise(0.0f); }
#endif

// Gives neuron k's own gradient rows what has gathered.
fn flush(step: u32, k: u32, i: u32) {
${own.map((g) => `  ${rows.flush(`grad_${g.parameter}`, `(${g.row + 1}u + k) * run.paths + i`)}`).join("\n")}
#if ${currentOwn}
  ${rows.flush("grad_current", `(${currentRow + 1}u + sample_of(step) * ${width}u + k) * run.paths + i`)}
#endif
}

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

fn event_step(n: u32, i: u32) -> u32 { return record[n * 3u * run.paths + i]; }
fn event_place(n: u32, i: u32) -> f32 { return bitcast<f32>(record[(n * 3u + 1u) * run.paths + i]); }
fn event_neuron(n: u32, i: u32) -> u32 { return record[(n * 3u + 2u) * run.paths + i]; }
fn edge_target(e: u32) -> u32 { return connections[K + 1u + min(e, ${Math.max(1, shape.edges) - 1}u)]; }
fn edge_weight(e: u32) -> f32 { return theta[weight_offset + e]; }

fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
        @builtin(num_workgroups) groups: vec3u) {
  let turn = group.x + group.y * groups.x;
  let i = run.tape_first + turn;
  if (turn >= run.tape_paths || i >= run.paths) { return; }
  let path = run.first_path + i;
  load_shared();
  tape_at = turn * (${states + 1}u * run.tape_entries${shape.keepNoise ? "" : ` + (run.step_end - run.step_begin) * ${noise.length}u * K`});
#if ${!shape.inWorkgroup}
  fields_at = i * ${f.perNeuron}u * K;
#endif

  let fresh = run.fresh == 1u;
  let total = checkpoints[checkpoint_word(run.checkpoint_last, 0u, i)]; // spikes of the whole path
  let full = run.max_spikes > 0u && total >= run.max_spikes;
  var n = select(checkpoints[checkpoint_word(run.checkpoint_begin, 0u, i)], 0u, fresh);
  // A path that stopped at its last allowed spike goes no further than that spike.
  var stopped = full && n >= total;
  if (stopped) { return; }
${eachNeuron(
  shape,
  wgsl`
    if (live) {
      load_parameters(k);
      if (fresh) {
        store_fields(${f.state}u, k, cell_start(event_uniform(path, k, 0u)));
        set_field(${f.fired}u, k, bitcast<f32>(0u));
      } else {
${index.map((s) => `        set_field(${f.state + s}u, k, bitcast<f32>(checkpoints[checkpoint_at(run.checkpoint_begin, ${s}u, k, i)]));`).join("\n")}
        set_field(${f.fired}u, k, bitcast<f32>(checkpoints[checkpoint_at(run.checkpoint_begin, ${states}u, k, i)]));
      }
      set_field(${f.place}u, k, 0.0f);
${
  shape.inWorkgroup
    ? Array.from(
        { length: f.carried },
        (_, s) => `      set_field(${s}u, k, carried[(i * ${f.carried}u + ${s}u) * K + k]);`,
      ).join("\n")
    : ""
}
    }`,
)}

#if ${noise.length > 0 && !shape.keepNoise}
  var drawn = run.step_begin;
  loop {
${eachNeuron(
  shape,
  wgsl`
    let z = draw_noise(path, drawn, k);
    if (live) {
      let at = noise_at(drawn, k);
${noise.map((name, w) => `      tape[at + ${w}u * K] = z.${name};`).join("\n")}
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
  var x = run.first_arrival; // next input spike
  var busy = (n < total && event_step(n, i) == step) || arrives_in(x, step);
  loop {
    if (busy) {
      loop {
        let due = n < total && event_step(n, i) == step;
        let input = min(x, max(arrivals, 1u) - 1u);
        let spike = min(n, max(total, 1u) - 1u);
        let arrival = arrives_in(x, step) && (!due || arrival_place(input) <= event_place(spike, i));
        let place = select(event_place(spike, i), arrival_place(input), arrival);
        let first = select(event_neuron(spike, i), arrival_neuron(input), arrival);
        stopped = !arrival && full && n + 1u >= total;
        let row = connections[first];
        let items = select(1u + connections[first + 1u] - row, 1u, arrival || stopped);
        var fired = 0u;
        if (lane == 0u && !arrival) { // which alone looks at spikes fired
          fired = bitcast<u32>(field_of(${f.fired}u, first)) + 1u;
          set_field(${f.fired}u, first, bitcast<f32>(fired));
        }
        let u = event_uniform(path, first, fired);
        var item = lane;
        loop {
          let e = row + max(item, 1u) - 1u;
          let j = select(edge_target(e), first, item == 0u);
          let live = item < items && (item == 0u || j != first);
          load_parameters(j);
          let rho = field_of(${f.place}u, j);
          let y = load_fields(${f.state}u, j);
          let before = advance(y, taped_noise(step, j, i), rho, place - rho, current_at(step, j));
          var after: State;
          if (item == 0u && !arrival) {
            after = cell_reset(before, u);
#if ${shape.selfEdges}
            let own_edge = connections[${selfTable}u + first];
            if (own_edge > 0u && !stopped) { after = cell_receive(after, edge_weight(own_edge - 1u)); }
#endif
          } else {
            after = cell_receive(before, select(edge_weight(e), arrival_weight(input), arrival));
          }
          if (live) {
            push(entry + item, y, rho);
            store_fields(${f.state}u, j, after);
            set_field(${f.place}u, j, place);
          }
          item += LANES;
          continuing { break if item >= items; }
        }
        entry += items;
        x += select(0u, 1u, arrival);
        n += select(1u, 0u, arrival);
        barrier();
        busy = !stopped && ((n < total && event_step(n, i) == step) || arrives_in(x, step));
        continuing { break if !busy; }
      }
    }
    if (!stopped) {
      loop {
${eachNeuron(
  shape,
  wgsl`
        load_parameters(k);
        let rho = field_of(${f.place}u, k);
        let y = load_fields(${f.state}u, k);
        let z = taped_noise(step, k, i);
        let end = advance(y, z, rho, 1.0f - rho, current_at(step, k));
        if (live) {
          push(entry + k, y, rho);
          store_fields(${f.state}u, k, ${shape.smooth ? "end" : "cell_kick(end, increment(z))"});
          set_field(${f.place}u, k, 0.0f);
        }`,
)}
        entry += K;
        step += 1u;
        busy = (n < total && event_step(n, i) == step) || arrives_in(x, step);
        continuing { break if busy || step >= run.step_end; }
      }
      barrier();
    }
    continuing { break if stopped || step >= run.step_end; }
  }
  storageBarrier();

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
        load_parameters(k);
        let before = taped_state(entry + k);
        let rho = taped_place(entry + k);
        let z = taped_noise(step, k, i);
        let current = current_at(step, k);
        let h = 1.0f - rho;
        let s = substep_stages(before, z, rho, h, current);
        var a = load_fields(${f.adjoint}u, k);
        if (!live) { a = state_zero(); }
#if ${!shape.smooth}
        a = cell_kick_vjp(s.end, increment(z), a);
#endif
        let c = substep_reverse(s, before, z, rho, h, current, a);
        if (live) {
          store_fields(${f.adjoint}u, k, c.y);
          set_field(${f.placeBar}u, k, select(c.start - c.length, 0.0f, rho == 0.0f));
          flush(step, k, i);
        }`,
)}
        busy = entry > 0u && ((n > 0u && event_step(max(n, 1u) - 1u, i) == step)
          || (x > run.first_arrival && arrives_in(max(x, 1u) - 1u, step)));
        continuing { break if busy || entry == 0u; }
      }
    }
    if (busy) {
      barrier();
      loop {
        let due = n > 0u && event_step(max(n, 1u) - 1u, i) == step;
        let input = max(x, 1u) - 1u;
        let spike = max(n, 1u) - 1u;
        let arrival = x > run.first_arrival && arrives_in(input, step) && (!due || arrival_place(input) > event_place(spike, i));
        let place = select(event_place(spike, i), arrival_place(input), arrival);
        let first = select(event_neuron(spike, i), arrival_neuron(input), arrival);
        // A path that stopped delivered nothing at its last spike.
        let last = !arrival && full && n >= total;
        let row = connections[first];
        let items = select(1u + connections[first + 1u] - row, 1u, arrival || last);
        entry -= items;
        x -= select(0u, 1u, arrival);
        n -= select(1u, 0u, arrival);

        // Targets; an input spike has one.
        let targets = select(items - 1u, 1u, arrival);
        let first_entry = entry + select(1u, 0u, arrival);
        var part = 0.0f;
        var target_number = lane;
        loop {
          let e = row + target_number;
          let live = target_number < targets && (arrival || edge_target(e) != first);
          // Lanes without a target go along with what is surely there, and a zero adjoint.
          let j = select(first, edge_target(e), live && !arrival);
          let at = select(entry, first_entry + target_number, live);
          load_parameters(j);
          let before = taped_state(at);
          let rho = taped_place(at);
          let z = taped_noise(step, j, i);
          let current = current_at(step, j);
          let h = place - rho;
          let s = substep_stages(before, z, rho, h, current);
          let w = select(edge_weight(e), arrival_weight(input), arrival);
          var a = load_fields(${f.adjoint}u, j);
          if (!live) { a = state_zero(); }
#if ${weightRow >= 0}
          if (live && !arrival) {
            ${rows.add(`(${Math.max(0, weightRow) + 1}u + e) * run.paths + i`, "cell_receive_weight(s.end, w, a)")}
          }
#endif
          a = cell_receive_vjp(s.end, w, a);
          let c = substep_reverse(s, before, z, rho, h, current, a);
          if (live) {
            part += field_of(${f.placeBar}u, j) + c.length;
            store_fields(${f.adjoint}u, j, c.y);
            set_field(${f.placeBar}u, j, select(c.start - c.length, 0.0f, rho == 0.0f));
            flush(step, j, i);
          }
          target_number += LANES;
          continuing { break if target_number >= targets; }
        }
        parts[lane] = part;
        barrier();

        // The neuron that fired.
        if (lane == 0u && !arrival) {
          load_parameters(first);
          let before = taped_state(entry);
          let rho = taped_place(entry);
          let z = taped_noise(step, first, i);
          let current = current_at(step, first);
          let h = place - rho;
          let s = substep_stages(before, z, rho, h, current);
          let fired = bitcast<u32>(field_of(${f.fired}u, first));
          set_field(${f.fired}u, first, bitcast<f32>(fired - 1u));
          var event_bar = cotangents[n * run.paths + i] + field_of(${f.placeBar}u, first);
          for (var l = 0u; l < LANES; l += 1u) { event_bar += parts[l]; }
          let u = event_uniform(path, first, fired);
          var a = load_fields(${f.adjoint}u, first);
#if ${shape.selfEdges}
          let own_edge = connections[${selfTable}u + first];
          if (own_edge > 0u && !last) {
            let after = cell_reset(s.end, u);
            let w = edge_weight(own_edge - 1u);
#if ${weightRow >= 0}
            ${rows.add(`(${Math.max(0, weightRow)}u + own_edge) * run.paths + i`, "cell_receive_weight(after, w, a)")}
#endif
            a = cell_receive_vjp(after, w, a);
          }
#endif
          a = cell_reset_vjp(s.end, u, a);
          // The length of the sub-step is set by E = 0: eliminate it.
          let by_length = substep_by_length(s, before, z, rho, h, current);
          let gradient = cell_event_gradient(s.end);
          let q = length_bar(event_bar + state_dot(a, by_length), state_dot(gradient, by_length), before);
          a = state_axpy(a, -q, gradient);
          cell_event_parameters(s.end, -q);
          let c = substep_reverse(s, before, z, rho, h, current, a);
          store_fields(${f.adjoint}u, first, c.y);
          set_field(${f.placeBar}u, first, select(c.start + event_bar, 0.0f, rho == 0.0f));
          flush(step, first, i);
        }
        barrier();
        busy = entry > 0u && ((n > 0u && event_step(max(n, 1u) - 1u, i) == step)
          || (x > run.first_arrival && arrives_in(max(x, 1u) - 1u, step)));
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
        cell_start_vjp(event_uniform(path, k, 0u), load_fields(${f.adjoint}u, k));
        flush(0u, k, i);
      }
${
  shape.inWorkgroup
    ? Array.from(
        { length: f.carried },
        (_, s) => `      carried[(i * ${f.carried}u + ${s}u) * K + k] = field_of(${s}u, k);`,
      ).join("\n")
    : ""
}
    }`,
)}
${sums.map(({ name, row }) => `  join_lanes(lane, ${lanePart(name)}, (${row}) * run.paths + i);`).join("\n")}
}
`,
  });
}
