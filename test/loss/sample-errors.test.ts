/** What standard errors over samples are: of a mean over other samples drawn alike, and by what a sample has of its own within it. */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { payoff } from "../../src/loss/payoff.js";

it("counts how samples differ as chance, but for what each has of its own", async () => {
  const engine = await Engine.create({ backend: "cpu" });
  const cell = {
    name: "still",
    state: { v: "mu", k: "0" },
    event: "-1",
    parameters: { mu: 1 },
  };
  const mu = [1, 2, 4];
  const { value, standardError, gradient, gradientStandardError } = await engine
    .network({ cell })
    .valueAndGradient(payoff({ value: "v^2" }), {
      t1: 1,
      dt: 0.5,
      samples: { parameters: { mu }, trials: 2 },
      with: ["mu"],
    });
  // v(1) = mu, without noise: of each sample the same in both trials.
  const squares = mu.flatMap((m) => [m ** 2, m ** 2]);
  const mean = squares.reduce((a, b) => a + b) / 6;
  expect(value).toBeCloseTo(mean, 12);
  expect(standardError).toBeCloseTo(Math.sqrt(squares.reduce((a, x) => a + (x - mean) ** 2, 0) / 5 / 6), 12);
  (gradient.mu as number[]).forEach((d, s) => {
    expect(d).toBeCloseTo((2 * mu[s]!) / 3, 12);
  });
  for (const error of gradientStandardError.mu as number[]) expect(error).toBeCloseTo(0, 12);
  engine.dispose();
});
