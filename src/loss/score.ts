/**
 * Gradients by the score function, for losses that jump where a spike crosses a time before t1, or another spike: a count in a bin, an
 * order, an interval below a bound. No derivative of a path sees those. The law of the trains does: with L the likelihood of a path's
 * own train,
 *
 *     ∂E[F] = E[(F − b) ∂log L]
 *
 * (Glynn, Commun. ACM 33, 1990; Williams, Mach. Learn. 8, 1992). The baseline b is the mean of F over the other paths, so that no bias
 * comes with it. Of a loss of means, F is what a path adds to first order. It needs trains that stay possible whatever the
 * parameters: a threshold of log u alone, and hazards that the past spikes determine.
 */
import { offsetNames } from "../cell/hazard.js";
import { fail, show } from "../checks.js";
import { SaltationError } from "../errors.js";
import { valueAt } from "../network/network.js";
import { parameterLayout, type View, viewName } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf } from "../reduce/statistics.js";
import { planSchedule } from "../spikes/schedule.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { evaluateOnHost } from "./host-loss.js";
import { judgeMean } from "./judge-mean.js";
import { checkLikelihood, type Likelihood } from "./likelihood.js";
import type { Evaluator, Loss } from "./loss.js";
import { assembleResult, checkEstimates } from "./result.js";

const field = "estimator";

/**
 * The loss with its gradient by the score function.
 * @throws SaltationError `invalid-input` for losses that have none.
 */
export function scored(loss: Loss): Loss {
  if (loss.likelihood)
    fail(field, `"score" is for losses of simulated spikes, and "${loss.kind}" simulates none; leave it out`);
  if (!loss.evaluate)
    fail(field, `"score" takes losses on the host, and "${loss.kind}" has no evaluate(); leave it out`);
  if (loss.states)
    fail(field, `"score" takes losses of spikes alone, and "${loss.kind}" looks at states; leave it out`);
  const { kind, check, warnings, independent, leastPaths = 1, evaluate } = loss;
  return {
    kind,
    estimator: "score",
    // Rows of paths are of each alone but for means over all of them.
    pathwise: true,
    leastPaths: Math.max(2, leastPaths),
    evaluate,
    ...(check ? { check } : {}),
    ...(warnings ? { warnings } : {}),
    ...(independent === undefined ? {} : { independent }),
    checkPlan: (plan, names) => {
      // What asks for nothing by names is of the plan alone.
      loss.checkPlan?.(plan, []);
      if (names.length > 0) checkScore(plan, names);
    },
  };
}

/** @throws SaltationError where the score is not the derivative of the law of the trains. */
function checkScore(plan: SolvePlan, names: readonly string[]): void {
  const { network } = plan;
  if (plan.maxSpikes > 0)
    fail(
      "maxSpikes",
      `is ${plan.maxSpikes}, and estimator "score" knows no likelihood of paths that stop; leave it out`,
    );
  if (plan.samples) fail("samples", 'are not taken by estimator "score"; leave them out');
  try {
    checkLikelihood(plan, names);
  } catch (error) {
    if (!(error instanceof SaltationError)) throw error;
    fail(field, `"score" takes the likelihood of each path's train: ${error.message}`);
  }
  const likelihood = (): never => fail(field, "is judged alone");
  const { because } = judgeMean(plan, { kind: "log-likelihood", likelihood }, names);
  if (because.length > 0) fail(field, `"score" does not see jumps of the likelihood: ${because.join("; ")}`);
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
      fail(field, `"score" needs that any spike stays possible: ${what}, before which none is; ${mend}`);
    }
  }
}

/** What a score is made with: an engine's backend. */
export interface Scoring {
  simulate(plan: SolvePlan): Promise<readonly TypedSpikes[]>;
  likelihood(plan: SolvePlan, observed: Likelihood): Promise<Evaluator>;
}

/** Prepares value and gradient of a `scored` loss. */
export function scoreEvaluator(loss: Loss, views: readonly View[], { simulate, likelihood }: Scoring): Evaluator {
  return {
    async evaluate(plan, options = {}) {
      const paths = await simulate(plan);
      const { value, pathValues, means } = await evaluateOnHost(loss, paths, plan);
      if (!pathValues)
        fail(
          field,
          `"score" needs what each path adds, and loss "${loss.kind}" gives no pathValues: ${show(pathValues)}`,
        );
      const n = paths.length;
      const entries = views.reduce((sum, v) => sum + v.length, 0);
      const rows = Array.from({ length: 1 + entries }, () => new Float64Array(n));
      rows[0]!.set(Float64Array.from(pathValues));
      if (entries > 0) {
        const mean = rows[0]!.reduce((sum, v) => sum + v, 0) / n;
        const evaluator = await likelihood(plan, { schedule: planSchedule(plan, paths), batch: n });
        try {
          // Rows of the likelihood are of −log L. Without the path itself the mean of F is further off by n/(n − 1).
          const perPath = (first: number, count: number, given: ArrayLike<number>): void => {
            for (let r = 1; r <= entries; r++) {
              for (let i = 0; i < count; i++) {
                const beside = ((rows[0]![first + i]! - mean) * n) / (n - 1);
                rows[r]![first + i] = -beside * given[r * count + i]!;
              }
            }
          };
          await evaluator.evaluate(plan, { perPath });
        } finally {
          evaluator.dispose();
        }
      }
      const estimates = rows.map((row) => estimateOf(row, plan.antithetic));
      checkEstimates(plan, value, estimates);
      if (options.perPath) {
        const flat = new Float64Array(rows.length * n);
        rows.forEach((row, r) => {
          flat.set(row, r * n);
        });
        options.perPath(0, n, flat);
      }
      options.progress?.(n);
      return { ...assembleResult(value, views, estimates, means ?? [], 0, true), warnings: plan.warnings };
    },
    dispose: () => {},
  };
}
