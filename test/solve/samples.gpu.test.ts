/** Samples on a device: spikes of sources against the twin, one sample against many, and other samples with the same kernels. */
import { describe, expect, it, vi } from "vitest";
import { fractionalBrownian } from "../../src/data/index.js";
import { EngineNetwork } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { Network, NetworkDefinition } from "../../src/network/network.js";
import type { Method, SolveOptions } from "../../src/plan/plan.js";
import { type SampleOptions, withSamples } from "../../src/plan/samples.js";
import { sharedEngine } from "../support/engine.js";
import { driven, fed, fedLate, fiveSamples, fiveValues, recordings } from "../support/fed.js";
import { signalled, threeSignals } from "../support/populations.js";
import { expectTwin, expectTwinSensitivities } from "./gpu-twin.js";

const engine = sharedEngine();

describe("samples against the float64 twin", () => {
  const samples = { trials: 20, spikes: fiveSamples };
  const own = fractionalBrownian({ hurst: 0.3, samples: 5, steps: 50, dt: 0.02, neurons: 4, seed: 1 });
  const valued = { ...samples, ...fiveValues, drivers: { v: own } };
  const rough = { v: fractionalBrownian({ hurst: 0.6, samples: 6, steps: 40, dt: 0.025, seed: 2 }) };
  it.each<[string, Network | NetworkDefinition, Method, Partial<SolveOptions>]>([
    ["sources and values, a path per invocation", fed, "levy", { samples: valued, distribution: "invocation" }],
    ["sources and values, a path per workgroup", fed, "euler", { samples: valued, distribution: "workgroup" }],
    ["sources after delays", fedLate, "levy", { samples }],
    ["signals of several populations", signalled, "levy", { samples: { ...threeSignals, trials: 20 } }],
    [
      "the same at once, a path per workgroup",
      { ...signalled, projections: signalled.projections!.map(({ delays: _, ...at }) => at) },
      "wong-zakai",
      { samples: { ...threeSignals, trials: 10 }, distribution: "workgroup" },
    ],
    ["recordings of one neuron", driven, "levy", { samples: { ...recordings, drivers: rough, trials: 30 } }],
  ])("%s", async (_, network, method, options) => {
    await expectTwin(engine(), method, network, options);
  });

  it("sensitivities, after delays", async () => {
    const spikes = { ...fiveSamples, times: fiveSamples.times.map((t) => Math.min(t, 0.8)) };
    await expectTwinSensitivities(engine(), "levy", fedLate, ["mu1", "weights", "delays"], { spikes, trials: 8 });
  });
});

/** Currents of samples. */
const currents = (count: number, salt: number): { I: number[][] } => ({
  I: Array.from({ length: count }, (_, s) => Array.from({ length: 4 }, (_, k) => 1.1 + 0.2 * Math.sin(s + k + salt))),
});

/** Samples that differ in their number of spikes. */
function drawn(count: number, salt: number): { times: number[]; sources: number[] }[] {
  const part = (x: number): number => Math.abs(Math.sin(x)) % 1;
  return Array.from({ length: count }, (_, s) => {
    const spikes = Array.from(
      { length: (s * 7 + salt) % 9 },
      (_, n) => [part(1 + s + 31 * n + salt), (s + n) % 3] as const,
    );
    return { times: spikes.map(([t]) => t), sources: spikes.map(([, source]) => source) };
  });
}

describe("a batch of samples", () => {
  // Whose cotangents do not depend on the other paths.
  const loss = meanSpikeTime(3, 1);
  const names = ["mu1", "weights"];
  /** Value and gradient of each path. */
  const rowsOf = async (distribution: "invocation" | "workgroup", samples: SampleOptions, chunkBytes?: number) => {
    const network = new EngineNetwork(engine(), fed);
    const plan = network.gradientPlan({ t1: 1, dt: 0.02, seed: 5, distribution, samples }, loss);
    const evaluator = await network.evaluator(plan, loss, names);
    const parts: [number, number, Float32Array][] = [];
    const perPath = (first: number, paths: number, rows: Float32Array | Float64Array) => {
      parts.push([first, paths, Float32Array.from(rows)]);
    };
    await evaluator.evaluate(plan, { perPath, ...(chunkBytes ? { chunkBytes } : {}) });
    evaluator.dispose();
    const one = (path: number): number[] => {
      const [first, paths, rows] = parts.find(([first, paths]) => path >= first && path < first + paths)!;
      return Array.from({ length: rows.length / paths }, (_, r) => rows[r * paths + path - first]!);
    };
    return { one, chunks: parts.length };
  };

  it.each([
    "invocation",
    "workgroup",
  ] as const)("by %s: a sample alone has the bits that it has among 1,000", async (distribution) => {
    const spikes = drawn(1000, 3);
    const { I } = currents(1000, 3);
    const all = await rowsOf(distribution, { spikes, inputs: { I } }, 1);
    expect(all.chunks).toBe(4);
    for (const s of [0, 255, 611]) {
      const alone = await rowsOf(distribution, { spikes: [spikes[s]!], inputs: { I: [I[s]!] }, first: s });
      expect(alone.one(0), `sample ${s}`).toEqual(all.one(s));
    }
    const few = await rowsOf(distribution, {
      spikes: spikes.slice(500, 520),
      inputs: { I: I.slice(500, 520) },
      first: 500,
    });
    expect([0, 7, 19].map(few.one)).toEqual([500, 507, 519].map(all.one));
  });

  it("is taken by an evaluator that was made for another, with the same kernels", async () => {
    const network = new EngineNetwork(engine(), fedLate);
    const options = { t1: 1, dt: 0.02, seed: 5, samples: { trials: 2, spikes: drawn(40, 1), inputs: currents(40, 1) } };
    const plan = network.gradientPlan(options, loss);
    const evaluator = await network.evaluator(plan, loss, [...names, "delays"]);
    await evaluator.evaluate(plan);
    const compiled = vi.spyOn(engine().gpu!, "kernel");
    for (const salt of [2, 8, 1]) {
      const samples = { trials: 2, spikes: drawn(40, salt), inputs: currents(40, salt) };
      const { value, gradient } = await evaluator.evaluate(withSamples(plan, samples));
      expect(compiled).not.toHaveBeenCalled();
      const fresh = await network.valueAndGradient(loss, { ...options, samples, with: [...names, "delays"] });
      compiled.mockClear();
      expect(value).toBe(fresh.value);
      expect(gradient).toEqual(fresh.gradient);
    }
    compiled.mockRestore();
    evaluator.dispose();
    expect(() => withSamples(plan, { spikes: drawn(40, 2) })).toThrow(
      "40 samples of 1 are not as many as the plan has: 40 of 2",
    );
  });
});
