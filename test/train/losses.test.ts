/** Gradients of every loss through the whole chain in float64: simulation, loss, backward recursion. */
import { describe, expect, it } from "vitest";
import { Engine, type EngineNetwork } from "../../src/engine.js";
import { parameterLayout, parameterVector, replaceParameters, requestedViews } from "../../src/solve/layout.js";
import { methods, type SolvePlan } from "../../src/solve/plan.js";
import type { Loss } from "../../src/train/loss.js";
import { lossCases, observedTrains, one, recurrent } from "./support.js";

const engine = await Engine.create({ backend: "cpu" });
const solve = { paths: 12, t1: 1, dt: 0.02, seed: 11 };
const observed = await observedTrains(engine, 9);

async function derivative(network: EngineNetwork, plan: SolvePlan, loss: Loss, names: string[]) {
  const layout = parameterLayout(plan);
  const views = requestedViews(network.network, layout, names);
  const evaluator = await network.evaluator(plan, loss, names);
  const exact = (await evaluator.evaluate(plan)).flat;
  const vector = parameterVector(plan);
  const h = 1e-6;
  const at = async (entry: number, by: number): Promise<number> => {
    const moved = vector.slice();
    moved[entry]! += by;
    return (await evaluator.evaluate(replaceParameters(plan, layout, moved))).value;
  };
  const finite: number[] = [];
  for (const view of views) {
    for (let i = 0; i < view.length; i++) {
      finite.push(((await at(view.offset + i, h)) - (await at(view.offset + i, -h))) / (2 * h));
    }
  }
  return { exact: [...exact], finite };
}

describe.each(lossCases(observed))("%s", (_, make) => {
  it.each(methods)("agrees with finite differences, method %s", async (method) => {
    for (const [name, definition, names] of [
      ["one", one, ["current", "mu1", "vReset"]],
      ["recurrent", recurrent, ["weights", "current", "beta"]],
    ] as const) {
      const network = engine.network(definition);
      const options = { ...solve, method };
      const loss = make(name);
      const { exact, finite } = await derivative(network, network.gradientPlan(options, loss), loss, [...names]);
      const size = Math.max(...exact.map(Math.abs));
      // Central differences of step 1e-6 are good to 1e-6²·f'''/6 and 1e-16/1e-6 of rounding.
      for (let i = 0; i < exact.length; i++) expect(Math.abs(exact[i]! - finite[i]!) / size).toBeLessThan(1e-5);
      expect(size).toBeGreaterThan(1e-3);
    }
  });
});
