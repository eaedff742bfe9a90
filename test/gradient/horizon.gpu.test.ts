/** The horizon term on the GPU against the float64 twin, path by path, for every solver. */
import { describe, expect, it } from "vitest";
import { GradientEvaluator } from "../../src/gradient/evaluate.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import { judgeMean } from "../../src/loss/judge-mean.js";
import type { Loss } from "../../src/loss/loss.js";
import { pathLoss } from "../../src/loss/path-loss.js";
import { firstPassage, spikeCount } from "../../src/loss/spike-count.js";
import { defineNetwork, libraryCell, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { planSolve, type SolveOptions, type SolvePlan } from "../../src/plan/plan.js";
import { evaluateCpu } from "../../src/twin/evaluate.js";
import { sharedGpu } from "../support/gpu.js";

const gpu = sharedGpu();

const neuron: NetworkDefinition = { cell: "slif", parameters: { sigma1: 0.25, alpha: 0.03 }, current: 1.5 };
const network: NetworkDefinition = {
  cell: "slif",
  neurons: 4,
  parameters: { mu1: [14, 15, 16, 15], sigma1: 0.25, alpha: [0, 0.03, 0.02, 0.4], v0: 0.1 },
  weights: { dense: [0, 1, 2, 3].map((k) => [0, 1, 2, 3].map((j) => 1.2 * Math.sin(1 + 3 * k + 7 * j))) },
  current: [1.5, 1.2, 0.9, 1.1],
};
/** A threshold among the parameters, which E itself reads. */
const threshold: NetworkDefinition = {
  cell: {
    name: "threshold",
    state: { v: "10 * (I - v)", r: "-1", s: "r > 0 ? 0 : exp(4 * (v - 1)) / tau" },
    noise: { v: "0.5" },
    event: "s - limit",
    reset: { v: "v - 0.5", r: "rest", s: "log(u) + limit" },
    start: { s: "log(u)" },
    parameters: { rest: 0.1, tau: 0.2, limit: 0.5 },
  },
  current: 1.2,
};

async function rowsOf(plan: SolvePlan, names: string[], loss: Loss, on: "gpu" | "cpu"): Promise<number[][]> {
  const views = requestedViews(plan.network, parameterLayout(plan), names);
  const rows: number[][] = [];
  const perPath = (_: number, paths: number, flat: ArrayLike<number>): void => {
    for (let i = 0; i < paths; i++)
      rows.push(Array.from({ length: flat.length / paths }, (_, r) => flat[r * paths + i]!));
  };
  if (on === "cpu") await evaluateCpu(plan, loss, views, { perPath });
  else {
    const evaluator = await GradientEvaluator.create(gpu(), plan, loss, views);
    await evaluator.evaluate(plan, { perPath });
    evaluator.dispose();
  }
  return rows;
}

/** Rows of most paths agree: the others have a spike more or less, by rounding. @returns paths whose gradient is not 0. */
async function expectRows(
  definition: NetworkDefinition,
  names: string[],
  loss: Loss,
  options: Partial<SolveOptions> = {},
): Promise<number> {
  const plan = planSolve(defineNetwork(definition), { paths: 64, t1: 0.5, dt: 0.02, seed: 3, ...options });
  const [device, host] = [await rowsOf(plan, names, loss, "gpu"), await rowsOf(plan, names, loss, "cpu")];
  const scale = Math.max(...host.flatMap((row) => row.slice(1).map(Math.abs)));
  const off = host.filter((row, i) =>
    row.some((v, r) => Math.abs(v - device[i]![r]!) > 2e-3 * Math.max(Math.abs(v), 0.02 * scale)),
  );
  expect(off.length).toBeLessThanOrEqual(1);
  return host.filter((row) => row.slice(1).some((v) => v !== 0)).length;
}

describe.each(["levy", "euler"] as const)("method %s", (method) => {
  it("one neuron", async () => {
    const names = ["current", "mu1", "vReset", "alpha"];
    expect(await expectRows(neuron, names, spikeCount(), { method })).toBeGreaterThan(40);
    // Those that stopped have no term.
    const first = await expectRows(neuron, names, firstPassage(), { method, t1: 0.24 });
    expect(first).toBeGreaterThan(10);
    expect(first).toBeLessThan(54);
    await expectRows(neuron, names, spikeCount(), { method, maxSpikes: 2 });
  });

  it.each(["path", "workgroup"] as const)("a network, a path per %s", async (distribution) => {
    const loss = spikeCount({ neuron: [1, 2, 3] });
    const names = ["current", "alpha", "sigma1", "mu1", "weights"];
    const of = { method, distribution: distribution === "path" ? "invocation" : distribution } as Partial<SolveOptions>;
    expect(await expectRows(network, names, loss, of)).toBeGreaterThan(60);
  });
});

it("a network whose spikes arrive after a delay", async () => {
  const late = { ...network, weights: { ...network.weights, delays: 0.031 } } as NetworkDefinition;
  expect(await expectRows(late, ["current", "alpha", "weights", "delays"], spikeCount())).toBeGreaterThan(60);
});

it("cells with several events, whose hazards compete or rest", async () => {
  expect(await expectRows(threshold, ["rest", "tau", "limit", "current"], spikeCount())).toBeGreaterThan(30);
  const queue: NetworkDefinition = { cell: await libraryCell("mm1-queue"), parameters: { n0: 1 } };
  expect(await expectRows(queue, ["lambda", "mu"], spikeCount(), { t1: 3, dt: 0.1 })).toBeGreaterThan(30);
  const two = { ...queue, neurons: 2, parameters: { n0: 1, mu: [1, 1.5] } };
  expect(await expectRows(two, ["lambda", "mu"], spikeCount(), { t1: 3, dt: 0.1 })).toBeGreaterThan(30);
});

const observed = [
  { times: [0.2, 0.4], neurons: [0, 0] },
  { times: [0.3], neurons: [0] },
];

/** Value of spikes by their times and how many they are, which jumps by 1 + index where one comes. */
const weighted = pathLoss({
  code: `
    fn path_loss(path: u32, count: u32) -> f32 {
      var sum = 0.0f;
      for (var n = 0u; n < count; n += 1u) {
        sum += f32(1u + n) * (2.0f - spike_time(n)) * f32(1u + spike_neuron(n));
        add_cotangent(n, -f32(1u + n) * f32(1u + spike_neuron(n)));
      }
      return sum;
    }`,
  evaluate: ({ times, neurons }) => ({
    value: times.reduce((sum, t, n) => sum + (1 + n) * (2 - t) * (1 + neurons[n]!), 0),
    cotangents: times.map((_, n) => -(1 + n) * (1 + neurons[n]!)),
  }),
});

it.each([
  ["expected signatures of depth 1", expectedSignatureLoss(observed, { depth: 1 })],
  ["expected signatures of depth 3", expectedSignatureLoss(observed, { depth: 3 })],
  ["a loss of one's own", weighted],
  ["counts with targets", spikeCount({ neuron: [1, 3], target: [2, 1] })],
])("%s", async (_, loss) => {
  expect(await expectRows(network, ["current", "weights"], loss)).toBeGreaterThan(50);
});

it("counts within a window have a value and no gradient", async () => {
  const plan = planSolve(defineNetwork(network), { paths: 300, t1: 0.5, dt: 0.02, seed: 3 });
  const loss = spikeCount({ neuron: 2, from: 0.11, to: 0.4 });
  const evaluator = await GradientEvaluator.create(gpu(), plan, loss, []);
  const device = await evaluator.evaluate(plan);
  evaluator.dispose();
  const host = await evaluateCpu(plan, loss, []);
  expect(host.value).toBeGreaterThan(0.1);
  expect(Math.abs(device.value - host.value)).toBeLessThan(2 / 300);
  expect(device.standardError).toBeCloseTo(host.standardError, 2);
  expect(() => judgeMean(plan, loss, ["current"])).toThrow(/loss: "spike-count": jumps where .* "to" = 0.4, before t1/);
});

it("carried increments", async () => {
  const plan = planSolve(defineNetwork(neuron), { paths: 64, t1: 0.5, dt: 0.02, seed: 3 });
  const carried = { ...plan, increments: "carried" as const };
  const names = ["current", "alpha"];
  const [device, host] = [
    await rowsOf(carried, names, spikeCount(), "gpu"),
    await rowsOf(plan, names, spikeCount(), "cpu"),
  ];
  const off = host.filter((row, i) =>
    row.some((v, r) => Math.abs(v - device[i]![r]!) > 1e-3 * Math.max(1, Math.abs(v))),
  );
  expect(off.length).toBeLessThanOrEqual(1);
});
