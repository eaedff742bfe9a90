/** A training job with all that has state (a schedule, constraints, two optimisers, clipping), and what it ends with. */
import { existsSync, readFileSync } from "node:fs";

type Job = Record<string, unknown>;

export const trainingJob = (change: Job): Job => ({
  network: { cell: "slif", parameters: { sigma1: 0, alpha: 0 } },
  input: { current: 1.5 },
  time: { t1: 1, dt: 0.02 },
  paths: 8,
  seed: 1,
  observed: [
    [0.2, 0.5],
    [0.25, 0.45],
  ],
  loss: { kind: "first-spikes", spikes: 2 },
  trainable: ["current", { name: "mu1", transform: "softplus", group: "slow" }, { name: "vTh", bounds: [0, 2] }],
  optimiser: {
    kind: "rmsprop",
    learningRate: { kind: "cosine-decay", initValue: 0.01, decaySteps: 60 },
    momentum: 0.3,
    clip: { norm: 0.1 },
    groups: { slow: { kind: "adam", learningRate: 0.02 } },
  },
  ...change,
});

/** Losses of which training keeps different things: on the device, on the host, and in batches of trials. */
export const trainingLosses: readonly Job[] = [
  { kind: "first-spikes", spikes: 2 },
  { kind: "log-likelihood", batch: 1 },
  { kind: "van-rossum", tau: 0.2 },
];

/** What must be equal to the bit, however often a run was stopped: the checkpoint's state, and what was printed. */
export function finalState(checkpoint: string, out: string): string {
  const { step, seed, update, loss } = JSON.parse(readFileSync(checkpoint, "utf8")) as Job;
  const { parameters, loss: last } = JSON.parse(out) as Job;
  return JSON.stringify({ step, seed, update, loss, parameters, last });
}

/** The steps that a checkpoint has: none where there is no file. @throws where the file is not whole. */
export const stepsOf = (checkpoint: string): number =>
  existsSync(checkpoint) ? (JSON.parse(readFileSync(checkpoint, "utf8")) as { step: number }).step : 0;
