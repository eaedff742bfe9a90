/** Training on data whose samples have signals of their own, and classes told by states, in a sum of losses. */
import { expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { DataSet } from "../../src/data/data-set.js";
import { Engine } from "../../src/engine.js";
import { combinedLoss } from "../../src/loss/combined-loss.js";
import { crossEntropy } from "../../src/loss/cross-entropy.js";
import { rateRegulariser } from "../../src/loss/regularisers.js";
import { adam } from "../../src/train/optimisers.js";
import { type TrainOptions, type TrainStep, train } from "../../src/train/train.js";
import { sharedEngine } from "../support/engine.js";
import { wave } from "../support/yin-yang.js";

const engine = sharedEngine();

it("trains on signals of samples, with accuracy and confusion of what it is told by, as the twin does", async () => {
  // Of each sample a current by time; the class is which of its halves is larger.
  const signals = (count: number, from: number): DataSet => {
    const size = (s: number, half: number): number => 0.6 + 0.5 * wave(2 * (s + from) + half);
    const samples = Array.from({ length: count }, (_, s) => [0, 0, 1, 1].map((half) => size(s, half)));
    const labels = samples.map((row) => Number(row[3]! > row[0]!));
    return new DataSet({ inputs: { I: { dt: 1, samples } }, labels });
  };
  const loss = combinedLoss([
    { loss: rateRegulariser({ most: 3 }), weight: 0.01 },
    { loss: crossEntropy({ states: { read: "mean", times: { every: 1 } } }) },
  ]);
  const cell: CellDefinition = {
    name: "two-times",
    state: { v: "(gain * I - v) / tau", s: "exp(min(v - 1, 2))" },
    event: "s",
    reset: { s: "log(u)" },
    start: { s: "log(u)" },
    parameters: { gain: 1, tau: 1 },
    positive: ["tau"],
  };
  const own: TrainOptions = {
    t1: 4,
    dt: 0.25,
    seed: 1,
    data: signals(24, 0),
    batch: 8,
    epochs: 2,
    test: { data: signals(16, 24) },
    loss,
    trainable: ["gain", "tau"],
    optimiser: adam({ learningRate: 0.05 }),
  };
  const run = async (on: Engine): Promise<TrainStep[]> => {
    const steps: TrainStep[] = [];
    const fed = on.network({ cell, neurons: 2, parameters: { gain: [1, -1], tau: [0.5, 3] }, current: 1 });
    for await (const step of train(fed, own)) steps.push(step);
    return steps;
  };
  const [steps, twin] = [await run(engine()), await run(await Engine.create({ backend: "cpu" }))];
  expect(steps).toHaveLength(6);
  steps.forEach((s, k) => {
    expect(Math.abs(s.value / twin[k]!.value - 1)).toBeLessThan(1e-3);
  });
  const [a, b] = [steps, twin].map((all) => all.at(-1)!.epoch!.test!);
  expect(Math.abs(a!.loss / b!.loss - 1)).toBeLessThan(1e-3);
  expect([a!.accuracy, a!.confusion]).toEqual([b!.accuracy, b!.confusion]);
  expect(a!.confusion!.flat().reduce((x, y) => x + y)).toBe(16);
});
