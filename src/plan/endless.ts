/** Neurons that fire more often than a step can tell apart, on either backend. */
import { SaltationError } from "../errors.js";

/** Spikes of one neuron in one step: beyond, neighbours are no longer apart in a float32 place within the step. */
export const mostPerStep = 10_000;

/** @param cause what makes it fire so often, and the mend. */
export function firesTooOften(neuron: number, step: number, cause: string): SaltationError {
  const where = `network: neuron ${neuron} fires more than ${mostPerStep} times in step ${step}`;
  return new SaltationError("invalid-input", `${where}: ${cause}`, { field: "network" });
}
