/**
 * Laws of the stochastic leaky integrate-and-fire cell: means and derivatives against closed forms and independent
 * quadrature. Gate: |z| < 4.5 for each check, which a battery of 200 passes by chance alone in 998 of 1,000 runs; the
 * seeds are fixed, so a pass stays a pass. All bounds go by the number of paths: a quarter of them in the quick suite sees
 * errors of twice the size.
 */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { type Method, planSolve } from "../../src/plan/plan.js";
import { spikesOf } from "../../src/spikes/table.js";
import { compileFor } from "../../src/twin/compile.js";
import { PathSolver } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";
import { sharedEngine } from "../support/engine.js";
import { spikeOracle as oracle } from "../support/oracles.js";

// biome-ignore lint/suspicious/noExplicitAny: a reference file of many shapes
type Record_ = Record<string, any>;
const gate = 4.5;

/** Parameters in the oracle's names → a network. */
function networkOf(p: Record_): NetworkDefinition {
  const number = (x: unknown, otherwise: number): number => (x === undefined ? otherwise : Number(x));
  return {
    parameters: {
      mu1: number(p.mu1, 15),
      mu2: number(p.mu2, 10),
      beta: number(p.beta, 5),
      tauS: number(p.tau_s, 1),
      alpha: number(p.alpha, 0),
      vReset: number(p.v_reset, 1.4),
      v0: number(p.v0, 0),
      i0: number(p.i0, 0),
      sigma1: number(p.sigma, 0),
      sigma2: 0,
    },
    current: number(p.c, 0),
  };
}

interface Expected {
  value: number;
  gradient?: Record<string, number>;
  /** Bias of the method allowed for in the value and, relatively, in the gradient. */
  bias?: number;
  gradientBias?: number;
}

async function check(
  engine: Engine,
  network: NetworkDefinition,
  index: number,
  t1: number,
  expected: Expected,
  options: { paths: number; method?: Method; dt?: number; seed?: number },
): Promise<void> {
  const { method = "levy", dt = 0.01, paths, seed = 20 } = options;
  const names = Object.keys(expected.gradient ?? {});
  const result = await engine.network(network).valueAndGradient(meanSpikeTime(0, index), {
    paths,
    t1,
    dt,
    method,
    seed,
    with: names.length > 0 ? names : ["mu1"],
  });
  expect(Math.abs(result.value - expected.value)).toBeLessThan(gate * result.standardError + (expected.bias ?? 0));
  for (const name of names) {
    const [g, se] = [result.gradient[name] as number, result.gradientStandardError[name] as number];
    const exact = expected.gradient![name]!;
    expect(Math.abs(g - exact), `${name}: ${g} for ${exact}`).toBeLessThan(
      gate * se + Math.abs(exact) * (expected.gradientBias ?? 0),
    );
  }
}

const entries = (section: string): [string, Record_][] => Object.entries(oracle[section] as Record_);

/** All laws. @param part of the paths of the whole study. */
export function laws(part: number): void {
  const engine = sharedEngine();
  const paths = 16384 * part;

  describe("first spike without noise", () => {
    it.each(entries("first_spike_sigma0"))("%s: mean, and derivatives by every parameter", async (_, r) => {
      const gradient: Record<string, number> = { current: r.dmean_min_dc };
      // Derivatives of E[T] are those of E[min(T, t1)] where hardly a path is without a spike by t1.
      if (r.P_nospike_t1 < 1e-10) {
        const by = {
          v0: r.dmean_dv0,
          mu1: r.dmean_dmu1,
          beta: r.dmean_dbeta,
          alpha: r.dmean_dalpha,
          tauS: r.dmean_dtau,
        };
        for (const [name, value] of Object.entries(by)) if (value !== undefined) gradient[name] = value;
      }
      await check(engine(), networkOf(r.params), 0, r.t1, { value: r.mean_min_T1_t1, gradient }, { paths });
    });

    it.each(entries("first_spike_sigma0").slice(0, 2))("%s: the distribution, by Kolmogorov-Smirnov", async (_, r) => {
      const paths = 65536 * part;
      const spikes = await engine()
        .network(networkOf(r.params))
        .simulate({ paths, t1: 5, dt: 0.01, maxSpikes: 1, seed: 3 });
      const times = (await spikes.spikeTimes()).sort();
      spikes.dispose();
      // At the tabulated quantiles: the distance there is at most the full statistic, gated at p = 0.001.
      for (const [level, time] of Object.entries(r.quantiles as Record<string, number>)) {
        let below = 0;
        while (below < paths && times[below]! <= time) below++;
        expect(Math.sqrt(paths) * Math.abs(below / paths - Number(level))).toBeLessThan(1.949);
      }
    });
  });

  describe("later spikes", () => {
    const cases = entries("later_spikes_and_network_cells").filter(([name]) => name.startsWith("N_kth"));
    it.each(cases)("%s: means and derivatives of the first six", async (_, r) => {
      const paths = 8192 * part;
      for (const index of [1, 3, 5]) {
        // Up to t1 = 12 hardly a path has fewer than six spikes (rate 1.8 at c = 1.2).
        const expected = { value: r.mean_Tk[index], gradient: { current: r.dmean_Tk_dc[index] } };
        await check(engine(), networkOf(r.params), index, 12, expected, { paths });
      }
    });

    it("the paper network's input neuron in [0, 1]", async () => {
      const r = (oracle.later_spikes_and_network_cells as Record_)["C_net_neuron_c1.5_t1=1"];
      await check(
        engine(),
        networkOf(r.params),
        0,
        1,
        { value: r.mean_min_T1_t1, gradient: { current: r.dmean_min_dc } },
        { paths },
      );
    });
  });

  describe("noisy voltage", () => {
    const cases = entries("noisy_voltage").filter(([name]) => name.startsWith("E_noisy"));
    it.each(cases)("%s: mean and derivative by the current", async (_, r) => {
      // The line-and-parabola path leaves 2e-4 of a spike time at dt 0.01 (convergence table): half of it is allowed.
      for (const [alpha, block] of [
        [0, r.alpha0],
        [0.03, r.alpha003],
      ] as const) {
        const network = networkOf({ ...r.params, alpha });
        const expected = {
          value: block.mean_T1,
          gradient: { current: block.dmean_dc },
          bias: 1e-4,
          gradientBias: 1e-3,
        };
        await check(engine(), network, 0, 12, expected, { paths: 8192 * part });
      }
    });

    it.each(
      entries("noisy_voltage").filter(([name]) => name.startsWith("F_EM") && name.endsWith("h0.01")),
    )("%s: the euler scheme's own expectation", async (_, r) => {
      const expected = { value: r.mean_T1, gradient: { current: r.dmean_dc } };
      await check(engine(), networkOf(r.params), 0, 12, expected, { paths, method: "euler" });
    });
  });

  describe("euler without noise", () => {
    it.each(
      entries("euler_scheme_expectation_sigma0").filter(([name]) => name.endsWith("h0.01")),
    )("%s: the scheme's own expectation", async (_, r) => {
      const expected = { value: r.mean_min_T1_5, gradient: { current: r.dmean_min_dc } };
      await check(engine(), networkOf(r.params), 0, 5, expected, { paths, method: "euler" });
    });
  });

  describe("Poisson limit", () => {
    it.each(oracle.D_poisson_limit.values as Record_[])("rate $rate: counts, intervals, derivative", async (r) => {
      const t1 = 1;
      const paths = 16384 * part;
      const network = engine().network(networkOf(r));
      const spikes = await network.simulate({ paths, t1, dt: 0.01, seed: 8 });
      const table = await spikes.read();
      spikes.dispose();
      const mean = table.counts.reduce((a, b) => a + b, 0) / paths;
      const variance = table.counts.reduce((a, b) => a + (b - mean) ** 2, 0) / (paths - 1);
      expect(Math.abs(mean - r.rate * t1)).toBeLessThan(gate * Math.sqrt((r.rate * t1) / paths));
      // Var/Mean of a Poisson count is 1 ± √(2/(N-1)) in a large sample; its fourth moment adds 1/mean.
      expect(Math.abs(variance / mean - 1)).toBeLessThan(gate * Math.sqrt((2 + 1 / mean) / paths));
      // The first interval of each path, where it is whole: Exp(rate) up to a censoring that is the same for both.
      let distance = 0;
      const first = Array.from({ length: paths }, (_, i) =>
        table.counts[i]! > 0 ? table.times[i * table.slots]! : t1,
      ).sort((a, b) => a - b);
      first.forEach((t, i) => {
        if (t < t1) distance = Math.max(distance, Math.abs((i + 1) / paths - (1 - Math.exp(-r.rate * t))));
      });
      expect(Math.sqrt(paths) * distance).toBeLessThan(1.949);
      const long = r.rate > 2 ? 5 : 20;
      await check(
        engine(),
        networkOf(r),
        0,
        long,
        { value: r.mean_T1, gradient: { current: r.dmean_dc_v0_fixed } },
        { paths },
      );
    });
  });

  describe("hard threshold", () => {
    const cell = {
      name: "lif",
      state: { v: "mu1 * (I - v)" },
      event: "v - theta",
      reset: { v: "v - 1" },
      start: { v: "v0" },
      parameters: { mu1: 15, theta: 1, v0: 0 },
    };
    it.each([1.2, 1.5, 2])("crosses when the closed form says, with its derivatives: c = %d", async (c) => {
      const [mu1, theta, v0] = [15, 1, 0];
      const time = Math.log((c - v0) / (c - theta)) / mu1;
      const exact: Record<string, number> = {
        current: (1 / (c - v0) - 1 / (c - theta)) / mu1,
        v0: -1 / (mu1 * (c - v0)),
        theta: 1 / (mu1 * (c - theta)),
        mu1: -time / mu1,
      };
      const cpu = await Engine.create({ backend: "cpu" });
      // Runge-Kutta 4 at dt 0.001: (mu1 dt)^4 ~ 5e-8 a unit of time; on the GPU float32 adds 1e-7 of the voltage over its
      // slope at the threshold, 3 to 15 a unit of time.
      for (const [where, tolerance] of [
        [cpu, 1e-7],
        [engine(), 1e-5],
      ] as const) {
        const options = { paths: 2, t1: 0.3, dt: 0.001, with: Object.keys(exact) };
        const result = await where.network({ cell, current: c }).valueAndGradient(meanSpikeTime(), options);
        expect(Math.abs(result.value - time)).toBeLessThan(tolerance);
        for (const [name, value] of Object.entries(exact)) {
          expect(Math.abs((result.gradient[name] as number) / value - 1), name).toBeLessThan(50 * tolerance);
        }
      }
    });
  });

  describe("the paper's network of 4, 16 and 2 neurons, without noise", () => {
    const w = (i: number, j: number): number => 0.5 + ((7 * i + 3 * j) % 11) / 10;
    const block = (m: number, n: number): number[][] =>
      Array.from({ length: m }, (_, i) => Array.from({ length: n }, (__, j) => (w(i, j) * 3) / m));
    const first = block(4, 16);
    const second = block(16, 2);
    const network: NetworkDefinition = {
      layers: [4, 16, 2],
      parameters: { mu1: 6, mu2: 5, sigma1: 0, sigma2: 0, vReset: 1.2, v0: 1.1, i0: 0.6 },
      weights: { layers: [first, second] },
      current: [1.5, 1.5, 1.5, 1.5, ...new Array<number>(18).fill(0)],
    };

    it("counts, first output spike, and its derivatives by current and by both layers' scales", async () => {
      const r = oracle.network_4_16_2.sigma0_pooled_2e6 as Record_;
      const paths = 3072 * part;
      const spikes = await engine().network(network).simulate({ paths, t1: 1, dt: 0.01, seed: 2 });
      const table = await spikes.read();
      spikes.dispose();
      const counts = { in: [] as number[], hidden: [] as number[], out: [] as number[] };
      let many = 0;
      for (let i = 0; i < paths; i++) {
        const row = spikesOf(table, i).neurons;
        counts.in.push(row.filter((k) => k < 4).length);
        counts.hidden.push(row.filter((k) => k >= 4 && k < 20).length);
        counts.out.push(row.filter((k) => k >= 20).length);
        if (row.length > 100) many++;
      }
      for (const [layer, list] of Object.entries(counts)) {
        const mean = list.reduce((a, b) => a + b, 0) / paths;
        const se = Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / (paths - 1) / paths);
        const [exact, exactError] = r[`mean_count_${layer}`] as [number, number];
        expect(Math.abs(mean - exact), layer).toBeLessThan(gate * Math.hypot(se, exactError));
      }
      const p = r.P_events_gt_100 as number;
      expect(Math.abs(many / paths - p)).toBeLessThan(gate * Math.sqrt((p * (1 - p)) / paths));

      const perPath: number[][] = [];
      const result = await engine()
        .network(network)
        .valueAndGradient(meanSpikeTime(20, 0), {
          paths,
          t1: 1,
          dt: 0.01,
          seed: 4,
          with: ["current", "weights"],
          perPath: (_, n, rows) => {
            // Sums over the four input currents, and Σ w ∂/∂w for each layer: rows are value, 22 currents, 96 weights.
            const flat = [...first.flat(), ...second.flat()];
            for (let i = 0; i < n; i++) {
              const at = (row: number): number => rows[row * n + i]!;
              const scale = (from: number, to: number): number => {
                let sum = 0;
                for (let e = from; e < to; e++) sum += flat[e]! * at(23 + e);
                return sum;
              };
              perPath.push([at(1) + at(2) + at(3) + at(4), scale(0, 64), scale(64, 96)]);
            }
          },
        });
      const out = r.out0 as Record<string, [number, number]>;
      const [mean, meanError] = out.mean_min_T1_1!;
      expect(Math.abs(result.value - mean)).toBeLessThan(gate * Math.hypot(result.standardError, meanError));
      ["grad_c", "grad_W1scale", "grad_W2scale"].forEach((name, c) => {
        const list = perPath.map((row) => row[c]!);
        const average = list.reduce((a, b) => a + b, 0) / paths;
        const se = Math.sqrt(list.reduce((a, b) => a + (b - average) ** 2, 0) / (paths - 1) / paths);
        const [exact, exactError] = out[name]!;
        expect(Math.abs(average - exact), `${name} ${average} for ${exact}`).toBeLessThan(
          gate * Math.hypot(se, exactError),
        );
      });
    });
  });

  describe("time rescaling", () => {
    it("the hazard between a neuron's spikes, less alpha, is Exp(1) in a noisy recurrent network", async () => {
      const weights = Array.from({ length: 5 }, (_, k) =>
        Array.from({ length: 5 }, (__, j) => 0.4 * Math.sin(1 + 3 * k + 7 * j)),
      );
      const definition: NetworkDefinition = {
        neurons: 5,
        parameters: { sigma1: 0.3, sigma2: 0.3, v0: [0.1, 0, 0.2, 0.3, 0], alpha: 0.05 },
        weights: { dense: weights },
        current: 1.4,
      };
      const network = defineNetwork(definition);
      // Counts are the GPU's; the voltage is the twin's on the same path.
      const options = { paths: 60, t1: 3, dt: 0.01, seed: 6 };
      const plan = planSolve(network, options);
      const table = await (await engine().network(definition).simulate(options)).read();
      const solver = new PathSolver(plan, compileFor(plan), counterNoise(plan));
      const [beta, vTh, tauS, alpha] = [5, 1, 1, 0.05];
      const z: number[] = [];
      for (let path = 0; path < options.paths; path++) {
        const result = solver.solve(path, true);
        expect(result.spikes.length).toBe(table.counts[path]);
        // Integrate λ(v) along each neuron's sub-steps by Simpson's rule between the recorded states.
        const budget = new Float64Array(5);
        const next: Float64Array[] = [];
        const after = new Map<number, Float64Array>();
        for (let o = result.operations.length - 1; o >= 0; o--) {
          const op = result.operations[o]!;
          if (op.kind === "step") continue;
          if (op.kind === "advance") next[o] = after.get(op.neuron) ?? result.final[op.neuron]!;
          after.set(op.neuron, op.kind === "advance" ? op.subStep.y : op.before);
        }
        const rate = (v: number): number => Math.exp(beta * Math.min(v - vTh, 10)) / tauS;
        result.operations.forEach((op, o) => {
          if (op.kind === "advance") {
            const [a, b] = [op.subStep.y[0]!, next[o]![0]!];
            budget[op.neuron]! += (op.subStep.h / 6) * (rate(a) + 4 * rate((a + b) / 2) + rate(b));
          } else if (op.kind === "fire") {
            z.push(1 - Math.exp(-(budget[op.neuron]! - alpha)));
            budget[op.neuron] = 0;
          }
        });
      }
      z.sort((a, b) => a - b);
      let distance = 0;
      z.forEach((u, i) => {
        distance = Math.max(distance, Math.abs(u - i / z.length), Math.abs(u - (i + 1) / z.length));
      });
      expect(z.length).toBeGreaterThan(2000);
      // The midpoint voltage of a noisy sub-step is off by σ√dt/2 ~ 0.015, which moves its hazard by 7 % at random signs:
      // far below the distance that 0.001 of chance allows.
      expect(Math.sqrt(z.length) * distance).toBeLessThan(1.949);
    });
  });

  describe("standard errors", () => {
    it("are the spread of value and gradient over seeds", async () => {
      const network = engine().network({ parameters: { sigma1: 0.25 }, current: 1.5 });
      const [values, gradients, reported]: number[][] = [[], [], []];
      const runs = 40;
      for (let seed = 0; seed < runs; seed++) {
        const options = { paths: 512, t1: 5, dt: 0.02, seed: 100 + seed, with: ["current"] };
        const r = await network.valueAndGradient(meanSpikeTime(0, 1), options);
        values!.push(r.value);
        gradients!.push(r.gradient.current as number);
        reported!.push(r.standardError, r.gradientStandardError.current as number);
      }
      const spread = (list: number[]): number => {
        const mean = list.reduce((a, b) => a + b, 0) / list.length;
        return Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / (list.length - 1));
      };
      const average = (offset: number): number =>
        reported!.filter((_, i) => i % 2 === offset).reduce((a, b) => a + b, 0) / runs;
      // The spread of 40 normal numbers is known to 1/√78 = 11 %: 3.5 standard errors are 0.4.
      expect(Math.abs(spread(values!) / average(0) - 1)).toBeLessThan(0.4);
      expect(Math.abs(spread(gradients!) / average(1) - 1)).toBeLessThan(0.4);
    });
  });
}
