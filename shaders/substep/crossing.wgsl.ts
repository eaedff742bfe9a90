/**
 * Whether the highest of a cell's event functions crosses 0 within a sub-step. Where it is at or above 0 at the end it
 * does. A surface that is below at both ends may have peaked above in between: then the cubic through its values and
 * slopes says where to look (as in src/twin/crossing.ts). Needs the functions of solver.wgsl.ts.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { SolverShape } from "./solver.wgsl.js";

/** Looks at a peak that comes this near to 0, in parts of its height above both ends. */
const nearness = 0.25;
/** States looked at on the way to a peak. */
const mostLooks = 4;
/** Halvings of a sub-step whose end is beyond float32, in search of a crossing before. */
const mostHalvings = 24;

/**
 * From a place near an event on, one at which the event function is above 0, so that what the event turns over is below 0
 * after it: by steps of rounding. Where these find none, what was taken for the event is the place where another has just
 * happened, whose surface is at 0 there and falls: then by halves of what is left up to where it is above 0.
 */
const beyondFunction = (end: string): string => /* wgsl */ `
fn beyond(y: State, z: Noise, rho: f32, near: f32, above: f32, current: f32) -> f32 {
  var place = near;
  var more = 6e-8f;
  var below = cell_event(advance(y, z, rho, place - rho, current)) <= 0.0f;
  for (var n = 0u; n < 6u; n += 1u) {
    if (below & (place < ${end})) {
      place = min(place + more, ${end});
      more *= 2.0f;
      below = cell_event(advance(y, z, rho, place - rho, current)) <= 0.0f;
    }
  }
  if (below & (place < above)) {
    var low = place;
    var high = above;
    for (var n = 0u; n < 24u; n += 1u) {
      let middle = 0.5f * (low + high);
      let up = cell_event(advance(y, z, rho, middle - rho, current)) > 0.0f;
      high = select(high, middle, up);
      low = select(middle, low, up);
    }
    place = high;
  }
  return place;
}
`;

/** A surface that is above 0 by less than it grows in such a part of a step came there along the flow, to rounding of a few hundred steps. */
const justNow = 1e-4;

/**
 * Whether an event that ends a sub-step of length h from y follows at once because a jump took it there. Where two events
 * coincide, or an arrival comes as the event does, it came along the flow and has a time of its own. `rate` is that of its surface by
 * physical time.
 */
export const leaptFunction = ({ several }: Pick<SolverShape, "several">): string => {
  const [above, surface] = several
    ? ["h <= 1e-7f", "cell_surface(y, event)"]
    : ["cell_event(y) >= 0.0f", "cell_event(y)"];
  return /* wgsl */ `fn leapt(y: State, h: f32, rate: f32, event: u32) -> bool {
  let grown = ${justNow}f * dt * rate;
  return (${above}) & !((rate > 0.0f) & (${surface} <= grown));
}`;
};

/** Whether the highest event function comes to 0 or above. A state may rest on a surface, as a clock that has run down. */
const reachesFunction = /* wgsl */ `
fn reaches(start: f32, end: f32) -> bool { return end > 0.0f || (end == 0.0f && start != 0.0f); }
`;

/**
 * `crosses`, which says whether it does, and where peaks are looked for `crossing_within`: -1 where it does not.
 * @param end WGSL of the place that the sub-step would lead to: the end of the step, unless something is known to happen before.
 */
export function crossingFunctions({
  several,
  falls,
  peaks,
  end = "1.0f",
}: Pick<SolverShape, "several" | "falls" | "peaks"> & { end?: string }): string {
  const surface = several ? "cell_surface(y, event)" : "cell_event(y)";
  const gradient = several ? "cell_surface_gradient(y, event)" : "cell_event_gradient(y)";
  // In a loop: compilers write out every call, and SwiftShader's goes every way through the branches of all of them.
  const look = (event: string): string => `first = earlier(first, peak_above(y, trial, z, rho, current, ${event}));`;
  const each =
    peaks.length === 1
      ? `  ${look(`${peaks[0]}u`)}`
      : `  var peaks = array<u32, ${peaks.length}>(${peaks.map((e) => `${e}u`).join(", ")});
  for (var e = 0u; e < ${peaks.length}u; e += 1u) { ${look("peaks[e]")} }`;
  // Taken above by a jump, it has happened, though it falls again within the step.
  const atOnce = several ? "cell_event(y) > 0.0f" : "cell_event(y) >= 0.0f";
  // At the end of a step nothing is left in which to cross: an event there may just have been, and taken another above 0.
  const reaches = several
    ? `select(cell_event(y) > 0.0f, reaches(cell_event(y), cell_event(trial)), rho < ${end})`
    : "cell_event(trial) >= 0.0f";
  const crossed = `(${reaches}${falls ? ` || ${atOnce}` : ""})`;
  const landing = several ? `${reachesFunction}${beyondFunction(end)}` : "";
  if (peaks.length === 0) {
    return /* wgsl */ `${landing}
fn crosses(y: State, trial: State, z: Noise, rho: f32, current: f32) -> bool { return ${crossed}; }
`;
  }
  return wgsl`${landing}
fn height_of(y: State, event: u32) -> f32 { return ${surface}; }

// By lengths in grid steps.
fn rate_of(y: State, z: Noise, rho: f32, current: f32, event: u32) -> f32 {
  return state_dot(${gradient}, cell_flow(y, current, slope_at(z, rho))) * dt;
}

// A length from rho on, in grid steps, at which a surface is above 0; -1 where none is found.
fn peak_above(y: State, trial: State, z: Noise, rho: f32, current: f32, event: u32) -> f32 {
  let start = height_of(y, event);
  let end = height_of(trial, event);
  var low = vec3f(0.0f, start, rate_of(y, z, rho, current, event)); // length, height, slope
  // A curve that bends down stays below its tangent.
  if (!((start < 0.0f) & (low.z * (${end} - rho) >= -${1 - nearness / (1 + nearness)}f * start))) { return -1.0f; }
  var high = vec3f(${end} - rho, end, rate_of(trial, z, ${end}, current, event));
  var found = -1.0f;
  var looks = 0u;
  loop {
    let width = high.x - low.x;
    let a = low.z * width;
    let b = high.z * width;
    let d = high.y - low.y;
    let c2 = 3.0f * d - 2.0f * a - b;
    let c3 = a + b - 2.0f * d;
    let root = c2 * c2 - 3.0f * c3 * a;
    // Where the cubic is first flat.
    let s = a / (sqrt(max(root, 0.0f)) - c2);
    let height = low.y + s * (a + s * (c2 + s * c3));
    let near = height >= -${nearness}f * (height - max(start, end));
    var more = (root >= 0.0f) & (low.z > 0.0f) & (s > 0.0f) & (s < 1.0f) & near;
    if (more) {
      let at = low.x + s * width;
      let there = advance(y, z, rho, at, current);
      let h = height_of(there, event);
      let rate = rate_of(there, z, rho + at, current, event);
      if (h >= 0.0f) { found = at; }
      if (rate > 0.0f) { low = vec3f(at, h, rate); } else { high = vec3f(at, h, rate); }
      looks += 1u;
      more = (found < 0.0f) & (looks < ${mostLooks}u);
    }
    continuing { break if !more; }
  }
  return found;
}

// Whether a state, or how fast the highest event function changes there, is beyond float32.
fn overflows(y: State, z: Noise, rho: f32, current: f32) -> bool {
  let rate = state_dot(cell_event_gradient(y), cell_flow(y, current, slope_at(z, rho))) * dt;
  return state_not_finite(y) || (bitcast<u32>(rate) & 0x7f800000u) == 0x7f800000u;
}

// The trial is above an event, or not finite. Where it overflows (an upstroke that only its event ends may do so within
// a step), a length from rho on at which the event function is at or above 0 and nothing overflows yet.
fn before_overflow(y: State, trial: State, z: Noise, rho: f32, current: f32) -> f32 {
  let rest = ${end} - rho;
  var found = select(-1.0f, rest, ${crossed});
  if (!overflows(trial, z, ${end}, current)) { return found; }
  var low = 0.0f;
  var high = rest;
  var halvings = 0u;
  loop {
    let at = 0.5f * (low + high);
    let there = advance(y, z, rho, at, current);
    let lost = overflows(there, z, rho + at, current);
    let above = !lost && cell_event(there) >= 0.0f;
    if (lost) { high = at; } else { low = at; }
    if (above) { found = at; }
    halvings += 1u;
    continuing { break if above || halvings >= ${mostHalvings}u; }
  }
  return found;
}

fn earlier(a: f32, b: f32) -> f32 { return select(min(a, b), max(a, b), (a < 0.0f) | (b < 0.0f)); }

// The length from rho on, in grid steps, within which the event function crosses 0; -1 where it does not.
fn crossing_within(y: State, trial: State, z: Noise, rho: f32, current: f32) -> f32 {
  if (${crossed} || state_not_finite(trial)) { return before_overflow(y, trial, z, rho, current); }
  var first = -1.0f;
${each}
  return first;
}

fn crosses(y: State, trial: State, z: Noise, rho: f32, current: f32) -> bool {
  return crossing_within(y, trial, z, rho, current) >= 0.0f;
}
`;
}
