/** Observed spike trains, as losses take them. */
import { fail, list, show } from "../../checks.js";
import type { Network } from "../../network/network.js";
import { checkShape, checkTrains, type SpikeTrainInput } from "../../signature/lift.js";
import type { SolvePlan } from "../../solve/plan.js";

/** @throws SaltationError where there are not at least `least` trains. */
export function checkObserved(observed: readonly SpikeTrainInput[], least = 1): void {
  list("observed", observed, "spike trains").forEach((train, i) => {
    checkShape(`observed[${i}]`, train);
  });
  if (observed.length < least) {
    fail("observed", `holds ${observed.length} spike trains; this loss needs at least ${least}`);
  }
}

/** @throws SaltationError where a train has neurons that the network has not. */
export function checkNeurons(observed: readonly SpikeTrainInput[], network: Network): void {
  observed.forEach((train, i) => {
    for (let n = 0; n < train.neurons.length; n++) {
      const k = train.neurons[n]!;
      if (!(Number.isInteger(k) && k >= 0 && k < network.neurons)) {
        const known = `the network has neurons 0 to ${network.neurons - 1}`;
        fail(`observed[${i}].neurons[${n}]`, `is ${show(k)}; ${known}`);
      }
    }
  });
}

/** @throws SaltationError where times are unsorted or outside the solution's. */
export function checkTimes(observed: readonly SpikeTrainInput[], { network, t0, t1 }: SolvePlan): void {
  checkTrains(observed, { t0, t1, neurons: network.neurons }, "observed");
}
