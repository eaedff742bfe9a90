/** What a value and gradient come as. */
import { SaltationError } from "../errors.js";
import type { Discretisation } from "../plan/discretisation.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { Estimate } from "../reduce/statistics.js";
import type { Estimator } from "./estimator.js";

/** What an evaluation gives of the value. */
export interface Valued {
  readonly value: number;
  /**
   * Standard error of the value over the paths, to first order; NaN (null in JSON) for a single path, or a single pair
   * of antithetic ones: there is none. Where `valueAndGradient` takes it from batches of paths
   * (signature MMD and score), it is too large near laws that are equal: there the first order vanishes. Of samples it is that of a
   * mean over other samples drawn as these were, a path each: how samples differ counts as chance. So it is with the gradient's.
   */
  readonly standardError: number;
  /** Means that the loss is made of, in its order, with standard errors: times of the spikes that it selects, or counts. */
  readonly means: readonly Estimate[];
  readonly saturatedPaths: number;
  /** What is known to be doubtful in these numbers, one line each; undefined where nothing is. */
  readonly warnings?: readonly string[] | undefined;
}

/** What an evaluation gives: `ValueAndGradient` without a verdict. */
export interface Evaluated extends Valued {
  /** Gradient of each parameter asked for, in the shape in which it was given. */
  readonly gradient: Record<string, unknown>;
  /**
   * Standard errors of the gradient over the paths. Of losses that are not the mean of what each path gives alone
   * (`Loss.pathwise`) they come from batches of other paths, by `valueAndGradient` only: of 8 to 32, so that they are
   * themselves known to 27 to 13 %. Elsewhere those are NaN.
   */
  readonly gradientStandardError: Record<string, unknown>;
  /** The error that the run owes to its step, where that was asked for (`GradientOptions.discretisation`). */
  readonly discretisation?: Discretisation | undefined;
  /** Gradient as one vector in the order of the requested views, and its standard errors. */
  readonly flat: Float64Array;
  readonly flatErrors: Float64Array;
  /**
   * Of estimator `mix`: what each that went into it says.
   * @internal
   */
  readonly parts?: Readonly<Partial<Record<MixedPart, EstimatorPart>>>;
}

/** What goes into a mix: derivatives of paths, with the horizon term where there is one, and the score. */
export type MixedPart = "derivatives" | "score";

/** A gradient by one estimator, with its standard errors, as vectors like `Evaluated.flat`. */
export interface EstimatorPart {
  readonly flat: Float64Array;
  readonly errors: Float64Array;
}

/** What is known of the mean of a gradient. */
export interface MeanVerdict {
  /**
   * Whether the mean of the gradient is known to be the derivative of the mean of the loss, for the solution with steps
   * of dt: false where it is known not to be, or could not be proven.
   */
  readonly unbiased: boolean;
  /** What is violated, or could not be proven, each with its mend in one line: empty where `unbiased`. */
  readonly because: readonly string[];
  /** What the gradient is made of. */
  readonly terms: readonly GradientTerm[];
}

/**
 * A part of a gradient: how spikes move with the parameters (`pathwise`); which appear and vanish at t1 (`horizon`). That of a
 * log-likelihood is exact (`likelihood`). Or none of these: how probable each path is (`score`).
 */
export type GradientTerm = "pathwise" | "horizon" | "likelihood" | "score";

export interface ValueAndGradient extends Evaluated, MeanVerdict {
  /** How the gradient was estimated; absent for log-likelihoods, whose gradient is no mean over random paths. */
  readonly estimator?: Estimator;
  /**
   * Standard deviation of what one path gives to the gradient, by estimator: of the one that was taken and, of a mix, of those that
   * went into it too. A standard error is this over √paths.
   */
  readonly spread?: Readonly<Partial<Record<Estimator, Record<string, unknown>>>>;
}

export function notFinite(plan: SolvePlan): SaltationError {
  return new SaltationError(
    "not-finite",
    "the value or its gradient is infinite or NaN: the event function's rate ∇E·f came close to 0 at a spike (where a path only " +
      "touches the surface of an event or of a condition, no step mends that: change parameters), or " +
      `the parameters are too large for dt = ${plan.dt}; take a smaller dt or check their values`,
  );
}

/**
 * @param rows estimates of value and gradient; the first is not looked at.
 * @throws SaltationError `not-finite` where the value, or a mean of the gradient, is not a finite number.
 */
export function checkEstimates(plan: SolvePlan, value: number, rows: readonly Estimate[]): void {
  if (!Number.isFinite(value) || !rows.slice(1).every((e) => Number.isFinite(e.mean))) throw notFinite(plan);
}

/** Numbers of the views, one after the other, in the shapes of the parameters. */
export function shapedEntries(views: readonly View[], flat: Float64Array): Record<string, unknown> {
  const shaped: Record<string, unknown> = {};
  let at = 0;
  for (const { asked, length, shape } of views) {
    shaped[asked] = shape(flat.slice(at, at + length));
    at += length;
  }
  return shaped;
}

/**
 * Puts estimates of value and gradient rows into the shapes of the parameters.
 * @param pathwise whether rows of the gradient are independent of each other, so that their standard errors are its.
 */
export function assembleResult(
  value: number,
  views: readonly View[],
  rows: readonly Estimate[],
  means: readonly Estimate[],
  saturatedPaths: number,
  pathwise: boolean,
): Evaluated {
  const flat = Float64Array.from(rows.slice(1), (e) => e.mean);
  const errors = Float64Array.from(rows.slice(1), (e) => (pathwise ? e.standardError : Number.NaN));
  return {
    value,
    standardError: rows[0]!.standardError,
    gradient: shapedEntries(views, flat),
    gradientStandardError: shapedEntries(views, errors),
    means,
    saturatedPaths,
    flat,
    flatErrors: errors,
  };
}
