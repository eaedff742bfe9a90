import { expect, it } from "vitest";
import { precision, type Scheme, valueAt } from "../../bench/precision.js";

it("errors of the second spike time fall with the step as the schemes' orders say", () => {
  const steps = { levy: [0.02, 0.005], euler: [0.01, 0.0025], grid: [0.01, 0.0025] };
  const rows = precision(40, steps);
  const ratio = (scheme: Scheme): number => {
    const [coarse, fine] = rows.filter((r) => r.scheme === scheme).map((r) => r.error);
    return coarse! / fine!;
  };
  // Of steps four times as long. 40 paths know a root mean square to 10 or 20 %, and both have the same paths.
  for (const scheme of ["euler", "grid"] as const) {
    expect(ratio(scheme), scheme).toBeGreaterThan(3);
    expect(ratio(scheme), scheme).toBeLessThan(6);
  }
  // `levy` has order 3/2 in the state.
  expect(ratio("levy")).toBeGreaterThan(6);
  // A spike on the grid is late by up to a step: half of one on average, and Euler's state takes part of it back.
  const grid = rows.find((r) => r.scheme === "grid" && r.dt === 0.01)!;
  expect(grid.error).toBeGreaterThan(0.002);
  expect(grid.error).toBeLessThan(0.01);
});

it("curves are read between their points, and not beyond", () => {
  expect(valueAt([1, 100], [2, 200], 10)).toBeCloseTo(20, 10);
  expect(valueAt([100, 10, 1], [1, 2, 8], 2)).toBeGreaterThan(2);
  expect(valueAt([1, 100], [2, 200], 1000)).toBeUndefined();
});
