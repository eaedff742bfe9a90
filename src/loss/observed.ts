/** Observed spike trains, as losses take them. */
import { fail, list, show } from "../checks.js";
import type { Network } from "../network/network.js";
import type { SolvePlan } from "../plan/plan.js";
import { checkShape, checkSpikes, type Spikes } from "../spikes/spikes.js";

export interface OutsideOptions {
  /** `drop`: leave spikes outside the time of the solution out even where those are all. */
  readonly outside?: "drop" | undefined;
}

/**
 * Says which observed spikes lie outside the time of the solution, before t0 or at t1 and after, where no loss sees them.
 * @param until spikes from t1 up to here are put to another use.
 * @returns warnings: one line, or none.
 * @throws SaltationError where all spikes do, as times in another unit would, and `outside` does not say that they may.
 */
export function spikesOutside(
  trials: readonly Pick<Spikes, "times">[],
  { t0, t1 }: { readonly t0: number; readonly t1: number },
  { outside, until = t1 }: OutsideOptions & { readonly until?: number | undefined } = {},
): string[] {
  let [spikes, beyond, unused] = [0, 0, 0];
  let [least, most] = [
    { time: Number.POSITIVE_INFINITY, at: "" },
    { time: Number.NEGATIVE_INFINITY, at: "" },
  ];
  trials.forEach(({ times }, i) => {
    spikes += times.length;
    for (let n = 0; n < times.length; n++) {
      const time = times[n]!;
      if (!(time < t0 || time >= t1)) continue;
      beyond++;
      if (time < t0 || time >= until) unused++;
      const spike = { time, at: `${time} (trial ${i}, spike ${n})` };
      if (time < least.time) least = spike;
      if (time > most.time) most = spike;
    }
  });
  const range = `outside t0 = ${t0} to t1 = ${t1}, from ${least.at} to ${most.at}`;
  if (spikes > 0 && beyond === spikes && outside !== "drop") {
    const silence = '"outside": "drop" leaves them out and takes the trials as silent';
    fail("observed", `all spikes (${spikes}) lie ${range}; give them in the unit of t1. ${silence}`);
  }
  return unused === 0 ? [] : [`observed: ${unused} of ${spikes} spikes are left out, as they lie ${range}`];
}

/** @throws SaltationError where there are not at least `least` trains. */
export function checkObserved(observed: readonly Spikes[], least = 1): void {
  list("observed", observed, "spike trains").forEach((one, i) => {
    checkShape(`observed[${i}]`, one);
  });
  if (observed.length < least) {
    fail("observed", `holds ${observed.length} spike trains; this loss needs at least ${least}`);
  }
}

/** @throws SaltationError where a train has neurons that the network has not. */
export function checkNeurons(observed: readonly Spikes[], network: Network): void {
  observed.forEach((one, i) => {
    for (let n = 0; n < one.neurons.length; n++) {
      const k = one.neurons[n]!;
      if (!(Number.isInteger(k) && k >= 0 && k < network.neurons)) {
        const known = `the network has neurons 0 to ${network.neurons - 1}`;
        fail(`observed[${i}].neurons[${n}]`, `is ${show(k)}; ${known}`);
      }
    }
  });
}

/** @throws SaltationError where times are unsorted or outside the solution's. */
export function checkTimes(observed: readonly Spikes[], { network, t0, t1 }: SolvePlan): void {
  checkSpikes(observed, { t0, t1, neurons: network.neurons }, "observed");
}
