/**
 * Verdicts against measurements, in float64.
 *
 * *Whether the derivative of a path exists*: the derivative of one spike time is taken along the same Brownian path, with the
 * same uniforms, at dt, dt/4, dt/16 and dt/64. Where it exists it converges, with noise at order one half (changes halve
 * from one to the next); where not, changes stay as large as it is.
 *
 * *Whether the mean of gradients is the derivative of the mean*: `checkGradient`, at dt.
 */
import { compileCell } from "../../src/cell/emit-js.js";
import type { Engine } from "../../src/engine.js";
import { type CheckedEntry, type CheckVerdict, checkGradient } from "../../src/experiments/check-gradient.js";
import { judgeMean } from "../../src/loss/judge-mean.js";
import { planForLoss } from "../../src/loss/loss-plan.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { defineNetwork } from "../../src/network/network.js";
import { parameterLayout } from "../../src/plan/layout.js";
import { planSolve, type SolvePlan } from "../../src/plan/plan.js";
import { PathSolver } from "../../src/twin/forward.js";
import { halvedNoise, halvedPlan } from "../../src/twin/halved.js";
import { counterNoise } from "../../src/twin/noise.js";
import { pathSensitivities } from "../../src/twin/sensitivity.js";
import type { VerdictRow } from "./rows.js";

export type Told = "holds" | "unproven" | "violated";
/** Whether a verdict and its measurement agree; "unproven" and "cannot tell" say nothing. */
export type Agreement = "agree" | "disagree" | "unproven" | "cannot tell";

/** A change from one step to a quarter of it: median over the paths of |d − d′| / max(|d|, |d′|), with its standard error. */
export interface Change {
  readonly dt: number;
  readonly change: number;
  readonly standardError: number;
}

export interface Existence {
  readonly verdict: Told;
  /** Conditions that do not hold. */
  readonly conditions: readonly string[];
  readonly changes: readonly Change[];
  /** Paths that had the spike at every dt. */
  readonly paths: number;
  readonly measured: "converges" | "does not" | "cannot tell";
  readonly agreement: Agreement;
}

export interface Mean {
  readonly verdict: Told;
  readonly conditions: readonly string[];
  readonly gradient: number;
  readonly gradientStandardError: number;
  /** The step that decided. */
  readonly step: number;
  readonly difference: number;
  /** Difference minus gradient, with its standard error. */
  readonly deviation: number;
  readonly standardError: number;
  readonly measured: CheckVerdict;
  readonly agreement: Agreement;
}

export interface MeasuredRow {
  readonly name: string;
  readonly by: string;
  readonly loss: string;
  readonly dt: number;
  readonly paths: number;
  readonly existence: Existence;
  readonly mean: Mean;
}

/** Changes below this are those of a derivative that has converged, whatever their order. */
const settled = 1e-3;
/** Changes fall to this part over two quarterings: one quarter at order one half, 1 where nothing converges. */
const mostLeft = 0.6;

const agreementOf = (verdict: Told, right: boolean | undefined): Agreement => {
  if (verdict === "unproven") return "unproven";
  if (right === undefined) return "cannot tell";
  return (verdict === "holds") === right ? "agree" : "disagree";
};

/** Median with its standard error, half of what order statistics √n/2 to either side span. */
function medianOf(values: readonly number[]): { median: number; standardError: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const at = (i: number): number => sorted[Math.min(n - 1, Math.max(0, Math.round(i)))]!;
  const [middle, half] = [(n - 1) / 2, Math.sqrt(n) / 2];
  return { median: at(middle), standardError: n < 2 ? 0 : (at(middle + half) - at(middle - half)) / 2 };
}

/** ∂τ by the row's parameter, its first entry, at each of four steps: undefined where the spike is missing. */
function derivatives(row: VerdictRow, given: SolvePlan, paths: number): (number | undefined)[][] {
  const cell = compileCell(given.network.cell);
  const layout = parameterLayout(given);
  const direction = new Float64Array(layout.size);
  const view = layout.views.get(row.by)!;
  direction[view.offset] = 1;
  let [plan, noise] = [given, counterNoise(given)];
  const found: (number | undefined)[][] = [];
  for (let level = 0; level <= 6; level++) {
    if (level % 2 === 0) {
      const [at, driver] = [plan, noise];
      found.push(
        Array.from({ length: paths }, (_, path) => {
          const result = new PathSolver(at, cell, driver).solve(path, true);
          const own = result.spikes.flatMap((s, n) => (s.neuron === row.spike[0] ? [n] : []))[row.spike[1]];
          if (own === undefined) return undefined;
          return pathSensitivities(at, layout, cell, result, [direction])[own]![0]!;
        }),
      );
    }
    noise = halvedNoise(plan, noise, level + 1);
    plan = halvedPlan(plan);
  }
  return found;
}

function existenceOf(row: VerdictRow, plan: SolvePlan, paths: number): Existence {
  const failing = plan.network.cell.exactness.conditions.filter((c) => c.verdict !== "holds");
  const verdict = failing.find((c) => c.verdict === "violated")?.verdict ?? failing[0]?.verdict ?? "holds";
  const conditions = failing.filter((c) => c.verdict === verdict).map((c) => c.name);
  const levels = derivatives(row, plan, Math.min(paths, plan.paths));
  const whole = levels[0]!.flatMap((_, p) => (levels.every((l) => l[p] !== undefined) ? [p] : []));
  const changes = levels.slice(1).map((fine, k): Change => {
    const each = whole.map((p) => {
      const [a, b] = [levels[k]![p]!, fine[p]!];
      // What is not finite has not converged.
      const change = Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b), Number.MIN_VALUE);
      return Number.isFinite(change) ? change : 1;
    });
    const { median: change, standardError } = medianOf(each);
    return { dt: plan.dt / 4 ** k, change, standardError };
  });
  const [first, last] = [changes[0]!, changes.at(-1)!];
  let exists: boolean | undefined;
  if (whole.length > 0) {
    const left = last.change / first.change;
    const error = Math.hypot(last.standardError / first.change, (left * first.standardError) / first.change);
    if (last.change <= settled || left + 2 * error < mostLeft) exists = true;
    else if (left - 2 * error > mostLeft) exists = false;
  }
  const measured = exists === undefined ? "cannot tell" : exists ? "converges" : "does not";
  return { verdict, conditions, changes, paths: whole.length, measured, agreement: agreementOf(verdict, exists) };
}

async function meanOf(row: VerdictRow, engine: Engine, plan: SolvePlan, paths: number): Promise<Mean> {
  const loss = row.loss ?? meanSpikeTime(...row.spike);
  const { because } = judgeMean(planForLoss(plan, loss), loss, [row.by]);
  const broken = because.filter((line) => !/ is unproven: /.test(line));
  const verdict: Told = because.length === 0 ? "holds" : broken.length === 0 ? "unproven" : "violated";
  const conditions = (broken.length > 0 ? broken : because).map((line) =>
    /^loss /.test(line)
      ? "loss continuous at t1"
      : /^with method/.test(line)
        ? "kicks commute"
        : line.replace(/ is .*/, ""),
  );
  const entries = await checkGradient(engine.network(row.network), loss, {
    ...row.solve,
    paths: Math.min(paths, row.solve.paths),
    with: [row.by],
    entries: 1,
  });
  const { verdict: measured, by, gradient, gradientStandardError }: CheckedEntry = entries[0]!;
  const right = measured === "agrees" ? true : measured === "differs" ? false : undefined;
  const { step, difference, deviation, standardError } = by ?? {
    step: 0,
    difference: 0,
    deviation: 0,
    standardError: 0,
  };
  const agreement = agreementOf(verdict, right);
  return { verdict, conditions, gradient, gradientStandardError, step, difference, deviation, standardError, measured, agreement }; // biome-ignore format: short
}

/** Verdicts of a row, and what is measured. @param paths at most so many, where the row has more. */
export async function measureRow(
  row: VerdictRow,
  engine: Engine,
  paths: { readonly existence: number; readonly mean: number },
): Promise<MeasuredRow> {
  const network = defineNetwork(row.network);
  const plan = planSolve(network, row.solve);
  // Whether a derivative exists is asked of the cell: of the path with slopes, which `euler` does not see.
  const smooth = planSolve(network, { ...row.solve, method: "levy" });
  const loss = row.loss?.kind ?? `spike ${row.spike[1]} of neuron ${row.spike[0]}`;
  return {
    name: row.name,
    by: row.by,
    loss,
    dt: row.solve.dt,
    paths: Math.min(paths.mean, row.solve.paths),
    existence: existenceOf(row, smooth, paths.existence),
    mean: await meanOf(row, engine, plan, paths.mean),
  };
}
