/**
 * Forward solve of a network, over a window of grid steps.
 *
 * A thread advances one path. In each step it tries every neuron to the end of the step; while any of them crosses its
 * event function, it takes the earliest event of the network, fires that neuron, brings its targets to that time,
 * lets them receive, and tries those again: no other neuron's sub-step is split.
 *
 * Reads: parameters, connections. Reads and writes: the path's work fields (two banks of states, one read and one
 * written in each step, by turns; spikes fired; place in the step; place of the next event), the spike record, the
 * status counters, among them the longest tape that a window will need.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { locateFunctions } from "../shared/locate.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { networkRunFields } from "../shared/run.js";
import { noiseNames, type SolverShape, solverFunctions } from "../shared/solver.wgsl.js";

export interface NetworkShape extends SolverShape {
  states: number;
  workgroupSize: number;
  /** Where the weights lie in the flat parameter vector. */
  weightOffset: number;
  /** Connections and input spikes: words before the latter in the connection buffer. */
  edges: number;
  arrivals: number;
}

export interface ForwardNetworkShape extends NetworkShape {
  /** Whether the event function is affine in the state, so that euler locates events in closed form. */
  affineEvent: boolean;
}

/** Fields per neuron of the forward work buffer, and where the fields per path begin. */
export const networkFields = (states: number, noise: number) => ({
  bank: (parity: number) => parity * states,
  fired: 2 * states,
  place: 2 * states + 1,
  next: 2 * states + 2,
  noise: 2 * states + 3,
  perNeuron: 2 * states + 3 + noise,
  /** Per path, after all neurons: spikes so far, and whether the path has stopped. */
  perPath: 2,
});

/** Input spikes, read from the connection buffer: step, place, neuron and weight, one row each. */
export const arrivalFunctions = (shape: NetworkShape): string => {
  const from = shape.neurons + 1 + shape.edges;
  const row = (r: number): string => `connections[${from + r * shape.arrivals}u + x]`;
  return /* wgsl */ `
const arrivals = ${shape.arrivals}u;
fn arrives_in(x: u32, step: u32) -> bool { return x < arrivals && ${row(0)} == step; }
fn arrival_place(x: u32) -> f32 { return bitcast<f32>(${row(1)}); }
fn arrival_neuron(x: u32) -> u32 { return ${row(2)}; }
fn arrival_weight(x: u32) -> f32 { return bitcast<f32>(${row(3)}); }
`;
};

export function forwardNetwork(shape: ForwardNetworkShape, label: string) {
  const { states, neurons } = shape;
  const index = Array.from({ length: states }, (_, i) => i);
  const noise = noiseNames(shape);
  const f = networkFields(states, noise.length);
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
      /** Row starts, targets, input spikes. */
      connections: read("array<u32>"),
      work: readWrite("array<u32>"),
      record: readWrite("array<u32>"),
      status: readWrite("array<atomic<u32>>"),
    },
    body: wgsl`

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${locateFunctions(shape.smooth, shape.affineEvent)}

const K = ${neurons}u;
const weight_offset = ${shape.weightOffset}u;
${arrivalFunctions(shape)}
const none = 2.0f;      // in place of an event's place in the step
const unlocated = 1.5f; // there is one, its place not yet known

fn at(field: u32, k: u32, i: u32) -> u32 { return (field * K + k) * run.paths + i; }
fn path_word(word: u32, i: u32) -> u32 { return (${f.perNeuron}u * K + word) * run.paths + i; }

fn load_state(bank: u32, k: u32, i: u32) -> State {
  return State(${index.map((s) => `bitcast<f32>(work[at(bank + ${s}u, k, i)])`).join(", ")});
}

fn store_state(bank: u32, k: u32, i: u32, y: State) {
${index.map((s) => `  work[at(bank + ${s}u, k, i)] = bitcast<u32>(y.y${s});`).join("\n")}
}

fn load_noise(k: u32, i: u32) -> Noise {
  return Noise(${noise.length > 0 ? noise.map((_, w) => `bitcast<f32>(work[at(${f.noise + w}u, k, i)])`).join(", ") : "0.0f"});
}

fn store_noise(k: u32, i: u32, z: Noise) {
${noise.map((name, w) => `  work[at(${f.noise + w}u, k, i)] = bitcast<u32>(z.${name});`).join("\n")}
}

// Tries neuron k from rho to the end of the step; its parameters are loaded.
fn attempt(y: State, z: Noise, rho: f32, current: f32, bank: u32, k: u32, i: u32) -> bool {
  let trial = advance(y, z, rho, 1.0f - rho, current);
  let crossed = cell_event(trial) >= 0.0f;
#if ${shape.smooth}
  store_state(bank, k, i, trial);
#else
  store_state(bank, k, i, cell_kick(trial, increment(z)));
#endif
  let next = ${atOnce ? "locate(y, trial, z, rho, current)" : "unlocated"};
  work[at(${f.next}u, k, i)] = bitcast<u32>(select(none, next, crossed));
  return crossed;
}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  load_shared();

  if (run.fresh == 1u) {
    for (var k = 0u; k < K; k += 1u) {
      load_parameters(k);
      store_state(0u, k, i, cell_start(event_uniform(path, k, 0u)));
      work[at(${f.fired}u, k, i)] = 0u;
    }
    work[path_word(0u, i)] = 0u;
    work[path_word(1u, i)] = 0u;
  }

  var count = work[path_word(0u, i)];
  var ended = work[path_word(1u, i)] != 0u;
  var overflow = false;
  var saturated = false;
  var taped = 0u;
  var x = run.first_arrival; // next input spike

  for (var step = run.step_begin; step < run.step_end && !ended; step += 1u) {
    let from_bank = (step & 1u) * ${states}u;
    let to_bank = ${states}u - from_bank;
    var pending = 0u; // neurons with an event still to come in this step
    taped += K;

    for (var k = 0u; k < K; k += 1u) {
      load_parameters(k);
      work[at(${f.place}u, k, i)] = 0u;
      let y = load_state(from_bank, k, i);
      let z = draw_noise(path, step, k);
      store_noise(k, i, z);
      if (attempt(y, z, 0.0f, current_at(step, k), to_bank, k, i)) { pending += 1u; }
    }

    var busy = pending > 0u || arrives_in(x, step);
    if (busy) {
      loop {
      // The earliest event among those located, and the first of those that are not.
      var first = K;
      var earliest = none;
      var to_locate = K;
      var left = 0u;
      for (var k = 0u; k < K; k += 1u) {
        let next = bitcast<f32>(work[at(${f.next}u, k, i)]);
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
        load_parameters(k);
        let rho = bitcast<f32>(work[at(${f.place}u, k, i)]);
        let trial = load_state(to_bank, k, i);
        let place = locate(load_state(from_bank, k, i), trial, load_noise(k, i), rho, current_at(step, k));
        work[at(${f.next}u, k, i)] = bitcast<u32>(place);
        left -= 1u;
        if (place < earliest || (place == earliest && k < first)) {
          earliest = place;
          first = k;
        }
      }
#endif

      if (left > 0u) {
        // More to locate before it is known which comes first.
      } else if (arrives_in(x, step) && arrival_place(x) <= earliest) {
        let place = arrival_place(x);
        let j = arrival_neuron(x);
        load_parameters(j);
        let rho = bitcast<f32>(work[at(${f.place}u, j, i)]);
        let z = load_noise(j, i);
        let current = current_at(step, j);
        let before = advance(load_state(from_bank, j, i), z, rho, place - rho, current);
        let y = cell_receive(before, arrival_weight(x));
        store_state(from_bank, j, i, y);
        work[at(${f.place}u, j, i)] = bitcast<u32>(place);
        if (bitcast<f32>(work[at(${f.next}u, j, i)]) < none) { pending -= 1u; }
        if (attempt(y, z, place, current, to_bank, j, i)) { pending += 1u; }
        x += 1u;
        taped += 1u;
      } else if (count >= run.slots) {
        overflow = true;
        ended = true;
        pending = 0u;
      } else {
        // Fire.
        let place = earliest;
        let fired = work[at(${f.fired}u, first, i)] + 1u;
        let row = connections[first];
        let row_end = connections[first + 1u];
        taped += 1u + row_end - row;
        {
          load_parameters(first);
          let rho = bitcast<f32>(work[at(${f.place}u, first, i)]);
          let z = load_noise(first, i);
          let current = current_at(step, first);
          let before = advance(load_state(from_bank, first, i), z, rho, place - rho, current);
          let y = cell_reset(before, event_uniform(path, first, fired));
          store_state(from_bank, first, i, y);
          work[at(${f.fired}u, first, i)] = fired;
          work[at(${f.place}u, first, i)] = bitcast<u32>(place);
          pending -= 1u;
          if (attempt(y, z, place, current, to_bank, first, i)) { pending += 1u; }
        }
        let slot = count * 3u * run.paths + i;
        record[slot] = step;
        record[slot + run.paths] = bitcast<u32>(place);
        record[slot + 2u * run.paths] = first;
        count += 1u;
        if (run.max_spikes > 0u && count >= run.max_spikes) {
          saturated = true;
          ended = true;
          pending = 0u;
        } else {
          // Deliver.
          for (var e = row; e < row_end; e += 1u) {
            let j = connections[K + 1u + e];
            load_parameters(j);
            let rho = bitcast<f32>(work[at(${f.place}u, j, i)]);
            let z = load_noise(j, i);
            let current = current_at(step, j);
            let before = advance(load_state(from_bank, j, i), z, rho, place - rho, current);
            let y = cell_receive(before, theta[weight_offset + e]);
            store_state(from_bank, j, i, y);
            work[at(${f.place}u, j, i)] = bitcast<u32>(place);
            if (bitcast<f32>(work[at(${f.next}u, j, i)]) < none) { pending -= 1u; }
            if (attempt(y, z, place, current, to_bank, j, i)) { pending += 1u; }
          }
        }
      }
      busy = !ended && (pending > 0u || arrives_in(x, step));
      continuing { break if !busy; }
      }
    }
  }

  let was_ended = work[path_word(1u, i)] != 0u;
  work[path_word(0u, i)] = count;
  work[path_word(1u, i)] = select(0u, 1u, ended);
  if (!was_ended) { atomicMax(&status[6], taped); }
  if (!was_ended && (ended || run.last == 1u)) {
    atomicMax(&status[0], count);
    if (overflow) { atomicAdd(&status[1], 1u); }
    if (saturated) { atomicAdd(&status[2], 1u); }
    var finite = true;
    let bank = (run.step_end & 1u) * ${states}u;
    for (var k = 0u; k < K; k += 1u) {
      if (state_not_finite(load_state(bank, k, i))) { finite = false; }
    }
    if (!finite) { atomicAdd(&status[3], 1u); }
  }
}
`,
  });
}
