import { describe, expect, it } from "vitest";
import { drawWeights } from "../../src/network/drawn-weights.js";
import { defineNetwork } from "../../src/network/network.js";

const mean = (x: number[]): number => x.reduce((a, b) => a + b, 0) / x.length;

describe("weights drawn by a law", () => {
  it("are uniform, independent of each other and scaled by the presynaptic layer", () => {
    const [first, second] = drawWeights(
      "network.weights",
      { uniform: [0.5, 1.5], total: 3, seed: 7 },
      [40, 60, 50],
    ) as [number[][], number[][]];
    const scaled = [first.flat().map((w) => (w * 40) / 3), second.flat().map((w) => (w * 60) / 3)];
    expect(scaled.map((x) => x.length)).toEqual([2400, 3000]);
    for (const x of scaled) {
      expect(Math.min(...x)).toBeGreaterThan(0.5);
      expect(Math.max(...x)).toBeLessThanOrEqual(1.5);
      // Mean 1, variance 1/12: five standard errors.
      expect(Math.abs(mean(x) - 1)).toBeLessThan(5 * Math.sqrt(1 / 12 / x.length));
      expect(Math.abs(mean(x.map((w) => (w - 1) ** 2)) - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / x.length));
      const neighbours = x.slice(1).map((w, i) => (w - 1) * (x[i]! - 1));
      expect(Math.abs(mean(neighbours))).toBeLessThan(5 / 12 / Math.sqrt(neighbours.length));
    }
  });

  it("are the same by seed, and connect layers like matrices that were given", () => {
    const law = { uniform: [0, 1], seed: 3 } as const;
    const drawn = defineNetwork({ layers: [2, 3, 1], weights: law });
    const given = defineNetwork({
      layers: [2, 3, 1],
      weights: { layers: drawWeights("network.weights", law, [2, 3, 1]) },
    });
    expect(drawn.connections.weights).toEqual(given.connections.weights);
    expect(drawn.connections.form).toBe("layers");
    expect(drawWeights("network.weights", { ...law, seed: 4 }, [2, 3, 1])).not.toEqual(
      drawWeights("network.weights", law, [2, 3, 1]),
    );
  });

  it.each([
    [{ uniform: [1, 0] as const }, /network\.weights\.uniform: expected low to be at most high, got \[1,0\]/],
    [{ uniform: [0, 1] as const, total: 0 }, /network\.weights\.total: expected a number above 0, got 0/],
    [{ uniform: [0, 1] as const, seed: -1 }, /network\.weights\.seed: expected a whole number/],
  ])("refuses %j", (weights, message) => {
    expect(() => defineNetwork({ layers: [2, 1], weights })).toThrow(message);
  });

  it("needs layers", () => {
    expect(() => defineNetwork({ neurons: 2, weights: { uniform: [0, 1] } })).toThrow(/needs network\.layers/);
  });
});
