/** The experiments that the page offers, as documents. */
import corticalCell from "../../../examples/cortical-cell.json" with { type: "json" };
import figure2Job from "../../../examples/figure2.json" with { type: "json" };
import { figure1Setting } from "../../../src/experiments/figure1.js";
import type { CellDefinition } from "../../../src/index.js";
import type { ExperimentName, StudioDocument, StudioJob } from "./document.js";
import { slifUnits } from "./units.js";

export interface ExperimentCard {
  name: ExperimentName;
  title: string;
  /** One line for the choice. */
  line: string;
  /** What happens here. */
  text: string;
}

export const cards: readonly ExperimentCard[] = [
  {
    name: "figure1",
    title: "One neuron’s current",
    line: "Figure 1 of Holberg & Salvi (2024)",
    text:
      "One noisy neuron is driven by a current that we pretend not to know. From its first three spike times, over " +
      "many trials, gradient descent finds the current again.",
  },
  {
    name: "figure2",
    title: "A network’s weights",
    line: "Figure 2: 4 → 16 → 2 neurons",
    text:
      "A feed-forward network of 22 noisy neurons fires; another one, with random weights, learns to fire alike. All " +
      "96 weights are trained at once.",
  },
  {
    name: "recording",
    title: "A recording",
    line: "Your current and spike times",
    text:
      "Drop a file with an injected current and the spike times of repeated trials. A stochastic neuron is fitted to " +
      "them by the likelihood of the recorded spikes: gain of the current, membrane rate, threshold and reset.",
  },
  {
    name: "equations",
    title: "Your own equations",
    line: "Any cell, checked as you type",
    text:
      "Write a cell: drifts, noise, events. It is checked whether gradients of its spike times are exact, and two of " +
      "its parameters are then recovered from spikes that it makes itself.",
  },
  {
    name: "refractory",
    title: "A refractory time",
    line: "A cell that a condition holds still",
    text:
      "After each spike the voltage is held for a refractory time: a condition in its equation. Where the condition " +
      "changes its branch is located as a spike is, so that gradients by the refractory time are exact. It is found " +
      "from spike times, together with the current.",
  },
];

const perSlif = (time: string): Record<string, string> => slifUnits(time);

function figure1(): StudioDocument {
  const { parameters, t1, dt, spikes, trueCurrent, firstCurrent, optimiser, steps } = figure1Setting;
  return {
    version: 1,
    experiment: "figure1",
    job: {
      network: { cell: "slif", parameters: { ...parameters, sigma1: 0.25 } },
      input: { current: firstCurrent },
      time: { t1, dt },
      method: "euler",
      paths: 128,
      seed: 1,
      maxSpikes: spikes,
      loss: { kind: "first-spikes", spikes },
      trainable: ["current"],
      optimiser: { kind: "rmsprop", ...optimiser },
      steps,
    },
    observed: { kind: "simulated", paths: 128, seed: 2, truth: { current: trueCurrent } },
    units: perSlif("s"),
  };
}

/** Setting of section 4.2 of the paper. */
function figure2(): StudioDocument {
  const { observed, ...job } = structuredClone(figure2Job);
  const { paths, seed, ...truth } = observed.simulate;
  return {
    version: 1,
    experiment: "figure2",
    job: job as unknown as StudioJob,
    observed: { kind: "simulated", paths, seed, truth },
    units: perSlif("s"),
  };
}

function recording(): StudioDocument {
  // Measures of fits are for the command line.
  const { observed, metrics: _, ...job } = structuredClone(corticalCell);
  return {
    version: 1,
    experiment: "recording",
    job: job as unknown as StudioJob,
    observed: { kind: "recording", name: "", key: observed.key },
    units: { time: "ms", current: "nA" },
  };
}

/** Integrate-and-fire with escape noise, and an adaptation that every spike feeds and that pulls the voltage down. */
export const adaptive: CellDefinition = {
  name: "adaptive",
  state: {
    v: "mu * (I - a - v)",
    a: "-muA * a",
    s: "exp(min(beta * (v - vTh), 10)) / tauS",
  },
  noise: { v: "sigma" },
  event: "s",
  reset: { v: "v - vReset", a: "a + jump", s: "log(u) - alpha" },
  start: { s: "log(u) - alpha" },
  parameters: { mu: 10, muA: 2, sigma: 0.2, beta: 5, vTh: 1, tauS: 1, vReset: 1, jump: 0.2, alpha: 0.03 },
};

function equations(): StudioDocument {
  return {
    version: 1,
    experiment: "equations",
    job: {
      network: { cell: structuredClone(adaptive), parameters: { jump: 0.1 } },
      input: { current: 1.2 },
      time: { t1: 3, dt: 0.02 },
      method: "levy",
      paths: 128,
      seed: 1,
      loss: { kind: "first-spikes", spikes: 8 },
      trainable: ["current", "jump"],
      optimiser: { kind: "adam", learningRate: 0.05 },
      steps: 500,
    },
    observed: { kind: "simulated", paths: 512, seed: 2, truth: { current: 1.8, jump: 0.3 } },
    units: { time: "s", current: "", mu: "1/s", muA: "1/s", sigma: "1/√s", tauS: "s" },
  };
}

/** Integrate-and-fire with escape noise, held still by a condition for an absolute refractory time after each spike. */
export const refractory: CellDefinition = {
  name: "refractory",
  state: {
    v: "t - last < tRef ? 0 : mu * (I - v)",
    last: "0",
    s: "exp(min(beta * (v - vTh), 10)) / tauS",
  },
  events: { firing: { when: "s", jump: { v: "0", last: "t", s: "log(u)" }, emits: true } },
  // Long ago: it is free from the start.
  start: { last: "-2 * tRef", s: "log(u)" },
  parameters: { mu: 5, beta: 10, vTh: 1, tauS: 0.1, tRef: 0.1 },
  positive: ["tauS", "tRef"],
};

function refractoryTime(): StudioDocument {
  return {
    version: 1,
    experiment: "refractory",
    job: {
      network: { cell: structuredClone(refractory) },
      input: { current: 1.3 },
      time: { t1: 2, dt: 0.01 },
      method: "levy",
      paths: 128,
      seed: 1,
      loss: { kind: "first-spikes", spikes: 3 },
      trainable: ["current", "tRef"],
      optimiser: { kind: "adam", learningRate: 0.02 },
      steps: 200,
    },
    observed: { kind: "simulated", paths: 512, seed: 2, truth: { current: 1.6, tRef: 0.2 } },
    units: { time: "s", current: "", mu: "1/s", tauS: "s", tRef: "s" },
  };
}

const make: Record<ExperimentName, () => StudioDocument> = {
  figure1,
  figure2,
  recording,
  equations,
  refractory: refractoryTime,
};

export const newDocument = (name: ExperimentName): StudioDocument => make[name]();
