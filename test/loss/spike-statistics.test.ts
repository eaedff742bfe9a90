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

/** With how much what one more spike changes is of what it does among many copies of the paths: of 4 paths 4/3, by n/(n − 1). */
const losses: [string, Loss, number, number?][] = [
  ["Fano factor", fanoFactor(), 14.75 / 3 / (11 / 4), 4 / 3],
  ["Fano factor of a neuron", fanoFactor({ neuron: 0 }), 5 / 3 / 1.5, 4 / 3],
  ["Fano factor and its target", fanoFactor({ target: 0.3 }), (14.75 / 3 / (11 / 4) - 0.3) ** 2],
  ["mean interval", interval(), (0.2 + 0.4 + 0.25 + 0.4 + 0.6) / 5, 1],
  ["mean interval of a neuron, and its target", interval({ neuron: 1, target: 0.5 }), (0.325 - 0.5) ** 2, 1],
  ["variation of intervals", interval({ statistic: "cv" }), Math.sqrt((5 * 0.7825) / 1.85 ** 2 - 1), 1],
];

describe.each(losses)("%s", (_, loss, value, scale) => {
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

  if (scale === undefined) return;
  it("has what one more spike at t1 changes, to first order in the share of a path", () => {
    const { horizon } = take(loss);
    spikes.forEach((one, i) => {
      for (const k of [0, 1]) {
        const more = typed([...one.times, 1], [...one.neurons, k]);
        // Of m copies of all paths, one of which has the spike: m times what that changes, extrapolated in 1/m.
        const changed = (m: number): number => {
          const many = (first: TypedSpikes) => [first, ...Array.from({ length: m - 1 }, () => one)];
          const all = (first: TypedSpikes) =>
            spikes.flatMap((other, j) => (j === i ? many(first) : many(other).fill(other)));
          return m * (take(loss, all(more)).value - take(loss, all(one)).value);
        };
        const [a, b, c] = [changed(200), changed(400), changed(800)];
        const extrapolated = (8 * c - 6 * b + a) / 3;
        expect(horizon[i]![k]! / scale!).toBeCloseTo(extrapolated, 5);
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
  engine.dispose();
});
