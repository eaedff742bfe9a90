/** The horizon term on the GPU against the float64 twin: `euler`, delays, several events, losses, carried increments. */
import { describe, expect, it } from "vitest";
import { GradientEvaluator } from "../../src/gradient/evaluate.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import { judgeMean } from "../../src/loss/judge-mean.js";
import { pathLoss } from "../../src/loss/path-loss.js";
import { signatureMmdLoss, signatureScoreLoss } from "../../src/loss/signature-kernel.js";
import { spikeCount } from "../../src/loss/spike-count.js";
import { fanoFactor, interval } from "../../src/loss/spike-statistics.js";
import { defineNetwork, libraryCell, type NetworkDefinition } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import { evaluateCpu } from "../../src/twin/evaluate.js";
import { sharedGpu } from "../support/gpu.js";
import { everySolver, expectRows, network, neuron, rowsOf } from "./horizon.js";

const gpu = sharedGpu();

describe("euler", () => everySolver("euler", gpu));

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

it("a network whose spikes arrive after a delay", async () => {
  const late = { ...network, weights: { ...network.weights, delays: 0.031 } } as NetworkDefinition;
  expect(await expectRows(gpu(), late, ["current", "alpha", "weights", "delays"], spikeCount())).toBeGreaterThan(60);
});

it("cells with several events, whose hazards compete or rest", async () => {
  expect(await expectRows(gpu(), threshold, ["rest", "tau", "limit", "current"], spikeCount())).toBeGreaterThan(30);
  const queue: NetworkDefinition = { cell: await libraryCell("mm1-queue"), parameters: { n0: 1 } };
  expect(await expectRows(gpu(), queue, ["lambda", "mu"], spikeCount(), { t1: 3, dt: 0.1 })).toBeGreaterThan(30);
  const two = { ...queue, neurons: 2, parameters: { n0: 1, mu: [1, 1.5] } };
  expect(await expectRows(gpu(), two, ["lambda", "mu"], spikeCount(), { t1: 3, dt: 0.1 })).toBeGreaterThan(30);
});

const observed = [
  { times: [0.2, 0.4], neurons: [0, 0] },
  { times: [0.3], neurons: [0] },
];

/** Of more spikes than most paths have, two of them at one time. */
const many = [
  { times: [0.1, 0.1, 0.21, 0.25, 0.3, 0.33, 0.36, 0.42, 0.45], neurons: [0, 1, 0, 2, 0, 1, 0, 3, 0] },
  { times: [0.15, 0.2, 0.2, 0.2, 0.2, 0.3], neurons: [3, 0, 1, 2, 3, 1] },
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
  ["matched signatures of depth 2", expectedSignatureLoss(many, { depth: 2, matching: true })],
  ["matched signatures of depth 3", expectedSignatureLoss(many, { depth: 3, matching: true })],
  ["matched signatures of depth 4", expectedSignatureLoss(many, { depth: 4, matching: true })],
  ["signature MMD² by differences", signatureMmdLoss(observed, { static: { kind: "rbf", sigma: 1 } })],
  [
    "signature MMD² with itself, by differences",
    signatureMmdLoss(observed, { unbiased: false, static: { kind: "rbf", sigma: 1 } }),
  ],
  [
    "signature MMD² with itself, by truncated kernels",
    signatureMmdLoss(observed, {
      unbiased: false,
      static: { kind: "linear", scale: 1.3 },
      solver: { kind: "truncated", depth: 3 },
    }),
  ],
  ["signature score by truncated kernels", signatureScoreLoss(observed, { solver: { kind: "truncated", depth: 3 } })],
  ["a loss of one's own", weighted],
  ["counts with targets", spikeCount({ neuron: [1, 3], target: [2, 1] })],
  ["a Fano factor", fanoFactor({ neuron: [0, 2] })],
  ["the variation of intervals", interval({ statistic: "cv", target: 0.5 })],
])("%s", async (_, loss) => {
  expect(await expectRows(gpu(), network, ["current", "weights"], loss)).toBeGreaterThan(50);
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
    await rowsOf(gpu(), carried, names, spikeCount()),
    await rowsOf(undefined, plan, names, spikeCount()),
  ];
  const off = host.filter((row, i) =>
    row.some((v, r) => Math.abs(v - device[i]![r]!) > 1e-3 * Math.max(1, Math.abs(v))),
  );
  expect(off.length).toBeLessThanOrEqual(1);
});
