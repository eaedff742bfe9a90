/** The training loop, as an async iterator: the caller sees every step and may stop at any. */
import { fail, show, wholeNumber } from "../checks.js";
import { threefry2x32 } from "../driver/threefry.js";
import type { EngineNetwork } from "../engine.js";
import type { ValueAndGradient } from "../gradient/result.js";
import { parameterLayout, parameterVector, replaceParameters, requestedViews } from "../solve/layout.js";
import type { SolveOptions } from "../solve/plan.js";
import type { SpikeTimeLoss } from "./loss.js";
import type { Optimiser, OptimiserState } from "./optimisers.js";

export interface TrainOptions extends Omit<SolveOptions, "seed"> {
  loss: SpikeTimeLoss;
  optimiser: Optimiser;
  /** Number of training steps. */
  steps: number;
  /** Names of the parameters to train: the cell's, `weights`, `current`. */
  trainable: readonly string[];
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
  readonly version: 1;
  /** Steps done. */
  readonly step: number;
  readonly seed: number;
  readonly trainable: readonly string[];
  /** Values of the trainable parameters, one after the other. */
  readonly values: readonly number[];
  readonly optimiser: { readonly name: string; readonly state: OptimiserState };
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
  /** The run after this step. */
  checkpoint(): Checkpoint;
}

/** @throws SaltationError where a checkpoint belongs to another run. */
function checkResume(resume: Checkpoint, seed: number, options: TrainOptions, size: number): void {
  const other = (what: string, has: unknown, wants: unknown): never =>
    fail("checkpoint", `${what} is ${show(has)}, but the job says ${show(wants)}; it belongs to another run`);
  if (resume.version !== 1) fail("checkpoint", `version ${show(resume.version)} is not known`);
  if (resume.seed !== seed) other("seed", resume.seed, seed);
  if (resume.optimiser.name !== options.optimiser.name)
    other("optimiser", resume.optimiser.name, options.optimiser.name);
  if (resume.trainable.join() !== options.trainable.join()) other("trainable", resume.trainable, options.trainable);
  if (resume.values.length !== size) other("number of trainable values", resume.values.length, size);
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
  const { loss, optimiser } = options;
  const steps = wholeNumber("steps", options.steps, 1, 2 ** 31);
  if (options.trainable.length === 0) fail("trainable", "names no parameter; give at least one");
  const seed = options.seed ?? 0;
  let plan = network.gradientPlan({ ...options, seed }, loss);
  const layout = parameterLayout(plan);
  const views = requestedViews(network.network, layout, options.trainable);
  const vector = parameterVector(plan);
  const size = views.reduce((n, v) => n + v.length, 0);
  const { resume } = options;
  if (resume) checkResume(resume, seed, options, size);
  const state: OptimiserState = resume ? structuredClone(resume.optimiser.state) : optimiser.init(size);
  const trained = (): number[] => views.flatMap((v) => Array.from(vector.subarray(v.offset, v.offset + v.length)));
  if (resume) {
    let at = 0;
    for (const v of views) for (let i = 0; i < v.length; i++) vector[v.offset + i] = resume.values[at++]!;
  }
  const evaluator = await network.evaluator(plan, loss, options.trainable, options.requireExact);
  const shaped = (): Record<string, unknown> =>
    Object.fromEntries(views.map((v) => [v.name, v.shape(vector.slice(v.offset, v.offset + v.length))]));
  try {
    for (let step = resume?.step ?? 0; step < steps; step++) {
      const began = performance.now();
      const parameters = shaped();
      const drawn = options.commonNoise ? seed : stepSeed(seed, step);
      plan = { ...replaceParameters(plan, layout, vector), seed: drawn };
      const result = await evaluator.evaluate(plan, loss);
      const change = optimiser.update(result.flat, state);
      let at = 0;
      for (const view of views) for (let i = 0; i < view.length; i++) vector[view.offset + i]! += change[at++]!;
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
        checkpoint: () => ({
          version: 1,
          step: step + 1,
          seed,
          trainable: [...options.trainable],
          values: trained(),
          optimiser: { name: optimiser.name, state: structuredClone(state) },
        }),
      };
    }
  } finally {
    evaluator.dispose();
  }
}
