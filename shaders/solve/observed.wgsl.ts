/**
 * States at grid points: a forward kernel writes those that a plan observes, and a backward kernel adds their cotangents to the
 * adjoint there. Which they are is said by words as f32: of each grid point (steps + 1) 1 + its number among the times, then of
 * each neuron 1 + its number among those observed; 0 where it is none of them.
 */

export interface ObservedShape {
  /** Numbers of state variables that are observed. */
  states: readonly number[];
  /** Neurons that are observed, and of the network. */
  neurons: number;
  all: number;
  /** Numbers of a path in all. */
  entries: number;
}

/** Numbers of a state of `states` variables, and whether each has what rounding left of it beside it. */
interface StateShape {
  states: number;
  carried: boolean;
  observed?: ObservedShape | undefined;
}

const places = ({ all, neurons, states }: ObservedShape, array: string): string => /* wgsl */ `
const observed_neurons = ${all}u;
fn observed_time(step: u32) -> u32 { return u32(${array}[step]); }
fn observed_neuron(k: u32) -> u32 { return u32(${array}[run.steps + 1u + k]); }
// Where the first state of a neuron at a time lies, [entries][paths].
fn observed_at(time: u32, neuron: u32, i: u32) -> u32 {
  return ((time - 1u) * ${neurons}u + neuron - 1u) * ${states.length}u * run.paths + i;
}`;

/**
 * `observe` keeps the state of neuron k at a grid point, and `hold` that of a path that ended within a step at all later ones.
 * Needs `observed`, what there is, and `states`, which it writes.
 */
export const observeFunctions = ({ observed }: StateShape): string =>
  observed
    ? /* wgsl */ `
${places(observed, "observed")}
fn observe(y: State, step: u32, k: u32, i: u32) {
  let time = observed_time(step);
  let neuron = observed_neuron(k);
  if (time > 0u && neuron > 0u) {
    let at = observed_at(time, neuron, i);
${observed.states.map((s, n) => `    states[at + ${n}u * run.paths] = y.y${s};`).join("\n")}
  }
}

fn hold(y: State, step: u32, k: u32, i: u32) {
  for (var later = step + 1u; later <= run.steps; later += 1u) { observe(y, later, k, i); }
}`
    : "";

/**
 * `with_observed` adds cotangents of a neuron's state at a grid point to its adjoint, and `with_held` those of a path that
 * ended within a step. They lie in `cotangents`, before those of spikes: what there is, [entries][paths].
 */
export function observedCotangents({ observed, states, carried }: StateShape): string {
  if (!observed) return "";
  const variables = states / (carried ? 2 : 1);
  const add = (s: number, n: number): string => {
    const bar = `cotangents[at + ${n}u * run.paths]`;
    if (!carried) return `    sum.y${s} = a.y${s} + ${bar};`;
    return `    let j${s} = add_carrying(a.y${s}, a.y${variables + s}, ${bar}); sum.y${s} = j${s}.x; sum.y${variables + s} = j${s}.y;`;
  };
  return /* wgsl */ `
${places(observed, "cotangents")}
fn with_observed(a: State, step: u32, k: u32, i: u32) -> State {
  var sum = a;
  let time = observed_time(step);
  let neuron = observed_neuron(k);
  if (time > 0u && neuron > 0u) {
    let at = run.steps + 1u + observed_neurons + observed_at(time, neuron, i);
${observed.states.map(add).join("\n")}
  }
  return sum;
}

fn with_held(a: State, step: u32, k: u32, i: u32) -> State {
  var sum = a;
  for (var later = step + 1u; later <= run.steps; later += 1u) { sum = with_observed(sum, later, k, i); }
  return sum;
}`;
}

/** WGSL of where cotangents of spikes begin in `cotangents`. */
export const spikeCotangentsFrom = (observed: ObservedShape | undefined): string =>
  observed ? `run.steps + 1u + ${observed.all}u + ${observed.entries}u * run.paths + ` : "";

/** A kernel's words of what is observed. */
export function observedWords(places: { times: Uint32Array; neurons: Uint32Array }): Float32Array {
  const words = new Float32Array(places.times.length + places.neurons.length);
  words.set(places.times);
  words.set(places.neurons, places.times.length);
  return words;
}
