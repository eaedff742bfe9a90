import { beforeEach, describe, expect, it } from "vitest";
import { carryProbe } from "../../shaders/shared/carry.wgsl.js";
import { Engine } from "../../src/engine.js";
import type { KernelSpec } from "../../src/gpu/index.js";
import { GradientEvaluator } from "../../src/gradient/evaluate.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import type { Loss } from "../../src/loss/loss.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import type { SolveOptions } from "../../src/plan/plan.js";
import { decideIncrements, tryCarry } from "../../src/solve/carried.js";
import { simulateGpu } from "../../src/solve/simulate.js";
import { roundingError } from "../../src/twin/rounding.js";
import { sharedEngine } from "../support/engine.js";
import { needsLongLoops } from "../support/gpu.js";

const engine = sharedEngine();
beforeEach((context) => needsLongLoops(engine().gpu!, context));

/**
 * Steps of a few units in the last place of the state, which float32 rounds to whole ones: percents of what it moves by
 * in all. Its numbers have few digits, so that no other rounding comes in: 2⁻¹⁴ is crossed after two hundred steps.
 */
const ramp = {
  name: "ramp",
  state: { s: "rate + drive * I" },
  event: "s + edge",
  reset: { s: "s - back" },
  receive: { s: "s + w" },
  start: { s: "-1" },
  parameters: { rate: 2.7e-7, drive: 1, edge: 1 - 2 ** -14, back: 2 ** -14 },
};
/** A leak far slower than the run, as a trace or an adaptation has. */
const leak = {
  name: "leak",
  state: { a: "-a / tau" },
  event: "0.9990234375 - a",
  reset: { a: "a + 0.0009765625" },
  receive: { a: "a + w" },
  start: { a: "1" },
  parameters: { tau: 1e6 },
};
const unit = { t1: 500, dt: 1 };

/** Value and gradient on the GPU and of the twin. */
async function both(
  definition: NetworkDefinition,
  options: SolveOptions & { with: string[] },
  loss: Loss = meanSpikeTime(0, 0),
) {
  const cpu = await Engine.create({ backend: "cpu" });
  const [gpu, twin] = await Promise.all([
    engine().network(definition).valueAndGradient(loss, options),
    cpu.network(definition).valueAndGradient(loss, options),
  ]);
  return { gpu, twin };
}

/** Parts of each other by which numbers differ at most. */
function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!) / Math.max(Math.abs(b[i]!), 1e-30)));
}

describe("slow states in float32", () => {
  it("says by how much rounding would move spikes", () => {
    const errorOf = (cell: object, options: object): number =>
      roundingError(
        engine()
          .network({ cell: cell as never, current: 0 })
          .plan({ paths: 1, ...unit, ...options }),
      );
    // Measured without carrying: 3.2 % for the ramp; 0.5 of a unit in the last place of a step of 17 for the leak.
    expect(errorOf(ramp, {})).toBeGreaterThan(1e-3);
    expect(errorOf(leak, { t1: 1200 })).toBeGreaterThan(1e-3);
    expect(roundingError(engine().network({ current: 1.5 }).plan({ paths: 1, t1: 2, dt: 0.001 }))).toBeLessThan(1e-5);
  });

  it.each<[string, NetworkDefinition]>([
    ["a current", { current: { dt: 1, samples: [1000, ...Array<number>(15).fill(0.03)] } }],
    ["an input spike", { current: 0.03, inputSpikes: { times: [0.01], neurons: [0], weights: [1000] } }],
  ])("carries them where %s leads to where steps are small", async (_, input) => {
    const cell = {
      name: "far",
      state: { v: "I" },
      event: "v - 1000.25",
      reset: { v: "0" },
      receive: { v: "v + w" },
      parameters: {},
    };
    const plan = engine()
      .network({ cell, ...input })
      .plan({ paths: 1, t1: 16, dt: 2 ** -8 });
    expect((await decideIncrements(engine().gpu!, plan)).increments).toBe("carried");
  });

  it("carries increments where that matters, and nowhere else", async () => {
    const decided = async (definition: NetworkDefinition, options: object): Promise<string | undefined> => {
      const plan = engine()
        .network(definition)
        .plan({ paths: 1, ...unit, ...options });
      return (await decideIncrements(engine().gpu!, plan)).increments;
    };
    expect(await decided({ cell: ramp, current: 0 }, {})).toBe("carried");
    expect(await decided({ cell: leak }, { t1: 1200 })).toBe("carried");
    expect(await decided({ current: 1.5 }, { t1: 20, dt: 0.001 })).toBe("carried"); // a long run
    expect(await decided({ current: 1.5 }, { t1: 2, dt: 0.001 })).toBe("rounded");
    expect(await decided({ current: 1.5 }, { t1: 5, dt: 0.01 })).toBe("rounded");
  });

  // What is left: rates of the ramp are known to 2^-24, edges of the leak to 2^-25 of 1 in 2^-10.
  it.each([
    ["ramp", ramp, unit, ["rate", "edge", "drive", "current"]],
    ["ramp by Euler", ramp, { ...unit, method: "euler" as const }, ["rate", "edge", "current"]],
    ["leak", leak, { t1: 1200, dt: 1 }, ["tau"]],
  ])("solves and differentiates a slow %s", async (_, cell, options, names) => {
    const { gpu, twin } = await both({ cell, current: 0 }, { paths: 1, ...options, with: names });
    expect(twin.value).toBeLessThan(options.t1);
    expect(apart([gpu.value], [twin.value])).toBeLessThan(1e-4);
    expect(apart(gpu.flat, twin.flat)).toBeLessThan(1e-4);
    // Without a current nothing depends on the drive.
    expect(gpu.warnings ?? []).toEqual(
      names.includes("drive") ? [expect.stringMatching(/^the gradient by drive is exactly 0/)] : [],
    );
  });

  it.each([
    "invocation",
    "workgroup",
  ] as const)("so does a network by %s, and its sensitivities", async (distribution) => {
    const definition: NetworkDefinition = {
      cell: ramp,
      neurons: 3,
      parameters: { rate: [2.7e-7, 2.3e-7, 1.9e-7], drive: 1 },
      current: { dt: 300, samples: [[0], [1e-8]] },
      weights: {
        edges: [
          [0, 1, 2 ** -18],
          [1, 2, 2 ** -18],
          [1, 1, 2 ** -19],
        ],
      },
      inputSpikes: { times: [20.5], neurons: [2], weights: [2 ** -18] },
    };
    const names = ["rate", "back", "current", "weights"];
    const options = { paths: 2, ...unit, distribution, with: names };
    const { gpu, twin } = await both(definition, options, meanSpikeTime(2, 0));
    expect(twin.value).toBeLessThan(unit.t1);
    expect(apart([gpu.value], [twin.value])).toBeLessThan(1e-4);
    gpu.flat.forEach((g, i) => {
      expect(Math.abs(g - twin.flat[i]!), `entry ${i}`).toBeLessThanOrEqual(1e-4 * Math.abs(twin.flat[i]!));
    });
    if (distribution === "workgroup") return;
    const cpu = await Engine.create({ backend: "cpu" });
    const [forward, exact] = await Promise.all(
      [engine(), cpu].map((e) => e.network(definition).spikeTimeSensitivities({ ...options, with: ["rate", "back"] })),
    );
    expect(forward!.table.counts).toEqual(exact!.table.counts);
    const largest = Math.max(...exact!.derivatives.map(Math.abs));
    exact!.derivatives.forEach((d, i) => {
      expect(Math.abs(forward!.derivatives[i]! - d)).toBeLessThanOrEqual(1e-4 * Math.max(Math.abs(d), 1e-3 * largest));
    });
  });

  it("holds for the likelihood of silence", async () => {
    const poisson = {
      name: "poisson",
      state: { s: "rate" },
      event: "s",
      reset: { s: "log(u)" },
      start: { s: "log(u)" },
      parameters: { rate: 1 },
    };
    // Of 10,000 steps float32 alone loses 1.5e-4 of the value and 0.9e-4 of the gradient.
    const { gpu, twin } = await both(
      { cell: poisson },
      { paths: 1, t1: 100, dt: 0.01, with: ["rate"] },
      logLikelihood([{ times: [] }]),
    );
    expect(apart([gpu.value, ...gpu.flat], [twin.value, ...twin.flat])).toBeLessThan(1e-6);
    expect(twin.value).toBeCloseTo(100, 6);
  });

  it("warns where a device does not keep what is carried", async () => {
    const gpu = engine().gpu!;
    expect(await tryCarry(gpu)).toBe(true);
    // What a compiler makes of it that takes sums apart as if they were exact.
    const losing = <K extends KernelSpec>(kernel: K): K => ({
      ...kernel,
      code: kernel.code.replace("(y - (s - t)) + (x - t)", "0.0f"),
    });
    expect(await tryCarry(gpu, losing(carryProbe))).toBe(false);
    const deviceThatDoesNot = Object.create(gpu) as typeof gpu;
    deviceThatDoesNot.kernel = ((kernel: KernelSpec) => gpu.kernel(losing(kernel))) as typeof gpu.kernel;
    const { network } = engine().network({ cell: ramp, current: 0 });
    const plan = engine()
      .network({ cell: ramp, current: 0 })
      .plan({ paths: 1, ...unit });
    const spikes = await simulateGpu(deviceThatDoesNot, plan);
    expect(spikes.warnings?.[0]).toMatch(/^a step of dt = 1 moves a state by little.*larger dt, or backend "cpu"$/);
    spikes.dispose();
    const views = requestedViews(network, parameterLayout(plan), ["rate"]);
    const evaluator = await GradientEvaluator.create(deviceThatDoesNot, plan, meanSpikeTime(0, 0), views);
    expect((await evaluator.evaluate(plan)).warnings).toHaveLength(1);
    evaluator.dispose();
  });
});
