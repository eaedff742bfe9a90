/**
 * `npm run bench -- fashion [--train n] [--test n] [--epochs n] [--threads n]`: Fashion-MNIST by latency, 784 → 128 → 10
 * (examples/fashion-mnist.json), on a part of the images, beside a logistic regression on the same pixels of the same images.
 * The images are read where Debian's dataset-fashion-mnist puts them.
 */
import { existsSync, readFileSync } from "node:fs";
import { filesBeside } from "../src/cli/job-file.js";
import { fashionMnist, type LabelledImages } from "../src/data/images.js";
import { Engine } from "../src/engine.js";
import { checkJob } from "../src/job/check-job.js";
import { planTrainDataJob } from "../src/job/data-job.js";
import { type DataSourceJob, type TrainDataJob, trainDataSchema } from "../src/job/job.js";
import type { EpochResult } from "../src/train/data.js";
import { train } from "../src/train/train.js";
import { option, writeResult } from "./support.js";

const file = "examples/fashion-mnist.json";

type Images = Extract<DataSourceJob, { images: string }>;

/** Seconds of processor time so far. */
function processor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * Logistic regression of several classes (softmax) by Adam on batches of 50, its learning rate falling to 0 along a cosine.
 * @param decay of the weights, as a part of the loss: decay/2 · |W|².
 * @returns the part of the test that it gets right.
 */
function logisticRegression(training: LabelledImages, test: LabelledImages, decay: number, epochs: number): number {
  const { size, count } = training;
  const classes = 10;
  const width = size + 1;
  const weights = new Float64Array(classes * width);
  const [m, v] = [new Float64Array(weights.length), new Float64Array(weights.length)];
  const gradient = new Float64Array(weights.length);
  const x = new Float64Array(width);
  const scores = new Float64Array(classes);
  const look = ({ values, scale }: LabelledImages, s: number): void => {
    for (let i = 0; i < size; i++) x[i] = scale * values[s * size + i]!;
    x[size] = 1;
    for (let k = 0; k < classes; k++) {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += weights[k * width + i]! * x[i]!;
      scores[k] = sum;
    }
  };
  const order = Array.from({ length: count }, (_, s) => s);
  let state = 1;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const batch = 50;
  const steps = epochs * Math.floor(count / batch);
  for (let step = 0; step < steps; step++) {
    const at = (step % Math.floor(count / batch)) * batch;
    if (at === 0) {
      for (let s = count - 1; s > 0; s--) {
        const r = below(s + 1);
        [order[s], order[r]] = [order[r]!, order[s]!];
      }
    }
    gradient.fill(0);
    for (let b = 0; b < batch; b++) {
      const s = order[at + b]!;
      look(training, s);
      const most = Math.max(...scores);
      const sum = scores.reduce((total, score) => total + Math.exp(score - most), 0);
      for (let k = 0; k < classes; k++) {
        const slope = Math.exp(scores[k]! - most) / sum - (training.labels[s] === k ? 1 : 0);
        for (let i = 0; i < width; i++) gradient[k * width + i]! += (slope * x[i]!) / batch;
      }
    }
    const rate = 0.5 * 1e-3 * (1 + Math.cos((Math.PI * step) / steps));
    for (let j = 0; j < weights.length; j++) {
      const g = gradient[j]! + (j % width < size ? decay * weights[j]! : 0);
      m[j] = 0.9 * m[j]! + 0.1 * g;
      v[j] = 0.999 * v[j]! + 0.001 * g * g;
      weights[j]! -= (rate * m[j]!) / (1 - 0.9 ** (step + 1)) / (Math.sqrt(v[j]! / (1 - 0.999 ** (step + 1))) + 1e-8);
    }
  }
  let right = 0;
  for (let s = 0; s < test.count; s++) {
    look(test, s);
    if (scores.indexOf(Math.max(...scores)) === test.labels[s]) right++;
  }
  return right / test.count;
}

const read = ({ images, labels, from, count }: Images): Promise<LabelledImages> =>
  fashionMnist(
    { images, labels },
    { ...(from === undefined ? {} : { from }), ...(count === undefined ? {} : { count }) },
  );

export async function run(args: string[]): Promise<void> {
  const given = JSON.parse(readFileSync(file, "utf8"));
  if (!existsSync(given.data.images)) {
    console.error(`${given.data.images} is not there: apt-get install dataset-fashion-mnist`);
    process.exitCode = 1;
    return;
  }
  const [training, test, epochs] = ["--train 5000", "--test 10000", "--epochs 12"].map((flag) => {
    const [name, otherwise] = flag.split(" ") as [string, string];
    return Number(option(args, name, otherwise));
  }) as [number, number, number];
  const learningRate = {
    kind: "cosine-decay",
    initValue: Number(option(args, "--rate", "0.002")),
    decaySteps: epochs * Math.floor(training / given.batch),
  };
  const job: TrainDataJob = checkJob(trainDataSchema, {
    ...given,
    data: { ...given.data, count: training },
    // Once, at the end: nothing is chosen by it.
    test: { data: { ...given.test.data, count: test }, every: epochs },
    epochs,
    optimiser: { ...given.optimiser, learningRate },
    checkpoint: undefined,
  });
  const { network, options } = await planTrainDataJob(job, filesBeside(file));
  const engine = await Engine.create({ backend: "simd", threads: Number(option(args, "--threads", "1")) });
  const losses: number[] = [];
  let last: EpochResult | undefined;
  const began = processor();
  for await (const { epoch } of train(engine.network(network), { ...options, discretisation: false })) {
    if (!epoch) continue;
    last = epoch;
    losses.push(epoch.loss);
    console.log(
      `epoch ${epoch.epoch}: loss ${epoch.loss.toFixed(3)}, ${(processor() - began).toFixed(0)} s of processor time`,
    );
  }
  const seconds = processor() - began;
  const adapter = engine.adapterName;
  engine.dispose();

  const [pixels, unseen] = [await read(job.data as Images), await read(job.test!.data as Images)];
  const started = processor();
  const regressions = [0, 1e-3, 1e-2, 3e-2].map((decay) => ({
    decay,
    accuracy: logisticRegression(pixels, unseen, decay, 40),
  }));
  const result = {
    adapter,
    training,
    test,
    epochs,
    network: { accuracy: last!.test!.accuracy, loss: last!.test!.loss, losses, processorSeconds: seconds },
    regressions,
    regressionSeconds: processor() - started,
  };
  console.log(JSON.stringify({ ...result, network: { ...result.network, losses: undefined } }, null, 1));
  writeResult("fashion", result);
}
