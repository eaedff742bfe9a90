/** What a network of different cells refuses, so that no population's cell is taken for another's. */
import { expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";

const plain = (name: string, more: Partial<CellDefinition> = {}): CellDefinition => ({
  name,
  state: { v: "mu" },
  event: "v - 1",
  reset: { v: "v - 1" },
  parameters: { mu: 1 },
  ...more,
});
const of = (cells: CellDefinition[], more: Partial<NetworkDefinition> = {}): NetworkDefinition => ({
  populations: Object.fromEntries(cells.map((cell) => [cell.name, { cell, neurons: 1 }])),
  ...more,
});

it("judges every cell, the last of six too", async () => {
  const good = ["a", "b", "c", "d", "e"].map((name, i) => plain(name, { state: { v: `mu + ${i}` } }));
  // Noise does not drive the event, so that its gradient is not exact.
  const bad = plain("bad", { noise: { v: "2" }, reset: { v: "0" } });
  const engine = await Engine.create({ backend: "cpu" });
  for (const cells of [
    [...good, bad],
    [bad, ...good],
  ]) {
    const network = engine.network(of(cells));
    const neuron = cells.indexOf(bad);
    await expect(
      network.valueAndGradient(meanSpikeTime(neuron, 1), { paths: 4, t1: 1, dt: 0.1, with: ["bad.mu"] }),
    ).rejects.toThrow(/not exact|noise/);
  }
  engine.dispose();
});

it.each<[string, NetworkDefinition, string]>([
  [
    "more cells than are judged",
    of(["a", "b", "c", "d", "e", "f", "g"].map((name, i) => plain(name, { state: { v: `mu + ${i}` } }))),
    "have 7 different cells; a network takes 6",
  ],
  [
    "a channel that is shared in one cell alone",
    of([
      plain("a", { noise: { v: { common: "0.1" } }, shared: ["common"] }),
      plain("b", { noise: { v: { common: "0.1" } } }),
    ]),
    'the noise channel "common" is shared in one cell, and each neuron\'s own in "b"; rename one',
  ],
  [
    "a parameter that is above 0 in one cell alone",
    of([plain("a", { positive: ["mu"] }), plain("b", { parameters: { mu: -1 } })]),
    '"mu" is above 0 in cell "a" and -1 in "b"; rename one',
  ],
  [
    "an input spike at a port that the neuron's cell lacks",
    of(
      [plain("a", { receive: { v: "v + w" } }), plain("b", { receive: { exc: { v: "v + w" }, inh: { v: "v - w" } } })],
      { inputSpikes: { times: [0.5], neurons: [0], weights: [1], port: "exc" } },
    ),
    'spike 0 arrives at "exc", which the cell of neuron 0 (population "a") lacks; its ports: receive',
  ],
])("refuses %s", (_, network, message) => {
  expect(() => defineNetwork(network)).toThrow(message);
});

it("refuses states and values by sample of a population that has none such", async () => {
  const engine = await Engine.create({ backend: "cpu" });
  const other = plain("b", { state: { x: "k" }, event: "x - 1", reset: { x: "0" }, parameters: { k: 1 } });
  const network = engine.network(of([plain("a"), other]));
  const solve = { paths: 1, t1: 1, dt: 0.1 };
  expect(() => network.plan({ ...solve, states: { of: ["v"], times: "t1" } })).toThrow(
    'states.of: population "b" has no state "v"; name its states, or other neurons',
  );
  expect(() => network.plan({ ...solve, states: { of: ["v"], neurons: "a", times: "t1" } })).not.toThrow();
  const samples = (parameters: Record<string, number[]>) => ({ t1: 1, dt: 0.1, paths: 1, samples: { parameters } });
  expect(() => network.plan(samples({ "a.k": [2] }))).toThrow(/a\.k.*has no such parameter/);
  expect(() => network.plan(samples({ "a.whichCell": [1] }))).toThrow(/whichCell/);
  engine.dispose();
});
