/**
 * Regularisers of rates, to be added to another loss (`combinedLoss`): means over neurons of how far each mean rate is beyond a
 * bound, squared. Gradients are those of spikes that appear and vanish (`spikeRate`), so that silent neurons have them too.
 */
import { checkOptions, finiteNumber, type Names } from "../checks.js";
import type { Network } from "../network/network.js";
import { type NeuronName, neuronsCalled } from "../network/populations.js";
import { byNetwork } from "./by-network.js";
import type { Loss } from "./loss.js";
import { checkCalled, spikeRate } from "./spike-count.js";

export interface RegulariserOptions {
  /** Neurons, by number or name (`out[3]`; `out`: all of a population); default all. */
  readonly neuron?: NeuronName | readonly NeuronName[];
  /** The window: from this time up to but not including `to`; t0 and t1 where absent. */
  readonly from?: number;
  readonly to?: number;
}

const names: Names<RegulariserOptions> = { neuron: true, from: true, to: true };

/** The mean over neurons of how far each is beyond a bound. */
function eachNeuron(
  kind: string,
  { neuron, ...window }: RegulariserOptions,
  bound: number,
  error: "above" | "below",
): Loss {
  const made = new Map<string, Loss>();
  const of = (network: Pick<Network, "neurons" | "populations">): Loss => {
    const called = neuron === undefined ? undefined : neuronsCalled(network, "loss.neuron", neuron);
    const key = called?.join() ?? `all ${network.neurons}`;
    const target = Array.from({ length: called?.length ?? network.neurons }, () => bound);
    const loss = made.get(key) ?? spikeRate({ ...window, ...(called ? { neuron: called } : {}), target, error });
    made.set(key, loss);
    return loss;
  };
  // What is wrong with the options is said now.
  checkCalled(neuron);
  const { warnings: _, ...frame } = spikeRate({ ...window, target: [bound], error });
  return byNetwork({ ...frame, kind }, of);
}

/**
 * Mean over neurons of max(rate − most, 0)², rates being means over paths in spikes per unit of time.
 * @throws SaltationError `invalid-input`.
 */
export function rateRegulariser(options: RegulariserOptions & { readonly most: number }): Loss {
  checkOptions("loss", options, { ...names, most: true });
  const { most, ...rest } = options;
  return eachNeuron("rate", rest, finiteNumber("loss.most", most), "above");
}

/**
 * Mean over neurons of max(least − rate, 0)².
 * @throws SaltationError `invalid-input`.
 */
export function silenceRegulariser(options: RegulariserOptions & { readonly least: number }): Loss {
  checkOptions("loss", options, { ...names, least: true });
  const { least, ...rest } = options;
  return eachNeuron("silence", rest, finiteNumber("loss.least", least), "below");
}
