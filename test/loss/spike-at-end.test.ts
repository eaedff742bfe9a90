/** What losses of signatures say of one more spike at t1, against the loss of trains that have it, in float64. */
import { expect, it } from "vitest";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import type { Loss } from "../../src/loss/loss.js";
import { signatureMmdLoss, signatureScoreLoss } from "../../src/loss/signature-kernel.js";
import { defineNetwork } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import type { TypedSpikes } from "../../src/spikes/spikes.js";

const t1 = 1;
const network = defineNetwork({ cell: "slif", neurons: 2, weights: { edges: [] } });
const train = (times: number[], neurons: number[]): TypedSpikes => ({
  times: Float64Array.from(times),
  neurons: Int32Array.from(neurons),
});
const spikes = [train([0.2, 0.5], [0, 1]), train([], []), train([0.3, 0.3, 0.8], [0, 1, 0]), train([0.6], [1])];
// More spikes of some neurons, fewer of others; two that are next at once, and one that is next where another counts.
const observed = [
  { times: [0.1, 0.4, 0.7, 0.9], neurons: [0, 1, 0, 0] },
  { times: [0.25, 0.25], neurons: [0, 1] },
  { times: [0.2, 0.35, 0.6], neurons: [1, 1, 1] },
  { times: [0.15, 0.5, 0.5], neurons: [1, 0, 1] },
];
const planOf = (paths: number) => planSolve(network, { paths, t1, dt: 0.1, seed: 3 });
const more = ({ times, neurons }: TypedSpikes, k: number): TypedSpikes => train([...times, t1], [...neurons, k]);

/** What a spike of neuron k adds in path i of so many copies of the trains. */
async function added(loss: Loss, copies: number, i: number, k: number): Promise<number> {
  const all = Array.from({ length: copies }, () => spikes).flat();
  const plan = planOf(all.length);
  const { value } = await loss.evaluate!(all, plan);
  const with1 = await loss.evaluate!(
    all.map((one, n) => (n === i ? more(one, k) : one)),
    plan,
  );
  return with1.value - value;
}

const rbf = { static: { kind: "rbf", sigma: 1 } } as const;
const truncated = { solver: { kind: "truncated", depth: 3 } } as const;

it.each([
  ["MMD²", signatureMmdLoss(observed, rbf)],
  ["MMD² with itself", signatureMmdLoss(observed, { ...rbf, unbiased: false })],
  ["MMD² with itself, truncated", signatureMmdLoss(observed, { ...truncated, unbiased: false })],
  ["score", signatureScoreLoss(observed, truncated)],
])("%s: the very difference", async (_, loss) => {
  const { horizon } = await loss.evaluate!(spikes, planOf(spikes.length));
  for (let i = 0; i < spikes.length; i++) {
    for (let k = 0; k < 2; k++) expect(horizon![i]![k]).toBeCloseTo(await added(loss, 1, i, k), 12);
  }
});

it.each([
  [1, false],
  [2, true],
  [3, false],
  [3, true],
])("expected signatures of depth %d, matched: %s: the difference to first order in 1/paths", async (depth, matching) => {
  const loss = expectedSignatureLoss(observed, { depth, matching });
  const { horizon } = await loss.evaluate!(spikes, planOf(spikes.length));
  let moved = 0;
  for (let i = 0; i < spikes.length; i++) {
    for (let k = 0; k < 2; k++) {
      // A square of what is added over all paths: n · Δ of n paths is a + b/n, of which a is asked.
      const [once, twice] = [4 * (await added(loss, 1, i, k)), 8 * (await added(loss, 2, i, k))];
      expect(4 * horizon![i]![k]!).toBeCloseTo(2 * twice - once, 11);
      if (horizon![i]![k] !== 0) moved++;
    }
  }
  expect(moved).toBeGreaterThan(matching ? 3 : 7);
});

it("what the paths of matched signatures add is that of both trains of a pair", async () => {
  const loss = expectedSignatureLoss(observed, { depth: 2, matching: true });
  const { value, pathValues } = await loss.evaluate!(spikes, planOf(spikes.length));
  // The value is a square of their mean difference: each gives twice as much, in the mean.
  const sum = Array.from(pathValues!).reduce((a, b) => a + b, 0);
  expect(sum / spikes.length).toBeCloseTo(2 * value, 12);
});
