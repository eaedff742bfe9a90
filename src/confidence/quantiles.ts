/** Quantiles of the laws that intervals and tests are judged by. */
import { erf } from "../cell/graph.js";

/** z with P(|Z| < z) = level, Z standard normal; z² is the quantile of χ² with one degree of freedom. By Newton's steps. */
export function normalQuantile(level: number): number {
  let z = 0;
  for (let i = 0; i < 100; i++) {
    const slope = Math.sqrt(2 / Math.PI) * Math.exp((-z * z) / 2);
    const step = (level - erf(z / Math.SQRT2)) / slope;
    z += step;
    if (Math.abs(step) <= 1e-14 * z) break;
  }
  return z;
}

/** Stephens' (1970) stretch of √n: with it the law of large n holds to about 0.001 from n = 8 on. */
const stretched = (n: number): number => Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n);

/** P(D > statistic) of Kolmogorov and Smirnov's statistic of n numbers, by Kolmogorov's series. */
export function kolmogorovTail(statistic: number, n: number): number {
  const x = stretched(n) * statistic;
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1, term = 1; k < 100 && term > 1e-18; k++) {
    term = Math.exp(-2 * k * k * x * x);
    sum += k % 2 ? 2 * term : -2 * term;
  }
  return Math.min(1, Math.max(0, sum));
}

/** The statistic of n numbers that is exceeded with probability 1 − level. */
export function kolmogorovQuantile(level: number, n: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (kolmogorovTail(middle, n) > 1 - level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
