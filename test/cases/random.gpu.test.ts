/** Random numbers of jumps: their laws, that they are apart from each other, and the same numbers on both backends. */
import { beforeAll, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { defineCell } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
let cpu: Engine;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
});

/** Spikes come 3 + z and 2 + a after each other: x falls at 1 from there to 0. */
const waits: CellDefinition = {
  name: "waits",
  state: { x: "1" },
  event: "x",
  reset: { x: "-max(0.01, base + 0.3 * z + a - b)" },
  random: { z: "normal", u: "uniform", a: "uniform", b: "uniform" },
  start: { x: "-1 - 0.1 * z - u" },
  parameters: { base: 3 },
};

it.each([false, true])("have the moments of their laws; antithetic: %s", async (antithetic) => {
  const paths = 2000;
  const solve = { paths, t1: 12, dt: 0.1, seed: 5, antithetic, maxSpikes: 3 };
  const tables = [];
  for (const e of [cpu, engine()]) {
    const spikes = await e.network({ cell: waits }).simulate(solve);
    tables.push(await spikes.read());
    spikes.dispose();
  }
  const [a, b] = tables;
  // Float32 rounds a wait of 3 in steps of 0.1.
  for (let n = 0; n < a!.times.length; n++) expect(Math.abs(a!.times[n]! - b!.times[n]!)).toBeLessThan(1e-5);
  const waitsOf = (n: number) =>
    Array.from({ length: paths }, (_, i) => a!.times[3 * i + n + 1]! - a!.times[3 * i + n]!);
  const mean = (v: readonly number[]) => v.reduce((s, x) => s + x, 0) / v.length;
  for (const n of [0, 1]) {
    const w = waitsOf(n);
    // Variance 0.09 + 2/12 = 0.257: the mean is 0.011 uncertain (less with antithetic pairs), the variance by 0.008.
    expect(Math.abs(mean(w) - 3)).toBeLessThan(0.045);
    expect(Math.abs(mean(w.map((x) => (x - 3) ** 2)) - 0.2567)).toBeLessThan(0.032);
  }
  const [first, second] = [waitsOf(0), waitsOf(1)];
  expect(Math.abs(mean(first.map((x, i) => (x - 3) * (second[i]! - 3))))).toBeLessThan(4 * (0.2567 / Math.sqrt(paths)));
  if (antithetic) {
    // The numbers of a pair are each other's opposites: so are the waits about their mean.
    for (let i = 0; i < paths; i += 2) expect(Math.abs(first[i]! + first[i + 1]! - 6)).toBeLessThan(1e-5);
  }
});

it("are refused where they are neither uniform nor normal, or named twice", () => {
  const cell = (random: Record<string, string>) => () => defineCell({ ...waits, random } as CellDefinition);
  expect(cell({ z: "normal", u: "uniform", a: "beta", b: "uniform" })).toThrow(
    'cell.random.a: expected "uniform" or "normal", got "beta"',
  );
  expect(cell({ base: "normal" })).toThrow("cell.random.base: is a parameter too; rename one");
  expect(cell({ x: "normal" })).toThrow("cell.random.x: is a state variable too; rename one");
  expect(cell({ z: "normal" })).toThrow('unknown name "a"');
});
