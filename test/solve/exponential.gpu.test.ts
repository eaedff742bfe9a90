/** States that go exactly along rates of their own, on a GPU: φ in float32, and what the twin does in every kernel. */
import { describe, expect, it } from "vitest";
import { declareKernel, read, readWrite } from "../../shaders/shared/declare.js";
import { elementary } from "../../shaders/shared/elementary.wgsl.js";
import { phiFunctions, phiSlopeFunctions } from "../../shaders/shared/phi.wgsl.js";
import { defineCell } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { GradientEvaluator } from "../../src/gradient/evaluate.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { phis } from "../../src/twin/phi.js";
import { sharedEngine } from "../support/engine.js";
import { stiffCases } from "../support/stiff.js";

const engine = sharedEngine();

describe("φ in float32", () => {
  it("is within 1e-6, and its derivative within 4e-6", async () => {
    const gpu = engine().gpu!;
    // From -80 to 20, then closely about 0 with both ends of the series, then ever nearer to 0.
    const arguments_ = Float32Array.from({ length: 3000 }, (_, i) =>
      i < 1000 ? -80 + 0.1 * i : i < 2000 ? -2.5 + 0.005 * (i - 1000) : -(2 ** ((2000 - i) / 40)),
    );
    const kernel = await gpu.kernel(
      declareKernel({
        label: "phi",
        workgroupSize: 64,
        uniform: { count: "u32" },
        bindings: { z: read("array<f32>"), results: readWrite("array<f32>") },
        body: `${elementary}${phiFunctions}${phiSlopeFunctions}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.count) { return; }
  let p = phis(z[i]);
  let d = phi_slopes(z[i], p);
  for (var k = 0u; k < 3u; k += 1u) {
    results[6u * i + k] = p[k];
    results[6u * i + 3u + k] = d[k];
  }
}`,
      }),
    );
    const count = arguments_.length;
    const [z, results] = [gpu.upload("z", arguments_), gpu.buffer("results", 24 * count)];
    const batch = gpu.batch("phi");
    batch.dispatch(kernel, { uniform: { count }, z, results, groups: Math.ceil(count / 64) });
    const reading = batch.read(results);
    batch.submit();
    const got = new Float32Array(await reading);
    const exact = new Float64Array(6);
    arguments_.forEach((at, i) => {
      phis(exact, at, true);
      exact.forEach((value, k) => {
        expect(Math.abs(got[6 * i + k]! / value - 1), `${k} at ${at}`).toBeLessThan(k < 3 ? 1e-6 : 4e-6);
      });
    });
    z.dispose();
    results.dispose();
  });
});

describe("jobs that are stiff for their step", () => {
  const synapse = (mu2: number): NetworkDefinition => ({
    neurons: 2,
    parameters: { sigma1: 0, mu2 },
    weights: { edges: [[0, 1, 0.8]] },
    current: [1.5, 0.5],
  });
  const membrane: NetworkDefinition = { parameters: { sigma1: 0 }, current: 1.5 };
  // Mean counts of the same paths at dt 0.0005 (synapses) and 0.002 (membrane) by classical Runge-Kutta. What is left at these
  // steps is the quadrature of the hazard along the membrane, 0.25 % where the step is three of its time constants.
  it.each([
    ["a synapse, rate 3 a step", synapse(300), { t1: 1, dt: 0.01, paths: 200 }, ["i"], 4.025, 0.005],
    ["a synapse, rate 10 a step", synapse(1000), { t1: 1, dt: 0.01, paths: 200 }, ["i"], 4.025, 0.005],
    ["a membrane, rate 3 a step", membrane, { t1: 3.6, dt: 0.2, paths: 400 }, ["v", "i"], 15.11, 0.05],
  ] as const)("have the mean count of fine steps on both backends: %s", async (_, definition, solve, states, count, off) => {
    const cpu = await Engine.create({ backend: "cpu" });
    for (const e of [engine(), cpu]) {
      const network = e.network(definition as NetworkDefinition);
      const options = { ...solve, seed: 1 };
      expect(network.plan(options).exponential).toEqual(states);
      const spikes = await network.simulate(options);
      expect(Math.abs((await spikes.meanCount()) - count)).toBeLessThan(off);
      spikes.dispose();
    }
    cpu.dispose();
  });
});

describe("kernels", () => {
  it("carry what rounding leaves", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const options = { paths: 40, t1: 1, dt: 0.02, seed: 3 };
    const names = ["mu1", "mu2", "vReset", "current"];
    const network = engine().network(stiffCases[0]![1]);
    const plan = { ...network.plan(options), increments: "carried" as const };
    const views = requestedViews(plan.network, parameterLayout(plan), names);
    const evaluator = await GradientEvaluator.create(engine().gpu!, plan, meanSpikeTime(0), views);
    const carried = await evaluator.evaluate(plan);
    evaluator.dispose();
    const twin = await cpu.network(stiffCases[0]![1]).valueAndGradient(meanSpikeTime(0), { ...options, with: names });
    // The bounds of gpu-twin.ts.
    expect(Math.abs(carried.value / twin.value - 1)).toBeLessThan(1e-3);
    twin.flat.forEach((g, i) => {
      expect(Math.abs(carried.flat[i]! - g)).toBeLessThanOrEqual(1e-3 * Math.abs(g));
    });
    cpu.dispose();
  });

  it("have the likelihood of the twin, with its gradient", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const quiet: NetworkDefinition = {
      ...stiffCases[1]![1],
      parameters: { ...stiffCases[1]![1].parameters, sigma1: 0, sigma2: 0, alpha: 0 },
    };
    const observed = { trials: [{ times: [0.11, 0.24, 0.3, 0.42], neurons: [0, 1, 2, 3] }] };
    for (const method of ["levy", "euler"] as const) {
      const options = { paths: 1, t1: 0.5, dt: 0.02, method, with: ["mu1", "mu2", "vReset", "weights", "current"] };
      const [a, b] = [
        await engine().network(quiet).valueAndGradient(logLikelihood(observed.trials), options),
        await cpu.network(quiet).valueAndGradient(logLikelihood(observed.trials), options),
      ];
      expect(Math.abs(a.value / b.value - 1)).toBeLessThan(1e-5);
      const size = Math.max(...b.flat.map(Math.abs));
      // Float32 along some thirty sub-steps of each neuron.
      b.flat.forEach((g, i) => {
        expect(Math.abs(a.flat[i]! - g)).toBeLessThan(1e-5 * size);
      });
    }
    cpu.dispose();
  });

  it("have the same results where stages take turns", async () => {
    // The second flow is long by what comes to nothing.
    const padded = Array.from({ length: 26 }, (_, i) => `sqrt(q ^ 2 + ${i + 2})`).join(" + ");
    const results: number[][] = [];
    for (const more of ["", ` + none * (${padded})`]) {
      const cell = defineCell({
        name: "short",
        state: { v: "mu * (I - v)", q: `1 + v${more}`, s: "exp(v)" },
        noise: { v: "sigma" },
        event: "s",
        reset: { v: "v - 1", s: "log(u)" },
        start: { s: "log(u)" },
        parameters: { mu: 40, sigma: 0.3, none: 0 },
      });
      const network = engine().network({ cell, current: 0.5 });
      const solve = { paths: 8, t1: 2, dt: 0.05, seed: 5, with: ["mu", "current"] };
      expect(network.plan({ paths: 1, t1: 2, dt: 0.05 }).exponential).toEqual(["v"]);
      const { value, flat } = await network.valueAndGradient(meanSpikeTime(), solve);
      const { derivatives } = await network.spikeTimeSensitivities({ ...solve, maxSpikes: 2 });
      expect(derivatives.some((d) => d !== 0)).toBe(true);
      results.push([value, ...flat, ...derivatives]);
    }
    // The same operations; those with a factor of 0 are written in one of the two only.
    results[0]!.forEach((v, i) => {
      expect(Math.abs(v - results[1]![i]!)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(v)));
    });
  });
});
