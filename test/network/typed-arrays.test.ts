/** Numbers in a row may come as typed arrays, with the same result as lists. */
import { describe, expect, it } from "vitest";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, parameterVector } from "../../src/plan/layout.js";
import { planSolve } from "../../src/plan/plan.js";

const plan = (definition: NetworkDefinition) => planSolve(defineNetwork(definition), { paths: 1, t1: 1, dt: 0.1 });

describe("typed arrays", () => {
  it("give the network that lists give, and gradients come back as lists", () => {
    const lists = plan({
      layers: [2, 1],
      parameters: { mu1: [15, 14, 13] },
      weights: { layers: [[[0.5], [0.25]]] },
      current: [1, 2, 0],
      inputSpikes: { times: [0.25, 0.5], neurons: [0, 1], weights: [0.5, 0.75] },
    });
    const typed = plan({
      layers: [2, 1],
      parameters: { mu1: Float32Array.of(15, 14, 13) },
      weights: { layers: [[Float64Array.of(0.5), Float32Array.of(0.25)]] },
      current: Float64Array.of(1, 2, 0),
      inputSpikes: {
        times: Float64Array.of(0.25, 0.5),
        neurons: Uint32Array.of(0, 1),
        weights: Float32Array.of(0.5, 0.75),
      },
    });
    expect(parameterVector(typed)).toEqual(parameterVector(lists));
    expect(JSON.stringify(typed.arrivals)).toBe(JSON.stringify(lists.arrivals));
    const { views } = parameterLayout(typed);
    expect(views.get("mu1")!.shape(Float64Array.of(1, 2, 3))).toEqual([1, 2, 3]);
    expect(views.get("weights")!.shape(Float64Array.of(1, 2))).toEqual([[[1], [2]]]);
    expect(views.get("current")!.shape(Float64Array.of(1, 2, 3))).toEqual([1, 2, 3]);
  });

  it("are shown as lists where they are refused", () => {
    expect(() => plan({ neurons: 2, parameters: { mu1: Float32Array.of(1, 2, 3) } })).toThrow(
      /network\.parameters\.mu1: expected one number, or 2 \(one per neuron\), got 3/,
    );
    expect(() => plan({ neurons: 2, parameters: { mu1: Float32Array.of(1, Number.NaN) } })).toThrow(/mu1\[1\]: .*NaN/);
    const current = Float32Array.of(1.5) as unknown as number;
    expect(() => plan({ neurons: 2, parameters: { mu1: { a: current } as never } })).toThrow(/mu1: .*finite number/);
    expect(() => plan({ neurons: 2, weights: { dense: [Float32Array.of(0, 1), Float32Array.of(1)] } })).toThrow(
      /dense\[1\]: expected 2 numbers .*, got 1/,
    );
  });
});
