/** Noise in the sense of Itô and of Stratonovich, on geometric Brownian motion, whose logarithm has constant noise. */
import { describe, expect, it } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();

/** A neuron that fires at the rate x, dx = μ x + σ x dW. */
const geometric = (calculus: "ito" | "stratonovich"): CellDefinition => ({
  name: calculus,
  state: { x: "mu * x", s: "x" },
  noise: { x: "sigma * x" },
  calculus,
  event: "s",
  reset: { s: "log(u)" },
  start: { x: "4", s: "log(u)" },
  parameters: { mu: 0.5, sigma: 0.8 },
});
/** The same of y = log x, with the drift that the chain rule of each calculus gives. */
const logarithmic = (drift: string): CellDefinition => ({
  ...geometric("stratonovich"),
  state: { x: drift, s: "exp(x)" },
  noise: { x: "sigma" },
  start: { x: "log(4)", s: "log(u)" },
});
const options = { paths: 64, t1: 1, dt: 0.01, seed: 3, method: "wong-zakai" } as const;

describe("calculus", () => {
  it.each([
    ["ito", "mu - sigma ^ 2 / 2"],
    ["stratonovich", "mu"],
  ] as const)("%s: times and derivatives are those of the logarithm", async (calculus, drift) => {
    for (const e of [await Engine.create({ backend: "cpu" }), engine()]) {
      const [own, exact] = await Promise.all(
        [geometric(calculus), logarithmic(drift)].map(async (cell) => {
          const network = e.network({ cell });
          const spikes = await (await network.simulate(options)).read();
          const loss = firstSpikes([[0.05, 0.1, 0.15]]);
          return { spikes, of: await network.valueAndGradient(loss, { ...options, with: ["mu", "sigma"] }) };
        }),
      );
      expect(own!.spikes.times.length).toBeGreaterThan(200);
      expect([...own!.spikes.counts]).toEqual([...exact!.spikes.counts]);
      // Both follow the same line, on which the chain rule holds: what is left is Runge-Kutta 4's error, and float32's.
      own!.spikes.times.forEach((t, n) => {
        expect(Math.abs(t - exact!.spikes.times[n]!)).toBeLessThan(2e-5);
      });
      for (const name of ["mu", "sigma"]) {
        const [a, b] = [own!.of.gradient[name] as number, exact!.of.gradient[name] as number];
        // Means over paths whose own derivatives, of some tenths, have both signs: their rounding is absolute.
        expect(Math.abs(a - b)).toBeLessThan(2e-6 + 2e-4 * Math.abs(b));
      }
    }
  });

  it("changes nothing where noise does not depend on the state", () => {
    const cell = (calculus: "ito" | "stratonovich"): CellDefinition => ({ ...logarithmic("mu - x"), calculus });
    const [ito, plain] = [cell("ito"), cell("stratonovich")].map((c) => defineCell(c));
    expect(ito!.drift.map((n) => n.id)).toEqual(plain!.drift.map((n) => n.id));
    expect(ito!.additiveNoise).toBe(true);
  });

  it("is one of two", () => {
    const cell = { ...geometric("ito"), calculus: "Ito" } as unknown as CellDefinition;
    expect(() => defineCell(cell)).toThrow(/^cell\.calculus: expected "stratonovich" or "ito", got "Ito"$/);
  });
});
