/** Equations by chance, against JavaScript's own arithmetic: what is rewritten as it is read keeps its value and slope. */
import { expect, it } from "vitest";
import { vectorJacobian } from "../../src/cell/differentiate.js";
import { evaluate, Graph, type Node } from "../../src/cell/graph.js";
import { parseEquation } from "../../src/cell/parse.js";

let state = 12345;
/** Numbers of a linear congruential generator, of which the high bits are taken. */
const chance = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state >>> 8) / 2 ** 24;
};
const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)]!;

const forms = [
  ...[
    "exp(#)",
    "exp(#)",
    "log(#)",
    "log1p(#)",
    "sqrt(#)",
    "sigmoid(#)",
    "softplus(#)",
    "cosh(#)",
    "sinh(#)",
    "sign(#)",
  ],
  ...["(# * #)", "(# * #)", "(# / #)", "(# / #)", "(# + #)", "(# + #)", "(# - #)", "(-#)", "mod(#, p)"],
  ...["pow(#, 0.3)", "pow(#, 2)", "pow(#, y)", "(? ? # : #)", "(? ? # : #)"],
];
// A comparison with no number is false in JavaScript; here one with >= is then that with < turned round, and holds.
const conditions = ["# < #", "# > #", "x >= y", "y <= p", "(? && ?)", "(? || ?)", "!(?)"];
const condition = (depth: number): string => filled(pick(depth > 0 ? conditions : conditions.slice(0, 4)), depth);
const expression = (depth: number): string =>
  depth > 0 ? filled(pick(forms), depth) : pick(["x", "x", "y", "p", "2", "0.5"]);
const filled = (form: string, depth: number): string =>
  form
    .split(/(#|\?(?! [#(]))/)
    .map((part) => (part === "#" ? expression(depth - 1) : part === "?" ? condition(depth - 1) : part))
    .join("");

const own: { [name: string]: (a: number, b: number) => number } = {
  ...{ exp: Math.exp, log: Math.log, log1p: Math.log1p, sqrt: Math.sqrt, pow: (a, b) => a ** b },
  ...{ cosh: Math.cosh, sinh: Math.sinh, sign: Math.sign, mod: (a, b) => a - b * Math.floor(a / b) },
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  softplus: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
};

it("equations by chance have JavaScript's values, and derivatives that are their slopes", () => {
  let compared = 0;
  const off: string[] = [];
  for (let n = 0; n < 4000; n++) {
    const text = expression(4);
    const g = new Graph();
    g.positive.add("p.p");
    const names = new Map(["x", "y", "p"].map((name) => [name, g.input(name === "p" ? "p.p" : name)]));
    let node: Node;
    try {
      node = parseEquation(g, "test", text, names);
    } catch {
      continue; // numbers alone that have no finite value
    }
    const theirs = new Function(...Object.keys(own), "x", "y", "p", `return ${text}`);
    const at = [4 * chance() - 2, 4 * chance() - 2, 2 * chance() + 0.1] as const;
    const inputs = (x: number): Map<string, number> => new Map(Object.entries({ x, y: at[1], "p.p": at[2] }));
    const expected = theirs(...Object.values(own), ...at) as number;
    if (!Number.isFinite(expected)) continue;
    compared++;
    const of = (x: number): number => evaluate([node], inputs(x))[0]!;
    // Where rounding of the arguments moves the result by more than that, the two may differ so.
    const moved = theirs(...Object.values(own), ...at.map((v) => v * (1 + 1e-14))) as number;
    const allowed = 1e-9 * Math.max(1, Math.abs(expected)) + 1e3 * Math.abs(moved - expected);
    if (!(Math.abs(of(at[0]) - expected) <= allowed)) off.push(`${text} at ${at}: ${of(at[0])} for ${expected}`);

    const slope = evaluate(vectorJacobian(g, [node], [g.one], [names.get("x")!]), inputs(at[0]))[0]!;
    const difference = (h: number): number => (of(at[0] + h) - of(at[0] - h)) / (2 * h);
    const [near, far] = [difference(1e-6), difference(2e-6)];
    // Only where differences are a slope: two steps agree.
    if (!(Math.abs(near - far) < 1e-4 * (1 + Math.abs(near)))) continue;
    if (!(Math.abs(slope - near) < 1e-3 * (1 + Math.abs(near)) + 1e-7 * Math.abs(expected)))
      off.push(`slope of ${text} at ${at}: ${slope} for ${near}`);
  }
  expect(off).toEqual([]);
  expect(compared).toBeGreaterThan(2000);
});
