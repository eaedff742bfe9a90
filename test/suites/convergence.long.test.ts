/** The convergence study at a size that shows its orders. */
import { expect, it } from "vitest";
import { convergence } from "../../bench/convergence.js";

it("the errors of levy at σ = 0.25 are within their bounds at dt 0.01 and fall with dt", () => {
  // 60 of the bench's paths: an RMS over so few is known to about a tenth; the bounds lie well above the values.
  const rows = convergence(0.25, 60, [0.02, 0.01, 0.005]).filter((r) => r.method === "levy");
  const [coarse, middle, fine] = rows;
  expect(middle!.dt).toBe(0.01);
  expect(middle!.gradientError).toBeLessThanOrEqual(0.05);
  expect(middle!.timeError).toBeLessThanOrEqual(3e-4);
  expect(middle!.gradientError).toBeLessThan(coarse!.gradientError);
  expect(fine!.gradientError).toBeLessThan(middle!.gradientError);
  expect(middle!.timeError).toBeLessThan(coarse!.timeError);
  expect(fine!.timeError).toBeLessThan(middle!.timeError);
});
