/** Training on data: epochs of batches, measured on samples that no step sees. */
import { describe, expect, it, vi } from "vitest";
import { DataSet, yinYang } from "../../src/data/index.js";
import { Engine, EngineNetwork } from "../../src/engine.js";
import { crossEntropy } from "../../src/loss/cross-entropy.js";
import type { TrainingData } from "../../src/train/data.js";
import { adam } from "../../src/train/optimisers.js";
import { type TrainOptions, train } from "../../src/train/train.js";
import { sharedEngine } from "../support/engine.js";
import { type AskedStep, askedSteps } from "../support/steps.js";
import { classifier, points } from "../support/yin-yang.js";

const engine = sharedEngine();
const hidden = 12;
const network = classifier(hidden);
const options: TrainOptions = {
  t1: 10,
  dt: 0.5,
  seed: 3,
  data: points(50, 1, 0.1),
  batch: 16,
  epochs: 3,
  test: { data: points(30, 2), every: 2 },
  loss: crossEntropy({ neurons: [hidden, hidden + 1, hidden + 2], temperature: 0.2 }),
  trainable: ["weights"],
  optimiser: adam({ learningRate: 0.01 }),
};

const stepsOf = (on: Engine, given: TrainOptions = options): Promise<AskedStep[]> =>
  askedSteps(train(new EngineNetwork(on, network), given));

describe("training on data", () => {
  it("follows the twin, and goes on from within an epoch with the same bits", async () => {
    const steps = await stepsOf(engine());
    // 50 samples are three batches of 16; what is left is dropped.
    expect(steps.map((s) => s.epoch?.epoch)).toEqual([
      undefined,
      undefined,
      1,
      undefined,
      undefined,
      2,
      undefined,
      undefined,
      3,
    ]);
    expect(steps.map((s) => s.epoch?.test !== undefined).filter(Boolean)).toHaveLength(2);
    for (const e of [0, 1, 2]) {
      const own = steps.slice(3 * e, 3 * e + 3).reduce((sum, s) => sum + s.value, 0) / 3;
      expect(steps[3 * e + 2]!.epoch!.loss).toBeCloseTo(own, 12);
    }
    const { accuracy, confusion, loss } = steps.at(-1)!.epoch!.test!;
    expect(confusion!.flat().reduce((a, b) => a + b)).toBe(30);
    expect([0, 1, 2].reduce((n, k) => n + confusion![k]![k]!, 0) / 30).toBeCloseTo(accuracy!, 12);

    const cpu = await Engine.create({ backend: "cpu" });
    const twin = await stepsOf(cpu);
    steps.forEach((s, k) => {
      // As elsewhere (train.gpu.test.ts): 1e-3 of the value.
      expect(Math.abs(s.value / twin[k]!.value - 1)).toBeLessThan(1e-3);
    });
    expect(Math.abs(loss / twin.at(-1)!.epoch!.test!.loss - 1)).toBeLessThan(1e-3);
    expect(accuracy).toBe(twin.at(-1)!.epoch!.test!.accuracy);

    const compiled = vi.spyOn(engine().gpu!, "kernel");
    for (const at of [3, 5]) {
      const checkpoint = JSON.parse(JSON.stringify(await steps[at]!.checkpoint()));
      const rest = await stepsOf(engine(), { ...options, resume: checkpoint });
      expect(rest.map((s) => [s.value, s.updated, s.epoch])).toEqual(
        steps.slice(at + 1).map((s) => [s.value, s.updated, s.epoch]),
      );
    }
    compiled.mockRestore();
  });

  it("goes on with the best of its test, and drops it where it goes on with another", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const short = { ...options, epochs: 2, test: { data: options.test!.data } };
    const checkpoint = await (await stepsOf(cpu, { ...short, epochs: 1 })).at(-1)!.checkpoint();
    // Nothing is better.
    const best = { epoch: 1, loss: 0, accuracy: 1 };
    const resume = { ...checkpoint, data: { ...checkpoint.data!, best } };
    const same = (await stepsOf(cpu, { ...short, resume })).at(-1)!;
    expect(same.epoch!.best).toBe(false);
    expect((await same.checkpoint()).data!.best).toEqual(best);

    const other = (await stepsOf(cpu, { ...short, test: { data: points(30, 7) }, resume })).at(-1)!;
    expect(other.epoch!.best).toBe(true);
    const { loss, accuracy } = other.epoch!.test!;
    expect((await other.checkpoint()).data!.best).toEqual({ epoch: 2, loss, accuracy });
  });

  it("takes each sample once an epoch, in another order each time", async () => {
    const data = points(32, 1);
    const batches = vi.spyOn(data, "batch");
    await stepsOf(engine(), { ...options, data, epochs: 2 });
    const taken = batches.mock.calls.flatMap(([indices, drawn]) =>
      drawn ? [{ of: Array.from(indices), ...drawn }] : [],
    );
    const epochs = [0, 1].map((epoch) => {
      const own = new Map(taken.filter((t) => t.epoch === epoch).map((t) => [t.of.join(), t.of]));
      return [...own.values()].flat();
    });
    for (const order of epochs)
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, s) => s));
    expect(epochs[0]).not.toEqual(epochs[1]);
  });
});

describe("what is refused", () => {
  const { data, batch, epochs, ...rest } = options;
  const labels = (of: TrainingData): number[] =>
    Array.from(of.batch(Uint32Array.from({ length: of.count }, (_, s) => s)).labels!);
  /** Five spikes each, the last of the last sample late. */
  const spikes = yinYang({ samples: 30, seed: 4, from: 0.4, to: 4.4, bias: 2.4 });
  const lateSpike = new DataSet({ spikes: { ...spikes, times: spikes.times.map((t, n) => (n === 149 ? 11 : t)) } });
  const lateLabel = new DataSet({ spikes, labels: spikes.labels!.map((label, s) => (s === 29 ? 7 : label)) });
  it.each<[string, Partial<TrainOptions>, string]>([
    ["a batch beyond the data", { batch: 51 }, "batch: is 51, and the data has 50 samples; take at most that"],
    ["no batch", { batch: undefined as never }, "batch: expected a whole number from 1 to"],
    ["steps beside epochs", { steps: 5 }, "steps: is said by data, batch and epochs; leave it out"],
    ["paths beside a batch", { paths: 5 }, "paths: is said by data, batch and epochs; leave it out"],
    ["no data", { data: undefined as never }, "data: is missing; batch is for it"],
    ["no data set", { data: [1] as never }, "data: expected a DataSet, got [1]"],
    [
      "a data set of nothing",
      { data: { ...data, count: 0, batch: () => ({}), order: () => {} } as never },
      "data: holds no sample",
    ],
    ["a test every 0 epochs", { test: { data: data!, every: 0 } }, "test.every: expected a whole number from 1"],
    [
      "labels beyond the neurons, by their numbers among all samples",
      { loss: crossEntropy({ neurons: [hidden, hidden + 1] }) },
      `data.labels[${labels(data!).indexOf(2)}]: is 2; loss "cross-entropy" has labels 0 to 1 here`,
    ],
    [
      "the same in the test",
      { test: { data: lateLabel } },
      'test.data.labels[29]: is 7; loss "cross-entropy" has labels 0 to 2 here',
    ],
    [
      "a spike after the end in a later batch",
      { data: lateSpike },
      "data.spikes.times[149]: 11 lies outside t0 = 0 to t1 = 10; leave it out",
    ],
  ])("%s", async (_, changes, message) => {
    const cpu = await Engine.create({ backend: "cpu" });
    await expect(stepsOf(cpu, { ...rest, data: data!, batch: batch!, epochs: epochs!, ...changes })).rejects.toThrow(
      message,
    );
  });
});
