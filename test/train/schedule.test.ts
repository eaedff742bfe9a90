import { describe, expect, it } from "vitest";
import { type LearningRate, learningRateAt, type Schedule } from "../../src/train/schedule.js";

/** Values at steps, to the last few bits: the same formula may be written otherwise. */
function expectRates(schedule: Schedule, rates: Record<number, number>): void {
  const rate = learningRateAt(schedule);
  for (const [step, value] of Object.entries(rates)) expect(rate(Number(step)) / value).toBeCloseTo(1, 14);
}

describe("schedules follow optax", () => {
  it("piecewise-constant changes at its boundaries", () => {
    const schedule = { kind: "piecewise-constant", boundaries: [1000, 1200], values: [3e-3, 1e-3, 5e-4] } as const;
    expectRates(schedule, { 0: 3e-3, 999: 3e-3, 1000: 1e-3, 1199: 1e-3, 1200: 5e-4, 9999: 5e-4 });
  });

  it("exponential-decay: begin, stairs, and a bound on either side", () => {
    const decay = { kind: "exponential-decay", initValue: 2, transitionSteps: 10, decayRate: 0.5 } as const;
    expectRates(decay, { 0: 2, 5: Math.SQRT2, 10: 1, 20: 0.5 });
    expectRates({ ...decay, transitionBegin: 5 }, { 0: 2, 5: 2, 15: 1 });
    expectRates({ ...decay, staircase: true }, { 9: 2, 10: 1, 19: 1, 20: 0.5 });
    expectRates({ ...decay, endValue: 0.75 }, { 10: 1, 20: 0.75, 99: 0.75 });
    expectRates({ ...decay, decayRate: 2, endValue: 5 }, { 10: 4, 20: 5 });
  });

  it("cosine-decay with a rest and an exponent", () => {
    const cosine = { kind: "cosine-decay", initValue: 2, decaySteps: 4, alpha: 0.1 } as const;
    expectRates(cosine, { 0: 2, 1: 2 * (0.9 * (0.5 + Math.SQRT1_2 / 2) + 0.1), 2: 1.1, 4: 0.2, 50: 0.2 });
    expectRates({ ...cosine, exponent: 2 }, { 2: 2 * (0.9 * 0.25 + 0.1) });
  });

  it("warmup-cosine-decay: the warm-up is part of decaySteps", () => {
    const schedule = { initValue: 0.2, peakValue: 1, warmupSteps: 4, decaySteps: 12, endValue: 0.1 };
    expectRates({ kind: "warmup-cosine-decay", ...schedule }, { 0: 0.2, 2: 0.6, 4: 1, 8: 0.55, 12: 0.1, 99: 0.1 });
  });

  it.each<[unknown, RegExp]>([
    [{ kind: "linear" }, /learningRate\.kind: expected one of piecewise-constant, .*got "linear"/],
    [{ kind: "piecewise-constant", boundaries: [5], values: [1] }, /values: expected one more than the 1 boundaries/],
    [{ kind: "piecewise-constant", boundaries: [5, 5], values: [1, 1, 1] }, /boundaries\[1\]: is 5, .*must grow/],
    [{ kind: "cosine-decay", initValue: 1, decaySteps: 0 }, /decaySteps: expected a whole number from 1/],
    [
      { kind: "exponential-decay", initValue: 1, transitionSteps: 5, decayRate: -1 },
      /decayRate: expected a number above 0, got -1/,
    ],
    [
      { kind: "warmup-cosine-decay", initValue: 0, peakValue: 1, warmupSteps: 9, decaySteps: 9 },
      /decaySteps: is 9, but the 9 warmupSteps are part of them/,
    ],
    ["fast", /learningRate: expected a number or a schedule, got "fast"/],
  ])("refuses %j", (schedule, message) => {
    expect(() => learningRateAt(schedule as LearningRate)).toThrow(message);
  });
});
