/**
 * Losses on spike times: a function of the mean times of selected spikes over the paths. A spike that does not happen
 * has time t1 and zero gradient, so such a loss is continuous in the spike times, also when a spike crosses t1: its
 * pathwise gradient leaves nothing out.
 */
import type { MeanDistance } from "../../shaders/loss/mean-coefficients.wgsl.js";
import { fail, finiteNumber, list, oneOf, wholeNumber } from "../checks.js";
import type { Network } from "../network/network.js";
import type { NeuronName } from "../network/populations.js";
import { type Estimate, estimateOf } from "../reduce/statistics.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { ofNeurons, oneNeuron } from "./by-network.js";
import type { Loss, LossOfMeans } from "./loss.js";
import { distance } from "./mean-distance.js";

/** The index-th spike (from 0) of a neuron. */
export interface Selection {
  readonly neuron: number;
  readonly index: number;
}

function checkSelections(selections: readonly Selection[], network: Network): void {
  for (const s of selections) {
    if (s.neuron >= network.neurons) {
      fail("loss.neuron", `is ${s.neuron}; the network has neurons 0 to ${network.neurons - 1}`);
    }
  }
}

/** Mean over paths of the index-th spike time of a neuron, t1 where absent. @param neuron its number or name, `out[3]`. */
export function meanSpikeTime(neuron: NeuronName = 0, index = 0): Loss {
  wholeNumber("loss.index", index, 0, 2 ** 20);
  if (typeof neuron !== "string") wholeNumber("loss.neuron", neuron, 0, 2 ** 24 - 1);
  return ofNeurons(neuron, [0], (found) =>
    spikeTimeLoss("mean-spike-time", [{ neuron: oneNeuron(found!), index }], "identity", [0]),
  );
}

/**
 * Distance between the generated and the observed mean times of the first n spikes of each neuron: their mean squared
 * (`mse`) or mean absolute (`mae`) difference. Holberg & Salvi (2024), section 4.1, use `mse`.
 * @param observed observed mean times [neurons][n].
 */
export function firstSpikes(observed: readonly (readonly number[])[], kind: "mse" | "mae" = "mse"): Loss {
  oneOf("loss.error", kind, ["mse", "mae"]);
  const selections: Selection[] = [];
  const targets: number[] = [];
  list("loss.observed", observed, "lists of times").forEach((times, neuron) => {
    list(`loss.observed[${neuron}]`, times, "times").forEach((time, index) => {
      selections.push({ neuron, index });
      targets.push(finiteNumber(`loss.observed[${neuron}][${index}]`, time));
    });
  });
  if (selections.length === 0) fail("loss.observed", "has no spikes to compare with");
  return spikeTimeLoss(`first-spikes-${kind}`, selections, kind === "mse" ? "square" : "absolute", targets);
}

/** For each selection, the spike of a train that it means, or -1. */
export function selectedSpikes(selections: readonly Selection[], spikes: TypedSpikes): number[] {
  const byNeuron = new Map<number, number[]>();
  spikes.neurons.forEach((neuron, n) => {
    const list = byNeuron.get(neuron);
    if (list) list.push(n);
    else byNeuron.set(neuron, [n]);
  });
  return selections.map((s) => byNeuron.get(s.neuron)?.[s.index] ?? -1);
}

/** Which selected spikes no path had: their mean time is t1, on every path. */
function absent(
  selections: readonly Selection[],
  means: readonly Estimate[],
  { t0, t1, paths }: { readonly t0: number; readonly t1: number; readonly paths: number },
): string[] {
  const never = selections.filter((_, s) => {
    const { mean, standardError } = means[s] ?? { mean: Number.NaN, standardError: Number.NaN };
    // A spike comes before t1 by more than rounding of float32, or on some paths only. The mean of equal times is rounded too (by half
    // of this at most, of 1 to 3,000 paths on all backends), which leaves each path that far from it. A time of 1 path in n is seen
    // if it is √n times as early.
    const rounding = 2e-7 * (t1 - t0);
    return !(standardError > rounding / Math.sqrt(paths - 1)) && Math.abs(mean - t1) <= rounding;
  });
  if (never.length === 0) return [];
  const named = never.slice(0, 3).map((s) => `spike ${s.index} of neuron ${s.neuron}`);
  const more = never.length > named.length ? ` and ${never.length - named.length} more` : "";
  const had = paths === 1 ? "the path did not have" : `none of ${paths} paths had`;
  return [
    `loss: ${had} ${named.join(", ")}${more} before t1 = ${t1} (indices from 0): the time is taken as t1, its gradient as 0`,
  ];
}

/** weight · Σ φ(mean − target) over the selected spikes: φ(x) = x, x² or |x|. */
function spikeTimeLoss(
  kind: string,
  selections: readonly Selection[],
  form: MeanDistance,
  targets: readonly number[],
): Loss {
  const weight = 1 / selections.length;
  const { of, derivative } = distance[form];
  const lossOf = (means: readonly Estimate[]): number =>
    means.reduce((sum, e, s) => sum + weight * of(e.mean - targets[s]!), 0);
  /** Derivative of the loss by each mean. */
  const slopesOf = (means: readonly Estimate[]): number[] =>
    means.map((e, s) => weight * derivative(e.mean - targets[s]!));
  const ofMeans: LossOfMeans = {
    times: true,
    look: (spikes, plan) => {
      const found = spikes.map((one) => selectedSpikes(selections, one));
      return selections.map((_, s) =>
        Float64Array.from(spikes, (one, i) => (found[i]![s]! < 0 ? plan.t1 : one.times[found[i]![s]!]!)),
      );
    },
    value: lossOf,
    taken(spikes, times, means, { paths }) {
      const coefficients = slopesOf(means);
      const cotangents = spikes.map((one) => {
        const row = new Float64Array(one.times.length);
        selectedSpikes(selections, one).forEach((n, s) => {
          if (n >= 0) row[n]! += coefficients[s]! / paths;
        });
        return row;
      });
      return {
        cotangents,
        pathValues: spikes.map((_, i) => coefficients.reduce((sum, c, s) => sum + c * times[s]![i]!, 0)),
      };
    },
  };
  return {
    kind,
    pathwise: form === "identity",
    spikesNeeded: selections.reduce((most, s) => Math.max(most, 1 + s.index), 0),
    check: (network) => checkSelections(selections, network),
    warnings({ t0, t1, paths }, means = []) {
      const never = absent(selections, means, { t0, t1, paths });
      const far = form === "identity" ? [] : targets.filter((t) => t < t0 || t > t1);
      const where = `lie outside t0 = ${t0} to t1 = ${t1}, such as ${far[0]}, where no mean spike time can come`;
      if (far.length > 0) never.push(`loss.observed: ${far.length} of ${targets.length} mean times ${where}`);
      return never;
    },
    ofMeans,
    evaluate(spikes, plan) {
      const all = { first: 0 };
      const times = ofMeans.look(spikes, plan, all);
      const means = times.map((row) => estimateOf(row, plan.antithetic));
      const taken = ofMeans.taken(spikes, times, means, { ...plan, paths: spikes.length }, all);
      return { value: lossOf(means), ...taken, means };
    },
    async gpu(gpu, plan, recordWords) {
      const { GpuSpikeTimes } = await import("./gpu-spike-times.js");
      return GpuSpikeTimes.create(gpu, plan, recordWords, { selections, form, targets, lossOf, slopesOf });
    },
  };
}
