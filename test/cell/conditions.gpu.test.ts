/** Conditions within one another, and steps, in a flow: times and derivatives in closed form, on both backends. */
import { beforeAll, describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
let cpu: Engine;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
});

/** v rises at 1, between c and d at a, and fires at 1. */
const cell = (v: string, changes: Partial<CellDefinition> = {}): CellDefinition => ({
  name: "conditions",
  state: { v, r: "1" },
  event: "v - 1",
  reset: { v: "-10" },
  parameters: { a: 2.5, c: 0.303, d: 0.618 },
  ...changes,
});
const [a, c, d] = [2.5, 0.303, 0.618];
const between = [c + (d - c) / a + 1 - d, -(d - c) / a ** 2, 1 - 1 / a, 1 / a - 1];

describe("conditions in a flow", () => {
  it.each<[string, CellDefinition, number[]]>([
    ["&&", cell("v >= c && v < d ? a : 1"), between],
    ["||", cell("v < c || v > d ? 1 : a"), between],
    ["!", cell("!(v >= c && !(v > d)) ? 1 : a"), between],
    ["&& of ||", cell("(v > c || r < 0) && (v < d || r < 0) ? a : 1"), between],
    ["a condition in a condition", cell("v < c ? 1 : v < d ? a : 1"), between],
    ["step, by name", cell("1 + (a - 1) * inside", { let: { inside: "step(v - c) * step(d - v)" } }), between],
    ["sign", cell("(1 + a) / 2 + sign(v - c) * (a - 1) / 2"), [c + (1 - c) / a, -(1 - c) / a ** 2, 1 - 1 / a, 0]],
    // From c in time until v reaches d.
    ["two states", cell("r > c && v < d ? a : 1"), between],
  ])("%s", (_, definition, expected) => agrees(definition, expected));
});

/** Value and derivatives by a, c and d, in reverse and forward. */
async function agrees(definition: CellDefinition, expected: readonly number[], dt = 0.05): Promise<void> {
  for (const e of [cpu, engine()]) {
    const options = { paths: 1, t1: 2, dt, with: ["a", "c", "d"], requireExact: false };
    const network = e.network({ cell: definition });
    const { value, gradient } = await network.valueAndGradient(meanSpikeTime(), options);
    const forward = (await network.spikeTimeSensitivities(options)).derivatives;
    const slopes = ["a", "c", "d"].map((n) => gradient[n] as number);
    // Rounding of float32 is about 1e-7 of a time, over twenty sub-steps.
    [value, ...slopes].forEach((x, i) => {
      expect(Math.abs(x - expected[i]!)).toBeLessThan(3e-6);
    });
    slopes.forEach((x, i) => {
      expect(Math.abs(forward[i]! - x)).toBeLessThan(3e-6);
    });
  }
}

describe("what comes at the same time", () => {
  // v grows by a - 1 more from c on, and by 2 more from d on; c and d are equal.
  const at = (1 + (a - 1) * c + 2 * c) / (a + 2);
  const sum = [at, (c - at) / (a + 2), (a - 1) / (a + 2), 2 / (a + 2)];
  const together = (v: string, changes: Partial<CellDefinition> = {}): CellDefinition =>
    cell(v, { state: { v, r: "1", g: "0" }, parameters: { a, c, d: c }, ...changes });
  const on = { when: "r - c", jump: { g: "g + a - 1" } };
  it.each<[string, CellDefinition]>([
    ["two conditions", together("1 + (r > c ? a - 1 : 0) + (t > d ? 2 : 0)")],
    ["an event and a condition", together("1 + g + (t > d ? 2 : 0)", { events: { on } })],
    ["two events", together("1 + g", { events: { on, later: { when: "t - d", jump: { g: "g + 2" } } } })],
  ])("%s", (_, definition) => agrees(definition, sum));

  it("an event that a condition brings about at a grid point", () => {
    const lowered = { event: "r > c ? v - 0.5 : v - 1.2", parameters: { a, c: 0.75, d } };
    return agrees(cell("1", lowered), [0.75, 0, 1, 0], 1 / 16);
  });
});
