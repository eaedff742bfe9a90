/** Gradients by the times at which sources send: kernels against the twin. */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { sharedEngine } from "../support/engine.js";
import { forward, names, solved } from "../support/source-times.js";

const engine = sharedEngine();
const cpu = await Engine.create({ backend: "cpu" });

it.each([
  ["after delays", true, {}],
  ["at once, a path per workgroup", false, { distribution: "workgroup" }],
] as const)("of what sends %s", async (_, delays, more) => {
  const [mine, twin] = [await solved(engine(), delays, more), await solved(cpu, delays)];
  for (const name of names) {
    const [a, b] = [mine, twin].map(({ gradient }) => (gradient[name] as number[][]).flat()) as [number[], number[]];
    expect(a.length).toBe(b.length);
    // As of other gradients by float32 over some tens of steps.
    const scale = Math.max(...b.map(Math.abs));
    a.forEach((x, n) => {
      expect(Math.abs(x - b[n]!), `${name}[${n}]`).toBeLessThan(2e-3 * scale);
    });
    expect((mine.gradientStandardError[name] as number[][]).flat().every((e) => e >= 0)).toBe(true);
  }
});

it.each([
  ["at once", false],
  ["after delays", true],
] as const)("forward, of what sends %s", async (_, delays) => {
  // With a parameter before and one after.
  const by = ["e.mu1", ...names, "pixels->e.weights"];
  const [mine, twin] = [
    await forward(engine(), delays, {}, undefined, by),
    await forward(cpu, delays, {}, undefined, by),
  ];
  expect(mine.directions).toBe(2 + 4 + 1 + 4);
  expect([...mine.table.counts]).toEqual([...twin.table.counts]);
  const { slots } = twin.table;
  // As of other derivatives by float32 over some tens of steps.
  const scale = Math.max(...twin.derivatives.map(Math.abs));
  for (let path = 0; path < 9; path++)
    for (let n = 0; n < twin.table.counts[path]!; n++)
      for (let d = 0; d < twin.directions; d++) {
        const [a, b] = [mine, twin].map((of) => of.derivatives[(path * of.table.slots + n) * of.directions + d]!) as [
          number,
          number,
        ];
        expect(Math.abs(a - b), `path ${path}, spike ${n} of ${slots}, direction ${d}`).toBeLessThan(2e-3 * scale);
      }
  const times = (of: typeof twin) =>
    Math.max(...of.derivatives.filter((_, x) => x % of.directions === 3).map(Math.abs));
  expect(times(mine)).toBeGreaterThan(1e-3 * scale);
});
