/** What curves have in common. */
import type { ChartData } from "../../plots/chart.js";

/** A chart without a curve, from one x to another. */
export const noData = (from: number, to: number): ChartData => [
  [from, to],
  [null, null],
];

/** At most this many points of a curve: more cannot be seen. */
const mostPoints = 800;

export function thinned(length: number): number[] {
  const every = Math.max(1, Math.ceil(length / mostPoints));
  const at: number[] = [];
  for (let n = 0; n < length; n += every) at.push(n);
  if (length > 0 && (length - 1) % every !== 0) at.push(length - 1);
  return at;
}

export const curves = ["generated", "series1", "series2", "series3"] as const;
