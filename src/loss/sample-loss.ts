/**
 * Losses of what each path fires and its sample's label: the mean over paths of a function of the first spikes of some neurons,
 * of how many spikes these have, and of their states at given times. An absent spike has time t1 and no gradient, so that a function that is continuous in the
 * times stays so where a spike crosses t1. What a count more makes, the horizon term has (docs/mathematics.md).
 */
import { counted, fail, isNumbers, type Numbers, show, wholeNumber } from "../checks.js";
import type { Network } from "../network/network.js";
import { type NeuronName, neuronsCalled } from "../network/populations.js";
import { entriesAmong, observedEntries, planObserved, type StatesOptions } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf } from "../reduce/statistics.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { horizonOf } from "./horizon.js";
import { type Loss, ofPathValues, type SomePaths, type TakenOfMeans } from "./loss.js";
import { checkMaxSpikes } from "./max-spikes.js";

/** Neurons in an order, by number or name (`out[3]`; `out`: all of a population). */
export type LookedNeurons = Numbers | string | readonly NeuronName[];

/** What a path gives such a function. Times are absolute. */
export interface PathFeatures {
  /** [neurons][spikes]: of absent spikes t1. */
  readonly times: Float64Array;
  readonly counts: Float64Array;
  /** [times][neurons] of its state, where it looks at one. */
  readonly states: Float64Array;
  readonly label: number;
  readonly plan: SolvePlan;
}

/** A state of the neurons that a loss looks at, and when. */
export interface LookedState {
  readonly state: string;
  readonly times: StatesOptions["times"];
}

/** Derivatives of such a function, which it adds to. */
export interface Slopes {
  /** [neurons][spikes] */
  readonly times: Float64Array;
  /** [times][neurons] */
  readonly states: Float64Array;
}

/** What a function is written for: how many neurons and times of their state it looks at. */
export interface LookedSize {
  readonly neurons: number;
  readonly times: number;
}

/** A function of a path's first spikes, counts and states. */
export interface SampleFunction {
  readonly kind: string;
  /** Default: all. */
  readonly neurons: LookedNeurons | undefined;
  /** First spikes of each neuron that it looks at, and whether it looks at how many there are. */
  readonly spikes: number;
  /** Whether each of these is to come. */
  readonly wantsAll?: boolean;
  readonly counts: boolean;
  readonly states?: LookedState | undefined;
  /** Whether samples need labels; `least` and `most` say which. */
  readonly labelled: boolean;
  /** @throws SaltationError where it does not go with so many neurons. */
  check?(neurons: number): void;
  /** How many labels there may be, of so many neurons. */
  labels(neurons: number): number;
  /** The function; adds its derivatives to `slopes` where these are given. */
  value(features: PathFeatures, slopes?: Slopes): number;
  /** Of a classifier: how probable it finds each class, adding up to 1. */
  classes?(features: PathFeatures): ArrayLike<number>;
  /** Whether it reads times as they are, and not what lies between them and t0: a device has these in 32 bits. */
  readonly absolute?: boolean;
  /**
   * The same function in WGSL: `fn sample_loss(label: u32) -> f32`. It may call `time_of(f)` (since t0), `count_of(k)` and
   * `add_slope(f, by)`, of states `state_of(n)` and `add_state_slope(n, by)`, and read `data[i]`, `run.t0` and `run.duration`.
   */
  code(size: LookedSize): string;
  /** Numbers that it reads, for such solutions. */
  data?(plan: SolvePlan): ArrayLike<number>;
  readonly leavesOut?: string | undefined;
}

/** A loss by sample, which may also say what it takes a path for. */
export interface SampleLoss extends Loss {
  /**
   * Of a classifier: [paths][classes], how probable each class is.
   * @param states of a loss with `states`: those that the plan observes, [paths][entries].
   */
  classes?(spikes: readonly TypedSpikes[], plan: SolvePlan, states?: Float64Array): Float64Array[];
}

/** The neurons that an option means. @throws SaltationError `invalid-input` where there are none such. */
export function neuronsIn(network: Network, given: LookedNeurons | undefined): Uint32Array {
  const { neurons } = network;
  if (given === undefined) return Uint32Array.from({ length: neurons }, (_, k) => k);
  const all = Uint32Array.from(neuronsCalled(network, "loss.neurons", given));
  all.forEach((k) => {
    if (k >= neurons) fail("loss.neurons", `has ${k}; the network has neurons 0 to ${neurons - 1}`);
  });
  return all;
}

/** @throws SaltationError `invalid-input` where it is neither a list of different neurons nor a name. Names are found later. */
export function checkNeurons(given: unknown): void {
  if (given === undefined || typeof given === "string") return;
  if (!isNumbers(given)) fail("loss.neurons", `expected a list of neurons, or a population's name, got ${show(given)}`);
  if (given.length === 0) fail("loss.neurons", "names no neuron; leave it out for all");
  const seen = new Set<number>();
  (given as readonly NeuronName[]).forEach((k, i) => {
    if (typeof k === "string") return;
    wholeNumber(`loss.neurons[${i}]`, k, 0, 2 ** 24 - 1);
    if (seen.has(k)) fail(`loss.neurons[${i}]`, `${k} stands there twice`);
    seen.add(k);
  });
}

/** Labels of a plan's samples, and paths of a sample; where there are none and none are needed, a label of 0 for all. */
export function labelsOf({ samples, paths }: SolvePlan, of: SampleFunction, neurons: number) {
  if (!of.labelled) return { labels: new Int32Array(1), trials: paths };
  const { labels, trials } = samples ?? {};
  if (!labels || !trials) fail("samples.labels", `are missing; loss "${of.kind}" needs the label of each sample`);
  const most = of.labels(neurons);
  for (let s = 0; s < labels.length; s++) {
    const label = labels[s]!;
    if (label < most) continue;
    fail(`samples.labels[${s}]`, `is ${label}; loss "${of.kind}" has labels 0 to ${most - 1} here`);
  }
  return { labels, trials };
}

/** The states that it looks at, as a plan observes them. */
const statesOf = ({ states, neurons }: SampleFunction): StatesOptions | undefined =>
  states && { of: [states.state], times: states.times, ...(neurons === undefined ? {} : { neurons }) };

/** Rounding of times from t0 on, as a part of the duration, up to which a device takes them: what spike times are right to (docs/reliability.md). */
const mostRounded = 1e-5;

/** @throws SaltationError where times are so far from 0 that 32-bit floats do not tell them apart. */
function checkOrigin(kind: string, { t0, t1 }: Pick<SolvePlan, "t0" | "t1">): void {
  const rounded = Math.max(Math.abs(t0), Math.abs(t1)) * 2 ** -24;
  if (rounded <= mostRounded * (t1 - t0)) return;
  fail(
    "loss",
    `"${kind}" reads times from t0 = ${t0} on, which the 32-bit floats of a device keep to ${Number((2 * rounded).toPrecision(3))}; ` +
      'count time from t0 = 0, or take backend "cpu"',
    "limit",
  );
}

/** Where these lie among all that a plan observes, [times][neurons]. */
export function lookedEntries(plan: SolvePlan, of: SampleFunction): Uint32Array {
  const states = statesOf(of);
  return states
    ? entriesAmong(plan.observed!, planObserved(plan.network, states, plan, "loss.states"))
    : new Uint32Array();
}

/** What a path does, as the function takes it; and which spike each time is of, -1 where it is absent. */
function featuresOf(
  of: SampleFunction,
  neurons: Uint32Array,
  one: TypedSpikes,
  { plan, label, states }: Pick<PathFeatures, "plan" | "label" | "states">,
) {
  const times = new Float64Array(neurons.length * of.spikes).fill(plan.t1);
  const found = new Int32Array(times.length).fill(-1);
  const counts = new Float64Array(neurons.length);
  for (let n = 0; n < one.times.length; n++) {
    const k = neurons.indexOf(one.neurons[n]!);
    if (k < 0) continue;
    const count = counts[k]!++;
    if (count >= of.spikes) continue;
    times[k * of.spikes + count] = one.times[n]!;
    found[k * of.spikes + count] = n;
  }
  return { features: { times, counts, states, label, plan }, found };
}

/** The loss that is the mean over paths of such a function. */
export function sampleLossOf(of: SampleFunction): SampleLoss {
  const { kind, leavesOut } = of;
  checkNeurons(of.neurons);
  const eachPath = <T>(
    spikes: readonly TypedSpikes[],
    plan: SolvePlan,
    { first, states: observed }: SomePaths,
    visit: (path: ReturnType<typeof featuresOf>, i: number, neurons: Uint32Array) => T,
  ): T[] => {
    const neurons = neuronsIn(plan.network, of.neurons);
    const { labels, trials } = labelsOf(plan, of, neurons.length);
    const entries = lookedEntries(plan, of);
    const all = observedEntries(plan.observed);
    return spikes.map((one, i) => {
      const states = Float64Array.from(entries, (e) => observed![i * all + e]!);
      const path = { plan, states, label: labels[Math.floor((first + i) / trials)]! };
      return visit(featuresOf(of, neurons, one, path), i, neurons);
    });
  };
  const states = statesOf(of);
  const taken = (spikes: readonly TypedSpikes[], plan: SolvePlan, some: SomePaths): TakenOfMeans => {
    const entries = lookedEntries(plan, of);
    const perPath = observedEntries(plan.observed);
    const { paths } = plan;
    const stateCotangents = new Float64Array(states ? perPath * spikes.length : 0);
    const all = eachPath(spikes, plan, some, ({ features, found }, i, neurons) => {
      const slopes = {
        times: new Float64Array(features.times.length),
        states: new Float64Array(features.states.length),
      };
      const value = of.value(features, slopes);
      const cotangents = new Float64Array(spikes[i]!.times.length);
      found.forEach((n, f) => {
        if (n >= 0) cotangents[n]! += slopes.times[f]! / paths;
      });
      entries.forEach((e, n) => {
        stateCotangents[i * perPath + e] = slopes.states[n]! / paths;
      });
      const horizon = new Float64Array(of.counts ? plan.network.neurons : 0);
      if (of.counts) {
        neurons.forEach((neuron, k) => {
          const counts = features.counts.map((count, j) => (j === k ? count + 1 : count));
          horizon[neuron] = (of.value({ ...features, counts }) - value) / paths;
        });
      }
      return { value, cotangents, horizon };
    });
    return {
      cotangents: all.map((path) => path.cotangents),
      ...(of.counts ? { horizon: all.map((path) => path.horizon) } : {}),
      ...(states ? { stateCotangents } : {}),
      pathValues: Float64Array.from(all, (path) => path.value),
    };
  };
  return {
    kind,
    pathwise: true,
    ...(of.counts ? { horizon: true } : {}),
    ...(leavesOut === undefined ? {} : { leavesOut }),
    ...(states === undefined ? {} : { states }),
    check(network) {
      of.check?.(neuronsIn(network, of.neurons).length);
    },
    checkStops(plan) {
      const neurons = neuronsIn(plan.network, of.neurons).length;
      const spikes = of.spikes * (of.wantsAll ? neurons : 1);
      const whose = of.wantsAll ? counted(neurons, "neuron") : "a neuron";
      checkMaxSpikes(plan, spikes, kind, `looks at ${counted(spikes, "spike")} of ${whose}`);
    },
    checkPlan(plan, names) {
      labelsOf(plan, of, neuronsIn(plan.network, of.neurons).length);
      if (names.length === 0 || of.spikes > 0 || states || horizonOf(plan, names).events.length > 0) return;
      const why =
        "counts move only where spikes appear at t1, and how likely that is is known of spikes by a hazard alone";
      fail("loss", `"${kind}": has no gradient here: ${why}; take first spikes, or a cell with a hazard`);
    },
    ofMeans: ofPathValues(taken),
    evaluate(spikes, plan, observed) {
      const all = taken(spikes, { ...plan, paths: spikes.length }, { first: 0, states: observed });
      return { value: estimateOf(all.pathValues, plan.antithetic).mean, ...all };
    },
    async gpu(gpu, plan, recordWords) {
      if (of.absolute) checkOrigin(kind, plan);
      const { GpuSampleLoss } = await import("./gpu-sample-loss.js");
      return GpuSampleLoss.create(gpu, plan, recordWords, of);
    },
    ...(of.classes
      ? {
          classes: (spikes: readonly TypedSpikes[], plan: SolvePlan, observed?: Float64Array) =>
            eachPath(spikes, plan, { first: 0, states: observed }, ({ features }) =>
              Float64Array.from(of.classes!(features)),
            ),
        }
      : {}),
  };
}
