/**
 * Jobs that users of other programs, and models of the field, brought, whole, on the CPU in float64 and on the kernels: right values, or what is
 * said in their place. Each is also run with other numbers. The same faults are asked for in closed form, with many more numbers, in
 * events.gpu, test/cell/branches.gpu, test/solve/{exponential,carried,high-rates,simultaneous}, test/loss, test/metrics and bench/verdicts.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { planGradient, runGradient } from "../../src/job/gradient-run.js";
import { planSimulation, runSimulation } from "../../src/job/simulate-run.js";

const context = {
  open: (): never => {
    throw new Error("no files");
  },
};
const backends = ["cpu", "simd"] as const;
const engines = new Map<string, Engine>();
beforeAll(async () => {
  for (const backend of backends)
    engines.set(backend, await Engine.create(backend === "simd" ? { backend, threads: 1 } : { backend }));
});
afterAll(() => {
  for (const e of engines.values()) e.dispose();
});

async function gradient(backend: string, job: object) {
  const planned = await planGradient(job, context);
  return await runGradient(engines.get(backend)!, planned, (planned.job.discretisation ?? true) as boolean);
}
async function simulation(backend: string, job: object) {
  const planned = await planSimulation(job, context);
  const result = await runSimulation(engines.get(backend)!, planned, true);
  const times = await result.spikes.spikeTimes();
  result.spikes.dispose();
  return { ...result, times };
}

const cell = (state: object, event: string, reset: object, parameters: object, more: object = {}) => ({
  cell: { name: "x", state, event, reset, parameters, ...more },
});
const first = { kind: "mean-spike-time", neuron: 0, index: 0 };
const one = { paths: 1, seed: 4, loss: first };

/** A job, its value, and derivatives. Of a float32 solution four digits are asked, which gradients of jobs keep. */
type Exact = [what: string, job: object, value: number, slopes: Record<string, number>];

const bend = (c: number, a: number): Exact => [
  `a condition in the drift, c ${c}`,
  {
    ...one,
    network: cell({ v: "v < c ? 1 : a" }, "v - 1", { v: "-10" }, { c, a }),
    time: { t1: 3, dt: 0.01 },
    with: ["c", "a"],
  },
  c + (1 - c) / a,
  { c: 1 - 1 / a, a: -(1 - c) / a ** 2 },
];
const power = (vth: number, k: number): Exact => [
  `a power in a branch, vth ${vth}`,
  {
    ...one,
    network: cell(
      { v: "1", s: "v > vth ? k*(v - vth)^1.5 : 0" },
      "s",
      { s: "-1" },
      { vth, k },
      { start: { s: "-0.001" } },
    ),
    time: { t1: 1, dt: 0.001 },
    with: ["vth", "k"],
  },
  vth + (0.0025 / k) ** 0.4,
  { vth: 1, k: (-0.4 * 0.0025 ** 0.4) / k ** 1.4 },
];
const stepped = (vth: number, rate: number, dt: number): Exact => [
  `a hazard that begins at a threshold, vth ${vth}`,
  {
    ...one,
    network: cell({ v: "1", s: "v > vth ? rate : 0" }, "s", { s: "-1000" }, { vth, rate }, { start: { s: "-0.1" } }),
    time: { t1: 1, dt },
    with: ["vth", "rate"],
  },
  vth + 0.1 / rate,
  { vth: 1, rate: -0.1 / rate ** 2 },
];
const slow = (tau: number, t1: number, dt: number): Exact => [
  `a slow state, tau ${tau}`,
  {
    ...one,
    network: cell({ a: "-a/tau" }, "0.999 - a", { a: "2" }, { tau }, { start: { a: "1" } }),
    time: { t1, dt },
    with: ["tau"],
  },
  -tau * Math.log(0.999),
  { tau: -Math.log(0.999) },
];
const held = (tau: number, tref: number, I: number, dt: number): Exact => [
  `a refractory clamp, tau ${tau}, dt ${dt}`,
  {
    ...one,
    network: cell(
      { v: "c < 0 ? 0 : (I - v)/tau", c: "1" },
      "v - 1",
      { v: "0", c: "-tref" },
      { tau, tref },
      { start: { c: "1" }, positive: ["tau"] },
    ),
    input: { current: I },
    time: { t1: 120, dt },
    loss: { ...first, index: 3 },
    with: ["current", "tau", "tref"],
  },
  4 * tau * Math.log(I / (I - 1)) + 3 * tref,
  { current: (-4 * tau) / (I * (I - 1)), tau: 4 * Math.log(I / (I - 1)), tref: 3 },
];

// biome-ignore format: a table
const exact: Exact[] = [
  bend(0.503, 2), bend(0.31, 0.7), power(0.1003, 1), power(0.2507, 2.5), stepped(0.3037, 5, 0.01), stepped(0.41, 2, 0.25),
  slow(1000, 2, 1e-4), slow(300, 1, 1e-4), held(10, 3.03, 1.5, 0.5), held(10, 3.03, 1.5, 0.1), held(7, 1.9, 1.2, 0.25),
];

describe.each(backends)("on %s", (backend) => {
  it.each(exact)("%s", async (_, job, value, slopes) => {
    const result = await gradient(backend, job);
    expect(Math.abs(result.value / value - 1)).toBeLessThan(5e-5);
    expect(result).toMatchObject({ unbiased: true, warnings: undefined });
    for (const [name, right] of Object.entries(slopes)) {
      // Power laws have a kink of their rate within a step, which derivatives see to 1e-4.
      expect(Math.abs((result.gradient[name] as number) / right - 1), name).toBeLessThan(2e-4);
    }
  });

  it("a dead time: derivatives of the path that was drawn, whatever its uniforms", async () => {
    for (const [rate, tref, seed] of [
      [100, 0.005, 4],
      [40, 0.0117, 9],
    ] as const) {
      const network = cell(
        { s: "r < tref ? 0 : rate", r: "1" },
        "s",
        { s: "log(u)", r: "0" },
        { rate, tref },
        { start: { s: "log(u)", r: "1000" } },
      );
      const job = { network, time: { t1: 1, dt: 0.001 }, seed, loss: { ...first, index: 1 }, with: ["rate", "tref"] };
      const { value, gradient: by } = await gradient(backend, { ...job, paths: 1 });
      expect((by.rate as number) / (-(value - tref) / rate)).toBeCloseTo(1, 3);
      expect(by.tref).toBeCloseTo(1, 4);
    }
  });

  it("softplus of what overflows, and a sigmoid far below its middle", async () => {
    const soft = (d: number, current: number) => ({
      network: cell(
        { s: "log(1 + exp((I - vth)/d))" },
        "s",
        { s: "log(u)" },
        { vth: 1, d },
        { start: { s: "log(u)" } },
      ),
      input: { current },
      time: { t1: 1, dt: 0.1 },
      paths: 400,
      seed: 1,
    });
    // Poisson with rate (I − vth) / d: four standard errors.
    for (const [d, current] of [
      [0.005, 3],
      [0.002, 1.5],
    ] as const) {
      const rate = (current - 1) / d;
      const { meanSpikeCount } = await simulation(backend, soft(d, current));
      expect(Math.abs(meanSpikeCount - rate)).toBeLessThan(4 * Math.sqrt(rate / 400));
    }
    const sigmoid = cell(
      { v: "(I - v)/tau", s: "lam*sigmoid((v - vth)/d)" },
      "s",
      { v: "v - 1", s: "log(u)" },
      { tau: 0.02, lam: 100, vth: 1, d: 0.001 },
      { start: { s: "log(u)" } },
    );
    const { gradient: by } = await gradient(backend, {
      network: sigmoid,
      input: { current: 1.5 },
      time: { t1: 1, dt: 0.001 },
      paths: 64,
      seed: 1,
      loss: first,
      with: ["d", "vth"],
    });
    expect(by.vth).toBeCloseTo(0.0718082, 5);
    expect(by.d).toBeCloseTo(0.0503905, 5);
  });

  it("a potential that peaks inside a step, and one that peaks below the threshold", async () => {
    const peak = (weight: number) => ({
      network: cell(
        { v: "(I + i - v)/tau", i: "-i/taus" },
        "v - vth",
        { v: "0" },
        { tau: 0.02, taus: 0.005, vth: 1 },
        { receive: { i: "i + w" } },
      ),
      input: { spikes: { times: [0.015], neurons: [0], weights: [weight] } },
      time: { t1: 0.1, dt: 0.01 },
      paths: 1,
    });
    const { times } = await simulation(backend, peak(6.7));
    expect(times).toHaveLength(1);
    // v = w (e^(−t/τ) − e^(−t/τs)) τs/(τ − τs), and 1 at 0.02138.
    expect(times[0]).toBeCloseTo(0.02138, 4);
    expect((await simulation(backend, peak(6.3))).times).toHaveLength(0);
  });

  it("stiff states, at steps where they decay by e³ and more", async () => {
    const synapse = (mu2: number, dt: number) => ({
      network: { cell: "slif", neurons: 2, parameters: { sigma1: 0, mu2 }, weights: { edges: [[0, 1, 0.8]] } },
      input: { current: [1.5, 0.5] },
      time: { t1: 1, dt },
      paths: 200,
      seed: 1,
    });
    for (const [mu2, dt] of [
      [300, 0.01],
      [1000, 0.01],
    ] as const)
      expect((await simulation(backend, synapse(mu2, dt))).meanSpikeCount).toBeCloseTo(4.025, 2);
    const membrane = {
      network: { cell: "slif", parameters: { sigma1: 0 } },
      input: { current: 1.5 },
      time: { t1: 3.6, dt: 0.2 },
      paths: 100,
      seed: 1,
    };
    const { meanSpikeCount, warnings } = await simulation(backend, membrane);
    expect(meanSpikeCount).toBeCloseTo(15.06, 1);
    expect(warnings!.join()).toMatch(/^time\.dt: 0\.2 is too large: .* "v" decays fastest/);
  });

  it("many spikes in a step: a Poisson process of rate 2,000, at dt 1", async () => {
    const network = cell({ s: "rate" }, "s", { s: "log(u)" }, { rate: 2000 }, { start: { s: "log(u)" } });
    const { meanSpikeCount } = await simulation(backend, { network, time: { t1: 4, dt: 1 }, paths: 20, seed: 1 });
    expect(Math.abs(meanSpikeCount - 8000)).toBeLessThan(4 * Math.sqrt(8000 / 20));
  });

  it("observed spikes at one time: one likelihood, whatever their order", async () => {
    const network = {
      ...cell(
        { g: "-g/tau", s: "rate*exp(g)" },
        "s",
        { s: "log(u)" },
        { rate: 10, tau: 0.1 },
        { start: { s: "log(u)" }, receive: { g: "g + w" } },
      ),
      neurons: 2,
      weights: {
        edges: [
          [0, 1, 0.5],
          [1, 0, -0.4],
          [1, 1, -0.8],
        ],
      },
    };
    const job = (neurons: number[]) => ({
      network,
      time: { t1: 1, dt: 0.01 },
      paths: 1,
      observed: { times: [[0.3, 0.3, 0.7]], neurons: [neurons] },
      loss: { kind: "log-likelihood" },
      with: ["rate", "weights"],
    });
    const [a, b] = [await gradient(backend, job([0, 1, 1])), await gradient(backend, job([1, 0, 1]))];
    expect(a.value).toBeCloseTo(11.49042, 4);
    expect(b.value).toBeCloseTo(a.value, 5);
    expect(b.gradient.rate).toBeCloseTo(a.gradient.rate as number, 5);
  });

  it("samples of a current begin at t0", async () => {
    const samples = (from: number) => Array.from({ length: 200 - from }, (_, i) => (i + from < 100 ? 0 : 3));
    const job = (t0: number, from: number) => ({
      network: { cell: "slif", parameters: { alpha: 0, sigma1: 0 } },
      input: { current: { dt: 0.01, samples: samples(from) } },
      time: { t0, t1: 2, dt: 0.01 },
      paths: 1,
      observed: [[1.1, 1.3, 1.45, 1.6, 1.75, 1.9]],
      loss: { kind: "log-likelihood" },
      with: ["current"],
    });
    const whole = await gradient(backend, job(0, 0));
    // A later start of a silent neuron leaves out what silence adds, exp(−β) a unit of time: 0.5 of it.
    const later = await gradient(backend, job(0.5, 50));
    expect(whole.value).toBeCloseTo(2631.87, 1);
    expect(later.value).toBeCloseTo(whole.value - 0.5 * Math.exp(-5), 2);
  });

  it("an oscillator crosses again and again, and of two neurons at the threshold together the lower is first", async () => {
    const oscillator = cell({ x: "y", y: "-x" }, "x - 0.5", {}, { unused: 1 }, { start: { x: "1" } });
    const { times } = await simulation(backend, { network: oscillator, time: { t1: 20, dt: 0.01 }, paths: 1 });
    const right = [0, 1, 2].map((n) => (5 * Math.PI) / 3 + 2 * Math.PI * n);
    for (const [n, t] of right.entries()) expect(times[n]).toBeCloseTo(t, 4);
    const clocks = cell({ v: "1" }, "v - 1", { v: "v - 1" }, { q: 1 }, { receive: { v: "v + w" } });
    const weights = {
      edges: [
        [0, 1, -0.25],
        [1, 0, -0.25],
      ],
    };
    const both = await simulation(backend, {
      network: { ...clocks, neurons: 2, weights },
      time: { t1: 1.2, dt: 0.1 },
      paths: 1,
    });
    expect(both.times).toHaveLength(1);
  });

  it("escape noise and a refractory clamp", async () => {
    const network = cell(
      { v: "c < 0 ? 0 : (I - v)/10", s: "exp((v - 1)/0.1)/5", c: "1" },
      "s",
      { v: "0", c: "-tref", s: "log(u)" },
      { tref: 4 },
      { start: { s: "log(u)", c: "1" } },
    );
    const job = {
      network,
      input: { current: 1.2 },
      time: { t1: 300, dt: 0.25 },
      paths: 1000,
      seed: 1,
      loss: { ...first, index: 4 },
      with: ["tref", "current"],
    };
    const { gradient: by, gradientStandardError: error, unbiased } = await gradient(backend, job);
    expect(unbiased).toBe(true);
    expect(by.tref).toBeCloseTo(3.999, 2);
    expect(Math.abs((by.current as number) + 142.7)).toBeLessThan(4 * (error.current as number));
  });

  it("means of gradients that are none of means say so", async () => {
    const graze = {
      network: cell({ v: "q + I - v", q: "-q/0.5" }, "v - 1", { v: "0" }, { unused: 1 }, { noise: { q: "0.8" } }),
      input: { current: 0.9 },
      time: { t1: 40, dt: 0.02 },
      paths: 64,
      seed: 1,
      loss: first,
      with: ["current"],
    };
    const noisy = {
      ...graze,
      network: cell({ v: "mu" }, "v - 1", { v: "-1000" }, { mu: 1, sigma: 1 }, { noise: { v: "sigma" } }),
      input: undefined,
      time: { t1: 20, dt: 0.05 },
      maxSpikes: 1,
      with: ["mu"],
    };
    const pair = (v: string) => ({
      network: {
        ...cell(
          { v: "mu * (I - v)", s: "exp(min(beta * (v - 1), 10))" },
          "s",
          { v, s: "log(u)" },
          { mu: 15, beta: 5 },
          { receive: { v: "v + w" }, start: { s: "log(u)" } },
        ),
        neurons: 2,
        weights: { edges: [[0, 1, 2]] },
      },
      input: { current: [1.5, 1.3] },
      time: { t1: 1, dt: 0.01 },
      method: "wong-zakai",
      paths: 2048,
      seed: 3,
      loss: { ...first, neuron: 1, index: 1 },
      with: ["current"],
    });
    await expect(planGradient(noisy, context)).rejects.toThrow(/noise on "v" moves the event function/);
    const passage = await gradient(backend, { ...noisy, requireExact: false });
    expect(passage.unbiased).toBe(false);
    expect(passage.warnings!.join()).toMatch(/every spike comes late, by about/);
    expect((await gradient(backend, graze)).because!.join()).toMatch(/^no grazing is violated/);
    expect((await gradient(backend, pair("-0.4"))).because!.join()).toMatch(/^coincident jumps commute is violated/);
    const shifted = await gradient(backend, pair("v - 1.4"));
    expect(shifted.unbiased).toBe(true);
    const [by, error] = [shifted.gradient, shifted.gradientStandardError].map((g) => (g.current as Float64Array)[0]!);
    expect(Math.abs(by! + 0.3775)).toBeLessThan(4 * error!);
    const theta = {
      ...graze,
      network: cell(
        { th: "(1 - cos(th)) + (1 + cos(th)) * I" },
        "th - pi",
        { th: "th - 2*pi" },
        { sigma: 0.2 },
        { noise: { th: "sigma*(1 + cos(th))" } },
      ),
      input: { current: 0.1 },
    };
    expect((await gradient(backend, theta)).unbiased).toBe(true);
  });
});

it("what cannot be is an error, before anything is solved", async () => {
  const slif = { cell: "slif", parameters: { alpha: 0, sigma1: 0 } };
  const job = { network: slif, input: { current: 1.5 }, time: { t1: 1, dt: 0.01 }, paths: 2, with: ["current"] };
  const likelihood = { ...job, loss: { kind: "log-likelihood" } };
  const inMs = { ...likelihood, observed: [[210, 480, 800], [250]] };
  await expect(planGradient(inMs, context)).rejects.toThrow(/^observed: all spikes \(4\) lie outside t0 = 0 to t1 = 1/);
  const two = { ...likelihood, network: { ...slif, neurons: 2 } };
  const negative = { ...two, observed: { times: [[0.2, 0.5]], neurons: [[0, -5]] } };
  await expect(planGradient(negative, context)).rejects.toThrow("expected a whole number from 0 to 1, got -5");
  const third = { ...job, maxSpikes: 1, loss: { ...first, index: 2 } };
  await expect(planGradient(third, context)).rejects.toThrow(/^maxSpikes: is 1, at which paths stop, but/);
});
