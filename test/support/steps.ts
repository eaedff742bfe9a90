/** Steps of a training run with all that they can be asked for, which is asked for step by step. */
import type { StepValues, TrainStep } from "../../src/train/train.js";

export type AskedStep = TrainStep & StepValues;

export async function askedSteps(run: AsyncIterable<TrainStep>): Promise<AskedStep[]> {
  const steps: AskedStep[] = [];
  for await (const step of run) {
    const checkpoint = await step.checkpoint();
    steps.push({ ...step, ...(await step.values()), checkpoint: async () => checkpoint });
  }
  return steps;
}
