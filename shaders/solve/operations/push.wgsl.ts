/**
 * The operations pushed forward: tangents of what goes in, to tangents of what comes out, along one direction. Beside that
 * of the state (dy) there is that of the place at which the sub-step starts (dr), in physical time. Needs
 * `substep_tangent`.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { leaptFunction } from "../../substep/crossing.wgsl.js";
import { clearGrid, type GridShape } from "../../substep/grid-states.wgsl.js";
import type { SolverShape } from "../../substep/solver.wgsl.js";

export function pushFunctions(shape: Pick<SolverShape, "smooth" | "several" | keyof GridShape>): string {
  const { smooth } = shape;
  return wgsl`
// A sub-step that is pushed along several directions.
struct Substep { start: Start, place: f32, end: State }

fn substep(start: Start, place: f32) -> Substep { return Substep(start, place, reach(start, place)); }

// The tangent of its end, where its length moves by dh.
fn end_tangent(s: Substep, dy: State, dr: f32, dh: f32, d_current: f32) -> State {
  let h = s.place - s.start.rho;
  return substep_tangent(s.start.y, s.start.z, s.start.rho, h, s.start.current, ${clearGrid(shape, "dy", "s.start.rho")}, dr, dh, d_current);
}

fn push_finish(s: Substep, dy: State, dr: f32, d_current: f32) -> State {
  let d_end = end_tangent(s, dy, dr, -dr, d_current);
#if ${smooth}
  return d_end;
#else
  return cell_kick_jvp(s.end, increment(s.start.z), d_end);
#endif
}

// What arrives moves in time by moved.
fn push_deliver(s: Substep, jump: Jump, d_weight: f32, dy: State, dr: f32, moved: f32, d_current: f32) -> State {
  return cell_receive_jvp(s.end, jump.weight, end_tangent(s, dy, dr, moved - dr, d_current), d_weight, jump.port);
}

${leaptFunction(shape)}
// What an event's time follows from: the derivative of the end by the length, and that of E along it.
struct Crossing { by_length: State, rate: f32, at_once: bool }

// No direction may be pointed along.
fn crossing(s: Substep, event: u32) -> Crossing {
  let by_length = end_tangent(s, state_zero(), 0.0f, 1.0f, 0.0f);
  let rate = state_dot(cell_surface_gradient(s.end, event), by_length);
  // What follows a jump at once moves with it.
  return Crossing(by_length, rate, leapt(s.start.y, s.place - s.start.rho, rate, event));
}

struct Fired { dy: State, moved: f32 }

fn push_fire(s: Substep, c: Crossing, jump: Jump, dy: State, dr: f32, d_current: f32) -> Fired {
  let d_end = end_tangent(s, dy, dr, -dr, d_current);
  let moved = select(-cell_surface_jvp(s.end, d_end, jump.event) / c.rate, dr, c.at_once);
  let d_moved = state_axpy(d_end, moved, c.by_length);
  return Fired(cell_jump_jvp(s.end, jump.u, d_moved, jump.event), moved);
}
`;
}
