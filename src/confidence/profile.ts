/**
 * Profile likelihood of one entry: log L at its values, maximised over all others. The interval holds the values at which twice what
 * is lost stays below the quantile of χ² with one degree of freedom (Venzon & Moolgavkar, Appl. Statist. 37, 1988), however
 * skew log L is. Its ends are where the signed root √(2 (max log L − log L)), which is almost a straight line, is z.
 */
import type { Fit, Point } from "./fit.js";
import { maximise } from "./maximise.js";

export interface Profile {
  readonly parameter: string;
  /**
   * Where the profile crosses the threshold; −∞, ∞ or a bound where it stays above it up to there: the data do not bound the
   * parameter on that side.
   */
  readonly interval: readonly [lower: number, upper: number];
  /** Values in ascending order, and max log L − log L at each. */
  readonly points: readonly { readonly value: number; readonly loss: number }[];
  /** What is doubtful about it. */
  readonly warnings: readonly string[];
}

/** How near the root comes to z, relatively. */
const close = 1e-4;
/** Standard errors after which a side counts as open. */
const farthest = 100;

interface Side {
  readonly end: number;
  readonly points: { x: number; loss: number }[];
}

/** Searches for an end, from the maximum outwards. */
async function sideOf(
  lossAt: (x: number) => Promise<number | undefined>,
  from: number,
  step: number,
  z: number,
): Promise<Side> {
  const points: Side["points"] = [];
  const rootAt = async (x: number): Promise<number | undefined> => {
    const loss = await lossAt(x);
    if (loss !== undefined) points.push({ x, loss });
    return loss === undefined ? undefined : Math.sqrt(2 * Math.max(0, loss));
  };
  // Distances in standard errors: known to be inside, with its root; and outside, where log L may not exist.
  let inside = { at: 0, root: 0 };
  let outside: { at: number; root: number | undefined } | undefined;
  let next = z;
  for (let tries = 0; tries < 60; tries++) {
    const root = await rootAt(from + step * next);
    if (root !== undefined && Math.abs(root - z) < close * z) return { end: from + step * next, points };
    if (root === undefined || root > z) outside = { at: next, root };
    else inside = { at: next, root };
    if (!outside) {
      if (inside.at > farthest) return { end: step < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY, points };
      next = inside.at * Math.min(3, Math.max(1.05, z / inside.root));
      continue;
    }
    const width = outside.at - inside.at;
    // Nothing is beyond but what the cell does not take.
    if (width < 1e-6 * outside.at) return { end: from + step * outside.at, points };
    const secant = outside.root === undefined ? 0.5 : (z - inside.root) / (outside.root - inside.root);
    next = inside.at + width * Math.min(0.95, Math.max(0.05, secant));
  }
  return { end: from + step * inside.at, points };
}

/**
 * @param best the maximum.
 * @param covariance of the entries there.
 * @param z of the level: `normalQuantile`.
 */
export async function profileOf(
  fit: Fit,
  best: Point,
  covariance: readonly (readonly number[])[],
  j: number,
  z: number,
): Promise<Profile> {
  const others = fit.entries.map((_, i) => i).filter((i) => i !== j);
  const variance = covariance[j]![j]!;
  const rest = others.map((a) =>
    others.map((b) => covariance[a]![b]! - (covariance[a]![j]! * covariance[b]![j]!) / variance),
  );
  const warnings = new Set<string>();
  const { transform, parameter, lower, upper } = fit.entries[j]!;
  const lossAt = async (x: number): Promise<number | undefined> => {
    // The others go along with it as log L of a normal law would have them.
    const there = best.x.map((v, i) => v + (covariance[i]![j]! / variance) * (x - best.x[j]!));
    there[j] = x;
    const value = transform.value(x);
    if (!(value > lower && value < upper)) return undefined;
    const held = fit.holding(there, others);
    const start =
      (await held.tried(Float64Array.from(others, (i) => there[i]!))) ??
      (await held.tried(Float64Array.from(others, (i) => best.x[i]!)));
    if (!start) return undefined;
    const loss = best.value - (await maximise(held, start, rest)).value;
    if (loss < -1e-6) warnings.add(`log L is higher by ${(-loss).toPrecision(3)} nats elsewhere: fit again from there`);
    return loss;
  };
  const [centre, sigma] = [best.x[j]!, Math.sqrt(variance)];
  const points: Side["points"] = [{ x: centre, loss: 0 }];
  const ends: number[] = [];
  for (const sign of [-1, 1]) {
    const half = centre + (sign * z * sigma) / 2;
    const loss = await lossAt(half);
    if (loss !== undefined) points.push({ x: half, loss });
    const side = await sideOf(lossAt, centre, sign * sigma, z);
    points.push(...side.points);
    ends.push(transform.value(side.end));
  }
  points.sort((a, b) => a.x - b.x);
  return {
    parameter,
    interval: [ends[0]!, ends[1]!],
    points: points.map(({ x, loss }) => ({ value: transform.value(x), loss })),
    warnings: [...warnings].map((w) => `profile of ${parameter}: ${w}`),
  };
}
