import { describe, expect, it } from "vitest";
import type { Weights } from "../../src/network/connections.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { methods, planSolve, type SolveOptions } from "../../src/plan/plan.js";
import { sensitivitiesCpu } from "../../src/twin/sensitivities.js";
import { atOnce } from "../support/at-once.js";
import { delayed } from "../support/delayed.js";
import { expectGradient } from "../support/gradient.js";
import { hybrids } from "../support/hybrid.js";
import { parallel } from "../support/ported.js";
import { stiffCases } from "../support/stiff.js";

const recurrent: NetworkDefinition = {
  cell: "slif",
  neurons: 5,
  parameters: {
    mu1: [14, 15, 16, 15, 13],
    mu2: 9,
    sigma1: 0.25,
    sigma2: [0.2, 0.3, 0.25, 0.2, 0.1],
    vReset: 1.3,
    v0: [0.1, 0, 0.2, 0.3, 0],
    i0: 0.1,
  },
  weights: {
    dense: Array.from({ length: 5 }, (_, k) => Array.from({ length: 5 }, (_, j) => 0.3 * Math.sin(1 + 3 * k + 7 * j))),
  },
  current: [1.5, 1.4, 1.6, 1.2, 1.3],
};

const one: NetworkDefinition = { cell: "slif", parameters: { sigma1: 0.25, sigma2: 0.3, i0: 0.2 }, current: 1.5 };
const sampled: NetworkDefinition = {
  ...one,
  current: { dt: 0.1, samples: Array.from({ length: 12 }, (_, s) => [1.2 + 0.5 * Math.sin(s)]) },
};

const inputs: NetworkDefinition = {
  ...recurrent,
  inputSpikes: {
    times: [0.05, 0.051, 0.2, 0.315, 0.315, 0.4, 0.5201],
    neurons: [0, 1, 4, 2, 3, 0, 1],
    weights: [0.5, 0.8, -0.4, 1.1, 0.6, 0.7, 0.9],
  },
};

type Case = [string, NetworkDefinition, Partial<SolveOptions>];

const cases: Case[] = [
  ["one neuron", one, { t1: 1.2 }],
  ["one neuron with a sampled current", sampled, { t1: 1.2 }],
  ["a recurrent network of 5", recurrent, { t1: 0.6 }],
  ["a recurrent network with input spikes", inputs, { t1: 0.6 }],
  ["spikes that follow jumps at once", atOnce, { t1: 0.6 }],
  ["three ports, and several connections from a neuron to another", parallel, { t1: 0.7 }],
  ["delays of all sizes", delayed, { t1: 0.6 }],
  ["a delay for all", { ...recurrent, weights: { ...recurrent.weights, delays: 0.0431 } as Weights }, { t1: 0.6 }],
  ...hybrids.map(([name, network]): Case => [name, network, { t1: 1 }]),
  ...stiffCases.map(([name, network]): Case => [name, network, { t1: 0.5 }]),
];

describe.each(methods)("gradient of spike times, method %s", (method) => {
  it.each(cases)("agrees with central finite differences: %s", (_, definition, options) => {
    expect(expectGradient(definition, method, options).spikes).toBeGreaterThan(method === "levy" ? 6 : 3);
  });
});

it("sensitivities are of more paths than a call takes arguments", async () => {
  const network = defineNetwork({ cell: "slif" });
  const plan = planSolve(network, { paths: 150_000, t1: 0.1, dt: 0.1 });
  const { table } = await sensitivitiesCpu(plan, []);
  expect([table.counts.length, table.slots]).toEqual([150_000, 1]);
});
