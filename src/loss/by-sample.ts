/**
 * Gradients by what samples have of their own: the derivative of the mean over all paths by a number of one sample is what that
 * sample's paths give, over how many paths there are. So an evaluation is asked for the rows of its paths, which are added up by sample.
 */
import type { Cell } from "../cell/cell.js";
import { movesEvent } from "../cell/exactness.js";
import { jumpNamed, portName } from "../cell/tables.js";
import { Effort } from "../cell/vanishing.js";
import { fail } from "../checks.js";
import { judgedCells } from "../network/judged-cells.js";
import { timesSegment, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { PlannedSamples } from "../plan/samples.js";
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

/**
 * Where spikes of sources come at one time and may set off an event at once, each alone or together: then the solution has a corner
 * there, and derivatives by their times are those of the order in which they are taken.
 */
function tied({ network, samples, t0, dt }: SolvePlan, views: readonly View[]): string[] {
  const { agenda } = samples!;
  if (!agenda || !views.some(({ segment }) => segment === timesSegment)) return [];
  const { offsets, all } = agenda;
  for (let s = 0; s + 1 < offsets.length; s++) {
    for (let x = offsets[s]! + 1; x < offsets[s + 1]!; x++) {
      if (all.at[x] !== all.at[x - 1] || all.neurons[x - 1]! < network.neurons) continue;
      if (!judgedCells(network).some(({ cell }) => firesAtOnce(cell))) return [];
      const time = t0 + all.at[x]! * dt;
      return [
        `sources send at one time (sample ${s}, at ${time}): where such spikes set off an event together, derivatives by their times are ` +
          "those of one order, of which the sum alone says how the loss moves; let them come apart, or at a port that moves no event function",
      ];
    }
  }
  return [];
}

/** Whether an arrival moves an event function of a cell. */
const firesAtOnce = (cell: Cell): boolean =>
  cell.ports.some((_, port) =>
    cell.events.some((event) => movesEvent(cell, event, jumpNamed(cell, portName(port)), new Effort())),
  );

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
          return view.ofSample ? view.ofSample(numbers, s) : view.shape(numbers);
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
    const warnings = [...(result.warnings ?? []), ...tied(this.plan, this.views)];
    return {
      ...result,
      gradient,
      gradientStandardError: errors,
      warnings: warnings.length > 0 ? warnings : result.warnings,
    };
  }
}
