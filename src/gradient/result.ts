/** What a value and gradient come as. */
import { SaltationError } from "../errors.js";
import type { View } from "../solve/layout.js";
import type { SolvePlan } from "../solve/plan.js";
import type { Estimate } from "./statistics.js";

export interface ValueAndGradient {
  readonly value: number;
  /** Standard error of the value over the paths (to first order, for losses that are not linear in the mean times). */
  readonly standardError: number;
  /** Gradient of each parameter asked for, in the shape in which it was given. */
  readonly gradient: Record<string, unknown>;
  readonly gradientStandardError: Record<string, unknown>;
  /** Mean times of the spikes that the loss selects, in its order, with their standard errors. */
  readonly means: readonly Estimate[];
  readonly saturatedPaths: number;
  /** Gradient as one vector in the order of the requested views. */
  readonly flat: Float64Array;
}

export function notFinite(plan: SolvePlan): SaltationError {
  return new SaltationError(
    "not-finite",
    "the value or its gradient is infinite or NaN: the event function's rate ∇E·f came close to 0 at a spike, or " +
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

/** Puts estimates of value and gradient rows into the shapes of the parameters. */
export function assembleResult(
  value: number,
  views: readonly View[],
  rows: readonly Estimate[],
  means: readonly Estimate[],
  saturatedPaths: number,
): ValueAndGradient {
  const gradient: Record<string, unknown> = {};
  const gradientStandardError: Record<string, unknown> = {};
  let at = 1;
  for (const view of views) {
    const part = rows.slice(at, at + view.length);
    gradient[view.name] = view.shape(part.map((e) => e.mean));
    gradientStandardError[view.name] = view.shape(part.map((e) => e.standardError));
    at += view.length;
  }
  return {
    value,
    standardError: rows[0]!.standardError,
    gradient,
    gradientStandardError,
    means,
    saturatedPaths,
    flat: Float64Array.from(rows.slice(1), (e) => e.mean),
  };
}
