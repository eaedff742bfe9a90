/**
 * Input spikes and spikes of sources on the time grid of a plan. Solvers ask for those of a path, or for what is the same for
 * all paths, by the functions below, so that only these know how a plan keeps them.
 */
import { fail } from "../checks.js";
import type { Network } from "../network/network.js";
import type { SolvePlan } from "./plan.js";
import { sampleOfPath } from "./sample-of-path.js";

/**
 * Input spikes in time order, and spikes of sources among them. One at t1 comes too late to change anything and is left out.
 * At one place of the grid input spikes come before sources.
 */
export interface Arrivals {
  readonly count: number;
  /** Times, as steps since t0. */
  readonly at: Float64Array;
  readonly steps: Uint32Array;
  /** Place within the step, as a fraction of dt that a float32 holds: below 1, so that what it sets off comes before t1. */
  readonly places: Float32Array;
  /** The neuron; of source s, which sends along connections of its own, neurons + s. */
  readonly neurons: Uint32Array;
  /** Weight of each, and the number of the port at which it arrives; 0 for a source. */
  readonly weights: Float64Array;
  readonly ports: Uint8Array;
}

/** Those of many samples, one after the other, with input spikes in each: sample s has entries offsets[s] to offsets[s + 1]. */
export interface SampledArrivals {
  readonly offsets: Uint32Array;
  readonly all: Arrivals;
  /** Which of the input spikes each entry is, or which of the spikes of sources as they were given. */
  readonly numbers: Uint32Array;
  /** Those of sources as they were given, also such as come at t1. */
  readonly given: Pick<SourceSpikes, "offsets" | "sources">;
}

type Planned = Pick<SolvePlan, "arrivals" | "samples">;

/** Those that a path meets, or a trial. */
export function arrivalsOf({ arrivals, samples }: Planned, path: number): Arrivals {
  return samples?.agenda ? arrivalsOfSample(samples.agenda, sampleOfPath(samples, path)) : arrivals;
}

/** Those of a sample. */
export function arrivalsOfSample({ offsets, all }: SampledArrivals, sample: number): Arrivals {
  const [begin, end] = [offsets[sample]!, offsets[sample + 1]!];
  return {
    count: end - begin,
    at: all.at.subarray(begin, end),
    steps: all.steps.subarray(begin, end),
    places: all.places.subarray(begin, end),
    neurons: all.neurons.subarray(begin, end),
    weights: all.weights.subarray(begin, end),
    ports: all.ports.subarray(begin, end),
  };
}

/** Input spikes, which all paths have in common, in the order in which an agenda for them has them. */
export const allArrivals = ({ arrivals }: Pick<SolvePlan, "arrivals">): Arrivals => arrivals;

/** Whether any path meets one. */
export const anyArrives = ({ arrivals, samples }: Planned): boolean =>
  arrivals.count > 0 || samples?.agenda !== undefined;

/** Entries of a sample at most; 0 without sources. */
export function longestAgenda({ samples }: Pick<SolvePlan, "samples">): number {
  const offsets = samples?.agenda?.offsets ?? [];
  let most = 0;
  for (let s = 1; s < offsets.length; s++) most = Math.max(most, offsets[s]! - offsets[s - 1]!);
  return most;
}

/** Index in the agenda of all paths of the first in a step or after it. */
export function firstArrivalFrom({ arrivals }: Pick<SolvePlan, "arrivals">, step: number): number {
  const { steps, count } = arrivals;
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (steps[middle]! < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A time as steps since t0. One at a grid point but for rounding is at it: what happens where a held sample of a signal begins
 * reads that sample, on all backends (0.3 / 0.1 is below 3).
 */
export function stepsSince(t0: number, time: number, dt: number): number {
  const at = (time - t0) / dt;
  const whole = Math.round(at);
  return Math.abs(at - whole) <= (4 * Number.EPSILON * Math.max(Math.abs(time), Math.abs(t0))) / dt ? whole : at;
}

/** Times, as steps since t0, on a grid. */
function onGrid(at: ArrayLike<number>, steps: number): Pick<Arrivals, "count" | "at" | "steps" | "places"> {
  const inStep = Uint32Array.from(at, (p) => Math.min(steps - 1, Math.floor(p)));
  return {
    count: at.length,
    at: Float64Array.from(at),
    steps: inStep,
    places: Float32Array.from(at, (p, n) => Math.min(1 - 2 ** -24, p - inStep[n]!)),
  };
}

/**
 * Lays the input spikes of a network on a grid of `steps` steps.
 * @throws SaltationError `invalid-input` naming one that lies outside of it.
 */
export function planArrivals(network: Network, t0: number, t1: number, dt: number, steps: number): Arrivals {
  const { times, neurons, weights, ports } = network.inputSpikes;
  const order = times.map((_, i) => i).sort((a, b) => times[a]! - times[b]! || a - b);
  order.forEach((i) => {
    if (times[i]! < t0 || times[i]! > t1) {
      fail(`input.spikes.times[${i}]`, `${times[i]} lies outside t0 = ${t0} to t1 = ${t1}; leave it out`);
    }
  });
  const early = order.filter((i) => times[i]! < t1);
  return {
    ...onGrid(
      early.map((i) => stepsSince(t0, times[i]!, dt)),
      steps,
    ),
    neurons: Uint32Array.from(early, (i) => neurons[i]!),
    weights: Float64Array.from(early, (i) => weights[i]!),
    ports: Uint8Array.from(early, (i) => ports[i]!),
  };
}

/** Spikes of sources in samples, as they were given: of sample s those from offsets[s] to offsets[s + 1]. */
export interface SourceSpikes {
  readonly offsets: Uint32Array;
  readonly times: Float64Array;
  readonly sources: Uint32Array;
}

/**
 * Lays the spikes of sources, each from t0 to t1, on a grid, and the input spikes with them.
 * @param inputs those of all paths.
 */
export function planSourceSpikes(
  { offsets, times, sources }: SourceSpikes,
  inputs: Arrivals,
  { network, t0, t1, dt, steps }: Pick<SolvePlan, "network" | "t0" | "t1" | "dt" | "steps">,
): SampledArrivals {
  const count = offsets.length - 1;
  const at = Float64Array.from(times, (t) => stepsSince(t0, t, dt));
  const laid = onGrid(at, steps);
  /** What comes first of two in a sample; input spikes are counted from -1 down. */
  const step = (n: number): number => (n < 0 ? inputs.steps[-1 - n]! : laid.steps[n]!);
  const place = (n: number): number => (n < 0 ? inputs.places[-1 - n]! : laid.places[n]!);
  const order = (a: number, b: number): number => {
    const apart = step(a) - step(b) || place(a) - place(b);
    if (apart !== 0) return apart;
    if (a < 0 || b < 0) return a < 0 && b < 0 ? b - a : a - b;
    return times[a]! - times[b]! || sources[a]! - sources[b]! || a - b;
  };
  const begins = new Uint32Array(count + 1);
  const entries: number[] = [];
  for (let s = 0; s < count; s++) {
    const own: number[] = [];
    for (let n = 0; n < inputs.count; n++) own.push(-1 - n);
    for (let n = offsets[s]!; n < offsets[s + 1]!; n++) if (times[n]! < t1) own.push(n);
    own.sort(order);
    for (const n of own) entries.push(n);
    begins[s + 1] = entries.length;
  }
  const of = (input: ArrayLike<number>, source: (n: number) => number) => (n: number) =>
    n < 0 ? input[-1 - n]! : source(n);
  return {
    offsets: begins,
    given: { offsets, sources },
    numbers: Uint32Array.from(entries, (n) => (n < 0 ? -1 - n : n)),
    all: {
      count: entries.length,
      at: Float64Array.from(
        entries,
        of(inputs.at, (n) => at[n]!),
      ),
      steps: Uint32Array.from(entries, step),
      places: Float32Array.from(entries, place),
      neurons: Uint32Array.from(
        entries,
        of(inputs.neurons, (n) => network.neurons + sources[n]!),
      ),
      weights: Float64Array.from(
        entries,
        of(inputs.weights, () => 0),
      ),
      ports: Uint8Array.from(
        entries,
        of(inputs.ports, () => 0),
      ),
    },
  };
}

/**
 * The plan with no spike of a source at a grid point, where the beginning of a step does not move with it: such a spike comes 2^-23
 * of a step later, so that there is a derivative by its time.
 */
export function besideGrid(plan: SolvePlan): SolvePlan {
  const { samples, network } = plan;
  if (!samples?.agenda) return plan;
  const { agenda } = samples;
  const { all } = agenda;
  const places = all.places.map((place, x) => (all.neurons[x]! >= network.neurons ? Math.max(place, 2 ** -23) : place));
  return { ...plan, samples: { ...samples, agenda: { ...agenda, all: { ...all, places } } } };
}

/** The same on a grid of steps half as long. */
export function halvedArrivals(arrivals: Arrivals): Arrivals {
  const late = Array.from(arrivals.places, (place) => (place >= 0.5 ? 1 : 0));
  return {
    ...arrivals,
    at: arrivals.at.map((at) => 2 * at),
    steps: arrivals.steps.map((step, n) => 2 * step + late[n]!),
    places: arrivals.places.map((place, n) => 2 * place - late[n]!),
  };
}
