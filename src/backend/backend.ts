/** What an engine asks of the machine that solves: another one is a folder with this interface and a line in src/engine.ts. */
import type { Likelihood } from "../loss/likelihood.js";
import type { Evaluator, Loss, RangeEvaluator } from "../loss/loss.js";
import type { PathRange } from "../plan/chunks.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { Sensitivities } from "../spikes/sensitivities.js";
import type { SimulatedSpikes } from "../spikes/simulated.js";

export interface SolverBackend {
  /** What options call it. */
  readonly name: string;
  /** What it runs on, in one line. */
  readonly description: string;

  /**
   * Solves the paths of a plan.
   * @param progress called with the number of paths done.
   * @param range which of them; default all. The result is then of so many paths, the first of them number 0.
   * @throws SaltationError `not-finite` where a state left the finite numbers.
   */
  simulate(plan: SolvePlan, progress?: (pathsDone: number) => void, range?: PathRange): Promise<SimulatedSpikes>;

  /**
   * Prepares value and gradient of a loss of simulated spikes, for plans like this one but for values and seed.
   * @param views the parameters to differentiate by.
   * @throws SaltationError `invalid-input` where the loss cannot be taken here.
   */
  evaluator(plan: SolvePlan, loss: Loss, views: readonly View[]): Promise<Evaluator>;

  /**
   * Prepares what ranges of such a plan's paths add to value and gradient, for a loss of means (`Loss.ofMeans`): with the
   * sums of all ranges, however they are cut, there come the bits of `evaluator`.
   */
  ranges?(plan: SolvePlan, loss: Loss, views: readonly View[]): Promise<RangeEvaluator>;

  /** The same of the log-likelihood of observed spikes. */
  likelihood(plan: SolvePlan, observed: Likelihood, views: readonly View[]): Promise<Evaluator>;

  /** Spike times of every path with their derivatives by the parameters in `views`. */
  sensitivities(
    plan: SolvePlan,
    views: readonly View[],
    progress?: (pathsDone: number) => void,
  ): Promise<Sensitivities>;

  /** @throws SaltationError where it can do no more, such as `device-lost`. */
  check(): void;

  /** Frees all that it holds. */
  dispose(): void;
}
