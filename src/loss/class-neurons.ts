/** Neurons that stand for classes. */
import { counted, fail } from "../checks.js";

/** @throws SaltationError `invalid-input` where they cannot tell classes apart. */
export function checkClasses(neurons: number): void {
  if (neurons < 2) fail("loss.neurons", `has ${counted(neurons, "neuron")}; classes need at least 2, one for each`);
}
