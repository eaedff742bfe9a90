import { expect, it } from "vitest";
import { Engine, type GradientOptions } from "../../src/engine.js";
import type { Estimator } from "../../src/loss/estimator.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import type { Loss } from "../../src/loss/loss.js";
import { signatureMmdLoss, signatureScoreLoss } from "../../src/loss/signature-kernel.js";
import { spikeCount } from "../../src/loss/spike-count.js";
import { fanoFactor, interval } from "../../src/loss/spike-statistics.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { vanRossum } from "../../src/loss/van-rossum.js";
import type { NetworkDefinition } from "../../src/network/network.js";

/** Standard errors of every estimator, and of every loss that compares paths, against how gradients spread over seeds. */
const neuron: NetworkDefinition = {
  cell: "slif",
  parameters: { mu1: 15, beta: 5, sigma1: 0.25, vReset: 1.4, alpha: 0 },
  current: 1.5,
};

/** Mean of squared standard errors over the variance of 64 gradients. */
async function saidOverFound(loss: Loss, options: Partial<GradientOptions>): Promise<number> {
  const engine = await Engine.create({ backend: "simd" });
  const solve = { paths: 512, dt: 0.02, t1: 1, with: ["current"], discretisation: false, ...options };
  const runs = [];
  for (let seed = 0; seed < 64; seed++) {
    runs.push(await engine.network(neuron).valueAndGradient(loss, { ...solve, seed }));
  }
  engine.dispose();
  const values = runs.map((r) => r.gradient.current as number);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, v) => a + (v - mean) ** 2, 0) / (values.length - 1);
  const said = runs.reduce((a, r) => a + (r.gradientStandardError.current as number) ** 2, 0) / runs.length;
  return said / variance;
}

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
  const loss = target === "meanSpikeTime" ? meanSpikeTime() : spikeCount(target === undefined ? {} : { target });
  const ratio = await saidOverFound(loss, { t1: 0.5, estimator, antithetic });
  // The ratio of variances has a standard deviation of √(2/63) = 0.18 by chance alone; errors by 16 batches add little to that.
  expect(ratio).toBeGreaterThan(0.6);
  expect(ratio).toBeLessThan(1.8);
});

const observed = Array.from({ length: 48 }, (_, i) => {
  const times = [0.2 + 0.003 * i, 0.45 + 0.002 * ((7 * i) % 48), 0.7, 0.9].slice(0, 2 + (i % 3));
  return { times, neurons: times.map(() => 0) };
});
const truncated = { kind: "truncated", depth: 3 } as const;
const compared: [string, Loss, Estimator, number][] = [
  ["expected signatures", expectedSignatureLoss(observed, { depth: 3 }), "horizon", 1.8],
  ["expected signatures, by the score", expectedSignatureLoss(observed, { depth: 3 }), "score", 1.8],
  ["signature MMD²", signatureMmdLoss(observed, { solver: truncated }), "horizon", 1.8],
  ["signature score", signatureScoreLoss(observed, { solver: truncated }), "horizon", 1.8],
  ["van Rossum", vanRossum(observed, { tau: 0.1 }), "horizon", 1.8],
  ["Fano factor", fanoFactor(), "horizon", 1.8],
  ["Fano factor, by the score", fanoFactor(), "score", 1.8],
  ["mean interval", interval(), "horizon", 1.8],
  ["variation of intervals", interval({ statistic: "cv" }), "horizon", 1.8],
  // At its target the gradient is a product of two numbers that spread: of batches of 64 paths that is more than of 512.
  ["Fano factor at its target", fanoFactor({ target: 0.226 }), "horizon", 3],
  ["variation of intervals at its target", interval({ statistic: "cv", target: 0.448 }), "horizon", 3],
];

it.each(compared)("%s: standard errors are as gradients spread over seeds", async (_, loss, estimator, most) => {
  const ratio = await saidOverFound(loss, { estimator });
  // As above; what is of second order in the paths makes errors of batches rather too large.
  expect(ratio).toBeGreaterThan(0.6);
  expect(ratio).toBeLessThan(most);
});
