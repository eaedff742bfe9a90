/** Inputs by name in the twin: gradients against finite differences, closed forms, the order of the method, time from t0 on. */
import { describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { judgeMean } from "../../src/loss/judge-mean.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { methods, planSolve, type SolveOptions } from "../../src/plan/plan.js";
import { compileFor } from "../../src/twin/compile.js";
import { PathSolver } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";
import { expectGradient } from "../support/gradient.js";
import { inputCases, wave } from "../support/inputs.js";

/** Spike times, and the state v of the first neuron at the end. */
function solved(definition: NetworkDefinition, options: Omit<SolveOptions, "paths">) {
  const plan = planSolve(defineNetwork(definition), { paths: 1, ...options });
  const { spikes, final } = new PathSolver(plan, compileFor(plan), counterNoise(plan)).solve(0, false);
  return { times: spikes.map((s) => plan.t0 + (s.step + s.fraction) * plan.dt), v: final[0]![0]! };
}

/** The time of a spike, and its derivatives by parameters. */
async function spike(definition: NetworkDefinition, index: number, names: string[], solve = {}) {
  const network = (await Engine.create({ backend: "cpu" })).network(definition);
  const options = { paths: 1, t1: 4, dt: 0.1, discretisation: false as const, ...solve, with: names };
  return network.valueAndGradient(meanSpikeTime(0, index), options);
}

describe.each(methods)("gradient of spike times with inputs, method %s", (method) => {
  // Every one by the default method; by the others those that use most.
  it.each(
    inputCases.filter((_, i) => method === "levy" || i >= 3),
  )("agrees with central finite differences: %s", (_, definition) => {
    expect(expectGradient(definition, method, { t1: 0.8, t0: 0.1, dt: 0.02 }).spikes).toBeGreaterThan(6);
  });
});

describe("a leaky neuron under a ramp", () => {
  const ramp = {
    dt: 0.5,
    samples: Array.from({ length: 9 }, (_, s) => 1 + 0.25 * s),
    interpolation: "linear" as const,
  };
  const leaky: CellDefinition = {
    name: "leaky",
    state: { v: "(I - v) / tau" },
    event: "v - 1",
    reset: { v: "0" },
    parameters: { tau: 2 },
  };

  it("is where the closed form is", () => {
    // I = 1 + t / 2: v = I - (tau / 2) + (tau / 2 - 1) exp(-t / tau), which is t / 2 at tau = 2.
    const { v } = solved({ cell: { ...leaky, event: "v - 9" }, inputs: { I: ramp } }, { t1: 4, dt: 0.5 });
    expect(Math.abs(v - 2)).toBeLessThan(1e-14);
  });

  it("fires where it does, with the derivatives that it has", async () => {
    const { value, gradient } = await spike({ cell: leaky, inputs: { I: ramp } }, 0, ["tau"]);
    expect(value).toBeCloseTo(2, 12);
    // By tau, v moves by -1/2 + exp(-t / 2) / 2 + (tau / 2 - 1) …, and t by that over its slope of 1/2.
    const exact = (0.5 - 0.5 * Math.exp(-1)) / 0.5;
    // Runge-Kutta 4 at dt / tau = 1/20.
    expect(Math.abs((gradient.tau as number) - exact)).toBeLessThan(1e-6);
  });
});

describe("the order of the method", () => {
  const cell: CellDefinition = {
    name: "smooth",
    inputs: ["g"],
    state: { v: "g * g * (1 - v) + sin(g)" },
    event: "v - 99",
    parameters: {},
  };
  const errors = (dt: number): number[] => {
    const inputs = { g: { dt, samples: wave(1, 0.8, 20), interpolation: "linear" as const } };
    const at = (step: number): number => solved({ cell, inputs }, { t1: 3.6, dt: step }).v;
    const exact = at(0.1 / 128);
    return [0.1, 0.05, 0.025].map((step) => Math.abs(at(step) - exact));
  };

  it("is 4 where samples lie on grid points", () => {
    const [a, b, c] = errors(0.4) as [number, number, number];
    expect(Math.log2(a / b)).toBeGreaterThan(3.7);
    expect(Math.log2(b / c)).toBeGreaterThan(3.7);
  });

  it("is 2 where samples lie within steps", () => {
    const [a, , c] = errors(0.37) as [number, number, number];
    expect(Math.log2(a / c) / 2).toBeGreaterThan(1.6);
  });
});

describe("surfaces that read an input", () => {
  const rising: CellDefinition = {
    name: "rising",
    inputs: ["top"],
    state: { v: "r" },
    event: "v - top",
    reset: { v: "0" },
    parameters: { r: 1 },
  };

  it("are crossed at once where a sample takes them below the state", async () => {
    const cell = { cell: rising, inputs: { top: { dt: 0.5, samples: [2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3] } } };
    expect(solved(cell, { t1: 1, dt: 0.1 }).times).toEqual([0.5, 0.8]);
    expect((await spike(cell, 0, ["r"])).gradient.r).toBe(0);
    expect((await spike(cell, 1, ["r"])).gradient.r).toBeCloseTo(-0.3, 12);
  });

  it("move with one that is linear", async () => {
    // v = r t meets top = 1 - t / 4 at 1 / (r + 1/4).
    const top = { dt: 1, samples: [1, 0.75, 0.5, 0.25, 0], interpolation: "linear" as const };
    const { value, gradient } = await spike({ cell: rising, inputs: { top } }, 0, ["r"]);
    expect(value).toBeCloseTo(0.8, 12);
    expect(gradient.r).toBeCloseTo(-0.64, 12);
  });

  it("are those of conditions too, which compare a state with an input", async () => {
    const cell: CellDefinition = {
      name: "switched",
      inputs: ["g"],
      state: { v: "v > g ? a : b" },
      event: "v - 1",
      reset: { v: "0" },
      parameters: { a: 0.8, b: 1.5 },
    };
    // v = b t meets g = 1/5 + t / 2 at t* = 1/5 / (b - 1/2), and goes on at a, by which it stays above g.
    const g = { dt: 1, samples: [0.2, 0.7, 1.2, 1.7, 2.2], interpolation: "linear" as const };
    const { value, gradient } = await spike({ cell, inputs: { g } }, 0, ["a", "b"]);
    expect(value).toBeCloseTo(0.2 + 0.7 / 0.8, 12);
    expect(gradient.a).toBeCloseTo(-0.7 / 0.64, 12);
    expect(gradient.b).toBeCloseTo(-0.2 * (1 - 1.5 / 0.8) - 0.2 / 0.8, 12);
  });

  it("turn conditions over at once, and back, where a held sample takes them there", async () => {
    const cell: CellDefinition = {
      name: "held switch",
      inputs: ["g"],
      state: { v: "v > g ? a : b" },
      event: "v - 1",
      parameters: { a: 1, b: 0.5 },
    };
    // b up to 1/2; a from there to 1, as g falls below v; then b again.
    const g = { dt: 0.5, samples: [3, 0.1, 3, 3, 3, 3, 3, 3] };
    const { value, gradient } = await spike({ cell, inputs: { g } }, 0, ["a", "b"]);
    expect(value).toBeCloseTo(1.5, 12);
    expect(gradient.a).toBeCloseTo(-0.5 / 0.5, 12);
    expect(gradient.b).toBeCloseTo(-1 / 0.5, 12);
  });
});

it("time counts from t0, in equations of flow, start and surfaces", async () => {
  const cell: CellDefinition = {
    name: "timed",
    inputs: [],
    state: { v: "t * r" },
    event: "v - 0.1 * t",
    start: { v: "0.01 * t" },
    parameters: { r: 1 },
  };
  // v = 0.03 + r (t² - 9) / 2 meets t / 10.
  const exact = 0.1 + Math.sqrt(0.01 + 2 * (4.5 - 0.03));
  const { value, gradient } = await spike({ cell }, 0, ["r"], { t0: 3, t1: 4 });
  expect(value).toBeCloseTo(exact, 12);
  expect(gradient.r).toBeCloseTo(-(exact ** 2 - 9) / 2 / (exact - 0.1), 10);
});

describe("the verdict on the mean", () => {
  /** A threshold that certainly rises to a random level, and an input in surface or jump. */
  const cell: CellDefinition = {
    name: "judged",
    inputs: ["top"],
    state: { v: "1" },
    event: "v - top",
    reset: { v: "-u" },
    start: { v: "-u" },
    parameters: { shift: 1 },
  };
  const because = (definition: CellDefinition, samples: number[], interpolation: "constant" | "linear") => {
    const network = defineNetwork({ cell: definition, inputs: { top: { dt: 0.1, samples, interpolation } } });
    return judgeMean(planSolve(network, { paths: 1, t1: 0.2, dt: 0.1 }), meanSpikeTime(0, 0), ["shift"]).because;
  };

  it("tells of held samples that take an event function down, and of jumps that read one", () => {
    expect(because(cell, [1, 2], "constant").join()).toMatch(/no grazing is violated: .*falls where a sample/);
    // Down goes the threshold: what it takes above happens at once.
    expect(because(cell, [2, 1], "constant")).toEqual([]);
    const jump = { ...cell, event: "v - shift", reset: { v: "-u - top" } };
    expect(because(jump, [1, 2], "constant").join()).toMatch(/commute is violated: .*input top/);
  });

  it("has nothing to say of one that is linear", () => {
    expect(because(cell, [2, 1.95, 1.9], "linear")).toEqual([]);
    expect(because({ ...cell, event: "v - shift", reset: { v: "-u - top" } }, [1, 2, 2], "linear")).toEqual([]);
  });
});
