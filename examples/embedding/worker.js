// Trains in a worker, so that the page never waits. Import maps do not reach workers: the address is spelled out.
import { Engine, firstSpikes, rmsprop, train } from "../../dist/saltation.js";

addEventListener("message", async ({ data: { observed, steps } }) => {
  const engine = await Engine.create();
  const network = engine.network({ cell: "slif", parameters: { mu2: 0 }, current: 1 });
  const run = train(network, {
    loss: firstSpikes([observed]),
    optimiser: rmsprop({ learningRate: 0.02 }),
    trainable: ["current"],
    paths: 256,
    t1: 5,
    dt: 0.01,
    steps,
  });
  for await (const now of run) {
    const { step, value } = now;
    const { updated } = await now.values();
    postMessage({ step, loss: value, current: updated.current, done: step === steps - 1 });
  }
  engine.dispose();
});
