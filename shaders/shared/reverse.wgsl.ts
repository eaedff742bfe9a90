import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { endOf, type SolverShape, stepFrom } from "./solver.wgsl.js";

/**
 * Exact reverse of a sub-step, for any cell: needs the functions of solver.wgsl.ts and the cell's derivatives. Cotangents
 * of times are by physical time, not by fractions of a step.
 */
export function reverseFunctions({
  smooth,
  carried,
  rolled,
}: Pick<SolverShape, "smooth" | "carried" | "rolled">): string {
  const joined = "state_add(b2.y, state_add(b3.y, b4.y))";
  return wgsl`
// Stages of a sub-step, from which both its end and its reverse follow.
struct Stages {
#if ${smooth}
  y2: State, y3: State, y4: State,
  f1: FlowKept, f2: FlowKept, f3: FlowKept, f4: FlowKept,
#else
  f1: FlowKept,
#endif
  end: State,
}

fn substep_stages(y: State, z: Noise, rho: f32, h: f32, current: f32) -> Stages {
  let t = h * dt;
  var s: Stages;
#if ${smooth}
  let half = 0.5f * t;
#if ${rolled}
  var y_of: array<State, 4>;
  var f: array<FlowKept, 4>;
  var at = y;
  for (var stage = 0u; stage < 4u; stage += 1u) {
    y_of[stage] = at;
    f[stage] = cell_flow_kept(at, current, slope_at(z, stage_place(rho, h, stage)));
    at = state_axpy(y, select(half, t, stage == 2u), f[stage].f);
  }
  s = Stages(y_of[1], y_of[2], y_of[3], f[0], f[1], f[2], f[3], y);
#else
  let x_middle = slope_at(z, rho + 0.5f * h);
  s.f1 = cell_flow_kept(y, current, slope_at(z, rho));
  s.y2 = state_axpy(y, half, s.f1.f);
  s.f2 = cell_flow_kept(s.y2, current, x_middle);
  s.y3 = state_axpy(y, half, s.f2.f);
  s.f3 = cell_flow_kept(s.y3, current, x_middle);
  s.y4 = state_axpy(y, t, s.f3.f);
  s.f4 = cell_flow_kept(s.y4, current, slope_at(z, rho + h));
#endif
  s.end = ${endOf(carried, "s.f1.f", "s.f2.f", "s.f3.f", "s.f4.f")};
#else
  s.f1 = cell_flow_kept(y, current, slope_scale(0.0f, slope_at(z, rho)));
  s.end = ${stepFrom(carried, "y", "t", "s.f1.f")};
#endif
  return s;
}

// Derivative of the end of a sub-step by its length (physical time).
fn substep_by_length(s: Stages, y: State, z: Noise, rho: f32, h: f32, current: f32) -> State {
#if ${smooth}
  let t = h * dt;
  let rate = slope_rate(z);
#if ${rolled}
  let y_of = array(s.y2, s.y3, s.y4);
  let f = array(s.f1.f, s.f2.f, s.f3.f);
  var d: array<State, 3>;
  var last = state_zero();
  for (var stage = 1u; stage < 4u; stage += 1u) {
    let part = select(0.5f, 1.0f, stage == 3u);
    let along = state_scale(part, state_axpy(f[stage - 1u], t, last));
    let x = slope_at(z, stage_place(rho, h, stage));
    last = cell_flow_jvp_fixed(y_of[stage - 1u], current, x, along, slope_scale(part, rate));
    d[stage - 1u] = last;
  }
  let d2 = d[0];
  let d3 = d[1];
  let d4 = d[2];
#else
  let x_middle = slope_at(z, rho + 0.5f * h);
  let half_rate = slope_scale(0.5f, rate);
  let d2 = cell_flow_jvp_fixed(s.y2, current, x_middle, state_scale(0.5f, s.f1.f), half_rate);
  let d3 = cell_flow_jvp_fixed(s.y3, current, x_middle, state_scale(0.5f, state_axpy(s.f2.f, t, d2)), half_rate);
  let d4 = cell_flow_jvp_fixed(s.y4, current, slope_at(z, rho + h), state_axpy(s.f3.f, t, d3), rate);
#endif
  let sum = state_add(state_add(s.f1.f, s.f4.f), state_scale(2.0f, state_add(s.f2.f, s.f3.f)));
  let bend = state_add(d4, state_scale(2.0f, state_add(d2, d3)));
  return state_scale(0.16666667f, state_axpy(sum, t, bend));
#else
  return s.f1.f;
#endif
}

// Cotangent of the length of a sub-step to an event, over the rate of the event function along it. Where a jump left that
// function at zero or above the event follows at once: the length is none, and nothing moves it.
fn length_bar(pull: f32, rate: f32, before: State) -> f32 {
  return select(pull / rate, 0.0f, cell_event(before) >= 0.0f);
}

struct SubstepCotangent {
  y: State,
  start: f32,  // by the time at which the sub-step starts, its length held
  length: f32, // by its length
}

// (d end / d y)^T c; parameters' and current's cotangents go to their accumulators.
fn substep_reverse(s: Stages, y: State, z: Noise, rho: f32, h: f32, current: f32, c: State) -> SubstepCotangent {
  let t = h * dt;
  var out: SubstepCotangent;
#if ${smooth}
  let rate = slope_rate(z);
  let sixth = t * 0.16666667f;
  let third = t * 0.33333334f;
#if ${rolled}
  let y_of = array(y, s.y2, s.y3, s.y4);
  let f = array(s.f1, s.f2, s.f3, s.f4);
  var b: array<FlowCotangent, 4>;
  var next = state_zero();
  for (var stage = 3u; stage < 4u; stage -= 1u) { // 0 less 1 is above 4
    let seed = state_scale(select(third, sixth, stage == 0u || stage == 3u), c);
    let x = slope_at(z, stage_place(rho, h, stage));
    b[stage] = cell_flow_vjp(y_of[stage], current, x, f[stage], state_axpy(seed, select(0.5f * t, t, stage == 2u), next));
    next = b[stage].y;
  }
  let b1 = b[0];
  let b2 = b[1];
  let b3 = b[2];
  let b4 = b[3];
#else
  let x_middle = slope_at(z, rho + 0.5f * h);
  let b4 = cell_flow_vjp(s.y4, current, slope_at(z, rho + h), s.f4, state_scale(sixth, c));
  let b3 = cell_flow_vjp(s.y3, current, x_middle, s.f3, state_axpy(state_scale(third, c), t, b4.y));
  let b2 = cell_flow_vjp(s.y2, current, x_middle, s.f2, state_axpy(state_scale(third, c), 0.5f * t, b3.y));
  let b1 = cell_flow_vjp(y, current, slope_at(z, rho), s.f1, state_axpy(state_scale(sixth, c), 0.5f * t, b2.y));
#endif
  out.y = ${carried ? `state_carry(c, state_add(b1.y, ${joined}))` : `state_add(state_add(c, b1.y), ${joined})`};
  let r1 = slope_dot(b1.x, rate);
  let r23 = slope_dot(b2.x, rate) + slope_dot(b3.x, rate);
  let r4 = slope_dot(b4.x, rate);
  out.start = r1 + r23 + r4;
  out.length = 0.16666667f * (state_dot(c, state_add(s.f1.f, s.f4.f)) + 2.0f * state_dot(c, state_add(s.f2.f, s.f3.f)))
    + 0.5f * (state_dot(b2.y, s.f1.f) + state_dot(b3.y, s.f2.f)) + state_dot(b4.y, s.f3.f) + 0.5f * r23 + r4;
#else
  let b1 = cell_flow_vjp(y, current, slope_scale(0.0f, slope_at(z, rho)), s.f1, state_scale(t, c));
  out.y = ${carried ? "state_carry(c, b1.y)" : "state_add(c, b1.y)"};
  out.start = 0.0f;
  out.length = state_dot(c, s.f1.f);
#endif
  return out;
}
`;
}
