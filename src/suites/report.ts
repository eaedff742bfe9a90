/** A bench's result with where and when it was measured, and the comparison of two. */
import type { Spread } from "./measure.js";
import type { BenchResult, FigureResult } from "./run.js";

/**
 * dawn: WebGPU in Node. simd: the processor, in Node or a page. chrome: WebGPU in a page of Chrome or its kin. browser: of
 * another browser. cpu: the float64 twin.
 */
export const places = ["dawn", "simd", "chrome", "browser", "cpu"] as const;

export interface BenchReport extends BenchResult {
  readonly version: 1;
  readonly in: (typeof places)[number];
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
  /** Whether each median of the ratio to the floor lies within the other's spread. */
  readonly within: boolean;
}

export interface Comparison {
  /** Every figure of both reports: those outside their spreads first, the largest change first. */
  readonly changes: readonly Change[];
  /** How many of them are within, and how many outside. */
  readonly within: number;
  readonly outside: number;
  /** Figures of the new report that the old one lacks. */
  readonly unmatched: number;
}

const holds = ({ low, high }: Spread, value: number): boolean => low <= value && value <= high;

/**
 * Compares figures of equal name. Ratios to the floor decide: they hold on machines of different speed, and on one that
 * others use too.
 */
export function compareReports(before: BenchReport, after: BenchReport): Comparison {
  const key = (f: FigureResult): string => `${f.suite}: ${f.name}`;
  const old = new Map(before.figures.map((f) => [key(f), f]));
  const changes = after.figures.flatMap((f): Change[] => {
    const was = old.get(key(f));
    if (!was) return [];
    return [
      {
        suite: f.suite,
        name: f.name,
        before: was,
        after: f,
        ratio: f.ratio.median / was.ratio.median,
        seconds: f.seconds.median / was.seconds.median,
        within: holds(was.ratio, f.ratio.median) && holds(f.ratio, was.ratio.median),
      },
    ];
  });
  changes.sort(
    (a, b) => Number(a.within) - Number(b.within) || Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)),
  );
  const within = changes.filter((c) => c.within).length;
  return {
    changes,
    within,
    outside: changes.length - within,
    unmatched: after.figures.length - changes.length,
  };
}

/** A comparison's count in words; `file` names the old report. */
export function comparisonCount({ within, outside, unmatched }: Comparison, file: string): string {
  return `${within} within spread, ${outside} outside${unmatched > 0 ? `, ${unmatched} not in ${file}` : ""}`;
}
