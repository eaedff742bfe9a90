import { describe, expect, it } from "vitest";
import { defineNetwork } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { planSolve } from "../../src/plan/plan.js";

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
    "network.curent: is unknown; known: cell, neurons, layers, parameters, weights, inputs, current, populations, projections, inputSpikes",
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

describe("inputs by name", () => {
  const cell = {
    name: "two",
    inputs: ["I", "g"],
    state: { v: "I + g - v" },
    event: "v - 1",
    reset: { v: "0" },
    parameters: { tau: 1 },
  };
  const of = (definition: object) => () => defineNetwork({ cell, ...definition } as never);
  const sampled = { dt: 0.1, samples: [1, 2], interpolation: "linear" } as const;

  it("are all to be given, and no others", () => {
    expect(of({ inputs: { I: 1 } })).toThrow('input.inputs.g: is missing: cell "two" reads it');
    expect(of({ inputs: { g: 1 } })).toThrow('input.inputs.I: is missing: cell "two" reads it');
    expect(of({ inputs: { I: 1, g: 1, h: 1 } })).toThrow('input.inputs.h: cell "two" has no such input; known: I, g');
    expect(of({ inputs: { I: 1, g: 1 }, current: 1 })).toThrow("input.current: is the input I");
    expect(of({ current: 1, inputs: { g: [1, 2] } })).toThrow("input.inputs.g: expected one number, or 1");
    expect(of({ inputs: { I: 1, g: 1 }, parameters: { g: 1 } })).toThrow(
      "network.parameters.g: is an input; give it as input.inputs.g",
    );
    expect(of({ current: 1, inputs: { g: { dt: 0.1, samples: [] } } })).toThrow(
      "input.inputs.g.samples: expected a list",
    );
    expect(() => defineNetwork({ cell: { ...cell, inputs: ["g"], state: { v: "g - v" } }, current: 1 })).toThrow(
      'input.current: cell "two" has no input I; known: g',
    );
    expect(() => defineNetwork({ current: 1, inputs: { g: 1 } })).toThrow('cell "slif" has no such input; known: I');
  });

  it("that are constant are parameters, and I is 0 in a cell that names none", () => {
    const { parameters, current } = defineNetwork({ cell, neurons: 2, inputs: { I: 1.5, g: [1, 2] } });
    expect(current).toBe(1.5);
    expect(parameters.find((p) => p.name === "g")!.values).toEqual(Float64Array.of(1, 2));
    expect(defineNetwork({}).current).toBe(0);
  });

  it("have gradients by what they are called, where they are not sampled", () => {
    const viewsOf = (definition: object, names: string[]) => {
      const network = of(definition)();
      const plan = planSolve(network, { paths: 1, t1: 0.1, dt: 0.1 });
      return requestedViews(plan.network, parameterLayout(plan), names).map((v) => [v.asked, v.name]);
    };
    expect(viewsOf({ inputs: { I: 1, g: 1 } }, ["I", "g"])).toEqual([
      ["I", "current"],
      ["g", "g"],
    ]);
    const read = { ...cell, event: "v - 1 - I" };
    expect(viewsOf({ cell: read, inputs: { I: 1, g: 1 } }, ["current"])).toEqual([["current", "I"]]);
    expect(() => viewsOf({ inputs: { I: 1, g: sampled } }, ["g"])).toThrow('with[0]: "g" is sampled');
    expect(() => viewsOf({ inputs: { I: sampled, g: 1 } }, ["current"])).toThrow('with[0]: "current" is sampled');
    expect(() => viewsOf({ inputs: { I: 1, g: 1 } }, ["I", "current"])).toThrow(
      'with[1]: "current" stands there twice',
    );
  });

  it("are named once, and as nothing else is", () => {
    const named = (inputs: unknown) => () => defineNetwork({ cell: { ...cell, inputs } } as never);
    expect(named("I")).toThrow('cell.inputs: expected a list of names, got "I"');
    expect(named(["g", "g"])).toThrow('cell.inputs[1]: "g" stands there twice');
    expect(named(["v"])).toThrow('cell.inputs[0]: "v" is a state variable too; rename one');
    expect(named(["tau"])).toThrow('cell.inputs[0]: "tau" is a parameter too; rename one');
    expect(named(["t"])).toThrow('cell.inputs[0]: "t" has a meaning of its own');
    expect(named(["1"])).toThrow("cell.inputs[0]: a name is a letter");
  });

  it("that are sampled must reach the end", () => {
    const plan =
      (g: object, dt = 0.1) =>
      () =>
        planSolve(of({ inputs: { I: 1, g } })(), { paths: 1, t1: 0.3, dt, t0: 0.1 });
    expect(plan({ ...sampled, samples: [1, 2, 3] })().inputs[0]!.samples).toBe(3);
    expect(plan(sampled)).toThrow("input.inputs.g.samples: 2 samples end at time 0.2, before t1 = 0.3");
    expect(plan({ dt: 0.15, samples: [1, 2] })).toThrow("input.inputs.g.dt: 0.15 is not a whole number of time.dt");
    // 0, 2/3 and 4/3 of the way from sample to sample.
    const { values } = plan({ dt: 0.15, samples: [0, 3, 9], interpolation: "linear" })().inputs[0]!;
    for (const [i, v] of [0, 2, 5].entries()) expect(values[i]).toBeCloseTo(v, 12);
  });
});
