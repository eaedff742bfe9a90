/**
 * The first experiment of Holberg & Salvi (2024), section 4.1 and their figure 1: the constant input current of one
 * stochastic leaky integrate-and-fire neuron is recovered from samples of its first three spike times.
 */
import type { Engine } from "../engine.js";
import { firstSpikes } from "../loss/spike-times.js";
import type { NetworkDefinition } from "../network/network.js";
import { rmsprop } from "../train/optimisers.js";
import { stepSeed, train } from "../train/train.js";

/** The authors' setting. */
export const figure1Setting = {
  parameters: { mu1: 15, mu2: 0, sigma2: 0, vReset: 1.4, vTh: 1, beta: 5, tauS: 1, alpha: 0.03, v0: 0, i0: 0 },
  t1: 5,
  dt: 0.01,
  spikes: 3,
  trueCurrent: 1.5,
  firstCurrent: 0.5653,
  steps: 1500,
  optimiser: { learningRate: 1e-3, decay: 0.7, momentum: 0.3 },
  sampleSizes: [16, 32, 64, 128],
  sigmas: [0.25, 0.5],
} as const;

export interface Figure1Run {
  sampleSize: number;
  sigma: number;
  /** Per training step: mean absolute error of the three mean spike times against a fresh sample, and the current. */
  testMae: number[];
  current: number[];
  seconds: number;
}

export interface Figure1Options {
  sampleSize: number;
  sigma: number;
  /** Seed of data and training. */
  seed: number;
  steps?: number;
  onStep?: (step: number) => void;
}

/** Mean times of the first spikes of a sample drawn with the true current. */
async function sampleMeans(engine: Engine, network: NetworkDefinition, paths: number, seed: number): Promise<number[]> {
  const { t1, dt, spikes, trueCurrent } = figure1Setting;
  const sample = await engine
    .network({ ...network, current: trueCurrent })
    .simulate({ paths, t1, dt, method: "euler", seed, maxSpikes: spikes });
  const times = await sample.spikeTimes();
  sample.dispose();
  return Array.from({ length: spikes }, (_, n) => {
    let sum = 0;
    for (let i = 0; i < paths; i++) sum += times[i * spikes + n]!;
    return sum / paths;
  });
}

/** One training run: a data set, a test set, and 1,500 steps of RMSprop on the current. */
export async function runFigure1(engine: Engine, options: Figure1Options): Promise<Figure1Run> {
  const { t1, dt, spikes, firstCurrent } = figure1Setting;
  const { sampleSize, sigma, seed } = options;
  const began = performance.now();
  const network: NetworkDefinition = {
    cell: "slif",
    parameters: { ...figure1Setting.parameters, sigma1: sigma },
    current: firstCurrent,
  };
  // Data, test and training draw from seeds of their own.
  const [dataSeed, testSeed, trainSeed] = [0, 1, 2].map((k) => stepSeed(seed, 0x80000000 + k)) as [
    number,
    number,
    number,
  ];
  const observed = await sampleMeans(engine, network, sampleSize, dataSeed);
  const fresh = await sampleMeans(engine, network, sampleSize, testSeed);
  const run: Figure1Run = { sampleSize, sigma, testMae: [], current: [], seconds: 0 };
  const steps = train(engine.network(network), {
    loss: firstSpikes([observed]),
    optimiser: rmsprop(figure1Setting.optimiser),
    steps: options.steps ?? figure1Setting.steps,
    trainable: ["current"],
    paths: sampleSize,
    t1,
    dt,
    method: "euler",
    maxSpikes: spikes,
    seed: trainSeed,
  });
  for await (const step of steps) {
    run.current.push((await step.values()).parameters.current as number);
    run.testMae.push(step.means.reduce((sum, e, n) => sum + Math.abs(e.mean - fresh[n]!), 0) / spikes);
    options.onStep?.(step.step);
  }
  run.seconds = (performance.now() - began) / 1000;
  return run;
}

/** Mean of the last values of a curve. */
export function lastMean(values: readonly number[], last = 200): number {
  const tail = values.slice(-last);
  return tail.reduce((a, b) => a + b, 0) / tail.length;
}
