/** Networks on which the horizon term on a device is compared with that of the float64 twin, path by path. */
import { expect, it } from "vitest";
import type { Gpu } from "../../src/gpu/index.js";
import { GradientEvaluator } from "../../src/gradient/evaluate.js";
import type { Loss } from "../../src/loss/loss.js";
import { firstPassage, spikeCount } from "../../src/loss/spike-count.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { type Method, planSolve, type SolveOptions, type SolvePlan } from "../../src/plan/plan.js";
import { evaluateCpu } from "../../src/twin/evaluate.js";

export const neuron: NetworkDefinition = { cell: "slif", parameters: { sigma1: 0.25, alpha: 0.03 }, current: 1.5 };
export const network: NetworkDefinition = {
  cell: "slif",
  neurons: 4,
  parameters: { mu1: [14, 15, 16, 15], sigma1: 0.25, alpha: [0, 0.03, 0.02, 0.4], v0: 0.1 },
  weights: { dense: [0, 1, 2, 3].map((k) => [0, 1, 2, 3].map((j) => 1.2 * Math.sin(1 + 3 * k + 7 * j))) },
  current: [1.5, 1.2, 0.9, 1.1],
};
/** Value and gradient of each path, on a device or by the twin. */
export async function rowsOf(gpu: Gpu | undefined, plan: SolvePlan, names: string[], loss: Loss): Promise<number[][]> {
  const views = requestedViews(plan.network, parameterLayout(plan), names);
  const rows: number[][] = [];
  const perPath = (_: number, paths: number, flat: ArrayLike<number>): void => {
    for (let i = 0; i < paths; i++)
      rows.push(Array.from({ length: flat.length / paths }, (_, r) => flat[r * paths + i]!));
  };
  if (!gpu) await evaluateCpu(plan, loss, views, { perPath });
  else {
    const evaluator = await GradientEvaluator.create(gpu, plan, loss, views);
    await evaluator.evaluate(plan, { perPath });
    evaluator.dispose();
  }
  return rows;
}

/** Rows of most paths agree: the others have a spike more or less, by rounding. @returns paths whose gradient is not 0. */
export async function expectRows(
  gpu: Gpu,
  definition: NetworkDefinition,
  names: string[],
  loss: Loss,
  options: Partial<SolveOptions> = {},
): Promise<number> {
  const plan = planSolve(defineNetwork(definition), { paths: 64, t1: 0.5, dt: 0.02, seed: 3, ...options });
  const [device, host] = [await rowsOf(gpu, plan, names, loss), await rowsOf(undefined, plan, names, loss)];
  const scale = Math.max(...host.flatMap((row) => row.slice(1).map(Math.abs)));
  const off = host.filter((row, i) =>
    row.some((v, r) => Math.abs(v - device[i]![r]!) > 2e-3 * Math.max(Math.abs(v), 0.02 * scale)),
  );
  expect(off.length).toBeLessThanOrEqual(1);
  return host.filter((row) => row.slice(1).some((v) => v !== 0)).length;
}

/** Tests of a method by every solver. */
export function everySolver(method: Method, gpu: () => Gpu): void {
  it("one neuron", async () => {
    const names = ["current", "mu1", "vReset", "alpha"];
    expect(await expectRows(gpu(), neuron, names, spikeCount(), { method })).toBeGreaterThan(40);
    // Those that stopped have no term.
    const first = await expectRows(gpu(), neuron, names, firstPassage(), { method, t1: 0.24 });
    expect(first).toBeGreaterThan(10);
    expect(first).toBeLessThan(54);
    await expectRows(gpu(), neuron, names, spikeCount(), { method, maxSpikes: 2 });
  });

  it.each(["path", "workgroup"] as const)("a network, a path per %s", async (distribution) => {
    const loss = spikeCount({ neuron: [1, 2, 3] });
    const names = ["current", "alpha", "sigma1", "mu1", "weights"];
    const of = { method, distribution: distribution === "path" ? "invocation" : distribution } as Partial<SolveOptions>;
    expect(await expectRows(gpu(), network, names, loss, of)).toBeGreaterThan(60);
  });
}
