/** How the figures of a bench are written, in a terminal as in a page. */
import type { Spread } from "./measure.js";

/** A number to three digits. */
export const three = (value: number): string =>
  Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 6 });

/** "1.2–3.4" */
export const range = (s: Spread, scale = 1): string => `${three(scale * s.low)}–${three(scale * s.high)}`;

/** "2.1 (1.2–3.4)" */
export const withRange = (s: Spread, scale = 1): string => `${three(scale * s.median)} (${range(s, scale)})`;

/** "1.2 M paths/s" */
export function rate(perSecond: number, unit: string): string {
  const [scale, name] =
    perSecond >= 1e9 ? [1e9, "G "] : perSecond >= 1e6 ? [1e6, "M "] : perSecond >= 1e3 ? [1e3, "k "] : [1, ""];
  return `${three(perSecond / scale)} ${name}${unit}/s`;
}

/** A factor as a change: "+12 %". */
export const percent = (factor: number): string => `${factor >= 1 ? "+" : "−"}${three(Math.abs(100 * (factor - 1)))} %`;

/** Rounds that fitted into the time: of few, a spread says little. */
export const roundsText = ({ rounds }: { readonly rounds: number }): string =>
  `${rounds === 1 ? "1 round" : `${rounds} rounds`}${rounds < 4 ? ", too few for spreads to hold" : ""}`;
