/** Cells of the library against closed forms and laws. */
import { describe, expect, it } from "vitest";
import { compileCell } from "../../src/cell/emit-js.js";
import { erf } from "../../src/cell/graph.js";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { defineNetwork, libraryCell, type NetworkDefinition } from "../../src/network/network.js";
import { planSolve, type SolveOptions } from "../../src/plan/plan.js";
import { type PathResult, PathSolver } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";

/** Spike times of one path, and their derivatives by parameters, each of them. */
async function differentiated(
  name: string,
  network: NetworkDefinition,
  solve: { t1: number; dt: number },
  by: string[],
) {
  const cell = await libraryCell(name);
  const engine = await Engine.create({ backend: "cpu" });
  const found = await engine.network({ ...network, cell }).spikeTimeSensitivities({ paths: 1, ...solve, with: by });
  engine.dispose();
  const { times, counts } = found.table;
  const spikes = Array.from(times.subarray(0, counts[0]!));
  const derivatives = by.map((_, d) => spikes.map((__, n) => found.derivatives[n * by.length + d]!));
  return { spikes, derivatives };
}

/** Paths of the twin, as they ended. */
async function pathsOf(name: string, parameters: Record<string, number>, solve: SolveOptions): Promise<PathResult[]> {
  const plan = planSolve(defineNetwork({ cell: await libraryCell(name), parameters }), solve);
  const solver = new PathSolver(plan, compileCell(plan.network.cell), counterNoise(plan));
  return Array.from({ length: plan.paths }, (_, path) => solver.solve(path, false));
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** Standard error of a mean. */
const errorOf = (values: readonly number[]): number =>
  Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)) / values.length);
/** Laws are judged at 4 standard errors: one in 16,000 would fail by chance, and the seed is fixed. */
const bounds = 4;

describe("to rounding, or to the order of the method", () => {
  it("a ball bounces when it should", async () => {
    const { spikes, derivatives } = await differentiated("bouncing-ball", {}, { t1: 3, dt: 0.01 }, ["g", "e", "h"]);
    const first = Math.sqrt(2 / 9.81);
    expect(spikes.length).toBeGreaterThan(5);
    spikes.forEach((time, n) => {
      const powers = Array.from({ length: n }, (_, k) => 0.8 ** (k + 1));
      const expected = first * (1 + 2 * powers.reduce((a, b) => a + b, 0));
      const byE = first * 2 * powers.reduce((a, _, k) => a + (k + 1) * 0.8 ** k, 0);
      // A parabola is what Runge-Kutta has no error of: rounding, as crossings are found to 1e-15 of a step.
      expect(Math.abs(time - expected)).toBeLessThan(1e-11);
      expect(Math.abs(derivatives[0]![n]! + expected / (2 * 9.81))).toBeLessThan(1e-11);
      expect(Math.abs(derivatives[1]![n]! - byE)).toBeLessThan(1e-10);
      expect(Math.abs(derivatives[2]![n]! - expected / 2)).toBeLessThan(1e-11);
    });
  });

  it("a thermostat has its period", async () => {
    const { spikes, derivatives } = await differentiated("thermostat", {}, { t1: 100, dt: 0.25 }, ["tau", "high"]);
    const cycle = 30 * (Math.log((35 - 19) / (35 - 21)) + Math.log((21 - 5) / (19 - 5)));
    expect(spikes.length).toBeGreaterThan(8);
    spikes.forEach((time, n) => {
      const expected = 30 * Math.log((35 - 15) / (35 - 21)) + n * cycle;
      // Order 4: (dt / τ)⁵ / 120 a step.
      expect(Math.abs(time - expected)).toBeLessThan(1e-7);
      expect(Math.abs(derivatives[0]![n]! - expected / 30)).toBeLessThan(1e-7);
      const byHigh = 30 / (35 - 21) + n * (30 / (35 - 21) + 30 / (21 - 5));
      expect(Math.abs(derivatives[1]![n]! - byHigh)).toBeLessThan(1e-6);
    });
  });

  it("a drug falls below its minimum later with each dose", async () => {
    const { spikes, derivatives } = await differentiated("drug", {}, { t1: 60.2, dt: 0.14 }, ["dose", "interval"]);
    const rate = 5 / 30;
    const q = Math.exp(-8 * rate);
    expect(spikes).toHaveLength(7);
    spikes.forEach((time, n) => {
      const peak = (100 * (1 - q ** (n + 1))) / (1 - q);
      const expected = 8 * n + Math.log(peak / (30 * 1.2)) / rate;
      expect(Math.abs(time - expected)).toBeLessThan(1e-6);
      expect(Math.abs(derivatives[0]![n]! - 1 / (rate * 100))).toBeLessThan(1e-7);
      const byInterval = n + ((n + 1) * q ** (n + 1)) / (1 - q ** (n + 1)) - q / (1 - q);
      expect(Math.abs(derivatives[1]![n]! - byInterval)).toBeLessThan(1e-6);
    });
  });

  it("without noise the accumulator pays until the price is at the barrier", async () => {
    const parameters = { sigma: 0, r: 0.3 };
    const [{ spikes, final }] = (await pathsOf("barrier-option", parameters, { paths: 1, t1: 1, dt: 0.01 })) as [
      PathResult,
    ];
    const hit = Math.log(1.2) / 0.3;
    expect(spikes).toHaveLength(1);
    expect(Math.abs((spikes[0]!.step + spikes[0]!.fraction) * 0.01 - hit)).toBeLessThan(1e-11);
    expect(Math.abs(final[0]![2]! - (100 * hit - (100 * (1 - Math.exp(-0.3 * hit))) / 0.3))).toBeLessThan(1e-8);
  });
});

describe("in law", () => {
  it("a queue is geometric, and departures are as many as arrivals", async () => {
    const paths = await pathsOf("mm1-queue", { lambda: 0.5 }, { paths: 1500, t1: 60, dt: 1, seed: 4 });
    // It relaxes at rate (√µ − √λ)² = 1/11.7.
    const n = paths.map(({ final }) => final[0]![0]!);
    for (let k = 0; k < 4; k++) {
      const hits = n.map((v) => (Math.abs(v - k) < 0.5 ? 1 : 0));
      expect(Math.abs(mean(hits) - 0.5 ** (k + 1))).toBeLessThan(bounds * errorOf(hits));
    }
    const left = paths.map(({ spikes }) => spikes.length);
    expect(Math.abs(mean(left) - (30 - mean(n)))).toBeLessThan(bounds * errorOf(left.map((v, i) => v + n[i]!)));
  });

  it("the second departure of a queue has its mean, and the derivatives of it", async () => {
    const engine = await Engine.create({ backend: "cpu" });
    const network = engine.network({ cell: await libraryCell("mm1-queue") });
    const solve = { paths: 6000, t1: 40, dt: 1, seed: 2, maxSpikes: 2 };
    const found = await network.valueAndGradient(meanSpikeTime(0, 1), { ...solve, with: ["lambda", "mu"] });
    engine.dispose();
    const [lambda, mu] = [0.8, 1];
    const expected = 2 / lambda + 2 / mu - 1 / (lambda + mu);
    expect(Math.abs(found.value - expected)).toBeLessThan(bounds * found.standardError);
    const errors = found.gradientStandardError as Record<string, number>;
    const gradient = found.gradient as Record<string, number>;
    expect(Math.abs(gradient.lambda! + 2 / lambda ** 2 - 1 / (lambda + mu) ** 2)).toBeLessThan(bounds * errors.lambda!);
    expect(Math.abs(gradient.mu! + 2 / mu ** 2 - 1 / (lambda + mu) ** 2)).toBeLessThan(bounds * errors.mu!);
  });

  it("a population has its mean and variance", async () => {
    const paths = await pathsOf("birth-death", {}, { paths: 3000, t1: 2, dt: 0.25, seed: 7 });
    const n = paths.map(({ final }) => final[0]![0]!);
    const [growth, nu] = [Math.exp(-0.5 * 2), 2];
    const expected = 5 * growth + (nu * (growth - 1)) / -0.5;
    expect(Math.abs(mean(n) - expected)).toBeLessThan(bounds * errorOf(n));
    // dV/dt = 2 (λ − µ) V + ν + (λ + µ) m, with m → 4 + (5 − 4) e^(−t/2): integrated.
    const variance = (2 + 1.5 * 4) * (1 - growth ** 2) + 3 * (growth - growth ** 2);
    const squares = n.map((v) => (v - expected) ** 2);
    expect(Math.abs(mean(squares) - variance)).toBeLessThan(bounds * errorOf(squares));
  });

  it("an escape is as likely as its integrated hazard says", async () => {
    // exp(−∫λ) at 1.2, 1.5 and 1.7 ms, by SciPy's LSODA at 1e-11; thresholds without a floor, no noise.
    const survives = [0.984320351, 0.929962693, 0.372071382];
    const parameters = { alpha: 0, sigma: 0 };
    const cell = await libraryCell("hodgkin-huxley-escape");
    const plan = planSolve(defineNetwork({ cell, parameters, current: 10 }), {
      paths: 1500,
      t1: 1.7,
      dt: 0.05,
      seed: 5,
    });
    const solver = new PathSolver(plan, compileCell(cell), counterNoise(plan));
    const first = Array.from({ length: 1500 }, (_, i) => solver.solve(i, false).spikes[0]);
    [1.2, 1.5, 1.7].forEach((time, i) => {
      const silent = first.map((s) => (s && (s.step + s.fraction) * 0.05 < time ? 0 : 1));
      expect(Math.abs(mean(silent) - survives[i]!)).toBeLessThan(bounds * errorOf(silent));
    });
  });

  it("the barrier is hit as often as it should, less what the scheme misses", async () => {
    const normal = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
    const [b, mu, sigma] = [Math.log(1.2), 0.05 - 0.02, 0.2];
    const expected = normal((mu - b) / sigma) + Math.exp((2 * mu * b) / sigma ** 2) * normal((-b - mu) / sigma);
    const missed: number[] = [];
    for (const dt of [0.04, 0.01]) {
      const paths = await pathsOf("barrier-option", {}, { paths: 4000, t1: 1, dt, seed: 6 });
      const hits = paths.map(({ spikes }) => spikes.length);
      missed.push(expected - mean(hits));
      // Late by O(√dt): below the law by less than a barrier further away by σ √dt would be.
      const further = 2 * Math.exp(-((b / sigma) ** 2) / 2) * (Math.sqrt(dt) / Math.sqrt(2 * Math.PI));
      expect(missed.at(-1)!).toBeGreaterThan(-bounds * errorOf(hits));
      expect(missed.at(-1)!).toBeLessThan(further + bounds * errorOf(hits));
    }
  });
});
