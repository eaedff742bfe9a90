/** The training loop, as an async iterator: the caller sees every step and may stop at any. */
import { fail, show, wholeNumber } from "../checks.js";
import { threefry2x32 } from "../driver/threefry.js";
import type { EngineNetwork } from "../engine.js";
import type { ValueAndGradient } from "../gradient/result.js";
import { parameterLayout, parameterVector, replaceParameters, requestedViews } from "../solve/layout.js";
import type { SolveOptions } from "../solve/plan.js";
import type { Loss } from "./loss.js";
import { trainableNames } from "./trainable.js";
import { planUpdate, Update, type UpdateOptions, type UpdateState } from "./update.js";

/** What to train (the cell's parameters, `weights`, `current`), from what, and how. */
export interface TrainOptions extends Omit<SolveOptions, "seed">, UpdateOptions {
  loss: Loss;
  /** Number of training steps. */
  steps: number;
  /** Seed of the run; every step draws from a seed of its own made from it. */
  seed?: number;
  /** Use the same noise in every step (common random numbers). */
  commonNoise?: boolean;
  requireExact?: boolean;
  /** Goes on from here: the steps that follow have the same bits as in a run that was not interrupted. */
  resume?: Checkpoint;
}

/** All that a training run needs to go on: plain JSON. */
export interface Checkpoint {
  readonly version: 2;
  /** Steps done. */
  readonly step: number;
  readonly seed: number;
  readonly trainable: readonly string[];
  /** Values, unconstrained coordinates and the optimisers' accumulators, in full precision. */
  readonly update: UpdateState;
}

export interface TrainStep
  extends Pick<ValueAndGradient, "value" | "standardError" | "gradient" | "means" | "saturatedPaths"> {
  /** From 0. */
  readonly step: number;
  /** The trainable parameters with which this step's value was taken, in the shapes in which they were given. */
  readonly parameters: Record<string, unknown>;
  /** The same after the step's update. */
  readonly updated: Record<string, unknown>;
  readonly seconds: number;
  /** The run after this step; to be asked for before the next. */
  checkpoint(): Promise<Checkpoint>;
}

/** @throws SaltationError where a checkpoint belongs to another run. */
function checkResume(resume: Checkpoint, seed: number, names: readonly string[]): void {
  const other = (what: string, has: unknown, wants: unknown): never =>
    fail("checkpoint", `${what} is ${show(has)}, but the job says ${show(wants)}; it belongs to another run`);
  if (resume.version !== 2) fail("checkpoint", `version ${show(resume.version)} is not known; this program writes 2`);
  if (resume.seed !== seed) other("seed", resume.seed, seed);
  if (resume.trainable.join() !== names.join()) other("trainable", resume.trainable, names);
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
export async function* train(network: EngineNetwork, options: TrainOptions): AsyncGenerator<TrainStep, void, void> {
  const { loss } = options;
  const steps = wholeNumber("steps", options.steps, 1, 2 ** 31);
  if (options.trainable.length === 0) fail("trainable", "names no parameter; give at least one");
  const seed = options.seed ?? 0;
  let plan = network.gradientPlan({ ...options, seed }, loss);
  const layout = parameterLayout(plan);
  const names = trainableNames(options.trainable);
  const views = requestedViews(network.network, layout, names, "trainable");
  const vector = parameterVector(plan);
  const update = new Update(planUpdate(options, network.network, views, vector), vector);
  const { resume } = options;
  if (resume) {
    checkResume(resume, seed, names);
    update.restore(resume.update, vector);
  }
  const evaluator = await network.evaluator(plan, loss, names, options.requireExact);
  const shaped = (): Record<string, unknown> =>
    Object.fromEntries(views.map((v) => [v.name, v.shape(vector.slice(v.offset, v.offset + v.length))]));
  try {
    for (let step = resume?.step ?? 0; step < steps; step++) {
      const began = performance.now();
      const parameters = shaped();
      const drawn = options.commonNoise ? seed : stepSeed(seed, step);
      plan = { ...replaceParameters(plan, layout, vector), seed: drawn };
      const result = await evaluator.evaluate(plan);
      update.apply(result.flat, vector);
      yield {
        step,
        value: result.value,
        standardError: result.standardError,
        gradient: result.gradient,
        means: result.means,
        saturatedPaths: result.saturatedPaths,
        parameters,
        updated: shaped(),
        seconds: (performance.now() - began) / 1000,
        checkpoint: async () => ({
          version: 2,
          step: step + 1,
          seed,
          trainable: names,
          update: update.state(vector),
        }),
      };
    }
  } finally {
    evaluator.dispose();
  }
}
