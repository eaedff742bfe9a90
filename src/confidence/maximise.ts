/** The maximum of a log-likelihood from near by: quasi-Newton steps (BFGS) with the exact gradient. */
import { fail } from "../checks.js";
import type { Fit, Point } from "./fit.js";
import { slope, stepOf } from "./information.js";
import { eigenOf, form, functionOf } from "./symmetric.js";

/** What another step would add to log L is below this, in nats: 1e-4 standard errors away. */
const enough = 5e-9;
const mostSteps = 200;

/**
 * About the inverse of the information, by differences of the gradient: directions along which log L curves upwards or hardly at
 * all are taken as if it curved down, by a thousandth of what it does elsewhere at least.
 */
async function firstMetric(fit: Fit, { x, gradient }: Point): Promise<number[][]> {
  const rows: number[][] = [];
  for (let j = 0; j < x.length; j++) {
    const h = 1e-4 * (Math.abs(x[j]!) || 1);
    const to = Float64Array.from(x);
    to[j]! += h;
    const there = await fit.tried(to);
    const row = Array.from(gradient, (g, i) => (there ? (g - there.gradient[i]!) / h : 0));
    if (Math.abs(row[j]!) * h * h > 1e-11) rows.push(row);
    else {
      // Too small a step for what the data know of it, or one that leaves what the cell takes.
      const wide = await stepOf(fit, x, j);
      const found = wide === undefined ? undefined : await slope(fit, x, j, wide);
      rows.push(found ?? row.map((_, i) => (i === j ? h ** -2 : 0)));
    }
  }
  const scales = rows.map((row, i) => Math.sqrt(Math.abs(row[i]!)) || 1);
  const scaled = rows.map((row, i) => row.map((a, j) => (a + rows[j]![i]!) / 2 / scales[i]! / scales[j]!));
  const metric = functionOf(eigenOf(scaled), (v) => 1 / Math.max(Math.abs(v), 1e-3));
  return metric.map((row, i) => row.map((c, j) => c / scales[i]! / scales[j]!));
}

/**
 * @param metric about the inverse of the information; by default from differences.
 * @throws SaltationError `invalid-input` where no maximum is reached.
 */
export async function maximise(fit: Fit, from: Point, metric?: readonly (readonly number[])[]): Promise<Point> {
  const n = from.x.length;
  if (n === 0) return from;
  let at = from;
  let c = metric ? metric.map((row) => [...row]) : await firstMetric(fit, at);
  /** Whether the metric has been learned since it was last begun anew. */
  let fresh = true;
  for (let step = 0; step < mostSteps; step++) {
    const gain = form(c, at.gradient, at.gradient) / 2;
    if (gain < enough) return at;
    const direction = c.map((row) => row.reduce((sum, a, j) => sum + a * at.gradient[j]!, 0));
    const next = await along(fit, at, direction, 2 * gain);
    if (!next) {
      // Steps are as short as rounding, or the metric points nowhere.
      if (fresh) {
        if (gain < 1e-4) return at;
        break;
      }
      c = await firstMetric(fit, at);
      fresh = true;
      continue;
    }
    const s = next.x.map((v, i) => v - at.x[i]!);
    const y = at.gradient.map((g, i) => g - next.gradient[i]!);
    const sy = s.reduce((sum, v, i) => sum + v * y[i]!, 0);
    if (sy > 0) {
      const cy = c.map((row) => row.reduce((sum, a, j) => sum + a * y[j]!, 0));
      const yCy = cy.reduce((sum, v, i) => sum + v * y[i]!, 0);
      c = c.map((row, i) =>
        row.map((a, j) => a + ((1 + yCy / sy) * s[i]! * s[j]! - s[i]! * cy[j]! - cy[i]! * s[j]!) / sy),
      );
      fresh = false;
    }
    at = next;
  }
  const names = fit.entries.map((e) => e.parameter).join(", ");
  const mend = "the data may not tell them apart, or one runs away; fix one, or give bounds";
  return fail("trainable", `log L came to no maximum over ${names} in ${mostSteps} steps: ${mend}`);
}

/** A point along a direction where log L has grown by a part of what its slope says. */
async function along(fit: Fit, at: Point, direction: readonly number[], slope: number): Promise<Point | undefined> {
  let length = 1;
  for (let tries = 0; tries < 40; tries++, length /= tries < 4 ? 2 : 5) {
    const there = await fit.tried(at.x.map((v, i) => v + length * direction[i]!));
    // Near the maximum log L changes by less than its rounding: then the slope must have fallen.
    const flat = Math.abs(slope) * length < 1e-11 * Math.abs(at.value);
    if (!there) continue;
    if (there.value > at.value + 1e-4 * length * slope) return there;
    if (flat) {
      const after = there.gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      return Math.abs(after) < 0.9 * slope ? there : undefined;
    }
  }
  return undefined;
}
