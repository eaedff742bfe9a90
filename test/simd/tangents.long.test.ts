/** Tangents that go along with a forward solve, from one dispatch to the next. */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";

it("they have the same bits whatever the chunks, and the windows that follow from them", async () => {
  // 1,024 sub-steps of 32,768 paths are a dispatch: here there are two, of chunks of 256 paths one.
  const given = { paths: 32768, t1: 11, dt: 0.01, seed: 3 };
  const late = firstSpikes([Array.from({ length: 48 }, (_, n) => 0.2 * n)]);
  const engine = await Engine.create({ backend: "simd", threads: 2 });
  const network = engine.network({ current: 1.5, parameters: { mu2: 0 } });
  const plan = network.gradientPlan(given, late);
  const evaluator = await network.evaluator(plan, late, ["current"]);
  const whole = await evaluator.evaluate(plan);
  expect(await evaluator.evaluate(plan, { chunkBytes: 1 })).toEqual(whole);
  evaluator.dispose();
  engine.dispose();
});
