/** softplus, expm1, log1p and erf: values and derivatives, in both languages. */
import { describe, expect, it } from "vitest";
import { vectorJacobian } from "../../src/cell/differentiate.js";
import { evaluate, Graph } from "../../src/cell/graph.js";
import { parseEquation } from "../../src/cell/parse.js";
import { Engine } from "../../src/engine.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();

// [function, argument, value, derivative] to 15 digits.
const values: [string, number, number, number][] = [
  ["softplus(x)", 1000, 1000, 1],
  ["softplus(x)", -40, 4.248354255291589e-18, 4.248354255291589e-18],
  ["softplus(x)", 0, Math.LN2, 0.5],
  ["log(1 + exp(x))", 1000, 1000, 1],
  ["log(exp(2*x) + 1)", 500, 1000, 2],
  ["expm1(x)", 1e-10, 1.00000000005e-10, 1.0000000001],
  ["expm1(x)", -1, -0.6321205588285577, 0.36787944117144233],
  ["log1p(x)", 1e-10, 9.9999999995e-11, 0.9999999999],
  ["log1p(x)", 3, 1.3862943611198906, 0.25],
  ["erf(x)", 0.5, 0.5204998778130465, 0.8787825789354448],
  ["erf(x)", -2, -0.9953222650189527, 0.020666985354092053],
  ["erf(x)", 5.9, 1, 8.6e-16],
  ["erf(x)", 30, 1, 0],
];

describe("special functions", () => {
  it.each(values)("%s at %d", (text, at, value, slope) => {
    const g = new Graph();
    const x = g.input("x");
    const node = parseEquation(g, "test", text, new Map([["x", x]]));
    const [v, d] = evaluate([node, ...vectorJacobian(g, [node], [g.one], [x])], new Map([["x", at]])) as [
      number,
      number,
    ];
    expect(Math.abs(v - value)).toBeLessThanOrEqual(1e-14 * Math.abs(value));
    expect(Math.abs(d - slope)).toBeLessThanOrEqual(1e-14 * Math.abs(slope) + 1e-15);
  });

  it("agree on both backends", async () => {
    // A neuron a value: the rate of its event function, so that the first spike comes at 1 / (its rate).
    const states = values.map(([text, at, value], i) => {
      const scaled = text.replace(/\bx\b/g, `(q*${at})`);
      return [`s${i}`, `(${scaled})/(${value})`] as const;
    });
    const cell = {
      name: "special",
      state: { s: states.map(([, rate]) => rate).join(" + ") },
      event: "s",
      reset: { s: "-1" },
      start: { s: "-1" },
      parameters: { q: 1 },
    };
    for (const e of [await Engine.create({ backend: "cpu" }), engine()]) {
      const spikes = await (await e.network({ cell }).simulate({ paths: 1, t1: 0.1, dt: 0.01 })).read();
      // Each of the terms is 1; float32 keeps 3e-7 of each.
      expect(spikes.times[0]! * values.length).toBeCloseTo(1, 6);
    }
  });
});
