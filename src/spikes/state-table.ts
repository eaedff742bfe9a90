/** States of simulated paths on the host. */
import { SaltationError } from "../errors.js";
import { type ObservedStates, observedNames, observedTimes } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";

export interface StateTable {
  readonly paths: number;
  /** Absolute times, neurons and names of states, in the order of the values. */
  readonly times: Float64Array;
  readonly neurons: Uint32Array;
  readonly states: readonly string[];
  /** [paths][times][neurons][states]. */
  readonly values: Float64Array;
}

/**
 * A table of a plan's states, with their values.
 * @throws SaltationError `not-finite` where one is infinite or NaN.
 */
export function stateTable(plan: SolvePlan, observed: ObservedStates, values: Float64Array): StateTable {
  const { network, paths } = plan;
  const states = observedNames(network, observed);
  const times = observedTimes(observed, plan);
  const bad = values.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) {
    const entry = bad % (values.length / paths);
    const perTime = states.length * observed.neurons.length;
    const at = times[Math.floor(entry / perTime)];
    const name = states[entry % states.length];
    throw new SaltationError(
      "not-finite",
      `state ${name} is ${values[bad]} at time ${at} in path ${Math.floor(bad / (values.length / paths))}: parameters or ` +
        `weights are too large for dt = ${plan.dt}; take a smaller dt or check their values`,
    );
  }
  return { paths, times, neurons: observed.neurons, states, values };
}

/** What is said to who asks a simulation for states that it did not keep. */
export const noStates = (): SaltationError =>
  new SaltationError(
    "invalid-input",
    "states: none were kept; simulate with states, such as { times: { every: 0.1 } }",
    {
      field: "states",
    },
  );
