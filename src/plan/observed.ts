/**
 * States that a solve gives beside spikes: which, of which neurons, at which points of the grid. A state at a grid point is that
 * after all that happens by then, noise of `euler` included, and before sampled inputs are set there.
 *
 * Where an event ends a path of one neuron (`terminal`, or maxSpikes), later times have the state at its end, held: after the
 * event's jump. Neurons of a network stand at different times when a path ends, so that is refused.
 */
import {
  checkOptions,
  fail,
  finiteNumber,
  isNumbers,
  list,
  type Names,
  type Numbers,
  positiveNumber,
  show,
} from "../checks.js";
import type { Network } from "../network/network.js";
import { type NeuronName, type NeuronNames, neuronsCalled, neuronsNamed } from "../network/populations.js";
import { quoted } from "../quoted.js";

export interface StatesOptions {
  /** Names of state variables; default all. */
  of?: readonly string[];
  /** Neurons, by number or name (`out[3]`; `out`: all of a population); default all. */
  neurons?: NeuronNames;
  /** Times on the grid, rising; every so much time from t0 on, up to t1; or t1 alone. */
  times: Numbers | { every: number } | "t1";
}

const statesNames: Names<StatesOptions> = { of: true, neurons: true, times: true };

/** What of a plan's states is kept. The numbers of a path are in the order [times][neurons][states]. */
export interface ObservedStates {
  /** Numbers of state variables. */
  readonly states: readonly number[];
  readonly neurons: Uint32Array;
  /** Grid points, rising: 0 is the start, and the plan's number of steps t1. */
  readonly steps: Uint32Array;
}

/** Numbers of one path. */
export const observedEntries = (observed: ObservedStates | undefined): number =>
  observed ? observed.states.length * observed.neurons.length * observed.steps.length : 0;

/** What a grid is, as far as times on it go. */
export interface Grid {
  readonly t0: number;
  readonly t1: number;
  readonly dt: number;
  readonly steps: number;
}

/** Names of state variables that a cell has by its definition. */
const namedStates = ({ cell }: Network): readonly string[] => cell.states.slice(0, cell.states.length - cell.hidden);

/** The grid point at a time. @throws SaltationError with the nearest where there is none. */
export function gridPoint(field: string, time: unknown, { t0, t1, dt, steps }: Grid): number {
  const t = finiteNumber(field, time);
  const at = (t - t0) / dt;
  const point = Math.round(at);
  // As far as a whole number of steps may be off (plan.ts).
  if (point >= 0 && point <= steps && Math.abs(at - point) <= 1e-6 * Math.max(1, steps * 1e-3)) return point;
  if (point < 0 || point > steps) fail(field, `is ${show(t)}; states are known from t0 = ${t0} to t1 = ${t1}`);
  const nearest = Number((t0 + point * dt).toPrecision(12));
  fail(field, `${show(t)} lies between grid points of dt = ${dt}; the nearest is ${nearest}`);
}

function pointsOf(field: string, given: StatesOptions["times"] | undefined, grid: Grid): Uint32Array {
  if (given === undefined) fail(field, "is missing; give a list of times, or { every }");
  if (given === "t1") return Uint32Array.of(grid.steps);
  if (isNumbers(given)) {
    if (given.length === 0) fail(field, "is empty; give one time or more");
    const points = Uint32Array.from({ length: given.length }, (_, i) => gridPoint(`${field}[${i}]`, given[i], grid));
    points.forEach((point, i) => {
      if (i > 0 && point <= points[i - 1]!) fail(`${field}[${i}]`, `${given[i]} does not come after ${given[i - 1]}`);
    });
    return points;
  }
  if (typeof given !== "object" || given === null)
    fail(field, `expected a list of times, or { every }, got ${show(given)}`);
  checkOptions(field, given, { every: true });
  const every = positiveNumber(`${field}.every`, given.every);
  const stride = Math.round(every / grid.dt);
  if (stride < 1 || Math.abs(every / grid.dt - stride) > 1e-6 * stride) {
    const nearest = Number((Math.max(1, stride) * grid.dt).toPrecision(12));
    fail(`${field}.every`, `${every} is no whole number of steps of dt = ${grid.dt}; the nearest is ${nearest}`);
  }
  return Uint32Array.from({ length: Math.floor(grid.steps / stride) + 1 }, (_, i) => i * stride);
}

function numberOfState(network: Network, field: string, name: unknown): number {
  const known = namedStates(network);
  const at = known.indexOf(name as string);
  if (at >= 0) return at;
  fail(field, `${quoted(String(name))}: cell "${network.cell.name}" has no such state; known: ${known.join(", ")}`);
}

function neuronsOf(network: Network, field: string, given: NeuronNames): Uint32Array {
  if (typeof given === "string") return neuronsNamed(network, field, given);
  if (typeof given !== "number") list(field, given, "neurons");
  const named = Array.from<NeuronName>(typeof given === "number" ? [given] : given);
  if (named.length === 0) fail(field, "names no neuron; give one or more, or leave it out for all");
  const last = network.neurons - 1;
  named.forEach((k, i) => {
    if (typeof k === "string") return;
    if (!Number.isInteger(k) || k < 0 || k > last)
      fail(`${field}[${i}]`, `expected the number of a neuron, 0 to ${last}, got ${show(k)}`);
    if (named.indexOf(k) !== i) fail(`${field}[${i}]`, `neuron ${k} stands there twice`);
  });
  return Uint32Array.from(neuronsCalled(network, field, given));
}

/** @throws SaltationError where a path of several neurons may end before t1. */
function checkEnds({ cell, neurons }: Network, maxSpikes: number, field: string): void {
  if (neurons === 1) return;
  const stand = `the ${neurons} neurons then stand at different times`;
  if (maxSpikes > 0) fail("maxSpikes", `stops paths before t1, and ${stand}; leave it out, or ${field}`);
  const ends = cell.events.find((e) => e.terminal);
  if (ends) fail(field, `the event "${ends.name}" ends paths before t1, and ${stand}; take one neuron alone`);
}

/** @throws SaltationError where the cell of a neuron that is looked at has no such state. */
function checkHave({ populations }: Network, names: readonly string[], neurons: Uint32Array, field: string): void {
  for (const { name, first, count, cell } of populations) {
    if (!cell || !neurons.some((k) => k >= first && k < first + count)) continue;
    const lacking = names.find((state) => !cell.states.includes(state));
    if (lacking !== undefined)
      fail(
        `${field}.of`,
        `population ${quoted(name)} has no state ${quoted(lacking)}; name its states, or other neurons`,
      );
  }
}

/**
 * @param field what the options are called in messages.
 * @throws SaltationError `invalid-input` naming the field, its value and the mend.
 */
export function planObserved(
  network: Network,
  given: StatesOptions,
  grid: Grid & { readonly maxSpikes: number },
  field = "states",
): ObservedStates {
  checkEnds(network, grid.maxSpikes, field);
  checkOptions(field, given, statesNames);
  if (given.of !== undefined) list(`${field}.of`, given.of, "names of states");
  if (given.of?.length === 0) fail(`${field}.of`, "names no state; give one or more, or leave it out for all");
  const names = given.of ?? namedStates(network);
  names.forEach((name, i) => {
    if (names.indexOf(name) !== i) fail(`${field}.of[${i}]`, `${quoted(name)} stands there twice`);
  });
  const states = names.map((name, i) => numberOfState(network, `${field}.of[${i}]`, name));
  const neurons =
    given.neurons === undefined
      ? Uint32Array.from({ length: network.neurons }, (_, k) => k)
      : neuronsOf(network, `${field}.neurons`, given.neurons);
  checkHave(network, names, neurons, field);
  return {
    states,
    neurons,
    steps: pointsOf(`${field}.times`, given.times, grid),
  };
}

/** The least that has all of several. */
export function together(all: readonly ObservedStates[]): ObservedStates {
  if (all.length === 1) return all[0]!;
  const joined = (of: (one: ObservedStates) => Iterable<number>): number[] =>
    [...new Set(all.flatMap((one) => [...of(one)]))].sort((a, b) => a - b);
  return {
    states: joined((one) => one.states),
    neurons: Uint32Array.from(joined((one) => one.neurons)),
    steps: Uint32Array.from(joined((one) => one.steps)),
  };
}

/**
 * Where the numbers of a part of what is observed lie among those of all.
 * @returns for each entry of the part that of the whole.
 */
export function entriesAmong(all: ObservedStates, part: ObservedStates): Uint32Array {
  const { neurons, states } = all;
  const at = {
    steps: new Map([...all.steps].map((s, i) => [s, i])),
    neurons: new Map([...neurons].map((k, i) => [k, i])),
    states: new Map(states.map((s, i) => [s, i])),
  };
  return Uint32Array.from(
    [...part.steps].flatMap((step) =>
      [...part.neurons].flatMap((k) =>
        part.states.map((s) => {
          const place = at.steps.get(step)! * neurons.length + at.neurons.get(k)!;
          return place * states.length + at.states.get(s)!;
        }),
      ),
    ),
  );
}

/** Names of what is observed, and the times. */
export const observedNames = (network: Network, { states }: ObservedStates): string[] =>
  states.map((s) => network.cell.states[s]!);
export const observedTimes = ({ steps }: ObservedStates, { t0, dt }: Pick<Grid, "t0" | "dt">): Float64Array =>
  Float64Array.from(steps, (s) => t0 + s * dt);

/**
 * Where a solver finds what is observed: of each grid point 1 + its number among the times, of each neuron 1 + its number among
 * those observed; 0 where it is none of them.
 */
export function observedPlaces(
  { neurons, steps }: ObservedStates,
  points: number,
  all: number,
): { times: Uint32Array; neurons: Uint32Array } {
  const times = new Uint32Array(points);
  const places = new Uint32Array(all);
  steps.forEach((s, i) => {
    times[s] = i + 1;
  });
  neurons.forEach((k, i) => {
    places[k] = i + 1;
  });
  return { times, neurons: places };
}
