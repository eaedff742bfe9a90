/**
 * Backward recursion of one neuron per path, over one window of sub-steps.
 *
 * A thread takes one path: it replays up to `budget` sub-steps from the window's checkpoint, with the events where the
 * spike record says (never located anew), keeping the state before each on a tape; then sweeps them from last to first.
 *
 * Reads: parameters, checkpoints, spike record, spike-time cotangents. Reads and writes: tape, adjoint (state and
 * time, carried between windows), and the path's gradient rows, which it adds to.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { type ForwardSingleShape, singleCheckpoint } from "./forward-single.wgsl.js";
import { elementary } from "./shared/elementary.wgsl.js";
import { random } from "./shared/random.wgsl.js";
import { reverseFunctions } from "./shared/reverse.wgsl.js";
import { runStruct, solverFunctions } from "./shared/solver.wgsl.js";

export interface BackwardSingleShape extends ForwardSingleShape {
  /** Requested parameters: index in the cell, and gradient row (row 0 of the table is the value's). */
  gradientRows: readonly { parameter: number; row: number }[];
  /** First gradient row of the current, or -1. */
  currentRow: number;
}

export function backwardSingle(shape: BackwardSingleShape): string {
  const index = Array.from({ length: shape.states }, (_, i) => i);
  const withCurrent = shape.currentRow >= 0;
  const sampled = shape.current.samples > 1;
  const words = shape.states + 1;
  // Whether the replay goes on: to the end of the window, as the forward kernel left it.
  const more =
    "taped < run.budget && step < run.steps && count < most && (count < total || step != end_step || rho != end_rho)";
  return wgsl`
${runStruct}
@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read> theta: array<f32>;
@group(0) @binding(2) var<storage, read> checkpoints: array<u32>;
@group(0) @binding(3) var<storage, read> record: array<u32>;
@group(0) @binding(4) var<storage, read> cotangents: array<f32>;
@group(0) @binding(5) var<storage, read_write> tape: array<f32>;
@group(0) @binding(6) var<storage, read_write> adjoint: array<f32>;
@group(0) @binding(7) var<storage, read_write> rows: array<f32>;

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${reverseFunctions(shape.smooth)}
${singleCheckpoint(shape.states)}

const never = 0xffffffffu;

@compute @workgroup_size(${shape.workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  load_shared();
  load_parameters(0u);

  // Where the window begins and where the path ended.
  var y: State;
  var rho = 0.0f;
  var step = 0u;
  var count = 0u;
  if (run.from_slot == never) {
    y = cell_start(event_uniform(path, 0u, 0u));
  } else {
    y = load_state(run.from_slot, i);
    rho = bitcast<f32>(load_word(run.from_slot, 0u, i));
    step = load_word(run.from_slot, 1u, i);
    count = load_word(run.from_slot, 2u, i);
  }
  let total = load_word(run.to_slot, 2u, i); // the window's end: spikes by then
  let end_step = load_word(run.to_slot, 1u, i);
  let end_rho = bitcast<f32>(load_word(run.to_slot, 0u, i));

  // Replay.
  var taped = 0u;
  var next_step = never;
  var next_rho = 0.0f;
  if (count < total) {
    next_step = record[(count * 2u) * run.paths + i];
    next_rho = bitcast<f32>(record[(count * 2u + 1u) * run.paths + i]);
  }
  let most = select(never, run.max_spikes, run.max_spikes > 0u);
  var more = ${more};
  if (more) { loop {
    let z = draw_noise(path, step, 0u);
    let at_event = next_step == step;
    let h = select(1.0f - rho, next_rho - rho, at_event);
    let base = taped * ${words}u;
${index.map((s) => `    tape[(base + ${s}u) * run.paths + i] = y.y${s};`).join("\n")}
    tape[(base + ${shape.states}u) * run.paths + i] = rho;
    taped += 1u;
    y = advance(y, z, rho, h, current_at(step, 0u));
    for (var work = at_event; work; work = false) {
      count += 1u;
      y = cell_reset(y, event_uniform(path, 0u, count));
      next_step = never;
      if (count < total) {
        next_step = record[(count * 2u) * run.paths + i];
        next_rho = bitcast<f32>(record[(count * 2u + 1u) * run.paths + i]);
      }
      rho = bitcast<f32>(record[(count * 2u - 1u) * run.paths + i]);
    }
    if (!at_event) {
#if ${!shape.smooth}
      y = cell_kick(y, increment(z));
#endif
      rho = 0.0f;
      step += 1u;
    }
    more = ${more};
    continuing { break if !more; } // at the end, as in the forward kernel
  } }

  // Sweep. Accumulators go on from where the last window left them, so that the order of additions does not depend on
  // the windows.
${shape.gradientRows.map((g) => `  grad_${g.parameter} = rows[${g.row + 1}u * run.paths + i];`).join("\n")}
#if ${withCurrent && !sampled}
  grad_current = rows[${shape.currentRow + 1}u * run.paths + i];
#endif
  var a = State(${index.map((s) => `adjoint[${s}u * run.paths + i]`).join(", ")});
  var time_bar = adjoint[${shape.states}u * run.paths + i];
  while (taped > 0u) {
    taped -= 1u;
    let base = taped * ${words}u;
    let at_event = rho > 0.0f;
    let before = State(${index.map((s) => `tape[(base + ${s}u) * run.paths + i]`).join(", ")});
    let rho_before = tape[(base + ${shape.states}u) * run.paths + i];
    step = select(step - 1u, step, at_event);
    let h = select(1.0f, rho, at_event) - rho_before;
    let z = draw_noise(path, step, 0u);
    let current = current_at(step, 0u);
    let s = substep_stages(before, z, rho_before, h, current);
    var event_bar = 0.0f;
    for (var work = at_event; work; work = false) {
      count -= 1u;
      event_bar = time_bar + cotangents[count * run.paths + i];
      a = cell_reset_vjp(s.end, event_uniform(path, 0u, count + 1u), a);
      // The length of the sub-step is set by E = 0: eliminate it.
      let by_length = substep_by_length(s, before, z, rho_before, h, current);
      let gradient = cell_event_gradient(s.end);
      let q = (event_bar + state_dot(a, by_length)) / state_dot(gradient, by_length);
      a = state_axpy(a, -q, gradient);
      cell_event_parameters(s.end, -q);
    }
#if ${!shape.smooth}
    if (!at_event) { a = cell_kick_vjp(s.end, increment(z), a); }
#endif
    let r = substep_reverse(s, before, z, rho_before, h, current, a);
    a = r.y;
    time_bar = r.start + select(-r.length, event_bar, at_event);
    if (rho_before == 0.0f) { time_bar = 0.0f; }
    rho = rho_before;
#if ${withCurrent && sampled}
    let row = ${shape.currentRow + 1}u + min(step / run.steps_per_sample, ${shape.current.samples - 1}u);
    rows[row * run.paths + i] += grad_current;
    grad_current = 0.0f;
#endif
  }

${index.map((s) => `  adjoint[${s}u * run.paths + i] = a.y${s};`).join("\n")}
  adjoint[${shape.states}u * run.paths + i] = time_bar;
  if (run.from_slot == never) { cell_start_vjp(event_uniform(path, 0u, 0u), a); }
${shape.gradientRows.map((g) => `  rows[${g.row + 1}u * run.paths + i] = grad_${g.parameter};`).join("\n")}
#if ${withCurrent && !sampled}
  rows[${shape.currentRow + 1}u * run.paths + i] = grad_current;
#endif
}
`;
}
