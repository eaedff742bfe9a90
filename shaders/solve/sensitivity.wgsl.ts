/**
 * Forward sensitivities over a window of grid steps: the derivative of every spike time of a path in each of a few
 * parameter directions.
 *
 * A thread takes one path and replays it with the events that the spike record says, carrying one tangent of state and
 * time per neuron and direction. Reads: parameters, connections, directions, spike record and counts. Reads and writes:
 * work fields (states, places, spikes fired, tangents). Writes: derivatives [slots][directions][paths].
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { networkRunFields } from "../shared/run.js";
import { solverFunctions } from "../shared/solver.wgsl.js";
import { arrivalFunctions, type NetworkShape } from "./forward-network.wgsl.js";

export interface SensitivityShape extends NetworkShape {
  /** Number of the cell's parameters. */
  cellParameters: number;
  directions: number;
}

/** What a direction moves, first word of its row in the direction buffer; then index, and neuron or `everyNeuron`. */
export const directionKind = { parameter: 0, weight: 1, current: 2 } as const;
export const everyNeuron = 0xffffffff;

/** Fields per neuron of the work buffer. */
export const sensitivityFields = (states: number, directions: number) => ({
  state: 0,
  fired: states,
  place: states + 1,
  tangents: states + 2,
  perNeuron: states + 2 + directions * (states + 1),
  /** Per path, after all neurons: spikes so far. */
  perPath: 1,
});

export function sensitivity(shape: SensitivityShape, label: string) {
  const { states, neurons, directions } = shape;
  const index = Array.from({ length: states }, (_, i) => i);
  const f = sensitivityFields(states, directions);
  const parameters = Array.from({ length: shape.cellParameters }, (_, i) => i);
  const tangent = (a: string, d: string, b: string, k: string): string =>
    shape.carried
      ? `state_carry(dy, state_axpy(state_scale(${a}, ${d}), ${b}, ${k}))`
      : `state_axpy(state_axpy(dy, ${a}, ${d}), ${b}, ${k})`;
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: networkRunFields,
    bindings: {
      theta: read("array<f32>"),
      connections: read("array<u32>"),
      direction: read("array<vec3u>"),
      record: read("array<u32>"),
      counts: read("array<u32>"),
      work: readWrite("array<f32>"),
      derivatives: readWrite("array<f32>"),
    },
    body: wgsl`

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}

const K = ${neurons}u;
const D = ${directions}u;
const weight_offset = ${shape.weightOffset}u;
${arrivalFunctions(shape)}

fn at(field: u32, k: u32, i: u32) -> u32 { return (field * K + k) * run.paths + i; }
fn tangent_field(d: u32) -> u32 { return ${f.tangents}u + d * ${states + 1}u; }

fn load_fields(first: u32, k: u32, i: u32) -> State {
  return State(${index.map((s) => `work[at(first + ${s}u, k, i)]`).join(", ")});
}

fn store_fields(first: u32, k: u32, i: u32, y: State) {
${index.map((s) => `  work[at(first + ${s}u, k, i)] = y.y${s};`).join("\n")}
}

// Points the parameter tangents of neuron k along direction d; nowhere if d is none.
fn point(d: u32, k: u32) {
  let way = direction[min(d, D - 1u)];
  let on = d < D && way.x == 0u && (way.z == 0xffffffffu || way.z == k);
${parameters.map((p) => `  dpar_${p} = select(0.0f, 1.0f, on && way.y == ${p}u);`).join("\n")}
}

fn current_along(d: u32, step: u32, k: u32) -> f32 {
  let way = direction[d];
  return select(0.0f, 1.0f, way.x == 2u && way.y == sample_of(step) && (way.z == 0xffffffffu || way.z == k));
}

fn weight_along(d: u32, e: u32) -> f32 {
  let way = direction[d];
  return select(0.0f, 1.0f, way.x == 1u && way.y == e);
}

// Tangent of the end of a sub-step: its start moved by dr, its length by dh (physical times).
fn substep_tangent(y: State, z: Noise, rho: f32, h: f32, current: f32, dy: State, dr: f32, dh: f32, d_current: f32) -> State {
  let t = h * dt;
#if ${shape.smooth}
  let rate = slope_rate(z);
  let half = 0.5f * t;
  let half_dh = 0.5f * dh;
#if ${shape.rolled}
  var k: array<State, 4>;
  var d: array<State, 4>;
  var at = y;
  var along = dy;
  for (var stage = 0u; stage < 4u; stage += 1u) {
    let x = slope_at(z, stage_place(rho, h, stage));
    let moved = select(dr + half_dh, select(dr + dh, dr, stage == 0u), stage == 0u || stage == 3u);
    k[stage] = cell_flow(at, current, x);
    d[stage] = cell_flow_jvp(at, current, x, along, d_current, slope_scale(moved, rate));
    at = state_axpy(y, select(half, t, stage == 2u), k[stage]);
    along = state_axpy(state_axpy(dy, select(half, t, stage == 2u), d[stage]), select(half_dh, dh, stage == 2u), k[stage]);
  }
  let k1 = k[0];
  let k2 = k[1];
  let k3 = k[2];
  let k4 = k[3];
  let d1 = d[0];
  let d2 = d[1];
  let d3 = d[2];
  let d4 = d[3];
#else
  let x1 = slope_at(z, rho);
  let x2 = slope_at(z, rho + 0.5f * h);
  let dx2 = slope_scale(dr + half_dh, rate);
  let k1 = cell_flow(y, current, x1);
  let d1 = cell_flow_jvp(y, current, x1, dy, d_current, slope_scale(dr, rate));
  let y2 = state_axpy(y, half, k1);
  let k2 = cell_flow(y2, current, x2);
  let d2 = cell_flow_jvp(y2, current, x2, state_axpy(state_axpy(dy, half, d1), half_dh, k1), d_current, dx2);
  let y3 = state_axpy(y, half, k2);
  let k3 = cell_flow(y3, current, x2);
  let d3 = cell_flow_jvp(y3, current, x2, state_axpy(state_axpy(dy, half, d2), half_dh, k2), d_current, dx2);
  let y4 = state_axpy(y, t, k3);
  let x4 = slope_at(z, rho + h);
  let k4 = cell_flow(y4, current, x4);
  let d4 = cell_flow_jvp(y4, current, x4, state_axpy(state_axpy(dy, t, d3), dh, k3), d_current, slope_scale(dr + dh, rate));
#endif
  let slopes = state_add(state_add(k1, k4), state_scale(2.0f, state_add(k2, k3)));
  let bends = state_add(state_add(d1, d4), state_scale(2.0f, state_add(d2, d3)));
  return ${tangent("t * 0.16666667f", "bends", "dh * 0.16666667f", "slopes")};
#else
  let still = slope_scale(0.0f, slope_at(z, rho));
  let k1 = cell_flow(y, current, still);
  let d1 = cell_flow_jvp(y, current, still, dy, d_current, still);
  return ${tangent("t", "d1", "dh", "k1")};
#endif
}

fn event_step(n: u32, i: u32) -> u32 { return record[n * 3u * run.paths + i]; }
fn event_place(n: u32, i: u32) -> f32 { return bitcast<f32>(record[(n * 3u + 1u) * run.paths + i]); }
fn event_neuron(n: u32, i: u32) -> u32 { return record[(n * 3u + 2u) * run.paths + i]; }
fn derivative_at(n: u32, d: u32, i: u32) -> u32 { return (n * D + d) * run.paths + i; }

// Brings neuron j to an arrival at \`place\` that moves by the derivative of spike n, or not at all if n is none, and
// lets it receive w through edge e (or an input, if e is none).
fn deliver(path: u32, step: u32, place: f32, j: u32, w: f32, n: u32, e: u32, i: u32) {
  load_parameters(j);
  let y = load_fields(${f.state}u, j, i);
  let rho = work[at(${f.place}u, j, i)];
  let z = draw_noise(path, step, j);
  let current = current_at(step, j);
  let h = place - rho;
  let before = advance(y, z, rho, h, current);
  for (var d = 0u; d < D; d += 1u) {
    point(d, j);
    let field = tangent_field(d);
    let dr = work[at(field + ${states}u, j, i)];
    var moved = 0.0f;
    if (n != 0xffffffffu) { moved = derivatives[derivative_at(n, d, i)]; }
    let dy = substep_tangent(y, z, rho, h, current, load_fields(field, j, i), dr, moved - dr, current_along(d, step, j));
    var along = 0.0f;
    if (e != 0xffffffffu) { along = weight_along(d, e); }
    store_fields(field, j, i, cell_receive_jvp(before, w, dy, along));
    work[at(field + ${states}u, j, i)] = moved;
  }
  store_fields(${f.state}u, j, i, cell_receive(before, w));
  work[at(${f.place}u, j, i)] = place;
}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  load_shared();
  let total = counts[i];
  let full = run.max_spikes > 0u && total >= run.max_spikes;

  if (run.step_begin == 0u) {
    for (var k = 0u; k < K; k += 1u) {
      load_parameters(k);
      let u = event_uniform(path, k, 0u);
      store_fields(${f.state}u, k, i, cell_start(u));
      work[at(${f.fired}u, k, i)] = bitcast<f32>(0u);
      for (var d = 0u; d < D; d += 1u) {
        point(d, k);
        store_fields(tangent_field(d), k, i, cell_start_jvp(u));
      }
    }
  }
  var n = 0u;
  if (run.step_begin > 0u) { n = bitcast<u32>(work[${f.perNeuron}u * K * run.paths + i]); }
  var x = run.first_arrival;

  for (var step = run.step_begin; step < run.step_end && !(full && n >= total); step += 1u) {
    for (var k = 0u; k < K; k += 1u) {
      work[at(${f.place}u, k, i)] = 0.0f;
      for (var d = 0u; d < D; d += 1u) { work[at(tangent_field(d) + ${states}u, k, i)] = 0.0f; }
    }
    var stopped = false;
    while (!stopped && ((n < total && event_step(n, i) == step) || arrives_in(x, step))) {
      let due = n < total && event_step(n, i) == step;
      if (arrives_in(x, step) && (!due || arrival_place(x) <= event_place(n, i))) {
        deliver(path, step, arrival_place(x), arrival_neuron(x), arrival_weight(x), 0xffffffffu, 0xffffffffu, i);
        x += 1u;
        continue;
      }
      let place = event_place(n, i);
      let k = event_neuron(n, i);
      load_parameters(k);
      let y = load_fields(${f.state}u, k, i);
      let rho = work[at(${f.place}u, k, i)];
      let z = draw_noise(path, step, k);
      let current = current_at(step, k);
      let h = place - rho;
      let before = advance(y, z, rho, h, current);
      let fired = bitcast<u32>(work[at(${f.fired}u, k, i)]) + 1u;
      let u = event_uniform(path, k, fired);
      point(D, k);
      let by_length = substep_tangent(y, z, rho, h, current, state_zero(), 0.0f, 1.0f, 0.0f);
      let rate = state_dot(cell_event_gradient(before), by_length);
      let at_once = cell_event(y) >= 0.0f; // what follows a jump at once moves with it
      for (var d = 0u; d < D; d += 1u) {
        point(d, k);
        let field = tangent_field(d);
        let dr = work[at(field + ${states}u, k, i)];
        let dy = substep_tangent(y, z, rho, h, current, load_fields(field, k, i), dr, -dr, current_along(d, step, k));
        let moved = select(-cell_event_jvp(before, dy) / rate, dr, at_once);
        derivatives[derivative_at(n, d, i)] = moved;
        store_fields(field, k, i, cell_reset_jvp(before, u, state_axpy(dy, moved, by_length)));
        work[at(field + ${states}u, k, i)] = moved;
      }
      store_fields(${f.state}u, k, i, cell_reset(before, u));
      work[at(${f.fired}u, k, i)] = bitcast<f32>(fired);
      work[at(${f.place}u, k, i)] = place;
      n += 1u;
      stopped = full && n >= total;
      if (!stopped) {
        for (var e = connections[k]; e < connections[k + 1u]; e += 1u) {
          deliver(path, step, place, connections[K + 1u + e], theta[weight_offset + e], n - 1u, e, i);
        }
      }
    }
    if (!stopped) {
      for (var k = 0u; k < K; k += 1u) {
        load_parameters(k);
        let y = load_fields(${f.state}u, k, i);
        let rho = work[at(${f.place}u, k, i)];
        let z = draw_noise(path, step, k);
        let current = current_at(step, k);
        let h = 1.0f - rho;
        let end = advance(y, z, rho, h, current);
        for (var d = 0u; d < D; d += 1u) {
          point(d, k);
          let field = tangent_field(d);
          let dr = work[at(field + ${states}u, k, i)];
          let dy = substep_tangent(y, z, rho, h, current, load_fields(field, k, i), dr, -dr, current_along(d, step, k));
#if ${shape.smooth}
          store_fields(field, k, i, dy);
#else
          store_fields(field, k, i, cell_kick_jvp(end, increment(z), dy));
#endif
        }
#if ${shape.smooth}
        store_fields(${f.state}u, k, i, end);
#else
        store_fields(${f.state}u, k, i, cell_kick(end, increment(z)));
#endif
      }
    }
  }
  work[${f.perNeuron}u * K * run.paths + i] = bitcast<f32>(n);
}
`,
  });
}
