/** What the page trains, in a few numbers, and the job that says the same to `saltation train`. */

import { positiveNumber, wholeNumber } from "../../../src/checks.js";

/** A data set that the page knows. */
export type SetName = "yin-yang" | "digits";

export interface Settings {
  readonly set: SetName;
  /** Samples that are trained on, and those that no step sees. */
  readonly samples: number;
  readonly heldOut: number;
  readonly hidden: number;
  readonly batch: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly seed: number;
}

export type NumberName = Exclude<keyof Settings, "set">;

export const defaults: Record<SetName, Settings> = {
  "yin-yang": {
    set: "yin-yang",
    samples: 2000,
    heldOut: 500,
    hidden: 30,
    batch: 25,
    epochs: 30,
    learningRate: 0.006,
    seed: 1,
  },
  digits: {
    set: "digits",
    samples: 1300,
    heldOut: 400,
    hidden: 60,
    batch: 50,
    epochs: 15,
    learningRate: 0.01,
    seed: 1,
  },
};

/** Input spikes lie between these times, in ms, and end at `t1`. */
export const times = { from: 2, to: 22, bias: 12 } as const;
/** Pixels up to this value do not spike. */
export const pixelThreshold = 0.1;

/** Files that a job on digits names, written as npz. */
export const digitFiles = { training: "digits-training.npz", heldOut: "digits-held-out.npz" } as const;

/** Sources, and classes with an output neuron each. */
export const sizes: Record<SetName, { readonly sources: number; readonly classes: readonly string[] }> = {
  "yin-yang": { sources: 5, classes: ["yin", "yang", "dot"] },
  digits: { sources: 64, classes: Array.from("0123456789") },
};

const leaky = {
  name: "leaky",
  state: { v: "(I + i - v) / tauM", i: "-i / tauS" },
  event: "v - 1",
  reset: { v: "0" },
  receive: { i: "i + w" },
  parameters: { tauM: 20, tauS: 5 },
  positive: ["tauM", "tauS"],
};

/** Mean and standard deviation of weights at first: of the inputs by data set, to the outputs by how many send. */
const inputWeights: Record<SetName, [number, number]> = { "yin-yang": [1.5, 1.2], digits: [0.3, 0.3] };
const outputWeights: Record<SetName, [number, number]> = { "yin-yang": [12, 3.3], digits: [12, 3.1] };

export const projections = { hidden: "inputs->hidden", outputs: "hidden->outputs" } as const;

/** The part of the learning rate that is left after each epoch. */
const decay = 0.95;

/** The job that settings say, as `saltation train` takes it. */
export function jobOf(settings: Settings) {
  const { set, samples, heldOut, hidden, batch, epochs, learningRate, seed } = settings;
  const [mean, spread] = outputWeights[set];
  const { sources, classes } = sizes[set];
  const normal = (of: readonly [number, number], stream: number) => ({ allToAll: { normal: of, seed: stream } });
  const data = (count: number, from: number, file: string) =>
    set === "digits" ? { file, sourceCount: sources } : { yinYang: { samples: count, seed: from, ...times } };
  return {
    network: {
      populations: {
        inputs: { sources },
        hidden: { cell: leaky, neurons: hidden },
        // Outputs fire late by themselves, so that every class has a time.
        outputs: { cell: leaky, neurons: classes.length, current: 1.2 },
      },
      projections: [
        { from: "inputs", to: "hidden", weights: normal(inputWeights[set], 2 * seed + 1) },
        { from: "hidden", to: "outputs", weights: normal([mean / hidden, spread / Math.sqrt(hidden)], 2 * seed + 2) },
      ],
    },
    time: { t1: 50, dt: 2.5 },
    data: data(samples, 2 * seed + 1, digitFiles.training),
    test: { data: data(heldOut, 2 * seed + 2, digitFiles.heldOut) },
    batch,
    epochs,
    seed,
    loss: { kind: "cross-entropy", neurons: "outputs", temperature: 0.3 },
    trainable: Object.values(projections).map((name) => `${name}.weights`),
    optimiser: {
      kind: "adam",
      learningRate: {
        kind: "exponential-decay",
        initValue: learningRate,
        transitionSteps: Math.floor(samples / batch),
        decayRate: decay,
      },
      clip: { norm: 1 },
    },
    units: { time: "ms" },
  };
}

/** @throws SaltationError naming the number that cannot be trained with, by its name among the settings. */
export function checkSettings(settings: Settings, most: { readonly samples: number } | undefined): void {
  const { samples, heldOut, hidden, batch, epochs, learningRate, seed } = settings;
  wholeNumber("samples", samples, 1, most ? most.samples - 1 : 100_000);
  wholeNumber("heldOut", heldOut, 1, most ? most.samples - samples : 20_000);
  wholeNumber("hidden", hidden, 1, 2048);
  wholeNumber("batch", batch, 1, samples);
  wholeNumber("epochs", epochs, 1, 10_000);
  positiveNumber("learningRate", learningRate);
  wholeNumber("seed", seed, 0, 2 ** 31 - 2);
}
