/**
 * The operations undone: cotangents of what came out, to cotangents of what went in. Those of parameters and of the
 * current go to their accumulators.
 *
 * Beside the state, the place (time) at which a sub-step starts has a cotangent, for that may be the time of an event. What
 * sets the end of a sub-step is the end of the step (`undo_finish`), the event of another neuron or an input
 * (`undo_deliver`: the cotangent of that time grows by `length`), or the neuron's own event (`undo_fire`): then E = 0 there,
 * from which the cotangent of the length follows.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { leaptFunction } from "../../substep/crossing.wgsl.js";
import { clearGrid, type GridShape } from "../../substep/grid-states.wgsl.js";
import type { SolverShape } from "../../substep/solver.wgsl.js";

export interface UndoShape extends Pick<SolverShape, "smooth" | "several" | keyof GridShape> {
  /** Whether weights have gradients. */
  weights: boolean;
  /** Whether a neuron that fires may be its own target, and receive at once. */
  selfEdges: boolean;
}

/** Needs do.wgsl.ts and the functions of reverse.wgsl.ts. */
export function undoFunctions(shape: UndoShape): string {
  const { smooth, weights, selfEdges } = shape;
  const back = clearGrid(shape, "c.y", "begin.rho");
  return wgsl`
struct Undone {
  y: State,    // of the state at the start
  start: f32,  // of the place of the start; a start at a grid point does not move
  length: f32, // of the length, its start held
#if ${weights}
  weight: f32, // of the weight received
#endif
}

// What moves the start of a sub-step: its own pull, and that at its end.
fn start_bar(rho: f32, start: f32, end: f32) -> f32 { return select(start + end, 0.0f, rho == 0.0f); }

fn unkicked(end: State, z: Noise, a: State) -> State {
#if ${smooth}
  return a;
#else
  return cell_kick_vjp(end, increment(z), a);
#endif
}

fn undo_finish(begin: Start, a: State) -> Undone {
  let h = 1.0f - begin.rho;
  let s = substep_stages(begin.y, begin.z, begin.rho, h, begin.current);
  let c = substep_reverse(s, begin.y, begin.z, begin.rho, h, begin.current, unkicked(s.end, begin.z, a));
  return Undone(${back}, start_bar(begin.rho, c.start, -c.length), c.length${weights ? ", 0.0f" : ""});
}

fn undo_deliver(begin: Start, place: f32, jump: Jump, a: State) -> Undone {
  let h = place - begin.rho;
  let s = substep_stages(begin.y, begin.z, begin.rho, h, begin.current);
#if ${weights}
  let weight_bar = cell_receive_weight(s.end, jump.weight, a, jump.port);
#endif
  let c = substep_reverse(s, begin.y, begin.z, begin.rho, h, begin.current, cell_receive_vjp(s.end, jump.weight, a, jump.port));
  return Undone(${back}, start_bar(begin.rho, c.start, -c.length), c.length${weights ? ", weight_bar" : ""});
}

${leaptFunction(shape)}
// The cotangent of the state before an event, event_bar that of its time: the length of the sub-step is set by E = 0, and
// is eliminated.
fn undo_event(s: Stages, begin: Start, h: f32, u: f32, event: u32, event_bar: f32, a: State) -> State {
  let c = cell_jump_vjp(s.end, u, a, event);
  let by_length = substep_by_length(s, begin.y, begin.z, begin.rho, h, begin.current);
  let gradient = cell_surface_gradient(s.end, event);
  let pull = event_bar + state_dot(c, by_length);
  let rate = state_dot(gradient, by_length);
  let q = select(pull / rate, 0.0f, leapt(begin.y, h, rate, event));
  cell_surface_parameters(s.end, -q, event);
  return state_axpy(c, -q, gradient);
}

fn undo_fire(begin: Start, place: f32, jump: Jump, event_bar: f32, after_bar: State) -> Undone {
  let h = place - begin.rho;
  let s = substep_stages(begin.y, begin.z, begin.rho, h, begin.current);
  var a = after_bar;
#if ${weights}
  var weight_bar = 0.0f;
#endif
#if ${selfEdges}
  if (jump.receives) {
    let after = cell_jump(s.end, jump.u, jump.event);
#if ${weights}
    weight_bar = cell_receive_weight(after, jump.weight, a, jump.port);
#endif
    a = cell_receive_vjp(after, jump.weight, a, jump.port);
  }
#endif
  a = undo_event(s, begin, h, jump.u, jump.event, event_bar, a);
  let c = substep_reverse(s, begin.y, begin.z, begin.rho, h, begin.current, a);
  return Undone(${back}, start_bar(begin.rho, c.start, event_bar), 0.0f${weights ? ", weight_bar" : ""});
}
`;
}
