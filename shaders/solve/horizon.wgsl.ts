/**
 * Where the backward recursion begins at t1 for losses that jump there (docs/mathematics.md, "What appears and vanishes at
 * t1"): the adjoint a(t1) = Σ ΔF ∇E over the spikes that a uniform alone keeps from coming before t1.
 *
 * A thread takes one path, and goes through its neurons. Reads: parameters, the states at t1 and uniforms taken by then
 * where the solver keeps them, the record, and what one more spike of each neuron would add to the loss. Writes the
 * adjoint, which was cleared, and adds to the path's gradient rows what E itself has of the parameters.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import {
  flushFunction,
  type GradientRow,
  gradientRows,
  type PartRow,
  partAccumulators,
} from "../shared/gradient-rows.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { recordFunctions, recordWords } from "../shared/record.wgsl.js";
import { runFields } from "../shared/run.js";
import { type SolverShape, solverFunctions } from "../substep/solver.wgsl.js";
import { eachNumber, stateOf } from "./numbers.wgsl.js";

/** An event that a hazard sets off: its number, and which random number (0: u) start and own jump set it by. */
export interface PendingEvent {
  readonly event: number;
  readonly start: number;
  readonly again: number;
}

/** Of which paths and neurons a kernel asks what is pending. */
export interface PendingShape {
  several: boolean;
  pending: readonly PendingEvent[];
  /** Words of an event in the record, where there are several kinds of them. */
  recordWords: number;
  /** Whether the cell's only event ends the path. */
  terminal: boolean;
  /** u32, as WGSL for neuron k of path i: uniforms that the neuron has taken since the start. */
  taken: string;
}

/**
 * Which spikes a uniform alone keeps from coming before t1: `pending_<event>(y, path, i, k, total)`, and `stopped(i, total)` of a path
 * that has not come to t1, for which nothing is. Of `total` events in the record; a uniform `max_spikes` stops paths.
 */
export function pendingFunctions({ several, pending, recordWords: words, terminal, taken }: PendingShape): string {
  const setBy = (number: number): string => (number === 0 ? "u" : `draw_${number}`);
  const one = ({ event, start, again }: PendingEvent): string => {
    const of = several ? `, ${event}u` : "";
    const [level, gradient] = several
      ? ["cell_surface", "cell_surface_gradient"]
      : ["cell_event", "cell_event_gradient"];
    return wgsl`
fn pending_${event}(y: State, path: u32, i: u32, k: u32, total: u32) -> bool {
  let count = set_last(i, k, total, ${event}u);
  let u = event_uniform(path, k, count);
  let by_number = select(${setBy(again)}, ${setBy(start)}, count == 0u);
  let come = ${level}(y${of}) - sal_log(by_number);
  // Where nothing has come yet, the hazard may just begin.
  let rising = state_dot(${gradient}(y${of}), cell_drift(y, current_at(run.steps - 1u, k))) > 0.0f;
  return (come > 0.0f) | ((come == 0.0f) & rising);
}`;
  };
  return wgsl`
// Which of neuron k's uniforms set the surface of an event: that of its last such event, or of the start.
fn set_last(i: u32, k: u32, total: u32, event: u32) -> u32 {
  var count = ${taken};
#if ${several}
  var n = total;
  var found = false;
  while (n > 0u && !found) {
    n -= 1u;
    let happened = record_event(n, i);
    let of_neuron = record_neuron(n, i) == k${words === recordWords.arrivals ? " && happened < source_event" : ""};
    found = of_neuron & (happened == event);
    count -= select(0u, 1u, of_neuron & !found & cell_draws(happened));
  }
#endif
  return count;
}
${pending.map(one).join("\n")}

fn stopped(i: u32, total: u32) -> bool {
#if ${several}
  return total > 0u && record_ends(max(total, 1u) - 1u, i);
#else
  return total > 0u && (${terminal} || (run.max_spikes > 0u && total >= run.max_spikes));
#endif
}
`;
}

export interface HorizonShape extends SolverShape {
  states: number;
  workgroupSize: number;
  gradientRows: readonly GradientRow[];
  parts: readonly PartRow[];
  /** Gradient rows in all. */
  entries: number;
  pending: readonly PendingEvent[];
  /** Words of an event in the record, where there are several kinds of them. */
  recordWords: number;
  /** Whether the cell's only event ends the path. */
  terminal: boolean;
  /** Where a solver keeps things, as WGSL for neuron k of path i. */
  places: {
    /** f32: number s of the state at t1. */
    state(s: number): string;
    /** u32: uniforms that the neuron has taken since the start, and events of the path in the record. */
    taken: string;
    total: string;
    /** The index of number s of the neuron's adjoint. */
    adjoint(s: number): string;
  };
}

export function horizonKernel(shape: HorizonShape, label: string) {
  const { states, several, pending, places } = shape;
  const shared = [
    ...shape.gradientRows
      .filter((g) => !g.perNeuron)
      .map(({ parameter, row }) => ({ name: `grad_${parameter}`, row: `${row + 1}u` })),
    ...partAccumulators(shape.parts),
  ];
  const own = shape.gradientRows.filter((g) => g.perNeuron);
  const rows = gradientRows(shape.carried, shape.entries);
  const block = ({ event }: PendingEvent): string => {
    const gradient = several ? `cell_surface_gradient(y, ${event}u)` : "cell_event_gradient(y)";
    const parameters = several ? `cell_surface_parameters(y, by, ${event}u)` : "cell_event_parameters(y, by)";
    return wgsl`
    {
      let by = select(0.0f, adds, pending_${event}(y, path, i, k, total));
      a = state_axpy(a, by, ${gradient});
      ${parameters};
    }`;
  };
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: {
      ...runFields,
      /** Checkpoint at the end of the paths. */
      checkpointLast: "u32",
      /** A path stops at this event; 0: never. */
      maxSpikes: "u32",
    },
    bindings: {
      theta: read("array<f32>"),
      checkpoints: read("array<u32>"),
      /** [neurons][paths]. */
      horizon: read("array<f32>"),
      adjoint: readWrite("array<f32>"),
      rows: readWrite("array<f32>"),
      /** Where events besides those of the hazard may have come. */
      record: several ? read("array<u32>") : undefined,
    },
    body: wgsl`
const K = ${shape.neurons}u;
${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}${rows.functions}
${several ? recordFunctions({ words: shape.recordWords, events: true }) : ""}
${flushFunction(rows, own, shape)}

${pendingFunctions({ ...shape, taken: places.taken })}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  let total = ${places.total};
  // A path that an event stopped has not come to t1.
  if (stopped(i, total)) { return; }
  load_shared(i);
  for (var k = 0u; k < K; k += 1u) {
    let adds = horizon[k * run.paths + i];
    if (adds != 0.0f) {
      load_parameters(k);
      let y = ${stateOf(states, (s) => places.state(s))};
      var a = state_zero();
${pending.map(block).join("\n")}
${eachNumber(states, (s) => `adjoint[${places.adjoint(s)}] = a.y${s};`)}
      flush(0u, k, i);
    }
  }
${shared.map(({ name, row }) => `  ${rows.flush(name, `${row} * run.paths + i`)}`).join("\n")}
}
`,
  });
}
