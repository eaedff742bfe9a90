/** Training runs that stay where a backend solves. */
import type { SolverBackend } from "../backend/backend.js";
import type { Loss } from "../loss/loss.js";
import type { Evaluated, Valued } from "../loss/result.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { PlannedSamples } from "../plan/samples.js";
import type { UpdatePlan, UpdateState } from "./update.js";

/** A training run, checked. */
export interface TrainingTask {
  /** With the job's own values of all parameters, which those of `vector` replace. */
  readonly plan: SolvePlan;
  /** Values of all parameters to begin with, in the layout's order. */
  readonly vector: Float64Array;
  readonly loss: Loss;
  /** The trainable parameters. */
  readonly views: readonly View[];
  readonly update: UpdatePlan;
  /** To go on from. */
  readonly state?: UpdateState | undefined;
  /** The room of records with which a run goes on that is resumed (`Evaluator.room`). */
  readonly room?: number | undefined;
  /** The first step, and how many there are in all. */
  readonly from: number;
  readonly steps: number;
  seedOf(step: number): number;
  /** Of a run on data: the samples of a step. */
  samplesOf?(step: number): PlannedSamples;
}

/** A plan with the noise and the samples of a step. */
export function planOfStep(plan: SolvePlan, task: Pick<TrainingTask, "seedOf" | "samplesOf">, step: number): SolvePlan {
  const seed = task.seedOf(step);
  return task.samplesOf ? { ...plan, seed, samples: task.samplesOf(step) } : { ...plan, seed };
}

export interface TrainedStep {
  readonly step: number;
  /** `Evaluator.room` after it. */
  readonly room?: number | undefined;
  /** Its gradient where that is with the host. */
  readonly result: Valued & Partial<Pick<Evaluated, "gradient">>;
  /** Its gradient too; to be asked for before the next step but one. */
  evaluated(): Promise<Evaluated>;
  /** The run after the step; to be asked for before the next step but one. */
  state(): Promise<UpdateState>;
}

export interface Training {
  run(): AsyncGenerator<TrainedStep, void, void>;
  dispose(): void;
}

/** A backend that may keep the state of a training run to itself; for those that do not, the host updates. */
export interface TrainingBackend extends SolverBackend {
  /** @returns undefined where it does not take such a loss without the host. */
  training?(task: TrainingTask): Promise<Training | undefined>;
}
