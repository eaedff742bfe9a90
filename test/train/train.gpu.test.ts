/** Training that stays on the GPU: against the twin, resumed, halted and left early. */
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Engine } from "../../src/engine.js";
import { Batch } from "../../src/gpu/index.js";
import { GradientPass } from "../../src/gradient/pass.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import { signatureMmdLoss } from "../../src/loss/signature-kernel.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { adam, rmsprop } from "../../src/train/optimisers.js";
import { ResidentTraining } from "../../src/train/resident.js";
import { type TrainOptions, type TrainStep, train } from "../../src/train/train.js";
import { anEngine, sharedEngine } from "../support/engine.js";
import { type AskedStep, askedSteps } from "../support/steps.js";
import { type Observed, observedSpikes, one, recurrent } from "./support.js";

const engine = sharedEngine();
let cpu: Engine;
let observed: Observed;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
  observed = await observedSpikes(cpu, 20);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const common = { paths: 40, t1: 1, dt: 0.05, seed: 8 };
const runs: [string, typeof one, () => TrainOptions][] = [
  [
    "one neuron, first spikes",
    one,
    () => ({
      ...common,
      loss: firstSpikes([[0.2, 0.5]]),
      optimiser: rmsprop({ learningRate: 1e-2, momentum: 0.3 }),
      trainable: ["current", { name: "beta", transform: "softplus" }],
      steps: 8,
    }),
  ],
  [
    "a network, expected signature",
    recurrent,
    () => ({
      ...common,
      loss: expectedSignatureLoss(observed.recurrent, { depth: 3, matching: true }),
      optimiser: adam({ learningRate: 1e-2 }),
      trainable: ["weights", "current"],
      clip: { norm: 1 },
      steps: 8,
    }),
  ],
];

const stepsOf = (e: Engine, network: typeof one, options: TrainOptions): Promise<AskedStep[]> =>
  askedSteps(train(e.network(network), options));

const numbers = (shape: unknown): number[] => [Object.values(shape as object)].flat(4) as number[];

describe.each(runs)("%s", (_, network, options) => {
  it("follows the twin", async () => {
    const [a, b] = [await stepsOf(engine(), network, options()), await stepsOf(cpu, network, options())];
    expect(a.map((s) => s.step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    a.forEach((s, k) => {
      expect(Math.abs(s.value / b[k]!.value - 1)).toBeLessThan(1e-3);
      if (network === one) expect(Math.abs(s.standardError / b[k]!.standardError - 1)).toBeLessThan(1e-3);
      else expect(s.standardError).toBeNaN();
      // Adam and RMSprop move by about the learning rate whatever the gradient's size; gradients agree to 1e-3.
      const [x, y] = [numbers(s.updated), numbers(b[k]!.updated)];
      x.forEach((v, i) => {
        expect(Math.abs(v - y[i]!)).toBeLessThan(1e-4 * (k + 1));
      });
    });
    expect(a[3]!.parameters).toEqual(a[2]!.updated);
  });

  it("goes on from a checkpoint with the same bits", async () => {
    const whole = await stepsOf(engine(), network, options());
    const resumed = await stepsOf(engine(), network, { ...options(), resume: await whole[4]!.checkpoint() });
    expect(resumed.map((s) => s.step)).toEqual([5, 6, 7]);
    resumed.forEach((s, k) => {
      expect([s.value, s.standardError, s.updated]).toEqual([
        whole[5 + k]!.value,
        whole[5 + k]!.standardError,
        whole[5 + k]!.updated,
      ]);
    });
  });

  it("has the same bits when room runs out on the way", async () => {
    const whole = await stepsOf(engine(), network, options());
    const recover = vi.spyOn(ResidentTraining.prototype as unknown as { recover(): void }, "recover");
    // Room for one spike and one entry of tape at first.
    vi.spyOn(GradientPass.prototype, "measure").mockImplementationOnce(async function (this: GradientPass) {
      Object.assign(this, { tape: 1, slots: { value: 1 } });
    });
    const halted = await stepsOf(engine(), network, options());
    expect(recover).toHaveBeenCalled();
    expect(halted.map((s) => [s.step, s.value, s.updated])).toEqual(whole.map((s) => [s.step, s.value, s.updated]));
  });
});

describe("a run", () => {
  it("reads no gradient, no parameter and no accumulator back but where they are asked for", async () => {
    const [, network, options] = runs[0]!;
    const asked = await stepsOf(engine(), network, options());
    // Of long steps the state would come along.
    vi.spyOn(performance, "now").mockReturnValue(0);
    const read = vi.spyOn(Batch.prototype, "read");
    const kept = () => read.mock.calls.filter(([{ label }]) => label.startsWith("kept")).length;
    let last: TrainStep | undefined;
    const from: number[] = [];
    for await (const step of train(engine().network(network), options())) {
      from.push(kept());
      if (step.step === 5) {
        expect(await step.values()).toMatchObject({ updated: asked[5]!.updated, gradient: asked[5]!.gradient });
        expect((await step.values()).parameters).toEqual(asked[5]!.parameters);
        expect(await step.checkpoint()).toEqual(await asked[5]!.checkpoint());
      }
      last = step;
    }
    // What is submitted before the first step came out brings it; after step 5, whose values and those of the step before
    // were read by themselves, step 8 is the next to be submitted, and there is none.
    expect(from.slice(0, 6)).toEqual([3, 3, 3, 3, 3, 3]);
    expect(from.slice(6)).toEqual([5, 5]);
    // Of the last two it is read when a run ends, for who has left the loop.
    expect(await last!.checkpoint()).toEqual(await asked[7]!.checkpoint());
    expect((await last!.values()).gradient).toEqual(asked[7]!.gradient);
  });

  it("has given all of its last step when it ends, for who then disposes of the engine", async () => {
    const [, network, options] = runs[0]!;
    vi.spyOn(performance, "now").mockReturnValue(0);
    const own = await anEngine();
    let last: TrainStep | undefined;
    for await (const step of train(own.network(network), options())) last = step;
    own.dispose();
    const { gradient, updated } = await last!.values();
    const asked = (await stepsOf(engine(), network, options())).at(-1)!;
    expect({ gradient, updated }).toEqual({ gradient: asked.gradient, updated: asked.updated });
  });

  it("has given all of a step at which the loop was left", async () => {
    const [, network, options] = runs[0]!;
    vi.spyOn(performance, "now").mockReturnValue(0);
    const own = await anEngine();
    let last: TrainStep | undefined;
    for await (const step of train(own.network(network), options())) {
      last = step;
      // Later than the steps that bring their states along.
      if (step.step === 5) break;
    }
    own.dispose();
    const { gradient, parameters, updated } = await last!.values();
    const asked = (await stepsOf(engine(), network, options()))[5]!;
    expect({ gradient, parameters, updated }).toEqual({
      gradient: asked.gradient,
      parameters: asked.parameters,
      updated: asked.updated,
    });
    expect(await last!.checkpoint()).toEqual(await asked.checkpoint());
  });

  it("brings as little back of many weights as of one", async () => {
    const neurons = 20;
    const weights = { dense: Array.from({ length: neurons }, () => new Array(neurons).fill(0.01)) };
    const network = { cell: "slif", neurons, weights, current: 1.5 };
    const of = async (mask: boolean): Promise<number[]> => {
      vi.spyOn(performance, "now").mockReturnValue(0);
      const read = vi.spyOn(Batch.prototype, "read");
      const trainable = [
        { name: "weights", mask: weights.dense.map((row, i) => row.map((_, j) => mask || i + j === 1)) },
      ];
      const run = train(engine().network(network), {
        ...{ loss: firstSpikes(new Array(neurons).fill([0.2])), optimiser: adam({ learningRate: 1e-3 }), trainable },
        ...{ paths: 8, t1: 0.4, dt: 0.1, steps: 6, seed: 1 },
      });
      const after: number[] = [];
      for await (const { step } of run) if (step === 0) after.push(read.mock.calls.length);
      const bytes = read.mock.calls
        .slice(after[0], -2) // what is kept of the last two steps is read when a run ends
        .map(([storage, , given = storage.bytes]) => given);
      vi.restoreAllMocks();
      return bytes;
    };
    const [all, few] = [await of(true), await of(false)];
    expect(all).toEqual(few);
    expect(Math.max(...all)).toBeLessThan(8 * neurons ** 2);
  });

  it("refuses what was not kept of a step", async () => {
    const [, network, options] = runs[0]!;
    const steps: TrainStep[] = [];
    vi.spyOn(performance, "now").mockReturnValue(0);
    for await (const step of train(engine().network(network), options())) steps.push(step);
    await expect(steps[4]!.checkpoint()).rejects.toThrow(
      "step: what step 4 came to is kept until the step after the next begins",
    );
  });

  it("leaves no bytes behind, also when left early", async () => {
    const own = await Engine.create({ backend: "webgpu" });
    const [, network, options] = runs[0]!;
    for await (const step of train(own.network(network), options())) if (step.step === 2) break;
    expect(own.gpu!.bytesInUse).toBe(0);
    own.dispose();
  });

  it("leaves none behind where the encoding of a step fails", async () => {
    const own = await Engine.create({ backend: "webgpu" });
    const [, network, options] = runs[0]!;
    vi.spyOn(GradientPass.prototype, "encodeBackward").mockImplementationOnce(() => {
      throw new Error("no room");
    });
    await expect(stepsOf(own, network, options())).rejects.toThrow("no room");
    expect(own.gpu!.bytesInUse).toBe(0);
    own.dispose();
  });

  it("says that parameters left the finite numbers", async () => {
    const [, network, options] = runs[0]!;
    const wild = { ...options(), optimiser: rmsprop({ learningRate: 1e30 }), trainable: ["mu1"] };
    await expect(stepsOf(engine(), network, wild)).rejects.toThrow(/infinite or NaN|became/);
  });

  it("ends where a parameter falls below 0 that the cell wants above", async () => {
    const [, network, options] = runs[0]!;
    const wild = { ...options(), optimiser: rmsprop({ learningRate: 10 }), trainable: ["tauS"] };
    const below = /^trainable: parameter tauS became -\d+\S* in training, but must be above 0; give/;
    await expect(stepsOf(engine(), network, wild)).rejects.toThrow(below);
    await expect(stepsOf(cpu, network, wild)).rejects.toThrow(below);
  });
});

it("goes on with the room that a record had grown to, which sums over pairs of paths depend on", async () => {
  // The current quadruples in the first step, and many spikes come where there were few.
  const trial = (k: number): number[] => Array.from({ length: 28 }, (_, n) => 0.05 * n + 0.002 * k);
  const observed = [0, 1, 2, 3].map((k) => ({ times: trial(k), neurons: trial(k).map(() => 0) }));
  const options = {
    loss: signatureMmdLoss(observed, { static: { kind: "rbf", sigma: 20 } }),
    ...{ paths: 20, t1: 1.5, dt: 0.05, seed: 3, steps: 3 },
    trainable: ["current"],
    optimiser: rmsprop({ learningRate: 1 }),
  };
  const network = { current: 1.2 };
  const whole = await stepsOf(engine(), network, options);
  const [first, second] = [await whole[0]!.checkpoint(), await whole[1]!.checkpoint()];
  expect(second.room).toBeGreaterThan(4 * first.room!);
  const [rest] = await stepsOf(engine(), network, { ...options, resume: second });
  expect([rest!.value, rest!.gradient]).toEqual([whole[2]!.value, whole[2]!.gradient]);
});
