/** A current sampled beyond t1: its gradient has the shape in which it was given, and is 0 where nothing was read. */
import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { sgd } from "../../src/train/optimisers.js";
import { train } from "../../src/train/train.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
let cpu: Engine;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
});

const options = { paths: 20, t1: 0.5, dt: 0.05, seed: 2 };
const samples = [1.5, 1.6, 1.7, 1.8];

describe("a current sampled beyond t1", () => {
  it.each([
    ["for all neurons", samples, 2],
    ["for each neuron", samples.map((c) => [c, 1.1 * c]), 2],
    ["of one neuron", samples.map((c) => [c]), 1],
  ])("%s has a gradient of its own shape", async (_, given, neurons) => {
    for (const e of [engine(), cpu]) {
      const network = e.network({ neurons, current: { dt: 0.25, samples: given } });
      const loss = meanSpikeTime(0, 0);
      const { gradient, gradientStandardError, flat } = await network.valueAndGradient(loss, {
        ...options,
        with: ["current"],
      });
      for (const shape of [gradient.current, gradientStandardError.current] as (number | number[])[][]) {
        expect(shape.map((row) => (Array.isArray(row) ? row.length : 0))).toEqual(
          given.map((row) => (Array.isArray(row) ? row.length : 0)),
        );
        expect(shape.slice(2).flat()).toEqual(
          shape.slice(2).flatMap((row) => (Array.isArray(row) ? row.map(() => 0) : 0)),
        );
      }
      expect((gradient.current as number[][]).slice(0, 2).flat()).toEqual([...flat]);
    }
  });

  it("keeps its later samples in training, and takes a mask of its own shape", async () => {
    for (const e of [engine(), cpu]) {
      const network = e.network({ current: { dt: 0.25, samples } });
      const trainable = [{ name: "current", mask: [true, false, true, true] }];
      const run = train(network, {
        ...options,
        loss: meanSpikeTime(0, 0),
        optimiser: sgd({ learningRate: 0.1 }),
        trainable,
        steps: 1,
      });
      for await (const step of run) {
        const { updated } = await step.values();
        const [first, ...others] = updated.current as number[];
        expect(first).toBeGreaterThan(1.5);
        // float32 on a GPU keeps 1e-7 of a sample.
        [1.6, 1.7, 1.8].forEach((c, i) => {
          expect(others[i]).toBeCloseTo(c, 6);
        });
        expect(others.length).toBe(3);
      }
    }
  });
});
