/**
 * Log-likelihood of observed spikes, over one window of grid steps: a solve with u = 1 and events forced to them.
 *
 * A thread takes one lane (a neuron in a trial): it walks its sub-steps, which its schedule splits, and keeps the state
 * before each on the tape for the backward kernel. At an own spike it adds log λ − (Λ − α), in the end −max(0, Λ − α).
 *
 * Reads: parameters, schedule. Reads and writes: carry (state, entry, sub-step, first impossible spike). Writes: tape;
 * the value, row 0 of rows.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { windowFields } from "../shared/run.js";
import { type SolverShape, solverFunctions } from "../substep/solver.wgsl.js";
import { agendaFunctions } from "./agenda.wgsl.js";
import { eachNumber, stateOf } from "./numbers.wgsl.js";
import { jumpFunctions } from "./operations/jump.wgsl.js";
import { tapeFunctions } from "./tape.wgsl.js";

/** The schedule holds where each lane's part of the agenda begins [lanes + 1], and the agenda. */
export interface LikelihoodShape extends SolverShape {
  states: number;
  workgroupSize: number;
  lanes: number;
  /** Entries of the agenda. */
  scheduled: number;
  /** Connections, and where their weights lie in the flat parameter vector. */
  edges: number;
  weightOffset: number;
  /** Ports of the cell. */
  ports: number;
}

/** Reading the schedule, and the states before the sub-steps of a lane `own_lane`. */
export const likelihoodFunctions = (shape: LikelihoodShape, writes: boolean): string => {
  const { states, lanes, scheduled: entries, edges, weightOffset, ports } = shape;
  const tape = { states, at: `entry * ${states}u * run.paths + own_lane`, stride: "run.paths", writes };
  return /* wgsl */ `${jumpFunctions(shape)}
${agendaFunctions({ array: "schedule", from: lanes + 1, entries, edges, weightOffset, ports })}
var<private> own_lane: u32; // of those of the dispatch
${tapeFunctions(tape)}`;
};

/** Words of a lane's carry. */
export const likelihoodCarry = (states: number): { words: number; entry: number; sub: number; impossible: number } => ({
  words: states + 3,
  entry: states,
  sub: states + 1,
  impossible: states + 2,
});

export function likelihoodForward(shape: LikelihoodShape, label: string) {
  const carry = likelihoodCarry(shape.states);
  const at = (word: number): string => `carry[${word}u * run.paths + i]`;
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: windowFields,
    bindings: {
      theta: read("array<f32>"),
      schedule: read("array<u32>"),
      tape: readWrite("array<f32>"),
      carry: readWrite("array<u32>"),
      rows: readWrite("array<f32>"),
    },
    body: wgsl`

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${likelihoodFunctions(shape, true)}

// An integrated hazard; infinite where one step added more than a rate of 1e33, which exponentials reach only where they
// come close to the largest float32, and are held there.
fn told(integrated: f32) -> f32 {
  return select(integrated, integrated * 3.4028234e38f, integrated > max(1e33f * run.dt, 1.0f));
}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let lane = run.first_path + i;
  own_lane = i;
  let neuron = lane % ${shape.neurons}u;
  load_shared();
  load_parameters(neuron);
  let quiet = draw_noise(0u, 0u, 0u); // no channels: nothing is drawn

  var y = cell_start(1.0f);
  var entry = schedule[lane];
  var sub = 0u;
  var impossible = 0xffffffffu;
  var value = 0.0f;
  if (run.step_begin > 0u) {
    y = ${stateOf(shape.states, (s) => `bitcast<f32>(${at(s)})`)};
    entry = ${at(carry.entry)};
    sub = ${at(carry.sub)};
    impossible = ${at(carry.impossible)};
    value = rows[i];
  }
  let last = schedule[lane + 1u];
  var step = run.step_begin;
  var rho = 0.0f;
  while (step < run.step_end) {
    let happens = entry < last && agenda_step(entry) == step;
    let place = select(1.0f, agenda_place(entry), happens);
    let current = current_at(step, neuron);
    push(sub, y);
    y = advance(y, quiet, rho, place - rho, current);
    sub += 1u;
    rho = place;
    for (var work = happens; work; work = false) {
      if (agenda_what(entry) == own_spike) {
        let integrated = cell_event(y);
        if (integrated < 0.0f) { impossible = min(impossible, entry); }
        value += cell_log_hazard(y, current) - told(integrated);
      }
      y = jumped(y, agenda_jump(entry, 1.0f));
      entry += 1u;
    }
    if (!happens) {
      rho = 0.0f;
      step += 1u;
    }
  }
  if (step == run.steps) {
    value -= told(max(0.0f, cell_event(y)));
    push(sub, y);
  }
  rows[i] = value;
${eachNumber(shape.states, (s) => `${at(s)} = bitcast<u32>(y.y${s});`)}
  ${at(carry.entry)} = entry;
  ${at(carry.sub)} = sub;
  ${at(carry.impossible)} = impossible;
}
`,
  });
}
