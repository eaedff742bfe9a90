/** Sources in the twin: gradients by weights, delays and the times of their spikes; and samples as they are given. */
import { describe, expect, it } from "vitest";
import type { Network } from "../../src/network/network.js";
import { arrivalsOfSample } from "../../src/plan/arrivals.js";
import { parameterLayout } from "../../src/plan/layout.js";
import { planSolve, type SolveOptions } from "../../src/plan/plan.js";
import { compileFor } from "../../src/twin/compile.js";
import { PathSolver } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";
import { reversePath } from "../../src/twin/reverse.js";
import { fed, fedLate, fiveSamples } from "../support/fed.js";
import { expectGradient } from "../support/gradient.js";

const networks: [string, Network][] = [
  ["at once", fed],
  ["after delays", fedLate],
];

describe.each(networks)("what sources send %s", (_, network) => {
  it.each(["levy", "euler", "wong-zakai"] as const)("has the gradient of finite differences, method %s", (method) => {
    const options = { t1: 1, dt: 0.02, seed: 3, samples: { trials: 2, spikes: fiveSamples } };
    expect(expectGradient(network, method, options).spikes).toBeGreaterThan(6);
  });

  it("has a gradient by the times of its spikes", () => {
    const base = { t1: 1, dt: 0.02, seed: 4 };
    const planned = (times: readonly number[]) =>
      planSolve(network, { ...base, samples: { spikes: { ...fiveSamples, times } } });
    const plan = planned(fiveSamples.times);
    const cell = compileFor(plan);
    const coefficient = (n: number): number => Math.cos(1 + 2 * n);
    const loss = (of: typeof plan, path: number): number =>
      new PathSolver(of, cell, counterNoise(of))
        .solve(path, false)
        .spikes.reduce((sum, s, n) => sum + coefficient(n) * (s.step + s.fraction) * of.dt, 0);
    let looked = 0;
    for (const path of [0, 3]) {
      const result = new PathSolver(plan, cell, counterNoise(plan)).solve(path, true);
      const layout = parameterLayout(plan);
      const agenda = arrivalsOfSample(plan.samples!.agenda!, path);
      const gradient = new Float64Array(layout.gradientSize);
      reversePath(plan, layout, cell, result, { spikes: result.spikes.map((_, n) => coefficient(n)) }, gradient);
      const { offset } = layout.segments.get("times")!;
      const sourceTimes = gradient.subarray(offset, offset + agenda.count);
      const scale = Math.max(...sourceTimes.map(Math.abs));
      for (let n = 0; n < agenda.count; n++) {
        if (agenda.neurons[n]! < network.neurons) continue;
        const given = plan.samples!.agenda!.numbers[plan.samples!.agenda!.offsets[path]! + n]!;
        const time = fiveSamples.times[given]!;
        // At a grid point, or at the time of another, a step to either side is another solution.
        if (
          [...fiveSamples.times, ...network.inputSpikes.times].filter((t) => t === time).length > 1 ||
          Math.abs((50 * time) % 1) < 1e-3
        )
          continue;
        // Places are float32: the difference is taken over the step that these make, rounded to 2^-25 dt, of which 1e-3 dt is enough.
        const h = 2e-5;
        const moved = (d: number) => {
          const times: number[] = [...fiveSamples.times];
          times[given] = time + d;
          const of = planned(times);
          const places = arrivalsOfSample(of.samples!.agenda!, path);
          return { value: loss(of, path), at: (places.steps[n]! + places.places[n]!) * of.dt };
        };
        const [a, b, c, d] = [moved(h), moved(-h), moved(2 * h), moved(-2 * h)];
        const [near, far] = [(a.value - b.value) / (a.at - b.at), (c.value - d.value) / (c.at - d.at)];
        const difference = (4 * near - far) / 3;
        expect(Math.abs(sourceTimes[n]! - difference), `path ${path}, spike ${given}`).toBeLessThanOrEqual(
          1e-6 * Math.max(Math.abs(difference), 1e-2 * scale),
        );
        looked++;
      }
    }
    expect(looked).toBeGreaterThan(3);
  });
});

describe("samples", () => {
  const options: SolveOptions = { t1: 1, dt: 0.02, seed: 3 };
  const spikesOf = (given: Partial<SolveOptions>): string[] => {
    const plan = planSolve(fedLate, { ...options, ...given });
    const solver = new PathSolver(plan, compileFor(plan), counterNoise(plan));
    return Array.from({ length: plan.paths }, (_, path) => JSON.stringify(solver.solve(path, false).spikes));
  };

  it("one alone has the bits that it has among others", () => {
    const all = spikesOf({ samples: { trials: 2, spikes: fiveSamples } });
    expect(all).toHaveLength(10);
    const lists = Array.from({ length: 5 }, (_, s) => {
      const [a, b] = [fiveSamples.offsets[s]!, fiveSamples.offsets[s + 1]!];
      return { times: fiveSamples.times.slice(a, b), sources: fiveSamples.sources.slice(a, b) };
    });
    for (let s = 0; s < 5; s++)
      expect(spikesOf({ samples: { trials: 2, spikes: [lists[s]!], first: s } })).toEqual(all.slice(2 * s, 2 * s + 2));
    expect(new Set(all).size).toBe(10);
  });

  it.each<[string, object, string]>([
    [
      "unequal numbers",
      { labels: [1, 2], spikes: fiveSamples },
      "samples.labels: has 2 samples, and samples.spikes 5; give as many",
    ],
    [
      "a label",
      { labels: [1, 2, 3, -1, 0], spikes: fiveSamples },
      "samples.labels[3]: expected a whole number of at least 0, got -1",
    ],
    [
      "a time",
      { spikes: [{ times: [2], sources: [0] }] },
      "samples.spikes[0].times[0]: 2 lies outside t0 = 0 to t1 = 1; leave it out",
    ],
    [
      "a source",
      { spikes: [{ times: [0.5], sources: [3] }] },
      "samples.spikes[0].sources[0]: is 3; sources are numbered 0 to 2",
    ],
    ["no sample", { spikes: [] }, "samples.spikes: holds no sample"],
    [
      "no spikes",
      { labels: [1] },
      "samples.spikes: is missing: the network has 3 sources, whose spikes come with samples",
    ],
    ["nothing", {}, "samples: say nothing of samples; give spikes, inputs or parameters, or leave them out"],
    [
      "offsets",
      { spikes: { ...fiveSamples, offsets: [0, 6, 9, 9, 14, 16] } },
      "samples.spikes.offsets: go from 0 to 16; one for each sample and one more go from 0 to 17, the number of times",
    ],
  ])("refuses %s", (_, samples, message) => {
    expect(() => planSolve(fedLate, { ...options, samples })).toThrow(message);
  });

  it("are paths, or say which are not", () => {
    const samples = { trials: 3, spikes: fiveSamples };
    expect(planSolve(fed, { ...options, samples }).paths).toBe(15);
    expect(() => planSolve(fed, { ...options, paths: 5, samples })).toThrow("paths: is 5, and 5 samples of 3 are 15");
    expect(() => planSolve(fed, { ...options, paths: 5 })).toThrow("samples: is missing");
    expect(() => planSolve(fed, { ...options, antithetic: true, samples })).toThrow("samples.trials: is 3; antithetic");
  });
});
