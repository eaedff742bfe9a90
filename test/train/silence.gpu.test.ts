/** A network whose outputs are silent in nearly all paths learns to fire from counts; by pathwise gradients alone it does not move. */
import { expect, it } from "vitest";
import { adam, type Loss, type NetworkDefinition, spikeCount, train } from "../../src/index.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();

const definition: NetworkDefinition = {
  cell: "slif",
  layers: [2, 4, 1],
  parameters: { mu1: 15, mu2: 10, sigma1: 0.25, alpha: 0 },
  weights: { uniform: [-0.1, 0.1], seed: 3 },
  current: [1.5, 1.5, 0.8, 0.8, 0.8, 0.8, -0.2],
};

async function trained(loss: Loss): Promise<{ first: number; last: number; weights: unknown }> {
  const options = { loss, paths: 64, t1: 1, dt: 0.05, seed: 1, steps: 60, trainable: ["weights"] };
  const counts: number[] = [];
  let weights: unknown;
  for await (const step of train(engine().network(definition), {
    ...options,
    optimiser: adam({ learningRate: 0.2 }),
  })) {
    counts.push(step.means[0]!.mean);
    weights = (await step.values()).updated.weights;
  }
  return { first: counts[0]!, last: counts.at(-1)!, weights };
}

it("learns a count from silence", async () => {
  const loss = spikeCount({ neuron: 6, target: 3 });
  const { first, last } = await trained(loss);
  // One spike in 64 paths at most, at first.
  expect(first).toBeLessThan(0.02);
  expect(Math.abs(last - 3)).toBeLessThan(1);
  const still = await trained({ ...loss, horizon: false });
  expect(still.last).toBeLessThan(0.1);
});
