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
import { judgeMean } from "../loss/judge-mean.js";
import type { Evaluator, Loss } from "../loss/loss.js";
import type { Network } from "../network/network.js";
import { isPoisson } from "../network/populations.js";
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

/** A central difference; of a delay or a Poisson rate of 0, below which there is none, one to the side above. */
export interface CheckedStep {
  /** The parameter was moved by this either way, or a delay or rate of 0 by twice as much. */
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
  /** Of a delay or a Poisson rate of 0: that it was moved to the side above alone. */
  readonly oneSided?: true;
  readonly gradient: number;
  readonly gradientStandardError: number;
  readonly steps: readonly CheckedStep[];
  readonly verdict: CheckVerdict;
  /** The step that decided; undefined where none could be taken. */
  readonly by: CheckedStep | undefined;
  /** What could be seen: by at most this the gradient may be off. */
  readonly within: number;
  /** Where it cannot be told: how many paths would tell, about; undefined where that is not known. */
  readonly pathsNeeded?: number | undefined;
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
/** Paths in n that none of n may show by chance: by one in 20. */
const unseenPaths = 3;
/**
 * A difference agrees if it would see this part of the gradient: then its standard error is at most a fortieth of it. Of a
 * mean that is off by less, no more is said than by how much it may be.
 */
const usefulPart = 0.1;

/** What is measured of a step, beside what is told of it. */
export interface MeasuredStep extends CheckedStep {
  /** What rounding alone may make of the deviation. */
  readonly rounding: number;
  /** Paths that make up the deviation, about; infinite where nothing is left to chance. */
  readonly makers: number;
}

/** What the steps were measured on. */
export interface Sample {
  readonly paths: number;
  /**
   * By how much a difference of the largest step would be off if as many paths as none of these may be had jumped in it, as
   * far as paths lie apart.
   */
  readonly unseen: number;
}

/**
 * What steps say of a gradient, the largest first.
 *
 * It differs where two steps in turn say so, and no smaller one says that it was the curvature of both. It agrees where one says that it is off by no more than a part of itself: by the
 * deviation and `mostErrors` standard errors of it. That alone would believe a small step, within which hardly any of few
 * paths jumps, so that there is neither a deviation nor an error. But what jumps make is the same at all steps. So a step is
 * only believed beyond a larger one if of the paths that make up that one's deviation enough would jump within it; and the
 * largest only up to what could have been missed.
 */
export function judgeSteps(
  steps: readonly MeasuredStep[],
  { paths, unseen }: Sample,
): Pick<CheckedEntry, "verdict" | "by" | "within" | "pathsNeeded"> {
  const noise = (s: MeasuredStep): number => mostErrors * s.standardError + s.rounding;
  const counts = (s: MeasuredStep): boolean => Math.abs(s.deviation) > noise(s);
  const own = (s: MeasuredStep): number => noise(s) + Math.abs(s.deviation);
  const sizeOf = (s: MeasuredStep): number => Math.max(Math.abs(s.difference), Math.abs(s.difference - s.deviation));
  let best: { by: MeasuredStep; within: number } | undefined;
  let pathsNeeded = Number.POSITIVE_INFINITY;
  for (const [k, s] of steps.entries()) {
    const before = steps[k - 1];
    // The error of a smooth difference shrinks about ninefold from step to step, what a jump makes stays.
    const shrinks = before !== undefined && Math.abs(s.deviation) <= 0.5 * Math.abs(before.deviation);
    // As many as made up the deviation of a larger step would jump within a smaller one, in proportion: none may do by chance.
    const shown = (l: MeasuredStep, within: MeasuredStep): number => (l.makers * within.step) / l.step;
    const bends = steps.slice(k + 1).some((l) => {
      const size = Math.abs(s.deviation);
      return shown(s, l) >= fewest && noise(l) < size && Math.abs(l.deviation) <= 0.5 * size;
    });
    if (before && counts(before) && counts(s) && !shrinks && !bends && s.deviation * before.deviation > 0) {
      return { verdict: "differs", by: s, within: own(s) };
    }
    if (counts(s) && !shrinks) continue;
    const open = steps.slice(0, k).filter((l) => shown(l, s) < fewest);
    const within = Math.max(own(s), unseen, ...open.map(own));
    // Of steps that are limited by what may have been missed, the one that is nearest by itself.
    const better = best && (within < best.within || (within === best.within && own(s) < own(best.by)));
    if (!best || better) best = { by: s, within };
    // Errors fall with the root of the paths, what is missed with their number. A curvature stays.
    const target = usefulPart * sizeOf(s);
    const rest = target - s.rounding - (counts(s) ? Math.abs(s.deviation) : 0);
    const more = [((mostErrors + 1) * s.standardError) / rest, Math.sqrt(unseen / target)];
    for (const l of open) more.push(Math.sqrt(fewest / shown(l, s)));
    if (rest > 0) pathsNeeded = Math.min(pathsNeeded, paths * Math.max(...more) ** 2);
  }
  if (best && best.within <= usefulPart * sizeOf(best.by)) return { verdict: "agrees", ...best };
  const { by, within } = best ?? { by: steps.at(-1), within: Number.POSITIVE_INFINITY };
  const known = pathsNeeded > paths && Number.isFinite(pathsNeeded);
  return { verdict: "cannot tell", by, within, pathsNeeded: known ? roundedUp(pathsNeeded) : undefined };
}

/** To one digit, upwards. */
function roundedUp(paths: number): number {
  const unit = 10 ** Math.floor(Math.log10(paths));
  return Math.ceil(paths / unit) * unit;
}

/** Places of a view that are checked. */
function placesOf({ length }: View, most: number): number[] {
  const n = Math.min(length, most);
  return Array.from({ length: n }, (_, i) => Math.floor((i * length) / n));
}

/** Whether there is nothing below 0 of a parameter: of delays, and of rates of Poisson processes. */
function leastIsZero({ name, segment }: View, { cell, populations }: Network): boolean {
  const rates = populations.filter((p) => p.cell && isPoisson(p.cell)).map((p) => `${p.name}.rate`);
  if (populations.length === 0 && isPoisson(cell)) rates.push("rate");
  return segment === "delays" || rates.includes(name);
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
  const { random } = judgeMean(plan, loss, options.with);
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
  // How far paths lie apart, by the spread of numbers that are of so many paths each.
  const each = pathwise ? 1 : plans[0]!.paths;
  const apart = random ? Math.sqrt(each * base[0]!.length) * (mean(base[0]!).standardError || 0) : 0;
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
        const downTo = value === 0 && leastIsZero(view, network.network) ? 0 : -1;
        const steps: MeasuredStep[] = [];
        for (const part of parts) {
          const moved = [1, downTo].map((sign) => {
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
              // Of a single path that is left to chance nothing is known.
              standardError: Number.isNaN(standardError) ? (random ? Number.POSITIVE_INFINITY : 0) : standardError,
              rounding: ((exact ? 1e-11 : 2 ** -21) * largest) / step,
              makers: random ? makersOf(deviations, pathwise) : Number.POSITIVE_INFINITY,
            });
          } catch (error) {
            // A difference that leaves the finite numbers says nothing of the gradient.
            if (!(error instanceof SaltationError && error.code === "not-finite")) throw error;
          }
        }
        const judged = judgeSteps(steps, {
          paths: plan.paths,
          unseen: steps[0] ? (unseenPaths * apart) / plan.paths / (2 * steps[0].step) : 0,
        });
        const { mean: gradient, standardError: gradientStandardError } = mean(gradients);
        found.push({
          parameter: view.asked,
          index: typeof view.shape(new Float64Array(view.length)) === "number" ? -1 : place,
          value,
          ...(downTo === 0 ? { oneSided: true as const } : {}),
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

/**
 * How many paths make up a sum of deviations, about: (Σ|d|)²/Σd² of those of each path. Of numbers that are of many paths each
 * the paths that explain how evenly it is spread over them, as by chance.
 */
function makersOf(numbers: Float64Array, pathwise: boolean): number {
  let [sum, squares] = [0, 0];
  for (const d of numbers) [sum, squares] = [sum + Math.abs(d), squares + d * d];
  if (squares === 0) return Number.POSITIVE_INFINITY;
  const makers = (sum * sum) / squares;
  return pathwise ? makers : makers / (1 - makers / numbers.length);
}

const toldOf = ({ step, difference, deviation, standardError }: CheckedStep): CheckedStep => ({
  step,
  difference,
  deviation,
  standardError,
});
