/** The verdict on the mean of a gradient stays with results, on both backends. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type CellDefinition,
  Engine,
  expectedSignatureLoss,
  firstSpikes,
  type GradientOptions,
  type Loss,
  logLikelihood,
  meanSpikeTime,
  type NetworkDefinition,
  pathLoss,
  sgd,
  signatureMmdLoss,
  spikeCount,
  train,
  vanRossum,
} from "../../src/index.js";
import { arrangesSums } from "../support/gpu.js";

const hazard = { s: "exp(min(5 * (v - 1), 10))" };
/** Two neurons of which the first adds its weight to the voltage of the second, after a reset to a value or by a shift. */
const pairCell = (reset: string): CellDefinition => ({
  name: "x",
  state: { v: "mu * (I - v)", ...hazard },
  event: "s",
  reset: { v: reset, s: "log(u)" },
  receive: { v: "v + w" },
  start: { s: "log(u)" },
  parameters: { mu: 12, idle: 1 },
});
const pair = (reset: string, more: Partial<NetworkDefinition> = {}): NetworkDefinition => ({
  cell: pairCell(reset),
  neurons: 2,
  weights: { edges: [[0, 1, 1.5]] },
  current: [1.6, 1.2],
  ...more,
});
const grazing: CellDefinition = {
  name: "graze",
  state: { v: "q + I - v", q: "-q / 0.5" },
  noise: { q: "0.6" },
  event: "v - 1",
  reset: { v: "0" },
  parameters: {},
};
const graze: NetworkDefinition = { cell: grazing, current: 0.9 };
// By invocations kernels of networks compile in half of the time.
const distribution = "invocation" as const;
const solve = { t1: 1, dt: 0.02, paths: 16, seed: 1, with: ["current"], distribution };

describe.each(["webgpu", "cpu"] as const)("on %s", (backend) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ backend });
  });
  afterAll(() => engine.dispose());
  const of = (network: NetworkDefinition, loss: Loss = meanSpikeTime(), more: Partial<GradientOptions> = {}) =>
    engine.network(network).valueAndGradient(loss, { ...solve, ...more });

  it("holds for slif, and not where jumps that may coincide do not commute", async () => {
    expect(await of({ cell: "slif", current: 1.5 })).toMatchObject({ unbiased: true, because: [] });
    expect(await of(pair("v - 1.4"))).toMatchObject({ unbiased: true, because: [] });
    const { unbiased, because } = await of(pair("-0.4"), meanSpikeTime(1));
    expect(unbiased).toBe(false);
    expect(because).toEqual([
      expect.stringMatching(
        /^coincident jumps commute is violated: .* "v" after both depends .*; to mend it, let spikes/,
      ),
    ]);
  });

  it("is that of the network at hand", async () => {
    // Nothing arrives, or only at neurons that do not feel it.
    expect((await of(pair("-0.4", { weights: { edges: [] } }))).unbiased).toBe(true);
    expect((await of(pair("-0.4", { weights: { edges: [[0, 0, 1]] } }))).unbiased).toBe(true);
    expect((await of(pair("-0.4", { weights: { edges: [[0, 1, 0]] } }))).unbiased).toBe(true);
    const inputSpikes = { times: [0.3], neurons: [1], weights: [0.5] };
    expect((await of(pair("-0.4", { weights: { edges: [] }, inputSpikes }))).unbiased).toBe(false);
    // Two weights meet at a neuron, and do not commute.
    const cell = { ...pairCell("v - 1"), receive: { v: "w * v + 0.1" }, reset: { s: "log(u)" } };
    const meeting = (edges: [number, number, number][]) => of({ cell, neurons: 3, weights: { edges }, current: 1.2 });
    expect(
      (
        await meeting([
          [0, 2, 0.9],
          [1, 2, 0.8],
        ])
      ).unbiased,
    ).toBe(false);
    expect(
      (
        await meeting([
          [0, 2, 0.9],
          [1, 2, 0.9],
        ])
      ).unbiased,
    ).toBe(true);
    expect(
      (
        await meeting([
          [0, 1, 0.9],
          [1, 2, 0.8],
        ])
      ).unbiased,
    ).toBe(true);
  });

  it("is that of noise at hand, of the current, and of what is differentiated by", async () => {
    expect((await of(graze)).because[0]).toMatch(/^no grazing is violated/);
    const quiet = { ...grazing, noise: { q: "sigma" }, parameters: { sigma: 0 } };
    expect((await of({ ...graze, cell: quiet })).unbiased).toBe(true);
    // At v = 1 the drift is I - 1, whatever is random in the reset.
    const leaky = {
      name: "leaky",
      state: { v: "I - v" },
      event: "v - 1",
      reset: { v: "-u" },
      start: { v: "-u" },
      parameters: {},
    };
    expect((await of({ cell: leaky, current: 3 })).unbiased).toBe(true);
    expect((await of({ cell: leaky, current: [2, 0.5], neurons: 2 })).unbiased).toBe(false);
    const drawn = {
      name: "drawn",
      state: { v: "3", s: "2" },
      event: "s",
      reset: { v: "u < p ? v - 1 : v - 2", s: "log(u)" },
      start: { s: "log(u)" },
      parameters: { p: 0.3, k: 1 },
    };
    expect((await of({ cell: drawn }, meanSpikeTime(0, 1), { with: ["p"] })).unbiased).toBe(false);
    expect((await of({ cell: drawn }, meanSpikeTime(0, 1), { with: ["k"] })).unbiased).toBe(true);
  });

  it("is the loss's too, where it jumps at t1", async () => {
    const observed = [
      { times: [0.2, 0.6], neurons: [0, 0] },
      { times: [0.3], neurons: [0] },
    ];
    const network = { cell: "slif", current: 1.5, parameters: { alpha: 0 } };
    const matched = expectedSignatureLoss(observed, { depth: 2, matching: true });
    const pairs = signatureMmdLoss(observed, { unbiased: false });
    for (const [loss, estimator] of [
      [matched, "pathwise"],
      [pairs, "pathwise"],
    ] as const) {
      const { because, terms } = await of(network, loss, { standardErrors: false, estimator });
      expect(because).toEqual([
        expect.stringMatching(/^loss ".*": it jumps where a .*; take estimator "horizon", which has it$/),
      ]);
      expect(terms).toEqual(["pathwise"]);
      const deterministic = { cell: { ...grazing, noise: {} }, current: 1.5 };
      expect((await of(deterministic, loss, { standardErrors: false })).unbiased).toBe(true);
    }
    for (const loss of [vanRossum(observed, { tau: 0.1 }), firstSpikes([[0.2, 0.5]])]) {
      expect((await of(network, loss, { standardErrors: false })).unbiased).toBe(true);
    }
    // What a spike more at t1 adds is known, and so is how likely it comes: but for spikes of a threshold.
    const signatures = [expectedSignatureLoss(observed, { depth: 2 }), matched];
    const known = [...signatures, signatureMmdLoss(observed), pairs, spikeCount()];
    for (const loss of [...known, spikeCount({ target: 3 })]) {
      const whole = { unbiased: true, because: [], terms: ["pathwise", "horizon"] };
      expect(await of(network, loss, { standardErrors: false })).toMatchObject(whole);
      const { because, terms } = await of(graze, loss, { standardErrors: false });
      expect(because.at(-1)).toMatch(
        /^loss ".*" jumps where a spike crosses t1: spikes that cross t1 come by no hazard/,
      );
      expect(terms).toEqual(["pathwise"]);
    }
    // Where spikes of two neurons change places signatures jump, and no more than counts are seen at depth 1.
    const two = { ...network, neurons: 2 };
    for (const loss of known.slice(0, 4)) {
      const { because } = await of(two, loss, { standardErrors: false });
      expect(because).toEqual([
        expect.stringMatching(/^loss ".*": it jumps where spikes of two neurons change places/),
      ]);
    }
    const counted = expectedSignatureLoss(observed, { depth: 1 });
    expect((await of(two, counted, { standardErrors: false })).unbiased).toBe(true);
    const chosen = await of(two, known[0]!, { standardErrors: false, estimator: "auto" });
    expect(chosen).toMatchObject({ unbiased: true, estimator: "score", terms: ["score"] });
    const silent = { ...network, parameters: { alpha: 0, sigma1: 0 } };
    const exact = { unbiased: true, because: [], terms: ["likelihood"] };
    expect(await of(silent, logLikelihood(observed))).toMatchObject(exact);
    const counts = pathLoss({
      code: "fn path_loss(path: u32, count: u32) -> f32 { return f32(count); }",
      evaluate: ({ times }) => ({ value: times.length, cotangents: new Float64Array(times.length) }),
      leavesOut: "it counts",
    });
    expect((await of(network, counts)).because).toEqual(['loss "path-loss": it counts']);
  });

  it("and of paths that were stopped", async () => {
    const stopped = await of(pair("v - 1.4"), meanSpikeTime(1), { maxSpikes: 2 });
    expect(stopped.because).toEqual([expect.stringMatching(/paths stopped at maxSpikes = 2/)]);
  });

  it("refuses before anything is computed where requireUnbiased says so", async () => {
    const refusal = /^requireUnbiased: the mean of the gradient is not known .*no grazing is violated: .*Leave/;
    await expect(of(graze, meanSpikeTime(), { requireUnbiased: true, paths: 2 ** 30 })).rejects.toThrow(refusal);
    expect((await of(pair("v - 1.4"), meanSpikeTime(), { requireUnbiased: true })).unbiased).toBe(true);
    const options = {
      ...solve,
      loss: meanSpikeTime(),
      steps: 1,
      trainable: ["current"],
      optimiser: sgd({ learningRate: 0.01 }),
    };
    const { with: _, ...training } = options;
    const steps = (network: NetworkDefinition, requireUnbiased: boolean) =>
      train(engine.network(network), { ...training, requireUnbiased });
    await expect(steps(graze, true).next()).rejects.toThrow(refusal);
    expect((await steps(graze, false).next()).value).toMatchObject({
      unbiased: false,
      because: [expect.stringMatching(/no grazing/)],
    });
    const sound = { unbiased: true, because: [], terms: ["pathwise"], estimator: "pathwise" };
    expect((await steps(pair("v - 1.4"), true).next()).value).toMatchObject(sound);
  });

  it("of a training it is that for all values that may come", async () => {
    const leaky = {
      name: "l",
      state: { v: "I - v" },
      event: "v - 1",
      reset: { v: "-u" },
      start: { v: "-u" },
      parameters: {},
    };
    const training = {
      t1: 1,
      dt: 0.02,
      paths: 4,
      loss: meanSpikeTime(),
      steps: 1,
      optimiser: sgd({ learningRate: 0.01 }),
    };
    const network = engine.network({ cell: leaky, current: 3 });
    const { value } = await train(network, { ...training, trainable: ["current"] }).next();
    expect(value).toMatchObject({ unbiased: false });
  });

  it("tells of spikes that no path had, and of gradients that are 0 by nature", async () => {
    const late = await of({ cell: "slif", current: -20 }, meanSpikeTime(0, 4), { with: ["current"] });
    expect(late.value).toBeCloseTo(1, 6);
    // A device that does not keep what rounding leaves says so as well.
    const told = late.warnings?.filter((w) => !(arrangesSums() && /rounding of 32-bit floats/.test(w)));
    expect(told).toEqual([
      "loss: none of 16 paths had spike 4 of neuron 0 before t1 = 1 (indices from 0): the time is taken as t1, its gradient as 0",
      "the gradient by current is exactly 0: as far as derivatives see, nothing that the loss looks at depends on it",
    ]);
    // The mean of times that are all t1 is not quite that.
    for (const [t1, paths] of [
      [0.7, 7],
      [12.3, 300],
    ] as const) {
      const { warnings = [] } = await of({ cell: "slif", current: -20 }, meanSpikeTime(0, 4), { t1, paths });
      expect(warnings.filter((w) => w.startsWith("loss: "))).toEqual([
        expect.stringContaining(`none of ${paths} paths`),
      ]);
    }
    const some = await of({ cell: "slif", current: 1.5 }, firstSpikes([[0.2, 0.4, 0.6, ...Array(20).fill(0.9)]]));
    expect(some.warnings).toEqual([
      expect.stringMatching(/^loss: none of 16 paths had spike \d+ of neuron 0, .* and \d+ more/),
    ]);
    const idle = await of(pair("v - 1.4"), meanSpikeTime(), { with: ["idle", "mu"] });
    expect(idle.warnings).toEqual([expect.stringMatching(/^the gradient by idle is exactly 0/)]);
    const deaf = {
      name: "deaf",
      state: { s: "1 + 0 * x", x: "-x" },
      event: "s",
      start: { s: "log(u)" },
      parameters: {},
    };
    const unread = await of({ cell: { ...deaf, reset: { s: "log(u)" } } });
    expect(unread.warnings).toEqual(["the gradient by current is exactly 0: no equation of the cell reads I"]);
    expect((await of({ cell: "slif", current: 1.5 })).warnings).toBeUndefined();
  });

  it("tells where the gradient of a cell was asked for that has none", async () => {
    const cell = { ...pairCell("-0.4"), noise: { v: "0.3" } };
    const forced = await of({ cell, current: 1.5 }, meanSpikeTime(), { requireExact: false });
    expect(forced.warnings).toEqual([
      expect.stringMatching(/^network.cell: "x" violates jump and noise commute: .* dt = 0.02/),
    ]);
    // In steps of dt the mean is right all the same: see the test of checks.
    expect(forced.unbiased).toBe(true);
    // Kicks at grid points change places with the reset.
    const kicked = await of({ cell, current: 1.5 }, meanSpikeTime(), { requireExact: false, method: "euler" });
    expect(kicked.because).toEqual([
      expect.stringMatching(/^with method "euler" noise comes in kicks .*take method "levy"$/),
    ]);
    const shifted = { cell: { ...cell, reset: { v: "v - 1", s: "log(u)" } }, current: 1.5 };
    expect((await of(shifted, meanSpikeTime(), { method: "euler" })).unbiased).toBe(true);
  });
});
