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
import { recordFunctions } from "../shared/record.wgsl.js";
import { networkRunFields } from "../shared/run.js";
import { atGrid } from "../substep/grid-states.wgsl.js";
import { clearStart, startedFrom } from "../substep/initial.wgsl.js";
import { solverFunctions } from "../substep/solver.wgsl.js";
import { tangentFunction } from "../substep/tangent.wgsl.js";
import { connectionFunctions, isSelective, replayFunctions } from "./connections.wgsl.js";
import type { NetworkShape } from "./forward-network.wgsl.js";
import { doFunctions } from "./operations/do.wgsl.js";
import { pushFunctions } from "./operations/push.wgsl.js";
import { pathField, storeFunctions } from "./store.wgsl.js";

export interface SensitivityShape extends NetworkShape {
  /** Number of the cell's parameters. */
  cellParameters: number;
  directions: number;
  /** States along which there are directions of what samples start from. */
  along: readonly number[];
  /** Whether there are directions of the times at which sources send. */
  timed: boolean;
}

/**
 * What a direction moves, first word of its row in the direction buffer; then index, and neurons from one to another, the last
 * not among them.
 */
export const directionKind = { parameter: 0, weight: 1, current: 2, delay: 3, initial: 4, time: 5 } as const;

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

/** Where tangents lie in the work buffer, and which parameters a direction moves. Needs `D`, and the tangents of parameters. */
export function directionFunctions({
  states,
  directions,
  cellParameters,
}: Pick<SensitivityShape, "states" | "directions" | "cellParameters">): string {
  const parameters = Array.from({ length: cellParameters }, (_, i) => i);
  return wgsl`
// The tangent of a neuron's state in direction d lies here, and that of its place after it.
fn tangent_field(d: u32) -> u32 { return ${sensitivityFields(states, directions).tangents}u + d * ${states + 1}u; }

// Points the parameter tangents of neuron k along direction d; nowhere if d is none.
fn point(d: u32, k: u32) {
  let way = direction[min(d, D - 1u)];
  let on = d < D && way.x == 0u && k >= way.z && k < way.w;
${parameters.map((p) => `  dpar_${p} = select(0.0f, 1.0f, on && way.y == ${p}u);`).join("\n")}
}
`;
}

/** How the time at which a source sends moves in a direction: that of its entry in the agenda. */
const sentAlongFunction = ({ timed }: SensitivityShape): string =>
  timed
    ? wgsl`
fn sent_along(what: Happening, d: u32, i: u32) -> f32 {
  let way = direction[d];
  return select(0.0f, 1.0f, way.x == ${directionKind.time}u && way.y == entry_of(what.input, i));
}
`
    : "";

/** The tangent of the start of neuron k in direction d, with what samples start from. */
const startAlong = ({ along }: SensitivityShape, tangent: string): string =>
  along.length > 0 ? `start_along(${tangent}, direction[d], k)` : tangent;

function startAlongFunction({ along }: SensitivityShape): string {
  if (along.length === 0) return "";
  return wgsl`
fn start_along(tangent: State, way: vec4u, k: u32) -> State {
  var t = tangent;
  let on = way.x == ${directionKind.initial}u && k >= way.z && k < way.w;
${along.map((state) => `  t.y${state} += select(0.0f, 1.0f, on && way.y == ${state}u);`).join("\n")}
  return t;
}
`;
}

export function sensitivity(shape: SensitivityShape, label: string) {
  const { states, directions } = shape;
  const delayed = shape.delays !== undefined;
  const f = sensitivityFields(states, directions);
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: networkRunFields,
    bindings: {
      theta: read("array<f32>"),
      connections: read("array<u32>"),
      direction: read("array<vec4u>"),
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

const D = ${directions}u;
${doFunctions(shape)}
${connectionFunctions(shape)}
${recordFunctions({ words: shape.recordWords, events: shape.several })}
${replayFunctions(shape)}
var<private> own_path: u32;
${storeFunctions({ states, array: "work", type: "f32", at: pathField })}

${directionFunctions(shape)}${startAlongFunction(shape)}
fn load_moved(d: u32, k: u32) -> f32 { return load_number(tangent_field(d) + ${states}u, k); }
fn store_moved(d: u32, k: u32, moved: f32) { store_number(tangent_field(d) + ${states}u, k, moved); }

fn current_along(d: u32, step: u32, k: u32) -> f32 {
  let way = direction[d];
  return select(0.0f, 1.0f, way.x == 2u && way.y == ${shape.current.parts ? "sample_at(step, k)" : "sample_of(step)"} && k >= way.z && k < way.w);
}

fn weight_along(d: u32, e: u32) -> f32 {
  let way = direction[d];
  return select(0.0f, 1.0f, way.x == 1u && way.y == weight_place(e));
}
${tangentFunction(shape)}
${pushFunctions(shape)}${sentAlongFunction(shape)}
fn derivative_at(n: u32, d: u32, i: u32) -> u32 { return (n * D + d) * run.paths + i; }
#if ${delayed}
// How the time of what arrives moves: as its spike's, and the delay.
fn arrival_moved(what: Happening, n: u32, d: u32, i: u32) -> f32 {
  let way = direction[d];
  let late = what.delay != at_once;
  let along = select(0.0f, 1.0f, late && way.x == 3u && way.y == what.delay);
  return derivatives[derivative_at(select(n, what.cause, late), d, i)] + along;
}
#endif

// Takes neuron k, with its parameters, to a place in the step.
fn take_to(place: f32, path: u32, step: u32, k: u32) -> Substep {
  load_parameters(k);
  let z = draw_noise(path, step, k);
  let rho = load_number(${f.place}u, k);
  return substep(Start(${atGrid(shape, `load_state(${f.state}u, k)`, "rho", "step", "k")}, z, rho, current_at(step, k)), place);
}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  own_path = i;
  load_shared(i);
  let own = played(counts[i], i);

  if (run.step_begin == 0u) {
    for (var k = 0u; k < K; k += 1u) {
      load_parameters(k);
      let u = event_uniform(path, k, 0u);
      store_state(${f.state}u, k, ${startedFrom(shape, "cell_start(u)", "k")});
      store_word(${f.fired}u, k, 0u);
      for (var d = 0u; d < D; d += 1u) {
        point(d, k);
        store_state(tangent_field(d), k, ${startAlong(shape, clearStart(shape, "cell_start_jvp(u)", "k"))});
      }
    }
  }
  var at = cursor_at(0u, i);
  if (run.step_begin > 0u) { at.events = bitcast<u32>(work[${f.perNeuron}u * K * run.paths + i]); }

  for (var step = run.step_begin; step < run.step_end && !is_over(at, own); step += 1u) {
    for (var k = 0u; k < K; k += 1u) {
      store_number(${f.place}u, k, 0.0f);
      for (var d = 0u; d < D; d += 1u) { store_moved(d, k, 0.0f); }
    }
    var stopped = false;
    while (!stopped && happens_in(at, own, step, i)) {
      let what = next_of(at, own, step, i);
      var item = first_receiver(what);
      if (is_event(what)) {
        let k = what.neuron;
        let s = take_to(what.place, path, step, k);
        let drawn = load_word(${f.fired}u, k) + uniforms_of(what.event);
        let jump = fire(uniform_of(path, k, drawn, what.event), what.event);
        point(D, k);
        let c = crossing(s, what.event);
        for (var d = 0u; d < D; d += 1u) {
          point(d, k);
          let dy = load_state(tangent_field(d), k);
          let p = push_fire(s, c, jump, dy, load_moved(d, k), current_along(d, step, k));
          derivatives[derivative_at(at.events, d, i)] = p.moved;
          store_state(tangent_field(d), k, p.dy);
          store_moved(d, k, p.moved);
        }
        store_state(${f.state}u, k, jumped(s.end, jump));
        store_word(${f.fired}u, k, drawn);
        store_number(${f.place}u, k, what.place);
      }
#if ${shape.timed && delayed}
      // What goes along delays moves as the spike does, which is an entry of the record.
      if (is_sent_by_source(what)) {
        for (var d = 0u; d < D; d += 1u) { derivatives[derivative_at(at.events, d, i)] = sent_along(what, d, i); }
      }
#endif
      // Who receives: the targets, at a time that moves as the spike does, or whom an input spike reaches.
      for (; item < what.items; item += 1u) {
        ${isSelective(shape) ? "if (!takes_part(what, item)) { continue; }" : ""}
        let j = neuron_of(what, item);
        let s = take_to(what.place, path, step, j);
        let jump = jump_of(what, item, 1.0f);
        for (var d = 0u; d < D; d += 1u) {
          point(d, j);
          var moved = 0.0f;
          var along = 0.0f;
          if (is_by_edges(what)) {
            moved = ${delayed ? "arrival_moved(what, at.events, d, i)" : "derivatives[derivative_at(at.events, d, i)]"};
#if ${shape.sources > 0}
            if (what.arrival) { moved = ${shape.timed ? "sent_along(what, d, i)" : "0.0f"}; } // of a source, at its time
#endif
            along = weight_along(d, edge_of(what, item));
          }
          let dy = load_state(tangent_field(d), j);
          let dr = load_moved(d, j);
          let d_current = current_along(d, step, j);
          store_state(tangent_field(d), j, push_deliver(s, jump, along, dy, dr, moved, d_current));
          store_moved(d, j, moved);
        }
        store_state(${f.state}u, j, jumped(s.end, jump));
        store_number(${f.place}u, j, what.place);
      }
      at = past(at, what);
      stopped = is_over(at, own);
    }
    if (!stopped) {
      for (var k = 0u; k < K; k += 1u) {
        let s = take_to(1.0f, path, step, k);
        for (var d = 0u; d < D; d += 1u) {
          point(d, k);
          let dy = load_state(tangent_field(d), k);
          store_state(tangent_field(d), k, push_finish(s, dy, load_moved(d, k), current_along(d, step, k)));
        }
        store_state(${f.state}u, k, kicked(s.end, s.start.z));
      }
    }
  }
  work[${f.perNeuron}u * K * run.paths + i] = bitcast<f32>(at.events);
}
`,
  });
}
