/**
 * Learning-rate schedules with the definitions of optax (DeepMind): plain JSON, and functions of the number of updates
 * made so far alone, so that a run that goes on from a checkpoint meets the same rates.
 */
import {
  checkOptions,
  fail,
  list,
  type Names,
  nonNegative,
  oneOf,
  positiveNumber,
  show,
  wholeNumber,
} from "../checks.js";

/** values[0] until step boundaries[0], values[1] from there on, … (optax.join_schedules of constants). */
export interface PiecewiseConstant {
  readonly kind: "piecewise-constant";
  readonly boundaries: readonly number[];
  /** One more than boundaries. */
  readonly values: readonly number[];
}

/** optax.exponential_decay: initValue · decayRate^((step − transitionBegin) / transitionSteps), bounded by endValue. */
export interface ExponentialDecay {
  readonly kind: "exponential-decay";
  readonly initValue: number;
  readonly transitionSteps: number;
  readonly decayRate: number;
  /** Steps before the decay begins. Default 0. */
  readonly transitionBegin?: number;
  /** Decay in whole transitions. Default false. */
  readonly staircase?: boolean;
  readonly endValue?: number;
}

/** optax.cosine_decay_schedule: initValue · ((1 − alpha) · (½ (1 + cos(π · step / decaySteps)))^exponent + alpha). */
export interface CosineDecay {
  readonly kind: "cosine-decay";
  readonly initValue: number;
  readonly decaySteps: number;
  /** The part of initValue that remains. Default 0. */
  readonly alpha?: number;
  /** Default 1. */
  readonly exponent?: number;
}

/**
 * optax.warmup_cosine_decay_schedule: linear from initValue to peakValue in warmupSteps, then a cosine to endValue, which
 * is reached at step decaySteps (the warm-up is part of them).
 */
export interface WarmupCosineDecay {
  readonly kind: "warmup-cosine-decay";
  readonly initValue: number;
  readonly peakValue: number;
  readonly warmupSteps: number;
  readonly decaySteps: number;
  /** Default 0. */
  readonly endValue?: number;
  /** Default 1. */
  readonly exponent?: number;
}

export type Schedule = PiecewiseConstant | ExponentialDecay | CosineDecay | WarmupCosineDecay;

const scheduleNames: { readonly [K in Schedule["kind"]]: Names<Extract<Schedule, { kind: K }>> } = {
  "piecewise-constant": { kind: true, boundaries: true, values: true },
  "exponential-decay": {
    kind: true,
    initValue: true,
    transitionSteps: true,
    decayRate: true,
    transitionBegin: true,
    staircase: "boolean",
    endValue: true,
  },
  "cosine-decay": { kind: true, initValue: true, decaySteps: true, alpha: true, exponent: true },
  "warmup-cosine-decay": {
    kind: true,
    initValue: true,
    peakValue: true,
    warmupSteps: true,
    decaySteps: true,
    endValue: true,
    exponent: true,
  },
};

/** A constant, a schedule, or a function of the number of updates made so far. */
export type LearningRate = number | Schedule | ((step: number) => number);

const field = "optimiser.learningRate";
const mostSteps = 2 ** 31;

const above = (name: string, value: unknown): number => positiveNumber(`${field}.${name}`, value);

const atLeastZero = (name: string, value: unknown): number => nonNegative(`${field}.${name}`, value);

const count = (name: string, value: unknown, least: number): number =>
  wholeNumber(`${field}.${name}`, value, least, mostSteps);

function piecewiseConstant(s: PiecewiseConstant): (step: number) => number {
  const values = list(`${field}.values`, s.values, "numbers").map((v, i) => atLeastZero(`values[${i}]`, v));
  const boundaries = list(`${field}.boundaries`, s.boundaries, "numbers").map((b, i) =>
    count(`boundaries[${i}]`, b, 1),
  );
  if (values.length !== boundaries.length + 1) {
    fail(`${field}.values`, `expected one more than the ${boundaries.length} boundaries, got ${values.length}`);
  }
  boundaries.forEach((b, i) => {
    if (i > 0 && b <= boundaries[i - 1]!) {
      fail(`${field}.boundaries[${i}]`, `is ${b}, but the one before is ${boundaries[i - 1]}; they must grow`);
    }
  });
  return (step) => values[boundaries.filter((b) => step >= b).length]!;
}

function exponentialDecay(s: ExponentialDecay): (step: number) => number {
  const first = above("initValue", s.initValue);
  const steps = count("transitionSteps", s.transitionSteps, 1);
  const decay = above("decayRate", s.decayRate);
  const begin = count("transitionBegin", s.transitionBegin ?? 0, 0);
  const { endValue, staircase = false } = s;
  if (endValue !== undefined) atLeastZero("endValue", endValue);
  return (step) => {
    const periods = (step - begin) / steps;
    const rate = step <= begin ? first : first * decay ** (staircase ? Math.floor(periods) : periods);
    if (endValue === undefined) return rate;
    return decay < 1 ? Math.max(rate, endValue) : Math.min(rate, endValue);
  };
}

/** The share of a cosine decay that is left, from 1 at step 0 to alpha at step decaySteps. */
function cosine(step: number, decaySteps: number, alpha: number, exponent: number): number {
  const left = 0.5 * (1 + Math.cos((Math.PI * Math.min(step, decaySteps)) / decaySteps));
  return (1 - alpha) * left ** exponent + alpha;
}

function cosineDecay(s: CosineDecay): (step: number) => number {
  const first = above("initValue", s.initValue);
  const steps = count("decaySteps", s.decaySteps, 1);
  const alpha = atLeastZero("alpha", s.alpha ?? 0);
  const exponent = above("exponent", s.exponent ?? 1);
  return (step) => first * cosine(step, steps, alpha, exponent);
}

function warmupCosineDecay(s: WarmupCosineDecay): (step: number) => number {
  const first = atLeastZero("initValue", s.initValue);
  const peak = above("peakValue", s.peakValue);
  const warmup = count("warmupSteps", s.warmupSteps, 0);
  const steps = count("decaySteps", s.decaySteps, 1);
  if (steps <= warmup) {
    fail(`${field}.decaySteps`, `is ${steps}, but the ${warmup} warmupSteps are part of them; give more`);
  }
  const alpha = atLeastZero("endValue", s.endValue ?? 0) / peak;
  const exponent = above("exponent", s.exponent ?? 1);
  return (step) =>
    step < warmup
      ? (first - peak) * (1 - step / warmup) + peak
      : peak * cosine(step - warmup, steps - warmup, alpha, exponent);
}

/** The rates that the kinds make of what they are told. */
const schedules = {
  "piecewise-constant": piecewiseConstant,
  "exponential-decay": exponentialDecay,
  "cosine-decay": cosineDecay,
  "warmup-cosine-decay": warmupCosineDecay,
};

/**
 * The learning rate as a function of the number of updates made so far.
 * @throws SaltationError `invalid-input` naming the setting that does not fit.
 */
export function learningRateAt(rate: LearningRate): (step: number) => number {
  if (typeof rate === "function") return rate;
  if (typeof rate === "number") {
    positiveNumber(field, rate);
    return () => rate;
  }
  if (typeof rate !== "object" || rate === null) fail(field, `expected a number or a schedule, got ${show(rate)}`);
  const kind = oneOf(`${field}.kind`, rate.kind, Object.keys(schedules) as Schedule["kind"][]);
  checkOptions(field, rate, scheduleNames[kind]);
  return schedules[kind](rate as never);
}
