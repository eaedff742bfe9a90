/** Against optax itself: numbers that optax 0.2.8 gave on JAX 0.10.2 in float64. */
import { describe, expect, it } from "vitest";
import { defineNetwork } from "../../src/network/network.js";
import { parameterLayout, parameterVector, requestedViews } from "../../src/plan/layout.js";
import { planSolve } from "../../src/plan/plan.js";
import { adam, type Optimiser, rmsprop, sgd } from "../../src/train/optimisers.js";
import { learningRateAt, type Schedule } from "../../src/train/schedule.js";
import { trainableNames } from "../../src/train/trainable.js";
import { planUpdate, Update, type UpdateOptions } from "../../src/train/update.js";

/** Equal but for the last bits: sums are taken in another order there. */
const close = (numbers: readonly number[], wanted: readonly number[]): void => {
  wanted.forEach((w, i) => {
    expect(Math.abs(numbers[i]! - w)).toBeLessThan(1e-13 * Math.abs(w) + 1e-17);
  });
};

describe("updates of optax", () => {
  it.each<[string, Optimiser, number[]]>([
    ["sgd", sgd({ learningRate: 0.1 }), [-0.05, 0.125, -0.2, -0.010000000000000002, 0.03]],
    [
      "sgd, momentum",
      sgd({ learningRate: 0.1, momentum: 0.9 }),
      [-0.05, 0.08000000000000002, -0.12799999999999997, -0.1252, -0.08268],
    ],
    [
      "sgd, Nesterov momentum",
      sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
      [-0.095, 0.19700000000000004, -0.31520000000000004, -0.12268000000000001, -0.04441200000000001],
    ],
    [
      "rmsprop",
      rmsprop({ learningRate: 1e-3 }),
      [
        -0.0031622770277130374, 0.0029565618972443824, -0.002670526860533108, -0.00014060991629325114,
        0.00044031612362608144,
      ],
    ],
    [
      "rmsprop, momentum",
      rmsprop({ learningRate: 1e-3, decay: 0.7, momentum: 0.3 }),
      [
        -0.001825741736634442, 0.0011836358650630222, -0.001243694619859173, -0.00046852352000056603,
        0.00019571832159825432,
      ],
    ],
    [
      "rmsprop, every setting",
      rmsprop({
        learningRate: 1e-3,
        decay: 0.8,
        eps: 1e-3,
        initialScale: 1,
        centered: true,
        momentum: 0.5,
        nesterov: true,
      }),
      [
        -0.0008178304293538912, 0.001772790381500066, -0.002179056850604016, -0.0004153730022945061,
        0.00028194045135139474,
      ],
    ],
    [
      "adam",
      adam({ learningRate: 0.01 }),
      [
        -0.009999999800000004, 0.004422152591389547, -0.003392186279485715, -0.0030172788962225545,
        -0.0018569677334093835,
      ],
    ],
    [
      "adam, every setting",
      adam({ learningRate: 0.01, b1: 0.8, b2: 0.99, eps: 1e-3, epsRoot: 1e-4 }),
      [
        -0.009978048492836828, 0.004946006520604815, -0.0038711241369335622, -0.0032406389143751144,
        -0.0017103497449464297,
      ],
    ],
  ])("%s", (_, optimiser, wanted) => {
    const state = optimiser.init(1);
    close(
      [0.5, -1.25, 2, 0.1, -0.3].map((g) => optimiser.update([g], state)[0]!),
      wanted,
    );
  });
});

describe("schedules of optax at steps 0, 1, 3, 5, 9, 10, 11, 20, 37, 100", () => {
  it.each<[string, Schedule, number[]]>([
    [
      "exponential",
      { kind: "exponential-decay", initValue: 0.02, transitionSteps: 7, decayRate: 0.6 },
      [
        0.02, 0.018592479749975625, 0.016067635095503883, 0.013885662430941009, 0.010370409097597611,
        0.009640581057302328, 0.008962115404294608, 0.0046470401561208245, 0.0013440050190486501, 1.3544474004446497e-5,
      ],
    ],
    [
      "exponential, every setting",
      {
        kind: "exponential-decay",
        initValue: 0.02,
        transitionSteps: 7,
        decayRate: 0.6,
        transitionBegin: 3,
        staircase: true,
        endValue: 0.004,
      },
      [0.02, 0.02, 0.02, 0.02, 0.02, 0.012, 0.012, 0.0072, 0.004, 0.004],
    ],
    [
      "cosine",
      { kind: "cosine-decay", initValue: 0.02, decaySteps: 30 },
      [
        0.02, 0.019945218953682734, 0.019510565162951538, 0.01866025403784439, 0.015877852522924733, 0.015,
        0.014067366430758003, 0.005000000000000003, 0.0, 0.0,
      ],
    ],
    [
      "cosine, every setting",
      { kind: "cosine-decay", initValue: 0.02, decaySteps: 30, alpha: 0.1, exponent: 1.7 },
      [
        0.02, 0.01991626537194798, 0.019257594377857026, 0.017998576807696016, 0.01415815038606166,
        0.013037650870389682, 0.011896537459847215, 0.0037051811373241994, 0.002, 0.002,
      ],
    ],
    [
      "warmup",
      {
        kind: "warmup-cosine-decay",
        initValue: 0.001,
        peakValue: 0.02,
        warmupSteps: 10,
        decaySteps: 40,
        endValue: 0.002,
        exponent: 1.3,
      },
      [
        0.0010000000000000009, 0.0029, 0.006700000000000001, 0.0105, 0.0181, 0.02, 0.019935932526109087,
        0.01438374918767242, 0.0021447227654297395, 0.002,
      ],
    ],
    [
      "piecewise",
      { kind: "piecewise-constant", boundaries: [10, 37], values: [0.02, 0.01, 0.001] },
      [0.02, 0.02, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01, 0.001, 0.001],
    ],
  ])("%s", (_, schedule, wanted) => {
    close([0, 1, 3, 5, 9, 10, 11, 20, 37, 100].map(learningRateAt(schedule)), wanted);
  });
});

it("a chain of optax on parameters behind softplus, exp and sigmoid: clip, clip_by_global_norm, multi_transform", () => {
  const options: UpdateOptions = {
    trainable: [
      { name: "mu1", transform: "softplus" },
      { name: "mu2", transform: "exp", group: "b" },
      { name: "vTh", bounds: [-1, 3] },
      { name: "v0", group: "b" },
    ],
    optimiser: rmsprop({ learningRate: { kind: "cosine-decay", initValue: 0.05, decaySteps: 20 }, momentum: 0.3 }),
    groups: { b: adam({ learningRate: 0.03 }) },
    clip: { value: 0.8, norm: 1 },
  };
  const network = defineNetwork({ parameters: { mu1: 2, mu2: 0.5, vTh: 0.25, v0: -0.75 } });
  const plan = planSolve(network, { paths: 1, t1: 1, dt: 0.1 });
  const views = requestedViews(network, parameterLayout(plan), trainableNames(options.trainable));
  const vector = parameterVector(plan);
  const update = new Update(planUpdate(options, network, views, vector), vector);
  const values = (): number[] => views.map((v) => vector[v.offset]!);
  for (let t = 0; t < 25; t++) {
    // Gradient of Σ sin((k + 1) t + 1) θ_k² by the parameters.
    update.apply(
      values().map((v, k) => 2 * v * Math.sin((k + 1) * t + 1)),
      vector,
    );
  }
  close(values(), [1.7582895474967994, 0.46023686248649487, 0.07119559567319023, -0.6890587098350724]);
});
