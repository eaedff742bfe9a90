import { describe, expect, it } from "vitest";
import { coarsen, halve, type PathStep } from "../../src/driver/brownian.js";
import { normalPair } from "../../src/driver/normal.js";
import { threefryInto } from "../../src/driver/threefry.js";

const words = new Uint32Array(2);
const pair = new Float64Array(2);

/** Consecutive steps of length dt of one path, by the convention of the solver. */
function draw(path: number, steps: number, dt: number): PathStep[] {
  return Array.from({ length: steps }, (_, step) => {
    threefryInto(words, 3, 0, path, step);
    normalPair(words[0]!, words[1]!, pair);
    return { increment: Math.sqrt(dt) * pair[0]!, area: Math.sqrt(dt / 12) * pair[1]! };
  });
}

describe("one Brownian path on two grids", () => {
  it("the coarse step has the increment and the mean of the fine path", () => {
    const fine = draw(0, 8, 0.25);
    // Line and parabola of each fine step, integrated by Simpson's rule, which is exact for quadratics.
    let [w, mean] = [0, 0];
    for (const { increment, area } of fine) {
      const middle = w + increment / 2 + (6 * area) / 4;
      mean += (w + 4 * middle + w + increment) / 6 / fine.length;
      w += increment;
    }
    const coarse = coarsen(fine);
    expect(coarse.increment).toBeCloseTo(w, 14);
    expect(coarse.area).toBeCloseTo(mean - w / 2, 14);
  });

  it("does not depend on the grids between", () => {
    const fine = draw(1, 12, 0.1);
    const pairs = [0, 2, 4, 6, 8, 10].map((i) => coarsen(fine.slice(i, i + 2)));
    const triples = [0, 3].map((i) => coarsen(pairs.slice(i, i + 3)));
    const [once, thrice] = [coarsen(fine), coarsen(triples)];
    expect(thrice.increment).toBeCloseTo(once.increment, 14);
    expect(thrice.area).toBeCloseTo(once.area, 14);
    expect(coarsen(fine.slice(0, 1))).toEqual(fine[0]);
  });

  it("has the law of a step drawn on the coarse grid", () => {
    const [paths, ratio, dt] = [100_000, 5, 0.02];
    const h = ratio * dt;
    let [w2, a2, wa, w4] = [0, 0, 0, 0];
    for (let path = 0; path < paths; path++) {
      const { increment, area } = coarsen(draw(path, ratio, dt));
      const [w, a] = [increment / Math.sqrt(h), area / Math.sqrt(h / 12)];
      w2 += w * w;
      a2 += a * a;
      wa += w * a;
      w4 += a ** 4;
    }
    // Five standard errors for standard normals: Var x² = 2, Var xy = 1, Var x⁴ = 96.
    const bound = (variance: number): number => 5 * Math.sqrt(variance / paths);
    expect(Math.abs(w2 / paths - 1)).toBeLessThan(bound(2));
    expect(Math.abs(a2 / paths - 1)).toBeLessThan(bound(2));
    expect(Math.abs(wa / paths)).toBeLessThan(bound(1));
    expect(Math.abs(w4 / paths - 3)).toBeLessThan(bound(96));
  });
});

describe("a step in two halves", () => {
  const h = 0.3;
  const halves = new Float64Array(4);

  it("is the sum of its halves", () => {
    halve(halves, 0.7, -0.2, h, 1.3, -0.4);
    const [w1, a1, w2, a2] = halves as unknown as [number, number, number, number];
    const whole = coarsen([
      { increment: w1, area: a1 },
      { increment: w2, area: a2 },
    ]);
    expect(whole.increment).toBeCloseTo(0.7, 14);
    expect(whole.area).toBeCloseTo(-0.2, 14);
  });

  it("has independent halves, each with the law of a step drawn on the fine grid", () => {
    // The halves are linear in four independent standard normals: their covariances are exact.
    const columns = Array.from({ length: 4 }, (_, i) => {
      const z = [0, 0, 0, 0];
      z[i] = 1;
      halve(halves, Math.sqrt(h) * z[0]!, Math.sqrt(h / 12) * z[1]!, h, z[2]!, z[3]!);
      return [...halves];
    });
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 4; j++) {
        const covariance = columns.reduce((sum, c) => sum + c[i]! * c[j]!, 0);
        const law = i !== j ? 0 : i % 2 === 0 ? h / 2 : h / 24;
        expect(covariance, `${i}, ${j}`).toBeCloseTo(law, 14);
      }
    }
  });

  it("has the moments of the law in samples from the counters", () => {
    const paths = 100_000;
    const sums = { w2: 0, a2: 0, w4: 0, across: 0 };
    for (let path = 0; path < paths; path++) {
      const [{ increment, area }] = draw(path, 1, h) as [PathStep];
      threefryInto(words, 3, 1, path, 0);
      normalPair(words[0]!, words[1]!, pair);
      halve(halves, increment, area, h, pair[0]!, pair[1]!);
      const [w1, a1, w2] = [halves[0]!, halves[1]!, halves[2]!];
      sums.w2 += w1 ** 2 / (h / 2);
      sums.a2 += a1 ** 2 / (h / 24);
      sums.w4 += (w1 ** 2 / (h / 2)) ** 2;
      sums.across += (w1 * w2) / (h / 2);
    }
    // Five standard errors, as above.
    const bound = (variance: number): number => 5 * Math.sqrt(variance / paths);
    expect(Math.abs(sums.w2 / paths - 1)).toBeLessThan(bound(2));
    expect(Math.abs(sums.a2 / paths - 1)).toBeLessThan(bound(2));
    expect(Math.abs(sums.w4 / paths - 3)).toBeLessThan(bound(96));
    expect(Math.abs(sums.across / paths)).toBeLessThan(bound(1));
  });
});
