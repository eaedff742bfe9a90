/**
 * Optimisers with the definitions of optax (DeepMind), so that settings carry over from JAX. An optimiser turns a
 * gradient into the change to add to the parameters; its state is plain numbers, to be stored in checkpoints.
 */
import { checkOptions, fail, finiteNumber, type Names, nonNegative } from "../checks.js";
import { type LearningRate, learningRateAt } from "./schedule.js";

export interface OptimiserState {
  /** Updates made so far. */
  step: number;
  /** Accumulators by name, each as long as the parameters. */
  slots: Record<string, number[]>;
}

/** All settings of an optimiser, defaults filled in. */
export type OptimiserSettings =
  | { readonly kind: "sgd"; readonly learningRate: LearningRate; readonly momentum: number; readonly nesterov: boolean }
  | {
      readonly kind: "rmsprop";
      readonly learningRate: LearningRate;
      readonly decay: number;
      readonly eps: number;
      readonly momentum: number | undefined;
      readonly nesterov: boolean;
      readonly centered: boolean;
      readonly initialScale: number;
    }
  | {
      readonly kind: "adam";
      readonly learningRate: LearningRate;
      readonly b1: number;
      readonly b2: number;
      readonly eps: number;
      readonly epsRoot: number;
    }
  | {
      readonly kind: "adamw";
      readonly learningRate: LearningRate;
      readonly b1: number;
      readonly b2: number;
      readonly eps: number;
      readonly epsRoot: number;
      readonly weightDecay: number;
    };

export interface Optimiser {
  readonly settings: OptimiserSettings;
  /** The learning rate of the update after so many. */
  rate(step: number): number;
  init(size: number): OptimiserState;
  /**
   * The change to add to the parameters; moves the state on.
   * @param values of the parameters, of which weight decay takes a part.
   */
  update(gradient: ArrayLike<number>, state: OptimiserState, values?: ArrayLike<number>): Float64Array;
}

function fraction(field: string, value: number): number {
  if (!(finiteNumber(field, value) >= 0 && value < 1)) fail(field, `expected a number from 0 to below 1, got ${value}`);
  return value;
}

const zeros = (size: number): number[] => new Array<number>(size).fill(0);

/** optax.trace: trace ← decay · trace + update; with Nesterov the update is looked ahead by one more step. */
function trace(slot: number[], i: number, update: number, decay: number, nesterov: boolean): number {
  slot[i] = update + decay * slot[i]!;
  return nesterov ? update + decay * slot[i]! : slot[i]!;
}

export interface SgdOptions {
  learningRate: LearningRate;
  momentum?: number;
  nesterov?: boolean;
}

const sgdNames: Names<SgdOptions> = { learningRate: true, momentum: true, nesterov: "boolean" };

/** optax.sgd: momentum traces the gradient, then the learning rate scales it. */
export function sgd(options: SgdOptions): Optimiser {
  checkOptions("optimiser", options, sgdNames);
  const { learningRate, nesterov = false } = options;
  const rateAt = learningRateAt(learningRate);
  const momentum = fraction("optimiser.momentum", options.momentum ?? 0);
  return {
    settings: { kind: "sgd", learningRate, momentum, nesterov },
    rate: rateAt,
    init: (size) => ({ step: 0, slots: { trace: zeros(size) } }),
    update(gradient, state) {
      const rate = rateAt(state.step++);
      const slot = state.slots.trace!;
      return Float64Array.from(slot, (_, i) => -rate * trace(slot, i, gradient[i]!, momentum, nesterov));
    },
  };
}

export interface RmspropOptions {
  learningRate: LearningRate;
  decay?: number;
  eps?: number;
  momentum?: number;
  nesterov?: boolean;
  centered?: boolean;
  initialScale?: number;
}

const rmspropNames: Names<RmspropOptions> = {
  learningRate: true,
  decay: true,
  eps: true,
  momentum: true,
  nesterov: "boolean",
  centered: "boolean",
  initialScale: true,
};

/**
 * optax.rmsprop: nu ← decay · nu + (1 - decay) g²; g / √(nu + eps), centred by the mean gradient where asked; scaled by
 * the learning rate, and only then traced by momentum. No bias correction.
 */
export function rmsprop(options: RmspropOptions): Optimiser {
  checkOptions("optimiser", options, rmspropNames);
  const { learningRate, nesterov = false, centered = false, initialScale = 0 } = options;
  const rateAt = learningRateAt(learningRate);
  const decay = fraction("optimiser.decay", options.decay ?? 0.9);
  const eps = nonNegative("optimiser.eps", options.eps ?? 1e-8);
  const momentum = options.momentum === undefined ? undefined : fraction("optimiser.momentum", options.momentum);
  nonNegative("optimiser.initialScale", initialScale);
  return {
    settings: { kind: "rmsprop", learningRate, decay, eps, momentum, nesterov, centered, initialScale },
    rate: rateAt,
    init: (size) => ({
      step: 0,
      slots: { nu: new Array<number>(size).fill(initialScale), mu: zeros(size), trace: zeros(size) },
    }),
    update(gradient, state) {
      const rate = rateAt(state.step++);
      const {
        nu,
        mu,
        trace: slot,
      } = state.slots as Record<string, number[]> & { nu: number[]; mu: number[]; trace: number[] };
      return Float64Array.from(nu, (_, i) => {
        const g = gradient[i]!;
        nu[i] = decay * nu[i]! + (1 - decay) * g * g;
        mu[i] = centered ? decay * mu[i]! + (1 - decay) * g : 0;
        const scaled = (-rate * g) / Math.sqrt(nu[i]! - mu[i]! ** 2 + eps);
        return momentum === undefined ? scaled : trace(slot, i, scaled, momentum, nesterov);
      });
    },
  };
}

export interface AdamOptions {
  learningRate: LearningRate;
  b1?: number;
  b2?: number;
  eps?: number;
  epsRoot?: number;
}

const adamNames: Names<AdamOptions> = {
  learningRate: true,
  b1: true,
  b2: true,
  eps: true,
  epsRoot: true,
};

type Moments = Omit<Extract<OptimiserSettings, { kind: "adam" }>, "kind">;

function momentsOf(options: AdamOptions): Moments {
  const { learningRate } = options;
  return {
    learningRate,
    b1: fraction("optimiser.b1", options.b1 ?? 0.9),
    b2: fraction("optimiser.b2", options.b2 ?? 0.999),
    eps: nonNegative("optimiser.eps", options.eps ?? 1e-8),
    epsRoot: nonNegative("optimiser.epsRoot", options.epsRoot ?? 0),
  };
}

/** optax.scale_by_adam, before the learning rate. */
function scaledByMoments({ b1, b2, eps, epsRoot }: Moments, g: number, i: number, state: OptimiserState): number {
  const { m, v } = state.slots as { m: number[]; v: number[] };
  m[i] = b1 * m[i]! + (1 - b1) * g;
  v[i] = b2 * v[i]! + (1 - b2) * g * g;
  const mHat = m[i]! / (1 - b1 ** state.step);
  const vHat = v[i]! / (1 - b2 ** state.step);
  return mHat / (Math.sqrt(vHat + epsRoot) + eps);
}

const noMoments = (size: number): OptimiserState => ({ step: 0, slots: { m: zeros(size), v: zeros(size) } });

/** optax.adam: bias-corrected first and second moments; m̂ / (√(v̂ + epsRoot) + eps). Kingma & Ba (2015). */
export function adam(options: AdamOptions): Optimiser {
  checkOptions("optimiser", options, adamNames);
  const rateAt = learningRateAt(options.learningRate);
  const moments = momentsOf(options);
  return {
    settings: { kind: "adam", ...moments },
    rate: rateAt,
    init: noMoments,
    update(gradient, state) {
      const rate = rateAt(state.step++);
      return Float64Array.from(gradient, (g, i) => -rate * scaledByMoments(moments, g, i, state));
    },
  };
}

export interface AdamwOptions extends AdamOptions {
  /** Part of a parameter's value that is taken off in a step, times the learning rate; default 1e-4. */
  weightDecay?: number;
}

/**
 * optax.adamw: Adam, with the decay of weights kept out of its moments: `learningRate · weightDecay` of each value is taken
 * off in a step. Of a constrained parameter, of its unconstrained coordinate. Loshchilov & Hutter (2019).
 */
export function adamw(options: AdamwOptions): Optimiser {
  checkOptions("optimiser", options, { ...adamNames, weightDecay: true });
  const rateAt = learningRateAt(options.learningRate);
  const moments = momentsOf(options);
  const weightDecay = nonNegative("optimiser.weightDecay", options.weightDecay ?? 1e-4);
  return {
    settings: { kind: "adamw", ...moments, weightDecay },
    rate: rateAt,
    init: noMoments,
    update(gradient, state, values) {
      if (values?.length !== gradient.length) {
        fail("optimiser", "adamw takes a part of the values: update(gradient, state, values) needs them");
      }
      const rate = rateAt(state.step++);
      return Float64Array.from(
        gradient,
        (g, i) => -rate * (scaledByMoments(moments, g, i, state) + weightDecay * values[i]!),
      );
    },
  };
}

const makers = { sgd, rmsprop, adam, adamw };

/** The optimiser of these settings. */
export function optimiserOf({ kind, ...options }: OptimiserSettings): Optimiser {
  return makers[kind](options as RmspropOptions);
}
