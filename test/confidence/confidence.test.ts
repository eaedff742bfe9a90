import { beforeAll, describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { type Confidence, type ConfidenceOptions, confidence } from "../../src/confidence/confidence.js";
import { kolmogorovQuantile, kolmogorovTail, normalQuantile } from "../../src/confidence/quantiles.js";
import { eigenOf, functionOf } from "../../src/confidence/symmetric.js";
import { timeRescaling } from "../../src/confidence/time-rescaling.js";
import { Engine } from "../../src/engine.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import type { ObservedSpikes } from "../../src/spikes/spikes.js";
import { pathsOf } from "../../src/spikes/table.js";

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.create({ backend: "cpu" });
});

/** Poisson spikes with hazard r e^(b + c): r, b and c cannot be told apart. */
const poisson: CellDefinition = {
  name: "poisson",
  state: { s: "r * exp(b + c)" },
  event: "s",
  reset: { s: "log(u)" },
  start: { s: "log(u)" },
  parameters: { r: 1, b: 0, c: 0 },
  positive: ["r"],
};
const T = 2;
const trials: ObservedSpikes[] = Array.from({ length: 12 }, (_, i) => ({
  times: Array.from({ length: (7 * i) % 5 }, (_, n) => 0.1 + 0.37 * n + 0.011 * i),
}));
const count = trials.reduce((n, t) => n + t.times.length, 0);
const rate = count / (T * trials.length);
const z = 1.959963984540054;

const judge = (
  network: NetworkDefinition,
  options: Omit<ConfidenceOptions, "loss" | "t1" | "dt"> & Partial<ConfidenceOptions>,
): Promise<Confidence> =>
  confidence(engine.network(network), { loss: logLikelihood(trials), t1: T, dt: 0.1, ...options });

describe("a Poisson process", () => {
  it("has the count as information by log hazard, and closed forms of all that follows", async () => {
    const b = Math.log(rate);
    const found = await judge({ cell: poisson, parameters: { b } }, { trainable: ["b"], profile: "all" });
    const [only] = found.parameters;
    // Differences of e^x by 0.01 standard errors, of fourth order: 1e-10 of it.
    expect(only!.standardError).toBeCloseTo(1 / Math.sqrt(count), 9);
    expect(only!.value).toBeCloseTo(b, 4);
    expect(only!.interval[1] - only!.value).toBeCloseTo(z / Math.sqrt(count), 8);
    expect(found.toMaximum).toBeLessThan(1e-3);
    expect(found.informationError).toBeLessThan(1e-4);
    const log = count * b - count;
    expect(found.logLikelihood).toBeCloseTo(log, 6);
    expect(found.spikes).toBe(count);
    expect(found.aic).toBeCloseTo(2 - 2 * log, 6);
    expect(found.bic).toBeCloseTo(Math.log(count) - 2 * log, 6);
    // What a trial's count adds: n_i − λT, which varies as counts do.
    const mean = count / trials.length;
    const squares = trials.reduce((sum, t) => sum + (t.times.length - mean) ** 2, 0);
    const robust = Math.sqrt((squares * trials.length) / (trials.length - 1)) / count;
    expect(only!.robustStandardError).toBeCloseTo(robust, 6);
    // The profile of a single parameter is log L itself: N (e^d − 1 − d) lost at b + d.
    const [profile] = found.profiles;
    for (const end of profile!.interval) {
      const d = end - b;
      // The root comes within 1e-4 of z.
      expect(Math.abs(Math.sqrt(2 * count * (Math.exp(d) - 1 - d)) / z - 1)).toBeLessThan(2e-4);
    }
    expect(profile!.points.length).toBeGreaterThan(5);
    for (const { value, loss } of profile!.points) {
      expect(loss).toBeCloseTo(count * (Math.exp(value - b) - 1 - (value - b)), 6);
    }
  });

  it("has intervals in the coordinates of constraints, or in the parameter's own", async () => {
    const network = { cell: poisson, parameters: { r: rate } };
    const trainable = [{ name: "r", transform: "exp" as const }];
    const [x] = (await judge(network, { trainable })).parameters;
    const own = await judge(network, { trainable, coordinates: "natural" });
    const [r] = own.parameters;
    const spread = rate / Math.sqrt(count);
    expect(x!.standardError).toBeCloseTo(spread, 8);
    expect(r!.standardError).toBeCloseTo(spread, 8);
    expect(x!.interval[0]).toBeCloseTo(rate * Math.exp(-z / Math.sqrt(count)), 8);
    expect(r!.interval[0]).toBeCloseTo(rate - z * spread, 8);
    expect(own.covariance[0]![0]).toBeCloseTo(spread ** 2, 8);
  });

  it("goes on to the maximum where that is asked for, and else says how far it is", async () => {
    const parameters = { b: Math.log(rate) + 0.1 };
    const off = await judge({ cell: poisson, parameters }, { trainable: ["b"] });
    // There the information is λT and the gradient N − λT.
    const there = count * Math.exp(0.1);
    expect(off.toMaximum).toBeCloseTo((there - count) / Math.sqrt(there), 6);
    expect(off.warnings.join()).toMatch(/the values are 0\.\d+ standard errors from the maximum of log L/);
    const at = await judge({ cell: poisson }, { trainable: ["b"], values: parameters, refine: true });
    expect(at.values.b).toBeCloseTo(Math.log(rate), 5);
    expect(at.warnings).toEqual([]);
  });

  it("refuses by name what the data cannot tell apart, and what they do not determine", async () => {
    const network = { cell: poisson, parameters: { b: Math.log(rate) } };
    await expect(judge(network, { trainable: ["b", "c"] })).rejects.toThrow(
      /^trainable: the data cannot tell b and c apart: log L is flat where they change together/,
    );
    const idle = { ...poisson, state: { ...poisson.state, x: "k" }, parameters: { ...poisson.parameters, k: 1 } };
    await expect(judge({ ...network, cell: idle }, { trainable: ["b", "k"] })).rejects.toThrow(
      /^trainable: the data do not determine k:/,
    );
    await expect(judge(network, { trainable: ["b"], profile: ["c"] })).rejects.toThrow(
      /^profile\[0\]: "c" was not fitted; known: b/,
    );
    await expect(judge(network, { trainable: ["b"], values: { c: 1 } })).rejects.toThrow(
      /^values\.c: is not in trainable/,
    );
    await expect(judge(network, { trainable: ["b"], values: { b: [1] } })).rejects.toThrow(
      /^values\.b: expected a finite number/,
    );
  });

  it("does not tell a bound of a positive parameter that nothing reads", async () => {
    const idle = { ...poisson, state: { s: "exp(b) + 0 * r" } };
    const b = Math.log(rate);
    await expect(judge({ cell: idle, parameters: { b } }, { trainable: ["b", "r"] })).rejects.toThrow(
      /^trainable: the data do not determine r: a change of it by 0.1 moves log L by less than/,
    );
  });

  it("tells a parameter at its bound, and what the others are known to beside it", async () => {
    // Without the bound r would be the rate, which lies below it.
    const trainable = ["b", { name: "r", bounds: [1, 9] as const }];
    const parameters = { b: Math.log(rate), r: 1 + 1e-12 };
    const found = await judge({ cell: poisson, parameters }, { trainable });
    expect(found.parameters[1]).toMatchObject({ parameter: "r", atBound: "lower", standardError: Number.NaN });
    expect(found.parameters[0]!.standardError).toBeCloseTo(1 / Math.sqrt(count), 8);
    expect(found.correlation).toEqual([
      [expect.closeTo(1, 9), Number.NaN],
      [Number.NaN, Number.NaN],
    ]);
    expect(found.warnings.join()).toMatch(/^r stands at its lower bound: it has no standard error/);
  });

  it("needs trials for the sandwich", async () => {
    const few = logLikelihood(trials.slice(0, 5));
    const found = await judge({ cell: poisson }, { loss: few, trainable: ["b"], refine: true });
    expect(found.parameters[0]!.robustStandardError).toBeNaN();
    expect(found.warnings).toEqual(["no robust standard errors: they take 10 trials for 1 parameter, and there are 5"]);
  });

  it("joins trials for rescaled intervals", async () => {
    const found = await judge({ cell: poisson, parameters: { b: Math.log(rate) } }, { trainable: ["b"] });
    const times = trials.flatMap((t, i) => Array.from(t.times, (s) => s + T * i));
    const wanted = times.map((t, n) => 1 - Math.exp(-rate * (t - (times[n - 1] ?? 0)))).sort((a, b) => a - b);
    expect(found.goodness.uniform.length).toBe(count);
    for (const [n, u] of wanted.entries()) expect(found.goodness.uniform[n]).toBeCloseTo(u, 9);
  });
});

describe("trials of which each has a current of its own", () => {
  it("have the likelihood of a Poisson process that each drives at a rate of its own", async () => {
    const cell: CellDefinition = {
      ...poisson,
      name: "driven",
      state: { s: "exp(b + I)" },
      parameters: { b: 0 },
      positive: [],
    };
    const currents = trials.map((_, i) => Math.sin(i));
    // Σ n_i (b + I_i) − T e^b Σ exp(I_i), which is largest where the expected count is the one observed.
    const exposure = T * currents.reduce((sum, c) => sum + Math.exp(c), 0);
    const b = Math.log(count / exposure);
    const samples = { inputs: { I: currents } };
    const found = await judge({ cell, current: 0 }, { trainable: ["b"], samples, refine: true });
    const [only] = found.parameters;
    // Where the quasi-Newton steps end: 1e-4 standard errors.
    expect(only!.value).toBeCloseTo(b, 4);
    expect(only!.standardError).toBeCloseTo(1 / Math.sqrt(count), 5);
    const log = trials.reduce((sum, { times }, i) => sum + times.length * (b + currents[i]!), -count);
    expect(found.logLikelihood).toBeCloseTo(log, 6);
    await expect(judge({ cell, current: 0 }, { trainable: ["b"], samples, paths: 3 })).rejects.toThrow(
      "paths: is 3, and 12 samples of 1 are 12; leave it out",
    );
  });
});

describe("two neurons that excite each other", () => {
  const network: NetworkDefinition = {
    cell: "slif",
    neurons: 2,
    parameters: { sigma1: 0, sigma2: 0, alpha: 0, mu1: 12, vReset: 1.3 },
    current: [1.5, 1.3],
    weights: {
      dense: [
        [0, 0.4],
        [0.3, 0],
      ],
    },
  };
  const trainable = ["current", "beta", { name: "weights", mask: "nonzero" as const }];
  const solve = { t1: 2, dt: 0.02 };

  it("has the second differences of log L as information, and rescaled intervals of the law", async () => {
    const spikes = await engine.network(network).simulate({ ...solve, paths: 6, seed: 4 });
    const observed = pathsOf(await spikes.read());
    const loss = logLikelihood(observed);
    const on = engine.network(network);
    const found = await confidence(on, { ...solve, loss, trainable, refine: true });
    expect(found.parameters.map((p) => p.parameter)).toEqual([
      "current[0]",
      "current[1]",
      "beta",
      "weights[1]",
      "weights[2]",
    ]);
    // Values of log L: the information is the inverse of the covariance.
    const at = async (moves: [number, number][]): Promise<number> => {
      const v = found.parameters.map((p) => p.value);
      for (const [i, by] of moves) v[i]! += by;
      const [i0, i1, beta, w01, w10] = v as [number, number, number, number, number];
      const moved = {
        ...network,
        parameters: { ...network.parameters, beta },
        current: [i0, i1],
        weights: {
          dense: [
            [0, w01],
            [w10, 0],
          ],
        },
      };
      const { value } = await engine.network(moved).valueAndGradient(loss, { ...solve, paths: 1, with: [] });
      return -value * found.trials;
    };
    const information = functionOf(eigenOf(found.covariance), (c) => 1 / c);
    const h = information.map((row, i) => 0.1 / Math.sqrt(row[i]!));
    for (const [i, j] of [
      [0, 0],
      [0, 2],
      [2, 3],
      [4, 4],
    ] as const) {
      const corner = (a: number, b: number): Promise<number> =>
        at([
          [i, a * h[i]!],
          [j, b * h[j]!],
        ]);
      const second = (await corner(1, 1)) - (await corner(1, -1)) - (await corner(-1, 1)) + (await corner(-1, -1));
      const difference = -second / (4 * h[i]! * h[j]!);
      // Differences of values over 0.1 standard errors: 1e-4 of truncation for some hundred spikes, 1e-10 of rounding.
      const size = Math.sqrt(information[i]![i]! * information[j]![j]!);
      expect(Math.abs(information[i]![j]! - difference), `${i}, ${j}`).toBeLessThan(2e-3 * size);
    }
    // The network that drew them: within five standard errors; and the test of the model holds at 0.1 %.
    const truth = [1.5, 1.3, 5, 0.4, 0.3];
    for (const [i, p] of found.parameters.entries()) {
      expect(Math.abs(p.value - truth[i]!)).toBeLessThan(5 * p.standardError);
    }
    expect(found.goodness.neurons.length).toBe(2);
    expect(found.goodness.pValue).toBeGreaterThan(1e-3);
    expect(Math.abs(found.goodness.serial)).toBeLessThan(4 * found.goodness.serialStandardError);
    // A model without the connections is told from it.
    expect(found.spikes).toBe(found.goodness.uniform.length);
  });
});

describe("quantiles and matrices", () => {
  it("are those of tables", () => {
    expect(normalQuantile(0.95)).toBeCloseTo(z, 13);
    expect(normalQuantile(0.6826894921370859)).toBeCloseTo(1, 13);
    // Kolmogorov's law: 1.3581 is its 95 % point for large n.
    expect(kolmogorovQuantile(0.95, 1e8) * 1e4).toBeCloseTo(1.3581, 4);
    // Exact points (Miller, J. Am. Stat. Assoc. 51, 1956); Stephens' stretch is good to some 0.001 in probability.
    for (const [n, d] of [
      [10, 0.40925],
      [20, 0.29408],
      [30, 0.2417],
    ] as const)
      expect(Math.abs(kolmogorovTail(d, n) - 0.05)).toBeLessThan(1e-3);
  });

  it("finds small eigenvalues of ill-conditioned matrices", () => {
    const e = 1e-9;
    const { values, vectors } = eigenOf([
      [1, 1 - e, 0],
      [1 - e, 1, 0],
      [0, 0, 3],
    ]);
    expect(values[0]! / e).toBeCloseTo(1, 6);
    expect(values[1]).toBeCloseTo(2 - e, 14);
    expect(Math.abs(vectors[0]![0]!)).toBeCloseTo(Math.SQRT1_2, 12);
  });
});

describe("time rescaling", () => {
  it("sees intervals that are too regular, and neighbours that go together", () => {
    const regular = Array.from({ length: 40 }, () => 1);
    const found = timeRescaling([[...regular, 0.2]], 1, 0.95);
    // All at 1 − 1/e.
    expect(found.statistic).toBeCloseTo(1 - Math.exp(-1), 12);
    expect(found.pValue).toBeLessThan(1e-12);
    expect(found.statistic).toBeGreaterThan(found.band);
    const slow = Array.from({ length: 200 }, (_, n) => -Math.log(1 - (n + 0.5) / 200));
    const { pValue, serial, serialStandardError } = timeRescaling([[...slow, 0]], 1, 0.95);
    expect(pValue).toBeGreaterThan(0.99);
    expect(serial).toBeGreaterThan(10 * serialStandardError);
  });

  it("has no numbers where nothing fired", () => {
    expect(timeRescaling([[1.5], [2]], 1, 0.95)).toMatchObject({
      statistic: Number.NaN,
      pValue: Number.NaN,
      neurons: [],
    });
  });
});
