import { describe, expect, it } from "vitest";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, parameterVector, requestedViews } from "../../src/plan/layout.js";
import { planSolve } from "../../src/plan/plan.js";
import { adam, rmsprop, sgd } from "../../src/train/optimisers.js";
import { trainableNames } from "../../src/train/trainable.js";
import { transformOf } from "../../src/train/transform.js";
import { clipGradient, planUpdate, Update, type UpdateOptions } from "../../src/train/update.js";

function setUp(definition: NetworkDefinition, options: UpdateOptions) {
  const network = defineNetwork(definition);
  const plan = planSolve(network, { paths: 1, t1: 1, dt: 0.1 });
  const views = requestedViews(network, parameterLayout(plan), trainableNames(options.trainable));
  const vector = parameterVector(plan);
  const update = new Update(planUpdate(options, network, views, vector), vector);
  const values = () => views.map((v) => v.shape(vector.slice(v.offset, v.offset + v.length)));
  return { update, vector, values };
}

const one = sgd({ learningRate: 1 });
const neuron = { parameters: { mu1: 2, vTh: 1 } };

describe("transforms", () => {
  const cases = [transformOf("softplus"), transformOf("exp"), transformOf("sigmoid", [-2, 0.5])];
  it.each(cases.map((t) => [t.name, t] as const))("%s: derivative and inverse", (_, t) => {
    for (let x = -12; x <= 12; x += 0.37) {
      const h = 1e-5;
      const slope = (t.value(x + h) - t.value(x - h)) / (2 * h);
      // Central differences: h² of the third derivative, and rounding of values of order t.value / h.
      expect(Math.abs(t.derivative(x) - slope)).toBeLessThan(1e-9 * (1 + Math.abs(t.value(x))));
      // The value keeps 16 digits of x only where its slope is not small against it.
      const digits = 1e-14 * (1 + Math.abs(t.value(x)) / t.derivative(x) + Math.abs(x));
      expect(Math.abs(t.inverse(t.value(x)) - x)).toBeLessThan(digits);
      expect(t.value(x)).toBeGreaterThan(t.lower);
      expect(t.value(x)).toBeLessThan(t.upper);
    }
  });

  it("keep their range and their digits far out", () => {
    const [softplus, , sigmoid] = cases as [(typeof cases)[0], (typeof cases)[0], (typeof cases)[0]];
    expect(softplus.value(800)).toBe(800);
    expect(softplus.value(-700)).toBeGreaterThan(0);
    expect(softplus.inverse(1e-300) / Math.log(1e-300)).toBeCloseTo(1, 12);
    expect(softplus.inverse(1e3)).toBe(1e3);
    expect(sigmoid.value(800)).toBe(0.5);
    expect(sigmoid.value(-800)).toBe(-2);
    expect(sigmoid.derivative(-800)).toBe(0);
  });
});

describe("update", () => {
  it("without constraints adds the optimiser's change", () => {
    const { update, vector, values } = setUp(neuron, { trainable: ["vTh", "mu1"], optimiser: one });
    update.apply([0.25, -0.5], vector);
    expect(values()).toEqual([0.75, 2.5]);
  });

  it("takes more parameters than a call takes arguments", () => {
    const weights = { layers: [Array.from({ length: 400 }, () => new Array(500).fill(0.5))] };
    const { update, vector } = setUp({ layers: [400, 500], weights }, { trainable: ["weights"], optimiser: one });
    update.apply(new Float64Array(200_000).fill(0.25), vector);
    expect(update.state(vector).values).toEqual(new Array(200_000).fill(0.25));
  });

  it("moves the unconstrained coordinate by the chain rule", () => {
    const trainable = [
      { name: "mu1", transform: "softplus" as const },
      { name: "vTh", bounds: [0, 4] as const },
    ];
    const { update, vector, values } = setUp(neuron, { trainable, optimiser: sgd({ learningRate: 0.1 }) });
    update.apply([3, -2], vector);
    const x = Math.log(Math.exp(2) - 1);
    const y = Math.log(1 / 3);
    const s = 1 / (1 + Math.exp(-y));
    const [mu1, vTh] = values() as [number, number];
    expect(mu1).toBeCloseTo(Math.log(1 + Math.exp(x - (0.1 * 3) / (1 + Math.exp(-x)))), 14);
    expect(vTh).toBeCloseTo(4 / (1 + Math.exp(-(y + 0.1 * 2 * 4 * s * (1 - s)))), 14);
    for (let i = 0; i < 200; i++) update.apply([50, -50], vector);
    const [low, high] = values() as [number, number];
    expect(low).toBeGreaterThan(0);
    expect(high).toBeLessThanOrEqual(4);
  });

  it("exp makes steps relative", () => {
    const { update, vector, values } = setUp(neuron, {
      trainable: [{ name: "mu1", transform: "exp" }],
      optimiser: sgd({ learningRate: 0.5 }),
    });
    update.apply([0.3], vector);
    expect(values()[0]).toBeCloseTo(2 * Math.exp(-0.5 * 0.3 * 2), 14);
  });

  const dense = {
    neurons: 2,
    weights: {
      dense: [
        [0, 0.5],
        [-0.25, 0],
      ],
    },
  };
  it.each<[string, NetworkDefinition, unknown, unknown]>([
    [
      "dense",
      dense,
      [
        [true, false],
        [false, true],
      ],
      [
        [-1, 0.5],
        [-0.25, -1],
      ],
    ],
    [
      "nonzero",
      dense,
      "nonzero",
      [
        [0, -0.5],
        [-1.25, 0],
      ],
    ],
    [
      "edges, in the order given",
      {
        neurons: 2,
        weights: {
          edges: [
            [1, 0, 0.5],
            [0, 1, 0.75],
          ],
        },
      },
      [true, false],
      [
        [1, 0, -0.5],
        [0, 1, 0.75],
      ],
    ],
    [
      "layers",
      { layers: [1, 2, 1], weights: { layers: [[[1, 2]], [[3], [4]]] } },
      [[[false, true]], [[true], [false]]],
      [[[1, 1]], [[2], [4]]],
    ],
  ])("trains the entries of a mask only: %s", (_, network, mask, wanted) => {
    const { update, vector, values } = setUp(network, {
      trainable: [{ name: "weights", mask: mask as boolean[] | "nonzero" }],
      optimiser: one,
    });
    update.apply(new Array(4).fill(1), vector);
    expect(values()[0]).toEqual(wanted);
  });

  it("a constraint does not ask of masked entries what it asks of trained ones", () => {
    const positive = {
      ...dense,
      weights: {
        dense: [
          [0, 0.5],
          [0.25, 0],
        ],
      },
    };
    const { update, vector, values } = setUp(positive, {
      trainable: [{ name: "weights", mask: "nonzero", transform: "softplus" }],
      optimiser: one,
    });
    update.apply([1, 1, 1, 1], vector);
    const [[a, b], [c, d]] = values()[0] as [[number, number], [number, number]];
    expect([a, d]).toEqual([0, 0]);
    expect(Math.min(b, c)).toBeGreaterThan(0);
  });

  it("gives each group its optimiser", () => {
    const { update, vector, values } = setUp(
      { parameters: { mu1: 2, vTh: 1, beta: 5 } },
      {
        trainable: [{ name: "vTh", group: "slow" }, "mu1", { name: "beta", learningRate: 0.1 }],
        optimiser: one,
        groups: { slow: adam({ learningRate: 0.01 }) },
      },
    );
    update.apply([3, 0.5, 2], vector);
    const [vTh, mu1, beta] = values() as [number, number, number];
    expect(vTh).toBeCloseTo(1 - 0.01, 9); // Adam's first step is its learning rate
    expect([mu1, beta]).toEqual([1.5, 4.8]);
  });

  it("clips the norm over all trained entries, and only those", () => {
    const { update, vector, values } = setUp(
      { neurons: 3, parameters: { vTh: [1, 1, 1], mu1: 2 } },
      {
        trainable: [
          { name: "vTh", mask: [true, false, true] },
          { name: "mu1", learningRate: 1 },
        ],
        optimiser: one,
        clip: { norm: 1 },
      },
    );
    update.apply([2, 1e9, 3, 6], vector);
    const [vTh, mu1] = values() as [number[], number];
    [1 - 2 / 7, 1, 1 - 3 / 7].forEach((v, i) => {
      expect(vTh[i]).toBeCloseTo(v, 14);
    });
    expect(mu1).toBeCloseTo(2 - 6 / 7, 14);
  });

  it("goes on from a stored state with the same bits", () => {
    const options: UpdateOptions = {
      trainable: [
        { name: "mu1", transform: "softplus" },
        { name: "vTh", bounds: [0, 4], group: "a" },
        { name: "current", learningRate: { kind: "cosine-decay", initValue: 0.1, decaySteps: 50 } },
      ],
      optimiser: rmsprop({ learningRate: 0.01, momentum: 0.3, centered: true, eps: 1e-3 }),
      groups: { a: adam({ learningRate: 0.02 }) },
      clip: { norm: 1.5, value: 1 },
    };
    const gradient = (step: number): number[] => [1, 2, 3].map((k) => 2 * Math.sin(k * step + k));
    const whole = setUp(neuron, options);
    for (let s = 0; s < 40; s++) whole.update.apply(gradient(s), whole.vector);
    const before = setUp(neuron, options);
    for (let s = 0; s < 17; s++) before.update.apply(gradient(s), before.vector);
    const stored = JSON.parse(JSON.stringify(before.update.state(before.vector)));
    const after = setUp(neuron, options);
    after.update.restore(stored, after.vector);
    for (let s = 17; s < 40; s++) after.update.apply(gradient(s), after.vector);
    expect(after.vector).toEqual(whole.vector);
    expect(after.update.state(after.vector)).toEqual(whole.update.state(whole.vector));
  });

  it("says which parameter left the finite numbers", () => {
    const { update, vector } = setUp(neuron, { trainable: [{ name: "mu1", transform: "exp" }], optimiser: one });
    expect(() => update.apply([-1e6], vector)).toThrow(/parameter mu1 became Infinity in training; take a smaller/);
  });

  it("says which parameter fell below 0 where the cell wants it above", () => {
    const { update, vector } = setUp(neuron, { trainable: ["mu1", "tauS"], optimiser: one });
    // mu1 may be negative.
    update.apply([20, 0.5], vector);
    expect(() => update.apply([0, 1], vector)).toThrow(
      'trainable: parameter tauS became -0.5 in training, but must be above 0; give it transform "softplus"',
    );
  });

  const refused: [NetworkDefinition, Partial<UpdateOptions>, RegExp][] = [
    [
      { parameters: { sigma2: 0 } },
      { trainable: [{ name: "sigma2", transform: "softplus" }] },
      /trainable\[0\]: sigma2 is 0 at first, but transform "softplus" keeps it strictly positive/,
    ],
    [
      neuron,
      { trainable: [{ name: "vTh", bounds: [2, 3] }] },
      /vTh is 1 at first, but transform "sigmoid" keeps it strictly from 2 to 3/,
    ],
    [neuron, { trainable: [{ name: "vTh", bounds: [3, 2] }] }, /bounds: expected a lower bound below .*\[3,2\]/],
    [
      neuron,
      { trainable: [{ name: "vTh", transform: "sigmoid" }] },
      /bounds: expected \[lower, upper\], got undefined/,
    ],
    [
      neuron,
      { trainable: [{ name: "vTh", transform: "exp", bounds: [0, 1] }] },
      /trainable\[0\]\.bounds: do not go with transform "exp"/,
    ],
    [neuron, { trainable: [{ name: "vTh", group: "x" }] }, /group: "x" is no group of the optimiser; known: none/],
    [neuron, { trainable: ["vTh"], groups: { x: one } }, /optimiser\.groups\.x: moves no parameter/],
    [neuron, { trainable: ["vTh"], groups: { default: one } }, /optimiser\.groups\.default: .*rename it/],
    [neuron, { trainable: [{ name: "vTh", mask: false }] }, /trainable: masks leave nothing to train/],
    [
      neuron,
      { trainable: [{ name: "vTh", learningRate: -1 }] },
      /trainable\[0\]\.learningRate: expected a number above 0, got -1/,
    ],
    [
      dense,
      { trainable: [{ name: "weights", mask: [[true, true]] }] },
      /mask: expected 2 entries in the parameter's shape, got 1/,
    ],
    [
      dense,
      { trainable: [{ name: "weights", mask: [[true, true], [true]] }] },
      /trainable\[0\]\.mask\[1\]: expected 2 entries .*got 1/,
    ],
    [neuron, { trainable: ["vTh"], clip: { norm: 0 } }, /optimiser\.clip\.norm: expected a number above 0, got 0/],
  ];
  it.each(refused)("refuses %#", (network, options, message) => {
    expect(() => setUp(network, { optimiser: one, trainable: [], ...options })).toThrow(message);
  });
});

describe("clipping follows optax", () => {
  it.each([
    [[3, 4], { norm: 10 }, [3, 4]],
    [[3, 4], { norm: 1 }, [0.6, 0.8]],
    [[3, -4], { value: 3.5 }, [3, -3.5]],
    [[3, -40], { value: 4, norm: 2.5 }, [1.5, -2]],
    [[3e200, 4e200], { norm: 5 }, [3, 4]],
    [[0, 0], { norm: 1 }, [0, 0]],
  ])("%j by %j", (gradient, clip, wanted) => {
    clipGradient(Float64Array.from(gradient), clip).forEach((g, i) => {
      expect(g).toBeCloseTo(wanted[i]!, 14);
    });
  });
});
