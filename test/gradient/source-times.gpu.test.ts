/** Gradients by the times at which sources send: kernels against the twin. */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { sharedEngine } from "../support/engine.js";
import { names, solved } from "../support/source-times.js";

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
