/**
 * Gradients by what samples have of their own: the derivative of the mean over all paths by a number of one sample is what that
 * sample's paths give, over how many paths there are. So an evaluation is asked for the rows of its paths, which are added up by sample.
 */
import { fail } from "../checks.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { PlannedSamples } from "../plan/samples.js";
import { tiedSources } from "../plan/tied-sources.js";
import { estimateOf } from "../reduce/statistics.js";
import type { EvaluatorOptions, Loss } from "./loss.js";
import type { Evaluated } from "./result.js";

/** @throws SaltationError where a loss has no derivatives by values of samples. */
export function checkBySample(views: readonly View[], loss: Loss): void {
  const one = views.find((view) => view.bySample);
  if (one && loss.estimator)
    fail(
      "with",
      `${JSON.stringify(one.asked)} is given by sample: estimator "${loss.estimator}" has derivatives by what samples have in common; take "horizon"`,
    );
}

/** Gathers what paths give to numbers that their samples have. */
export class BySample {
  /** Of each entry of each such view, what each path gives. */
  private readonly rows: readonly (readonly Float64Array[] | undefined)[];
  private readonly samples: PlannedSamples;
  private gathered = 0;

  constructor(
    private readonly plan: SolvePlan,
    private readonly views: readonly View[],
    private readonly loss: Loss,
  ) {
    this.samples = plan.samples!;
    this.rows = views.map(({ bySample, length }) =>
      bySample ? Array.from({ length }, () => new Float64Array(plan.paths)) : undefined,
    );
  }

  /** Options with which an evaluator tells what is gathered, and what its caller asked for. */
  options(given: EvaluatorOptions): EvaluatorOptions {
    const perPath: EvaluatorOptions["perPath"] = (first, paths, table) => {
      given.perPath?.(first, paths, table);
      this.gathered += paths;
      let row = 1;
      this.views.forEach(({ length }, v) => {
        this.rows[v]?.forEach((own, e) => {
          for (let i = 0; i < paths; i++) own[first + i] = table[(row + e) * paths + i]!;
        });
        row += length;
      });
    };
    return { ...given, perPath };
  }

  /** The result with lists by sample, [samples] of the shape that each has. */
  result(result: Evaluated): Evaluated {
    const { count, trials } = this.samples;
    if (this.gathered < count * trials)
      fail(
        "loss.batch",
        `takes ${this.gathered} of ${count} trials, and by what each has of its own there are derivatives of all; leave it out`,
      );
    const gradient = { ...result.gradient };
    const errors = { ...result.gradientStandardError };
    this.views.forEach((view, v) => {
      const rows = this.rows[v];
      if (!rows) return;
      const bySample = Array.from({ length: count }, (_, s) =>
        rows.map((row) =>
          estimateOf(row.subarray(s * trials, (s + 1) * trials), this.plan.antithetic && !this.loss.likelihood),
        ),
      );
      const shaped = (of: (e: { mean: number; standardError: number }) => number): unknown[] =>
        bySample.map((own, s) => {
          const numbers = own.map((e) => of(e) / count);
          return view.entriesOf
            ? view.entriesOf(s).map((x) => (x === undefined ? 0 : numbers[x]!))
            : view.shape(numbers);
        });
      gradient[view.asked] = shaped((e) => e.mean);
      // Of one trial there is none, nor of a number for all neurons, whose derivatives are not independent.
      const known =
        this.loss.pathwise &&
        (view.length === 1 ||
          typeof view.shape(new Float64Array(view.length)) !== "number" ||
          view.state === undefined);
      errors[view.asked] = shaped((e) => (known ? e.standardError : Number.NaN));
    });
    const warnings = [...(result.warnings ?? []), ...tiedSources(this.plan, this.views)];
    return {
      ...result,
      gradient,
      gradientStandardError: errors,
      warnings: warnings.length > 0 ? warnings : result.warnings,
    };
  }
}
