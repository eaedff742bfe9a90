/** What a network of different cells refuses, so that no population's cell is taken for another's. */
import { expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { judgeMean } from "../../src/loss/judge-mean.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";

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
    ).rejects.toThrow(/^network\.populations\.bad\.cell: the pathwise gradient of "bad" is not exact: .*noise/);
  }
  engine.dispose();
});

it("says whose cell makes means of gradients wrong, and judges each by itself", () => {
  const grazing = plain("graze", {
    state: { v: "q + mu - v", q: "-q / 0.5" },
    noise: { q: "0.6" },
    reset: { v: "0" },
  });
  // Its voltage is reset to a value, and added to by spikes: what comes of two at one time depends on their order.
  const fed = plain("fed", { state: { v: "1.3 - v" }, reset: { v: "0" }, receive: { v: "v + w" }, parameters: {} });
  const judged = (populations: Record<string, CellDefinition>, edges: readonly [string, string][] = []) => {
    const network = defineNetwork({
      populations: Object.fromEntries(Object.entries(populations).map(([n, cell]) => [n, { cell, neurons: 2 }])),
      projections: edges.map(([from, to]) => ({ from, to, weights: { allToAll: 0.3 } })),
    });
    return judgeMean(planSolve(network, { paths: 1, t1: 1, dt: 0.1 }), meanSpikeTime(0, 0), []);
  };
  const lines = judged({ calm: plain("a"), loud: grazing }).because;
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line).toMatch(/^loud \("graze"\): no grazing /);
  // Without chance of its own a cell has that of those who send to it.
  const still = plain("still", { parameters: {}, state: { v: "1.3 - v" } });
  expect(judged({ still, fed }, [["still", "fed"]]).because).toEqual([]);
  const random = judged({ fed, loud: grazing }, [["loud", "fed"]]).because;
  expect(random.some((line) => line.startsWith('fed ("fed"): coincident jumps commute '))).toBe(true);
  // Of two cells with one state, one of which is reset to a value and the other receives, neither does both.
  const reset = plain("reset", { state: { v: "1.3 - v" }, reset: { v: "0" }, noise: {}, parameters: {} });
  const shifted = { ...fed, name: "shifted", reset: { v: "v - 1" } };
  const hazard = plain("hazard", {
    state: { s: "1" },
    event: "s",
    reset: { s: "log(u)" },
    start: { s: "log(u)" },
    parameters: {},
  });
  const apart = judged({ hazard, reset, shifted }, [["hazard", "shifted"]]);
  expect([apart.random, apart.because]).toEqual([true, []]);
});

it("judges each by itself where inputs are sampled, with what its own neurons are given", () => {
  const hazard = (name: string, event: string): CellDefinition => ({
    name,
    state: { s: "exp(mu + g)" },
    inputs: ["g"],
    event,
    reset: { s: "log(u)" },
    start: { s: "log(u)" },
    parameters: { mu: 1 },
  });
  const held = (...samples: number[]) => ({ g: { dt: 0.5, samples } });
  const judged = (quietly: number[]) => {
    const network = defineNetwork({
      populations: {
        loud: { cell: hazard("smooth", "s"), neurons: 1, inputs: held(1, 0) },
        quiet: { cell: hazard("stepped", "s + g"), neurons: 1, inputs: held(...quietly) },
      },
    });
    return judgeMean(planSolve(network, { paths: 1, t1: 1, dt: 0.1 }), meanSpikeTime(0, 0), []);
  };
  // A signal that falls takes spikes away that were about to come; where it rises they come at the grid point, from later and earlier.
  expect(judged([0, 0.5]).because).toEqual([]);
  const { because } = judged([0.5, 0]);
  expect(because.length).toBeGreaterThan(0);
  for (const line of because) expect(line).toMatch(/^quiet \("stepped"\): /);
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
