/**
 * Regularisers of rates, to be added to another loss (`combinedLoss`): means over neurons of how far each mean rate is beyond a
 * bound, squared. Gradients are those of spikes that appear and vanish (`spikeRate`), so that silent neurons have them too.
 */
import { checkOptions, finiteNumber, list, type Names } from "../checks.js";
import type { Network } from "../network/network.js";
import type { Loss } from "./loss.js";
import { type CountLoss, spikeRate } from "./spike-count.js";

export interface RegulariserOptions {
  /** Numbers of neurons; default all. */
  readonly neuron?: readonly number[];
  /** The window: from this time up to but not including `to`; t0 and t1 where absent. */
  readonly from?: number;
  readonly to?: number;
}

const names: Names<RegulariserOptions> = { neuron: true, from: true, to: true };

/** A loss that is another for each number of neurons. */
function eachNeuron(
  kind: string,
  { neuron, ...window }: RegulariserOptions,
  bound: number,
  error: "above" | "below",
): Loss {
  const made = new Map<number, CountLoss>();
  const of = ({ neurons }: Pick<Network, "neurons">): CountLoss => {
    const target = Array.from({ length: neuron?.length ?? neurons }, () => bound);
    const loss = made.get(neurons) ?? spikeRate({ ...window, ...(neuron ? { neuron } : {}), target, error });
    made.set(neurons, loss);
    return loss;
  };
  // What is wrong with the options is said now.
  of({ neurons: 1 });
  return {
    kind,
    horizon: true,
    check: (network) => of(network).check?.(network),
    checkPlan: (plan, by) => of(plan.network).checkPlan?.(plan, by),
    jumpsInside: (plan) => of(plan.network).jumpsInside?.(plan),
    evaluate: (spikes, plan) => of(plan.network).evaluate!(spikes, plan),
    gpu: (gpu, plan, recordWords) => of(plan.network).gpu!(gpu, plan, recordWords),
  };
}

/**
 * Mean over neurons of max(rate − most, 0)², rates being means over paths in spikes per unit of time.
 * @throws SaltationError `invalid-input`.
 */
export function rateRegulariser(options: RegulariserOptions & { readonly most: number }): Loss {
  checkOptions("loss", options, { ...names, most: true });
  const { most, ...rest } = options;
  if (rest.neuron !== undefined) list("loss.neuron", rest.neuron, "neurons");
  return eachNeuron("rate", rest, finiteNumber("loss.most", most), "above");
}

/**
 * Mean over neurons of max(least − rate, 0)².
 * @throws SaltationError `invalid-input`.
 */
export function silenceRegulariser(options: RegulariserOptions & { readonly least: number }): Loss {
  checkOptions("loss", options, { ...names, least: true });
  const { least, ...rest } = options;
  if (rest.neuron !== undefined) list("loss.neuron", rest.neuron, "neurons");
  return eachNeuron("silence", rest, finiteNumber("loss.least", least), "below");
}
