/** Fitted values in the place of a network's own, for every form in which populations and projections are given. */
import { describe, expect, it } from "vitest";
import { fittedPopulations } from "../../src/network/fitted-populations.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, parameterVector, replaceParameters, shapedValues } from "../../src/plan/layout.js";
import { planSolve } from "../../src/plan/plan.js";

const definition: NetworkDefinition = {
  populations: {
    in: { sources: 3 },
    a: { neurons: 3, parameters: { mu1: [5, 6, 7], beta: 4 }, current: [1, 2, 3] },
    b: { neurons: 3, current: { dt: 0.5, samples: [1, 2] } },
  },
  projections: [
    {
      from: "b",
      to: "a",
      weights: { random: { probability: 0.6, normal: [0, 1], seed: 3 } },
      delays: { uniform: [0.1, 0.2] },
    },
    {
      from: "in",
      to: "a",
      weights: {
        dense: [
          [1, 2, 3],
          [4, 5, 6],
          [7, 8, 9],
        ],
      },
      delays: [
        [0.1, 0.2, 0.3],
        [0.4, 0.5, 0.6],
        [0.7, 0.8, 0.9],
      ],
    },
    {
      from: "a",
      to: "b",
      weights: {
        edges: [
          [2, 0, 0.3],
          [0, 1, 0.1],
          [1, 1, 0.2],
        ],
      },
    },
    { from: "a", to: "a", weights: { rowStart: [0, 2, 2, 3], targets: [1, 2, 0], weights: [1, 2, 3] }, delays: 0.2 },
    {
      name: "tied",
      from: "b",
      to: "a",
      weights: {
        edges: [
          [2, 0, 0.3],
          [0, 1, 0.1],
          [1, 1, 0.3],
        ],
      },
      tied: [1, 0, 1],
      delays: [0.1, 0.2, 0.3],
    },
    { name: "all", from: "in", to: "b", weights: { allToAll: { normal: [0, 1] } } },
    { name: "one", from: "in", to: "b", weights: { oneToOne: 0.7 } },
    { name: "same", from: "in", to: "b", weights: { random: { out: 2, constant: 0.4 } }, tied: true },
    {
      name: "whole",
      from: "a",
      to: "b",
      weights: {
        dense: [
          [1, 1, 1],
          [1, 1, 1],
          [1, 1, 1],
        ],
      },
      tied: true,
    },
  ],
};

/** Every connection with its weight, port and delay, in the order of the rows. */
function connectionsOf(network: ReturnType<typeof defineNetwork>) {
  const { rowStart, targets, weights, weightOf, delays, delayOf } = network.connections;
  return {
    rowStart: [...rowStart],
    targets: [...targets],
    weights: Array.from(targets, (_, e) => weights[weightOf ? weightOf[e]! : e]),
    delays: Array.from(targets, (_, e) => (delayOf[e]! < 0 ? undefined : delays[delayOf[e]!])),
  };
}

describe("a network of populations with fitted values", () => {
  const plan = planSolve(defineNetwork(definition), {
    paths: 1,
    t1: 1,
    dt: 0.1,
    samples: { spikes: [{ times: [], sources: [] }] },
  });
  const layout = parameterLayout(plan);
  const views = [...layout.views.values()].filter((v) => v.length > 0);
  const vector = parameterVector(plan).map((v, i) => v + (i + 1) / 1024);

  it.each([
    ["all values", views.map((v) => v.name)],
    ["weights alone", views.map((v) => v.name).filter((n) => n.endsWith(".weights"))],
    ["delays alone", views.map((v) => v.name).filter((n) => n.endsWith(".delays"))],
  ])("has the connections and parameters of the flat vector: %s", (_, names) => {
    const chosen = views.filter((v) => names.includes(v.name));
    const moved = parameterVector(plan);
    for (const v of chosen) moved.set(vector.subarray(v.offset, v.offset + v.length), v.offset);
    const wanted = replaceParameters(plan, layout, moved);
    // As a job has them: typed with ->, and through JSON.
    const values = Object.fromEntries(
      Object.entries(shapedValues(chosen, moved)).map(([n, v]) => [n.replace("→", "->"), v]),
    );
    const written = JSON.parse(JSON.stringify(fittedPopulations(definition, values)));
    const found = planSolve(defineNetwork(written), {
      paths: 1,
      t1: 1,
      dt: 0.1,
      samples: { spikes: [{ times: [], sources: [] }] },
    });
    expect(connectionsOf(found.network)).toEqual(connectionsOf(wanted.network));
    expect(found.network.parameters.map((p) => [...p.values])).toEqual(
      wanted.network.parameters.map((p) => [...p.values]),
    );
    expect([...found.current.values]).toEqual([...wanted.current.values]);
    // What is tied stays so.
    expect(parameterLayout(found).views.get("tied.weights")!.length).toBe(2);
    expect(parameterLayout(found).views.get("whole.weights")!.length).toBe(1);
  });

  it("keeps the forms that say each weight", () => {
    const { projections } = fittedPopulations(definition, {
      "a->b.weights": [
        [2, 0, 3],
        [0, 1, 1],
        [1, 1, 2],
      ],
      "same.weights": 0.9,
    });
    expect(projections![2]!.weights).toEqual({
      edges: [
        [2, 0, 3],
        [0, 1, 1],
        [1, 1, 2],
      ],
    });
    expect(projections![7]!.weights).toEqual({ random: { out: 2, constant: 0.9 } });
    expect(projections![0]).toBe(definition.projections![0]);
  });
});
