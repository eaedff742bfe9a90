/**
 * Input spikes on the time grid of a plan. Solvers ask for those of a path, or for what is the same for all paths, by the
 * functions below, so that only these know how a plan keeps them.
 */
import { fail } from "../checks.js";
import type { Network } from "../network/network.js";
import type { SolvePlan } from "./plan.js";

/** Input spikes in time order. One at t1 comes too late to change anything and is left out. */
export interface Arrivals {
  readonly count: number;
  /** Times, as steps since t0. */
  readonly at: Float64Array;
  readonly steps: Uint32Array;
  /** Place within the step, as a fraction of dt that a float32 holds: below 1, so that what it sets off comes before t1. */
  readonly places: Float32Array;
  readonly neurons: Uint32Array;
  readonly weights: Float64Array;
  /** Number of the port at which each arrives. */
  readonly ports: Uint8Array;
}

type Planned = Pick<SolvePlan, "arrivals">;

/** Those that a path meets, or a trial. */
export const arrivalsOf = ({ arrivals }: Planned, _path: number): Arrivals => arrivals;

/** Those of all paths, in the order in which an agenda for them has them. */
export const allArrivals = ({ arrivals }: Planned): Arrivals => arrivals;

/** Whether any path meets one. */
export const anyArrives = ({ arrivals }: Planned): boolean => arrivals.count > 0;

/** Index in the agenda of the first in a step or after it. */
export function firstArrivalFrom({ arrivals }: Planned, step: number): number {
  const n = arrivals.steps.findIndex((s) => s >= step);
  return n < 0 ? arrivals.count : n;
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
  const at = early.map((i) => (times[i]! - t0) / dt);
  const inStep = Uint32Array.from(at, (p) => Math.min(steps - 1, Math.floor(p)));
  return {
    count: early.length,
    at: Float64Array.from(at),
    steps: inStep,
    places: Float32Array.from(at, (p, n) => Math.min(1 - 2 ** -24, p - inStep[n]!)),
    neurons: Uint32Array.from(early, (i) => neurons[i]!),
    weights: Float64Array.from(early, (i) => weights[i]!),
    ports: Uint8Array.from(early, (i) => ports[i]!),
  };
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
