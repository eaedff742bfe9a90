/** Gradients of every loss through the whole chain in float64: simulation, loss, backward recursion. */
import { describe, expect, it } from "vitest";
import { Engine, type EngineNetwork } from "../../src/engine.js";
import type { Loss } from "../../src/loss/loss.js";
import { vanRossum } from "../../src/loss/van-rossum.js";
import { parameterLayout, parameterVector, replaceParameters, requestedViews } from "../../src/plan/layout.js";
import { methods, type SolvePlan } from "../../src/plan/plan.js";
import { lossCases, observedSpikes, one, recurrent } from "../train/support.js";

const engine = await Engine.create({ backend: "cpu" });
const solve = { paths: 6, t1: 1, dt: 0.02, seed: 11 };
const observed = await observedSpikes(engine, 5);

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

describe.each(lossCases(observed))("%s", (kind, make) => {
  // The chain is the same for every loss; Gram matrices in the twin take their time.
  it.each(
    /MMD|score/.test(kind) ? (["levy"] as const) : methods,
  )("agrees with finite differences, method %s", async (method) => {
    for (const [name, definition, names] of [
      ["one", one, ["current", "mu1", "vReset"]],
      ["recurrent", recurrent, ["weights", "current", "beta"]],
    ] as const) {
      const network = engine.network(definition);
      const options = { ...solve, method };
      // Differences with the same noise do not see spikes appear at t1: what they add is left out.
      const loss: Loss = Object.create(make(name), { horizon: { value: false } });
      const { exact, finite } = await derivative(network, network.gradientPlan(options, loss), loss, [...names]);
      const size = Math.max(...exact.map(Math.abs));
      // Central differences of step 1e-6 are good to 1e-6²·f'''/6 and 1e-16/1e-6 of rounding.
      for (let i = 0; i < exact.length; i++) expect(Math.abs(exact[i]! - finite[i]!) / size).toBeLessThan(1e-5);
      expect(size).toBeGreaterThan(1e-3);
    }
  });
});

describe("van Rossum distance", () => {
  const spikes = (times: number[]) => ({ times: Float64Array.from(times), neurons: new Int32Array(times.length) });
  const plan = engine.network(one).plan({ paths: 1, t1: 2, dt: 0.1 });

  it("of two trains is the integral of the squared difference of their traces", async () => {
    const [x, y, tau] = [[0.2, 0.9, 1.7], [0.3, 1.1], 0.4];
    const { value } = await vanRossum([spikes(y)], { tau, unbiased: false }).evaluate!([spikes(x)], plan);
    const trace = (times: number[], t: number): number =>
      times.reduce((sum, s) => sum + (s <= t ? Math.exp(-(t - s) / tau) : 0), 0);
    // Midpoint rule: each of the five jumps costs at most half a cell, 1e-5 of it.
    const cells = 200_000;
    let integral = 0;
    for (let c = 0; c < cells; c++)
      integral += (trace(x, (2 * (c + 0.5)) / cells) - trace(y, (2 * (c + 0.5)) / cells)) ** 2;
    expect(Math.abs(value - (integral * 2) / cells / tau)).toBeLessThan(1e-5 * value);
  });

  it("does not jump when a spike crosses t1", async () => {
    const loss = vanRossum([spikes([0.5])], { tau: 0.3, unbiased: false });
    const at = async (times: number[]) => (await loss.evaluate!([spikes(times)], plan)).value;
    expect(Math.abs((await at([0.4, 2 - 1e-9])) - (await at([0.4])))).toBeLessThan(1e-8);
  });
});
