/** Losses of states, regularisers, and sums of losses: against closed forms, and devices against the twin. */
import { describe, expect, it } from "vitest";
import { Engine, type GradientOptions } from "../../src/engine.js";
import { combinedLoss } from "../../src/loss/combined-loss.js";
import { crossEntropy } from "../../src/loss/cross-entropy.js";
import type { Loss } from "../../src/loss/loss.js";
import { payoff } from "../../src/loss/payoff.js";
import { rateRegulariser, silenceRegulariser } from "../../src/loss/regularisers.js";
import { spikeRate } from "../../src/loss/spike-count.js";
import { firstSpikes, meanSpikeTime } from "../../src/loss/spike-times.js";
import { voltageFit } from "../../src/loss/voltage-fit.js";
import { libraryCell, type NetworkDefinition } from "../../src/network/network.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
const cpu = await Engine.create({ backend: "cpu" });
const option: NetworkDefinition = {
  cell: await libraryCell("barrier-option"),
  parameters: { barrier: 1e6, strike: 95 },
};
const pair: NetworkDefinition = {
  neurons: 2,
  weights: {
    dense: [
      [0, 0.8],
      [0.4, 0],
    ],
  },
  parameters: { vReset: [1.3, 1.5] },
  current: [1.5, 1.1],
};
const solve = { paths: 300, t1: 1, dt: 0.02, seed: 3 };

async function expectTwin(network: NetworkDefinition, loss: Loss, options: GradientOptions): Promise<void> {
  const asked = { ...options, requireExact: false };
  const [a, b] = [
    await engine().network(network).valueAndGradient(loss, asked),
    await cpu.network(network).valueAndGradient(loss, asked),
  ];
  // float32 against float64; a spike that changes its step by rounding moves a state by a jump, in few of the paths.
  expect(Math.abs(a.value - b.value)).toBeLessThan(1e-3 * Math.abs(b.value));
  const size = Math.max(...b.flat.map(Math.abs));
  b.flat.forEach((v, i) => {
    expect(Math.abs(a.flat[i]! - v)).toBeLessThan(2e-3 * size);
  });
  expect(Math.abs(a.standardError - b.standardError)).toBeLessThan(1e-2 * b.standardError);
}

/** The standard normal distribution: Abramowitz & Stegun (1964), 26.2.17, to 1e-7. */
function normal(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (series * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
  return x > 0 ? 1 - tail : tail;
}

describe("a payoff", () => {
  const call = payoff({ value: "discount * max(exp(x) - strike, 0)", constants: { strike: 95 } });

  it("of a call has its price and delta by Black and Scholes", async () => {
    const [price, strike, r, sigma] = [100, 95, 0.05, 0.2];
    const d1 = (Math.log(price / strike) + r + sigma ** 2 / 2) / sigma;
    const value = price * normal(d1) - strike * Math.exp(-r) * normal(d1 - sigma);
    const found = await cpu.network(option).valueAndGradient(call, {
      ...solve,
      paths: 2000,
      with: ["price", "sigma"],
      requireExact: false,
    });
    // The log-price is exact on the grid, so that there is no error but chance: four standard errors.
    expect(Math.abs(found.value - value)).toBeLessThan(4 * found.standardError);
    const error = found.gradientStandardError as { price: number; sigma: number };
    const gradient = found.gradient as { price: number; sigma: number };
    expect(Math.abs(gradient.price - normal(d1))).toBeLessThan(4 * error.price);
    const vega = (price * Math.exp((-d1 * d1) / 2)) / Math.sqrt(2 * Math.PI);
    expect(Math.abs(gradient.sigma - vega)).toBeLessThan(4 * error.sigma);
  });

  it("is that of the twin on a device", () => expectTwin(option, call, { ...solve, with: ["price", "sigma"] }));

  it("that jumps says what its gradient leaves out", async () => {
    const digital = payoff({ value: "x > 4.6 ? 1 : 0" });
    const found = await cpu
      .network(option)
      .valueAndGradient(digital, { ...solve, with: ["price"], requireExact: false });
    expect(found.because.join()).toMatch(/loss "payoff": its conditions depend on states/);
  });

  it.each([
    ["no expression", { value: 1 }, /^loss\.value: expected an expression as text, got 1$/],
    ["no state", { value: "2 * pi" }, /^loss\.value: "2 \* pi" reads no state/],
    ["what is not understood", { value: "x +" }, /^loss\.value: /],
    ["another field", { value: "x", strike: 1 }, /strike: is unknown; known: value, constants, at$/],
  ])("is refused in one line: %s", (_, options, message) => {
    expect(() => payoff(options as { value: string })).toThrow(message);
  });

  it("of what is no state names those that are", () => {
    expect(() => cpu.network(option).gradientPlan(solve, payoff({ value: "y[1] + 1" }))).toThrow(
      /"y": cell "barrier-option" has no such state; known: x, discount, payoff$/,
    );
  });
});

describe("cross-entropy of states", () => {
  it("is that of the twin on a device, however states are read", async () => {
    const times = { every: 0.2 };
    const reads = ["final", "integral", "max"] as const;
    const of = (read: (typeof reads)[number]) =>
      crossEntropy({ states: { read, times }, neurons: [1, 0], temperature: 0.4 });
    const mean = crossEntropy({ states: { state: "i", read: "mean", times: [0.4, 0.8] } });
    const sum = combinedLoss([...reads.map((read, p) => ({ loss: of(read), weight: 1 + p })), { loss: mean }]);
    const labels = Array.from({ length: 150 }, (_, s) => (s * s) % 2);
    const samples = { labels, trials: 2 };
    const { paths: _, ...alone } = solve;
    await expectTwin(pair, sum, { ...alone, samples, with: ["weights", "mu1"] });
  });
});

describe("neurons by the names of populations", () => {
  it("are those by number, bit by bit on a device", async () => {
    const populations = { a: { neurons: 1, current: 1.5 }, b: { neurons: 1, current: 1.1 } };
    const projections = [{ from: "a", to: "b", weights: { dense: [[0.8]] } }];
    const of = (a: number | string, b: number | string): Loss =>
      combinedLoss([
        { loss: meanSpikeTime(b, 1) },
        { loss: spikeRate({ neuron: [b, a], target: 3 }), weight: 0.1 },
        { loss: payoff({ value: `v[${b}] + v[${a}]` }) },
        { loss: silenceRegulariser({ least: 9, neuron: [b] }), weight: 0.1 },
      ]);
    const network = engine().network({ populations, projections });
    const options = { ...solve, with: ["a→b.weights", "a.current"] };
    const [byNumber, byName] = [
      await network.valueAndGradient(of(0, 1), options),
      await network.valueAndGradient(of("a[0]", "b[0]"), options),
    ];
    expect([byName.value, ...byName.flat]).toEqual([byNumber.value, ...byNumber.flat]);
    expect(byNumber.flat.every((v) => Math.abs(v) > 1e-3)).toBe(true);
  });
});

describe("a voltage fit", () => {
  const times = [0.2, 0.4, 0.6];

  it("is 0 for the trace of the path itself, and the mean of squares elsewhere", async () => {
    const one = { ...solve, paths: 1, with: ["mu1"] };
    const trace = (await (await cpu.network(pair).simulate({ ...one, states: { of: ["v"], times } })).states()).values;
    const rows = times.map((_, n) => [...trace.slice(2 * n, 2 * n + 2)]);
    const both = voltageFit({ neurons: [0, 1], times, values: rows });
    expect((await cpu.network(pair).valueAndGradient(both, one)).value).toBe(0);
    const off = voltageFit({ neurons: [1], times, values: rows.map((row, n) => row[1]! + n) });
    expect((await cpu.network(pair).valueAndGradient(off, one)).value).toBeCloseTo((0 + 1 + 4) / 3, 12);
  });

  it("is that of the twin on a device, alone and in a sum with regularisers", async () => {
    const fit = voltageFit({
      neurons: [1, 0],
      times: { every: 0.5 },
      values: [
        [0, 0],
        [0.9, 0.8],
        [0.7, 1],
      ],
    });
    await expectTwin(pair, fit, { ...solve, with: ["mu1", "weights"] });
    const sum = combinedLoss([
      { loss: fit },
      { loss: payoff({ value: "i[1]^2 + v" }), weight: 0.5 },
      { loss: firstSpikes([[0.3], [0.5]]), weight: 2 },
      { loss: silenceRegulariser({ least: 8 }), weight: 0.01 },
    ]);
    await expectTwin(pair, sum, { ...solve, with: ["mu1", "weights"], standardErrors: false });
  });

  it.each([
    ["too few values", { values: [1, 2] }, /^loss\.values: has 2 values for 3 times; give one for each$/],
    [
      "a time off the grid",
      { times: [0.21, 0.4, 0.6], values: [1, 2, 3] },
      /times\[0\]: 0\.21 lies between .* nearest is 0\.2/,
    ],
    ["rows of another length", { neurons: [0, 1], values: [[1], [2], [3]] }, /^loss\.values\[0\]: expected 2 numbers/],
  ])("is refused in one line: %s", async (_, options, message) => {
    const asked = async (): Promise<unknown> =>
      cpu.network(pair).valueAndGradient(voltageFit({ times, ...options }), { ...solve, with: ["mu1"] });
    await expect(asked()).rejects.toThrow(message);
  });
});

describe("regularisers", () => {
  const options = { ...solve, paths: 100, with: ["current"] };
  const rates = async (): Promise<number[]> => {
    const { means } = await cpu.network(pair).valueAndGradient(spikeRate({ target: [0, 0] }), options);
    return means.map((m) => m.mean);
  };

  it("are squares of what rates of neurons are beyond a bound, and add up in a sum", async () => {
    const [a, b] = (await rates()) as [number, number];
    expect(a).toBeGreaterThan(b + 1);
    const bound = (a + b) / 2;
    const lossOf = async (loss: Loss): Promise<number> =>
      (await cpu.network(pair).valueAndGradient(loss, options)).value;
    expect(await lossOf(rateRegulariser({ most: bound }))).toBeCloseTo((a - bound) ** 2 / 2, 10);
    expect(await lossOf(silenceRegulariser({ least: bound }))).toBeCloseTo((bound - b) ** 2 / 2, 10);
    expect(await lossOf(silenceRegulariser({ least: bound, neuron: [0] }))).toBe(0);
    const sum = combinedLoss([
      { loss: rateRegulariser({ most: bound }), weight: 3 },
      { loss: silenceRegulariser({ least: bound }), weight: -1 },
    ]);
    expect(await lossOf(sum)).toBeCloseTo((3 * (a - bound) ** 2 - (bound - b) ** 2) / 2, 10);
  });

  it("bring silent neurons to fire", async () => {
    const silent = { ...pair, current: [0.6, 0.5] };
    const { gradient } = await cpu.network(silent).valueAndGradient(silenceRegulariser({ least: 5 }), options);
    expect((gradient.current as number[]).every((g) => g < 0)).toBe(true);
  });

  it("are refused in one line", () => {
    expect(() => combinedLoss([{ loss: rateRegulariser({ most: 1 }), weight: 0 }])).toThrow(
      "loss: has weights that are all 0, and so is their sum; give one that is not",
    );
    expect(() => combinedLoss([])).toThrow(/^loss: expected a list of \{ loss, weight \}/);
    expect(() => combinedLoss([{ loss: rateRegulariser({ most: 1 }), weight: Number.NaN }])).toThrow(
      /^loss\[0\]\.weight: /,
    );
    expect(() => rateRegulariser({ most: "1" as unknown as number })).toThrow(/^loss\.most: /);
  });
});
