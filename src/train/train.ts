/** The training loop, as an async iterator: the caller sees every step and may stop at any. */
import type { SolverBackend } from "../backend/backend.js";
import { checkOptions, fail, list, type Names, show, wholeNumber } from "../checks.js";
import { threefry2x32 } from "../driver/threefry.js";
import { movedTo } from "../errors.js";
import { type AskedEstimator, estimatedBy, takenEstimator } from "../loss/estimator.js";
import type { Evaluator, Loss } from "../loss/loss.js";
import { lossWarnings, planForLoss, spreadOf } from "../loss/loss-plan.js";
import { checkUnbiasedMean, verdictOn } from "../loss/mean-verdict.js";
import type { ValueAndGradient } from "../loss/result.js";
import type { Network } from "../network/network.js";
import type { DiscretisationOptions } from "../plan/discretisation.js";
import { parameterLayout, parameterVector, replaceParameters, requestedViews, shapedValues } from "../plan/layout.js";
import { type SolveOptions, type SolvePlan, solveNames } from "../plan/plan.js";
import type { PlannedSamples } from "../plan/samples.js";
import { untilAborted } from "../turns.js";
import { planOfStep, type TrainedStep, type Training, type TrainingBackend, type TrainingTask } from "./backend.js";
import type { DataState, DataTraining, EpochResult, Epochs, PlannedData } from "./data.js";
import { trainableNames } from "./trainable.js";
import { planUpdate, Update, type UpdateOptions, type UpdateState, updateNames } from "./update.js";

/** What to train (the cell's parameters, `weights`, `current`), from what, and how. */
export interface TrainOptions extends Omit<SolveOptions, "seed">, UpdateOptions, Partial<DataTraining> {
  loss: Loss;
  /** Number of training steps; or train on `data`, by `batch` and `epochs`. */
  steps?: number;
  /** Seed of the run; every step draws from a seed of its own made from it. */
  seed?: number;
  /** Use the same noise in every step (common random numbers). */
  commonNoise?: boolean;
  requireExact?: boolean;
  /** How gradients are estimated, see `GradientOptions.estimator`. */
  estimator?: AskedEstimator;
  /**
   * Whether steps say what error they owe to dt, and how large that may be (`SimulatedSpikes.discretisation`): the first
   * step done, the last, and those in between whose numbers are powers of two from 64 on. Default false.
   */
  discretisation?: boolean | DiscretisationOptions;
  /** Refuse a job where it is not known that mean gradients are derivatives of means, see `ValueAndGradient.unbiased`. */
  requireUnbiased?: boolean;
  /** Goes on from here: the steps that follow have the same bits as in a run that was not interrupted. */
  resume?: Checkpoint;
  /** Ends the run, also within a step: the signal's reason is thrown, and the last step that came out stays good. */
  signal?: AbortSignal;
}

const trainNames: Names<TrainOptions> = {
  ...solveNames,
  ...updateNames,
  data: true,
  batch: true,
  epochs: true,
  trials: true,
  test: true,
  loss: true,
  steps: true,
  commonNoise: "boolean",
  requireExact: "boolean",
  estimator: true,
  discretisation: true,
  requireUnbiased: "boolean",
  resume: true,
  signal: true,
};

/** All that a training run needs to go on: plain JSON. */
export interface Checkpoint {
  readonly version: 2;
  /** Steps done. */
  readonly step: number;
  readonly seed: number;
  readonly trainable: readonly string[];
  /** Values, unconstrained coordinates and the optimisers' accumulators, in full precision. */
  readonly update: UpdateState;
  /** Spikes that a path's record had room for, which the last bits of losses by pairs of paths depend on. */
  readonly room?: number | undefined;
  /** Of a run on data. */
  readonly data?: DataState | undefined;
}

/** What a step found and came to: of a run that stays on a device read from there. */
export interface StepValues {
  /** The trainable parameters with which this step's value was taken, in the shapes in which they were given. */
  readonly parameters: Record<string, unknown>;
  /** The same after the step's update. */
  readonly updated: Record<string, unknown>;
  /** By the parameters, in their shapes. */
  readonly gradient: Record<string, unknown>;
  /**
   * How what one path gives to the gradient spreads, of losses that are the mean of what each path gives (`Loss.pathwise`): that of others
   * takes more paths (`valueAndGradient`).
   */
  readonly spread?: ValueAndGradient["spread"];
}

export interface TrainStep
  extends Pick<
    ValueAndGradient,
    | "value"
    | "standardError"
    | "means"
    | "saturatedPaths"
    | "warnings"
    | "discretisation"
    | "unbiased"
    | "because"
    | "terms"
    | "estimator"
  > {
  /**
   * From 0. A standard error that would cost another pass over the trains (expected signatures on a GPU) is NaN, and that
   * a gradient is exactly 0 is among the warnings of a run's first step.
   */
  readonly step: number;
  readonly seconds: number;
  /** Of a run on data, after the last step of an epoch. */
  readonly epoch?: EpochResult;
  /** Parameters and gradient; to be asked for before the next step. */
  values(): Promise<StepValues>;
  /** The run after this step; to be asked for before the next. */
  checkpoint(): Promise<Checkpoint>;
}

/** Whether a step's discretisation error is measured: parameters move, and a measurement takes as long as many steps. */
const measuredAt = (step: number, { from, steps }: Pick<TrainingTask, "from" | "steps">): boolean =>
  step === from || step === steps - 1 || (step >= 64 && Number.isInteger(Math.log2(step)));

/** What a training needs of a network on an engine (`EngineNetwork`). */
export interface TrainedNetwork {
  readonly network: Network;
  gradientPlan(options: SolveOptions, loss: Loss): SolvePlan;
  evaluator(plan: SolvePlan, loss: Loss, names: readonly string[], requireExact?: boolean): Promise<Evaluator>;
  checkLoss(loss: Loss, requireExact?: boolean): void;
  place<T>(work: (backend: SolverBackend) => Promise<T>): Promise<T>;
}

/** @throws SaltationError where a checkpoint is of a later step than a run has. */
export function checkStepsLeft({ step }: Pick<Checkpoint, "step">, steps: number): void {
  if (step > steps) fail("steps", `is ${steps}, but the checkpoint has ${step} steps already; ask for as many or more`);
}

/** @throws SaltationError where a checkpoint belongs to another run. */
export function checkResume(resume: Checkpoint, seed: number, names: readonly string[]): void {
  const other = (what: string, has: unknown, wants: unknown): never =>
    fail("checkpoint", `${what} is ${show(has)}, but the job says ${show(wants)}; it belongs to another run`);
  if (resume.version !== 2) fail("checkpoint", `version ${show(resume.version)} is not known; this program writes 2`);
  if (resume.seed !== seed) other("seed", resume.seed, seed);
  wholeNumber("checkpoint.step", resume.step, 0, 2 ** 31);
  if (resume.room !== undefined) wholeNumber("checkpoint.room", resume.room, 1, 2 ** 20);
  if (list("checkpoint.trainable", resume.trainable, "parameters").join() !== names.join())
    other("trainable", resume.trainable, names);
}

/** Options as a plan of one of its steps takes them, and how many there are; and the data of a run on data. */
interface Steps {
  readonly solve: TrainOptions;
  readonly steps: number;
  readonly data?: PlannedData;
}

/** @throws SaltationError `invalid-input` where options of a run on data are not all there, or others are too. */
async function stepsOf(options: TrainOptions, seed: number): Promise<Steps> {
  const { data, batch, epochs, trials, test } = options;
  if (data === undefined) {
    for (const [name, given] of Object.entries({ batch, epochs, trials, test }))
      if (given !== undefined) fail("data", `is missing; ${name} is for it`);
    return { solve: options, steps: wholeNumber("steps", options.steps, 1, 2 ** 31) };
  }
  for (const name of ["steps", "samples", "paths"] as const)
    if (options[name] !== undefined) fail(name, "is said by data, batch and epochs; leave it out");
  const { planData } = await import("./data.js");
  const planned = planData({ ...(options as DataTraining), seed });
  return { data: planned, solve: { ...options, samples: planned.at(0) }, steps: planned.steps };
}

/** Checks samples: what is said of them is said of the data that they are of. */
function ofData<T>(field: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw movedTo(field, "samples", error);
  }
}

/** What a run on data is, beside its steps. @param all the plan of all samples. */
async function epochsOf(
  network: TrainedNetwork,
  { solve, data }: Steps,
  plan: SolvePlan,
  all: SolvePlan | undefined,
  names: readonly string[],
): Promise<{ readonly epochs?: Epochs; readonly samplesOf?: (step: number) => PlannedSamples }> {
  if (!data || !all) return {};
  const { loss, resume } = solve;
  const { Epochs, Test, batchesOf } = await import("./data.js");
  ofData("data", () => loss.checkPlan?.(planForLoss(all, loss), names));
  const { test: tested, trials } = data;
  const test = tested && ofData("test.data", () => new Test(network, loss, solve, { trials, ...tested }));
  return { epochs: new Epochs(data, test, resume?.data), samplesOf: batchesOf(plan, data) };
}

/** The seed of one training step. */
export function stepSeed(seed: number, step: number): number {
  // The top stream number belongs to no neuron (their streams count up from 1).
  return threefry2x32(seed, 0xffffffff, step, 0)[0];
}

/**
 * Trains a network by stochastic gradient descent on a loss of its spike times.
 * @throws SaltationError `invalid-input` for bad options, `not-finite` where value or gradient are not numbers.
 */
export async function* train(network: TrainedNetwork, options: TrainOptions): AsyncGenerator<TrainStep, void, void> {
  if (!network?.gradientPlan) fail("network", "expected what engine.network(…) gives");
  checkOptions("", options, trainNames);
  const seed = options.seed ?? 0;
  const course = await stepsOf(options, seed);
  const { solve, steps } = course;
  const names = trainableNames(options.trainable);
  // A loss that looks at nothing leaves a plan as it is.
  const alone = (): SolvePlan => network.gradientPlan({ ...solve, seed }, { kind: "none" });
  // All samples, before those of a step: so messages number them as the data does.
  const all =
    course.data &&
    ofData("data", () => network.gradientPlan({ ...solve, seed: 0, samples: course.data!.all() }, { kind: "none" }));
  const loss = await estimatedBy(options.estimator, options.loss, alone, names, true);
  const given = network.gradientPlan({ ...solve, seed }, loss);
  const about = await import("../twin/measured.js");
  const plan = await about.warnedPlan(given);
  const layout = parameterLayout(plan);
  const views = requestedViews(network.network, layout, names, "trainable");
  const vector = parameterVector(plan);
  const update = new Update(planUpdate(options, network.network, views, vector), vector);
  const { resume, signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    fail("signal", `expected an AbortSignal, got ${show(signal)}`);
  }
  if (resume) {
    checkResume(resume, seed, names);
    checkStepsLeft(resume, steps);
    update.restore(resume.update, vector);
  }
  about.checkAsked(options.discretisation);
  const { epochs, samplesOf } = await epochsOf(network, course, plan, all, names);
  // Whatever values the parameters come to have.
  const { judgeMean } = await import("../loss/judge-mean.js");
  const judged = judgeMean(plan, loss, names, true);
  if (options.requireUnbiased) checkUnbiasedMean(judged);
  const { commonNoise } = options;
  const run: Run = {
    network,
    requireExact: options.requireExact,
    signal,
    names,
    host: update,
    task: {
      plan,
      vector,
      loss,
      views,
      update: update.plan,
      state: resume?.update,
      room: resume?.room,
      from: resume?.step ?? 0,
      steps,
      seedOf: (step) => (commonNoise ? seed : stepSeed(seed, step)),
      ...(samplesOf ? { samplesOf } : {}),
    },
  };
  const estimator = takenEstimator(loss, judged.terms);
  const first = Float64Array.from(vector);
  /** All parameters, with what is trained as a state has it. */
  const valuesIn = ({ values }: UpdateState): Float64Array => {
    const all = Float64Array.from(first);
    update.plan.entries.forEach((e, i) => {
      all[e.place] = values[i]!;
    });
    return all;
  };
  /** The plan of a step that is to be measured, with the values that it has, which are asked for where it is. */
  const measuredPlan = async (step: number, values: () => Promise<Float64Array>): Promise<SolvePlan | undefined> =>
    options.discretisation && measuredAt(step, run.task)
      ? planOfStep(replaceParameters(plan, layout, await values()), run.task, step)
      : undefined;
  let values = async (): Promise<Float64Array> => first;
  let measured = await measuredPlan(run.task.from, values);
  let began = performance.now();
  for await (const { step, room, result, state, evaluated } of signal
    ? untilAborted(trained(run), signal)
    : trained(run)) {
    const before = values;
    const after = async (): Promise<Float64Array> => valuesIn(await state());
    values = after;
    const discretisation = measured && (await about.discretisationOf(measured, loss, options.discretisation));
    measured = await measuredPlan(step + 1, after);
    // Of where a training begins; where it comes to is another matter at each step.
    const sides =
      step === run.task.from ? await about.sidesOf(planOfStep(plan, run.task, step), loss, views) : undefined;
    const done = await epochs?.after(step, result.value, after);
    yield {
      step,
      value: result.value,
      standardError: result.standardError,
      means: result.means,
      saturatedPaths: result.saturatedPaths,
      warnings: lossWarnings(plan, loss, about.withWarning(result, discretisation, sides)),
      ...(discretisation ? { discretisation } : {}),
      ...verdictOn(plan, loss, judged, result.saturatedPaths),
      ...(loss.likelihood ? {} : { estimator }),
      seconds: (performance.now() - began) / 1000,
      ...(done?.epoch ? { epoch: done.epoch } : {}),
      values: async () => {
        const found = await evaluated();
        const spread = !loss.likelihood && loss.pathwise ? spreadOf(plan, views, estimator, judged, found) : {};
        return {
          parameters: shapedValues(views, await before()),
          updated: shapedValues(views, await after()),
          gradient: found.gradient,
          ...spread,
        };
      },
      checkpoint: async () => ({
        version: 2,
        step: step + 1,
        seed,
        trainable: names,
        update: await state(),
        ...(room === undefined ? {} : { room }),
        ...(done ? { data: done.state } : {}),
      }),
    };
    began = performance.now();
  }
}

interface Run {
  readonly network: TrainedNetwork;
  readonly requireExact: boolean | undefined;
  readonly signal: AbortSignal | undefined;
  /** Of the trainable parameters. */
  readonly names: readonly string[];
  /** The update where it is the host's. */
  readonly host: Update;
  readonly task: TrainingTask;
}

/** Steps whose gradients come to the host, which updates in float64. */
async function* onHost({
  network,
  requireExact,
  signal,
  names,
  host,
  task,
}: Run): AsyncGenerator<TrainedStep, void, void> {
  const { plan, vector, from, steps } = task;
  const layout = parameterLayout(plan);
  const evaluator = await network.evaluator(plan, task.loss, names, requireExact);
  if (task.room !== undefined && evaluator.room !== undefined) evaluator.room = task.room;
  try {
    for (let step = from; step < steps; step++) {
      const values = replaceParameters(plan, layout, vector);
      // Told of paths that are done, it does no more of them.
      const progress = (): void => signal?.throwIfAborted();
      const result = await evaluator.evaluate(planOfStep(values, task, step), { progress, step });
      host.apply(result.flat, vector);
      const state = host.state(vector);
      yield { step, room: evaluator.room, result, evaluated: async () => result, state: async () => state };
    }
  } finally {
    evaluator.dispose();
  }
}

async function* trained(run: Run): AsyncGenerator<TrainedStep, void, void> {
  const { network, requireExact, task } = run;
  network.checkLoss(task.loss, requireExact);
  const training = await network.place<Training | undefined>(async (backend: TrainingBackend) =>
    backend.training?.(task),
  );
  if (!training) return yield* onHost(run);
  let [before, last]: (TrainedStep | undefined)[] = [];
  try {
    for await (const step of training.run()) {
      [before, last] = [last, step];
      yield step;
    }
  } finally {
    // What the last step came to is here before the end is told, or the loop is left: whoever asks for it then may have disposed of the
    // engine. Of steps that take long it came along with them.
    await Promise.allSettled([before?.state(), last?.state()]);
    training.dispose();
  }
}
