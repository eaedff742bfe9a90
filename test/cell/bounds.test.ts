/** Equations of strangers: what is too deep, too long or too dear is refused or left unproven, in one plain line. */
import { describe, expect, it, vi } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { compileCell } from "../../src/cell/emit-js.js";
import { emitCellWgsl } from "../../src/cell/emit-wgsl.js";
import { Effort } from "../../src/cell/vanishing.js";
import { escaped, isPlain, quoted } from "../../src/quoted.js";

const cellOf = (v: string, changes: Partial<CellDefinition> = {}): CellDefinition => ({
  name: "x",
  state: { v, s: "1 + exp(v)" },
  event: "s",
  reset: { s: "-1" },
  start: { s: "-1" },
  parameters: { a: 0.5 },
  ...changes,
});
const messageOf = (definition: CellDefinition): string => {
  try {
    defineCell(definition);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

describe("text of strangers in messages", () => {
  it("is escaped and cut", () => {
    expect(quoted('say "\u001b[2J\u009b\u202e\u2028"')).toBe('"say \\"\\u001b[2J\\u009b\\u202e\\u2028\\""');
    expect(quoted("é".repeat(100_000))).toBe(`"${"é".repeat(59)}…"`);
    expect(quoted("x".repeat(60))).toBe(`"${"x".repeat(60)}"`);
    expect(escaped("a\tb")).toBe("a\\u0009b");
    expect(isPlain("Größe 10 µs — 神経")).toBe(true);
    expect(isPlain("\u2066x")).toBe(false);
  });

  it.each([
    [
      "a name of control characters",
      cellOf("1", { name: "evil\u001b]0;owned\u0007" }),
      /^cell\.name: "evil\\u001b]0;o/,
    ],
    ["a name of 100 kB", cellOf("1", { name: "n".repeat(100_000) }), /^cell\.name: "n{59}…" is 100000 characters long/],
    ["a parameter", cellOf("1", { parameters: { "\u001b[2J": 1 } }), /^cell\.parameters\."\\u001b\[2J": a name is/],
    ["a state", cellOf("1", { state: { ["q".repeat(100_000)]: "1" } }), /^cell\.state\."q{59}…": a name is a letter/],
    ["a reset", cellOf("1", { reset: { "\u202e": "1" } }), /^cell\.reset\."\\u202e": no such state variable/],
    ["noise", cellOf("1", { noise: { "\u009b": "1" } }), /^cell\.noise\."\\u009b": no such state variable/],
    ["a unit", cellOf("1", { units: { a: "\u001b[31m" } }), /^cell\.units\.a: expected a short text, got "\\u001b/],
    ["a positive one", cellOf("1", { positive: ["\u009b"] }), /^cell\.positive\[0\]: no such parameter: "\\u009b"/],
    [
      "a name in an equation",
      cellOf("1 + \u009bx"),
      /^cell\.state\.v: unknown name "\\u009bx"; known here: v, s, a, I, t$/,
    ],
    ["what cannot be read", cellOf("1 + \u001b[2J"), /^cell\.state\.v: cannot read "1 \+ \\u001b\[2J": /],
  ])("%s", (_, definition, expected) => {
    const message = messageOf(definition);
    expect(message).toMatch(expected);
    expect(message.length).toBeLessThan(400);
    expect(isPlain(message)).toBe(true);
  });

  it("lists no more names than can be read", () => {
    const parameters = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`parameter${i}`, 1]));
    expect(messageOf(cellOf("q", { parameters })).length).toBeLessThan(500);
    const more = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`p${i}`, 1]));
    expect(messageOf(cellOf("1", { parameters: more }))).toBe("cell.parameters: 257 parameters; at most 256 are taken");
  });
});

describe("depth of equations", () => {
  const times = (n: number, before: string, middle: string, after = ""): string =>
    before.repeat(n) + middle + after.repeat(n);
  const nestings: [string, (n: number) => string][] = [
    ["signs", (n) => times(n, "-", "v")],
    ["parentheses", (n) => times(n, "(", "v", ")")],
    ["calls", (n) => times(n, "sin(", "v", ")")],
    ["conditions", (n) => times(n, "v<1?", "v", ":1")],
    ["alternatives", (n) => times(n, "v<1?1:", "v")],
    ["powers", (n) => times(n, "v^", "v")],
    ["sums to the right", (n) => times(n, "1+(", "v", ")")],
  ];
  it.each(nestings)("of %s is bounded", (_, nested) => {
    expect(() => compileCell(defineCell(cellOf(nested(100))))).not.toThrow();
    for (const n of [201, 660]) {
      expect(messageOf(cellOf(nested(n)))).toMatch(/^cell\.state\.v: parts of ".{59}…" are nested more than 200 deep;/);
    }
  });
  it("of 3,990 signs or parentheses too", () => {
    for (const text of [times(3990, "-", "v"), times(1990, "(", "v", ")"), times(3990, "(", "v")]) {
      expect(messageOf(cellOf(text))).toMatch(/^cell\.state\.v: (parts of|cannot read) /);
    }
  });

  it.each([
    ["sum", "v", "+", (v: number) => 1990 * v],
    ["difference", "v", "-", (v: number) => -1988 * v],
    ["product", "v", "*", (v: number) => v ** 1990],
    ["sum of constants", "1", "+", () => 1990],
  ])("a %s of 1,990 terms is not nested", (_, term, operator, expected) => {
    const cell = defineCell(cellOf(Array(1990).fill(term).join(operator)));
    const [y, out] = [Float64Array.of(0.999, 0), new Float64Array(2)];
    const compiled = compileCell(cell);
    const none = new Float64Array();
    compiled.flow(out, y, Float64Array.of(0.5), 0, none);
    // Rounding of 2,000 operations.
    expect(Math.abs(out[0]! / expected(0.999) - 1)).toBeLessThan(1e-12);
    compiled.flowJvp(out, y, Float64Array.of(0.5), 0, none, {
      y: Float64Array.of(1, 0),
      p: Float64Array.of(0),
      I: 0,
      x: none,
    });
    const h = 1e-6;
    // Central differences: h² times the third derivative over the first, 1990² h² at most.
    expect(out[0]!).toBeCloseTo((expected(0.999 + h) - expected(0.999 - h)) / (2 * h), 3);
    for (const derivatives of ["none", "reverse", "forward"] as const) {
      expect(emitCellWgsl(cell, { channels: [], derivatives, gradients: [0], hazard: true })).toContain(
        "fn cell_flow(",
      );
    }
  });
});

describe("what the check of exactness costs", () => {
  const many = (n: number, of: (i: number) => string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`v${i}`, of(i)]));
  const wide = (n: number, jump: string, receive: Record<string, string> = {}): CellDefinition => ({
    name: "wide",
    state: { ...many(n, () => "1"), s: "1" },
    noise: many(n, () => "0.1"),
    event: "s",
    reset: { ...many(n, (i) => `v${i} + ${jump}`), s: "-1" },
    receive,
    parameters: {},
  });
  const sum = (terms: number, n: number): string =>
    Array.from({ length: terms }, (_, k) => `exp(v${k % n}*${k + 1})`).join("+");
  const spent = (definition: CellDefinition) => {
    const spend = vi.spyOn(Effort.prototype, "spend");
    const { exact, conditions } = defineCell(definition).exactness;
    const operations = spend.mock.calls.reduce((n, [more], i) => n + (spend.mock.results[i]!.value ? more : 0), 0);
    spend.mockRestore();
    return { exact, commute: conditions[2]!, operations };
  };

  it("is bounded where no point has a value, and the condition unproven", () => {
    for (const [states, terms] of [
      [8, 24],
      [16, 200],
      [31, 250],
    ] as const) {
      const { commute, operations } = spent(wide(states, `sqrt(0-1-(${sum(terms, states)}))`));
      expect(commute.verdict).toBe("unproven");
      expect(commute.detail).toMatch(
        /has no finite value at any of the points tried \(reset\.v0 with the noise on "v0"/,
      );
      expect(commute.detail).toMatch(
        /takes more than 1,000,000 operations to check .*: whether the gradient is exact is/,
      );
      expect(commute.detail.length).toBeLessThan(600);
      expect(operations).toBeLessThanOrEqual(1e6);
    }
  });

  it("says where only one part has no value", () => {
    const { commute, operations } = spent(wide(1, "sqrt(0-1-exp(v0))"));
    expect(commute).toMatchObject({ verdict: "unproven", detail: expect.not.stringContaining("takes more than") });
    expect(operations).toBeLessThan(20_000);
  });

  it("leaves room for large cells: 31 states with noise on each", () => {
    const { commute, operations } = spent(wide(31, "1", { v0: "v0 + w" }));
    expect(commute.verdict).toBe("holds");
    expect(operations).toBeLessThan(10_000);
    const noisy = spent({ ...wide(31, "1"), noise: many(31, (i) => `0.1 * (${sum(31, 31)} - v${i})`) });
    expect(noisy.commute.verdict).toBe("violated");
  });

  it("keeps a violation that was found before the effort was spent", () => {
    const definition = wide(16, `sqrt(0-1-(${sum(200, 16)}))`);
    const { exact, commute, operations } = spent({ ...definition, reset: { ...definition.reset, v0: "0" } });
    expect([exact, commute.verdict]).toEqual([false, "violated"]);
    expect(commute.detail).toMatch(/^reset\.v0 with the noise on "v0" \(/);
    expect(operations).toBeGreaterThan(5e5);
  });
});
