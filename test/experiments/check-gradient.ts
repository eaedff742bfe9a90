/** Gradients against finite differences on the job itself: verdicts of the graph against what is measured. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CheckOptions, checkGradient } from "../../src/experiments/check-gradient.js";
import { type CellDefinition, Engine, firstSpikes, type Loss, logLikelihood, meanSpikeTime } from "../../src/index.js";
import type { NetworkDefinition } from "../../src/network/network.js";

const hazard = { s: "exp(min(5 * (v - 1), 10))" };
const pair = (reset: string): NetworkDefinition => ({
  cell: {
    name: "x",
    state: { v: "mu * (I - v)", ...hazard },
    event: "s",
    reset: { v: reset, s: "log(u)" },
    receive: { v: "v + w" },
    start: { s: "log(u)" },
    parameters: { mu: 15 },
  },
  neurons: 2,
  weights: { edges: [[0, 1, 2.5]] },
  current: [1.6, 1.2],
});
const theta: CellDefinition = {
  name: "theta",
  state: { th: "(1 - cos(th)) + (1 + cos(th)) * I" },
  noise: { th: "sigma * (1 + cos(th))" },
  event: "th - pi",
  reset: { th: "th - 2*pi" },
  parameters: { sigma: 0.15 },
};
const graze: CellDefinition = {
  name: "graze",
  state: { v: "q + I - v", q: "-q / tau" },
  noise: { q: "0.9" },
  event: "v - 1",
  reset: { v: "0" },
  parameters: { tau: 0.4 },
};
const queue: CellDefinition = {
  name: "queue",
  state: { q: "0", s: "lam + (q > 0.5 ? mu : 0)" },
  event: "s",
  reset: { q: "q > 0.5 ? (u < lam / (lam + mu) ? q + 1 : q - 1) : 1", s: "log(u)" },
  start: { s: "log(u)" },
  parameters: { lam: 1, mu: 3 },
};

export function testChecks(backend: "webgpu" | "cpu"): void {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ backend });
  });
  afterAll(() => engine.dispose());
  const check = async (network: NetworkDefinition, loss: Loss, { progress: _, ...options }: CheckOptions) => {
    const on = engine.network(network);
    const { unbiased } = await on.valueAndGradient(loss, { ...options, paths: Math.min(8, options.paths!) });
    return { unbiased, entries: await checkGradient(on, loss, options) };
  };

  it("coincident jumps that do not commute: biased, and measured to be", async () => {
    // By invocations kernels of networks compile in half of the time.
    const distribution = "invocation" as const;
    const solve = { t1: 1, dt: 1 / 32, paths: 1500, seed: 2, with: ["current"], distribution };
    const value = await check(pair("-0.4"), meanSpikeTime(1, 1), solve);
    expect(value.unbiased).toBe(false);
    expect(value.entries.map((e) => e.verdict)).toEqual(["differs", "differs"]);
    const shift = await check(pair("v - 1.4"), meanSpikeTime(1, 1), { ...solve, paths: 3500 });
    expect(shift.unbiased).toBe(true);
    expect(shift.entries.map((e) => [e.parameter, e.index, e.verdict])).toEqual([
      ["current", 0, "agrees"],
      ["current", 1, "agrees"],
    ]);
  });

  it("few paths do not tell, and say how many would", async () => {
    for (const seed of [1, 2, 3]) {
      const solve = { t1: 1, dt: 0.02, paths: 60, seed, with: ["current"], entries: 1 };
      const [entry] = await checkGradient(engine.network(pair("-0.4")), meanSpikeTime(1, 1), solve);
      expect(entry!.verdict).toBe("cannot tell");
      expect(entry!.pathsNeeded).toBeGreaterThan(60);
    }
    const single = { t1: 1, dt: 0.02, paths: 1, with: ["current"] };
    const [one] = await checkGradient(engine.network({ cell: "slif", current: 1.5 }), meanSpikeTime(), single);
    expect(one!.verdict).toBe("cannot tell");
  });

  it("grazing: the gradient is a fraction of the derivative", async () => {
    const solve = { t1: 10, dt: 0.05, paths: 500, seed: 3, with: ["current"] };
    const { unbiased, entries } = await check({ cell: graze, current: 0.8 }, meanSpikeTime(), solve);
    expect([unbiased, entries[0]!.verdict]).toEqual([false, "differs"]);
    expect(entries[0]!.by!.difference).toBeLessThan(2 * entries[0]!.gradient);
  });

  it("drawing the kind of an event by u: biased, and measured to be", async () => {
    const solve = { t1: 30, dt: 0.5, paths: 1000, seed: 1, with: ["lam", "mu"] };
    const { unbiased, entries } = await check({ cell: queue }, meanSpikeTime(0, 9), solve);
    expect([unbiased, ...entries.map((e) => e.verdict)]).toEqual([false, "differs", "differs"]);
  });

  it("a theta neuron whose noise vanishes where it fires: exact, unbiased, and measured to be", async () => {
    const solve = { t1: 25, dt: 0.05, paths: 450, seed: 1 };
    const enough = { sigma: 900, current: 450 };
    // Near its rest noise decides when it fires; far from it the current does.
    const of = (by: "sigma" | "current", current: number) =>
      check({ cell: theta, current }, meanSpikeTime(0, 1), { ...solve, paths: enough[by], with: [by] });
    const [noise, drive] = [await of("sigma", 0.05), await of("current", 0.25)];
    const entries = [...noise.entries, ...drive.entries];
    expect([noise.unbiased, drive.unbiased, ...entries.map((e) => e.verdict)]).toEqual([
      true,
      true,
      "agrees",
      "agrees",
    ]);
    // The largest steps see curvature; near their limit it is the gradient, to a hundredth.
    for (const e of entries) {
      const last = e.steps.at(-1)!;
      expect(Math.abs(last.deviation)).toBeLessThan(0.01 * Math.abs(e.gradient) + 4 * last.standardError);
    }
  });

  it("a reset of a noisy state to a value: no derivative of a path, but in steps of dt the mean is right", async () => {
    const cell = { ...(pair("-0.4").cell as CellDefinition), noise: { v: "0.5" } };
    const solve = { t1: 2, dt: 0.02, paths: 1000, seed: 3, with: ["current"] };
    const [entry] = await checkGradient(engine.network({ cell, current: 1.5 }), meanSpikeTime(0, 2), solve);
    expect(entry!.verdict).toBe("agrees");
  });

  it("losses that are no means of paths, by batches; and likelihoods, which have no spread", async () => {
    const solve = { t1: 1, dt: 0.02, paths: 320, seed: 3, with: ["current", "vReset"] };
    const network = { cell: "slif", current: 1.4, parameters: { alpha: 0 } };
    const spikes = await check(network, firstSpikes([[0.15, 0.4]]), { ...solve, with: ["current", "vTh"] });
    expect(spikes.entries.map((e) => e.verdict)).toEqual(["agrees", "agrees"]);
    const observed = [{ times: [0.2, 0.6], neurons: [0, 0] }];
    const silent = { ...network, parameters: { alpha: 0, sigma1: 0 } };
    const likelihood = await check(silent, logLikelihood(observed), { ...solve, paths: 1 });
    expect(likelihood.entries.map((e) => e.verdict)).toEqual(["agrees", "agrees"]);
    expect(likelihood.entries[0]!.steps.every((s) => s.standardError === 0)).toBe(true);
  });

  it("entries spread over a parameter, progress to the end, and parameters at 0", async () => {
    const weights = { dense: Array.from({ length: 4 }, () => [0, 0.1, 0.2, 0.3]) };
    const seen: [number, number][] = [];
    const progress = (done: number, total: number): void => void seen.push([done, total]);
    const distribution = "invocation" as const;
    const solve = { t1: 0.4, dt: 0.02, paths: 64, with: ["weights", "i0"], entries: 3, progress, distribution };
    const entries = await checkGradient(engine.network({ neurons: 4, weights, current: 1.5 }), meanSpikeTime(), solve);
    expect(entries.map((e) => [e.parameter, e.index])).toEqual([
      ["weights", 0],
      ["weights", 5],
      ["weights", 10],
      ["i0", -1],
    ]);
    expect(entries[0]!.steps[0]!.step).toBeCloseTo(0.03);
    expect(entries[3]!.steps[0]!.step).toBeCloseTo(0.1);
    expect([seen.length, ...seen.at(-1)!]).toEqual([33, 33, 33]);
  });
}
