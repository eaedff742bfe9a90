/**
 * Forward solve of one neuron per path.
 *
 * A thread advances one path by `budget` committed sub-steps, each lane at its own pace: an iteration tries one
 * sub-step and either commits it, or, where the event function has crossed zero, tries a shorter one until the event is
 * located; lanes with an event do not hold up lanes without one.
 *
 * Reads: parameters. Reads and writes: the path's checkpoint (state, step, place in the step, spike count), the spike
 * record, and the run's status counters.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { elementary } from "./shared/elementary.wgsl.js";
import { random } from "./shared/random.wgsl.js";
import { runStruct, type SolverShape, solverFunctions } from "./shared/solver.wgsl.js";

export interface ForwardSingleShape extends SolverShape {
  /** Number of state variables. */
  states: number;
  /** Whether the event function is affine in the state, so that euler lands in closed form. */
  affineEvent: boolean;
  workgroupSize: number;
}

/** Words of a path's checkpoint: states, place in the step, step, spike count, iterations. */
export const singleCheckpointWords = (states: number): number => states + 4;

export const singleCheckpoint = (states: number): string => {
  const index = Array.from({ length: states }, (_, i) => i);
  const words = singleCheckpointWords(states);
  return wgsl`
fn checkpoint_word(slot: u32, word: u32, i: u32) -> u32 {
  return (slot * ${words}u + word) * run.paths + i;
}

fn load_state(slot: u32, i: u32) -> State {
  return State(${index.map((s) => `bitcast<f32>(checkpoints[checkpoint_word(slot, ${s}u, i)])`).join(", ")});
}

fn load_word(slot: u32, word: u32, i: u32) -> u32 {
  return checkpoints[checkpoint_word(slot, ${states}u + word, i)];
}
`;
};

export function forwardSingle(shape: ForwardSingleShape): string {
  const index = Array.from({ length: shape.states }, (_, i) => i);
  return wgsl`
${runStruct}
@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read> theta: array<f32>;
@group(0) @binding(2) var<storage, read_write> checkpoints: array<u32>;
@group(0) @binding(3) var<storage, read_write> record: array<u32>;
@group(0) @binding(4) var<storage, read_write> status: array<atomic<u32>>;

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${singleCheckpoint(shape.states)}

const ended = 0xffffffffu; // in place of a step: the path has stopped

@compute @workgroup_size(${shape.workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  load_parameters(0u);
  cell_prepare();

  var y: State;
  var rho = 0.0f;
  var step = 0u;
  var count = 0u;
  var iterations = 0u;
  let fresh = run.from_slot == 0xffffffffu;
  if (fresh) {
    y = cell_start(event_uniform(path, 0u, 0u));
  } else {
    y = load_state(run.from_slot, i);
    rho = bitcast<f32>(load_word(run.from_slot, 0u, i));
    step = load_word(run.from_slot, 1u, i);
    count = load_word(run.from_slot, 2u, i);
    iterations = load_word(run.from_slot, 3u, i);
  }
  let was_ended = step >= run.steps;

  var committed = 0u;
  var z = draw_noise(path, step, 0u);
  var drawn = step;
  var h = 1.0f - rho;      // the sub-step to try
  var searching = false;   // an event lies in (low, high)
  var low = 0.0f;
  var high = 0.0f;
  var tries = 0u;
  var overflow = false;
  var saturated = false;

  while (committed < run.budget && step < run.steps) {
    iterations += 1u;
    let current = current_at(step, 0u);
#if ${shape.smooth}
    let trial = advance(y, z, rho, h, current);
    let e = cell_event(trial);
#else
    let rate_now = cell_flow(y, current, slope_scale(0.0f, slope_at(z, rho)));
    let trial = state_axpy(y, h * run.dt, rate_now);
    let e = cell_event(trial);
#endif
    let crossed = e >= 0.0f;

    // Loops that run at most once are branches that are really skipped where no lane needs them: plain conditionals
    // are executed by all lanes under a mask on software adapters.
    var landed = false;
    for (var work = crossed || searching; work; work = false) {
#if ${shape.smooth}
      let slope = cell_flow(trial, current, slope_at(z, rho + h));
      let rate = state_dot(cell_event_gradient(trial), slope) * run.dt;
      if (searching) {
        if (crossed) { high = h; } else { low = h; }
        tries += 1u;
      } else {
        low = 0.0f;
        high = h;
        tries = 0u;
      }
      let e_start = cell_event(y);
      var next = h - e / rate;
      if (!searching) {
        // First guess: the root of the cubic through values and slopes at both ends, by one Newton step from the
        // secant's root.
        let rate_start = state_dot(cell_event_gradient(y), cell_flow(y, current, slope_at(z, rho))) * run.dt;
        let s = clamp(-e_start / max(e - e_start, 1e-30f), 0.0f, 1.0f);
        let p = rate_start * h;
        let q = rate * h;
        let d = e - e_start;
        let c2 = 3.0f * d - 2.0f * p - q;
        let c3 = p + q - 2.0f * d;
        let value = e_start + s * (p + s * (c2 + s * c3));
        let deriv = p + s * (2.0f * c2 + s * 3.0f * c3);
        next = h * (s - value / deriv);
      }
      // Located when the next step would move the event by no more than the rounding of the event function does.
      let tolerance = 4e-7f + 1.2e-7f * abs(e_start / rate);
      landed = searching && (abs(next - h) <= tolerance || tries >= 12u);
      if (!(next > low && next < high)) { next = 0.5f * (low + high); }
      if (e_start >= 0.0f) { next = 1e-7f; landed = searching; }
      if (!landed) { h = next; }
      searching = true;
#elif ${shape.affineEvent}
      let gradient = cell_event_gradient(y);
      h = clamp(-cell_event(y) / (state_dot(gradient, rate_now) * run.dt), 1e-7f, h);
      landed = true;
#else
      // Frozen drift: Newton on E(y + h f) within a bracket.
      var low_h = 0.0f;
      var high_h = h;
      var at = h;
      for (var k = 0u; k < 12u; k += 1u) {
        let there = state_axpy(y, at * run.dt, rate_now);
        let value = cell_event(there);
        if (value >= 0.0f) { high_h = at; } else { low_h = at; }
        var next = at - value / (state_dot(cell_event_gradient(there), rate_now) * run.dt);
        if (!(next > low_h && next < high_h)) { next = 0.5f * (low_h + high_h); }
        let moved = abs(next - at);
        at = next;
        if (moved <= 4e-7f) { break; }
      }
      h = max(at, 1e-7f);
      landed = true;
#endif
    }

    for (var work = landed; work; work = false) {
#if ${shape.smooth}
      let before = trial;
#else
      let before = state_axpy(y, h * run.dt, rate_now);
#endif
      if (count >= run.slots) {
        overflow = true;
        step = ended;
      } else {
        y = cell_reset(before, event_uniform(path, 0u, count + 1u));
        rho = min(rho + h, 1.0f);
        record[(count * 2u) * run.paths + i] = step;
        record[(count * 2u + 1u) * run.paths + i] = bitcast<u32>(rho);
        count += 1u;
        committed += 1u;
        h = 1.0f - rho;
        searching = false;
        if (run.max_spikes > 0u && count >= run.max_spikes) {
          saturated = true;
          step = ended;
        }
      }
    }

    if (!(crossed || searching || landed)) {
#if ${shape.smooth}
      y = trial;
#else
      y = cell_kick(trial, increment(z));
#endif
      rho = 0.0f;
      h = 1.0f;
      step += 1u;
      committed += 1u;
    }
    for (var work = drawn != step && step < run.steps; work; work = false) {
      z = draw_noise(path, step, 0u);
      drawn = step;
    }
  }

${index.map((s) => `  checkpoints[checkpoint_word(run.to_slot, ${s}u, i)] = bitcast<u32>(y.y${s});`).join("\n")}
  checkpoints[checkpoint_word(run.to_slot, ${shape.states}u, i)] = bitcast<u32>(rho);
  checkpoints[checkpoint_word(run.to_slot, ${shape.states + 1}u, i)] = step;
  checkpoints[checkpoint_word(run.to_slot, ${shape.states + 2}u, i)] = count;
  checkpoints[checkpoint_word(run.to_slot, ${shape.states + 3}u, i)] = iterations;

  // Counters of the run; sums and maxima of integers do not depend on the order of the threads.
  if (step >= run.steps && !was_ended) {
    atomicMax(&status[0], count);
    if (overflow) { atomicAdd(&status[1], 1u); }
    if (saturated) { atomicAdd(&status[2], 1u); }
    if (state_not_finite(y)) { atomicAdd(&status[3], 1u); }
  }
  if (step < run.steps) { atomicAdd(&status[4], 1u); }
}
`;
}
