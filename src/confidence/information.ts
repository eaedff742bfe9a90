/**
 * The observed Fisher information J = −∂²log L/∂x²: central differences of the exact gradient, which the twin has in float64.
 *
 * The step is a hundredth of what a coordinate is known to with the others held, h = 0.01/√J_jj: in that unit log L of n
 * spikes is a parabola but for parts of 1/√n, whatever the unit of the parameter. Rounding of the gradient (some 1e-14 of √n in
 * that unit) makes 1e-12 of J. Differences by h and 2h give the fourth order, (4 D(h) − D(2h))/3, and how far that is from D(h)
 * is told as the error: it is above that of the result, and sees kinks of log L too. The information is symmetric, its
 * differences need not be; that is the other half of the error.
 */
import { fail } from "../checks.js";
import type { Fit, Point } from "./fit.js";
import { type Eigen, eigenOf, functionOf } from "./symmetric.js";

/** Part of a coordinate's spread that a step is. */
const part = 0.01;
/** A coordinate is lost where a tenth of its value (of 1 where it is less) changes log L by less than so many nats. */
const leastChange = 1e-6;
/** An information with a larger error is none. */
const mostError = 0.01;

export interface Information {
  readonly matrix: readonly (readonly number[])[];
  /** √J_jj, by which `scaled` has 1 on its diagonal. */
  readonly scales: readonly number[];
  /** Of J_ij/√(J_ii J_jj). */
  readonly scaled: Eigen;
  /** Of the entries of J_ij/√(J_ii J_jj), the largest that was measured. */
  readonly error: number;
}

const moved = (x: Float64Array, j: number, by: number): Float64Array => {
  const to = Float64Array.from(x);
  to[j]! += by;
  return to;
};

/** −∂gradient/∂x_j by a central difference; undefined where log L does not exist so far away. */
export async function slope(fit: Fit, x: Float64Array, j: number, h: number): Promise<number[] | undefined> {
  const [above, below] = [await fit.tried(moved(x, j, h)), await fit.tried(moved(x, j, -h))];
  if (!above || !below) return undefined;
  // What was added and taken away, rounded as it was.
  const width = above.x[j]! - below.x[j]!;
  return fit.entries.map((_, i) => (below.gradient[i]! - above.gradient[i]!) / width);
}

/** How far a coordinate is changed to see whether log L curves along it. */
const reach = (x: number): number => Math.max(0.1, 0.1 * Math.abs(x));

/** The step of a coordinate; undefined where log L does not curve along it. */
export async function stepOf(fit: Fit, x: Float64Array, j: number): Promise<number | undefined> {
  let most = reach(x[j]!);
  // A value may be 0, or next to it by chance: steps grow until they are seen.
  let h = 1e-4 * (Math.abs(x[j]!) || 1);
  for (let tries = 0; tries < 40; tries++) {
    const curvature = (await slope(fit, x, j, h))?.[j];
    if (curvature === undefined) {
      most = h / 2;
      h /= 10;
    } else if (Math.abs(curvature) * h * h > 1e-9) {
      // Enough to be told from rounding: how far a hundredth of the spread is.
      const wanted = Math.min(part / Math.sqrt(Math.abs(curvature)), most / 2);
      if (wanted > h / 30 && wanted < 30 * h) return wanted;
      h = wanted;
    } else if (h < most) h = Math.min(most, 100 * h);
    else break;
  }
  return undefined;
}

/** Says that log L does not curve along an entry. */
function flat(fit: Fit, { x, gradient }: Point, j: number): never {
  const { parameter } = fit.entries[j]!;
  const by = reach(x[j]!);
  if (Math.abs(gradient[j]!) * by > 1e3 * leastChange) {
    fail(
      "trainable",
      `log L is not at a maximum: it does not curve along ${parameter}, but grows; leave it out, or fix it`,
    );
  }
  const change = `a change of it by ${by} moves log L by less than ${leastChange} nats`;
  return fail("trainable", `the data do not determine ${parameter}: ${change}; leave it out, or fix it`);
}

/**
 * @throws SaltationError `invalid-input` where log L does not depend on an entry, is no maximum along one, or is not smooth.
 */
export async function informationAt(fit: Fit, point: Point): Promise<Information> {
  const { x } = point;
  const n = fit.entries.length;
  const rows: number[][] = [];
  const far: number[] = [];
  for (let j = 0; j < n; j++) {
    const h = (await stepOf(fit, x, j)) ?? flat(fit, point, j);
    const [near, twice] = [await slope(fit, x, j, h), await slope(fit, x, j, 2 * h)];
    const { parameter } = fit.entries[j]!;
    if (!near || !twice) {
      fail(
        "trainable",
        `log L does not exist on both sides of ${parameter}: a spike has likelihood 0 there, or a bound is near`,
      );
    }
    rows.push(near.map((d, i) => (4 * d - twice[i]!) / 3));
    far.push(...near.map((d, i) => Math.abs(d - rows[j]![i]!)));
    if (!(rows[j]![j]! > 0)) {
      const mend = 'train on, or let "refine" go to the maximum';
      fail("trainable", `log L is not at a maximum: it curves upwards along ${parameter}; ${mend}`);
    }
  }
  const scales = rows.map((row, i) => Math.sqrt(row[i]!));
  let error = 0;
  let worst = [0, 0];
  const matrix = rows.map((row, i) => row.map((a, j) => (a + rows[j]![i]!) / 2));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const off = Math.max(far[i * n + j]!, Math.abs(rows[i]![j]! - rows[j]![i]!) / 2) / scales[i]! / scales[j]!;
      if (off > error) [error, worst] = [off, [i, j]];
    }
  }
  if (error > mostError) {
    const names = [...new Set(worst)].map((i) => fit.entries[i]!.parameter).join(" and ");
    const why = "log L has kinks or jumps there, as where the time of a condition passes that of a spike";
    fail(
      "trainable",
      `second derivatives of log L by ${names} differ by ${(100 * error).toPrecision(2)} % from step to step: ${why}`,
    );
  }
  const scaled = eigenOf(matrix.map((row, i) => row.map((a, j) => a / scales[i]! / scales[j]!)));
  return { matrix, scales, scaled, error };
}

/** The entries that make up most of a direction, with their signs. */
function named(fit: Fit, direction: readonly number[]): string {
  const largest = Math.max(...direction.map(Math.abs));
  const many = direction.flatMap((v, i) => (Math.abs(v) > 0.1 * largest ? [fit.entries[i]!.parameter] : []));
  return many.length > 1 ? `${many.slice(0, -1).join(", ")} and ${many.at(-1)}` : many[0]!;
}

/**
 * The inverse: variances and covariances of the entries' coordinates.
 * @throws SaltationError `invalid-input` naming the entries that the data cannot tell apart.
 */
export function covarianceOf(fit: Fit, { scaled, scales, error }: Information): number[][] {
  const least = scaled.values[0]!;
  const names = named(fit, scaled.vectors[0]!);
  // A direction whose information is as small as its error may have none.
  const floor = Math.max(20 * error, 1e-11);
  if (least < -floor) {
    fail(
      "trainable",
      `log L is not at a maximum: it curves upwards along ${names}; train on, or let "refine" go to the maximum`,
    );
  }
  if (least <= floor) {
    fail(
      "trainable",
      `the data cannot tell ${names} apart: log L is flat where they change together; fix one of them, or leave it out`,
    );
  }
  return functionOf(scaled, (v) => 1 / v).map((row, i) => row.map((c, j) => c / scales[i]! / scales[j]!));
}
