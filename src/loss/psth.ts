/**
 * The loss of a peristimulus time histogram: counts in bins jump where a spike crosses an edge, so that its gradient is by the score
 * function alone (score.ts).
 */
import { checkOptions, fail, finiteNumber, type Names, positiveNumber } from "../checks.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf } from "../reduce/statistics.js";
import type { ObservedSpikes, Spikes } from "../spikes/spikes.js";
import { ofNeurons } from "./by-network.js";
import type { Loss } from "./loss.js";
import { checkNeurons, checkObserved } from "./observed.js";
import { type CountedSpikes, checkCalled } from "./spike-count.js";

export interface PsthLossOptions extends CountedSpikes {
  /** Length of a bin; a whole number of them fits between `from` and `to`. */
  readonly bin: number;
}

const psthNames: Names<PsthLossOptions> = { bin: true, neuron: true, from: true, to: true };

interface Bins {
  readonly begin: number;
  readonly bin: number;
  readonly count: number;
}

function binsOf({ bin, from, to }: PsthLossOptions, { t0, t1 }: Pick<SolvePlan, "t0" | "t1">): Bins {
  const [begin, end] = [from ?? t0, to ?? t1];
  for (const [field, time] of [
    ["loss.from", begin],
    ["loss.to", end],
  ] as const) {
    if (!(time >= t0 && time <= t1)) fail(field, `is ${time}, outside t0 = ${t0} to t1 = ${t1}`);
  }
  if (!(begin < end)) fail("loss.to", `is ${end}; it must come after ${begin}`);
  const count = Math.round((end - begin) / bin);
  if (count < 1 || Math.abs(count * bin - (end - begin)) > 1e-9 * (end - begin)) {
    fail("loss.bin", `${bin} does not divide the stretch from ${begin} to ${end}`);
  }
  return { begin, bin, count };
}

/** Spikes in each bin; one on an edge but for rounding is in the bin that begins there. */
function binned(
  { times, neurons }: Spikes,
  counted: readonly number[] | undefined,
  { begin, bin, count }: Bins,
): Float64Array {
  const found = new Float64Array(count);
  for (let n = 0; n < times.length; n++) {
    if (counted && !counted.includes(neurons[n]!)) continue;
    const place = (times[n]! - begin) / bin;
    const edge = Math.round(place);
    const b = Math.abs(place - edge) < 1e-9 ? edge : Math.floor(place);
    if (b >= 0 && b < count) found[b]!++;
  }
  return found;
}

/**
 * Mean over bins of the squared difference of rates: spikes per bin of the neurons that count, added up, mean over paths and over
 * observed trials, over the bin's length.
 * @param observed spike times of each trial (absolute), and the neurons that fired.
 * @throws SaltationError `invalid-input`; by parameters, unless the estimator is `score`.
 */
export function psthLoss(observed: readonly ObservedSpikes[], options: PsthLossOptions): Loss {
  checkOptions("loss", options, psthNames);
  positiveNumber("loss.bin", options.bin);
  if (options.from !== undefined) finiteNumber("loss.from", options.from);
  if (options.to !== undefined) finiteNumber("loss.to", options.to);
  checkCalled(options.neuron);
  const trials = observed.map(
    ({ times, neurons }): Spikes => ({ times, neurons: neurons ?? Array.from(times, () => 0) }),
  );
  checkObserved(trials);
  return ofNeurons(options.neuron, [0], (counted) => ofCounted(trials, options, counted));
}

function ofCounted(trials: readonly Spikes[], options: PsthLossOptions, counted: readonly number[] | undefined): Loss {
  return {
    kind: "psth",
    pathwise: false,
    check(network) {
      checkNeurons(trials, network);
      for (const k of counted ?? []) {
        if (k >= network.neurons) fail("loss.neuron", `is ${k}; the network has neurons 0 to ${network.neurons - 1}`);
      }
    },
    checkPlan: (plan) => {
      binsOf(options, plan);
    },
    jumpsInside: () =>
      'jumps where a spike crosses an edge of a bin, and derivatives of paths see none come or go there; take estimator "score", ' +
      'or ask for the value alone ("with": [])',
    evaluate(spikes, plan) {
      const bins = binsOf(options, plan);
      const target = new Float64Array(bins.count);
      for (const trial of trials)
        binned(trial, counted, bins).forEach((n, b) => {
          target[b]! += n / trials.length / bins.bin;
        });
      const rates = spikes.map((one) => binned(one, counted, bins).map((n) => n / bins.bin));
      const means = Array.from(target, (_, b) =>
        estimateOf(
          Float64Array.from(rates, (r) => r[b]!),
          plan.antithetic,
        ),
      );
      const off = means.map((e, b) => e.mean - target[b]!);
      return {
        value: off.reduce((sum, d) => sum + d * d, 0) / bins.count,
        cotangents: spikes.map((one) => new Float64Array(one.times.length)),
        pathValues: rates.map((r) => off.reduce((sum, d, b) => sum + (2 / bins.count) * d * r[b]!, 0)),
        means,
      };
    },
  };
}
