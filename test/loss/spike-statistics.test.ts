/** Fano factor and intervals: values by hand, derivatives by spike times, and what one more spike at t1 changes. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import type { Loss } from "../../src/loss/loss.js";
import { fanoFactor, interval } from "../../src/loss/spike-statistics.js";
import { defineNetwork } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import type { TypedSpikes } from "../../src/spikes/spikes.js";

const typed = (times: number[], neurons: number[]): TypedSpikes => ({
  times: Float64Array.from(times),
  neurons: Int32Array.from(neurons),
});
const spikes = [
  typed([0.1, 0.25, 0.3, 0.7], [0, 1, 0, 0]),
  typed([0.2, 0.9], [1, 0]),
  typed([], []),
  typed([0.15, 0.35, 0.4, 0.8, 0.95], [1, 0, 1, 1, 0]),
];
const network = defineNetwork({ cell: "slif", neurons: 2 });
const take = (loss: Loss, all: readonly TypedSpikes[] = spikes) =>
  loss.evaluate!(all, planSolve(network, { paths: all.length, t1: 1, dt: 0.1 })) as {
    value: number;
    cotangents: readonly Float64Array[];
    horizon: readonly Float64Array[];
  };

const losses: [string, Loss, number][] = [
  ["Fano factor", fanoFactor(), 14.75 / 3 / (11 / 4)],
  ["Fano factor of a neuron", fanoFactor({ neuron: 0 }), 5 / 3 / 1.5],
  ["Fano factor and its target", fanoFactor({ target: 0.3 }), (14.75 / 3 / (11 / 4) - 0.3) ** 2],
  ["mean interval", interval(), (0.2 + 0.4 + 0.25 + 0.4 + 0.6) / 5],
  ["mean interval of a neuron, and its target", interval({ neuron: 1, target: 0.5 }), (0.325 - 0.5) ** 2],
  ["variation of intervals", interval({ statistic: "cv" }), Math.sqrt((5 * 0.7825) / 1.85 ** 2 - 1)],
];

describe.each(losses)("%s", (_, loss, value) => {
  it("has its value, and its derivatives by spike times", () => {
    const { value: found, cotangents } = take(loss);
    expect(found).toBeCloseTo(value, 12);
    spikes.forEach((one, i) => {
      one.times.forEach((_, n) => {
        const at = (by: number): number =>
          take(
            loss,
            spikes.map((other, j) =>
              j === i ? { ...one, times: one.times.map((t, m) => (m === n ? t + by : t)) } : other,
            ),
          ).value;
        expect(cotangents[i]![n]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 8);
      });
    });
  });

  it("has what one more spike at t1 changes", () => {
    const { horizon } = take(loss);
    spikes.forEach((one, i) => {
      for (const k of [0, 1]) {
        const more = typed([...one.times, 1], [...one.neurons, k]);
        const changed = take(loss, spikes.with(i, more)).value - take(loss).value;
        // Rounding of values near 1.
        expect(horizon[i]![k]!).toBeCloseTo(changed, 13);
      }
    });
  });
});

it("refuse what has no value, and windows inside t0 to t1", async () => {
  const none = [typed([], []), typed([], [])];
  expect(() => take(fanoFactor(), none)).toThrow("loss: no path has a spike that counts");
  expect(() => take(interval(), none)).toThrow("loss: no neuron has two spikes in a path");
  expect(() => fanoFactor({ from: 1, to: 1 })).toThrow("loss.to: is 1; it must come after 1");
  expect(() => interval({ statistic: "median" as "cv" })).toThrow("loss.statistic");
  const engine = await Engine.create({ backend: "cpu" });
  const one = engine.network({ cell: "slif", current: 1.5, parameters: { sigma1: 0, alpha: 0 } });
  const solve = { t1: 1, dt: 0.1, paths: 4, with: ["current"] };
  await expect(one.valueAndGradient(fanoFactor({ to: 0.5 }), solve)).rejects.toThrow(
    /"fano-factor": jumps where .* "to" = 0.5/,
  );
  await expect(one.valueAndGradient(interval({ neuron: 1 }), solve)).rejects.toThrow("loss.neuron: is 1");
  // A variance over pairs that are not independent is too large: of 16 paths 0.241 ± 0.002 where 0.226 is right.
  await expect(one.valueAndGradient(fanoFactor(), { ...solve, antithetic: true })).rejects.toThrow(
    'antithetic: loss "fano-factor" compares independent paths',
  );
  // Some spikes of 2,000 paths, none of most batches of 62 of them.
  const rare = engine.network({ cell: "slif", current: 0.2, parameters: { sigma1: 0, alpha: 0, tauS: 100 } });
  const seldom = await rare.valueAndGradient(fanoFactor(), { ...solve, paths: 2000, standardErrors: true });
  expect(seldom.value).toBeGreaterThan(0.9);
  expect(seldom.gradientStandardError.current).toBeNaN();
  expect(seldom.warnings?.join()).toMatch(/standard errors are not known, as of 62 other paths .* no path has a spike/);
  expect((await one.valueAndGradient(interval(), { ...solve, t1: 2, antithetic: true })).value).toBeGreaterThan(0);
  engine.dispose();
});
