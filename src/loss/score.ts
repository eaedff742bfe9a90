/**
 * Gradients by the score function, for losses that jump where a spike crosses a time before t1, or another spike: a count in a bin, an
 * order, an interval below a bound. No derivative of a path sees those. The law of the trains does: with L the likelihood of a path's
 * own train, given the path W of its noise, which does not move with the parameters,
 *
 *     ∂E[F] = E[(F − b) ∂log L(train | W)]
 *
 * (Glynn, Commun. ACM 33, 1990; Williams, Mach. Learn. 8, 1992). The baseline b is the mean of F over the other paths, so that no bias
 * comes with it. Of a loss of means, F is what a path adds to first order. It needs trains that stay possible whatever the
 * parameters: a threshold of log u alone, and hazards that past spikes and noise determine.
 */
import { tableauOf } from "../../shaders/substep/tableau.js";
import { offsetNames } from "../cell/hazard.js";
import { fail, show } from "../checks.js";
import { SaltationError } from "../errors.js";
import { valueAt } from "../network/network.js";
import { activeChannels } from "../plan/channels.js";
import { parameterLayout, type View, viewName } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf } from "../reduce/statistics.js";
import { planSchedule } from "../spikes/schedule.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import type { Estimator } from "./estimator.js";
import { evaluateOnHost } from "./host-loss.js";
import { judgeMean } from "./judge-mean.js";
import { checkLikelihood, type Likelihood } from "./likelihood.js";
import type { Evaluator, EvaluatorOptions, Loss, LossValue } from "./loss.js";
import { assembleResult, checkEstimates } from "./result.js";

const field = "estimator";

/**
 * The loss with its gradient by the score function.
 * @throws SaltationError `invalid-input` for losses that have none.
 */
export function scored(loss: Loss): Loss {
  const {
    kind,
    check,
    warnings,
    independent,
    pathwise = false,
    leastPaths = 1,
    batchPaths,
    evaluate,
  } = scorable("score", loss);
  return {
    kind,
    estimator: "score",
    pathwise,
    leastPaths: Math.max(2, leastPaths),
    evaluate: evaluate!,
    ...(check ? { check } : {}),
    ...(warnings ? { warnings } : {}),
    ...(independent === undefined ? {} : { independent }),
    ...(batchPaths === undefined ? {} : { batchPaths }),
    checkPlan: (plan, names) => {
      // What asks for nothing by names is of the plan alone.
      loss.checkPlan?.(plan, []);
      if (names.length > 0) checkScore("score", plan, names);
    },
  };
}

/** @throws SaltationError `invalid-input` for losses that have no score. */
export function scorable(by: Estimator, loss: Loss): Loss {
  if (loss.likelihood)
    fail(field, `"${by}" is for losses of simulated spikes, and "${loss.kind}" simulates none; leave it out`);
  if (!loss.evaluate)
    fail(field, `"${by}" takes losses on the host, and "${loss.kind}" has no evaluate(); leave it out`);
  if (loss.states)
    fail(field, `"${by}" takes losses of spikes alone, and "${loss.kind}" looks at states; leave it out`);
  return loss;
}

/** @throws SaltationError where the score is not the derivative of the law of the trains. */
export function checkScore(by: Estimator, plan: SolvePlan, names: readonly string[]): void {
  const { network, method } = plan;
  if (plan.maxSpikes > 0)
    fail(
      "maxSpikes",
      `is ${plan.maxSpikes}, and estimator "${by}" knows no likelihood of paths that stop; leave it out`,
    );
  if (plan.samples) fail("samples", `are not taken by estimator "${by}"; leave them out`);
  if (plan.antithetic && plan.paths < 4)
    fail("paths", `are ${plan.paths}, one antithetic pair, and the baseline of estimator "${by}" is of others; take 4`);
  if (tableauOf(method).driver === "grid" && activeChannels(plan, names).length > 0)
    fail(
      "method",
      `is "${method}", whose noise comes at grid points, and estimator "${by}" takes it along the path; take "levy"`,
    );
  try {
    checkLikelihood(plan, names, true);
  } catch (error) {
    if (!(error instanceof SaltationError)) throw error;
    fail(field, `"${by}" takes the likelihood of each path's train: ${error.message}`);
  }
  const likelihood = (): never => fail(field, "is judged alone");
  const { because } = judgeMean(plan, { kind: "log-likelihood", likelihood }, names);
  if (because.length > 0) fail(field, `"${by}" does not see jumps of the likelihood: ${because.join("; ")}`);
  // Those that are differentiated by may be any.
  const { views } = parameterLayout(plan);
  const given = names.map((name) => views.get(viewName(network, name))?.segment ?? name);
  const values = network.parameters.filter((p) => !given.includes(p.name));
  const seen = new Set<string>();
  for (let k = 0; k < network.neurons; k++) {
    const known = new Map(values.map((p) => [p.name, valueAt(p, k)]));
    const key = [...known.values()].join();
    if (seen.has(key)) continue;
    seen.add(key);
    const held = offsetNames(network.cell, known);
    if (held.length > 0) {
      const what = `start or reset of cell "${network.cell.name}" set its event function to log(u) and something of ${held.join(", ")}`;
      const mend = held.includes("alpha")
        ? 'set "alpha" to 0 and do not differentiate by it'
        : "set it to log(u) alone";
      fail(field, `"${by}" needs that any spike stays possible: ${what}, before which none is; ${mend}`);
    }
  }
}

/** What a score is made with: an engine's backend. */
export interface Scoring {
  simulate(plan: SolvePlan): Promise<readonly TypedSpikes[]>;
  likelihood(plan: SolvePlan, observed: Likelihood): Promise<Evaluator>;
}

/** A score of all paths. */
export interface Scores {
  readonly taken: LossValue;
  /** What each path adds to the loss, and how far it is from the mean of what the others do. */
  readonly values: Float64Array;
  readonly beside: Float64Array;
  /** ∂log L of each path [entries][paths]. */
  readonly scores: readonly Float64Array[];
}

/**
 * How far each number is from the mean of the others. Those of an antithetic pair are not independent, and both are left out of
 * the mean that each is compared with.
 */
export function besideOthers(values: Float64Array, antithetic: boolean): Float64Array {
  const n = values.length;
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((v, i) => (antithetic ? v - (sum - v - values[i ^ 1]!) / (n - 2) : v - (sum - v) / (n - 1)));
}

/** Solves the paths of a plan and takes loss and scores. */
export async function scoresOf(
  loss: Loss,
  plan: SolvePlan,
  entries: number,
  { simulate, likelihood }: Scoring,
): Promise<Scores> {
  const paths = await simulate(plan);
  const taken = await evaluateOnHost(loss, paths, plan);
  const { pathValues } = taken;
  if (!pathValues)
    fail(field, `needs what each path adds, and loss "${loss.kind}" gives no pathValues: ${show(pathValues)}`);
  const n = paths.length;
  const values = Float64Array.from(pathValues);
  const scores = Array.from({ length: entries }, () => new Float64Array(n));
  if (entries > 0) {
    const evaluator = await likelihood(plan, { schedule: planSchedule(plan, paths), batch: n, noise: true });
    try {
      // Rows of the likelihood are of −log L.
      const perPath = (first: number, count: number, given: ArrayLike<number>): void => {
        scores.forEach((row, e) => {
          for (let i = 0; i < count; i++) row[first + i] = -given[(1 + e) * count + i]!;
        });
      };
      await evaluator.evaluate(plan, { perPath });
    } finally {
      evaluator.dispose();
    }
  }
  return { taken, values, beside: besideOthers(values, plan.antithetic), scores };
}

/** Hands rows [1 + entries] of all paths to whom they may concern. */
export function handOver(rows: readonly Float64Array[], { perPath, progress }: EvaluatorOptions): void {
  const n = rows[0]!.length;
  if (perPath) {
    const flat = new Float64Array(rows.length * n);
    rows.forEach((row, r) => {
      flat.set(row, r * n);
    });
    perPath(0, n, flat);
  }
  progress?.(n);
}

/** Prepares value and gradient of a `scored` loss. */
export function scoreEvaluator(loss: Loss, views: readonly View[], scoring: Scoring): Evaluator {
  const entries = views.reduce((sum, v) => sum + v.length, 0);
  return {
    async evaluate(plan, options = {}) {
      const { taken, values, beside, scores } = await scoresOf(loss, plan, entries, scoring);
      const rows = [values, ...scores.map((row) => row.map((s, i) => beside[i]! * s))];
      const estimates = rows.map((row) => estimateOf(row, plan.antithetic));
      checkEstimates(plan, taken.value, estimates);
      handOver(rows, options);
      const { pathwise = false } = loss;
      const result = assembleResult(taken.value, views, estimates, taken.means ?? [], 0, pathwise);
      return { ...result, warnings: plan.warnings };
    },
    dispose: () => {},
  };
}
