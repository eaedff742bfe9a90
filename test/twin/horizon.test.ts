/**
 * The horizon term in float64: which spikes may cross t1, and counts and probabilities against what is known of them.
 * Each path's ∂E(t1) is tested against finite differences with the gradients of spike times (gradient.test.ts).
 */
import { describe, expect, it } from "vitest";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import type { Loss } from "../../src/loss/loss.js";
import { firstPassage, spikeCount, spikeRate } from "../../src/loss/spike-count.js";
import { defineNetwork, libraryCell, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, parameterVector, replaceParameters, requestedViews } from "../../src/plan/layout.js";
import { planSolve, type SolveOptions } from "../../src/plan/plan.js";
import { evaluateCpu } from "../../src/twin/evaluate.js";

const evaluate = (definition: NetworkDefinition, loss: Loss, names: string[], options: Partial<SolveOptions> = {}) => {
  const network = defineNetwork(definition);
  const plan = planSolve(network, { paths: 2500, t1: 1, dt: 0.02, seed: 5, ...options });
  return evaluateCpu(plan, loss, names.length > 0 ? requestedViews(network, parameterLayout(plan), names) : []);
};

const neuron = (alpha: number, more: Record<string, number> = {}): NetworkDefinition => ({
  cell: "slif",
  parameters: { mu1: 15, beta: 5, sigma1: 0.25, vReset: 1.4, alpha, ...more },
  current: 1.5,
});

const within = (actual: number, error: number, truth: number, truthError = 0): void =>
  expect(Math.abs(actual - truth), `${actual} ± ${error} for ${truth}`).toBeLessThan(3 * Math.hypot(error, truthError));

describe("the derivative of the mean count of one neuron", () => {
  // By a solution of the Fokker-Planck equation; with α = 0.03 by finite differences of 10⁶ paths.
  it.each([
    [0, 8.909, 0, [-0.70703]],
    [0.03, 8.744, 0.025, []],
  ])("α = %d", async (alpha, byCurrent, error, byReset) => {
    const { gradient, gradientStandardError } = await evaluate(neuron(alpha), spikeCount(), ["current", "vReset"]);
    const { current, vReset } = gradientStandardError as Record<string, number>;
    expect(current).toBeLessThan(0.25);
    within(gradient.current as number, current!, byCurrent, error);
    for (const truth of byReset) within(gradient.vReset as number, vReset!, truth);
  });
});

it("a probability without noise is 1 - exp(α - Λ), with its derivative", async () => {
  const definition = neuron(0.03, { sigma1: 0 });
  const network = defineNetwork(definition);
  const plan = planSolve(network, { paths: 1, t1: 0.25, dt: 0.005 });
  const layout = parameterLayout(plan);
  const vector = parameterVector(plan);
  // Λ(t1) by Simpson's rule; v = c (1 - exp(-µ t)) until the first spike.
  const exact = (current: number, alpha: number): number => {
    const rate = (t: number): number => Math.exp(5 * (current * (1 - Math.exp(-15 * t)) - 1));
    const n = 2000;
    let sum = rate(0) + rate(0.25);
    for (let i = 1; i < n; i++) sum += (i % 2 ? 4 : 2) * rate((0.25 * i) / n);
    return 1 - Math.exp(Math.min(0, alpha - (sum * 0.25) / n / 3));
  };
  expect(replaceParameters(plan, layout, vector).steps).toBe(50);
  const { value, standardError, gradient, gradientStandardError } = await evaluate(
    definition,
    firstPassage(),
    ["current", "alpha"],
    { t1: 0.25, dt: 0.005, paths: 3000 },
  );
  within(value, standardError, exact(1.5, 0.03));
  const slope = (of: (h: number) => number): number => (of(1e-5) - of(-1e-5)) / 2e-5;
  const errors = gradientStandardError as Record<string, number>;
  within(
    gradient.current as number,
    errors.current!,
    slope((h) => exact(1.5 + h, 0.03)),
  );
  within(
    gradient.alpha as number,
    errors.alpha!,
    slope((h) => exact(1.5, 0.03 + h)),
  );
});

/** The gradient against central differences with other random numbers, in standard errors of both. */
async function expectDifferences(
  definition: NetworkDefinition,
  loss: Loss,
  name: string,
  h: number,
  options: Partial<SolveOptions> = {},
): Promise<void> {
  const at = (by: number) => {
    const { parameters = {} } = definition;
    const moved: NetworkDefinition =
      name === "current"
        ? { ...definition, current: (definition.current as number) + by }
        : { ...definition, parameters: { ...parameters, [name]: (parameters[name] as number) + by } };
    return evaluate(moved, loss, [], { ...options, seed: 11 });
  };
  const { gradient, gradientStandardError } = await evaluate(definition, loss, [name], options);
  const [up, down] = [await at(h), await at(-h)];
  const error = Math.hypot(up.standardError, down.standardError) / (2 * h);
  within(
    gradient[name] as number,
    (gradientStandardError as Record<string, number>)[name]!,
    (up.value - down.value) / (2 * h),
    error,
  );
}

const trio: NetworkDefinition = {
  cell: "slif",
  neurons: 3,
  parameters: { mu1: 15, mu2: 10, alpha: 0.03, sigma1: 0.25 },
  weights: {
    edges: [
      [0, 1, 2],
      [1, 2, 1.5],
      [2, 0, -1],
    ],
  },
  current: 1.3,
};

describe("agrees with finite differences", () => {
  it("counts of a network, of a neuron, and their rate", async () => {
    await expectDifferences(trio, spikeCount({ neuron: 2 }), "current", 0.1, { paths: 600 });
    await expectDifferences(trio, spikeRate({ neuron: [1, 2] }), "mu2", 2, { paths: 600 });
  });

  it("departures from a queue, whose hazards compete", async () => {
    const queue: NetworkDefinition = {
      cell: await libraryCell("mm1-queue"),
      parameters: { lambda: 0.8, mu: 1, n0: 1 },
    };
    await expectDifferences(queue, spikeCount(), "mu", 0.2, { t1: 3, dt: 0.1 });
    await expectDifferences(queue, spikeCount(), "lambda", 0.2, { t1: 3, dt: 0.1 });
  });

  it("a refractory period by a mode", async () => {
    const refractory: NetworkDefinition = {
      cell: {
        name: "refractory",
        state: { v: "10 * (I - v)", r: "-1", s: "r > 0 ? 0 : exp(4 * (v - 1)) / tau" },
        noise: { v: "0.5" },
        event: "s",
        reset: { v: "v - 0.5", r: "rest", s: "log(u)" },
        start: { s: "log(u)" },
        parameters: { rest: 0.1, tau: 0.2 },
      },
      parameters: { rest: 0.1, tau: 0.2 },
      current: 1.2,
    };
    await expectDifferences(refractory, spikeCount(), "rest", 0.02, { paths: 1500 });
    await expectDifferences(refractory, spikeCount(), "tau", 0.03, { paths: 1500 });
  });

  it("expected signatures", async () => {
    const observed = [
      { times: [0.3], neurons: [0] },
      { times: [0.2, 0.4], neurons: [0, 0] },
    ];
    const loss = expectedSignatureLoss(observed, { depth: 2 });
    const { gradient } = await evaluate(neuron(0.03), loss, ["current"], { paths: 3000, t1: 0.5 });
    const at = (by: number) =>
      evaluate({ ...neuron(0.03), current: 1.5 + by }, loss, [], { paths: 3000, t1: 0.5, seed: 11 });
    const [up, down] = [await at(0.1), await at(-0.1)];
    const error = Math.hypot(up.standardError, down.standardError) / 0.2;
    // The gradient's own error is of the size of the differences'.
    within(gradient.current as number, error, (up.value - down.value) / 0.2, error);
  });
});

it("a count that paths reach at which they stop has no term", async () => {
  const { gradient, saturatedPaths } = await evaluate(neuron(0), spikeCount(), ["current"], {
    maxSpikes: 1,
    paths: 200,
  });
  const { gradient: free } = await evaluate(neuron(0), firstPassage(), ["current"], { paths: 200 });
  expect(saturatedPaths).toBeGreaterThan(100);
  // What is left is whether the first spike comes at all.
  expect(gradient.current).toBeCloseTo(free.current as number, 12);
});
