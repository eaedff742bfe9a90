/**
 * Log-likelihood of observed spikes, over one window of grid steps: a solve with u = 1 and spikes forced to them.
 *
 * A thread takes one lane (a neuron in a trial): it walks its sub-steps, which its schedule splits, along the driver path of
 * path number trial where noise is known, and keeps the state before each on the tape for the backward kernel. At an own spike it adds log λ − (Λ − α), in the end −max(0, Λ − α).
 * Of a cell with several events those that are no spikes happen by themselves, and split sub-steps too: the tape then also
 * has where each sub-step begins and what ends it.
 *
 * Reads: parameters, schedule. Reads and writes: carry (state, entry, sub-step, first impossible spike; and the step in
 * which events have no end). Writes: tape; the value, row 0 of rows.
 */

import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { windowFields } from "../shared/run.js";
import { atGrid } from "../substep/grid-states.wgsl.js";
import { startedFrom } from "../substep/initial.wgsl.js";
import { locateFunctions } from "../substep/locate.wgsl.js";
import { type SolverShape, solverFunctions } from "../substep/solver.wgsl.js";
import { agendaEntryWords, agendaFunctions } from "./agenda.wgsl.js";
import { eachNumber, stateOf } from "./numbers.wgsl.js";
import { doFunctions } from "./operations/do.wgsl.js";
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
  /** Of a cell with several events: which one the spike is, and how many others a lane may have in a step. */
  spike: number;
  mostPerStep: number;
  /** Ports of the cell. */
  ports: number;
}

/** WGSL of the trial of a lane, counted as paths are: its sample, where trials have any. */
export const trialOf = ({ rows, neurons }: SolverShape): string =>
  rows ? `lane / ${neurons}u - run.first_of_all` : "0u";

/** WGSL of a lane's driver path in a step. */
export const laneDriver = ({ neurons }: SolverShape, step: string): string =>
  `draw_noise(lane / ${neurons}u, ${step}, neuron)`;

/** What ends a sub-step, on the tape: the end of the step, an entry of the schedule, or event e as `anEvent` + e. */
const [stepEnd, scheduled, anEvent] = [0, 1, 2];

/** Numbers of a lane on the tape for each sub-step. */
export const likelihoodTapeWords = ({ states, several }: Pick<LikelihoodShape, "states" | "several">): number =>
  states + (several ? 2 : 0);

export const likelihoodFields = {
  ...windowFields,
  /** Sub-steps that the tape has room for, of cells with several events. */
  tapeEntries: "u32",
} as const;

/** Reading the schedule, and the states before the sub-steps of a lane `own_lane`. */
export const likelihoodFunctions = (shape: LikelihoodShape, writes: boolean): string => {
  const { states, lanes, scheduled: entries, edges, weightOffset, ports, several } = shape;
  const at = `entry * ${likelihoodTapeWords(shape)}u * run.paths + own_lane`;
  const tape = { states, at, stride: "run.paths", writes, ...(several ? { place: true, ends: true } : {}) };
  const spike = several ? shape.spike : undefined;
  const from = lanes + 1;
  return /* wgsl */ `${writes || !several ? jumpFunctions(shape) : doFunctions(shape)}
${agendaFunctions({ array: "schedule", from, weights: from + agendaEntryWords * entries, edges, weightOffset, ports, spike })}
const step_end_ends = ${stepEnd}.0f;
const schedule_ends = ${scheduled}.0f;
const event_ends = ${anEvent}.0f; // the first event
var<private> own_lane: u32; // of those of the dispatch
${tapeFunctions(tape)}`;
};

/** Words of a lane's carry. */
export const likelihoodCarry = (states: number) => ({
  words: states + 4,
  entry: states,
  sub: states + 1,
  /** 0xffffffff, or the first impossible spike: twice its entry, and 1 more where its hazard is 0. */
  impossible: states + 2,
  /** 0xffffffff, or the step in which the events of the lane have no end. */
  stuck: states + 3,
});

export function likelihoodForward(shape: LikelihoodShape, label: string) {
  const carry = likelihoodCarry(shape.states);
  const at = (word: number): string => `carry[${word}u * run.paths + i]`;
  const { several } = shape;
  const integrated = several ? "cell_integrated" : "cell_event";
  const set = atGrid(shape, "y", "rho", "step", "neuron");
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: likelihoodFields,
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
#if ${several}
var<private> horizon: f32; // the place that a sub-step leads to if no event comes before
${locateFunctions({ ...shape, affineEvent: false, end: "horizon" })}
#endif

// An integrated hazard; infinite where one step added more than a rate of 1e33, which exponentials reach only where they
// come close to the largest float32, and are held there.
fn told(integrated: f32) -> f32 {
  return select(integrated, integrated * 3.4028234e38f, integrated > max(1e33f * run.dt, 1.0f));
}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let lane = run.first_of_all + i;
  own_lane = i;
  let neuron = lane % ${shape.neurons}u;
  load_shared(${trialOf(shape)});
  load_parameters(neuron);

  var y = ${startedFrom(shape, "cell_start(1.0f)", "neuron")};
  var entry = schedule[lane];
  var sub = 0u;
  var impossible = 0xffffffffu;
  var stuck = 0xffffffffu;
  var value = 0.0f;
  if (run.step_begin > 0u) {
    y = ${stateOf(shape.states, (s) => `bitcast<f32>(${at(s)})`)};
    entry = ${at(carry.entry)};
    sub = ${at(carry.sub)};
    impossible = ${at(carry.impossible)};
    stuck = ${at(carry.stuck)};
    value = rows[i];
  }
  let last = schedule[lane + 1u];
  var step = run.step_begin;
  var rho = 0.0f;
#if ${several}
  var in_step = 0u; // events since the step began
  if (stuck != 0xffffffffu) { step = run.steps + 1u; }
#endif
  while (step < run.step_end) {
    var happens = entry < last && agenda_step(entry) == step;
    var place = select(1.0f, agenda_place(entry), happens);
    let current = current_at(step, neuron);
    let z = ${laneDriver(shape, "step")};
    ${set === "y" ? "" : `y = ${set};`}
#if ${several}
    let before = y;
    horizon = place;
    y = advance(before, z, rho, place - rho, current);
    let crossed = crosses(before, y, z, rho, current);
    var ends = select(step_end_ends, schedule_ends, happens);
    for (var work = crossed; work; work = false) {
      place = locate(before, y, z, rho, current);
      y = advance(before, z, rho, place - rho, current);
      let event = cell_which(y);
      ends = event_ends + f32(event);
      y = jumped(y, fire(1.0f, event));
      happens = false;
      in_step += 1u;
    }
    if (sub < run.tape_entries) { push(sub, before, rho, ends); }
#else
    push(sub, y);
    y = advance(y, z, rho, place - rho, current);
#endif
    sub += 1u;
    rho = place;
    for (var work = happens; work; work = false) {
      if (agenda_what(entry) == own_spike) {
        let integrated = ${integrated}(y);
        let log_hazard = cell_log_hazard(y, current);
        if (integrated < 0.0f) { impossible = min(impossible, 2u * entry); }
        // Not infinite: a hazard may be below what float32 holds.
        if ((log_hazard < -1e29f) & (log_hazard > -1e31f)) { impossible = min(impossible, 2u * entry + 1u); }
        value += log_hazard - told(integrated);
      }
      y = jumped(y, agenda_jump(entry, 1.0f));
      entry += 1u;
    }
#if ${several}
    if (ends == step_end_ends) {
      rho = 0.0f;
      step += 1u;
      in_step = 0u;
    }
    if (in_step > ${shape.mostPerStep}u) {
      stuck = step;
      step = run.steps + 1u;
    }
#else
    if (!happens) {
      rho = 0.0f;
      step += 1u;
    }
#endif
  }
  if (step == run.steps) {
    value -= told(max(0.0f, ${integrated}(y)));
#if ${several}
    if (sub < run.tape_entries) { push(sub, y, 0.0f, step_end_ends); }
#else
    push(sub, y);
#endif
  }
  rows[i] = value;
${eachNumber(shape.states, (s) => `${at(s)} = bitcast<u32>(y.y${s});`)}
  ${at(carry.entry)} = entry;
  ${at(carry.sub)} = sub;
  ${at(carry.impossible)} = impossible;
  ${at(carry.stuck)} = stuck;
}
`,
  });
}
