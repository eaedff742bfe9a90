import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { figure1Setting } from "../../src/experiments/figure1.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import type { Loss } from "../../src/loss/loss.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { estimateOf } from "../../src/reduce/statistics.js";
import type { Spikes } from "../../src/spikes/spikes.js";
import { pathsOf } from "../../src/spikes/table.js";

/**
 * The loss of figure 1 of Holberg & Salvi (2024) by expected signatures of all spikes, which jumps where a spike crosses t1:
 * its gradient against central differences with common random numbers, over sixteen seeds.
 */
const { parameters, t1, dt, trueCurrent } = figure1Setting;
const seeds = Array.from({ length: 16 }, (_, s) => 100 + s);

interface Case {
  readonly loss: (observed: readonly Spikes[]) => Loss;
  readonly truth: NetworkDefinition;
  /** The network moved by h along the direction. */
  readonly at: (h: number) => NetworkDefinition;
  readonly along: (gradient: Record<string, unknown>) => number;
  readonly by: string;
  readonly h: number;
  readonly paths: number;
  readonly options: { readonly t1: number; readonly dt: number };
}

const signatures = (observed: readonly Spikes[]): Loss => expectedSignatureLoss(observed, { depth: 3 });
const figure1: Case = {
  loss: signatures,
  truth: { cell: "slif", parameters: { ...parameters, sigma1: 0.25 }, current: trueCurrent },
  at: (h) => ({ cell: "slif", parameters: { ...parameters, sigma1: 0.25 }, current: 1.4 + h }),
  along: ({ current }) => current as number,
  by: "current",
  h: 0.02,
  paths: 4096,
  options: { t1: t1 / 2, dt: 2 * dt },
};

/** Two neurons that know nothing of each other: their spikes change places, which the score sees alone. */
it("signatures of two neurons have it by the score", async () => {
  const engine = await Engine.create({ backend: "simd" });
  const loss = expectedSignatureLoss([{ times: [0.3, 0.6, 0.9], neurons: [0, 0, 1] }], { depth: 2 });
  const cell = { cell: "slif", neurons: 2, parameters: { sigma1: 0.25, alpha: 0, mu1: 15 } } as const;
  const offBy = async (estimator: "horizon" | "score", unbiased: boolean) => {
    const off: number[] = [];
    const wanted: number[] = [];
    for (const seed of seeds) {
      const solve = { t1: 1, dt: 0.02, paths: 4096, seed, standardErrors: false };
      const at = (current: number) => engine.network({ ...cell, current: [current, 1.2] });
      const found = await at(1.4).valueAndGradient(loss, { ...solve, with: ["current"], estimator });
      expect(found.unbiased).toBe(unbiased);
      const [up, down] = [
        await at(1.42).valueAndGradient(loss, { ...solve, with: [] }),
        await at(1.38).valueAndGradient(loss, { ...solve, with: [] }),
      ];
      wanted.push((up.value - down.value) / 0.04);
      off.push(found.flat[0]! - wanted.at(-1)!);
    }
    return { ...estimateOf(off), wanted: estimateOf(wanted).mean };
  };
  const [paths, score] = [await offBy("horizon", false), await offBy("score", true)];
  engine.dispose();
  expect(score.standardError).toBeLessThan(0.02 * Math.abs(score.wanted));
  expect(Math.abs(score.mean)).toBeLessThan(3 * score.standardError);
  // 11 % too much, and told.
  expect(paths.mean).toBeGreaterThan(6 * paths.standardError);
}, 900_000);

describe("signatures of all spikes", () => {
  it.each([["figure 1", figure1]] as const)(
    "have the gradient of their mean: %s",
    async (_, { loss: lossOf, truth, at, along, by, h, paths, options }) => {
      const engine = await Engine.create({ backend: "simd" });
      const seen = await (await engine.network(truth).simulate({ ...options, paths: 512, seed: 5 })).read();
      const observed = pathsOf(seen).map(({ times, neurons }) => ({ times, neurons }));
      const loss = lossOf(observed);
      const solve = { ...options, paths, standardErrors: false };
      const [gradients, pathwise, differences]: [number[], number[], number[]] = [[], [], []];
      for (const seed of seeds) {
        const of = (network: NetworkDefinition, names: string[], without = false) =>
          engine
            .network(network)
            .valueAndGradient(without ? { ...loss, horizon: false } : loss, { ...solve, seed, with: names });
        const found = await of(at(0), [by]);
        expect(found).toMatchObject({ unbiased: true, terms: ["pathwise", "horizon"] });
        gradients.push(along(found.gradient));
        pathwise.push(along((await of(at(0), [by], true)).gradient));
        differences.push(((await of(at(h), [])).value - (await of(at(-h), [])).value) / (2 * h));
      }
      engine.dispose();
      const off = estimateOf(gradients.map((g, i) => g - differences[i]!));
      const spread = estimateOf(differences);
      console.log(
        `${by}: ${estimateOf(gradients).mean} for ${spread.mean} ± ${spread.standardError}, off by ${off.mean} ± ${off.standardError}; ` +
          `without the term ${estimateOf(pathwise).mean}`,
      );
      // Three standard errors of the mean difference over seeds, which is not so large as to hide the gradient; and what the step of the
      // differences is off, of order h².
      expect(off.standardError).toBeLessThan(0.05 * Math.abs(spread.mean));
      expect(Math.abs(off.mean)).toBeLessThan(3 * off.standardError + 0.01 * Math.abs(spread.mean));
      // Derivatives of paths alone do not do.
      expect(Math.abs(estimateOf(pathwise).mean - spread.mean)).toBeGreaterThan(6 * off.standardError);
    },
    900_000,
  );
});
