/** Neurons that fire more often than a step can tell apart, on either backend. */
import { SaltationError } from "../errors.js";
import type { SolvePlan } from "./plan.js";

/** Spikes of one neuron in one step: beyond, neighbours are no longer apart in a float32 place within the step. */
export const mostPerStep = 10_000;

/** Part of a step within which so many spikes follow each other at once: the reset left the event function above 0. */
const atOnce = 2e-3;

/** @param span part of the step that those spikes took. */
export function firesTooOften(plan: SolvePlan, neuron: number, step: number, span: number): SaltationError {
  const where = `network: neuron ${neuron} fires more than ${mostPerStep} times in step ${step}`;
  const why =
    span <= atOnce
      ? "its reset does not take the event function below 0, so that it fires again at once; make the reset larger"
      : `its rate is too high for dt = ${plan.dt}; take a smaller dt, or check the parameters`;
  return new SaltationError("invalid-input", `${where}: ${why}`);
}
