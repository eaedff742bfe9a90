import { expect, it } from "vitest";
import { defineNetwork } from "../../src/network/network.js";

it("parameters that a cell wants above 0 are checked in every neuron", () => {
  const slif = (tauS: number | number[]) => () => defineNetwork({ neurons: 2, parameters: { tauS } });
  expect(slif(0)).toThrow("network.parameters.tauS: expected a number above 0, got 0");
  expect(slif([1, -0.5])).toThrow("network.parameters.tauS[1]: expected a number above 0, got -0.5");
  expect(slif([1, 0.5])().parameters.find((p) => p.name === "tauS")!.values).toEqual(Float64Array.of(1, 0.5));
  for (const name of ["tau", "tauEta", "tauGamma", "tauTheta", "tauS", "deltaV", "slope"]) {
    const negative = () => defineNetwork({ cell: "gif", parameters: { [name]: -1 } });
    expect(negative).toThrow(`network.parameters.${name}: expected a number above 0, got -1`);
  }
});

it("a section that a network does not have is refused: misspelt, it would count for nothing", () => {
  expect(() => defineNetwork({ curent: 1.5 } as never)).toThrow(
    "network.curent: is unknown; known: cell, neurons, layers, parameters, weights, inputs, current, inputSpikes",
  );
  const layers = [1, 2];
  const weights = { layers: [[[0.5, -0.25]]] };
  const inputSpikes = { times: [0.1], neurons: [0], weights: [1] };
  const whole = { cell: "slif", neurons: 3, layers, parameters: { mu1: 15 }, weights, current: 1.5, inputSpikes };
  expect(defineNetwork(whole)).toMatchObject({ neurons: 3, layers, current: 1.5, inputSpikes });
});

it("a current is refused where it is defined, not only where it is planned", () => {
  const of = (current: unknown) => () => defineNetwork({ current } as never);
  expect(of({ I: 1 })).toThrow("input.current.I: is unknown; known: dt, samples, interpolation");
  expect(of({ dt: 0.1, samples: [1], interpolation: "cubic" as "linear" })).toThrow(
    'input.current.interpolation: expected one of constant, linear, got "cubic"',
  );
  expect(of({ samples: [1] })).toThrow("input.current.dt: expected a finite number, got undefined");
  expect(of({ dt: 0.1, samples: [] })).toThrow("input.current.samples: expected a list of samples");
  expect(of("1")).toThrow('input.current: expected a number, a list, or { dt, samples }, got "1"');
});
