import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { crossingFunctions } from "./crossing.wgsl.js";
import { bracketFunction, newtonFunctions } from "./root.wgsl.js";
import type { SolverShape } from "./solver.wgsl.js";

export interface LocateShape
  extends Pick<SolverShape, "smooth" | "several" | "falls" | "peaks" | "steep" | "exponential"> {
  affineEvent: boolean;
  /** WGSL of the place at which the sub-step ends if nothing happens before; the end of the step, 1, where absent. */
  end?: string;
}

/**
 * Where in a sub-step the event function crosses zero; needs the functions of solver.wgsl.ts. `locate` gives the place
 * in the grid step of the event between rho and its end, above 0 always: sub-steps that begin at 0 began at a grid
 * point. An event function that is not below zero at rho (a reset that falls short) fires at once.
 *
 * Newton within a bracket. Along Runge-Kutta it begins at the root of the cubic through values and slopes at both ends.
 * Under a frozen drift an affine event function needs one division.
 */
export function locateFunctions(shape: LocateShape): string {
  const { smooth, affineEvent, several, steep, peaks, exponential, end } = shape;
  const atOnce = several ? "e_start > 0.0f" : "e_start >= 0.0f";
  const whole = end ?? "1.0f";
  // To the end of a step places are above 0, and so tell that they are no grid points.
  const placed = end ? `clamp(rho + h, rho, ${end})` : "clamp(rho + h, 1e-7f, 1.0f)";
  const now = end ? "rho" : "max(rho, 1e-7f)";
  return wgsl`
${crossingFunctions(shape)}
#if ${smooth}
${newtonFunctions(steep)}
#endif
#if ${smooth || !affineEvent}
${bracketFunction}
#endif

fn place_of(e_start: f32, rho: f32, h: f32) -> f32 {
  return select(${placed}, ${now}, ${atOnce});
}

fn event_rate(y: State, slope: State) -> f32 { return state_dot(cell_event_gradient(y), slope) * dt; }

// The trial is the state at the end of the step, before any kick; euler does not look at it.
fn locate(y: State, trial: State, z: Noise, rho: f32, current: f32) -> f32 {
  let e_start = cell_event(y);
#if ${peaks.length > 0}
  let length = max(crossing_within(y, trial, z, rho, current), 1e-7f);
  var end = trial;
  if (length < ${whole} - rho) { end = advance(y, z, rho, length, current); }
#else
  let length = ${whole} - rho;
  let end = trial;
#endif
#if ${smooth}
  let e_end = cell_event(end);
  let p = event_rate(y, cell_flow(y, current, slope_at(z, rho))) * length;
  let q = event_rate(end, cell_flow(end, current, slope_at(z, ${peaks.length > 0 ? "rho + length" : whole}))) * length;
  var h = length * first_guess(e_start, e_end, p, q);
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
  var before = 2.0f * length; // the last correction
  var tries = 0u;
  var done = false;
  loop {
    let there = advance(y, z, rho, h, current);
    let e = cell_event(there);
    let rate = event_rate(there, ${smooth ? "cell_flow(there, current, slope_at(z, rho + h))" : exponential ? "cell_drift(there, current)" : "frozen"});
#if ${several}
    // The highest surface may be one on which a state rests: its slope tells nothing of the root.
    let flat = rate == 0.0f;
    if (e > 0.0f) { high = h; } else { low = h; }
#else
    let flat = false;
    if (e >= 0.0f) { high = h; } else { low = h; }
#endif
    tries += 1u;
#if ${smooth}
    let corrected = newton(e_start, vec2f(h, e), rate, vec2f(length, e_end));
    let next = select(corrected.h, 0.5f * (low + high), flat);
    done = (corrected.last & !flat) | (tries >= 24u);
#else
    let next = select(h - e / rate, 0.5f * (low + high), flat);
    done = (!flat & (abs(next - h) <= 4e-7f + 1.2e-7f * abs(e_start / rate))) | (tries >= 24u);
#endif
    let to = select(bracketed(h, next, low, high, before), clamp(next, 0.0f, length), done);
    before = abs(to - h);
    h = to;
    continuing { break if done; }
  }
#if ${several}
  let place = place_of(e_start, rho, h);
  if (e_start > 0.0f) { return place; }
  return beyond(y, z, rho, place, rho + length, current);
#else
  return place_of(e_start, rho, h);
#endif
#endif
}
`;
}
