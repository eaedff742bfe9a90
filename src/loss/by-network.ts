/** Losses whose neurons are called by names of populations: which they are is known once there is a network. */
import { fail } from "../checks.js";
import type { Network } from "../network/network.js";
import { type NeuronNames, neuronsCalled } from "../network/populations.js";
import type { Loss } from "./loss.js";

/**
 * A loss that is another for each network.
 * @param frame what is the same of all of them: their flags.
 */
export function byNetwork(frame: Loss, of: (network: Network) => Loss): Loss {
  const { checkPlan, checkStops, jumpsInside, warnings, ofMeans, evaluate, gpu } = frame;
  return {
    ...frame,
    check: (network) => of(network).check?.(network),
    ...(checkPlan ? { checkPlan: (plan, names) => of(plan.network).checkPlan!(plan, names) } : {}),
    ...(checkStops ? { checkStops: (plan) => of(plan.network).checkStops!(plan) } : {}),
    ...(jumpsInside ? { jumpsInside: (plan) => of(plan.network).jumpsInside!(plan) } : {}),
    ...(warnings ? { warnings: (plan, means) => of(plan.network).warnings!(plan, means) } : {}),
    ...(ofMeans
      ? {
          ofMeans: {
            ...ofMeans,
            value: (means, plan) => of(plan.network).ofMeans!.value(means, plan),
            look: (spikes, plan, some) => of(plan.network).ofMeans!.look(spikes, plan, some),
            taken: (spikes, looked, means, plan, some) =>
              of(plan.network).ofMeans!.taken(spikes, looked, means, plan, some),
          },
        }
      : {}),
    ...(evaluate ? { evaluate: (spikes, plan, states) => of(plan.network).evaluate!(spikes, plan, states) } : {}),
    ...(gpu ? { gpu: (device, plan, recordWords) => of(plan.network).gpu!(device, plan, recordWords) } : {}),
  };
}

/** Whether neurons are called by a name. */
const named = (given: NeuronNames | undefined): boolean =>
  typeof given === "string" || (Array.isArray(given) && given.some((one) => typeof one === "string"));

/**
 * A loss of some neurons.
 * @param standIn numbers that stand for them until there is a network.
 */
export function ofNeurons(
  given: NeuronNames | undefined,
  standIn: readonly number[],
  make: (neurons: readonly number[] | undefined) => Loss,
): Loss {
  if (given === undefined) return make(undefined);
  if (!named(given)) return make(typeof given === "number" ? [given] : Array.from(given as ArrayLike<number>));
  const made = new WeakMap<Network["populations"], Loss>();
  return byNetwork(make(standIn), (network) => {
    const loss = made.get(network.populations) ?? make(neuronsCalled(network, "loss.neuron", given));
    made.set(network.populations, loss);
    return loss;
  });
}

/** The one neuron that is meant. @throws SaltationError where there are others. */
export function oneNeuron(neurons: readonly number[]): number {
  if (neurons.length !== 1) fail("loss.neuron", `names ${neurons.length} neurons; this loss takes one, as in "out[0]"`);
  return neurons[0]!;
}
