import { describe, expect, it } from "vitest";
import { evaluate, Graph } from "../../src/cell/graph.js";
import { anything, isNegative, isPositive, positive, range, rangeOf } from "../../src/cell/interval.js";
import { parseEquation } from "../../src/cell/parse.js";

const g = new Graph();
const names = new Map(["a", "b", "y"].map((n) => [n, g.input(n)] as const));
const parsed = (text: string) => parseEquation(g, "test", text, names);

/** With a above 0, b in [-1, 2] and y anything. */
const given = (name: string) => (name === "a" ? positive : name === "b" ? range(-1, 2) : anything);
const of = (text: string) => rangeOf(parsed(text), given);

describe("ranges of expressions", () => {
  const texts = [
    "a + b",
    "a * b",
    "a - y",
    "b * b",
    "b / (a + 1)",
    "exp(b)",
    "exp(min(y, 3))",
    "log(a)",
    "sqrt(a) - b",
    "sin(y) * cos(b)",
    "tanh(y)",
    "abs(b)",
    "max(b, 0)",
    "min(a, b)",
    "b < 0 ? a : exp(y)",
    "1 / (1 + exp(-y))",
    "log(1 + exp(y))",
    "(1 - cos(y)) + (1 + cos(y)) * a",
    "erf(b) + log1p(a) + expm1(b)",
    "pow(a, y)",
    "y * y + 0.1",
    "-b",
  ];
  it.each(texts)("%s: every value lies in it", (text) => {
    const { least, most, zero } = of(text);
    for (let n = 1; n < 400; n++) {
      const r = (i: number): number => (n * Math.sqrt(2 + i)) % 1;
      const inputs = new Map([
        ["a", 6 * r(0) + 1e-9],
        ["b", 3 * r(1) - 1],
        ["y", 12 * (r(2) - 0.5)],
      ]);
      const value = evaluate([parsed(text)], inputs)[0]!;
      // Bounds and values are rounded differently, by an ulp or two.
      const rounding = 1e-14 * Math.abs(value);
      expect(value).toBeGreaterThanOrEqual(least - rounding);
      expect(value).toBeLessThanOrEqual(most + rounding);
      if (!zero) expect(value).not.toBe(0);
    }
  });

  it("know what is above 0, and below", () => {
    for (const text of [
      "exp(y)",
      "a * exp(-y)",
      "1 / (1 + exp(y))",
      "y * y + a",
      "log(1 + exp(y)) / a",
      "b < 5 ? a : y",
    ]) {
      expect([text, isPositive(of(text))]).toEqual([text, true]);
      expect([text, isNegative(rangeOf(g.neg(parsed(text)), given))]).toEqual([text, true]);
    }
    for (const text of ["y", "b", "max(y, 0)", "y * y", "1 - cos(y)", "a - 1", "1 / y", "b * a", "y < 0 ? 0 : a"]) {
      expect([text, isPositive(of(text))]).toEqual([text, false]);
    }
  });
});
