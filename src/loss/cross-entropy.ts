/**
 * Cross-entropy of a classifier: a neuron for each class, and the label of each sample. Over first spike times the earliest
 * neuron stands for the class: H. Mostafa, Supervised learning based on temporal coding in spiking neural networks, IEEE TNNLS
 * 29 (2018); J. Göltz et al., Nature Machine Intelligence 3 (2021). Over states it is what is read out of neurons: of the largest
 * over time, F. Zenke & T. Vogels, Neural Computation 33 (2021).
 */
import { checkOptions, fail, type Names, oneOf, positiveNumber, show } from "../checks.js";
import { planObserved, type StatesOptions } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { checkClasses } from "./class-neurons.js";
import {
  type LookedNeurons,
  type LookedSize,
  neuronsIn,
  type PathFeatures,
  type SampleFunction,
  type SampleLoss,
  sampleLossOf,
} from "./sample-loss.js";

/** What a class's number is made of: a state of its neuron. */
export interface ReadoutStates {
  /** Name of the state; default `v`. */
  readonly state?: string;
  /**
   * How it is read, over `times`: `final` (default), at the last of them; `mean` of all; `integral`, by the trapezoidal rule; or
   * `max`, the largest at these times: what lies between them is not seen. Its derivative is that at the time of the largest.
   */
  readonly read?: "final" | "mean" | "integral" | "max";
  /** Times of the grid, rising, or every so much time from t0 on; of `final` t1 where absent. */
  readonly times?: StatesOptions["times"];
}

export interface CrossEntropyOptions {
  /**
   * What classes are told by: `first-spike` (default), logits −τ/temperature of the first spike times τ, that of a neuron without
   * a spike t1; or `count`, logits n/temperature of the numbers of spikes. To be left out with `states`.
   */
  readonly of?: "first-spike" | "count";
  /** Classes are told by a state of the neurons: logits are what is read of it, over temperature. */
  readonly states?: ReadoutStates;
  /** The neuron of each class, in the order of labels: numbers, or the name of a population; default all neurons. */
  readonly neurons?: LookedNeurons;
  /** In the unit of time, in spikes, or in the unit of what is read; default 1. */
  readonly temperature?: number;
}

const names: Names<CrossEntropyOptions> = { of: true, states: true, neurons: true, temperature: true };
const readNames: Names<ReadoutStates> = { state: true, read: true, times: true };

/** log Σ exp(logits), and the softmax in place of them. */
function softmax(logits: Float64Array): number {
  const most = logits.reduce((m, x) => Math.max(m, x), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let k = 0; k < logits.length; k++) sum += logits[k] = Math.exp(logits[k]! - most);
  for (let k = 0; k < logits.length; k++) logits[k]! /= sum;
  return most + Math.log(sum);
}

/**
 * Mean over paths of −log p(label), p the softmax of the logits. Labels are those of the samples (`samples.labels`).
 *
 * Of first spikes it is continuous where a spike crosses t1, as an absent one has time t1; a neuron that is silent has no
 * gradient, and cannot be brought to spike by it. Of counts all of the gradient is the horizon term: it is refused for cells whose
 * spikes come by no hazard. Of states it is exact where no event moves the state that is read; where one does, results say that it
 * jumps there.
 * @throws SaltationError `invalid-input`.
 */
export function crossEntropy(options: CrossEntropyOptions = {}): SampleLoss {
  checkOptions("loss", options, names);
  const temperature = positiveNumber("loss.temperature", options.temperature ?? 1);
  if (options.states !== undefined) {
    if (options.of !== undefined) fail("loss.of", "is of spikes; with loss.states leave it out");
    return sampleLossOf(ofStates(options.states, options.neurons, temperature));
  }
  const of = oneOf("loss.of", options.of ?? "first-spike", ["first-spike", "count"]);
  const early = of === "first-spike";
  const scale = (early ? -1 : 1) / temperature;
  const logits = ({ times, counts }: PathFeatures): Float64Array => (early ? times : counts).map((x) => scale * x);
  return sampleLossOf({
    kind: "cross-entropy",
    neurons: options.neurons,
    spikes: early ? 1 : 0,
    counts: !early,
    labelled: true,
    check: checkClasses,
    labels: (neurons) => neurons,
    value(features, slopes) {
      const all = logits(features);
      const chosen = all[features.label]!;
      const value = softmax(all) - chosen;
      if (early && slopes) {
        for (let k = 0; k < all.length; k++) slopes.times[k]! += scale * (all[k]! - Number(k === features.label));
      }
      return value;
    },
    classes(features) {
      const all = logits(features);
      softmax(all);
      return all;
    },
    code: ({ neurons }) => /* wgsl */ `
const scale = ${Math.fround(scale)}f;
fn logit(k: u32) -> f32 { return scale * ${early ? "time_of" : "count_of"}(k); }
fn sample_loss(label: u32) -> f32 {
  var most = logit(0u);
  for (var k = 1u; k < ${neurons}u; k += 1u) { most = max(most, logit(k)); }
  var sum = 0.0f;
  for (var k = 0u; k < ${neurons}u; k += 1u) { sum += sal_exp(logit(k) - most); }
${
  early
    ? `  for (var k = 0u; k < ${neurons}u; k += 1u) {
    add_slope(k, scale * (sal_exp(logit(k) - most) / sum - select(0.0f, 1.0f, k == label)));
  }`
    : ""
}
  return (most - logit(label)) + sal_log(sum);
}`,
  });
}

/** How what is read of a state follows from it: by a weight of each time, or the largest. */
interface Reading {
  readonly read: NonNullable<ReadoutStates["read"]>;
  readonly state: string;
  readonly times: StatesOptions["times"];
}

function readingOf(given: ReadoutStates): Reading {
  if (typeof given !== "object" || given === null)
    fail("loss.states", `expected { state, read, times }, got ${show(given)}`);
  checkOptions("loss.states", given, readNames);
  const { state = "v", times } = given;
  const read = oneOf("loss.states.read", given.read ?? "final", ["final", "mean", "integral", "max"]);
  if (typeof state !== "string") fail("loss.states.state", `expected the name of a state, got ${show(state)}`);
  if (times === undefined && read !== "final")
    fail("loss.states.times", `is missing: at which times the state is read; give { "every": … }, or a list`);
  return { read, state, times: times ?? "t1" };
}

/** Weights of the times by which a linear reading is made of a state. */
function weightsOf({ read, state, times }: Reading, neurons: Uint32Array, plan: SolvePlan): Float64Array {
  const { steps } = planObserved(plan.network, { of: [state], neurons, times }, plan, "loss.states");
  const last = steps.length - 1;
  if (read === "integral" && last < 1) fail("loss.states.times", "has one time; an integral needs two or more");
  const at = (n: number): number => steps[Math.min(Math.max(n, 0), last)]! * plan.dt;
  return Float64Array.from(steps, (_, n) => {
    if (read === "mean") return 1 / steps.length;
    return read === "integral" ? (at(n + 1) - at(n - 1)) / 2 : Number(n === last);
  });
}

function ofStates(given: ReadoutStates, neurons: LookedNeurons | undefined, temperature: number): SampleFunction {
  const reading = readingOf(given);
  const max = reading.read === "max";
  let known: { readonly plan: SolvePlan; readonly weights: Float64Array } | undefined;
  /** Once for all paths of a plan. */
  const weightsFor = (plan: SolvePlan): Float64Array => {
    if (known?.plan !== plan) {
      const those = neuronsIn(plan.network, neurons);
      known = { plan, weights: max ? new Float64Array() : weightsOf(reading, those, plan) };
    }
    return known.weights;
  };
  /** What is read of each neuron, over temperature; and of a maximum at which time. */
  const readOf = ({ states, counts, plan }: PathFeatures) => {
    const classes = counts.length;
    const weights = weightsFor(plan);
    const logits = new Float64Array(classes);
    const at = new Uint32Array(classes);
    for (let k = 0; k < classes; k++) {
      let value = max ? states[k]! : 0;
      for (let t = 0; t * classes < states.length; t++) {
        const here = states[t * classes + k]!;
        if (!max) value += weights[t]! * here;
        else if (here > value) [value, at[k]] = [here, t];
      }
      logits[k] = value / temperature;
    }
    return { logits, at, weights };
  };
  return {
    kind: "cross-entropy",
    neurons,
    spikes: 0,
    counts: false,
    states: reading,
    labelled: true,
    check: checkClasses,
    labels: (classes) => classes,
    value(features, slopes) {
      const { logits, at, weights } = readOf(features);
      const chosen = logits[features.label]!;
      const value = softmax(logits) - chosen;
      const classes = logits.length;
      for (let k = 0; slopes && k < classes; k++) {
        const slope = (logits[k]! - Number(k === features.label)) / temperature;
        if (max) slopes.states[at[k]! * classes + k]! += slope;
        for (let t = 0; t < weights.length; t++) slopes.states[t * classes + k]! += weights[t]! * slope;
      }
      return value;
    },
    classes(features) {
      const { logits } = readOf(features);
      softmax(logits);
      return logits;
    },
    data: weightsFor,
    code: (size) => readoutCode(size, max, 1 / temperature),
  };
}

const readoutCode = ({ neurons, times }: LookedSize, max: boolean, scale: number): string => /* wgsl */ `
const scale = ${Math.fround(scale)}f;
var<private> logits: array<f32, ${neurons}>;
${max ? `var<private> largest_at: array<u32, ${neurons}>;` : ""}

fn sample_loss(label: u32) -> f32 {
  var most = 0.0f;
  for (var k = 0u; k < ${neurons}u; k += 1u) {
    var value = ${max ? "state_of(k)" : "0.0f"};
    for (var t = 0u; t < ${times}u; t += 1u) {
      let here = state_of(t * ${neurons}u + k);
${
  max
    ? `      if (here > value) {
        value = here;
        largest_at[k] = t;
      }`
    : "      value += data[t] * here;"
}
    }
    logits[k] = scale * value;
    most = select(max(most, logits[k]), logits[k], k == 0u);
  }
  var sum = 0.0f;
  for (var k = 0u; k < ${neurons}u; k += 1u) { sum += sal_exp(logits[k] - most); }
  for (var k = 0u; k < ${neurons}u; k += 1u) {
    let slope = scale * (sal_exp(logits[k] - most) / sum - select(0.0f, 1.0f, k == label));
${
  max
    ? `    add_state_slope(largest_at[k] * ${neurons}u + k, slope);`
    : `    for (var t = 0u; t < ${times}u; t += 1u) { add_state_slope(t * ${neurons}u + k, data[t] * slope); }`
}
  }
  return (most - logits[label]) + sal_log(sum);
}`;
