/**
 * Gradients by what samples have of their own: the derivative of the mean over all paths by a number of one sample is what that
 * sample's paths give, over how many paths there are. So an evaluation is asked for the rows of its paths, which are added up by sample.
 */
import { fail } from "../checks.js";
import { segmentsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { PlannedSamples } from "../plan/samples.js";
import { tiedSources } from "../plan/tied-sources.js";
import { estimateOf } from "../reduce/statistics.js";
import { firstTrial } from "./likelihood.js";
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
  /** Of a log-likelihood that takes some of the trials, which are samples: the first of them, and how many there are. */
  private readonly batch: { readonly first: number; readonly count: number } | undefined;

  constructor(
    private readonly plan: SolvePlan,
    private readonly views: readonly View[],
    private readonly loss: Loss,
  ) {
    this.samples = plan.samples!;
    const likelihood = loss.likelihood?.(plan, segmentsOf(views));
    this.batch = likelihood && { first: firstTrial(plan, likelihood), count: likelihood.batch };
    this.rows = views.map(({ bySample, length }) =>
      bySample ? Array.from({ length }, () => new Float64Array(plan.paths)) : undefined,
    );
  }

  /** Options with which an evaluator tells what is gathered, and what its caller asked for. */
  options(given: EvaluatorOptions): EvaluatorOptions {
    const perPath: EvaluatorOptions["perPath"] = (first, paths, table) => {
      given.perPath?.(first, paths, table);
      const from = first + (this.batch?.first ?? 0);
      let row = 1;
      this.views.forEach(({ length }, v) => {
        this.rows[v]?.forEach((own, e) => {
          for (let i = 0; i < paths; i++) own[(from + i) % own.length] = table[(row + e) * paths + i]!;
        });
        row += length;
      });
    };
    return { ...given, perPath };
  }

  /** The result with lists by sample, [samples] of the shape that each has. */
  result(result: Evaluated): Evaluated {
    const { count, trials } = this.samples;
    // Those that are not taken add nothing, and have no derivatives.
    const taken = this.batch?.count ?? count;
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
          const numbers = own.map((e) => of(e) / taken);
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
