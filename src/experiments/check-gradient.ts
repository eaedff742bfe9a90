/**
 * A gradient against finite differences with common random numbers, on the job itself: parameter by parameter, central
 * differences of several steps, each with the standard error of its deviation from the gradient *path by path*, in which
 * what is random cancels. Where a path jumps as a function of a parameter, no gradient of paths sees it and differences of
 * any step do (docs/mathematics.md); where it is smooth, what they differ by shrinks with the square of the step.
 */
import { wholeNumber } from "../checks.js";
import { threefry2x32 } from "../driver/threefry.js";
import type { EngineNetwork, GradientOptions } from "../engine.js";
import { SaltationError } from "../errors.js";
import type { Evaluator, Loss } from "../loss/loss.js";
import { parameterLayout, parameterVector, replaceParameters, requestedViews, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Estimate, estimateOf } from "../reduce/statistics.js";
import { pathsOf } from "../spikes/table.js";

export interface CheckOptions
  extends Omit<GradientOptions, "perPath" | "requireExact" | "requireUnbiased" | "progress"> {
  /** Entries of a parameter that are checked, at most: evenly spread over it. Default 8. */
  readonly entries?: number;
  /** Called with the evaluations done, and how many there will be. */
  readonly progress?: (done: number, total: number) => void;
}

/** A central difference. */
export interface CheckedStep {
  /** The parameter was moved by this either way. */
  readonly step: number;
  readonly difference: number;
  /** Difference minus gradient: mean over the paths, with its standard error. */
  readonly deviation: number;
  readonly standardError: number;
}

export type CheckVerdict = "agrees" | "differs" | "cannot tell";

export interface CheckedEntry {
  readonly parameter: string;
  /** Place in the parameter's numbers, or -1 where it is a single one. */
  readonly index: number;
  readonly value: number;
  readonly gradient: number;
  readonly gradientStandardError: number;
  readonly steps: readonly CheckedStep[];
  readonly verdict: CheckVerdict;
  /** The step that decided; undefined where none could be taken. */
  readonly by: CheckedStep | undefined;
  /** What could be seen: by at most this the gradient may be off. */
  readonly within: number;
}

/** Steps as parts of a value, the largest first. */
const parts = [0.1, 0.03, 0.01, 0.003];
/** Batches of paths of losses that are no means over paths. */
const batches = 16;
/** Third word of the seeds' counter: no other use of the generator has it. */
const stream = 0xc4ec;
/** Standard errors that a deviation takes to count: by chance, one in 16,000 does. */
const mostErrors = 4;
/** Paths that would show a jump, at least: that none of so many does has a chance of 1 in 3,000. */
const fewest = 8;
/** A difference is worth something if it would see this part of the gradient. */
const usefulPart = 0.2;

/** What is measured of a step, beside what is told of it. */
export interface MeasuredStep extends CheckedStep {
  /** What rounding alone may make of the deviation. */
  readonly rounding: number;
  /** Paths that make up the deviation, about: (Σ|d|)²/Σd² over those of each. */
  readonly makers: number;
}

/** What steps say of a gradient, the largest first. */
export function judgeSteps(steps: readonly MeasuredStep[]): Pick<CheckedEntry, "verdict" | "by" | "within"> {
  const noise = (s: MeasuredStep): number => mostErrors * s.standardError + s.rounding;
  const counts = (s: MeasuredStep): boolean => Math.abs(s.deviation) > noise(s);
  let best: { by: MeasuredStep; within: number } | undefined;
  for (const [k, s] of steps.entries()) {
    const before = steps[k - 1];
    // The error of a smooth difference shrinks about ninefold from step to step, what a jump makes stays.
    const shrinks = before !== undefined && Math.abs(s.deviation) <= 0.5 * Math.abs(before.deviation);
    if (before && counts(before) && counts(s) && !shrinks && s.deviation * before.deviation > 0) {
      return { verdict: "differs", by: s, within: Math.abs(s.deviation) + noise(s) };
    }
    if (counts(s) && !shrinks) continue;
    // If jumps made up the deviation of a larger step, so many paths would jump within this one: none may do by chance.
    const seen = steps.slice(0, k).every((l) => !counts(l) || (l.makers * s.step) / l.step >= fewest);
    const within = noise(s) + (counts(s) ? Math.abs(s.deviation) : 0);
    if (seen && (!best || within < best.within)) best = { by: s, within };
  }
  if (!best) return { verdict: "cannot tell", by: steps.at(-1), within: Number.POSITIVE_INFINITY };
  const { by, within } = best;
  const size = Math.max(Math.abs(by.difference), Math.abs(by.difference - by.deviation));
  return { verdict: within <= usefulPart * size ? "agrees" : "cannot tell", by, within };
}

/** Places of a view that are checked. */
function placesOf({ length }: View, most: number): number[] {
  const n = Math.min(length, most);
  return Array.from({ length: n }, (_, i) => Math.floor((i * length) / n));
}

/** Numbers of each sample: those of a path, of a batch of paths, or of all trials of a likelihood. */
interface Sampler {
  readonly plans: readonly SolvePlan[];
  /** Whether each path is a sample. */
  readonly pathwise: boolean;
}

function samplerOf(plan: SolvePlan, loss: Loss): Sampler {
  if (loss.pathwise || loss.likelihood) return { plans: [plan], pathwise: loss.pathwise === true };
  const least = Math.max(2, loss.leastPaths ?? 1);
  const paths = Math.max(2 * Math.ceil(least / 2), 2 * Math.floor(plan.paths / batches / 2));
  const seeds = Array.from({ length: batches }, (_, b) => threefry2x32(plan.seed, stream, b, 0)[0]);
  return { plans: seeds.map((seed) => ({ ...plan, paths, seed })), pathwise: false };
}

/**
 * Checks the gradient of a loss by the parameters in `with` against finite differences. A gradient that is not exact is
 * checked as well.
 * @throws SaltationError `invalid-input`, or `not-finite` where the gradient itself is.
 */
export async function checkGradient(
  network: EngineNetwork,
  loss: Loss,
  options: CheckOptions,
): Promise<CheckedEntry[]> {
  const { progress, entries: mostEntries = 8, ...solve } = options;
  const most = wholeNumber("entries", mostEntries, 1, 4096);
  const plan: SolvePlan = { ...network.gradientPlan(solve, loss), writes: options.with };
  const layout = parameterLayout(plan);
  const views = requestedViews(network.network, layout, options.with);
  const { plans, pathwise } = samplerOf(plan, loss);
  const vector = parameterVector(plan);
  const chosen = views.map((view) => ({ view, places: placesOf(view, most) }));
  const count = chosen.reduce((n, { places }) => n + places.length, 0);
  const total = plans.length * (1 + 2 * parts.length * count);
  let done = 0;
  /** Whether the twin computes, in float64. */
  const exact = network.engine.gpu === undefined;

  /** Values of all samples, and rows of their gradients. */
  const evaluate = async (evaluator: Evaluator, at: Float64Array, rows: number): Promise<Float64Array[]> => {
    const each: Float64Array[] = Array.from(
      { length: rows },
      () => new Float64Array(pathwise ? plan.paths : plans.length),
    );
    for (const [b, own] of plans.entries()) {
      const of = replaceParameters(own, layout, at);
      const perPath = (first: number, paths: number, numbers: ArrayLike<number>): void => {
        for (let r = 0; r < rows; r++) {
          for (let i = 0; i < paths; i++) each[r]![first + i] = numbers[r * paths + i]!;
        }
      };
      progress?.(++done, total);
      // Of the twin's paths the values alone cost a fraction of what they do with gradients.
      if (rows === 1 && exact && loss.evaluate && !loss.likelihood) {
        const simulated = await network.place((backend) => backend.simulate(of));
        const { value, pathValues } = await loss.evaluate(pathsOf(await simulated.read()), of);
        if (pathwise) each[0]!.set(Float64Array.from(pathValues!));
        else each[0]![b] = value;
        continue;
      }
      const result = await evaluator.evaluate(of, pathwise ? { perPath } : {});
      if (!pathwise) {
        each[0]![b] = result.value;
        for (let r = 1; r < rows; r++) each[r]![b] = result.flat[r - 1]!;
      }
    }
    return each;
  };

  const first = { ...plans[0]!, writes: options.with };
  const all = await network.evaluator(first, loss, options.with, false);
  let base: Float64Array[];
  try {
    base = await evaluate(all, vector, 1 + views.reduce((n, v) => n + v.length, 0));
  } finally {
    all.dispose();
  }
  // Of differences the values alone are wanted: with the gradient that is the smallest.
  const smallest = views.reduce((least, v) => (v.length < least.length ? v : least));
  const evaluator = await network.evaluator(first, loss, [smallest.name], false);
  const mean = (values: Float64Array): Estimate => estimateOf(values, pathwise && plan.antithetic);
  const largest = Math.max(Math.abs(plan.t1), Math.abs(plan.t0), Math.abs(mean(base[0]!).mean));
  try {
    const found: CheckedEntry[] = [];
    let row = 1;
    for (const { view, places } of chosen) {
      const values = vector.subarray(view.offset, view.offset + view.length);
      const size = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0) || 1;
      for (const place of places) {
        const value = values[place]!;
        const gradients = base[row + place]!;
        const steps: MeasuredStep[] = [];
        for (const part of parts) {
          const moved = [1, -1].map((sign) => {
            const at = Float64Array.from(vector);
            const to = value + sign * part * (Math.abs(value) || size);
            // Where solvers take parameters in float32, differences are between such.
            at[view.offset + place] = exact ? to : Math.fround(to);
            return at;
          });
          const step = (moved[0]![view.offset + place]! - moved[1]![view.offset + place]!) / 2;
          try {
            const [above, below] = [await evaluate(evaluator, moved[0]!, 1), await evaluate(evaluator, moved[1]!, 1)];
            const differences = above[0]!.map((v, i) => (v - below[0]![i]!) / (2 * step));
            const deviations = differences.map((d, i) => d - gradients[i]!);
            const { mean: deviation, standardError } = mean(deviations);
            steps.push({
              step,
              difference: mean(differences).mean,
              deviation,
              standardError: Number.isNaN(standardError) ? 0 : standardError,
              rounding: ((exact ? 1e-11 : 2 ** -21) * largest) / step,
              makers: makersOf(deviations),
            });
          } catch (error) {
            // A difference that leaves the finite numbers says nothing of the gradient.
            if (!(error instanceof SaltationError && error.code === "not-finite")) throw error;
          }
        }
        const judged = judgeSteps(steps);
        const { mean: gradient, standardError: gradientStandardError } = mean(gradients);
        found.push({
          parameter: view.asked,
          index: typeof view.shape(new Float64Array(view.length)) === "number" ? -1 : place,
          value,
          gradient,
          gradientStandardError,
          steps: steps.map(toldOf),
          ...judged,
          by: judged.by && toldOf(judged.by),
        });
      }
      row += view.length;
    }
    return found;
  } finally {
    evaluator.dispose();
  }
}

/** How many numbers make up a sum, about; of few numbers all. */
function makersOf(numbers: Float64Array): number {
  let [sum, squares] = [0, 0];
  for (const d of numbers) [sum, squares] = [sum + Math.abs(d), squares + d * d];
  return numbers.length < 100 || squares === 0 ? Number.POSITIVE_INFINITY : (sum * sum) / squares;
}

const toldOf = ({ step, difference, deviation, standardError }: CheckedStep): CheckedStep => ({
  step,
  difference,
  deviation,
  standardError,
});
