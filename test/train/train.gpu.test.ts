/** Training that stays on the GPU: against the twin, resumed, halted and left early. */
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Engine } from "../../src/engine.js";
import { GradientPass } from "../../src/gradient/pass.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { adam, rmsprop } from "../../src/train/optimisers.js";
import { ResidentTraining } from "../../src/train/resident.js";
import { type TrainOptions, type TrainStep, train } from "../../src/train/train.js";
import { sharedEngine } from "../support/engine.js";
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

async function stepsOf(e: Engine, network: typeof one, options: TrainOptions): Promise<TrainStep[]> {
  const steps: TrainStep[] = [];
  for await (const step of train(e.network(network), options)) steps.push(step);
  return steps;
}

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
