/**
 * Losses on spike times: a function of the mean times of selected spikes over the paths. A spike that does not happen
 * has time t1 and zero gradient, so such a loss is continuous in the spike times and its pathwise gradient exact.
 */
import { fail, finiteNumber, wholeNumber } from "../checks.js";
import type { Network } from "../network/network.js";

/** The index-th spike (from 0) of a neuron. */
export interface Selection {
  readonly neuron: number;
  readonly index: number;
}

export interface SpikeTimeLoss {
  readonly kind: string;
  readonly selections: readonly Selection[];
  /** @param means mean absolute time of each selected spike. @returns the loss and its derivative by each mean. */
  evaluate(means: Float64Array): { value: number; coefficients: Float64Array };
  /** @throws SaltationError where the loss does not fit the network. */
  check(network: Network): void;
}

/** Spikes of a neuron that a loss looks at, at most: what comes after them cannot change it. */
export function spikesNeeded(loss: SpikeTimeLoss): number {
  return 1 + Math.max(...loss.selections.map((s) => s.index));
}

function checkSelections(selections: readonly Selection[], network: Network): void {
  for (const s of selections) {
    if (s.neuron >= network.neurons) {
      fail("loss.neuron", `is ${s.neuron}; the network has neurons 0 to ${network.neurons - 1}`);
    }
  }
}

/** Mean over paths of the index-th spike time of a neuron, t1 where absent. */
export function meanSpikeTime(neuron = 0, index = 0): SpikeTimeLoss {
  const selections = [
    { neuron: wholeNumber("loss.neuron", neuron, 0, 65535), index: wholeNumber("loss.index", index, 0, 2 ** 20) },
  ];
  return {
    kind: "mean-spike-time",
    selections,
    evaluate: (means) => ({ value: means[0]!, coefficients: Float64Array.of(1) }),
    check: (network) => checkSelections(selections, network),
  };
}

/**
 * Distance between the generated and the observed mean times of the first n spikes of each neuron: their mean squared
 * (`mse`) or mean absolute (`mae`) difference. Holberg & Salvi (2024), section 4.1, use `mse`.
 * @param observed observed mean times [neurons][n].
 */
export function firstSpikes(observed: readonly (readonly number[])[], kind: "mse" | "mae" = "mse"): SpikeTimeLoss {
  const selections: Selection[] = [];
  const target: number[] = [];
  observed.forEach((times, neuron) => {
    times.forEach((time, index) => {
      selections.push({ neuron, index });
      target.push(finiteNumber(`loss.observed[${neuron}][${index}]`, time));
    });
  });
  if (selections.length === 0) fail("loss.observed", "has no spikes to compare with");
  return {
    kind: `first-spikes-${kind}`,
    selections,
    evaluate(means) {
      const n = selections.length;
      let value = 0;
      const coefficients = new Float64Array(n);
      for (let s = 0; s < n; s++) {
        const d = means[s]! - target[s]!;
        value += (kind === "mse" ? d * d : Math.abs(d)) / n;
        coefficients[s] = (kind === "mse" ? 2 * d : Math.sign(d)) / n;
      }
      return { value, coefficients };
    },
    check: (network) => checkSelections(selections, network),
  };
}
