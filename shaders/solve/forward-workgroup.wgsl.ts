/**
 * Forward solve of a network, a path per workgroup, over a window of grid steps.
 *
 * The lanes of a workgroup share the neurons of one path. In each step they try every neuron to its end, noting those
 * that cross their event function in a list; while there are any, the lanes agree on the earliest event of the network,
 * take the neuron that fires and its targets to that time, let them be reset or receive, and try them again.
 *
 *     step    try 0 1 2 3 | 4 5 6 7 | …                          lanes over neurons
 *     event   locate what is listed; earliest; fired, target, target, …   lanes over the list, then over targets
 *
 * Reads: parameters, connections. Reads and writes: the path's checkpoint (states, spikes fired, spikes in all, whether
 * it has stopped), the spike record, the status counters, among them the longest tape that a window will need, and states at grid
 * points where a plan observes them. What a
 * step needs of a neuron lies in workgroup memory, or in storage where the network is too large for that.
 *
 * The order of the list is that of the lanes' atomics, which may differ from run to run; nothing else depends on it:
 * places are located one by one, and the earliest of them (ties: the lowest neuron) is the same in any order.
 */

import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { recordFunctions } from "../shared/record.wgsl.js";
import { networkRunFields } from "../shared/run.js";
import { unroll } from "../shared/unroll.js";
import { atGrid } from "../substep/grid-states.wgsl.js";
import { startedFrom } from "../substep/initial.wgsl.js";
import { locateFunctions } from "../substep/locate.wgsl.js";
import { noiseNames, solverFunctions } from "../substep/solver.wgsl.js";
import { connectionFunctions, isSelective } from "./connections.wgsl.js";
import type { ForwardNetworkShape } from "./forward-network.wgsl.js";
import { eachNoise } from "./noise.wgsl.js";
import { eachNumber } from "./numbers.wgsl.js";
import { observeFunctions } from "./observed.wgsl.js";
import { doFunctions } from "./operations/do.wgsl.js";
import { startFunctions, storeFunctions } from "./store.wgsl.js";

export interface WorkgroupShape extends ForwardNetworkShape {
  /** Whether the neurons' fields lie in workgroup memory, or in storage. */
  inWorkgroup: boolean;
  /** Whether the forward run keeps the noise of all steps, after the checkpoints, for the backward run. */
  keepNoise: boolean;
}

/** Words per neuron while a window is solved: two banks of states, one read and one written in each step, by turns. */
export const workgroupFields = (states: number, noise: number) => ({
  noise: 2 * states,
  fired: 2 * states + noise,
  place: 2 * states + noise + 1,
  next: 2 * states + noise + 2,
  list: 2 * states + noise + 3,
  perNeuron: 2 * states + noise + 4,
});

/**
 * Words of a path's checkpoint: states and events that took a uniform of each neuron; events in all, whether it has stopped,
 * and of cells with several events those that are spikes.
 */
export const workgroupCheckpointWords = (states: number, neurons: number, several: boolean): number =>
  (states + 1) * neurons + (several ? 3 : 2);

/** Fields of the uniform of both kernels by workgroups. */
export const workgroupRunFields = {
  ...networkRunFields,
  /** 1: paths begin at the cell's start, and not at a checkpoint. */
  fresh: "u32",
  /** Checkpoint where the window begins. */
  checkpointBegin: "u32",
  /** Where the noise that is kept begins. */
  noiseFrom: "u32",
} as const;

/** Where a checkpoint lies: [path][field][neuron], then [word][path]. */
export const workgroupCheckpoint = ({
  states,
  several,
}: Pick<WorkgroupShape, "states" | "several">): string => /* wgsl */ `
const checkpoint_words = ${states + 1}u * K + ${several ? 3 : 2}u;
fn checkpoint_at(slot: u32, field: u32, k: u32, i: u32) -> u32 {
  return slot * run.paths * checkpoint_words + (i * ${states + 1}u + field) * K + k;
}
fn checkpoint_word(slot: u32, word: u32, i: u32) -> u32 {
  return (slot * checkpoint_words + ${states + 1}u * K + word) * run.paths + i;
}
`;

/** Where the noise that a forward run keeps lies: [path][step][number][neuron], after the checkpoints. */
export const keptNoise = (noise: number): string => /* wgsl */ `
fn kept_at(step: u32, k: u32, i: u32) -> u32 { return run.noise_from + (i * run.steps + step) * ${noise}u * K + k; }
`;

/** Repeats for the neurons of a lane: `k`, and whether it is one (`live`); the last round may go beyond the network. */
export function eachNeuron(shape: WorkgroupShape, body: string): string {
  const rounds = Math.ceil(shape.neurons / shape.workgroupSize);
  return /* wgsl */ `
  { var round = 0u;
  loop {
    let live = round * LANES + lane < K;
    let k = min(round * LANES + lane, K - 1u);
${body}
    continuing { round += 1u; break if round >= ${rounds}u; }
  } }`;
}

/** Repeats for all lanes `l`, without a loop where they are few. */
export function eachLane(lanes: number, text: string): string {
  if (lanes > 8) return `  for (var l = 0u; l < LANES; l += 1u) { ${text} }`;
  return unroll(lanes, (l) => `  ${text.replaceAll("[l]", `[${l}]`)}`);
}

export function forwardWorkgroup(shape: WorkgroupShape, label: string) {
  const { states, neurons, workgroupSize, several } = shape;
  const noise = noiseNames(shape).length;
  const f = workgroupFields(states, noise);
  /** Euler with an affine event function locates at once. */
  const atOnce = !shape.smooth && shape.affineEvent;
  return declareKernel({
    label,
    workgroupSize,
    uniform: {
      ...workgroupRunFields,
      /** Checkpoint that is written at the window's end. */
      checkpointEnd: "u32",
      /** Spikes that the record of a path has room for. */
      slots: "u32",
      /** 1 in the last window. */
      last: "u32",
    },
    bindings: {
      theta: read("array<f32>"),
      connections: read("array<u32>"),
      checkpoints: readWrite("array<u32>"),
      record: readWrite("array<u32>"),
      status: readWrite("array<atomic<u32>>"),
      fields: shape.inWorkgroup ? undefined : readWrite("array<u32>"),
      observed: shape.observed && read("array<f32>"),
      states: shape.observed && readWrite("array<f32>"),
    },
    body: wgsl`
#if ${shape.inWorkgroup}
var<workgroup> fields: array<u32, ${f.perNeuron * neurons}>;
#else
var<private> fields_at: u32;
#endif

${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${locateFunctions(shape)}

${doFunctions(shape)}
${connectionFunctions(shape)}
${recordFunctions({ words: shape.recordWords, writes: true, events: several })}
${storeFunctions({ states, array: "fields", type: "u32", at: `${shape.inWorkgroup ? "" : "fields_at + "}field * K + k` })}
${startFunctions(shape, f)}
${observeFunctions(shape)}
const LANES = ${workgroupSize}u;
${workgroupCheckpoint(shape)}
${shape.keepNoise ? keptNoise(noise) : ""}
// Place of a neuron's next event in the step, or one of these.
const none = 3.0f;      // no event, and not in the list
const quiet = 2.0f;     // none any more, but in the list
const unlocated = 1.5f; // there is one, its place not yet known

var<workgroup> listed: array<atomic<u32>, 2>; // neurons in the list, of this step and the next by turns
var<workgroup> not_finite: atomic<u32>;
// What each lane has to say: all lanes load all of it at once, and so come to the same conclusion.
var<workgroup> said: array<vec2u, LANES>;
var<private> pending: u32; // this lane's part, modulo 2^32, of the neurons with an event still to come in the step

// Meets the other lanes: neurons with an event still to come.
fn agree_pending(lane: u32) -> u32 {
  said[lane].x = pending;
#if ${!shape.inWorkgroup}
  storageBarrier();
#endif
  let all = workgroupUniformLoad(&said);
  var sum = 0u;
${eachLane(workgroupSize, "sum += all[l].x;")}
  return sum;
}

// Meets the other lanes: the earliest place (ties: the lowest neuron) of all.
fn agree_earliest(lane: u32, place: f32, neuron: u32) -> vec2u {
  said[lane] = vec2u(bitcast<u32>(place), neuron);
#if ${!shape.inWorkgroup}
  storageBarrier();
#endif
  let all = workgroupUniformLoad(&said);
  var best = all[0];
  // Places are above 0: their bits are ordered as they are.
${eachLane(workgroupSize, "best = select(best, all[l], all[l].x < best.x || (all[l].x == best.x && all[l].y < best.y));")}
  return best;
}

struct Attempt { trial: State, next: f32 }

// Tries a neuron to the end of the step; its parameters are loaded.
fn attempt(s: Start) -> Attempt {
  let trial = reach(s, 1.0f);
  let crossed = crosses(s.y, trial, s.z, s.rho, s.current);
  let next = ${atOnce ? "locate(s.y, trial, s.z, s.rho, s.current)" : "unlocated"};
  return Attempt(kicked(trial, s.z), select(none, next, crossed));
}

fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
        @builtin(num_workgroups) groups: vec3u) {
  let i = group.x + group.y * groups.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  load_shared(i);
#if ${!shape.inWorkgroup}
  fields_at = i * ${f.perNeuron}u * K;
#endif

  let fresh = run.fresh == 1u;
  let first_bank = (run.step_begin & 1u) * ${states}u;
${eachNeuron(
  shape,
  wgsl`
    if (live) {
      load_parameters(k);
      if (fresh) {
        store_state(first_bank, k, ${startedFrom(shape, "cell_start(event_uniform(path, k, 0u))", "k")});
        ${shape.observed ? "observe(load_state(first_bank, k), 0u, k, i);" : ""}
        store_word(${f.fired}u, k, 0u);
      } else {
${eachNumber(states, (s) => `store_word(first_bank + ${s}u, k, checkpoints[checkpoint_at(run.checkpoint_begin, ${s}u, k, i)]);`)}
        store_word(${f.fired}u, k, checkpoints[checkpoint_at(run.checkpoint_begin, ${states}u, k, i)]);
      }
    }`,
)}
  if (!fresh) {
    said[lane] = vec2u(checkpoints[checkpoint_word(run.checkpoint_begin, 0u, i)], checkpoints[checkpoint_word(run.checkpoint_begin, 1u, i)]);
  }
  let before_window = workgroupUniformLoad(&said);
#if ${several}
  workgroupBarrier();
  if (!fresh) { said[lane].x = checkpoints[checkpoint_word(run.checkpoint_begin, 2u, i)]; }
  let spikes_before = workgroupUniformLoad(&said);
  var spikes = spikes_before[0].x;
#else
  var spikes = before_window[0].x;
#endif
  var at = cursor_at(before_window[0].x, i);
  let was_ended = before_window[0].y != 0u;
  var ended = was_ended;
  var overflow = false;
  var saturated = false;
  var taped = 0u;
  var step = run.step_begin;

  if (step < run.step_end && !ended) {
    loop {
      // Steps, up to one with events.
      var busy = false;
      loop {
        let from_bank = (step & 1u) * ${states}u;
        let to_bank = ${states}u - from_bank;
${eachNeuron(
  shape,
  wgsl`
        load_parameters(k);
        let z = draw_noise(path, step, k);
        let a = attempt(Start(${atGrid(shape, "load_state(from_bank, k)", "0.0f", "step", "k")}, z, 0.0f, current_at(step, k)));
        if (live) {
          store_state(to_bank, k, a.trial);
          store_noise(k, z);
#if ${shape.keepNoise}
          let kept = kept_at(step, k, i);
${eachNoise(shape, (w, name) => `checkpoints[kept + ${w}u * K] = bitcast<u32>(z.${name});`)}
#endif
          store_number(${f.place}u, k, 0.0f);
          store_number(${f.next}u, k, a.next);
          if (a.next < quiet) {
            pending += 1u;
            store_word(${f.list}u, atomicAdd(&listed[step & 1u], 1u), k);
          }
        }`,
)}
        if (lane == 0u) { atomicStore(&listed[(step + 1u) & 1u], 0u); } // all are done with the last step's
        busy = agree_pending(lane) > 0u || awaits(at, step, i);
        step += 1u;
        taped += K;
        ${
          shape.observed
            ? `if (!busy && observed_time(step) > 0u) {${eachNeuron(shape, "    if (live) { observe(load_state(to_bank, k), step, k, i); }")}
        }`
            : ""
        }
        continuing { break if busy | (step >= run.step_end); }
      }

      if (busy) {
        step -= 1u;
        let from_bank = (step & 1u) * ${states}u;
        let to_bank = ${states}u - from_bank;
        loop {
          // Each lane finds the earliest of its part of the list, then all agree.
          let entries = atomicLoad(&listed[step & 1u]);
          var place = none;
          var fires = K;
          var entry = lane;
          loop {
            let k = load_word(${f.list}u, min(entry, K - 1u));
            var next = load_number(${f.next}u, k);
#if ${!atOnce}
            if (entry < entries && next == unlocated) {
              let s = take(from_bank, step, k);
              next = locate(s.y, load_state(to_bank, k), s.z, s.rho, s.current);
              store_number(${f.next}u, k, next);
            }
#endif
            if (entry < entries && (next < place || (next == place && k < fires))) {
              place = next;
              fires = k;
            }
            entry += LANES;
            continuing { break if entry >= entries; }
          }
          let earliest = agree_earliest(lane, place, fires);
          place = bitcast<f32>(earliest.x);
          fires = earliest.y;

          // What happens: an input spike arrives, or a neuron fires.
          let arrival = arrives_by(at, step, place, i);
          overflow = !arrival && at.events >= run.slots;
#if ${several}
          // All lanes come to the same, which the language is to know.
          said[lane].x = cell_which(reach(take(from_bank, step, min(fires, K - 1u)), place));
          let which = workgroupUniformLoad(&said);
          let event = which[0].x;
#else
          let event = 0u;
#endif
          let fate = fate_of(event, spikes, run.max_spikes);
          let recorded = !arrival & !overflow;
          saturated = recorded & fate.saturates;
          ended = overflow | (recorded & fate.ends);
          let what = happening(at, arrival, place, fires, event, recorded & fate.emits & !ended);
          spikes += select(0u, 1u, recorded & fate.emits);
          var drawn = 0u;
          if (lane == 0u && recorded) { // which alone looks at uniforms drawn
            drawn = load_word(${f.fired}u, fires) + uniforms_of(event);
            store_word(${f.fired}u, fires, drawn);
            record_spike(at.events, i, step, place, record_word(fires, event, ended));
          }
          let u = uniform_of(path, what.neuron, drawn, event);
          taped += select(what.items, 0u, overflow);

          // The lanes take the neuron itself and its targets.
          var item = lane;
          loop {
            let j = neuron_of(what, item);
            let live = (item < what.items) & ((item == 0u) | (j != what.neuron)) & !overflow${isSelective(shape) ? " & takes_part(what, item)" : ""};
            let s = take(from_bank, step, j);
            let y = undergo(s, what.place, jump_of(what, item, u));
            let a = attempt(Start(y, s.z, what.place, s.current));
            if (live) {
              store_state(from_bank, j, y);
              store_state(to_bank, j, a.trial);
              store_number(${f.place}u, j, what.place);
              let was = load_number(${f.next}u, j);
              store_number(${f.next}u, j, select(a.next, quiet, a.next == none && was != none));
              if (a.next < quiet && was == none) { store_word(${f.list}u, atomicAdd(&listed[step & 1u], 1u), j); }
              pending += select(0u, 1u, a.next < quiet) - select(0u, 1u, was < quiet);
            }
            item += LANES;
            continuing { break if item >= what.items; }
          }
          if (!overflow) { at = past(at, what); }
          busy = !ended && (agree_pending(lane) > 0u || awaits(at, step, i));
          continuing { break if !busy; }
        }
#if ${shape.observed !== undefined}
${eachNeuron(
  shape,
  wgsl`
        if (live && ended) { hold(load_state(from_bank, k), step, k, i); }
        if (live && !ended) { observe(load_state(to_bank, k), step + 1u, k, i); }`,
)}
#endif
        step += select(1u, 0u, ended);
      }
      continuing { break if ended | (step >= run.step_end); }
    }
  }

  let last_bank = (step & 1u) * ${states}u;
  let finished = !was_ended && (ended || run.last == 1u);
${eachNeuron(
  shape,
  wgsl`
    if (live) {
${eachNumber(states, (s) => `checkpoints[checkpoint_at(run.checkpoint_end, ${s}u, k, i)] = load_word(last_bank + ${s}u, k);`)}
      checkpoints[checkpoint_at(run.checkpoint_end, ${states}u, k, i)] = load_word(${f.fired}u, k);
      if (state_not_finite(load_state(last_bank, k))) { atomicStore(&not_finite, 1u); }
    }`,
)}
  workgroupBarrier();
  if (lane == 0u) {
    checkpoints[checkpoint_word(run.checkpoint_end, 0u, i)] = at.events;
    checkpoints[checkpoint_word(run.checkpoint_end, 1u, i)] = select(0u, 1u, ended);
#if ${several}
    checkpoints[checkpoint_word(run.checkpoint_end, 2u, i)] = spikes;
#endif
    if (!was_ended) { atomicMax(&status[6], taped); }
    if (finished) {
      atomicMax(&status[0], at.events);
#if ${several}
      atomicMax(&status[7], spikes + 1u);
#endif
      if (overflow) { atomicAdd(&status[1], 1u); }
      if (saturated) { atomicAdd(&status[2], 1u); }
      if (atomicLoad(&not_finite) > 0u) { atomicAdd(&status[3], 1u); }
    }
  }
}
`,
  });
}
