import { describe, expect, it } from "vitest";
import { signatureMmdLoss, signatureScoreLoss } from "../../src/loss/signature-kernel.js";
import { defineNetwork } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";

/** What one more spike at t1 adds to statistics of signature kernels, in float64. */
const plan = planSolve(defineNetwork({ cell: "slif", neurons: 2 }), { paths: 3, t0: 0.5, t1: 1.5, dt: 0.1 });
const train = (times: number[], neurons: number[]) => ({
  times: Float64Array.from(times),
  neurons: Int32Array.from(neurons),
});
const spikes = [train([0.7, 1.2], [0, 1]), train([], []), train([0.9, 1.0, 1.4], [1, 1, 0])];
const observed = [train([0.8], [1]), train([0.6, 1.1], [0, 0])];

describe.each([
  ["MMD²", signatureMmdLoss(observed)],
  ["MMD² of another static kernel", signatureMmdLoss(observed, { static: { kind: "rbf", sigma: 1 } })],
  ["score by truncated kernels", signatureScoreLoss(observed, { solver: { kind: "truncated", depth: 3 } })],
])("%s", (_, loss) => {
  it("changes by that where a path has a spike more", async () => {
    const { value, horizon } = await loss.evaluate!(spikes, plan);
    for (let i = 0; i < 3; i++) {
      for (let k = 0; k < 2; k++) {
        const more = spikes.map((one, j) => (j === i ? train([...one.times, 1.5], [...one.neurons, k]) : one));
        const { value: then } = await loss.evaluate!(more, plan);
        expect(Math.abs(then - value)).toBeGreaterThan(1e-3);
        // Sums of a dozen kernels in float64.
        expect(Math.abs(horizon![i]![k]! - (then - value))).toBeLessThan(1e-12 * Math.max(1, Math.abs(value)));
      }
    }
  });
});

it("says that it is not given where paths are compared with themselves", () => {
  const biased = signatureMmdLoss(observed, { unbiased: false });
  expect(biased.horizon).toBeUndefined();
  expect(biased.leavesOut).toMatch(/is missing; take unbiased: true, which has it/);
});
