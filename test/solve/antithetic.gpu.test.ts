/** Antithetic pairs: the twin's paths, the same law, and means that spread less. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { combinedLoss } from "../../src/loss/combined-loss.js";
import { signatureMmdLoss, signatureScoreLoss } from "../../src/loss/signature-kernel.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { vanRossum } from "../../src/loss/van-rossum.js";
import { sgd } from "../../src/train/optimisers.js";
import { train } from "../../src/train/train.js";
import { sharedEngine } from "../support/engine.js";
import { one, recurrent } from "../train/support.js";

const engine = sharedEngine();
const cpu = await Engine.create({ backend: "cpu" });

describe("antithetic paths", () => {
  it.each([
    ["one neuron", one],
    ["a network", recurrent],
  ] as const)("are the twin's, with their gradients and standard errors: %s", async (_, definition) => {
    const options = { paths: 60, t1: 1, dt: 0.02, seed: 3, antithetic: true, with: ["current"] };
    const [g, c] = await Promise.all(
      [engine(), cpu].map((e) => e.network(definition).valueAndGradient(meanSpikeTime(0, 1), options)),
    );
    // As in losses.gpu.test.ts.
    expect(Math.abs(g!.value / c!.value - 1)).toBeLessThan(1e-3);
    expect(Math.abs(g!.flat[0]! / c!.flat[0]! - 1)).toBeLessThan(1e-3);
    expect(Math.abs(g!.standardError / c!.standardError - 1)).toBeLessThan(1e-3);
  });

  it("turn the noise round: without uniforms and drift, the second path mirrors the first", async () => {
    const walk = cpu.network({
      cell: { name: "walk", state: { x: "0 * x", s: "1" }, noise: { x: "0.3" }, event: "s - 10", parameters: {} },
    });
    const [a, b] = await walk.stateTraces({ paths: 2, t1: 1, dt: 0.1, seed: 5, antithetic: true });
    const x = Array.from(a!.states.x!);
    expect(Math.max(...x.map(Math.abs))).toBeGreaterThan(0.1);
    Array.from(b!.states.x!).forEach((v, i) => {
      expect(v).toBeCloseTo(-x[i]!, 12);
    });
  });

  it("have the law of the others, and estimate the first spike time with a smaller error", async () => {
    // Closed form at sigma = 0 (docs/mathematics.md): E[min(tau, T)] = 0.231935 and its derivative by the current
    // -0.469508, where all chance is in the uniforms.
    const definition = {
      cell: "slif",
      parameters: { mu1: 15, beta: 5, alpha: 0.03, v0: 0, sigma1: 0, sigma2: 0 },
      current: 1.5,
    } as const;
    const options = { paths: 16384, t1: 5, dt: 0.01, seed: 2, with: ["current"] };
    const run = (antithetic: boolean) =>
      engine()
        .network(definition)
        .valueAndGradient(meanSpikeTime(0, 0), { ...options, antithetic });
    const [pairs, alone] = [await run(true), await run(false)];
    expect(Math.abs(pairs.value - 0.231935)).toBeLessThan(4 * pairs.standardError);
    const error = pairs.gradientStandardError.current as number;
    expect(Math.abs(pairs.flat[0]! + 0.469508)).toBeLessThan(4 * error);
    // u and 1 - u give an early and a late spike: a third of the variance of independent ones, here.
    expect(pairs.standardError).toBeLessThan(0.8 * alone.standardError);
  });

  it("are refused where paths must be independent, or come in odd numbers", async () => {
    const network = engine().network(one);
    const solve = { t1: 1, dt: 0.1, antithetic: true };
    const options = { ...solve, with: ["current"] };
    const spikes = { times: [0.3], neurons: [0] };
    const descent = { trainable: ["current"], optimiser: sgd({ learningRate: 0.1 }), steps: 1 };
    for (const loss of [
      vanRossum([spikes, spikes], { tau: 0.1 }),
      signatureMmdLoss([spikes, spikes]),
      signatureScoreLoss([spikes, spikes]),
    ]) {
      const why = `antithetic: loss "${loss.kind}" compares independent paths`;
      await expect(network.valueAndGradient(loss, { ...options, paths: 4 })).rejects.toThrow(why);
      await expect(train(network, { ...solve, paths: 4, ...descent, loss }).next()).rejects.toThrow(why);
      const sum = combinedLoss([{ loss: meanSpikeTime() }, { loss }]);
      await expect(network.valueAndGradient(sum, { ...options, paths: 4 })).rejects.toThrow(/compares independent/);
    }
    expect(() => network.simulate({ ...options, paths: 3 })).toThrow(/paths: is 3; antithetic paths come in pairs/);
  });
});
