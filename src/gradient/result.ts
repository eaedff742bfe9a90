/** What a value and gradient come as. */
import type { View } from "../solve/layout.js";
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
