/**
 * Cross-entropy of a classifier: a neuron for each class, and the label of each sample. Over first spike times the earliest
 * neuron stands for the class: H. Mostafa, Supervised learning based on temporal coding in spiking neural networks, IEEE TNNLS
 * 29 (2018); J. Göltz et al., Nature Machine Intelligence 3 (2021).
 */
import { checkOptions, type Names, oneOf, positiveNumber } from "../checks.js";
import { checkClasses } from "./class-neurons.js";
import { type LookedNeurons, type PathFeatures, type SampleLoss, sampleLossOf } from "./sample-loss.js";

export interface CrossEntropyOptions {
  /**
   * What classes are told by: `first-spike` (default), logits −τ/temperature of the first spike times τ, that of a neuron without
   * a spike t1; or `count`, logits n/temperature of the numbers of spikes.
   */
  readonly of?: "first-spike" | "count";
  /** The neuron of each class, in the order of labels: numbers, or the name of a population; default all neurons. */
  readonly neurons?: LookedNeurons;
  /** In the unit of time, or in spikes; default 1. */
  readonly temperature?: number;
}

const names: Names<CrossEntropyOptions> = { of: true, neurons: true, temperature: true };

/** log Σ exp(logits), and the softmax in place of them. */
function softmax(logits: Float64Array): number {
  const most = logits.reduce((m, x) => Math.max(m, x), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let k = 0; k < logits.length; k++) sum += logits[k] = Math.exp(logits[k]! - most);
  for (let k = 0; k < logits.length; k++) logits[k]! /= sum;
  return most + Math.log(sum);
}

/**
 * Mean over paths of −log p(label), p the softmax of the logits. Labels are those of the samples (`samples.labels`).
 *
 * Of first spikes it is continuous where a spike crosses t1, as an absent one has time t1; a neuron that is silent has no
 * gradient, and cannot be brought to spike by it. Of counts all of the gradient is the horizon term: it is refused for cells whose
 * spikes come by no hazard.
 * @throws SaltationError `invalid-input`.
 */
export function crossEntropy(options: CrossEntropyOptions = {}): SampleLoss {
  checkOptions("loss", options, names);
  const of = oneOf("loss.of", options.of ?? "first-spike", ["first-spike", "count"]);
  const temperature = positiveNumber("loss.temperature", options.temperature ?? 1);
  const early = of === "first-spike";
  const scale = (early ? -1 : 1) / temperature;
  const logits = ({ times, counts }: PathFeatures): Float64Array => (early ? times : counts).map((x) => scale * x);
  return sampleLossOf({
    kind: "cross-entropy",
    neurons: options.neurons,
    spikes: early ? 1 : 0,
    counts: !early,
    labelled: true,
    check: checkClasses,
    labels: (neurons) => neurons,
    value(features, slopes) {
      const all = logits(features);
      const chosen = all[features.label]!;
      const value = softmax(all) - chosen;
      if (early && slopes) {
        for (let k = 0; k < all.length; k++) slopes[k]! += scale * (all[k]! - Number(k === features.label));
      }
      return value;
    },
    classes(features) {
      const all = logits(features);
      softmax(all);
      return all;
    },
    code: (neurons) => /* wgsl */ `
const scale = ${Math.fround(scale)}f;
fn logit(k: u32) -> f32 { return scale * ${early ? "time_of" : "count_of"}(k); }
fn sample_loss(label: u32) -> f32 {
  var most = logit(0u);
  for (var k = 1u; k < ${neurons}u; k += 1u) { most = max(most, logit(k)); }
  var sum = 0.0f;
  for (var k = 0u; k < ${neurons}u; k += 1u) { sum += sal_exp(logit(k) - most); }
${
  early
    ? `  for (var k = 0u; k < ${neurons}u; k += 1u) {
    add_slope(k, scale * (sal_exp(logit(k) - most) / sum - select(0.0f, 1.0f, k == label)));
  }`
    : ""
}
  return (most - logit(label)) + sal_log(sum);
}`,
  });
}
