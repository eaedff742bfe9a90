import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";

/**
 * Where in a sub-step the event function crosses zero; needs the functions of solver.wgsl.ts. `locate` gives the place
 * in the grid step of the event between rho and its end, above 0 always: sub-steps that begin at 0 began at a grid
 * point. An event function that is not below zero at rho (a reset that falls short) fires at once.
 *
 * Newton within a bracket. Along Runge-Kutta it begins at the root of the cubic through values and slopes at both ends,
 * and ends with a correction of less than a thousandth of a step: what that leaves out is of second order, below the
 * rounding of the state. Under a frozen drift an affine event function needs one division.
 */
export function locateFunctions(smooth: boolean, affineEvent: boolean): string {
  return wgsl`
fn place_of(e_start: f32, rho: f32, h: f32) -> f32 {
  return select(clamp(rho + h, 1e-7f, 1.0f), max(rho, 1e-7f), e_start >= 0.0f);
}

fn event_rate(y: State, slope: State) -> f32 { return state_dot(cell_event_gradient(y), slope) * dt; }

// The trial is the state at the end of the step, before any kick; euler does not look at it.
fn locate(y: State, trial: State, z: Noise, rho: f32, current: f32) -> f32 {
  let e_start = cell_event(y);
  let length = 1.0f - rho;
#if ${smooth}
  let d = cell_event(trial) - e_start;
  let p = event_rate(y, cell_flow(y, current, slope_at(z, rho))) * length;
  let q = event_rate(trial, cell_flow(trial, current, slope_at(z, 1.0f))) * length;
  let s = clamp(-e_start / max(d, 1e-30f), 0.0f, 1.0f);
  let c2 = 3.0f * d - 2.0f * p - q;
  let c3 = p + q - 2.0f * d;
  let guess = s - (e_start + s * (p + s * (c2 + s * c3))) / (p + s * (2.0f * c2 + s * 3.0f * c3));
  var h = length * select(0.5f, guess, guess > 0.0f && guess < 1.0f);
#else
  let frozen = cell_drift(y, current);
#if ${affineEvent}
  return place_of(e_start, rho, -e_start / event_rate(y, frozen));
#else
  var h = length;
#endif
#endif
#if ${smooth || !affineEvent}
  var low = 0.0f;
  var high = length;
  var tries = 0u;
  var done = false;
  loop {
    let there = advance(y, z, rho, h, current);
    let e = cell_event(there);
    let rate = event_rate(there, ${smooth ? "cell_flow(there, current, slope_at(z, rho + h))" : "frozen"});
    if (e >= 0.0f) { high = h; } else { low = h; }
    let next = h - e / rate;
    tries += 1u;
    done = abs(next - h) <= ${smooth ? "1e-3f" : "4e-7f + 1.2e-7f * abs(e_start / rate)"} || tries >= ${smooth ? 12 : 24}u;
    h = select(select(0.5f * (low + high), next, next > low && next < high), clamp(next, 0.0f, length), done);
    continuing { break if done; }
  }
  return place_of(e_start, rho, h);
#endif
}
`;
}
