/**
 * The point-process log-likelihood of observed spike trains: the standard fit of escape-noise neurons (Paninski 2004;
 * Pillow et al. 2005; Mensi et al. 2012; Pozzorini et al. 2015).
 */

import { checkOptions, fail, list, type Names, oneOf, show, wholeNumber } from "../checks.js";
import type { SolvePlan } from "../plan/plan.js";
import { planSchedule } from "../spikes/schedule.js";
import type { ObservedSpikes } from "../spikes/spikes.js";
import { checkLikelihood } from "./likelihood.js";
import type { Loss } from "./loss.js";
import { type OutsideOptions, spikesOutside } from "./observed.js";

export interface LogLikelihoodOptions extends OutsideOptions {
  /** Trials of an evaluation; all where absent. Neighbouring trials, the first drawn from the seed of the evaluation. */
  readonly batch?: number;
}

const likelihoodNames: Names<LogLikelihoodOptions> = { batch: true, outside: true };

/**
 * −log L of observed trials, the mean over trials, in nats: Σ over neurons of −Σ_n [log λ(t_n) − (Λ_n − α)] +
 * max(0, Λ_end − α), with λ = ∇E·f the rate of the event function along the solution whose events are forced to the
 * observed spikes, and Λ_n its integral since the spike before. It is the density of the trains that the cell itself
 * draws, where the next event comes when Λ reaches α + Exp(1); intervals with Λ < α have likelihood 0 and are refused,
 * so α is 0 in a fit. No path is simulated and the gradient is exact, also where spikes appear or vanish: there is no
 * boundary term at t1. In a network each neuron is conditionally independent of the others given all spikes.
 *
 * @param trials spike times of each trial (absolute, those outside t0 to t1 are left out with a warning), and the neurons that fired.
 * @param options.outside `drop`: trials of which every spike lies outside are taken as silent.
 * @throws SaltationError `invalid-input`, when it is evaluated, for cells whose hazard the past spikes do not determine; and
 *   where all spikes lie outside t0 to t1, unless `outside` says `drop`.
 */
export function logLikelihood(trials: readonly ObservedSpikes[], options: LogLikelihoodOptions = {}): Loss {
  checkOptions("loss", options, likelihoodNames);
  if (options.outside !== undefined) oneOf("loss.outside", options.outside, ["drop"]);
  list("observed", trials, "trials").forEach((trial, i) => {
    if (trial?.times?.length === undefined) fail(`observed[${i}]`, `expected { times, neurons }, got ${show(trial)}`);
  });
  if (trials.length === 0) fail("observed", "holds no trial");
  const batch = wholeNumber("loss.batch", options.batch ?? trials.length, 1, trials.length);
  const warnings = (plan: SolvePlan): string[] => spikesOutside(trials, plan, options);
  return {
    kind: "log-likelihood",
    warnings,
    checkPlan: (plan, names) => {
      checkLikelihood(plan, names);
      planSchedule(plan, trials);
      warnings(plan);
    },
    likelihood(plan, names) {
      warnings(plan);
      checkLikelihood(plan, names);
      return { schedule: planSchedule(plan, trials), batch };
    },
  };
}
