import { expect, it } from "vitest";
import { coarsen } from "../../src/driver/brownian.js";

it("coarsening in two stages is coarsening at once, and the area's mean square is h/12", () => {
  const normal = (k: number): number => Math.sqrt(2) * Math.sin(12.9898 * k * k + 78.233 * k);
  const h = 0.01;
  const steps = Array.from({ length: 8 }, (_, i) => ({
    increment: Math.sqrt(h) * normal(i + 1),
    area: Math.sqrt(h / 12) * normal(i + 100),
  }));
  const once = coarsen(steps);
  const twice = coarsen([coarsen(steps.slice(0, 4)), coarsen(steps.slice(4))]);
  expect(twice.increment).toBeCloseTo(once.increment, 14);
  expect(twice.area).toBeCloseTo(once.area, 14);
  // Var H = Σ over the linear weights of independent parts: increments weigh (midpoint - 1/2), areas 1/8 each.
  let variance = 0;
  for (let i = 0; i < 8; i++) {
    const unit = steps.map((_, j) => ({ increment: j === i ? Math.sqrt(h) : 0, area: 0 }));
    const area = steps.map((_, j) => ({ increment: 0, area: j === i ? Math.sqrt(h / 12) : 0 }));
    variance += coarsen(unit).area ** 2 + coarsen(area).area ** 2;
  }
  expect(variance).toBeCloseTo((8 * h) / 12, 12);
});
