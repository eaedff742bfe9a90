/** A bench's result with where and when it was measured, and the comparison of two. */
import type { Spread } from "./measure.js";
import type { BenchResult, FigureResult } from "./run.js";

export interface BenchReport extends BenchResult {
  readonly version: 1;
  /** dawn: WebGPU in Node. chrome: in a page. cpu: the float64 twin. */
  readonly in: "dawn" | "chrome" | "cpu";
  /** ISO 8601. */
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: Readonly<Record<string, string | number>>;
  /** All of the bench. */
  readonly totalSeconds: number;
}

export interface Change {
  readonly suite: string;
  readonly name: string;
  readonly before: FigureResult;
  readonly after: FigureResult;
  /** New median over old, of the ratio to the floor and of the seconds. */
  readonly ratio: number;
  readonly seconds: number;
}

export interface Comparison {
  /** Figures whose ratios to the floor have spreads that do not touch, the largest change first. */
  readonly changes: readonly Change[];
  /** Figures whose spreads do. */
  readonly unchanged: number;
  /** Figures of the new report that the old one lacks. */
  readonly unmatched: number;
}

const apart = (a: Spread, b: Spread): boolean => a.high < b.low || b.high < a.low;

/**
 * Compares figures of equal name. Ratios to the floor decide: they hold on machines of different speed, and on one that
 * others use too.
 */
export function compareReports(before: BenchReport, after: BenchReport): Comparison {
  const key = (f: FigureResult): string => `${f.suite}: ${f.name}`;
  const old = new Map(before.figures.map((f) => [key(f), f]));
  const changes: Change[] = [];
  let [unchanged, unmatched] = [0, 0];
  for (const f of after.figures) {
    const was = old.get(key(f));
    if (!was) unmatched++;
    else if (!apart(was.ratio, f.ratio)) unchanged++;
    else {
      changes.push({
        suite: f.suite,
        name: f.name,
        before: was,
        after: f,
        ratio: f.ratio.median / was.ratio.median,
        seconds: f.seconds.median / was.seconds.median,
      });
    }
  }
  changes.sort((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)));
  return { changes, unchanged, unmatched };
}
