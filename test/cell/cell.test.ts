import { describe, expect, it } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { vectorJacobian } from "../../src/cell/differentiate.js";
import { compileCell } from "../../src/cell/emit-js.js";
import { emitCellWgsl } from "../../src/cell/emit-wgsl.js";
import { evaluate, Graph, inputNames } from "../../src/cell/graph.js";
import { parseEquation } from "../../src/cell/parse.js";
import { slif, slifDefinition } from "../../src/cell/slif.js";

const parse = (text: string, names: string[] = ["a", "b", "c"]) => {
  const g = new Graph();
  return { g, node: parseEquation(g, "test", text, new Map(names.map((n) => [n, g.input(n)]))) };
};
const value = (text: string, inputs: Record<string, number> = {}): number =>
  evaluate([parse(text, Object.keys(inputs)).node], new Map(Object.entries(inputs)))[0]!;

describe("equations", () => {
  it.each([
    ["1 + 2 * 3 ^ 2", {}, 19],
    ["2 ** 3 ** 2", {}, 512],
    ["a - b - c", { a: 7, b: 2, c: 1 }, 4],
    ["a / b / c", { a: 12, b: 3, c: 2 }, 2],
    ["-(a ^ 2)", { a: 3 }, -9],
    ["a < b ? a : b", { a: 1, b: 2 }, 1],
    ["a >= b ? a : b", { a: 1, b: 2 }, 2],
    ["min(a, b) + max(a, b) + abs(-a)", { a: 1, b: 2 }, 4],
    ["exp(log(a)) + sqrt(a) + sigmoid(0)", { a: 4 }, 6.5],
    ["sin(pi / 2) + cos(0) + tanh(0)", {}, 2],
    ["a ^ 9 + a ^ 33 + a ^ -11 + a ^ 101", { a: -1.1 }, (-1.1) ** 9 + (-1.1) ** 33 + (-1.1) ** -11 + (-1.1) ** 101],
    ["sigmoid(-1000) + sigmoid(1000)", {}, 1],
    ["a ^ -2 + a ^ 0.5 + pow(a, 1.5)", { a: 4 }, 1 / 16 + 2 + 8],
    ["2 ^ 3 ** 2 * 3 - a / 4 * 2 - 1 - -(a + .5) * +1.e1", { a: 4 }, 512 * 3 - 2 - 1 + 45],
    ["(a < 1 || b < 1) && !(a >= 2 && b > 0) ? 3 : 4", { a: 2, b: 0.5 }, 4],
    ["a < 1 || b < 1 && a > 1 ? 3 : 4", { a: 2, b: 0.5 }, 3],
    ["!(a < 1) && !!(b <= 0.5) ? a : b", { a: 2, b: 0.5 }, 2],
    ["(a < 1 || a > 3 || b < 0 ? 1 : 0) + (a > 0 && b > 0 && a > b ? 10 : 20)", { a: 2, b: 0.5 }, 10],
    ["floor(a) + 10 * ceil(a) + 100 * floor(-a) + 1000 * mod(-a, 1)", { a: 1.75 }, 1 + 20 - 200 + 250],
    ["sign(a) + 10 * sign(b) + 100 * sign(a - a * 1) + 1000 * step(a) + 10000 * step(b)", { a: -2, b: 0.5 }, 10009],
    ["step(a) + step(-a)", { a: 0 }, 2],
    ["sinh(a) / cosh(a) - tanh(a)", { a: 0.7 }, 0],
    ["(a < 1 ? 2 : a - 1 < 1 + 1 ? 3 : 4) + max(a > 1 ? 1 : 2, 0)", { a: 2 }, 4],
  ] as [string, Record<string, number>, number][])("%s", (text, inputs, expected) => {
    expect(value(text, inputs)).toBeCloseTo(expected, 12);
  });

  it.each([
    ["a +", /cannot read/],
    ["foo(a)", /unknown function "foo"/],
    ["d * 2", /unknown name "d"; known here: a, b, c/],
    ["exp(a, b)", /exp takes 1 argument\(s\), got 2/],
    ["a.b", /cannot read "a\.b": unexpected "\." at character 1$/],
    ["(() => 1)()", /cannot read/],
    ["constructor(a)", /unknown function "constructor"/],
    ["constructor('x')", /unexpected "'" at character 12$/],
    ["(a", /unexpected end$/],
    ["a; b", /no operator stands between two parts of "a; b"/],
    ["a b", /no operator stands between two parts of "a b"/],
    [" ", /: is empty$/],
    ["'text'", /unexpected "'" at character 0$/],
    ["a && b", /^test: "a && b" in "a && b" is a condition, not a number; write it as \(…\) \? 1 : 0$/],
    ["2 * (a < b)", /^test: "a < b" in .* is a condition, not a number/],
    ["!a + 1", /^test: "!a" in .* is a condition, not a number/],
    ["a < b < c ? 1 : 0", /^test: "\(a < b\) < c" in .* compares a condition with a number; write a < b && b < c/],
    ["!a < b ? 1 : 0", /^test: "!a < b" in .* compares a condition with a number; .* !\(a < b\)/],
    ["a < b && c ? 1 : 0", /^test: a condition must compare two expressions .*; "c" in .* does not$/],
    ["a == b ? 1 : 0", /^test: "==" in "a == b \? 1 : 0" asks whether numbers are equal, .*; write <, <=, > or >=$/],
    ["a < b && a !== c ? 1 : 0", /"!==" in .* asks whether numbers are equal/],
    ["a = b", /operator "=" is not known/],
    ["a & b", /unexpected "&"|operator "&" is not known/],
    ["mod(a, 0)", /divides by 0$/],
    ["a ? b : c", /a condition must compare/],
    ["-a^2", /ambiguous/],
    ["a".repeat(5000), /characters long/],
    ["a + 1/0", /^test: "a \+ 1\/0" divides by 0$/],
    ["0 / 0 * a", /^test: "0 \/ 0 \* a" divides by 0$/],
    ["b * log(2 - 2)", /^test: log\(\(2 - 2\)\) in .* is not a finite number$/],
    ["a < 1 ? 1e400 : 0", /^test: 1e400 in .* is not a finite number$/],
    ["sqrt(-1) + a", /^test: sqrt\(-1\) in/],
    ["pow(-8, 1 / 3)", /^test: pow\(-8, \(1 \/ 3\)\) in/],
    ["exp(1000 * pi)", /^test: exp\(\(1000 \* pi\)\) in/],
    ["1e20 * 1e20 * a", /^test: 1e20 \* 1e20 in "1e20 \* 1e20 \* a" exceeds 32-bit floats/],
    ["1e300 * a", /^test: 1e300 in "1e300 \* a" exceeds 32-bit floats/],
    ["-a / (1 - 1)", /^test: "-a \/ \(1 - 1\)" divides by 0$/],
    ["0 ^ -1", /^test: 0 \*\* -1 in/],
  ])("refuses %s", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it("has no sign of what is no number", () => {
    expect(value("sign(a) + sign(b)", { a: 0, b: 2 })).toBe(1);
    expect(value("sign(sqrt(a))", { a: -1 })).toBeNaN();
  });

  it("shares common subexpressions", () => {
    const { g } = parse("exp(a * b) + exp(b * a) * exp(a * b)");
    expect(g.size).toBeLessThanOrEqual(3 + 4); // a, b, c; a·b, exp, its square, the sum
  });

  it("differentiates every function", () => {
    const text =
      "exp(a*b) + log(a)/b + sqrt(a) + sin(a)*cos(b) + tanh(a-b) + abs(b-a) + min(a,b)*max(a,2*b) + a^3 + pow(a,b) + sigmoid(a) + (a < b ? a*a : b*b)";
    const { g, node } = parse(text);
    const [a, b] = [g.input("a"), g.input("b")];
    const gradient = vectorJacobian(g, [node], [g.one], [a, b]);
    for (const [x, y] of [
      [0.7, 1.3],
      [1.9, 0.4],
    ]) {
      const at = (p: number, q: number): number =>
        evaluate(
          [node],
          new Map([
            ["a", p],
            ["b", q],
            ["c", 0],
          ]),
        )[0]!;
      const h = 1e-4;
      const [da, db] = evaluate(
        gradient,
        new Map([
          ["a", x!],
          ["b", y!],
          ["c", 0],
        ]),
      ) as [number, number];
      // Fourth-order differences: truncation h⁴ ~ 1e-16 times fifth derivatives, rounding 1e-16 / h.
      const fd = (f: (d: number) => number): number => (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
      expect(da).toBeCloseTo(
        fd((d) => at(x! + d, y!)),
        9,
      );
      expect(db).toBeCloseTo(
        fd((d) => at(x!, y! + d)),
        9,
      );
    }
  });
});

const variant = (changes: Partial<CellDefinition>): CellDefinition => ({ ...slifDefinition, ...changes });

describe("named expressions", () => {
  const cell = (changes: Partial<CellDefinition>): CellDefinition => ({
    name: "x",
    let: { hazard: "exp(gain)", gain: "beta * (v - vTh)", drawn: "log(u)", lowest: "-beta" },
    state: { v: "I - v", s: "hazard" },
    noise: { v: "gain * 0.1" },
    event: "s",
    reset: { v: "v - gain", s: "drawn" },
    start: { v: "lowest", s: "drawn" },
    parameters: { beta: 2, vTh: 1 },
    ...changes,
  });

  it("stand for what they say, in any order", () => {
    const written = {
      ...cell({
        state: { v: "I - v", s: "exp(beta * (v - vTh))" },
        noise: { v: "beta * (v - vTh) * 0.1" },
        reset: { v: "v - beta * (v - vTh)", s: "log(u)" },
        start: { v: "-beta", s: "log(u)" },
      }),
    };
    delete written.let;
    const options = { channels: [0], derivatives: "reverse", gradients: [0, 1] } as const;
    const [named, plain] = [cell({}), written].map((c) => emitCellWgsl(defineCell(c), options));
    expect(named).toBe(plain);
  });

  it.each([
    [{ let: { a: "b", b: "2 * c", c: "a + 1" } }, /^cell\.let\.a: needs itself: a → b → c → a$/],
    [{ let: { a: "a" } }, /^cell\.let\.a: needs itself: a → a$/],
    [{ start: { v: "gain" } }, /^cell\.start\.v: "gain" \(of let\) reads v, which has no value in start$/],
    [{ event: "drawn" }, /^cell\.event: "drawn" \(of let\) reads u, which has no value in event$/],
    [{ let: { a: "q" } }, /^cell\.let\.a: unknown name "q"; known here: v, s, beta, vTh, u, I, w, t$/],
    [{ let: { v: "1" } }, /^cell\.let\.v: is a state variable too; rename one$/],
    [{ let: { beta: "1" } }, /^cell\.let\.beta: is a parameter too; rename one$/],
    [{ let: { exp: "1" } }, /^cell\.let\.exp: "exp" has a meaning of its own/],
    [{ let: [] }, /^cell\.let: expected an object of equations/],
    [{ state: { v: "bar", s: "1" } }, /^cell\.state\.v: unknown name "bar"; known here: .*I, .*gain, hazard, lowest$/],
  ] as [Partial<CellDefinition>, RegExp][])("refuses %j", (changes, message) => {
    expect(() => defineCell(cell({ let: {}, ...cell({}), ...changes }))).toThrow(message);
  });
});

it("parameters may have the names of newer functions", () => {
  const node = defineCell({
    name: "x",
    state: { v: "step * step(v - mod) + sign(mod)" },
    event: "v",
    parameters: { step: 3, mod: 0.5 },
  }).drift[0]!;
  expect(inputNames([node])).toContain("p.step");
  expect(() => defineCell({ name: "x", let: { step: "1" }, state: { v: "1" }, event: "v", parameters: {} })).toThrow(
    /^cell\.let\.step: "step" has a meaning of its own/,
  );
});

describe("staircases", () => {
  const cell = (changes: Partial<CellDefinition>): CellDefinition => ({
    name: "x",
    state: { v: "1 + floor(n) + mod(n, 3)" },
    event: "v - 1",
    reset: { v: "v - floor(v) + mod(u, 0.1)" },
    start: { v: "ceil(n) - 3" },
    parameters: { n: 2.5 },
    ...changes,
  });
  it("are taken of parameters, and in jumps", () => {
    expect(() => defineCell(cell({}))).not.toThrow();
  });
  it.each([
    ["state.v", { state: { v: "floor(v)" } }],
    ["noise.v", { noise: { v: "ceil(v / n)" } }],
    ["event", { event: "1 + mod(v, 1)" }],
    ["state.v", { let: { z: "floor(v)" }, state: { v: "z" } }],
  ] as [string, Partial<CellDefinition>][])("are refused in %s of what flows", (field, changes) => {
    const expected = `cell.${field}: floor, ceil and mod of what changes along a path jump at every whole number; `;
    expect(() => defineCell(cell(changes))).toThrow(`${expected}write it as a condition or an event`);
  });
});

describe("cell definitions", () => {
  it.each([
    [{ ...slifDefinition, foo: 1 }, /cell\.foo: is unknown/],
    [variant({ state: { v: "mu1 * q" } }), /cell\.state\.v: unknown name "q"/],
    [variant({ state: {} }), /at least one state/],
    [variant({ positive: ["tau"] }), /cell\.positive\[0\]: no such parameter: "tau"; known: mu1, mu2/],
    [variant({ positive: "tauS" as never }), /cell\.positive: expected a list of parameters, got "tauS"/],
    [
      variant({ parameters: { ...slifDefinition.parameters, tauS: 0 } }),
      /cell\.parameters\.tauS: expected a default above 0, as "positive" says, got 0/,
    ],
    [variant({ noise: { z: "1" } }), /cell\.noise\.z: no such state variable; known: v, i, s/],
    [variant({ reset: { v: "w" } }), /cell\.reset\.v: unknown name "w"/],
    [variant({ start: { v: "v" } }), /cell\.start\.v: unknown name "v"/],
    [variant({ parameters: { ...slifDefinition.parameters, exp: 1 } }), /"exp" has a meaning of its own/],
    [variant({ parameters: { ...slifDefinition.parameters, v: 1 } }), /is a state variable too/],
    [variant({ parameters: { ...slifDefinition.parameters, constructor: 1 } }), /^cell\.parameters\.constructor: "con/],
    [
      variant({ state: { ...slifDefinition.state, toString: "1" } as never }),
      /^cell\.state\.toString: "toString" is a/,
    ],
    [variant(JSON.parse('{ "state": { "__proto__": "1" } }')), /^cell\.state\.__proto__: a name is a letter/],
    [
      variant({ parameters: { ...slifDefinition.parameters, current: 1 } }),
      /"current" is a parameter of every network/,
    ],
    [
      variant({ parameters: { ...slifDefinition.parameters, mu1: Number.NaN } }),
      /cell\.parameters\.mu1: expected a finite number as default/,
    ],
    [variant({ parameters: { ...slifDefinition.parameters, "a b": 1 } }), /a name is a letter/],
    [null, /cell: expected { name, inputs, state, /],
  ] as [unknown, RegExp][])("refuses %#", (definition, message) => {
    expect(() => defineCell(definition as CellDefinition)).toThrow(message);
  });

  it("emits nothing of a user's names", () => {
    const text = emitCellWgsl(
      defineCell({
        name: "x",
        state: { evil: "-secret * evil" },
        event: "evil - 1",
        reset: { evil: "evil - 1" },
        parameters: { secret: 1 },
      }),
      { channels: [], derivatives: "reverse", gradients: [0] },
    );
    expect(text).not.toMatch(/evil|secret/);
  });

  it("evaluates the paper's hazard", () => {
    const cell = compileCell(slif);
    const p = Float64Array.from(slif.parameters, (n) => slif.defaults[n]!);
    const out = new Float64Array(3);
    cell.flow(out, Float64Array.of(0.6, 0.2, -1), p, 1.5, Float64Array.of(2, 3));
    expect(out[0]).toBeCloseTo(15 * (0.2 + 1.5 - 0.6) + 0.25 * 2, 12);
    expect(out[1]).toBeCloseTo(-10 * 0.2, 12);
    expect(out[2]).toBeCloseTo(Math.exp(5 * (0.6 - 1)), 12);
    cell.flow(out, Float64Array.of(100, 0, 0), p, 0, Float64Array.of(0, 0));
    expect(out[2]).toBeCloseTo(Math.exp(50), 0);
  });
});

describe("exactness", () => {
  const verdicts = (definition: CellDefinition): string[] =>
    defineCell(definition).exactness.conditions.map((c) => c.verdict);

  it("holds for the stochastic leaky integrate-and-fire cell", () => {
    expect(verdicts(slifDefinition)).toEqual(["holds", "holds", "holds"]);
    expect(slif.exactness.exact).toBe(true);
  });

  it("names a hard threshold on a noisy voltage, and a reset to a value", () => {
    const cell = defineCell({
      name: "hard",
      state: { v: "mu * (I - v)" },
      noise: { v: "sigma" },
      event: "v - 1",
      reset: { v: "0" },
      parameters: { mu: 10, sigma: 0.3 },
    });
    expect(cell.exactness.exact).toBe(false);
    const [transversality, noise, commute] = cell.exactness.conditions;
    expect(transversality!.verdict).toBe("unproven");
    expect(noise!.verdict).toBe("violated");
    expect(noise!.detail).toMatch(/noise on "v" moves the event function/);
    expect(commute!.verdict).toBe("violated");
    expect(commute!.detail).toMatch(/reset\.v with the noise on "v"/);
  });

  it("calls jumps as the definition does", () => {
    const cell = defineCell({
      name: "named",
      state: { v: "-v", s: "1" },
      noise: { v: "1" },
      events: { ping: { when: "s - 1", jump: { v: "0", s: "0" }, emits: true } },
      receive: { exc: { v: "w * v" } },
      parameters: {},
    });
    const [, , commute] = cell.exactness.conditions;
    expect(commute!.detail).toMatch(/events\.ping\.jump\.v with the noise on "v"/);
    expect(commute!.detail).toMatch(/receive\.exc\.v with the noise on "v"/);
  });

  it("sees that the drift crosses the surface of a condition from the side from which it can", () => {
    const verdict = (v: string, a = 2) => {
      const parameters = { a, c: 1 };
      const event = { event: "s - 9", reset: { s: "0" } };
      const cell = defineCell({ name: "held", state: { v, s: "1" }, ...event, parameters });
      return cell.exactness.conditions[0]!.verdict;
    };
    // A clock leaves the surface on one side, and reaches it on the other.
    expect(verdict("t < c ? 0 : v")).toBe("holds");
    expect(verdict("v < c ? 1 : a")).toBe("holds");
    expect(verdict("v < c ? 1 : a", -2)).toBe("holds");
    // Reached on one side, on which nothing moves on the other: a clock that counts down and rests.
    expect(verdict("v > 0 ? -c : 0")).toBe("holds");
    expect(verdict("v < c ? a : 0")).toBe("holds");
    expect(verdict("v > 0 ? I - v : 0")).toBe("unproven");
    // Left on both sides; at a rate of either sign.
    expect(verdict("v < c ? -1 : a")).toBe("unproven");
    expect(verdict("v < c ? I : a")).toBe("unproven");
    expect(verdict("v < c ? c - v : a")).toBe("unproven");
  });

  it("sees that an event is crossed only where its rate is above 0", () => {
    const of = (state: Record<string, string>, event: string, more: Partial<CellDefinition> = {}) => {
      const cell = defineCell({
        name: "x",
        state,
        event,
        reset: {},
        parameters: { a: 2, k: 1.5, sigma: 0.5 },
        ...more,
      });
      const { verdict, detail } = cell.exactness.conditions[0]!;
      return verdict === "holds" ? detail.replace(/.*where E crosses 0: /, "") : verdict;
    };
    // A hazard that is 0 at times: E stands still then.
    expect(of({ s: "r < k ? 0 : a", r: "1" }, "s")).toBe("∇E·f is positive");
    expect(of({ s: "r < a ? k : (r < a + k ? 0 : a)", r: "1" }, "s")).toBe("∇E·f is positive");
    expect(of({ s: "r < k ? 0 : (r < 2 * k ? a - r : a)", r: "1" }, "s")).toBe("unproven");
    // A rate of what jumps alone changes was above 0 on the way, whatever it is elsewhere: a queue's.
    const steady = "the flow does not change ∇E·f, which is above 0 on the way there";
    const count = { reset: { s: "-k", n: "n - 1" } };
    expect(of({ s: "a * min(2 * n, 1)", n: "0" }, "s", count)).toBe(steady);
    expect(of({ s: "a * n", n: "0" }, "s", { ...count, inputs: ["rate"] })).toBe(steady);
    expect(of({ s: "a * n - k", n: "0" }, "s", { ...count, noise: { n: "sigma" } })).not.toBe(steady);
    expect(of({ s: "a * n", n: "-n * s" }, "s", count)).toBe("unproven");
    expect(of({ s: "a * n + I", n: "0" }, "s", count)).not.toBe(steady);
    // The rate there is one of the current alone: where it is 0 the way leads along the surface, if it is smooth.
    const along = "no path comes to E = 0 where ∇E·f is 0";
    expect(of({ v: "c < 0 ? 0 : (I - v) / a", c: "1" }, "v - 1")).toBe(along);
    expect(of({ v: "I - v + sin(v - 1) * q", q: "-q" }, "v - 1")).toBe(along);
    expect(of({ v: "sqrt(I - v)" }, "v - 1")).toBe("unproven");
    expect(of({ v: "I - v + q", q: "-q" }, "v - 1")).toBe("unproven");
    // Noise on what drives it, unless it vanishes or is not on; on the state itself that is another condition.
    const q = { v: "q + I - v", q: "-q" };
    expect(of(q, "v - 1", { noise: { q: "sigma" } })).toBe(
      "noise moves ∇E·f, which is 0 at a crossing with probability 0",
    );
    expect(of(q, "v - 1", { noise: { q: "sigma * q" } })).toBe("unproven");
    expect(of(q, "v - 1", { noise: { q: "sigma" }, parameters: { sigma: 0 } })).toBe("unproven");
    expect(of(q, "v - 1", { noise: { v: "0.1", q: "sigma" } })).toBe("unproven");
    // A ball that is thrown down comes to the ground from above; a turning point may touch the level from below.
    expect(of({ x: "y", y: "-9.81 - a * y" }, "-x")).toBe("E comes to 0 from above where ∇E·f is 0");
    expect(of({ x: "y", y: "-9.81 - a * y" }, "x - 1")).toBe("unproven");
    expect(of({ x: "y", y: "-x" }, "x - 0.5")).toBe("unproven");
  });

  it("lets multiplicative noise commute with a jump that scales it, and not with a shift", () => {
    const base = {
      name: "m",
      state: { v: "-v", s: "exp(v)" },
      noise: { v: "sigma * v" },
      event: "s",
      parameters: { sigma: 0.1 },
    };
    expect(verdicts({ ...base, reset: { v: "0.5 * v", s: "log(u)" } })[2]).toBe("holds");
    expect(verdicts({ ...base, reset: { v: "v - 1", s: "log(u)" } })[2]).toBe("violated");
    // An identity that only values show: (v² - 1)/(v + 1) = v - 1.
    const additive = { ...base, noise: { v: "sigma" } };
    expect(verdicts({ ...additive, reset: { v: "(v * v - 1) / (v + 1)", s: "log(u)" } })[2]).toBe("holds");
  });

  it("names an event that the drift never moves", () => {
    expect(verdicts({ name: "still", state: { v: "0" }, event: "v", parameters: {} })[0]).toBe("violated");
  });
});
