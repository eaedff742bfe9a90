/** What is to be solved: network, time grid, method, paths and seed, checked and put in one place. */
import { tableauOf, tableaux } from "../../shaders/substep/tableau.js";
import { boundCell } from "../cell/cell.js";
import { timeState } from "../cell/hybrid.js";
import { fail, finiteNumber, type Names, oneOf, positiveNumber, show, wholeNumber } from "../checks.js";
import type { PlannedCurrent } from "../driver/current.js";
import type { Network } from "../network/network.js";
import { type Arrivals, planArrivals } from "./arrivals.js";
import { type PlannedInput, planInputs, planNetworkCurrent } from "./inputs.js";
import { type ObservedStates, planObserved, type StatesOptions } from "./observed.js";
import { type PlannedSamples, planSamples, type SampleOptions } from "./samples.js";
import { stiffStates } from "./stiff.js";

/**
 * How a step is solved.
 * - `euler`: noise at grid points only (drift, then kick); drift frozen in each sub-step. Weak order 1.
 * - `wong-zakai`: driver path linear between grid points; Runge-Kutta 4 on the resulting ODE.
 * - `levy`: the path's space-time Lévy area as a parabola on top (Foster, Lyons & Oberhauser 2020); strong order 1.5
 *   for additive noise.
 */
export type Method = keyof typeof tableaux;
export const methods = Object.keys(tableaux) as readonly Method[];

/**
 * How the GPU shares the work of a network out: a path per invocation; a path per workgroup whose lanes share its
 * neurons; or, where every connection has a delay of dt or more, a neuron of a path per invocation, for thousands of neurons
 * (no gradients). Spikes and gradients are those of the same discrete solution, to rounding. `auto`: what was measured faster.
 */
export type Distribution = "auto" | "invocation" | "workgroup" | "neuron";
export const distributions: readonly Distribution[] = ["auto", "invocation", "workgroup", "neuron"];

export interface SolveOptions {
  /** Number of Monte Carlo paths; with `samples` that of samples times trials, which may be left out. */
  paths?: number;
  /** Start of the solution, default 0. */
  t0?: number;
  /** End of the solution. */
  t1: number;
  /** Step of the grid on which the driver path is given; a whole number of steps must fit. */
  dt: number;
  /** Default `levy`. */
  method?: Method;
  /** Seed of noise and uniforms, a whole number below 2³². Default 0. */
  seed?: number;
  /**
   * Paths in pairs, 2k and 2k + 1, of which the second has the noise of the first with its sign turned, and 1 − u for
   * each uniform u: every path has the same law as without, and means over pairs usually spread less. Default false.
   */
  antithetic?: boolean;
  /** Stop each path at its maxSpikes-th event in the whole network; unlimited where not given. */
  maxSpikes?: number;
  /** Default `auto`; networks only. */
  distribution?: Distribution;
  /** States that are kept beside spikes (`SimulatedSpikes.states`); a gradient keeps those that its loss looks at. */
  states?: StatesOptions;
  /** What differs from path to path beside noise: spikes of sources, signals, parameters, initial states, paths of noise channels; and labels. */
  samples?: SampleOptions;
}

export const solveNames: Names<SolveOptions> = {
  paths: true,
  t0: true,
  t1: true,
  dt: true,
  method: true,
  seed: true,
  antithetic: "boolean",
  maxSpikes: true,
  distribution: true,
  states: true,
  samples: true,
};

export interface SolvePlan {
  readonly network: Network;
  readonly paths: number;
  readonly t0: number;
  readonly t1: number;
  readonly dt: number;
  readonly steps: number;
  readonly method: Method;
  readonly seed: number;
  /** 0 where unlimited. */
  readonly maxSpikes: number;
  readonly antithetic: boolean;
  /** Whether maxSpikes comes from what a loss looks at, not from the user: then paths so stopped are no news. */
  readonly stopsByLoss?: boolean;
  readonly distribution: Distribution;
  /** Parameters that a caller writes on the GPU: what their values are now says nothing of what they will be. */
  readonly writes?: readonly string[];
  /** Whether a GPU carries what rounding leaves of increments: decided where the plan does not say yet (carried.ts). */
  readonly increments?: "rounded" | "carried";
  /** States that are stiff for this step, by name: integrated exactly along rates of their own (stiff.ts). */
  readonly exponential: readonly string[];
  /** What is known to be doubtful in the results of the plan, one line each. */
  readonly warnings?: readonly string[];
  readonly current: PlannedCurrent;
  /** Sampled inputs that are states, which are set at grid points. */
  readonly inputs: readonly PlannedInput[];
  /** The state that is time, where it is set at grid points too: so it is exact there, however far from 0 paths begin. */
  readonly time?: number | undefined;
  /** To be read by the functions of arrivals.ts. */
  readonly arrivals: Arrivals;
  readonly observed?: ObservedStates | undefined;
  /** Where paths are samples. */
  readonly samples?: PlannedSamples;
}

/** Networks by where time begins. */
const begun = new WeakMap<Network, Map<number, Network>>();

/** A network whose equations read a time that begins at t0. */
function beginningAt(network: Network, t0: number): Network {
  const { cell } = network;
  if (t0 === cell.t0 || !cell.readsTime) return network;
  const known = begun.get(network) ?? new Map<number, Network>();
  begun.set(network, known);
  const found = known.get(t0) ?? { ...network, cell: boundCell(cell, { inputs: Object.fromEntries(cell.inputs), t0 }) };
  known.set(t0, found);
  return found;
}

const uint32Max = 2 ** 32 - 1;

function pathsOf(given: number | undefined, samples: PlannedSamples | undefined): number {
  if (!samples) return wholeNumber("paths", given, 1, 2 ** 30);
  const { count, trials } = samples;
  const paths = count * trials;
  if (given !== undefined && given !== paths)
    fail("paths", `is ${show(given)}, and ${count} samples of ${trials} are ${paths}; leave it out`);
  return paths;
}

/**
 * Checks the options of a solve.
 * @throws SaltationError `invalid-input` naming the field, its value and the mend.
 */
export function planSolve(given: Network, options: SolveOptions): SolvePlan {
  const t0 = finiteNumber("time.t0", options.t0 ?? 0);
  const t1 = finiteNumber("time.t1", options.t1);
  const dt = positiveNumber("time.dt", options.dt);
  const network = beginningAt(given, t0);
  if (t1 <= t0) fail("time.t1", `expected a time after t0 = ${t0}, got ${show(t1)}`);
  const steps = Math.round((t1 - t0) / dt);
  if (steps < 1 || Math.abs(steps * dt - (t1 - t0)) > 1e-6 * dt * Math.max(1, steps * 1e-3)) {
    const near = Math.max(1, steps);
    fail("time.dt", `${dt} does not divide t1 - t0 = ${t1 - t0}; ${near} steps of ${(t1 - t0) / near} would`);
  }
  const method = oneOf("method", options.method ?? "levy", methods);
  const { cell } = network;
  if (tableauOf(method).driver === "grid" && !cell.additiveNoise) {
    fail(
      "method",
      `"${method}" needs noise amplitudes that do not depend on the state; use "levy" for cell "${cell.name}"`,
    );
  }
  const antithetic = options.antithetic ?? false;
  if (typeof antithetic !== "boolean") fail("antithetic", `expected true or false, got ${show(antithetic)}`);
  const counters = steps * network.neurons * Math.max(1, cell.channels.length);
  if (counters > uint32Max) {
    fail("time.dt", `${steps} steps of ${network.neurons} neurons need ${counters} noise counters; at most 2^32 exist`);
  }
  const maxSpikes = options.maxSpikes === undefined ? 0 : wholeNumber("maxSpikes", options.maxSpikes, 1, 2 ** 20);
  const arrivals = planArrivals(network, t0, t1, dt, steps);
  const current = planNetworkCurrent(network, { t0, dt, steps });
  const inputs = planInputs(network, t0, dt, steps);
  const grid = { network, t0, t1, dt, steps, arrivals, antithetic, current, inputs };
  if (network.sources > 0 && options.samples === undefined)
    fail("samples", `is missing: the network has ${network.sources} sources, whose spikes come with samples`);
  const sampled = options.samples === undefined ? undefined : planSamples(options.samples, grid);
  const paths = pathsOf(options.paths, sampled?.samples);
  if (antithetic && paths % 2 !== 0)
    fail("paths", `is ${paths}; antithetic paths come in pairs, so give an even number`);
  return {
    network,
    paths,
    t0,
    t1,
    dt,
    steps,
    method,
    seed: wholeNumber("seed", options.seed ?? 0, 0, uint32Max),
    antithetic,
    exponential: stiffStates(network, dt, tableauOf(method)),
    maxSpikes,
    distribution: oneOf("distribution", options.distribution ?? "auto", distributions),
    current,
    inputs,
    ...(network.cell.t0 === 0 ? {} : { time: cell.states.indexOf(timeState) }),
    arrivals,
    ...sampled,
    ...(options.states === undefined
      ? {}
      : { observed: planObserved(network, options.states, { t0, t1, dt, steps, maxSpikes }) }),
  };
}
