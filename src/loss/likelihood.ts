/**
 * The log-likelihood of observed trials as a backend takes it: each neuron of each trial, given all observed spikes, is on
 * its own, so the lanes (trial × neuron) are solved and swept side by side. Nothing is random in it; its "paths" are the
 * trials.
 */
import { checkHazard } from "../cell/hazard.js";
import { fail } from "../checks.js";
import { threefry2x32 } from "../driver/threefry.js";
import { SaltationError } from "../errors.js";
import { activeChannels } from "../plan/channels.js";
import type { PathRange } from "../plan/chunks.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf } from "../reduce/statistics.js";
import type { Schedule } from "../spikes/schedule.js";
import type { EvaluatorOptions } from "./loss.js";
import { assembleResult, type Evaluated } from "./result.js";

/** What is observed, laid on the grid of a plan. */
export interface Likelihood {
  readonly schedule: Schedule;
  /** Trials of an evaluation: neighbours, the first drawn from the plan's seed where they are not all. */
  readonly batch: number;
  /** Whether trial i has in its flow the noise of the plan's path i. Else there is none. */
  readonly noise?: boolean;
}

/**
 * @param names the parameters to differentiate by.
 * @param noise whether the noise of each trial is known (`Likelihood.noise`).
 * @throws SaltationError `invalid-input` where past spikes, and noise that is known, do not determine the hazard, and for delays.
 */
export function checkLikelihood(plan: SolvePlan, names: readonly string[], noise = false): void {
  if (names.includes("delays"))
    fail("delays", 'have no gradient by "log-likelihood", which lays arrivals out beforehand; leave them out');
  checkHazard(plan.network.cell, activeChannels(plan, names), noise);
}

/** The trial with which an evaluation begins, by the plan's seed; those after the last go on from the first. */
export const firstTrial = ({ seed }: Pick<SolvePlan, "seed">, { batch, schedule: { trials } }: Likelihood): number =>
  batch === trials ? 0 : threefry2x32(seed, 0xfffffffc, 0, 0)[0] % trials;

/** The trials of one evaluation: sums of their lanes' rows [1 + entries] to −log L and its gradient, then means. */
export class TrialSums {
  readonly rows: readonly Float64Array[];
  /** The lanes to be solved, as one range or two: trials are counted on from the first after the last. */
  readonly lanes: readonly (readonly [begin: number, end: number])[];
  private readonly first: number;

  /**
   * @param plan with the seed of this evaluation.
   * @param range which of its trials; default all.
   */
  constructor(
    private readonly plan: SolvePlan,
    private readonly likelihood: Likelihood,
    private readonly views: readonly View[],
    range: PathRange = { first: 0, end: likelihood.batch },
  ) {
    const { trials, neurons } = likelihood.schedule;
    const first = (firstTrial(plan, likelihood) + range.first) % trials;
    const count = range.end - range.first;
    const end = first + count;
    const lanes: [number, number][] = [[first * neurons, Math.min(end, trials) * neurons]];
    if (end > trials) lanes.push([0, (end - trials) * neurons]);
    this.first = first;
    this.lanes = lanes;
    const entries = views.reduce((n, v) => n + v.length, 0);
    this.rows = Array.from({ length: 1 + entries }, () => new Float64Array(count));
  }

  /** Adds what a lane gives to log L, or to a row of its gradient. */
  add(row: number, lane: number, value: number): void {
    const { trials, neurons } = this.likelihood.schedule;
    this.rows[row]![(Math.floor(lane / neurons) + trials - this.first) % trials]! -= value;
  }

  /** @throws SaltationError `not-finite`. */
  result(options: EvaluatorOptions): Evaluated {
    const { rows, views, plan } = this;
    const trials = rows[0]!.length;
    const result = resultOfTrials(rows, views, plan);
    if (options.perPath) {
      const flat = new Float64Array(rows.length * trials);
      rows.forEach((row, r) => {
        flat.set(row, r * trials);
      });
      options.perPath(0, trials, flat);
    }
    options.progress?.(trials);
    return result;
  }
}

/** Value and gradient from rows [1 + entries] of one number a trial. @throws SaltationError `not-finite`. */
export function resultOfTrials(rows: readonly Float64Array[], views: readonly View[], plan: SolvePlan): Evaluated {
  const estimates = rows.map((row) => estimateOf(row));
  if (!estimates.every((e) => Number.isFinite(e.mean))) {
    throw new SaltationError(
      "not-finite",
      "the log-likelihood or its gradient became infinite or NaN: parameters or weights are too large for " +
        `dt = ${plan.dt}, or the hazard is not above 0; take a smaller dt or learning rate, or check their values`,
    );
  }
  return assembleResult(estimates[0]!.mean, views, estimates, [], 0, true);
}
