/** Powers, logarithms and roots where their argument is not above 0: as in float64, also on a GPU. */
import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
let cpu: Engine;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
});

/** Spikes whenever the integral of `rate`, an expression of x = p, reaches 1. */
const clock = (rate: string, p: number): NetworkDefinition => ({
  cell: {
    name: "clock",
    state: { x: "0", y: rate },
    event: "y - 1",
    reset: { y: "y - 1" },
    start: { x: "p" },
    parameters: { p, n: 3 },
  },
});
const options = { paths: 2, t1: 1, dt: 0.05, requireExact: false };

describe("operations beyond positive numbers", () => {
  it.each([
    ["a whole power of a state", "-3 * x ^ 9", -1.05],
    ["a whole power of a parameter", "-3 * p ^ 33", -1.02],
    ["an even power", "3 * x ^ 12 + 2 * p ^ -10", -1.02],
    ["a power beyond those taken as products", "-3 * x ^ 101 + 3 * p ^ 100", -1.005],
    ["an exponent that is a parameter", "3 - x ^ n", -1.1],
    ["a power of 0", "5 + x ^ n + x ^ 1.5 + x ^ (n - 3)", 0],
    ["an exponential of log 0", "5 + exp(log(x))", 0],
    ["a root of 0", "5 + sqrt(x)", 0],
  ])("%s", async (_, rate, p) => {
    const [a, b] = await Promise.all(
      [engine(), cpu].map(async (e) => (await e.network(clock(rate, p)).simulate(options)).read()),
    );
    expect(a!.counts[0]).toBeGreaterThan(2);
    expect([...a!.counts]).toEqual([...b!.counts]);
    // float32 keeps 1e-7 of a rate, and 101 times as much of its power.
    a!.times.forEach((t, n) => {
      expect(Math.abs(t - b!.times[n]!)).toBeLessThan(2e-5);
    });
  });

  it.each([
    ["a broken power of a negative state", "5 + x ^ 1.5", -1],
    ["a broken power of a negative parameter", "5 + p ^ 2.5", -1],
    ["the logarithm of a negative state", "5 + 0.1 * log(x)", -1],
    ["the logarithm of 0", "5 + log(p)", 0],
    ["the root of a negative state", "5 + sqrt(x)", -1],
    ["tanh of no number", "5 + tanh(log(x))", -1],
    ["the least of a number and none", "5 + min(3, log(x))", -1],
    ["the greatest of none and a number", "5 + max(sqrt(x), 3)", -1],
  ])("%s is not finite", async (_, rate, p) => {
    for (const e of [engine(), cpu]) {
      await expect(e.network(clock(rate, p)).simulate(options)).rejects.toThrow(/became infinite or NaN/);
    }
  });

  it("the derivative of 0 to the n by n is 0", async () => {
    for (const e of [engine(), cpu]) {
      const network = e.network(clock("5 + x ^ n", 0));
      const { gradient } = await network.valueAndGradient(firstSpikes([[0.1]]), { ...options, with: ["n"] });
      expect(gradient.n).toBeCloseTo(0, 12);
    }
  });

  it("derivatives by a parameter whose power has none at 0 are not finite", async () => {
    for (const e of [engine(), cpu]) {
      const sensitivities = e.network(clock("5 + p ^ 0.5", 0)).spikeTimeSensitivities({ ...options, with: ["p"] });
      await expect(sensitivities).rejects.toThrow(/^the value or its gradient is infinite or NaN/);
    }
  });
});
