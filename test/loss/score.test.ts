import { beforeAll, describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine, type GradientOptions } from "../../src/engine.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import type { Loss } from "../../src/loss/loss.js";
import { psthLoss } from "../../src/loss/psth.js";
import { firstPassage, spikeCount } from "../../src/loss/spike-count.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { adam } from "../../src/train/optimisers.js";
import { train } from "../../src/train/train.js";

/** Value and derivative of a loss by the score function, in standard errors from a law. */
const engines: Partial<Record<"cpu" | "simd", Engine>> = {};
beforeAll(async () => {
  for (const backend of ["cpu", "simd"] as const) engines[backend] = await Engine.create({ backend });
});
const solve = { t1: 0.4, dt: 0.01, seed: 5 };
type Options = Omit<GradientOptions, "t1" | "dt"> & Partial<GradientOptions>;
const taken = (backend: "cpu" | "simd", network: NetworkDefinition, loss: Loss, options: Options) =>
  engines[backend]!.network(network).valueAndGradient(loss, { ...solve, estimator: "score", ...options });

/** A neuron whose voltage is a fixed function of the time since its last spike: v' = mu (c - v), v -= vReset. */
const slif = (c: number, more: Record<string, number> = {}): NetworkDefinition => ({
  cell: "slif",
  parameters: { sigma1: 0, sigma2: 0, alpha: 0, mu1: 15, beta: 5, vReset: 1.4, ...more },
  current: c,
});
/** Of that neuron the hazard, and its integral, from a voltage on: Simpson's rule, exact to 1e-9 here. */
const voltage = (c: number, v0: number, t: number): number => c + (v0 - c) * Math.exp(-15 * t);
const hazard = (c: number, v0: number, t: number): number => Math.exp(5 * (voltage(c, v0, t) - 1));
function simpson(f: (x: number) => number, b: number, n: number): number {
  let sum = f(0) + f(b);
  for (let i = 1; i < n; i++) sum += (i % 2 ? 4 : 2) * f((i * b) / n);
  return (sum * b) / n / 3;
}
const survival = (c: number, v0: number, t: number): number => Math.exp(-simpson((x) => hazard(c, v0, x), t, 60));

/** P(second spike < to): the first at s, and the second within to - s after it. */
const secondBefore = (c: number, to: number): number =>
  simpson((s) => hazard(c, 0, s) * survival(c, 0, s) * (1 - survival(c, voltage(c, 0, s) - 1.4, to - s)), to, 60);
const slope = (f: (c: number) => number): number => (f(1.5 + 1e-4) - f(1.5 - 1e-4)) / 2e-4;

/** Of values and derivatives that chance leaves: 4.5 standard errors, for a chance of 1e-5 each. */
function expectNear(found: unknown, error: unknown, wanted: number): void {
  expect(error).toBeGreaterThan(0);
  // A spread that would hide anything is no test.
  expect(error).toBeLessThan(0.2 * Math.abs(wanted));
  expect(Math.abs((found as number) - wanted)).toBeLessThan(4.5 * (error as number));
}

describe("the score function", () => {
  it.each([
    ["cpu", 1200],
    ["simd", 8192],
  ] as const)("has the derivative of a probability that is decided before t1, on %s", async (backend, paths) => {
    // 1[tau_1 < 0.2], and 1[tau_2 < 0.3], of which no derivative of a path sees anything.
    const c = 1.5;
    const first = await taken(backend, slif(c), firstPassage({ to: 0.2 }), { paths, with: ["current"] });
    expectNear(first.value, first.standardError, 1 - survival(c, 0, 0.2));
    expectNear(
      first.gradient.current,
      first.gradientStandardError.current,
      slope((x) => 1 - survival(x, 0, 0.2)),
    );
    expect(first).toMatchObject({ unbiased: true, because: [], terms: ["score"] });
    const second = await taken(backend, slif(c), firstPassage({ count: 2, to: 0.3 }), { paths, with: ["current"] });
    expectNear(
      second.gradient.current,
      second.gradientStandardError.current,
      slope((x) => secondBefore(x, 0.3)),
    );
  });

  it("agrees with the horizon term where both apply, in a network, and through a target", async () => {
    const network: NetworkDefinition = {
      ...slif(1.5),
      neurons: 2,
      current: [1.5, 1.2],
      weights: { edges: [[0, 1, 0.6]] },
    };
    const loss = spikeCount({ neuron: 1, target: 0.2 });
    const options = { paths: 16384, with: ["current", "weights"] };
    const by = await taken("simd", network, loss, options);
    const other = await taken("simd", network, loss, { ...options, seed: 6, estimator: "horizon" });
    const numbers = (r: typeof by, of: "gradient" | "gradientStandardError"): number[] => {
      const { current, weights } = r[of] as { current: number[]; weights: number[][] };
      return [...current, weights[0]![2]!];
    };
    expect(other.terms).toContain("horizon");
    numbers(by, "gradient").forEach((g, i) => {
      const off = Math.abs(g - numbers(other, "gradient")[i]!);
      const errors = [by, other].map((r) => numbers(r, "gradientStandardError")[i]!);
      // 4.5 standard errors of the difference; the score's is not so large that it hides what there is.
      expect(off).toBeLessThan(4.5 * Math.hypot(...errors));
      expect(errors[0]).toBeLessThan(0.5 * Math.abs(numbers(other, "gradient")[i]!));
    });
  });
});

it("has the rows of paths, whose mean the gradient is, and the baseline of the other paths", async () => {
  const cell: CellDefinition = {
    name: "poisson",
    state: { s: "exp(b)" },
    event: "s",
    reset: { s: "log(u)" },
    start: { s: "log(u)" },
    parameters: { b: 1 },
  };
  const rows: number[][] = [];
  const perPath = (_: number, paths: number, numbers: ArrayLike<number>): void => {
    for (let r = 0; r < 2; r++) rows.push(Array.from({ length: paths }, (_, i) => numbers[r * paths + i]!));
  };
  const paths = 400;
  const loss = spikeCount({ from: 0.5, to: 1 });
  const found = await taken("cpu", { cell }, loss, { paths, t1: 2, dt: 0.1, with: ["b"], perPath });
  const all = await engines.cpu!.network({ cell }).simulate({ paths, t1: 2, dt: 0.1, seed: 5 });
  const { counts } = await all.read();
  const mean = rows[0]!.reduce((a, b) => a + b, 0) / paths;
  // d log L/db = N − e^b T of a Poisson process.
  counts.forEach((count, i) => {
    const others = (mean * paths - rows[0]![i]!) / (paths - 1);
    expect(rows[1]![i]).toBeCloseTo((rows[0]![i]! - others) * (count - 2 * Math.E), 9);
  });
  expect(found.gradient.b).toBeCloseTo(rows[1]!.reduce((a, b) => a + b, 0) / paths, 12);
  // E[N in half a unit of time] = e^b / 2, and so is its derivative.
  expectNear(found.gradient.b, found.gradientStandardError.b, Math.E / 2);
});

describe("a peristimulus time histogram", () => {
  const cell: CellDefinition = {
    name: "bump",
    state: { s: "exp(a + b * t)" },
    event: "s",
    reset: { s: "log(u)" },
    start: { s: "log(u)" },
    parameters: { a: 1, b: 1 },
  };
  const observed = [{ times: [0.3, 0.5, 0.9] }, { times: [0.1, 1.7] }];
  const options = { t1: 2, dt: 0.1, with: ["a", "b"] };

  it("has value and derivative of the squared difference of rates, against closed forms", async () => {
    // Poisson spikes of rate e^(a + bt): a bin of 0.5 from x on has e^a (e^(b(x + 0.5)) - e^(bx))/b of them in the mean.
    const loss = psthLoss(observed, { bin: 0.5, from: 0.5 });
    const paths = 16384;
    const found = await taken("simd", { cell }, loss, { ...options, paths });
    // Of two trials, 0.5 and 0.9 lie in the first bin, and 1.7 in the third.
    const target = [2, 0, 1];
    const rates = (a: number, b: number): number[] =>
      [0.5, 1, 1.5].map((x) => (Math.exp(a) * (Math.exp(b * (x + 0.5)) - Math.exp(b * x))) / b / 0.5);
    const of = (a: number, b: number): number => rates(a, b).reduce((sum, r, i) => sum + (r - target[i]!) ** 2, 0) / 3;
    expectNear(found.value, found.standardError, of(1, 1));
    const h = 1e-5;
    expectNear(found.gradient.a, found.gradientStandardError.a, (of(1 + h, 1) - of(1 - h, 1)) / (2 * h));
    expectNear(found.gradient.b, found.gradientStandardError.b, (of(1, 1 + h) - of(1, 1 - h)) / (2 * h));
    expect(found.means.map((m) => m.mean)).toHaveLength(3);
  });

  it("has no pathwise gradient, and a value alone", async () => {
    const loss = psthLoss(observed, { bin: 0.5 });
    const pathwise = { ...options, paths: 16, estimator: "pathwise" as const };
    await expect(taken("cpu", { cell }, loss, pathwise)).rejects.toThrow(
      /^loss: "psth": jumps where a spike crosses an edge of a bin, .*; take estimator "score", or ask for the value alone/,
    );
    expect((await taken("cpu", { cell }, loss, { ...pathwise, with: [] })).value).toBeGreaterThan(0);
    await expect(taken("cpu", { cell }, psthLoss(observed, { bin: 0.3 }), { ...pathwise, with: [] })).rejects.toThrow(
      /^loss\.bin: 0\.3 does not divide the stretch from 0 to 2/,
    );
  });

  it("trains", async () => {
    // To the rate of observed trains, from one that is e times that: steps of the mean gradient alone.
    const network = engines.simd!.network({ cell, parameters: { a: 1, b: 0 } });
    const even = [{ times: [0.25, 0.75, 1.25, 1.75] }, { times: [] }];
    const run = train(network, {
      loss: psthLoss(even, { bin: 0.5 }),
      estimator: "score",
      trainable: ["a"],
      optimiser: adam({ learningRate: 0.15 }),
      paths: 512,
      t1: 2,
      dt: 0.1,
      steps: 30,
    });
    let a = 1;
    for await (const step of run) {
      a = (await step.values()).updated.a as number;
      expect(step.terms).toEqual(["score"]);
    }
    // A rate of 1 is a = 0; more than half of the way in as many steps of 0.15 at most, whose gradients spread.
    expect(Math.abs(a)).toBeLessThan(0.5);
  });
});

describe("what has no score", () => {
  const refused = (network: NetworkDefinition, loss: Loss, options: Partial<GradientOptions> = {}) =>
    expect(taken("cpu", network, loss, { paths: 2, with: ["current"], ...options })).rejects;
  const loss = firstPassage({ to: 0.2 });

  it("is refused in one line with its mend", async () => {
    await refused(slif(1.5, { alpha: 0.1 }), loss).toThrow(
      /^estimator: "score" needs that any spike stays possible: .* of alpha, before which none is; set "alpha" to 0/,
    );
    await refused(slif(1.5), loss, { with: ["alpha"] }).toThrow(/set "alpha" to 0 and do not differentiate by it/);
    await refused(slif(1.5), loss, { maxSpikes: 3 }).toThrow(
      /^maxSpikes: is 3, and estimator "score" knows no likelihood of paths that stop/,
    );
    await refused(slif(1.5), logLikelihood([{ times: [0.1] }])).toThrow(
      /^estimator: "score" is for losses of simulated spikes/,
    );
    await refused(slif(1.5), loss, { estimator: "reinforce" as "score" }).toThrow(/^estimator: expected /);
    const dead: CellDefinition = {
      name: "dead",
      state: { s: "c < 0 ? 0 : rate", c: "1" },
      event: "s",
      reset: { s: "log(u)", c: "-tref" },
      start: { s: "log(u)", c: "1" },
      parameters: { rate: 3, tref: 0.04 },
    };
    await refused({ cell: dead }, loss, { with: ["tref"] }).toThrow(
      /^estimator: "score" does not see jumps of the likelihood/,
    );
    // A loss of first spikes makes paths stop; not so with a score.
    const first = await taken("cpu", slif(1.5), firstSpikes([[0.2]]), { paths: 40, with: ["current"] });
    expect(first.saturatedPaths).toBe(0);
  });
});
