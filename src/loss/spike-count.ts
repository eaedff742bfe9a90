/**
 * Losses of spike counts: of how many spikes neurons have between two times, or how likely they have some. A path's count
 * does not move with the times of its spikes, so the pathwise part of its gradient is 0; all of it is spikes that appear and
 * vanish. Of a window that goes on to t1 the horizon term has these (docs/mathematics.md).
 */
import type { MeanDistance } from "../../shaders/loss/mean-coefficients.wgsl.js";
import { checkOptions, fail, finiteNumber, list, type Names, oneOf, wholeNumber } from "../checks.js";
import type { NeuronName } from "../network/populations.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Estimate, estimateOf } from "../reduce/statistics.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { ofNeurons } from "./by-network.js";
import type { Loss, LossOfMeans } from "./loss.js";
import { checkMaxSpikes } from "./max-spikes.js";
import { distance } from "./mean-distance.js";

/** Spikes that count: of some neurons, within a window. */
export interface CountedSpikes {
  /** A neuron, or several, by number or name (`out[3]`; `out`: all of a population), whose spikes are added up; all where absent. */
  readonly neuron?: NeuronName | readonly NeuronName[];
  /** The window: from this time up to but not including `to`; t0 and t1 where absent. */
  readonly from?: number;
  readonly to?: number;
}

export interface SpikeCountOptions extends CountedSpikes {
  /**
   * What the mean count is to be: the loss is then their squared difference. A list has a number for each of `neuron` (of
   * all neurons where that is absent), each compared with the mean count of its own; the loss is the mean over them.
   */
  readonly target?: number | readonly number[];
  /**
   * The difference squared (`mse`, the default), or absolute (`mae`); or squared where the mean is above the target (`above`), or
   * below it, and 0 elsewhere: a regulariser of rates, or of silence.
   */
  readonly error?: CountError;
}

export type CountError = "mse" | "mae" | "above" | "below";

const forms: Readonly<Record<CountError, "square" | "absolute" | "above" | "below">> = {
  mse: "square",
  mae: "absolute",
  above: "above",
  below: "below",
};

const windowNames: Names<CountedSpikes> = { neuron: true, from: true, to: true };
const countNames: Names<SpikeCountOptions> = { ...windowNames, target: true, error: true };

/** A number of each path, from how many spikes it counts. */
export interface CountFeature {
  /** Undefined: all. */
  readonly neurons: readonly number[] | undefined;
  /** Whether it is that number, or whether the path has so many at least. */
  readonly least: number | undefined;
  /** What that is multiplied by. */
  readonly scale: (plan: SolvePlan, neurons: readonly number[] | undefined) => number;
}

export type Window = Pick<CountedSpikes, "from" | "to">;

interface Made {
  readonly kind: string;
  readonly window: Window;
  readonly features: readonly CountFeature[];
  readonly form: MeanDistance;
  readonly targets: readonly number[];
  /** Neurons that there must be, where that is known. */
  readonly neurons?: number;
}

/** What of a path counts, in steps since t0. */
export interface CountWindow {
  readonly from: number;
  readonly to: number;
  /** Whether it goes on to t1. */
  readonly open: boolean;
}

/** @throws SaltationError `invalid-input` where an option is no window. */
export function windowChecked({ from, to }: CountedSpikes): Window {
  if (from !== undefined) finiteNumber("loss.from", from);
  if (to !== undefined) finiteNumber("loss.to", to);
  if (from !== undefined && to !== undefined && !(from < to)) fail("loss.to", `is ${to}; it must come after ${from}`);
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

/** Checks the neurons that an option calls, as far as that goes without a network. @throws SaltationError `invalid-input`. */
export function checkCalled(neuron: CountedSpikes["neuron"]): void {
  if (neuron === undefined || typeof neuron === "string") return;
  if (typeof neuron === "number") return void wholeNumber("loss.neuron", neuron, 0, 2 ** 24 - 1);
  const all = list("loss.neuron", neuron, "neurons");
  if (all.length === 0) fail("loss.neuron", "names no neuron; leave it out for all");
  all.forEach((k, i) => {
    if (typeof k !== "string") wholeNumber(`loss.neuron[${i}]`, k, 0, 2 ** 24 - 1);
    if (all.indexOf(k) !== i) fail(`loss.neuron[${i}]`, `${k} stands there twice`);
  });
}

/**
 * Mean over paths of the number of spikes; or how far it is from a target.
 * @throws SaltationError `invalid-input`.
 */
export const spikeCount = (options: SpikeCountOptions = {}): Loss => counted("spike-count", options, () => 1);

/**
 * Mean rate of spikes of a neuron, in spikes per unit of time: their number over the length of the window and how many
 * neurons it is of; or how far that is from a target.
 * @throws SaltationError `invalid-input`.
 */
export const spikeRate = (options: SpikeCountOptions = {}): Loss =>
  counted("spike-rate", options, ({ t0, t1, network }, neurons) => {
    const { from = t0, to = t1 } = options;
    return 1 / ((to - from) * (neurons?.length ?? network.neurons));
  });

export interface FirstPassageOptions extends CountedSpikes {
  /** Spikes that there must be; default 1. */
  readonly count?: number;
}

/**
 * Probability that neurons have `count` spikes (one by default) in the window: of the first passage, 1[τ < to].
 * @throws SaltationError `invalid-input`.
 */
export function firstPassage(options: FirstPassageOptions = {}): Loss {
  checkOptions("loss", options, { ...windowNames, count: true });
  const least = wholeNumber("loss.count", options.count ?? 1, 1, 2 ** 20);
  const window = windowChecked(options);
  checkCalled(options.neuron);
  return ofNeurons(options.neuron, [0], (neurons) => {
    const features: CountFeature[] = [{ neurons, least, scale: () => 1 }];
    return countLoss({ kind: "first-passage", features, form: "identity", targets: [0], window });
  });
}

function counted(kind: string, options: SpikeCountOptions, scale: CountFeature["scale"]): Loss {
  checkOptions("loss", options, countNames);
  const window = windowChecked(options);
  checkCalled(options.neuron);
  const { target } = options;
  const error =
    options.error === undefined ? "mse" : oneOf("loss.error", options.error, Object.keys(forms) as CountError[]);
  const addedUp = (form: MeanDistance, wanted: number): Loss =>
    ofNeurons(options.neuron, [0], (neurons) =>
      countLoss({ kind, features: [{ neurons, least: undefined, scale }], form, targets: [wanted], window }),
    );
  if (target === undefined) {
    if (options.error !== undefined) fail("loss.error", "goes with a target; give one, or leave it out");
    return addedUp("identity", 0);
  }
  const form = forms[error];
  if (typeof target === "number") return addedUp(form, finiteNumber("loss.target", target));
  const targets = list("loss.target", target, "numbers").map((t, i) => finiteNumber(`loss.target[${i}]`, t));
  if (targets.length === 0) fail("loss.target", "has no number");
  const each = targets.map((_, s) => s);
  return ofNeurons(options.neuron, each, (neurons) => {
    if (neurons && neurons.length !== targets.length)
      fail("loss.target", `has ${targets.length} numbers for ${neurons.length} neurons; give one for each`);
    const features = each.map((s): CountFeature => ({ neurons: [neurons?.[s] ?? s], least: undefined, scale }));
    return countLoss({ kind, features, form, targets, window, ...(neurons ? {} : { neurons: targets.length }) });
  });
}

/** @throws SaltationError where the window is not within the solution's time. */
export function windowOf({ from, to }: Window, { t0, t1, dt, steps }: SolvePlan): CountWindow {
  const within = (field: string, time: number): number => {
    if (!(time >= t0 && time <= t1)) fail(field, `is ${time}, outside t0 = ${t0} to t1 = ${t1}`);
    return time;
  };
  const [begin, end] = [within("loss.from", from ?? t0), within("loss.to", to ?? t1)];
  if (!(begin < end)) fail("loss.to", `is ${end}; it must come after ${begin}`);
  const open = end === t1;
  return { from: (begin - t0) / dt, to: open ? steps + 1 : (end - t0) / dt, open };
}

/** Where counts within a window jump inside t0 to t1 (`Loss.jumpsInside`). */
export function windowJumps({ from, to }: Window, { t0, t1 }: Pick<SolvePlan, "t0" | "t1">): string | undefined {
  const [begin, end] = [from ?? t0, to ?? t1];
  if (begin <= t0 && end >= t1) return undefined;
  const [field, mend] = end < t1 ? [`"to" = ${end}`, `take t1 = ${end}`] : [`"from" = ${begin}`, "leave it out"];
  const jumps = `jumps where a spike crosses ${field}, before t1 = ${t1}`;
  return `${jumps}, and derivatives of paths see none come or go there; ${mend}, take estimator "score", or ask for the value alone ("with": [])`;
}

/** How many spikes of a path each feature counts. */
export function countsOf(
  features: readonly Pick<CountFeature, "neurons">[],
  spikes: TypedSpikes,
  begin: number,
  end: number,
): number[] {
  return features.map(({ neurons }) => {
    let count = 0;
    for (let n = 0; n < spikes.times.length; n++) {
      const t = spikes.times[n]!;
      if (t >= begin && t < end && (neurons?.includes(spikes.neurons[n]!) ?? true)) count++;
    }
    return count;
  });
}

/** What a feature makes of a count. */
const quantity = (count: number, { least }: CountFeature): number =>
  least === undefined ? count : Number(count >= least);

/** weight · Σ φ(mean − target) over features: φ(x) = x, x², |x|, or x² on one side of 0. */
function countLoss({ kind, features, form, targets, neurons: wanted, window }: Made): Loss {
  const weight = 1 / features.length;
  const { of, derivative } = distance[form];
  const lossOf = (means: readonly Estimate[]): number =>
    means.reduce((sum, e, s) => sum + weight * of(e.mean - targets[s]!), 0);
  const slopesOf = (means: readonly Estimate[]): number[] =>
    means.map((e, s) => weight * derivative(e.mean - targets[s]!));
  /** Of each path, how many spikes each feature counts; and what it makes of a number. */
  const counted = (spikes: readonly TypedSpikes[], plan: SolvePlan) => {
    const { open } = windowOf(window, plan);
    const [begin, end] = [window.from ?? plan.t0, open ? Number.POSITIVE_INFINITY : window.to!];
    const scales = features.map((f) => f.scale(plan, f.neurons));
    return {
      open,
      counts: spikes.map((one) => countsOf(features, one, begin, end)),
      valueAt: (n: number, s: number): number => scales[s]! * quantity(n, features[s]!),
    };
  };
  const ofMeans: LossOfMeans = {
    look(spikes, plan) {
      const { counts, valueAt } = counted(spikes, plan);
      return features.map((_, s) => Float64Array.from(counts, (row) => valueAt(row[s]!, s)));
    },
    value: lossOf,
    taken(spikes, values, means, plan) {
      const { open, counts, valueAt } = counted(spikes, plan);
      const { neurons } = plan.network;
      const coefficients = slopesOf(means);
      const horizon = counts.map((row) => {
        const adds = new Float64Array(neurons);
        features.forEach((f, s) => {
          const by = open ? (coefficients[s]! / plan.paths) * (valueAt(row[s]! + 1, s) - valueAt(row[s]!, s)) : 0;
          if (f.neurons) for (const k of f.neurons) adds[k]! += by;
          else for (let k = 0; k < neurons; k++) adds[k]! += by;
        });
        return adds;
      });
      return {
        cotangents: spikes.map((one) => new Float64Array(one.times.length)),
        horizon,
        pathValues: spikes.map((_, i) => coefficients.reduce((sum, c, s) => sum + c * values[s]![i]!, 0)),
      };
    },
  };
  return {
    kind,
    pathwise: form === "identity",
    horizon: true,
    checkPlan: (plan) => {
      windowOf(window, plan);
    },
    checkStops(plan) {
      const wanted = features.map(({ neurons, least, scale }, s) =>
        Math.ceil(least ?? (form === "identity" ? 0 : targets[s]! / scale(plan, neurons)) - 1e-9),
      );
      const spikes = wanted.reduce((sum, n) => sum + Math.max(0, n), 0);
      checkMaxSpikes(plan, spikes, kind, `asks for ${spikes} spikes of a path`);
    },
    check(network) {
      if (wanted !== undefined && wanted !== network.neurons) {
        fail("loss.target", `has ${wanted} counts; the network has ${network.neurons} neurons`);
      }
      for (const k of features.flatMap((f) => f.neurons ?? [])) {
        if (k >= network.neurons) fail("loss.neuron", `is ${k}; the network has neurons 0 to ${network.neurons - 1}`);
      }
    },
    jumpsInside: (plan) => windowJumps(window, plan),
    ofMeans,
    evaluate(spikes, plan) {
      const all = { first: 0 };
      const values = ofMeans.look(spikes, plan, all);
      const means = values.map((row) => estimateOf(row, plan.antithetic));
      const taken = ofMeans.taken(spikes, values, means, { ...plan, paths: spikes.length }, all);
      return { value: lossOf(means), ...taken, means };
    },
    async gpu(gpu, plan, recordWords) {
      const { GpuSpikeCount } = await import("./gpu-spike-count.js");
      return GpuSpikeCount.create(gpu, plan, recordWords, {
        features,
        window: windowOf(window, plan),
        form,
        targets,
        lossOf,
      });
    },
  };
}
