/**
 * The information of a fit against differences of the gradient of eighth order, whose steps are five and ten times as long: those err by
 * other powers of the step and round otherwise.
 */
import { expect, it } from "vitest";
import { confidence } from "../../src/confidence/confidence.js";
import { eigenOf, functionOf } from "../../src/confidence/symmetric.js";
import { Engine } from "../../src/engine.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { pathsOf } from "../../src/spikes/table.js";

const truth: Record<string, number> = { tau: 15, gain: 80, vTh: 15, jEta: 1, jGamma: 2 };
const names = Object.keys(truth);
const solve = { t1: 500, dt: 1, paths: 6 };
const current = {
  dt: 1,
  samples: Array.from({ length: 500 }, (_, t) => 0.28 + 0.09 * Math.sin(t / 7) + 0.05 * Math.sin(1 + t / 31)),
};
/** Of central differences at ±h, ±2h, ±3h, ±4h (Fornberg 1988). */
const eighth = [4 / 5, -1 / 5, 4 / 105, -1 / 280];

it("the information of a gif neuron is that of differences of eighth order to within the error that it tells", async () => {
  const engine = await Engine.create({ backend: "cpu" });
  const of = (parameters: Record<string, number>): NetworkDefinition => ({ cell: "gif", parameters, current });
  const observed = pathsOf(await (await engine.network(of(truth)).simulate({ ...solve, seed: 5 })).read());
  const loss = logLikelihood(observed);
  const own = {
    ...solve,
    paths: observed.length,
    loss,
    trainable: names,
    coordinates: "natural",
    refine: true,
  } as const;
  const found = await confidence(engine.network(of(truth)), own);
  expect(found.spikes).toBeGreaterThan(60);
  const at = found.values as Record<string, number>;
  const slopes = async (moved: Record<string, number>): Promise<number[]> => {
    const { gradient } = await engine.network(of(moved)).valueAndGradient(loss, { ...solve, with: names });
    return names.map((name) => observed.length * (gradient[name] as number));
  };
  const information = async (part: number): Promise<number[][]> => {
    const rows: number[][] = [];
    for (const [j, name] of names.entries()) {
      const h = part * known[j]!;
      const row = names.map(() => 0);
      for (const [k, weight] of eighth.entries()) {
        const [above, below] = await Promise.all(
          [1, -1].map((sign) => slopes({ ...at, [name]: at[name]! + sign * (k + 1) * h })),
        );
        row.forEach((_, i) => {
          row[i]! += (weight * (above![i]! - below![i]!)) / h;
        });
      }
      rows.push(row);
    }
    return rows;
  };
  const { covariance, informationError } = found;
  const spread = covariance.map((row, i) => Math.sqrt(row[i]!));
  const scaled = eigenOf(covariance.map((row, i) => row.map((c, j) => c / spread[i]! / spread[j]!)));
  const inverse = functionOf(scaled, (v) => 1 / v).map((row, i) => row.map((a, j) => a / spread[i]! / spread[j]!));
  /** What each is known to with the others held. */
  const known = inverse.map((row, i) => 1 / Math.sqrt(row[i]!));
  const [near, far] = [await information(0.05), await information(0.1)];
  const apart = (one: readonly (readonly number[])[], other: readonly (readonly number[])[]): number =>
    Math.max(...one.flatMap((row, i) => row.map((a, j) => Math.abs(a - other[i]![j]!) * known[i]! * known[j]!)));
  const [reference, off] = [apart(near, far), apart(inverse, near)];

  // What the reference itself is good to, and what the library's is: 1 on the diagonal in this unit.
  expect(reference).toBeLessThan(1e-10);
  expect(off).toBeLessThan(1e-9);
  expect(off).toBeLessThan(informationError);
  expect(informationError).toBeLessThan(1e-4);
  engine.dispose();
});
