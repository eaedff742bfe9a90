/** Gradients by what each sample has of its own: the twin against finite differences, kernels against the twin. */
import { describe, expect, it } from "vitest";
import { Engine, EngineNetwork } from "../../src/engine.js";
import { expressionLoss } from "../../src/loss/expression-loss.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import type { Loss } from "../../src/loss/loss.js";
import { firstSpikes, meanSpikeTime } from "../../src/loss/spike-times.js";
import { vanRossum } from "../../src/loss/van-rossum.js";
import { voltageFit } from "../../src/loss/voltage-fit.js";
import { defineNetwork, type Network } from "../../src/network/network.js";
import type { SolveOptions } from "../../src/plan/plan.js";
import type { SampleOptions } from "../../src/plan/samples.js";
import type { Sensitivities } from "../../src/spikes/sensitivities.js";
import { sharedEngine } from "../support/engine.js";
import { driven, fed, fiveSamples, fiveValues, recordings } from "../support/fed.js";
import { signalled, threeSignals } from "../support/populations.js";

const engine = sharedEngine();
const cpu = await Engine.create({ backend: "cpu" });

interface Case {
  readonly network: Network;
  readonly loss: Loss;
  readonly with: readonly string[];
  readonly samples: SampleOptions;
}
// Losses that a spike which comes or goes at t1 does not make jump.
const five: Case = {
  network: fed,
  loss: expressionLoss({ value: "t[0] + t[1]^2 + 0.5 * t[3]", neurons: [0, 1, 2, 3] }),
  with: ["mu1", "vReset", "current", "v", "i", "beta"],
  samples: { trials: 2, spikes: fiveSamples, ...fiveValues },
};
const one: Case = {
  network: defineNetwork(driven),
  loss: voltageFit({ state: "v", times: [0.1, 0.2], values: [0.7, 0.9] }),
  with: ["mu", "current", "v"],
  samples: { ...recordings, trials: 4 },
};
const { "i.I": _, ...inputs } = threeSignals.inputs;
const several: Case = {
  network: defineNetwork(signalled),
  loss: meanSpikeTime("i[1]", 0),
  with: ["i.mu", "e.mu1", "e.current", "e.v", "i.v", "e->i.weights"],
  samples: { ...threeSignals, inputs, trials: 2 },
};
/** What is observed, of which each trial is a sample. */
const trains = [
  { times: [0.21, 0.33, 0.33, 0.7], neurons: [0, 1, 2, 0] },
  { times: [], neurons: [] },
  { times: [0.1, 0.52, 0.91], neurons: [2, 2, 1] },
];
const observed: Case = {
  network: defineNetwork({
    neurons: 3,
    parameters: { alpha: 0, sigma1: 0, mu1: [5, 6, 7] },
    weights: { dense: [0, 1, 2].map((k) => [0.3, -0.2, 0.25].map((w) => w + 0.1 * k)) },
    current: [1, 1.1, 1.2],
  }),
  loss: logLikelihood(trains),
  with: ["mu1", "current", "v", "i", "weights"],
  samples: {
    inputs: { I: [0, 1, 2].map((s) => [1, 1.2, 1.4].map((c) => c + 0.2 * s)) },
    parameters: { mu1: [0, 1, 2].map((s) => [5, 6, 7].map((m) => m + 0.5 * s)) },
    initial: { v: [0, 1, 2].map((s) => [0.1, 0.2, 0.3].map((v) => v - 0.1 * s)), i: [0, 0.1, 0.2] },
  },
};
const options = (of: Case): SolveOptions & { with: readonly string[] } => ({
  t1: 1,
  dt: 0.02,
  seed: 3,
  samples: of.samples,
  with: of.with,
});
const gradientOf = (on: Engine, of: Case, more: object = {}) =>
  new EngineNetwork(on, of.network).valueAndGradient(of.loss, { ...options(of), ...more });

/** Of which an evaluation takes two, with the seed of these tests the last and, past the end, the first. */
const batch: Case = { ...observed, loss: logLikelihood(trains, { batch: 2 }) };
/** Where a name stands among what samples give. */
const fields: Record<string, (samples: SampleOptions) => unknown> = {
  mu1: (s) => s.parameters!.mu1,
  vReset: (s) => s.parameters!.vReset,
  mu: (s) => s.parameters!.mu,
  "i.mu": (s) => s.parameters!["i.mu"],
  "e.mu1": (s) => s.parameters!["e.mu1"],
  "e.current": (s) => s.inputs!["e.I"],
  v: (s) => s.initial!.v,
  i: (s) => s.initial!.i,
  "e.v": (s) => s.initial!["e.v"],
  "i.v": (s) => s.initial!["i.v"],
  current: (s) => {
    const { I } = s.inputs!;
    return "samples" in (I as object) ? (I as { samples: unknown }).samples : I;
  },
};

describe("the twin against finite differences", () => {
  it.each([
    ["a network with sources", five],
    ["one neuron, with a current by time", one],
    ["a network of several populations", several],
    ["observed trials", observed],
    ["some of the observed trials", batch],
  ])("in %s", async (_, of) => {
    const { gradient, value } = await gradientOf(cpu, of);
    expect(Number.isFinite(value)).toBe(true);
    let looked = 0;
    for (const name of of.with.filter((n) => n in fields)) {
      const all = gradient[name] as (number | number[])[];
      const scale = Math.max(...(all.flat() as number[]).map(Math.abs));
      expect(scale, name).toBeGreaterThan(0);
      const rows = fields[name]!(of.samples) as (number | number[])[];
      expect(all.map((row) => [row].flat().length)).toEqual(rows.map((row) => [row].flat().length));
      // Of one number, another for each name: each takes four solves.
      const s = looked % rows.length;
      const k = (3 * looked) % [rows[s]!].flat().length;
      const at = (h: number): Promise<number> => {
        const samples = structuredClone(of.samples);
        const own = fields[name]!(samples) as (number | number[])[];
        const row = own[s]!;
        if (typeof row === "number") own[s] = row + h;
        else row[k]! += h;
        return gradientOf(cpu, { ...of, samples }, { with: [] }).then((r) => r.value);
      };
      const h = 1e-4;
      const [a, b, c, d] = [await at(h), await at(-h), await at(2 * h), await at(-2 * h)];
      // Of order 4, so that its error is that of rounding: 1e-16 of the value over h.
      const difference = (8 * (a - b) - (c - d)) / (12 * h);
      const found = [all[s]!].flat()[k]!;
      expect(Math.abs(found - difference), `${name}[${s}][${k}]`).toBeLessThan(
        1e-6 * Math.max(Math.abs(difference), 0.01 * scale),
      );
      looked++;
    }
    expect(looked).toBeGreaterThan(2);
  });
});

describe("kernels against the twin", () => {
  it.each<[string, Case, Partial<SolveOptions>]>([
    ["a path per workgroup", five, { distribution: "workgroup" }],
    ["one neuron", one, {}],
    ["several populations, a path per invocation", several, {}],
    ["observed trials", observed, {}],
    ["some of the observed trials", batch, {}],
  ])("%s", async (_, of, more) => {
    const [mine, twin] = [await gradientOf(engine(), of, more), await gradientOf(cpu, of, more)];
    for (const name of of.with) {
      const [a, b] = [mine, twin].map(({ gradient }) => [gradient[name]].flat(3) as number[]) as [number[], number[]];
      expect(a.length).toBe(b.length);
      // As of other gradients by float32 over some tens of steps.
      const scale = Math.max(...b.map(Math.abs));
      a.forEach((x, n) => {
        expect(Math.abs(x - b[n]!), `${name}[${n}]`).toBeLessThan(2e-3 * scale);
      });
    }
  });
});

describe("spike times, forward", () => {
  const forward = (on: Engine, of: Case) =>
    new EngineNetwork(on, of.network).spikeTimeSensitivities({ ...options(of), requireExact: false });
  /** Times of spikes of a path, with one direction of their derivatives. */
  const rowsOf = ({ table, derivatives, directions }: Sensitivities, path: number, direction = 0) =>
    Array.from({ length: table.counts[path]! }, (_, n) => {
      const at = path * table.slots + n;
      return { time: table.times[at]!, along: derivatives[at * directions + direction]! };
    });

  it.each([
    ["a network with sources", five, 1, 0],
    ["a network of several populations", several, 1, 1],
  ])("of the twin in %s are finite differences", async (_, of, s, k) => {
    let looked = 0;
    for (const name of of.with.filter((n) => n in fields)) {
      const rows = (samples: SampleOptions) => fields[name]!(samples) as (number | number[])[];
      const width = [rows(of.samples)[s]!].flat().length;
      const own = { ...of, with: [name] };
      const { trials = 1 } = of.samples;
      const path = s * trials;
      const at = async (h: number) => {
        const samples = structuredClone(of.samples);
        const row = rows(samples)[s]!;
        if (typeof row === "number") rows(samples)[s] = row + h;
        else row[k]! += h;
        return rowsOf(await forward(cpu, { ...own, samples }), path).map(({ time }) => time);
      };
      // So small that no spike moves over a grid point, where the solution has a corner.
      const h = 1e-5;
      const [a, b, c, d] = [await at(h), await at(-h), await at(2 * h), await at(-2 * h)];
      const all = await forward(cpu, own);
      // One number that all neurons start from is one direction.
      expect(all.directions, name).toBe(width);
      const found = rowsOf(all, path, width > 1 ? k : 0);
      const scale = Math.max(...found.map(({ along }) => Math.abs(along)));
      expect(scale, name).toBeGreaterThan(0);
      found.forEach(({ along }, n) => {
        const difference = (8 * (a[n]! - b[n]!) - (c[n]! - d[n]!)) / (12 * h);
        expect(Math.abs(along - difference), `${name} of spike ${n}`).toBeLessThan(1e-6 * scale);
      });
      looked++;
    }
    expect(looked).toBeGreaterThan(2);
  });

  it.each([
    ["one neuron, with a current by time", one],
    ["several populations", several],
  ])("of kernels are those of the twin: %s", async (_, of) => {
    const [mine, twin] = [await forward(engine(), of), await forward(cpu, of)];
    expect(mine.directions).toBe(twin.directions);
    for (let path = 0; path < twin.table.paths; path++) {
      const each = Array.from({ length: twin.directions }, (_, d) => [rowsOf(mine, path, d), rowsOf(twin, path, d)]);
      const scale = Math.max(...each.flatMap(([, b]) => b!.map(({ along }) => Math.abs(along))));
      for (const [a, b] of each)
        b!.forEach(({ along }, n) => {
          expect(Math.abs(a![n]!.along - along), `path ${path}, spike ${n}`).toBeLessThan(2e-3 * scale);
        });
    }
  });
});

it("adds up to the derivative by a number that all samples share, with standard errors over trials", async () => {
  const parameters = { mu: [12, 12, 12, 12, 12, 12] };
  const apart = await gradientOf(cpu, { ...one, with: ["mu"], samples: { ...one.samples, parameters } });
  const { parameters: __, ...shared } = one.samples;
  const together = await gradientOf(cpu, { ...one, with: ["mu"], samples: shared });
  const sum = (apart.gradient.mu as number[]).reduce((a, b) => a + b);
  expect(apart.value).toBe(together.value);
  expect(Math.abs(sum / (together.gradient.mu as number) - 1)).toBeLessThan(1e-12);
  for (const error of apart.gradientStandardError.mu as number[]) expect(error).toBeGreaterThan(0);
  // Two paths of a sample in reach of a loss that compares all: no standard errors, and the same derivative as of a mean.
  const other = { ...one, loss: firstSpikes([[0.1]]), with: ["mu"] };
  const compared = await gradientOf(cpu, other);
  expect((compared.gradientStandardError.mu as number[]).every(Number.isNaN)).toBe(true);
  expect(compared.flat[0]).toBeCloseTo(
    (compared.gradient.mu as number[]).reduce((a, b) => a + b),
    12,
  );
});

it("of a trial that an evaluation does not take is none, and the mean over evaluations is that of all", async () => {
  const all = (await gradientOf(cpu, observed)).gradient.mu1 as number[][];
  const one = { ...batch, loss: logLikelihood(trains, { batch: 1 }), with: ["mu1"] };
  const met = new Set<number>();
  for (let seed = 0; seed < 20 && met.size < 3; seed++) {
    const found = (await gradientOf(cpu, one, { seed })).gradient.mu1 as number[][];
    const s = found.findIndex((row) => row.some((d) => d !== 0));
    met.add(s);
    // What a trial gives to the mean over all three is a third of what it is alone.
    found.forEach((row, trial) => {
      row.forEach((d, k) => {
        expect(d / 3, `trial ${trial}`).toBeCloseTo(trial === s ? all[s]![k]! : 0, 12);
      });
    });
  }
  expect(met.size).toBe(3);
});

it("is refused where there is none", async () => {
  const many = Array.from({ length: 24 }, () => ({ times: [0.2], neurons: [0] }));
  await expect(gradientOf(cpu, { ...one, loss: vanRossum(many, { tau: 0.1 }), with: ["g"] })).rejects.toThrow(
    'with[0]: "g" is sampled',
  );
  await expect(
    gradientOf(cpu, { ...one, loss: meanSpikeTime(0, 0), with: ["mu"] }, { estimator: "score" }),
  ).rejects.toThrow(/score|given by sample/);
});
