/** Losses of first spikes, counts and labels, on the host. */
import { describe, expect, it } from "vitest";
import { leakyReadout } from "../../src/cells/leaky-readout.js";
import { Engine } from "../../src/engine.js";
import { combinedLoss } from "../../src/loss/combined-loss.js";
import { crossEntropy, type ReadoutStates } from "../../src/loss/cross-entropy.js";
import { expressionLoss } from "../../src/loss/expression-loss.js";
import { planForLoss } from "../../src/loss/loss-plan.js";
import { silenceRegulariser } from "../../src/loss/regularisers.js";
import type { SampleLoss } from "../../src/loss/sample-loss.js";
import { targetTimes } from "../../src/loss/target-times.js";
import { parameterLayout, parameterVector, replaceParameters, requestedViews } from "../../src/plan/layout.js";
import type { SolvePlan } from "../../src/plan/plan.js";
import { evaluateCpu } from "../../src/twin/evaluate.js";
import { recurrent } from "../train/support.js";

const engine = await Engine.create({ backend: "cpu" });
const network = engine.network(recurrent);

/** A plan whose samples have labels, as those of data have. */
function labelled(plan: SolvePlan, labels: readonly number[], trials = 1): SolvePlan {
  const samples = { labels: Int32Array.from(labels), count: labels.length, first: 0, trials };
  return { ...plan, paths: labels.length * trials, samples } as SolvePlan;
}

const plan = labelled(network.plan({ paths: 4, t0: 0.5, t1: 3, dt: 0.05 }), [2, 0, 1, 2]);
const spikes = (...fired: [time: number, neuron: number][]) => ({
  times: Float64Array.from(fired, ([t]) => t),
  neurons: Int32Array.from(fired, ([, k]) => k),
});
const fired = [
  spikes([0.7, 1], [0.9, 2], [1.1, 1], [1.4, 0]),
  spikes([0.6, 0], [1.3, 0], [2.5, 2]),
  spikes(),
  spikes([2.9, 2], [2.95, 1]),
];

const losses: [string, SampleLoss][] = [
  ["cross-entropy of first spikes", crossEntropy({ temperature: 0.3 })],
  ["the same of some neurons, in another order", crossEntropy({ neurons: [2, 0, 1] })],
  [
    "target times by label",
    targetTimes({
      times: [0, 1, 2].map((k) => [
        [1 + k, 2],
        [k, 1.5],
      ]),
      neurons: [1, 2],
    }),
  ],
  ["target times of all samples", targetTimes({ times: [[1.2], [0.7], [2]] })],
  [
    "an expression",
    expressionLoss({
      value:
        "log(1 + exp((margin - (t[0] - t[label])) / 0.2)) + 0.1 * (t1 - t[1])^2 + max(t[2] - t0, 1) * (label + 0.5)",
      constants: { margin: 0.1 },
    }),
  ],
];

describe.each(losses)("%s", (_, loss) => {
  it("has the derivatives of its value by each spike", async () => {
    const { cotangents, value, pathValues } = await loss.evaluate!(fired, plan);
    expect(Array.from(pathValues!).reduce((a, b) => a + b) / 4).toBeCloseTo(value, 14);
    const h = 1e-6;
    let largest = 0;
    for (const [i, path] of fired.entries()) {
      for (const n of path.times.keys()) {
        const at = async (by: number): Promise<number> => {
          const moved = path.times.with(n, path.times[n]! + by);
          return (await loss.evaluate!(fired.with(i, { ...path, times: moved }), plan)).value;
        };
        // Central differences: h² f''' / 6 and 1e-16 / h of rounding are below 1e-9 here.
        expect(Math.abs(cotangents[i]![n]! - ((await at(h)) - (await at(-h))) / (2 * h))).toBeLessThan(1e-8);
        largest = Math.max(largest, Math.abs(cotangents[i]![n]!));
      }
    }
    expect(largest).toBeGreaterThan(0.01);
  });

  it("does not jump where a spike comes at t1", async () => {
    for (const k of [0, 1, 2]) {
      const more = { times: Float64Array.of(3), neurons: Int32Array.of(k) };
      const [without, at] = [await loss.evaluate!(fired, plan), await loss.evaluate!(fired.with(2, more), plan)];
      expect(at.value).toBe(without.value);
    }
  });

  it("has the derivatives of its mean by parameters", async () => {
    const own = labelled(network.plan({ paths: 6, t1: 1, dt: 0.02, seed: 11 }), [1, 0, 2], 2);
    const layout = parameterLayout(own);
    const views = requestedViews(own.network, layout, ["weights", "current"]);
    const exact = (await evaluateCpu(own, loss, views)).flat;
    const vector = parameterVector(own);
    const scale = Math.max(...exact.map(Math.abs));
    expect(scale).toBeGreaterThan(1e-3);
    let entry = 0;
    for (const view of views) {
      for (let i = 0; i < view.length; i++) {
        const at = async (by: number): Promise<number> => {
          const moved = vector.with(view.offset + i, vector[view.offset + i]! + by);
          return (await evaluateCpu(replaceParameters(own, layout, moved), loss, [])).value;
        };
        const difference = ((await at(1e-6)) - (await at(-1e-6))) / 2e-6;
        // As above, of a chain through the solver.
        expect(Math.abs(exact[entry++]! - difference)).toBeLessThan(1e-6 * Math.max(1, scale));
      }
    }
  });
});

describe("values", () => {
  it("of cross-entropy are −log softmax", async () => {
    const { pathValues } = await crossEntropy({ temperature: 0.5 }).evaluate!(fired, plan);
    const wanted = [
      [1.4, 0.7, 0.9],
      [0.6, 3, 2.5],
      [3, 3, 3],
      [3, 2.95, 2.9],
    ].map((times, i) => {
      const p = times.map((t) => Math.exp(-t / 0.5));
      return -Math.log(p[[2, 0, 1, 2][i]!]! / p.reduce((a, b) => a + b));
    });
    Array.from(pathValues!).forEach((v, i) => {
      expect(v).toBeCloseTo(wanted[i]!, 13);
    });
    // Times that exp does not hold.
    const far = await crossEntropy({ temperature: 1e-4 }).evaluate!(fired, plan);
    expect(far.pathValues![0]).toBeCloseTo(0.2 / 1e-4, 8);
  });

  it("of counts, and what one more at t1 adds", async () => {
    const loss = crossEntropy({ of: "count", temperature: 2 });
    const { pathValues, horizon, cotangents } = await loss.evaluate!(fired, plan);
    const of = (counts: number[], label: number): number =>
      -Math.log(Math.exp(counts[label]! / 2) / counts.reduce((sum, n) => sum + Math.exp(n / 2), 0));
    expect(pathValues![0]).toBeCloseTo(of([1, 2, 1], 2), 13);
    expect(horizon![0]![1]).toBeCloseTo((of([1, 3, 1], 2) - of([1, 2, 1], 2)) / 4, 13);
    expect(horizon![1]![0]).toBeCloseTo((of([3, 0, 1], 0) - of([2, 0, 1], 0)) / 4, 13);
    expect(cotangents.every((row) => Array.from(row).every((c) => c === 0))).toBe(true);
    const both = expressionLoss({ value: "n[label] * t[0]" });
    const mixed = await both.evaluate!(fired, plan);
    expect(mixed.pathValues![1]).toBeCloseTo(2 * 0.6, 13);
    expect(mixed.horizon![1]![0]).toBeCloseTo(0.6 / 4, 13);
    expect(mixed.cotangents[1]![0]).toBeCloseTo(2 / 4, 13);
  });

  it("of classes add up to 1", () => {
    for (const of of ["first-spike", "count"] as const) {
      const classes = crossEntropy({ of }).classes!(fired, plan);
      for (const row of classes) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 14);
      expect(classes[1]!.indexOf(Math.max(...classes[1]!))).toBe(0);
    }
  });
});

describe("cross-entropy of states", () => {
  const times = [0.5, 1, 2, 3];
  const readings: [ReadoutStates, (v: number[]) => number][] = [
    [{ read: "final" }, (v) => v.at(-1)!],
    [{ state: "i", read: "final", times: [1, 2] }, (v) => v.at(-1)!],
    [{ read: "mean", times }, (v) => v.reduce((a, b) => a + b) / 4],
    [{ read: "integral", times }, (v) => 0.25 * v[0]! + 0.75 * v[1]! + v[2]! + 0.5 * v[3]!],
    [{ read: "max", times }, (v) => Math.max(...v)],
  ];

  it.each(readings)("%o: value, classes, and derivatives by states", async (states, read) => {
    const loss = crossEntropy({ states, neurons: [2, 0, 1], temperature: 0.7 });
    // What is observed is more than the loss looks at, in another order.
    const other = crossEntropy({ states: { read: "mean", times: { every: 0.5 } } });
    const own = planForLoss(plan, combinedLoss([{ loss: other }, { loss }]));
    const { steps, neurons, states: kept } = own.observed!;
    const entries = steps.length * neurons.length * kept.length;
    const values = Float64Array.from({ length: 4 * entries }, (_, e) => Math.sin(e * e));
    const result = await loss.evaluate!(fired, own, values);
    const looked = (states.times as number[] | undefined) ?? [3];
    const row = (i: number): number[] => {
      const at = (t: number, k: number): number => {
        const step = steps.indexOf(Math.round((t - 0.5) / 0.05));
        const place = (step * neurons.length + k) * kept.length + kept.indexOf(states.state === "i" ? 1 : 0);
        return values[i * entries + place]!;
      };
      return [2, 0, 1].map((k) => read(looked.map((t) => at(t, k))) / 0.7);
    };
    for (let i = 0; i < 4; i++) {
      const p = row(i).map(Math.exp);
      const probabilities = p.map((x) => x / p.reduce((a, b) => a + b));
      expect(result.pathValues![i]).toBeCloseTo(-Math.log(probabilities[[2, 0, 1, 2][i]!]!), 13);
      const classes = loss.classes!(fired, own, values)[i]!;
      for (const [k, q] of probabilities.entries()) expect(classes[k]).toBeCloseTo(q, 13);
    }
    let largest = 0;
    for (let e = 0; e < values.length; e++) {
      const at = async (by: number) => (await loss.evaluate!(fired, own, values.with(e, values[e]! + by))).value;
      const difference = ((await at(1e-6)) - (await at(-1e-6))) / 2e-6;
      // Of central differences the third derivative times h² / 6, and 1e-16 / h of rounding, are below 1e-9.
      expect(Math.abs(result.stateCotangents![e]! - difference)).toBeLessThan(1e-8);
      largest = Math.max(largest, Math.abs(difference));
    }
    expect(largest).toBeGreaterThan(0.01);
  });

  it.each(readings)("%o: derivatives of its mean by parameters", async (states) => {
    const at = states.times && { times: { every: 0.5 } };
    const loss = crossEntropy({ states: { ...states, ...at } });
    const own = planForLoss(labelled(network.plan({ paths: 3, t1: 1, dt: 0.05, seed: 11 }), [1, 0, 2]), loss);
    const layout = parameterLayout(own);
    const views = requestedViews(own.network, layout, ["weights", "mu1"]);
    const exact = (await evaluateCpu(own, loss, views)).flat;
    expect(Math.max(...exact.map(Math.abs))).toBeGreaterThan(1e-3);
    const vector = parameterVector(own);
    let entry = 0;
    for (const view of views)
      for (let i = 0; i < view.length; i++) {
        const value = async (by: number): Promise<number> => {
          const moved = vector.with(view.offset + i, vector[view.offset + i]! + by);
          return (await evaluateCpu(replaceParameters(own, layout, moved), loss, [])).value;
        };
        const difference = ((await value(1e-6)) - (await value(-1e-6))) / 2e-6;
        // As of spikes: a chain through the solver.
        expect(Math.abs(exact[entry++]! - difference)).toBeLessThan(1e-6);
      }
  });

  it.each(readings)("%o: of a population beside one that has no such state", async (states) => {
    const populations = { in: { poisson: 2 }, out: { cell: leakyReadout, neurons: 2, current: [14, 11] } };
    const behind = engine.network({ populations });
    const alone = engine.network({ populations: { out: populations.out } });
    const value = async (of: typeof alone): Promise<number> => {
      const loss = crossEntropy({ states, neurons: "out" });
      const own = planForLoss(labelled(of.plan({ paths: 2, t0: 0.5, t1: 3, dt: 0.05 }), [0, 1]), loss);
      return (await evaluateCpu(own, loss, [])).value;
    };
    expect(await value(behind)).toBeCloseTo(await value(alone), 12);
  });

  it("is what a sum tells classes by", () => {
    const loss = crossEntropy({ temperature: 0.3 });
    const sum = combinedLoss([{ loss: silenceRegulariser({ least: 1 }) }, { loss, weight: 2 }]);
    expect(sum.classes!(fired, plan)).toEqual(loss.classes!(fired, plan));
    expect(combinedLoss([{ loss: targetTimes({ times: [[1]], neurons: [0] }) }]).classes).toBeUndefined();
  });

  it.each<[() => unknown, string]>([
    [() => crossEntropy({ of: "count", states: {} }), "loss.of: is of spikes; with loss.states leave it out"],
    [() => crossEntropy({ states: { read: "max" } }), "loss.states.times: is missing"],
    [
      () => crossEntropy({ states: { read: "last" as never } }),
      'loss.states.read: expected one of final, mean, integral, max, got "last"',
    ],
    [() => crossEntropy({ states: "v" as never }), 'loss.states: expected { state, read, times }, got "v"'],
    [
      () => planForLoss(plan, crossEntropy({ states: { state: "z" } })),
      'cell "slif" has no such state; known: v, i, s',
    ],
    [
      () => planForLoss(plan, crossEntropy({ states: { read: "mean", times: [0.52] } })),
      "loss.states.times[0]: 0.52 lies between grid points of dt = 0.05",
    ],
    [
      () => {
        const loss = crossEntropy({ states: { read: "integral", times: [1] } });
        return loss.evaluate!(fired, planForLoss(plan, loss), new Float64Array(12));
      },
      "loss.states.times: has one time; an integral needs two or more",
    ],
  ])("refuses %#", (make, message) => {
    expect(make).toThrow(message);
  });
});

describe("what is refused", () => {
  const slif = { cell: "slif", neurons: 3, current: 1.5 } as const;
  const hard = { state: { v: "I - v" }, event: "v - 1", reset: { v: "0" }, name: "hard", parameters: {} };
  const options = { paths: 3, t1: 1, dt: 0.05 };

  it.each<[() => unknown, string]>([
    [() => crossEntropy({ of: "rate" as never }), 'loss.of: expected one of first-spike, count, got "rate"'],
    [() => crossEntropy({ temperature: 0 }), "loss.temperature: expected a number above 0, got 0"],
    [() => crossEntropy({ neurons: [0, 0] }), "loss.neurons[1]: 0 stands there twice"],
    [() => crossEntropy({ neurons: [] }), "loss.neurons: names no neuron; leave it out for all"],
    [() => targetTimes({ times: [] }), "loss.times: has no times"],
    [() => targetTimes({ times: [[1], [1, 2]] }), "loss.times[1]: has 2 times; the first neuron has 1"],
    [() => targetTimes({ times: [[[1]], [[Number.NaN]]] }), "loss.times[1][0][0]: expected a finite number, got NaN"],
    [() => expressionLoss({ value: "t[0] +" }), 'loss.value: cannot read "t[0] +"'],
    [() => expressionLoss({ value: "t[0] * c" }), 'loss.value: unknown name "c"; known here: t[0], label, t0, t1'],
    [() => expressionLoss({ value: "label" }), 'loss.value: "label" reads no spike'],
    [() => expressionLoss({ value: "t[x]" }), 'loss.value: unknown name "t[x]"; known here: label, t0, t1'],
    [
      () => expressionLoss({ value: "t[0]", constants: { label: 1 } }),
      'loss.constants: "label" is no name for a number here; take another',
    ],
  ])("%#", (make, message) => {
    expect(make).toThrow(message);
  });

  it("labels that are missing, or of no neuron", () => {
    const bare = engine.network(slif).plan(options);
    const loss = crossEntropy();
    expect(() => loss.checkPlan!(bare, [])).toThrow(
      'samples.labels: are missing; loss "cross-entropy" needs the label',
    );
    expect(() => loss.checkPlan!(labelled(bare, [0, 3, 1]), [])).toThrow(
      'samples.labels[1]: is 3; loss "cross-entropy" has labels 0 to 2 here',
    );
    expect(() => crossEntropy({ neurons: [1, 7] }).check!(bare.network)).toThrow(
      "loss.neurons: has 7; the network has neurons 0 to 2",
    );
    expect(() => crossEntropy({ neurons: [1] }).check!(bare.network)).toThrow(
      "loss.neurons: has 1 neuron; classes need",
    );
    expect(() => expressionLoss({ value: "t[5]" }).check!(bare.network)).toThrow("loss.value: reads neuron 5");
  });

  it("gradients by counts, of spikes that no hazard sets off", () => {
    const loss = crossEntropy({ of: "count" });
    const plan_ = labelled(engine.network({ ...slif, cell: hard }).plan(options), [0, 1, 2]);
    expect(() => loss.checkPlan!(plan_, ["current"])).toThrow(
      'loss: "cross-entropy": has no gradient here: counts move',
    );
    loss.checkPlan!(plan_, []);
    loss.checkPlan!(labelled(engine.network(slif).plan(options), [0, 1, 2]), ["current"]);
  });

  it("nothing of conditions on times, but results say that they may jump", () => {
    expect(expressionLoss({ value: "t[0] < 1 ? 0 : t[0]" }).leavesOut).toMatch(/^its conditions depend on spike times/);
    expect(expressionLoss({ value: "label < 1 ? t[0] : abs(t[1])" }).leavesOut).toBeUndefined();
  });
});
