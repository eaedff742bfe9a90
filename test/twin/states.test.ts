/** States at grid points in the twin: against traces, and gradients by them against finite differences. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { libraryCell } from "../../src/network/network.js";
import type { Method, SolveOptions } from "../../src/plan/plan.js";
import { one, recurrent } from "../solve/gpu-twin.js";
import { delayed } from "../support/delayed.js";
import { expectGradient } from "../support/gradient.js";
import { hybrids } from "../support/hybrid.js";
import { stiffCases } from "../support/stiff.js";

const cpu = await Engine.create({ backend: "cpu" });
const barrier = { cell: await libraryCell("barrier-option"), parameters: { barrier: 105, strike: 50 } };

describe("gradients by states", () => {
  const states = { times: [0, 0.02, 0.5, 0.52, 0.98, 1] };
  const cases: [string, Parameters<typeof expectGradient>[0], Method, Partial<SolveOptions>][] = [
    ["one neuron", one, "levy", { states }],
    ["one neuron, with kicks", one, "euler", { states: { times: { every: 0.1 } } }],
    ["one neuron, held after its second spike", one, "levy", { states, maxSpikes: 2 }],
    ["held where the path ends", barrier, "levy", { states: { times: { every: 0.2 } } }],
    ["some of a network", recurrent, "levy", { states: { ...states, of: ["i", "v"], neurons: [3, 0] } }],
    ["delays", delayed, "levy", { states: { ...states, neurons: [1] } }],
    ["a hybrid cell", hybrids[0]![1], "levy", { states }],
    ["stiff states", stiffCases[0]![1], "levy", { states }],
  ];
  it.each(cases)("are finite differences: %s", (_, network, method, options) => {
    expectGradient(network, method, options);
  });
});
