/** Ticks of logarithmic axes: enough to read a value off, also where the axis spans little. */
import { expect, it } from "vitest";
import { logTicks } from "../../web/src/plots/log-ticks.js";

it.each([
  [0.55, 0.95, [0.6, 0.7, 0.8, 0.9]],
  [0.21, 0.24, [0.21, 0.22, 0.23, 0.24]],
  [0.8, 40, [1, 3, 10, 30]],
  [1e-20, 1, [1e-20, 1e-17, 1e-14, 1e-11, 1e-8, 1e-5, 0.01]],
  [1e-5, 2, [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1]],
])("from %d to %d", (low, high, ticks) => {
  expect(logTicks(low, high)).toEqual(ticks);
});

it("never fewer than three", () => {
  for (let n = 0; n < 500; n++) {
    const low = 10 ** (((n * 0.618) % 1) * 8 - 4);
    const ticks = logTicks(low, low * (1 + 10 ** (-3 + (n % 50) / 10)));
    expect(ticks.length).toBeGreaterThanOrEqual(3);
  }
});
