/** Gradients of a plan by the twin beside central differences of its value. */
import { expect } from "vitest";
import type { Loss } from "../../src/loss/loss.js";
import { parameterLayout, parameterVector, replaceParameters, type View } from "../../src/plan/layout.js";
import type { SolvePlan } from "../../src/plan/plan.js";
import { evaluateCpu } from "../../src/twin/evaluate.js";

/**
 * Expects each entry of the gradient to be a central difference of fourth order, to 1e-6 of it.
 * @param h by how much values are moved; and `floor`, the size below which a difference counts as that.
 * @returns the gradient in the shapes of parameters, and how many entries are not next to 0.
 */
export async function expectPlanDifferences(
  plan: SolvePlan,
  loss: Loss,
  views: readonly View[],
  { h, floor }: { h: number; floor: number },
): Promise<{ gradient: Record<string, unknown>; moved: number }> {
  const layout = parameterLayout(plan);
  const entries = views.reduce((n, view) => n + view.length, 0);

  const flat = new Float64Array(entries);
  const { gradient } = await evaluateCpu(plan, loss, views, {
    perPath: (_, count, rows) => {
      for (let e = 0; e < entries; e++) for (let i = 0; i < count; i++) flat[e]! += rows[(1 + e) * count + i]! / count;
    },
  });
  const vector = parameterVector(plan);
  const places = views.flatMap((view) => Array.from({ length: view.length }, (_, i) => view.offset + i));
  let moved = 0;
  for (const [i, place] of places.entries()) {
    const at = async (by: number): Promise<number> => {
      const changed = vector.slice();
      changed[place]! += by;
      return (await evaluateCpu(replaceParameters(plan, layout, changed), loss, [])).value;
    };
    const [a, b, c, d] = [await at(h), await at(-h), await at(2 * h), await at(-2 * h)];
    const difference = (8 * (a - b) - (c - d)) / (12 * h);
    expect(Math.abs(flat[i]! - difference), `${i}`).toBeLessThanOrEqual(1e-6 * Math.max(floor, Math.abs(difference)));
    if (Math.abs(difference) > 1e-3) moved++;
  }
  return { gradient, moved };
}
