/** Forms of projections, and what is refused of populations and projections. */
import { describe, expect, it } from "vitest";
import { weightAt } from "../../src/network/connections.js";
import { defineNetwork, type Network } from "../../src/network/network.js";
import type { ProjectionDefinition } from "../../src/network/projections.js";

const between = (a: number, b: number, projection: Partial<ProjectionDefinition>): Network =>
  defineNetwork({
    populations: { a: { neurons: a }, b: { neurons: b }, input: { sources: 2 } },
    projections: [{ from: "a", to: "b", weights: { allToAll: 1 }, ...projection }],
  });

/** [from, to, weight] of every connection, in rows. */
function edgesOf({ connections }: Network): number[][] {
  const { rowStart, targets } = connections;
  return Array.from(rowStart.slice(1)).flatMap((end, k) =>
    Array.from(targets.subarray(rowStart[k]!, end), (to, n) => [k, to, weightAt(connections, rowStart[k]! + n)]),
  );
}

const triples = [
  [0, 3, 0.5],
  [1, 2, 2],
  [1, 3, -1],
];

describe("weights of a projection", () => {
  it("are the same as dense, as edges in any order and as rows", () => {
    const dense = [
      [0, 0.5],
      [2, -1],
    ];
    const edges: [number, number, number][] = [
      [1, 1, -1],
      [0, 1, 0.5],
      [1, 0, 2],
    ];
    const rows = { rowStart: Uint32Array.of(0, 1, 3), targets: Uint32Array.of(1, 1, 0), weights: [0.5, -1, 2] };
    expect(edgesOf(between(2, 2, { weights: { dense } })).filter(([, , w]) => w !== 0)).toEqual(triples);
    expect(edgesOf(between(2, 2, { weights: { edges } }))).toEqual(triples);
    const network = between(2, 2, { weights: rows });
    expect(edgesOf(network)).toEqual(triples);
    const [place] = network.connections.projections!;
    expect(place!.name).toBe("a→b");
    // In the order in which they were given.
    expect(place!.weights.shape(network.connections.weights)).toEqual([0.5, -1, 2]);
  });

  it("go from neuron to neuron, all to all, and out of sources, whose rows come last", () => {
    expect(edgesOf(between(2, 2, { weights: { oneToOne: [0.1, 0.2] } }))).toEqual([
      [0, 2, 0.1],
      [1, 3, 0.2],
    ]);
    const sent = edgesOf(between(1, 2, { from: "input", weights: { allToAll: { constant: 0.5 } } }));
    expect(sent.map(([from, to]) => [from, to])).toEqual([
      [3, 1],
      [3, 2],
      [4, 1],
      [4, 2],
    ]);
  });

  it("that are drawn have their law, and each neuron as many as it should", () => {
    const n = 1000;
    const made = between(n, n, { weights: { random: { probability: 0.02, normal: [0.5, 0.1], seed: 3 } } });
    const { targets, weights, parallel } = made.connections;
    // 20,000 of a million pairs, with a standard deviation of 140; means of as many weights to 0.1 / sqrt(20,000).
    expect(Math.abs(targets.length - 20000)).toBeLessThan(5 * 140);
    expect(parallel).toBe(false);
    const mean = weights.reduce((a, b) => a + b) / weights.length;
    const deviation = Math.sqrt(weights.reduce((a, b) => a + (b - mean) ** 2, 0) / weights.length);
    expect(Math.abs(mean - 0.5)).toBeLessThan((5 * 0.1) / Math.sqrt(20000));
    expect(Math.abs(deviation / 0.1 - 1)).toBeLessThan(5 / Math.sqrt(40000));
    const inward = new Uint32Array(2 * n);
    for (const t of targets) inward[t]!++;
    // Binomial(1000, 0.02): its variance over 1000 targets, whose own standard error is sqrt(2 / 1000) of it.
    const counts = Array.from(inward.subarray(n));
    const spread = counts.reduce((a, c) => a + (c - 20) ** 2, 0) / n;
    expect(Math.abs(spread / 19.6 - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(edgesOf(between(n, n, { weights: { random: { probability: 0.02, normal: [0.5, 0.1], seed: 3 } } }))).toEqual(
      edgesOf(made),
    );
  });

  it("into each or out of each go to different neurons, and within a population not to itself", () => {
    const inward = edgesOf(between(6, 5, { weights: { random: { in: 4, constant: 1 } } }));
    for (let j = 6; j < 11; j++)
      expect(new Set(inward.filter(([, to]) => to === j).map(([from]) => from)).size).toBe(4);
    const outward = edgesOf(between(6, 1, { to: "a", weights: { random: { out: 5, uniform: [0, 1], seed: 2 } } }));
    for (let k = 0; k < 6; k++) {
      const to = outward.filter(([from]) => from === k).map((edge) => edge[1]);
      expect(to).toEqual([0, 1, 2, 3, 4, 5].filter((j) => j !== k));
    }
    const every = edgesOf(between(4, 1, { to: "a", weights: { random: { probability: 1, constant: 1 } } }));
    expect(every).toHaveLength(12);
    const withOwn = { random: { probability: 1, constant: 1, autapses: true } };
    expect(edgesOf(between(4, 1, { to: "a", weights: withOwn }))).toHaveLength(16);
    expect(edgesOf(between(4, 1, { to: "a", weights: { random: { probability: 0, constant: 1 } } }))).toEqual([]);
  });

  it("of a group are one", () => {
    const network = between(2, 2, { weights: { allToAll: { uniform: [0, 1], seed: 5 } }, tied: [0, 1, 1, 0] });
    const { weights } = network.connections;
    expect(weights).toHaveLength(2);
    const [a, b] = weights;
    expect(edgesOf(network).map((edge) => edge[2])).toEqual([a, b, b, a]);
    expect(between(2, 2, { tied: true }).connections.projections![0]!.weights.shape([3])).toBe(3);
  });
});

it("a million connections are drawn into rows", () => {
  const network = between(1000, 10000, { weights: { random: { probability: 0.1, normal: [0, 0.1] } }, delays: 1.5 });
  const { targets, weights, rowStart } = network.connections;
  expect(targets.length).toBeGreaterThan(9.9e5);
  expect(weights.length).toBe(targets.length);
  expect(rowStart.at(-1)).toBe(targets.length);
});

describe("populations and projections refuse", () => {
  const wrong: [string, Partial<ProjectionDefinition>, string][] = [
    [
      "an unknown sender",
      { from: "c" },
      'network.projections[0].from: no population is called "c"; known: a, b, input',
    ],
    ["an unknown target", { to: "c" }, 'network.projections[0].to: no population is called "c"; known: a, b, input'],
    ["a target of sources", { to: "input" }, '"input" is a population of sources, at which nothing arrives'],
    ["a port that the cell lacks", { port: "exc" }, 'network.projections[0].port: cell "slif" has no port "exc"'],
    ["a negative delay", { delays: -1 }, "network.projections[0].delays: expected a number of at least 0, got -1"],
    ["a delay for some", { delays: [1] }, "network.projections[0].delays"],
    [
      "weights of no form",
      { weights: {} as never },
      "expected one of dense, edges, rowStart (with targets and weights)",
    ],
    ["one to one of two sizes", { weights: { oneToOne: 1 } }, "goes from 2 neurons to 3"],
    [
      "rows that do not end",
      { weights: { rowStart: [0, 1, 1], targets: [0, 1], weights: [1, 1] } },
      "network.projections[0].weights.rowStart: expected 3 entries from 0 to 2",
    ],
    [
      "a target beyond",
      { weights: { rowStart: [0, 1, 1], targets: [3], weights: [1] } },
      "network.projections[0].weights.targets[0]: expected a whole number from 0 to 2, got 3",
    ],
    [
      "more connections than there are neurons",
      { weights: { random: { in: 3, constant: 1 } } },
      "weights.random.in: expected a whole number from 0 to 2",
    ],
    [
      "different weights in a group",
      {
        weights: {
          dense: [
            [1, 2, 1],
            [1, 1, 1],
          ],
        },
        tied: true,
      },
      "ties connections of weights 1 and 2",
    ],
  ];
  it.each(wrong)("%s", (_, projection, message) => {
    expect(() => between(2, 3, projection)).toThrow(message);
  });

  it("names and fields that do not go together", () => {
    expect(() => defineNetwork({ neurons: 2, populations: { a: { neurons: 1 } } })).toThrow(
      "network.neurons: does not go with network.populations",
    );
    // As jobs write it: signals stand beside the network there.
    expect(() => defineNetwork({ current: 1, populations: { a: { neurons: 1 } } })).toThrow(
      "input.current: does not go with network.populations; give it there",
    );
    expect(() => defineNetwork({ projections: [] })).toThrow("network.projections: go with network.populations");
    expect(() => defineNetwork({ populations: { "a.b": { neurons: 1 } } })).toThrow("is no name");
    expect(() => defineNetwork({ populations: { a: { sources: 1 } } })).toThrow("has no neurons");
    expect(() => defineNetwork({ populations: { a: { neurons: 2, parameters: { mu1: [1] } } } })).toThrow(
      "network.populations.a.parameters.mu1: expected one number, or 2 (one per neuron), got 1",
    );
    expect(() => defineNetwork({ populations: { a: { neurons: 1, inputs: { g: 1 } } } })).toThrow(
      'network.populations.a.inputs.g: cell "slif" has no such input',
    );
  });
});
