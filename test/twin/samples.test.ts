/** Values by sample in the twin: a sample is its network with those values. */
import { describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { fractionalBrownian } from "../../src/data/index.js";
import { Engine } from "../../src/engine.js";
import { judgeMean } from "../../src/loss/judge-mean.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import { spikeCount } from "../../src/loss/spike-count.js";
import { defineNetwork, type Network } from "../../src/network/network.js";
import type { CellPopulation } from "../../src/network/populations.js";
import { parameterLayout } from "../../src/plan/layout.js";
import { planSolve, type SolveOptions, type SolvePlan } from "../../src/plan/plan.js";
import { type SampleOptions, withSamples } from "../../src/plan/samples.js";
import { compileFor } from "../../src/twin/compile.js";
import { PathSolver } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";
import { reversePath } from "../../src/twin/reverse.js";
import { pathSensitivities } from "../../src/twin/sensitivity.js";
import { driven, fed, fiveSamples, fiveValues, recordings } from "../support/fed.js";
import { expectGradient } from "../support/gradient.js";
import { signalled, threeSignals } from "../support/populations.js";

const coefficient = (n: number): number => Math.cos(1 + 2 * n);

/** Spikes of a path, and the gradient of a sum of their times. */
function solved(plan: SolvePlan, path: number) {
  const cell = compileFor(plan);
  const layout = parameterLayout(plan);
  const result = new PathSolver(plan, cell, counterNoise(plan)).solve(path, true);
  const gradient = new Float64Array(layout.size);
  reversePath(plan, layout, cell, result, { spikes: result.spikes.map((_, n) => coefficient(n)) }, gradient);
  return { result, gradient, layout, cell };
}

const fiveOptions: SolveOptions = {
  t1: 1,
  dt: 0.02,
  seed: 3,
  samples: { trials: 2, spikes: fiveSamples, ...fiveValues },
};

describe("a sample is its network with its values", () => {
  it("in a network with sources, parameters, currents and initial states", () => {
    const plan = planSolve(fed, fiveOptions);
    let spikes = 0;
    for (const path of [0, 3, 9]) {
      const s = Math.floor(path / 2);
      const values: Record<string, ArrayLike<number>> = {
        mu1: fiveValues.parameters.mu1[s]!,
        vReset: [fiveValues.parameters.vReset[s]!],
        v0: fiveValues.initial.v[s]!,
        i0: [fiveValues.initial.i[s]!],
      };
      const alone: Network = {
        ...fed,
        current: fiveValues.inputs.I[s]!,
        parameters: fed.parameters.map((p) => {
          const own = values[p.name];
          return own ? { ...p, values: Float64Array.from(own), perNeuron: own.length > 1 } : p;
        }),
      };
      const samples = { trials: 2, spikes: fiveSamples };
      const [a, b] = [solved(plan, path), solved(planSolve(alone, { ...fiveOptions, samples }), path)];
      expect(a.result.spikes).toEqual(b.result.spikes);
      spikes += a.result.spikes.length;
      const sum = (of: Float64Array): number => of.reduce((x, y) => x + y);
      for (const [name, view] of a.layout.views) {
        const initial = view.state !== undefined;
        const [mine, its] = [a, b].map(({ gradient, layout }) => {
          // What the sample says of a start, the network alone says by a parameter.
          const { offset, length } = layout.views.get(initial && layout === b.layout ? `${name}0` : name)!;
          return gradient.slice(offset, offset + length);
        }) as [Float64Array, Float64Array];
        if (initial) {
          const [x, y] = its.length === 1 ? [sum(mine), its[0]!] : [mine, its];
          expect(x, name).toEqual(y);
          continue;
        }
        // What the cell starts from has no part in a sample that says what it starts from.
        if (name === "v0" || name === "i0") expect(mine, name).toEqual(new Float64Array(view.length));
        else expect(mine, name).toEqual(its);
      }
      // And forward, in a direction of all parameters but those.
      const direction = (of: typeof a): Float64Array => {
        const along = new Float64Array(of.layout.size);
        for (const [name, { offset, length, state }] of of.layout.views)
          if (name !== "v0" && name !== "i0" && state === undefined) along.fill(1, offset, offset + length);
        return along;
      };
      const rows = [a, b].map((of, i) =>
        pathSensitivities(
          i === 0 ? plan : planSolve(alone, { ...fiveOptions, samples }),
          of.layout,
          of.cell,
          of.result,
          [direction(of)],
        ),
      );
      expect(rows[0]).toEqual(rows[1]);
    }
    expect(spikes).toBeGreaterThan(6);
  });

  it("of recordings with signals of their own, constant and linear between samples", () => {
    const plan = planSolve(defineNetwork(driven), { t1: 1, dt: 0.02, seed: 2, samples: recordings });
    for (const s of [0, 2, 5]) {
      const g = { ...recordings.inputs.g, samples: recordings.inputs.g.samples[s]! };
      const I = { ...recordings.inputs.I, samples: recordings.inputs.I.samples[s]! };
      const cell = { ...(driven.cell as object), start: { v: `0 + ${recordings.initial.v[s]}`, s: "log(u) - 0.02" } };
      const alone = defineNetwork({
        ...driven,
        cell: cell as never,
        inputs: { I, g },
        parameters: { mu: recordings.parameters.mu[s]! },
      });
      const [a, b] = [solved(plan, s), solved(planSolve(alone, { paths: 6, t1: 1, dt: 0.02, seed: 2 }), s)];
      expect(a.result.spikes).toEqual(b.result.spikes);
      expect(a.result.spikes.length).toBeGreaterThan(0);
      expect(a.gradient.slice(0, b.layout.size)).toEqual(b.gradient);
    }
  });

  it("in a network of several populations and cells", () => {
    const options = { t1: 1, dt: 0.02, seed: 2 };
    const plan = planSolve(defineNetwork(signalled), { ...options, samples: threeSignals });
    const { inputs, parameters, initial } = threeSignals;
    const { e, i } = signalled.populations as Record<string, CellPopulation>;
    for (const s of [0, 1, 2]) {
      const of = <S extends { samples: readonly unknown[] }>(signal: S): S => ({
        ...signal,
        samples: signal.samples[s],
      });
      const alone = defineNetwork({
        ...signalled,
        populations: {
          noise: { poisson: of(inputs["noise.rate"]) as never, neurons: 2 },
          e: {
            ...e!,
            parameters: { mu1: parameters["e.mu1"][s]!, v0: initial["e.v"][s]! },
            current: inputs["e.I"][s]!,
          },
          i: {
            ...i!,
            cell: { ...(i!.cell as CellDefinition), start: { v: `0 + ${initial["i.v"][s]}`, s: "log(u) - 0.02" } },
            parameters: { mu: parameters["i.mu"][s]! },
            inputs: { I: of(inputs["i.I"]), g: of(inputs["i.g"]) } as never,
          },
        },
      });
      const [a, b] = [solved(plan, s), solved(planSolve(alone, { paths: 3, ...options }), s)];
      // Signals are laid on the grid by another order of additions where they do not lie there.
      expect(a.result.spikes.length).toBeGreaterThan(10);
      expect(b.result.spikes.map((spike) => spike.neuron)).toEqual(a.result.spikes.map((spike) => spike.neuron));
      a.result.spikes.forEach((spike, n) => {
        const other = b.result.spikes[n]!;
        expect(Math.abs(spike.step + spike.fraction - other.step - other.fraction)).toBeLessThan(1e-9);
      });
      for (const name of ["e→i.weights", "e→i.delays", "i.mu", "e.mu1"]) {
        const [mine, its] = [a, b].map(({ gradient, layout }) => {
          const { offset, length } = layout.views.get(name)!;
          return gradient.slice(offset, offset + length);
        }) as [Float64Array, Float64Array];
        mine.forEach((x, n) => {
          expect(Math.abs(x - its[n]!), name).toBeLessThan(1e-9 * Math.max(...its.map(Math.abs)));
        });
      }
    }
  });

  it("gradients by what samples have in common are finite differences", () => {
    expect(expectGradient(fed, "levy", fiveOptions).spikes).toBeGreaterThan(6);
  });
});

it("a likelihood of fewer samples than paths are measured of measures those", async () => {
  const engine = await Engine.create({ backend: "cpu" });
  const network = engine.network({ parameters: { alpha: 0, sigma1: 0 } });
  const trials = [[0.2, 0.5], [0.3], [0.1, 0.9]].map((times) => ({ times, neurons: times.map(() => 0) }));
  const { discretisation } = await network.valueAndGradient(logLikelihood(trials), {
    samples: { inputs: { I: [1.2, 1.4, 1.1] } },
    t1: 1,
    dt: 0.02,
    with: ["mu1"],
    discretisation: true,
  });
  expect(discretisation).toMatchObject({ measured: true, paths: 3 });
  // Of a method of order 4 where there is no noise, at steps of 0.3 of a time constant.
  expect((discretisation as { error: number }).error).toBeLessThan(1e-3);
});

describe("noise channels along paths that samples give", () => {
  const noisy = defineNetwork({
    ...driven,
    cell: {
      ...(driven.cell as object),
      name: "two channels",
      noise: { v: { own: "sigma", common: "0.2" } },
      shared: ["common"],
    } as never,
    neurons: 2,
  });

  it("are the noise itself where they are its paths", () => {
    const options = { t1: 1, dt: 0.02, seed: 4, method: "wong-zakai" as const };
    const plan = planSolve(noisy, { ...options, paths: 3 });
    const noise = counterNoise(plan);
    const pair = new Float64Array(2);
    /** Channels of the step: the first neuron's own, the common one, the second's own. */
    const pathsOf = (channels: number[]) =>
      Array.from({ length: 3 }, (_, path) => {
        const w = [new Float64Array(channels.length)];
        for (let step = 0; step < plan.steps; step++) {
          w.push(
            w[step]!.map((at, i) => {
              noise(path, step, channels[i]!, pair);
              return at + pair[0]!;
            }),
          );
        }
        return w;
      });
    const drivers = {
      own: { dt: 0.02, samples: pathsOf([0, 2]) },
      common: { dt: 0.02, samples: pathsOf([1]) },
    };
    const given = planSolve(noisy, { ...options, samples: { drivers } });
    for (const path of [0, 2]) {
      const [a, b] = [solved(plan, path), solved(given, path)];
      expect(a.result.spikes.length).toBeGreaterThan(2);
      expect(b.result.spikes.length).toBe(a.result.spikes.length);
      // Sums of 50 increments and their differences: rounding alone, which each reset leaves behind.
      a.result.spikes.forEach((s, n) => {
        const other = b.result.spikes[n]!;
        expect(Math.abs(s.step + s.fraction - other.step - other.fraction)).toBeLessThan(1e-9);
      });
      const scale = Math.max(...a.gradient.map(Math.abs));
      a.gradient.forEach((g, i) => {
        expect(Math.abs(g - b.gradient[i]!)).toBeLessThan(1e-9 * scale);
      });
    }
  });

  it.each([0.3, 0.5, 0.75])("have gradients that are finite differences, fractional of H = %s", (hurst) => {
    const own = fractionalBrownian({ hurst, samples: 4, steps: 100, dt: 0.01, neurons: 2, seed: 2 });
    // On a coarser grid than the steps', and off it.
    const common = fractionalBrownian({ hurst, samples: 4, steps: 30, dt: 0.035, seed: 3 });
    const options = { t1: 1, dt: 0.02, seed: 4, samples: { drivers: { own, common } } };
    for (const method of ["levy", "euler"] as const)
      expect(expectGradient(noisy, method, options).spikes).toBeGreaterThan(2);
  });

  it.each<[object, string]>([
    [
      { other: { dt: 0.1, samples: [] } },
      'samples.drivers.other: cell "two channels" has no such noise channel; known: own, common',
    ],
    [
      {
        common: {
          dt: 0.5,
          samples: [
            [
              [0, 0],
              [0, 0],
              [0, 0],
            ],
          ],
        },
      },
      "samples.drivers.common: is one per neuron, and the channel is one for all neurons; give one path for each sample",
    ],
    [
      { own: { dt: 0.5, samples: [[0, 1]] } },
      "samples.drivers.own[0].samples: 2 samples end at time 0.5, before t1 = 1; 3 are needed",
    ],
  ])("refuse what does not fit: %o", (drivers, message) => {
    const samples = { drivers } as SampleOptions;
    expect(() => planSolve(noisy, { t1: 1, dt: 0.02, samples })).toThrow(message);
  });
});

describe("values by sample", () => {
  const options = { t1: 1, dt: 0.02, seed: 2 };
  const one = defineNetwork(driven);
  it.each<[string, SampleOptions, string]>([
    [
      "unequal numbers",
      { ...recordings, initial: { v: [1, 2] } },
      "samples.initial.v: has 2 samples, and samples.inputs.I 6; give as many",
    ],
    ["an unknown input", { inputs: { h: [1] } }, 'samples.inputs.h: cell "driven" has no such input; known: I, g'],
    [
      "another kind of signal",
      { inputs: { g: [1] } },
      "samples.inputs.g: is constant, and the network's g linear; give that likewise",
    ],
    [
      "a value that is not positive",
      { parameters: { mu: [1, -1] } },
      "samples.parameters.mu[1]: expected a number above 0, got -1",
    ],
    [
      "a row of another length",
      { parameters: { sigma: [[1, 2]] } },
      "samples.parameters.sigma[0]: expected a number, got [1,2]",
    ],
    [
      "an unknown parameter",
      { parameters: { tau: [1] } },
      "samples.parameters.tau: is no parameter of the cell; known: mu, sigma",
    ],
    ["a random start", { initial: { s: [1] } }, "samples.initial.s: starts at random; let it be"],
    ["no number", { inputs: { I: [Number.NaN] } }, "samples.inputs.I[0]: expected a finite number, got NaN"],
    ["spikes without sources", { spikes: [{ times: [], sources: [] }] }, "samples.spikes: the network has no sources"],
    [
      "samples that end too soon",
      { inputs: { I: { dt: 0.1, samples: [[1, 2, 3]] } } },
      "samples.inputs.I[0].samples: 3 samples end at time 0.30000000000000004, before t1 = 1; 10 are needed",
    ],
  ])("refuses %s", (_, samples, message) => {
    const positive = defineNetwork({ ...driven, cell: { ...(driven.cell as object), positive: ["mu"] } as never });
    expect(() => planSolve(positive, { ...options, samples })).toThrow(message);
  });

  it.each<[string, SampleOptions, string]>([
    [
      "no population",
      { inputs: { I: [1] } },
      "samples.inputs.I: expected the name of a population before a dot, as in noise.I",
    ],
    [
      "an input of another population",
      { inputs: { "e.g": [1] } },
      'samples.inputs.e.g: cell "slif" has no such input; known: I',
    ],
    [
      "a rate below 0",
      {
        inputs: {
          "noise.rate": {
            dt: 0.5,
            samples: [
              [1, 2],
              [3, -4],
            ],
          },
        },
      },
      "samples.inputs.noise.rate[1]: expected a rate of at least 0, got -4",
    ],
    [
      "unequal numbers",
      { inputs: { "e.I": [1, 2], "i.I": [1] } },
      "samples.inputs.i.I: has 1 samples, and samples.inputs.e.I 2; give as many",
    ],
    [
      "a state of another population",
      { initial: { "i.i": [1] } },
      'samples.initial.i.i: cell "pulled" has no such state',
    ],
    ["a random start", { initial: { "e.s": [1] } }, "samples.initial.e.s: starts at random"],
    [
      "a start twice",
      { initial: { "e.v": [1], v: [1] } },
      'samples.initial.v: cell "poisson" has no such state; known: s',
    ],
  ])("of populations refuses %s", (_, samples, message) => {
    expect(() => planSolve(defineNetwork(signalled), { t1: 1, dt: 0.02, samples })).toThrow(message);
  });

  it("takes others in the same shape alone", () => {
    const plan = planSolve(one, { ...options, samples: recordings });
    const other = withSamples(plan, { ...recordings, parameters: { mu: [1, 2, 3, 4, 5, 6] } });
    expect(other.samples!.values!.data).not.toEqual(plan.samples!.values!.data);
    const { initial: _, ...less } = recordings;
    expect(() => withSamples(plan, less)).toThrow("samples: give the same of each sample as the plan was made with");
  });
});

it("the mean of gradients by what samples start from is judged as that by a parameter of the start", () => {
  const cell: CellDefinition = {
    name: "choosing",
    state: { v: "0", r: "0", s: "r" },
    event: "s",
    random: { u: "uniform", second: "uniform" },
    reset: { r: "v < second ? 3 : 1", s: "log(u)" },
    start: { v: "v0", r: "1", s: "log(u)" },
    parameters: { v0: 0.5 },
  };
  const judged = (samples: SampleOptions, name: string) =>
    judgeMean(planSolve(defineNetwork({ cell, neurons: 1 }), { t1: 1, dt: 0.1, samples }), spikeCount(), [name]);
  for (const { because } of [
    judged({ parameters: { v0: [0.5, 0.6] } }, "v0"),
    judged({ initial: { v: [0.5, 0.6] } }, "v"),
  ])
    expect(because.join()).toContain("no choice in a jump is violated");
});
