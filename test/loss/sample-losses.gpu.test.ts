/** Losses of first spikes, counts and labels on the GPU, against the float64 twin. */
import { describe, expect, it } from "vitest";
import { GradientEvaluator } from "../../src/gradient/evaluate.js";
import { crossEntropy } from "../../src/loss/cross-entropy.js";
import { expressionLoss } from "../../src/loss/expression-loss.js";
import type { Loss } from "../../src/loss/loss.js";
import { targetTimes } from "../../src/loss/target-times.js";
import { defineNetwork } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { planSolve, type SolvePlan } from "../../src/plan/plan.js";
import { evaluateCpu } from "../../src/twin/evaluate.js";
import { sharedGpu } from "../support/gpu.js";
import { recurrent } from "../train/support.js";

const gpu = sharedGpu();

const trials = 2;
const paths = 260; // more than a block
const labels = (by: number): Int32Array => Int32Array.from({ length: paths / trials }, (_, s) => (by * s + 1) % 3);
const sampled = (plan: SolvePlan, by: number): SolvePlan =>
  ({ ...plan, samples: { labels: labels(by), count: paths / trials, first: 0, trials } }) as SolvePlan;

const cases: [string, Loss][] = [
  ["cross-entropy of first spikes", crossEntropy({ temperature: 0.2, neurons: [2, 0, 1] })],
  ["cross-entropy of counts", crossEntropy({ of: "count" })],
  [
    "target times",
    targetTimes({
      times: [0, 1, 2].map((k) => [
        [0.5 + 0.2 * k, 1.2],
        [0.6, 0.8],
      ]),
      neurons: [0, 2],
    }),
  ],
  [
    "an expression",
    expressionLoss({
      value:
        "log(1 + exp((margin - (t[0] - t[label])) / 0.2)) + 0.1 * n[1] * (t1 - t[1])^2 + tanh(t[2] - t0) / (1 + label)",
      constants: { margin: 0.1 },
    }),
  ],
];

it("refuses times that 32-bit floats do not tell apart", async () => {
  const late = { t0: 2 ** 24, t1: 2 ** 24 + 1, dt: 0.125, paths: 2 };
  const plan = planSolve(defineNetwork({ current: 1.5 }), late);
  const read = (loss: Loss): Promise<unknown> => loss.gpu!(gpu(), plan, 8);
  const far = /^loss: "expression" reads times from t0 = 16777216 on, which .* keep to 2; count time from t0 = 0/;
  await expect(read(expressionLoss({ value: "t[0] - t0" }))).rejects.toThrow(far);
  await expect(read(targetTimes({ times: [[2 ** 24 + 0.5]] }))).rejects.toThrow('loss: "target-times" reads times');
  await expect(read(expressionLoss({ value: "n[0]^2" }))).resolves.toBeDefined();
});

// In a page each kernel is compiled once: of the one that has all that others have.
describe.each(typeof document === "undefined" ? cases : cases.slice(3))("%s", (_, loss) => {
  it("agrees with the twin, for any labels and chunks", async () => {
    const plan = planSolve(defineNetwork(recurrent), { paths, t0: 0.25, t1: 1.25, dt: 0.05, seed: 3 });
    const views = requestedViews(plan.network, parameterLayout(plan), ["weights", "current"]);
    const evaluator = await GradientEvaluator.create(gpu(), sampled(plan, 1), loss, views);
    // Labels are those of each evaluation.
    await evaluator.evaluate(sampled(plan, 2));
    const own = sampled(plan, 1);
    const [device, host] = [await evaluator.evaluate(own), await evaluateCpu(own, loss, views)];
    // As for other losses (losses.gpu.test.ts): 1e-3 of the size of the gradient.
    const size = Math.max(
      ...host.flat.map(Math.abs),
      ...(Object.values(host.gradientStandardError).flat(3) as number[]),
    );
    host.flat.forEach((v, i) => {
      expect(Math.abs(device.flat[i]! - v) / size).toBeLessThan(1e-3);
    });
    expect(Math.abs(device.value - host.value)).toBeLessThan(1e-3 * Math.abs(host.value));
    expect(Math.abs(device.standardError / host.standardError - 1)).toBeLessThan(1e-3);
    const pieces = await evaluator.evaluate(own, { chunkBytes: 1 });
    expect([pieces.value, ...pieces.flat]).toEqual([device.value, ...device.flat]);
    evaluator.dispose();
  });
});
