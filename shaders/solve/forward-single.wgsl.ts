/**
 * Forward solve of one neuron per path.
 *
 * A thread advances one path by at most `budget` committed sub-steps, in bursts: up to `burst` plain sub-steps, then,
 * where the event function has crossed zero, the event is located and applied. So the costly part is executed once a
 * burst and not once a step, and a lane with an event waits for others for part of a burst only.
 *
 * Reads: parameters. Reads and writes: the path's checkpoint (state, step, place in the step, spike count), the spike
 * record, the run's status counters, and states at grid points where a plan observes them.
 *
 * Loops test at their end (`break if`): an adapter that runs all lanes of a group under masks leaves a loop at its back
 * edge only, so a test at the head costs a whole masked pass through the body.
 */

import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { recordFunctions, recordWords } from "../shared/record.wgsl.js";
import { runFields } from "../shared/run.js";
import { crossingFunctions } from "../substep/crossing.wgsl.js";
import { atGrid } from "../substep/grid-states.wgsl.js";
import { startedFrom } from "../substep/initial.wgsl.js";
import { bracketFunction, newtonFunctions } from "../substep/root.wgsl.js";
import { noiseNames, type SolverShape, solverFunctions, stepFrom } from "../substep/solver.wgsl.js";
import { eachNumber, stateOf } from "./numbers.wgsl.js";
import { type ObservedShape, observeFunctions } from "./observed.wgsl.js";
import { jumpFunctions } from "./operations/jump.wgsl.js";
import type { TangentText } from "./tangents.wgsl.js";

export interface ForwardSingleShape extends SolverShape {
  /** Number of state variables. */
  states: number;
  /** Whether the event function is affine in the state, so that euler lands in closed form. */
  affineEvent: boolean;
  workgroupSize: number;
  /** Sub-steps between two looks at events; 1 is without a loop of its own. */
  burst: number;
  /** States that are kept at grid points. */
  observed?: ObservedShape | undefined;
  /** Of tangents that go along, where they do, with a burst of 1: how many, and their text, loaded with the first (tangents.wgsl.ts). */
  tangents?:
    | { readonly directions: number; text(shape: SolverShape, word: (slot: string, n: number) => string): TangentText }
    | undefined;
}

/** Words of an entry of the backward kernel's tape: the state before a sub-step, and its driver path. */
export const singleTapeWords = (shape: SolverShape & { states: number }): number =>
  shape.states + noiseNames(shape).length;

/**
 * Words of a path's checkpoint: states, place in the step, step, event count, iterations; and of cells with several events
 * those that took a uniform, and spikes.
 */
const wordsOf = ({ states, several }: Pick<ForwardSingleShape, "states" | "several">): number =>
  states + (several ? 6 : 4);

/** The same, and of each tangent its state and its place. */
export const singleCheckpointWords = (shape: Pick<ForwardSingleShape, "states" | "several" | "tangents">): number =>
  wordsOf(shape) + (shape.tangents?.directions ?? 0) * (shape.states + 1);

/** Fields of the uniform of both kernels of one neuron. */
export const singleRunFields = {
  ...runFields,
  /** Sub-steps of this dispatch. */
  budget: "u32",
  /** 1: paths begin at the cell's start, and not at a checkpoint. */
  fresh: "u32",
  /** Checkpoint where the window begins, and the one at its end, which the forward kernel writes. */
  checkpointBegin: "u32",
  checkpointEnd: "u32",
} as const;

export const singleCheckpoint = (shape: ForwardSingleShape): string => {
  const { states } = shape;
  const words = singleCheckpointWords(shape);
  return wgsl`
fn checkpoint_word(slot: u32, word: u32, i: u32) -> u32 {
  return (slot * ${words}u + word) * run.paths + i;
}

fn load_state(slot: u32, i: u32) -> State {
  return ${stateOf(states, (s) => `bitcast<f32>(checkpoints[checkpoint_word(slot, ${s}u, i)])`)};
}

fn load_word(slot: u32, word: u32, i: u32) -> u32 {
  return checkpoints[checkpoint_word(slot, ${states}u + word, i)];
}
`;
};

export function forwardSingle(shape: ForwardSingleShape, label: string) {
  const set = atGrid(shape, "y", "rho", "step", "0u");
  /** Along a frozen drift. */
  const straight = shape.exponential
    ? "advance(y, z, rho, h, current)"
    : stepFrom(shape.carried, "y", "h * dt", "rate_now");
  const text = shape.tangents?.text(shape, (slot, n) => `checkpoint_word(${slot}, ${wordsOf(shape) + n}u, i)`);
  const along = (place: keyof TangentText): string => text?.[place] ?? "";
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: {
      ...singleRunFields,
      /** Spikes that the record of a path has room for. */
      slots: "u32",
      /** A path stops at this event; 0: never. */
      maxSpikes: "u32",
    },
    bindings: {
      theta: read("array<f32>"),
      checkpoints: readWrite("array<u32>"),
      record: readWrite("array<u32>"),
      status: readWrite("array<atomic<u32>>"),
      observed: shape.observed && read("array<f32>"),
      states: shape.observed && readWrite("array<f32>"),
      moves: text && readWrite("array<f32>"),
    },
    body: wgsl`

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${singleCheckpoint(shape)}
#if ${shape.smooth}
${newtonFunctions(shape.steep)}
#endif
#if ${shape.smooth || !shape.affineEvent}
${bracketFunction}
#endif

${text?.functions ?? jumpFunctions(shape)}
${crossingFunctions(shape)}
${recordFunctions({ words: shape.several ? recordWords.neurons : recordWords.oneNeuron, writes: true, events: shape.several })}
${observeFunctions(shape)}

const ended = 0xffffffffu; // in place of a step: the path has stopped

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  load_shared(i);
  load_parameters(0u);

  var y: State;
  var rho = 0.0f;
  var step = 0u;
  var count = 0u;
  var iterations = 0u;
#if ${shape.several}
  var drawn = 0u; // events that took a uniform
  var spikes = 0u;
#endif
  ${along("declared")}
  let fresh = run.fresh == 1u;
  if (fresh) {
    ${along("started")}
    y = ${startedFrom(shape, "cell_start(event_uniform(path, 0u, 0u))", "0u")};
    ${shape.observed ? "observe(y, 0u, 0u, i);" : ""}
  } else {
    y = load_state(run.checkpoint_begin, i);
    rho = bitcast<f32>(load_word(run.checkpoint_begin, 0u, i));
    step = load_word(run.checkpoint_begin, 1u, i);
    count = load_word(run.checkpoint_begin, 2u, i);
    iterations = load_word(run.checkpoint_begin, 3u, i);
#if ${shape.several}
    drawn = load_word(run.checkpoint_begin, 4u, i);
    spikes = load_word(run.checkpoint_begin, 5u, i);
#endif
    ${along("loaded")}
  }
  let was_ended = step >= run.steps;

#if ${shape.current.samples === 1}
  let current = current_at(0u, 0u);
#endif
  // Committed sub-steps: grid steps and spikes since here.
  let begin = step;
  let count_before = count;
  let steps = run.steps;
#if ${shape.burst === 1}
  let last = begin + count_before + run.budget; // grid steps and spikes of the window's end
  var stop = min(steps, last - count); // the step at which there is nothing more to do
  var halted = 0u; // the step in which the path stopped
#else
  let budget = run.budget;
  var bursts = 0u;
#endif
  var overflow = false;
  var saturated = false;

  if (!was_ended) {
#if ${shape.burst === 1}
    var z = draw_noise(path, step, 0u);
#endif
    loop {
      // A burst of plain sub-steps, up to the end of a grid step each.
#if ${shape.burst > 1}
      var z: Noise;
#else
      // Drawn before it is known which step comes next: a processor does both at the same time.
      let z_next = draw_noise(path, step + 1u, 0u);
#endif
      var trial: State;
      var crossed = false;
#if ${shape.burst > 1}
      let stop = min(min(steps, step + ${shape.burst}u), begin + budget - (count - count_before));
      loop {
        z = draw_noise(path, step, 0u);
#endif
        ${set === "y" ? "" : `y = ${set};`}
#if ${shape.current.samples > 1}
        let current = current_at(step, 0u);
#endif
        trial = advance(y, z, rho, 1.0f - rho, current);
        crossed = crosses(y, trial, z, rho, current);
        ${along("pushed")}
#if ${shape.burst > 1}
        // A select costs less than a branch: lanes that have crossed keep the state before the step.
        y = state_select(kicked(trial, z), y, crossed);
        rho = select(0.0f, rho, crossed);
        step += select(1u, 0u, crossed);
        ${shape.observed ? "if (!crossed) { observe(y, step, 0u, i); }" : ""}
        continuing { break if crossed | (step >= stop); }
      }
      bursts += 1u;
#endif

      if (crossed) {
#if ${shape.current.samples > 1}
        let current = current_at(step, 0u);
#endif
#if ${shape.peaks.length > 0}
        var h = max(crossing_within(y, trial, z, rho, current), 1e-7f);
        var landed = trial;
        if (h < 1.0f - rho) { landed = advance(y, z, rho, h, current); }
#else
        var h = 1.0f - rho;
        var landed = trial;
#endif
#if ${shape.several}
        let within = h; // where it is above 0
#endif
        let e_start = cell_event(y);
        let rate_now = ${shape.smooth ? "cell_flow(y, current, slope_at(z, rho))" : "cell_drift(y, current)"};
        let rate_start = state_dot(cell_event_gradient(y), rate_now) * dt;
#if ${!shape.smooth && shape.affineEvent}
        h = clamp(-e_start / rate_start, 1e-7f, h);
        landed = ${straight};
#else
        // Newton within a bracket; under a frozen drift on E(y + h f).
        let length = h;
        var low = 0.0f;
        var high = length;
        var before = 2.0f * length; // the last correction
        var tries = 0u;
        var done = false;
#if ${shape.smooth}
        let e_end = cell_event(landed);
        let rate_end = state_dot(cell_event_gradient(landed), cell_flow(landed, current, slope_at(z, ${shape.peaks.length > 0 ? "rho + h" : "1.0f"}))) * dt;
        h = length * first_guess(e_start, e_end, rate_start * length, rate_end * length);
#endif
        loop {
          landed = ${shape.smooth ? "advance(y, z, rho, h, current)" : straight};
          let e = cell_event(landed);
          let slope = ${shape.smooth ? "cell_flow(landed, current, slope_at(z, rho + h))" : shape.exponential ? "cell_drift(landed, current)" : "rate_now"};
          let rate = state_dot(cell_event_gradient(landed), slope) * dt;
#if ${shape.several}
          // The highest surface may be one on which a state rests: its slope tells nothing of the root.
          let flat = rate == 0.0f;
          if (e > 0.0f) { high = h; } else { low = h; }
#else
          let flat = false;
          if (e >= 0.0f) { high = h; } else { low = h; }
#endif
          tries += 1u;
#if ${shape.smooth}
          let corrected = newton(e_start, vec2f(h, e), rate, vec2f(length, e_end));
          let next = select(corrected.h, 0.5f * (low + high), flat);
          done = (corrected.last & !flat) | (tries >= 24u);
          if (done) {
            let to = clamp(next, 0.0f, length);
            landed = ${shape.exponential ? "advance(y, z, rho, to, current)" : stepFrom(shape.carried, "landed", "(to - h) * dt", "slope")};
            h = to;
          }
#else
          let next = select(h - e / rate, 0.5f * (low + high), flat);
          done = (!flat & (abs(next - h) <= 4e-7f + 1.2e-7f * abs(e_start / rate))) | (tries >= 24u);
#endif
          if (!done) {
            let to = bracketed(h, next, low, high, before);
            before = abs(to - h);
            h = to;
          }
          continuing { break if done; }
        }
#endif
#if ${shape.several}
        var place = max(rho, 1e-7f);
        if (e_start > 0.0f) {
          landed = y;
        } else {
          place = beyond(y, z, rho, clamp(rho + h, 1e-7f, 1.0f), rho + within, current);
          landed = advance(y, z, rho, place - rho, current);
        }
#else
        // An event function that is not below zero at the start (a reset that falls short) fires at once.
        if (e_start >= 0.0f) { h = 1e-7f; landed = y; }
#endif
        ${shape.burst === 1 ? "halted = step;" : ""}
        if (count >= run.slots) {
          overflow = true;
          step = ended;
        } else {
#if ${shape.several}
          let event = cell_which(landed);
          drawn += uniforms_of(event);
          let fate = fate_of(event, spikes, run.max_spikes);
          spikes += select(0u, 1u, fate.emits);
          rho = place;
#else
          let event = 0u;
          let drawn = count + 1u;
          let fate = fate_of(event, count, run.max_spikes);
          // Above 0 also for an event at the very start: the backward pass tells sub-steps after events by it.
          rho = clamp(rho + h, 1e-7f, 1.0f);
#endif
          let jump = fire(uniform_of(path, 0u, drawn, event), event);
          y = jumped(landed, jump);
          ${along("fired")}
          record_spike(count, i, step, rho, record_word(0u, event, fate.ends));
          count += 1u;
          ${shape.burst === 1 ? "stop = min(steps, last - count);" : ""}
          saturated = fate.saturates;
          if (fate.ends) {
            ${shape.observed ? "hold(y, step, 0u, i);" : ""}
            step = ended;
          }
        }
      }
#if ${shape.burst === 1}
      else {
        y = kicked(trial, z);
        ${along("finished")}
        rho = 0.0f;
        step += 1u;
        z = z_next;
        ${shape.observed ? "observe(y, step, 0u, i);" : ""}
      }
#endif
#if ${shape.burst === 1}
      continuing { break if step >= stop; }
#else
      continuing { break if (step >= steps) | ((step - begin) + (count - count_before) >= budget); }
#endif
    }
  }
#if ${shape.burst === 1}
  // Each turn of the loop was a sub-step, but for one that found the record full.
  let bursts = select(step, halted, step == ended && !was_ended) - begin + count - count_before + select(0u, 1u, overflow);
#endif
  iterations += bursts * ${shape.burst}u;

${eachNumber(shape.states, (s) => `checkpoints[checkpoint_word(run.checkpoint_end, ${s}u, i)] = bitcast<u32>(y.y${s});`)}
  checkpoints[checkpoint_word(run.checkpoint_end, ${shape.states}u, i)] = bitcast<u32>(rho);
  checkpoints[checkpoint_word(run.checkpoint_end, ${shape.states + 1}u, i)] = step;
  checkpoints[checkpoint_word(run.checkpoint_end, ${shape.states + 2}u, i)] = count;
  checkpoints[checkpoint_word(run.checkpoint_end, ${shape.states + 3}u, i)] = iterations;
#if ${shape.several}
  checkpoints[checkpoint_word(run.checkpoint_end, ${shape.states + 4}u, i)] = drawn;
  checkpoints[checkpoint_word(run.checkpoint_end, ${shape.states + 5}u, i)] = spikes;
#endif
  ${along("stored")}

  // Counters of the run; sums and maxima of integers do not depend on the order of the threads.
  if (step >= run.steps && !was_ended) {
    atomicMax(&status[0], count);
#if ${shape.several}
    atomicMax(&status[7], spikes + 1u);
#endif
    if (overflow) { atomicAdd(&status[1], 1u); }
    if (saturated) { atomicAdd(&status[2], 1u); }
    if (state_not_finite(y)) { atomicAdd(&status[3], 1u); }
  }
  if (!was_ended) {
    atomicAdd(&status[4], select(step, run.steps, step == ended) - begin + count - count_before);
    atomicAdd(&status[5], bursts * ${shape.burst}u);
  }
}
`,
  });
}
