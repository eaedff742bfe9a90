/**
 * The next place to look at within a bracket: Newton's where its correction is less than half of the one before, else the
 * middle. Where the slope that Newton has is not that of the curve (a steep hazard in a coarse step), it swings from side to
 * side of the root and hardly comes nearer. Corrections below 1e-4 of a step may be rounding.
 *
 * Here and below by & and |: && and || are branches, which in a loop cost SwiftShader's compiler (docs/decisions.md).
 */
export const bracketFunction = /* wgsl */ `
fn bracketed(h: f32, next: f32, low: f32, high: f32, before: f32) -> f32 {
  return select(0.5f * (low + high), next, (next > low) & (next < high) & (abs(next - h) <= max(0.5f * before, 1e-4f)));
}
`;

/**
 * Steps towards the root of the event function E along a Runge-Kutta sub-step, as a function of its length.
 *
 * The first guess, as a part of the whole sub-step, is the root of the cubic through values and slopes at both ends, by a
 * Newton step from the secant's root.
 *
 * A correction is Newton's, with whether it is the last. The flow gives the slope of E up to the error of the sub-step,
 * which in a coarse step may be most of it; the parabola through start, h and end gives it up to rounding, where no two of
 * them are near. Where both put the root in the same place to 5e-5 of a step, a correction below a thousandth is the last:
 * what it leaves out is of second order, below the rounding of the state. Elsewhere it must itself be below 5e-5.
 */
export const newtonFunctions = /* wgsl */ `
// Values at start and end, and slopes there times the length of the sub-step.
fn first_guess(e_start: f32, e_end: f32, p: f32, q: f32) -> f32 {
  let d = e_end - e_start;
  let s = clamp(-e_start / max(d, 1e-30f), 0.0f, 1.0f);
  let c2 = 3.0f * d - 2.0f * p - q;
  let c3 = p + q - 2.0f * d;
  let guess = s - (e_start + s * (p + s * (c2 + s * c3))) / (p + s * (2.0f * c2 + s * 3.0f * c3));
  return select(0.5f, guess, (guess > 0.0f) & (guess < 1.0f));
}

struct Correction { h: f32, last: bool }

// Points are (h, E); rate is the slope along the flow.
fn newton(start: f32, at: vec2f, rate: f32, end: vec2f) -> Correction {
  let h = at.x - at.y / rate;
  let rest = end.x - at.x;
  let chords = (at.y - start) / at.x + (end.y - at.y) / rest - (end.y - start) / end.x;
  let agree = (abs(h - (at.x - at.y / chords)) <= 5e-5f) & (rest > 0.02f);
  let short = at.x <= 0.02f; // along a short sub-step the flow is as good
  return Correction(h, abs(h - at.x) <= select(5e-5f, 1e-3f, agree | short));
}
`;
