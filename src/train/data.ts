/**
 * Training on data: epochs of batches above the steps of a training run, and how well the network does on samples that no step
 * sees.
 */
import type { SolverBackend } from "../backend/backend.js";
import { checkOptions, counted, fail, type Names, show, wholeNumber } from "../checks.js";
import { accuracy, confusion, predictedClasses } from "../loss/classification.js";
import { evaluateOnHost } from "../loss/host-loss.js";
import type { Loss } from "../loss/loss.js";
import type { SampleLoss } from "../loss/sample-loss.js";
import { parameterLayout, replaceParameters } from "../plan/layout.js";
import type { SolveOptions, SolvePlan } from "../plan/plan.js";
import { type PlannedSamples, type SampleOptions, withSamples } from "../plan/samples.js";
import { estimateOf } from "../reduce/statistics.js";
import { pathsOf } from "../spikes/table.js";

/** Samples from which batches are drawn: a `DataSet`, or anything that gives the same. */
export interface TrainingData {
  readonly count: number;
  /** Some of the samples. @param drawn in which epoch, where they are trained on: what is random follows from that. */
  batch(indices: Uint32Array, drawn?: { seed: number; epoch: number }): SampleOptions;
  /** The order in which an epoch takes samples. */
  order(drawn: { seed: number; epoch: number }): Uint32Array;
}

/** Samples that no step sees, and how the network is measured on them. */
export interface TestOptions {
  readonly data: TrainingData;
  /** Epochs from one measurement to the next, default 1; the last one ends with a measurement. */
  readonly every?: number;
  /** Paths of each sample, default as in training: a class is told by the mean of their probabilities. */
  readonly trials?: number;
  /** Of the noise, default 0: the same in all measurements. */
  readonly seed?: number;
}

export interface DataTraining {
  readonly data: TrainingData;
  /** Samples of a step. What is left of an epoch after its last whole batch is dropped. */
  readonly batch: number;
  readonly epochs: number;
  /** Paths of each sample, default 1. */
  readonly trials?: number;
  readonly test?: TestOptions;
}

const testNames: Names<TestOptions> = { data: true, every: true, trials: true, seed: true };

/** What a network makes of samples. */
export interface TestResult {
  readonly loss: number;
  /** Over samples. */
  readonly standardError: number;
  /** Of a classifier: the part of the samples whose class it finds. */
  readonly accuracy?: number;
  /** [label][class found], and in a last column samples of which none is found. */
  readonly confusion?: readonly (readonly number[])[];
}

/** An epoch that is done. */
export interface EpochResult {
  /** How many are done. */
  readonly epoch: number;
  /** Mean loss of its steps. */
  readonly loss: number;
  /** Where it was measured. */
  readonly test?: TestResult;
  /** Whether no measurement before was better: by accuracy, then by loss. */
  readonly best: boolean;
}

/** What a run on data remembers beside its update. */
export interface DataState {
  /** Sum of the losses of the epoch's steps so far. */
  readonly lossSum: number;
  /** What tells the samples that it was measured on from others. */
  readonly test?: string | undefined;
  /** The best measurement so far. */
  readonly best?: { readonly epoch: number; readonly loss: number; readonly accuracy?: number | undefined } | undefined;
}

function checkData(field: string, data: TrainingData): void {
  if (typeof data?.batch !== "function" || typeof data.order !== "function")
    fail(field, `expected a DataSet, got ${show(data)}`);
  if (!(data.count > 0)) fail(field, "holds no sample");
}

/** @throws SaltationError `invalid-input` where options of a training on data do not fit it. */
export function planData(options: DataTraining & { readonly seed: number }) {
  const { data, seed } = options;
  checkData("data", data);
  const batch = wholeNumber("batch", options.batch, 1, 2 ** 30);
  if (batch > data.count)
    fail("batch", `is ${batch}, and the data has ${counted(data.count, "sample")}; take at most that`);
  const epochs = wholeNumber("epochs", options.epochs, 1, 2 ** 31);
  const trials = wholeNumber("trials", options.trials ?? 1, 1, 2 ** 30);
  const { test } = options;
  if (test) {
    checkOptions("test", test, testNames);
    checkData("test.data", test.data);
    wholeNumber("test.every", test.every ?? 1, 1, 2 ** 31);
    wholeNumber("test.trials", test.trials ?? trials, 1, 2 ** 30);
  }
  const perEpoch = Math.floor(data.count / batch);
  let known: { readonly epoch: number; readonly order: Uint32Array } | undefined;
  return {
    perEpoch,
    steps: wholeNumber("epochs", epochs * perEpoch, 1, 2 ** 31),
    test,
    trials,
    /** The samples of a step. */
    at(step: number): SampleOptions {
      const drawn = { seed, epoch: Math.floor(step / perEpoch) };
      if (known?.epoch !== drawn.epoch) known = { epoch: drawn.epoch, order: data.order(drawn) };
      const from = (step % perEpoch) * batch;
      return { ...data.batch(known.order.subarray(from, from + batch), drawn), trials };
    },
    /** All samples, as they are. */
    all: (): SampleOptions => ({ ...data.batch(numbers(data.count)), trials }),
    /** Whether an epoch is measured. */
    measures: (epoch: number): boolean => test !== undefined && (epoch === epochs || epoch % (test.every ?? 1) === 0),
  };
}
export type PlannedData = ReturnType<typeof planData>;

const numbers = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, s) => s);

/** Batches of a plan, by step. */
export function batchesOf(plan: SolvePlan, data: PlannedData): (step: number) => PlannedSamples {
  return (step) => withSamples(plan, data.at(step)).samples!;
}

/** Where a training measures. */
interface Measured {
  gradientPlan(options: SolveOptions, loss: Loss): SolvePlan;
  place<T>(work: (backend: SolverBackend) => Promise<T>): Promise<T>;
}

/** A number for all numbers in lists and objects of lists, by Fowler, Noll and Vo. */
function digestOf(value: unknown): string {
  let hash = 0x811c9dc5;
  const word = new Uint32Array(2);
  const number = new Float64Array(word.buffer);
  const take = (v: unknown): void => {
    if (typeof v === "number") {
      number[0] = v;
      for (const part of word) hash = Math.imul(hash ^ part, 0x01000193) >>> 0;
    } else if (ArrayBuffer.isView(v) || Array.isArray(v))
      for (const one of v as ArrayLike<unknown> & Iterable<unknown>) take(one);
    else if (typeof v === "object" && v !== null) for (const one of Object.values(v)) take(one);
  };
  take(value);
  return hash.toString(16).padStart(8, "0");
}

/** Measures a network on samples that no step sees. */
export class Test {
  private readonly plan: SolvePlan;
  /** Of the samples and the noise that they are solved with. */
  readonly digest: string;

  /** @throws SaltationError `invalid-input` where the samples do not fit the network or the loss. */
  constructor(
    private readonly network: Measured,
    private readonly loss: SampleLoss,
    solve: SolveOptions,
    { data, seed = 0, trials = 1 }: TestOptions,
  ) {
    if (!loss.evaluate)
      fail("test", `loss "${loss.kind}" is written for a GPU alone; it needs evaluate() to be measured`);
    const samples = { ...data.batch(numbers(data.count)), trials };
    this.plan = network.gradientPlan({ ...solve, seed, samples }, loss);
    this.digest = digestOf([samples, seed, trials]);
    loss.checkPlan?.(this.plan, []);
  }

  /** @param vector values of all parameters. */
  async measure(vector: Float64Array): Promise<TestResult> {
    const { loss, network } = this;
    const plan = replaceParameters(this.plan, parameterLayout(this.plan), vector);
    const simulated = await network.place((backend) => backend.simulate(plan));
    const read = async () => [await simulated.read(), plan.observed && (await simulated.states()).values] as const;
    const [spikes, states] = await read().finally(() => simulated.dispose());
    const paths = pathsOf(spikes);
    const { value, pathValues } = await evaluateOnHost(loss, paths, plan, states);
    const { labels, trials, count } = plan.samples!;
    const means = Float64Array.from({ length: count }, (_, s) => {
      let sum = 0;
      for (let r = 0; r < trials; r++) sum += pathValues?.[s * trials + r] ?? Number.NaN;
      return sum / trials;
    });
    const { standardError } = estimateOf(means, false);
    const probabilities = labels && loss.classes?.(paths, plan, states);
    if (!probabilities) return { loss: value, standardError };
    const predicted = predictedClasses(probabilities, trials);
    return {
      loss: value,
      standardError,
      accuracy: accuracy(predicted, labels),
      confusion: confusion(predicted, labels, probabilities[0]!.length),
    };
  }
}

/** Whether a measurement is the best of a run so far. */
const isBest = ({ accuracy: a, loss }: TestResult, best: DataState["best"]): boolean =>
  !best || (a ?? 0) > (best.accuracy ?? 0) || ((a ?? 0) === (best.accuracy ?? 0) && loss < best.loss);

/** Epochs above steps: sums their losses, measures where that is due, and remembers the best. */
export class Epochs {
  constructor(
    private readonly data: PlannedData,
    private readonly test: Test | undefined,
    before: DataState = { lossSum: 0 },
  ) {
    // What was best on other samples says nothing of these.
    const { lossSum, best } = before;
    const same = test !== undefined && before.test === test.digest;
    this.state = { lossSum, ...(test ? { test: test.digest } : {}), ...(same && best ? { best } : {}) };
  }

  private state: DataState;

  /**
   * After a step.
   * @param values of all parameters, asked for where they are measured.
   * @returns what is to be told where it ends an epoch, and what is to be remembered.
   */
  async after(
    step: number,
    loss: number,
    values: () => Promise<Float64Array>,
  ): Promise<{ epoch?: EpochResult; state: DataState }> {
    const { perEpoch, measures } = this.data;
    const lossSum = this.state.lossSum + loss;
    if ((step + 1) % perEpoch !== 0) return { state: (this.state = { ...this.state, lossSum }) };
    const epoch = (step + 1) / perEpoch;
    const test = measures(epoch) ? await this.test!.measure(await values()) : undefined;
    const best = test !== undefined && isBest(test, this.state.best);
    const kept = test && {
      epoch,
      loss: test.loss,
      ...(test.accuracy === undefined ? {} : { accuracy: test.accuracy }),
    };
    const { best: before } = this.state;
    const { test: on } = this.state;
    this.state = {
      lossSum: 0,
      ...(on ? { test: on } : {}),
      ...(best ? { best: kept! } : before ? { best: before } : {}),
    };
    const told = { epoch, loss: lossSum / perEpoch, best, ...(test ? { test } : {}) };
    return { epoch: told, state: this.state };
  }
}
