/** The measured discretisation error against the true one, and what is said of jobs whose step is too large. */
import { describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { compileCell } from "../../src/cell/emit-js.js";
import { coarsen, type PathStep } from "../../src/driver/brownian.js";
import { Engine } from "../../src/engine.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { firstArrivalFrom } from "../../src/plan/arrivals.js";
import type { MeasuredDiscretisation } from "../../src/plan/discretisation.js";
import { methods, planSolve, type SolveOptions, type SolvePlan } from "../../src/plan/plan.js";
import { beyondStability, stabilityLimit } from "../../src/plan/stability.js";
import { rmsprop } from "../../src/train/optimisers.js";
import { train } from "../../src/train/train.js";
import { measureDiscretisation } from "../../src/twin/discretisation.js";
import { type NoiseSource, PathSolver } from "../../src/twin/forward.js";
import { halvedNoise, halvedPlan } from "../../src/twin/halved.js";
import { counterNoise } from "../../src/twin/noise.js";

/** With states that are stiff by their own rates solved as all others are: what is measured here is an explicit step. */
const plan = (network: NetworkDefinition, options: SolveOptions): SolvePlan => ({
  ...planSolve(defineNetwork(network), options),
  exponential: [],
});

async function measured(of: SolvePlan): Promise<MeasuredDiscretisation> {
  const report = await measureDiscretisation(of);
  if (!report.measured) throw new Error(report.why);
  return report;
}

/**
 * Root mean square error of spike times against a solution `ratio` times as fine, whose Brownian path is drawn on the fine
 * grid and summed to the coarse one: other paths than those of the measurement, and no split steps.
 */
function trueError(network: NetworkDefinition, options: SolveOptions & { paths: number }, ratio: number): number {
  const coarse = plan(network, options);
  const fine = plan(network, { ...options, dt: options.dt / ratio, method: "levy", seed: 77 });
  const cell = compileCell(coarse.network.cell);
  const source = counterNoise(fine);
  const pair = new Float64Array(2);
  const summed: NoiseSource = (path, step, channel, out) => {
    const steps = Array.from({ length: ratio }, (_, i): PathStep => {
      source(path, step * ratio + i, channel, pair);
      return { increment: pair[0]!, area: pair[1]! };
    });
    const union = coarsen(steps);
    out[0] = union.increment;
    out[1] = union.area;
  };
  const mine = new PathSolver({ ...coarse, seed: 77 }, cell, summed);
  const its = new PathSolver(fine, cell, source);
  const timesOf = (solver: PathSolver, dt: number, path: number): number[] =>
    solver.solve(path, false).spikes.map((s) => (s.step + s.fraction) * dt);
  let [squares, count] = [0, 0];
  for (let path = 0; path < options.paths; path++) {
    const [a, b] = [timesOf(mine, coarse.dt, path), timesOf(its, fine.dt, path)];
    for (let n = 0; n < Math.max(a.length, b.length); n++) {
      squares += ((a[n] ?? options.t1) - (b[n] ?? options.t1)) ** 2;
      count++;
    }
  }
  return Math.sqrt(squares / count);
}

describe("the error that is measured", () => {
  const network = (sigma: number): NetworkDefinition => ({
    cell: "slif",
    parameters: { sigma1: sigma },
    current: 1.5,
  });

  // From 0 to 10 by one sub-step, whatever part of the step it is in: half a step takes the same. It should take atan 10.
  it.each([4, 2, 1])("is seen where a neuron fires within a step of %f", async (dt) => {
    const cell: CellDefinition = {
      name: "quadratic",
      state: { v: "v * v + 1" },
      event: "v - 10",
      reset: { v: "0" },
      parameters: {},
    };
    const own = plan({ cell }, { paths: 1, t1: 16, dt, maxSpikes: 1 });
    const { spikes } = new PathSolver(own, compileCell(own.network.cell), counterNoise(own)).solve(0, false);
    const right = Math.atan(10);
    const off = Math.abs((spikes[0]!.step + spikes[0]!.fraction) * dt - right) / right;
    const { relative, warning, suggestedDt } = await measured(own);
    expect(relative / off).toBeGreaterThan(0.9);
    expect(relative / off).toBeLessThan(1.1);
    expect(warning).toContain(`time.dt: ${dt} is too large`);
    expect(suggestedDt).toBe(0.25);
  });

  // Sixty-four paths of five spikes each, whose errors differ widely: the estimate is right within a factor of two.
  it.each(
    methods.flatMap((method) => [0, 0.25, 0.5].map((sigma) => ({ method, sigma }))),
  )("is the true one within a factor of two: $method, sigma $sigma", async ({ method, sigma }) => {
    const options = { paths: 64, t1: 1, dt: 0.01, method, seed: 5 };
    const report = await measured(plan(network(sigma), { ...options, paths: 2048 }));
    expect(report).toMatchObject({ of: "spike times", paths: 64, until: 1 });
    const truth = trueError(network(sigma), options, 32);
    expect(report.error / truth).toBeGreaterThan(0.5);
    expect(report.error / truth).toBeLessThan(2);
  });
});

describe("a plan at half its step", () => {
  const whole = plan(
    { cell: "slif", neurons: 2, parameters: { sigma2: 0.1 }, current: { dt: 0.5, samples: [1, 2] } },
    { paths: 4, t1: 1, dt: 0.125, seed: 3, antithetic: true },
  );
  const pair = new Float64Array(2);
  const drawn = (noise: NoiseSource, path: number, step: number, channel: number): PathStep => {
    noise(path, step, channel, pair);
    return { increment: pair[0]!, area: pair[1]! };
  };

  it("has the same Brownian paths, at any depth and in any order", () => {
    const levels = [counterNoise(whole)];
    let at = whole;
    for (let n = 1; n < 4; n++) {
      levels.push(halvedNoise(at, levels[n - 1]!, n));
      at = halvedPlan(at);
    }
    for (const path of [2, 3, 2]) {
      for (const step of [0, 7, 3]) {
        for (let channel = 0; channel < 4; channel++) {
          const coarse = drawn(levels[0]!, path, step, channel);
          const fine = coarsen(Array.from({ length: 8 }, (_, i) => drawn(levels[3]!, path, 8 * step + i, channel)));
          expect(fine.increment).toBeCloseTo(coarse.increment, 13);
          expect(fine.area).toBeCloseTo(coarse.area, 13);
          const turned = drawn(levels[3]!, path ^ 1, 8 * step + 5, channel);
          const { increment } = drawn(levels[3]!, path, 8 * step + 5, channel);
          expect(turned.increment).toBe(-increment);
        }
      }
    }
  });

  it("has the same currents and input spikes", () => {
    const network: NetworkDefinition = {
      cell: "slif",
      parameters: { sigma1: 0 },
      current: { dt: 0.5, samples: [0.5, 1.5] },
      inputSpikes: { times: [0.31, 0.47, 0.5], neurons: [0, 0, 0], weights: [1, -0.5, 2] },
    };
    const options = { paths: 1, t1: 1, dt: 0.125 };
    const halved = halvedPlan(plan(network, options));
    expect(halved.arrivals).toEqual(plan(network, { ...options, dt: 0.0625 }).arrivals);
    expect(halved.current).toEqual(plan(network, { ...options, dt: 0.0625 }).current);
    expect(firstArrivalFrom(halved, 6)).toBe(1);
  });
});

const firstPassage: NetworkDefinition = {
  cell: {
    name: "first passage",
    state: { v: "mu" },
    noise: { v: "sigma" },
    event: "v - 1",
    reset: { v: "-1000" },
    parameters: { mu: 1, sigma: 1 },
  },
};

const synapse = (mu2: number): NetworkDefinition => ({
  cell: "slif",
  neurons: 2,
  parameters: { sigma1: 0, mu2 },
  weights: { edges: [[0, 1, 0.8]] },
  current: [1.5, 0.5],
});

describe("a step that is too large", () => {
  const membrane: NetworkDefinition = { cell: "slif", parameters: { sigma1: 0 }, current: 1.5 };

  // Beyond the limit the method throws the state off by more and more; below it the mend of the report holds.
  it.each([
    ["i", 300, synapse(300), { t1: 1, dt: 0.01, paths: 200 }],
    ["i", 1000, synapse(1000), { t1: 1, dt: 0.01, paths: 200 }],
    ["v", 15, membrane, { t1: 3.6, dt: 0.2, paths: 100 }],
    ["v", 15, membrane, { t1: 3.6, dt: 0.6, paths: 100 }],
    ["v", 15, membrane, { t1: 3.6, dt: 0.6, paths: 100, method: "euler" }],
  ] as const)("names %s, its rate of %d, and a step that does", async (state, rate, network, options) => {
    const { dt } = options;
    const stiff = plan(network, { ...options, seed: 1 });
    const said = beyondStability(stiff)!;
    expect(said).toContain(`"${state}" decays at a rate of ${rate}`);
    const stable = Number(/such as (\S+)$/.exec(said)![1]);
    expect(stable * rate).toBeLessThan(stabilityLimit(stiff.method));
    expect(beyondStability(plan(network, { ...options, dt: stable }))).toBeUndefined();

    const report = await measured(stiff);
    expect(report.relative).toBeGreaterThan(0.5);
    expect(report.unmatched).toBeGreaterThan(0.1);
    expect(report.fastest).toEqual({ state, rate: expect.closeTo(-rate, 6) });
    expect(report.warning).toContain(`time.dt: ${dt} is too large`);
    expect(report.warning).toContain(`take dt = ${report.suggestedDt}`);
    const mended = await measured(plan(network, { ...options, dt: report.suggestedDt!, seed: 1 }));
    expect(mended).toMatchObject({ warning: undefined, suggestedDt: undefined });
    expect(mended.relative).toBeLessThan(0.01);
  });

  it.each([
    [synapse(300), { t1: 1, dt: 0.01, paths: 200 }],
    [membrane, { t1: 3.6, dt: 0.05, paths: 100 }],
  ] as const)("is none for a state that goes exactly along its rate", async (network, options) => {
    const exact = planSolve(defineNetwork(network), { ...options, seed: 1 });
    expect(exact.exponential).toHaveLength(1);
    expect(beyondStability(exact)).toBeUndefined();
    const report = await measured(exact);
    expect(report.warning).toBeUndefined();
    expect(report.relative).toBeLessThan(0.01);
  });

  it("is told where it lies below the limit of stability", async () => {
    expect(beyondStability(plan(membrane, { paths: 8, t1: 3.6, dt: 0.1 }))).toBeUndefined();
    expect((await measured(plan(membrane, { paths: 8, t1: 3.6, dt: 0.1 }))).warning).toMatch(/too large/);
  });

  it("is told by the states where no path has a spike", async () => {
    const silent: NetworkDefinition = { cell: "slif", parameters: { tauS: 1e9, sigma1: 0 }, current: 1.5 };
    const good = await measured(plan(silent, { paths: 8, t1: 1.5, dt: 0.01 }));
    expect(good).toMatchObject({ of: "states", interval: Number.NaN, warning: undefined });
    const poor = await measured(plan(silent, { paths: 8, t1: 0.6, dt: 0.15 }));
    expect(poor.warning).toMatch(/states at the end are off by .* % of their size .* take dt = 0\.075/);
  });

  it("has an infinite error where paths run away", async () => {
    const cell = {
      name: "runaway",
      state: { v: "exp(v * v)" },
      event: "v - 1e9",
      parameters: { a: 1 },
    };
    const report = await measured(plan({ cell }, { paths: 2, t1: 4, dt: 0.5 }));
    expect(report.error).toBe(Number.POSITIVE_INFINITY);
    expect(report.warning).toMatch(/cannot be solved .*no step was found/);
  });

  it("has a bias of order √dt where noise moves the event function", async () => {
    // Between grid points a crossing is missed as if the threshold lay 0.5826 σ √dt higher (Broadie, Glasserman & Kou
    // 1997), so the mean first passage time 1 is later by that; 64 paths know it within a factor of two.
    for (const dt of [0.2, 0.05, 0.01]) {
      // Along straight lines: parabolas have peaks, where some of the crossings are found.
      const options = { paths: 4000, t1: 20, dt, maxSpikes: 1, seed: 1, method: "wong-zakai" } as const;
      const report = await measured(plan(firstPassage, options));
      const bias = 0.5826 * Math.sqrt(dt);
      expect(report.bias / bias).toBeGreaterThan(0.5);
      expect(report.bias / bias).toBeLessThan(2);
      expect(report.warning).toMatch(/∇E·g ≠ 0.*every spike comes late, by about .*a bias of order √dt/);
      // (0.01 / 0.5826)², and halvings of dt within the factor that the estimate may be off.
      expect(report.suggestedDt).toBeGreaterThan(2.9e-4 / 8);
      expect(report.suggestedDt).toBeLessThan(2.9e-4 * 4);
    }
  });
});

describe("a step that does", () => {
  it.each([
    ["one neuron", { cell: "slif", current: 1.5 }, {}],
    ["two neurons", { cell: "slif", neurons: 2, weights: { edges: [[0, 1, 0.8]] }, current: [1.5, 0.5] }, {}],
    ["a high rate", { cell: poisson(2000), current: 0 }, { dt: 1, t1: 4, paths: 5 }],
  ] as const)("is not warned of: %s", async (_, network, options) => {
    const of = plan(network as NetworkDefinition, { paths: 1000, t1: 3, dt: 0.01, seed: 1, ...options });
    const report = await measured(of);
    expect(report.warning).toBeUndefined();
    expect(beyondStability(of)).toBeUndefined();
  });
});

/** Events of a constant hazard, which every step solves exactly. */
function poisson(rate: number): CellDefinition {
  return {
    name: "poisson",
    state: { s: "rate" },
    event: "s",
    reset: { s: "log(u)" },
    start: { s: "log(u)" },
    parameters: { rate },
  };
}

describe("what a measurement may cost", () => {
  const slif = (neurons: number): NetworkDefinition => ({ cell: "slif", neurons, current: 1.5 });

  it("takes some of the paths, and a part of the time where that is all the budget allows", async () => {
    const paths = async (all: number): Promise<number> =>
      (await measured(plan(slif(1), { paths: all, t1: 1, dt: 0.01 }))).paths;
    expect([await paths(3), await paths(100), await paths(1000), await paths(65536)]).toEqual([3, 8, 32, 64]);
    const part = await measured(plan(slif(500), { paths: 1000, t1: 10, dt: 0.01 }));
    expect(part.paths).toBe(1);
    expect(part.until).toBeGreaterThan(0.1);
    expect(part.until).toBeLessThan(1);
  });

  it("is not spent on what it cannot cover", async () => {
    const report = await measureDiscretisation(plan(slif(5000), { paths: 10, t1: 1, dt: 0.01 }));
    expect(report).toMatchObject({ measured: false, dt: 0.01, why: expect.stringContaining("5000 neurons") });
  });
});

describe("the library", () => {
  const options = { paths: 16, t1: 1, dt: 0.02, seed: 2 };

  it("measures when it is asked, and always tells of a step beyond stability", async () => {
    const engine = await Engine.create({ backend: "cpu" });
    const network = engine.network({ cell: "slif", current: 1.5 });
    const spikes = await network.simulate(options);
    expect(spikes.warnings).toBeUndefined();
    const report = await spikes.discretisation();
    expect(report).toEqual(await measureDiscretisation(network.plan(options)));
    expect((await spikes.discretisation({ tolerance: 1e-6 })).warning).toContain("below 0.0001 %");
    await expect(spikes.discretisation({ tolerance: 0 })).rejects.toThrow(/^discretisation\.tolerance: /);

    const loss = meanSpikeTime(0, 1);
    const given = { ...options, with: ["current"] };
    expect(await network.valueAndGradient(loss, given)).not.toHaveProperty("discretisation");
    const { discretisation, warnings } = await network.valueAndGradient(loss, {
      ...given,
      discretisation: { tolerance: 1e-6 },
    });
    expect(warnings).toEqual([discretisation!.warning]);

    // A rate that is another state's value.
    const cell = {
      name: "conductance",
      state: { v: "g * (I - v)", g: "0", s: "exp(min(5 * (v - 1), 8))" },
      event: "s",
      reset: { v: "v - 1.4", s: "log(u)" },
      start: { g: "200", s: "log(u)" },
      parameters: {},
    };
    const stiff = engine.network({ cell, current: 1.5 });
    expect((await stiff.simulate(options)).warnings).toEqual([expect.stringContaining("beyond the stability limit")]);
    expect((await stiff.valueAndGradient(loss, given)).warnings).toHaveLength(1);
  });

  it("says so first where a run fails for it", async () => {
    const engine = await Engine.create({ backend: "cpu" });
    const cell = {
      name: "decay",
      state: { v: "-k * g * v", g: "0" },
      event: "-1 - v * v",
      start: { v: "1", g: "1" },
      parameters: { k: 1000 },
    };
    const run = engine.network({ cell }).simulate({ paths: 1, t1: 2, dt: 0.01 });
    await expect(run).rejects.toMatchObject({
      code: "not-finite",
      field: "time.dt",
      message: expect.stringMatching(/^time\.dt: 0\.01 is beyond .*, such as 0\.0025 \(the state became infinite/),
    });
  });

  it("measures a training at its first and last steps, and seldom in between", async () => {
    const engine = await Engine.create({ backend: "cpu" });
    const steps: number[] = [];
    for await (const step of train(engine.network({ cell: "slif", current: 1.5 }), {
      ...options,
      paths: 2,
      loss: meanSpikeTime(0, 0),
      steps: 70,
      trainable: ["current"],
      optimiser: rmsprop({ learningRate: 1e-3 }),
      discretisation: true,
    })) {
      if (step.discretisation) steps.push(step.step);
      expect(step.discretisation?.measured ?? true).toBe(true);
    }
    expect(steps).toEqual([0, 64, 69]);
  });

  it("measures trains of the network's own where spikes are given", async () => {
    const engine = await Engine.create({ backend: "cpu" });
    const network = engine.network({ cell: "slif", parameters: { sigma1: 0 }, current: 1.5 });
    const loss = logLikelihood([{ times: [0.3, 0.6] }]);
    const asked = { ...options, paths: 1, with: ["current"], discretisation: true };
    const { discretisation } = await network.valueAndGradient(loss, asked);
    expect(discretisation).toMatchObject({ measured: true, of: "intervals", paths: 8 });
  });
});
