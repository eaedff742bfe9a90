/**
 * Gradient of the log-likelihood of observed spikes, over one window of grid steps, the last first.
 *
 * A thread takes one lane (a neuron in a trial) and sweeps its sub-steps from last to first, each from the state that the
 * forward kernel left on the tape. Spike times are data: nothing flows through them, and at an own spike
 * a⁻ = ∇Tᵀ a⁺ + ∇ log λ − ∇E. Other events come at times of their own, which move: at one the length of the sub-step is
 * eliminated, as in the backward kernels of paths.
 *
 * Reads: parameters, schedule, tape. Reads and writes: carry (adjoint, entry, sub-step), and the lane's gradient rows,
 * which it adds to.
 */

import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { addPlaced, type GradientTable, gradientRows } from "../shared/gradient-rows.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { clearGrid } from "../substep/grid-states.wgsl.js";
import { clearStart, keepInitial } from "../substep/initial.wgsl.js";
import { reverseFunctions } from "../substep/reverse.wgsl.js";
import { solverFunctions } from "../substep/solver.wgsl.js";
import {
  type LikelihoodShape,
  laneDriver,
  likelihoodCarry,
  likelihoodFields,
  likelihoodFunctions,
  trialOf,
} from "./likelihood-forward.wgsl.js";
import { eachNumber, stateOf } from "./numbers.wgsl.js";
import { undoFunctions } from "./operations/undo.wgsl.js";

export interface LikelihoodBackwardShape extends LikelihoodShape, GradientTable {}

export function likelihoodBackward(shape: LikelihoodBackwardShape, label: string) {
  const carry = likelihoodCarry(shape.states);
  const at = (word: number): string => `carry[${word}u * run.paths + i]`;
  const rowOf = (row: number, perNeuron: boolean): string =>
    `(${row + 1}u${perNeuron ? " + neuron" : ""}) * run.paths + i`;
  const rows = gradientRows(shape.carried, shape.entries);
  const { samples, width, stride } = shape.current;
  const sampled = samples > 1;
  const { several } = shape;
  const integrated = several ? "cell_integrated" : "cell_event";
  const accumulators = [
    ...shape.gradientRows.map((g) => ({ name: `grad_${g.parameter}`, at: rowOf(g.row, g.perNeuron) })),
    ...(shape.currentRow >= 0 && !sampled ? [{ name: "grad_current", at: rowOf(shape.currentRow, stride > 0) }] : []),
  ];
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: likelihoodFields,
    bindings: {
      theta: read("array<f32>"),
      schedule: read("array<u32>"),
      tape: read("array<f32>"),
      carry: readWrite("array<u32>"),
      rows: readWrite("array<f32>"),
    },
    body: wgsl`

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${reverseFunctions(shape)}${rows.functions}
${likelihoodFunctions(shape, false)}
#if ${several}
${undoFunctions({ ...shape, weights: false, selfEdges: false })}
#endif

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let lane = run.first_of_all + i;
  own_lane = i;
  let neuron = lane % ${shape.neurons}u;
  load_shared(${trialOf(shape)});
  load_parameters(neuron);
${rows.loadAll(accumulators)}

  let first = schedule[lane];
  var entry = ${at(carry.entry)}; // entries from here on are done
  var sub = ${at(carry.sub)};
#if ${several}
  // The host makes a longer tape, or says what is wrong.
  if (sub >= run.tape_entries || ${at(carry.stuck)} != 0xffffffffu) { return; }
#endif
  var a = state_zero();
  if (run.step_end == run.steps) {
    let y = taped_state(sub);
    let pull = select(0.0f, -1.0f, ${integrated}(y) > 0.0f);
    a = state_scale(pull, ${integrated}_gradient(y));
    ${integrated}_parameters(y, pull);
  } else {
    a = ${stateOf(shape.states, (s) => `bitcast<f32>(${at(s)})`)};
  }

  var step = run.step_end;
  var end = 1.0f;
#if ${several}
  var time_bar = 0.0f; // of the place at which the sub-step after begins
#else
  var happens = false; // whether entry lies at the end of the sub-step at hand
#endif
  while (step > run.step_begin) {
    sub -= 1u;
#if ${several}
    let split = sub > 0u && taped_ends(max(sub, 1u) - 1u) != step_end_ends;
    let begin = taped_place(sub);
    let ends = taped_ends(sub);
    let happens = ends == schedule_ends;
    entry -= select(0u, 1u, happens);
#else
    let split = entry > first && agenda_step(max(entry, 1u) - 1u) == step - 1u;
    let begin = select(0.0f, agenda_place(max(entry, 1u) - 1u), split);
#endif
    let before = taped_state(sub);
    let current = current_at(step - 1u, neuron);
    let z = ${laneDriver(shape, "step - 1u")};
    let s = substep_stages(before, z, begin, end - begin, current);
    for (var work = happens; work; work = false) {
      let what = agenda_what(entry);
      if (what == own_spike) {
        a = state_add(cell_jump_vjp(s.end, 1.0f, a, ${several ? shape.spike : 0}u), cell_log_hazard_vjp(s.end, current));
        a = state_axpy(a, -1.0f, ${integrated}_gradient(s.end));
        ${integrated}_parameters(s.end, -1.0f);
      } else {
        let weight = agenda_weight(entry);
        let port = agenda_port(entry);
#if ${shape.weightRows.length > 0}
        if (what < ${shape.edges}u) {
          ${addPlaced(rows, { placed: shape.weightRows, count: shape.edges }, "what", "cell_receive_weight(s.end, weight, a, port)")}
        }
#endif
        a = cell_receive_vjp(s.end, weight, a, port);
      }
    }
#if ${several}
    let at_event = ends >= event_ends;
    if (at_event) {
      let event = u32(ends - event_ends);
      a = undo_event(s, Start(before, z, begin, current), end - begin, 1.0f, event, time_bar, a);
    }
    let r = substep_reverse(s, before, z, begin, end - begin, current, a);
    a = ${clearGrid(shape, "r.y", "begin")};
    time_bar = r.start + select(-r.length, time_bar, at_event);
#else
    a = ${clearGrid(shape, "substep_reverse(s, before, z, begin, end - begin, current, a).y", "begin")};
#endif
#if ${shape.currentRow >= 0 && sampled}
    ${rows.flush("grad_current", `(${shape.currentRow + 1}u + sample_of(step - 1u) * ${width}u${stride > 0 ? " + neuron" : ""}) * run.paths + i`)}
#endif
#if ${!several}
    happens = split;
    entry -= select(0u, 1u, split);
#endif
    if (split) {
      end = begin;
    } else {
      step -= 1u;
      end = 1.0f;
    }
  }

  if (run.step_begin == 0u) {
    ${keepInitial(shape, shape.initialRows, { d: "a", neuron: "neuron" })}
    cell_start_vjp(1.0f, ${clearStart(shape, "a", "neuron")});
  }
${rows.storeAll(accumulators)}
${eachNumber(shape.states, (s) => `${at(s)} = bitcast<u32>(a.y${s});`)}
  ${at(carry.entry)} = entry;
  ${at(carry.sub)} = sub;
}
`,
  });
}
