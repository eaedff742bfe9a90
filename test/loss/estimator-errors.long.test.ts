import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { spikeCount } from "../../src/loss/spike-count.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";

/** Standard errors of every estimator against how gradients spread over seeds, of a mean and of a function of one. */
const neuron: NetworkDefinition = {
  cell: "slif",
  parameters: { mu1: 15, beta: 5, sigma1: 0.25, vReset: 1.4, alpha: 0 },
  current: 1.5,
};

it.each([
  ["horizon", undefined, false],
  ["horizon", undefined, true],
  ["pathwise", "meanSpikeTime", false],
  ["pathwise", "meanSpikeTime", true],
  ["score", undefined, false],
  ["score", undefined, true],
  ["mix", undefined, false],
  ["mix", undefined, true],
  ["horizon", 1.2, false],
  ["score", 1.2, false],
  ["mix", 1.2, false],
] as const)("%s, target %s, antithetic %s: as gradients spread over seeds", async (estimator, target, antithetic) => {
  const engine = await Engine.create({ backend: "simd" });
  const loss = target === "meanSpikeTime" ? meanSpikeTime() : spikeCount(target === undefined ? {} : { target });
  const options = { paths: 512, t1: 0.5, dt: 0.02, with: ["current"], estimator, antithetic };
  const runs = [];
  for (let seed = 0; seed < 64; seed++) {
    runs.push(await engine.network(neuron).valueAndGradient(loss, { ...options, seed }));
  }
  engine.dispose();
  const values = runs.map((r) => r.gradient.current as number);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, v) => a + (v - mean) ** 2, 0) / (values.length - 1);
  const said = runs.reduce((a, r) => a + (r.gradientStandardError.current as number) ** 2, 0) / runs.length;
  // The ratio of variances has a standard deviation of √(2/63) = 0.18 by chance alone; errors by 16 batches add little to that.
  expect(said / variance).toBeGreaterThan(0.6);
  expect(said / variance).toBeLessThan(1.8);
});
