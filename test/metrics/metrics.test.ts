import { describe, expect, it } from "vitest";
import {
  coincidences,
  cutTrains,
  intervals,
  neuronTrains,
  psth,
  psthCorrelation,
  spikeTrainMatch,
  trainStatistics,
} from "../../src/metrics/index.js";
import { readRecordedCell } from "../support/data.js";

/** All matchings by brute force: the largest number of pairs. */
function brute(a: readonly number[], b: readonly number[], window: number): number {
  if (a.length === 0) return 0;
  const [first, ...rest] = a as [number, ...number[]];
  let best = brute(rest, b, window);
  b.forEach((t, j) => {
    if (Math.abs(t - first) <= window) best = Math.max(best, 1 + brute(rest, b.toSpliced(j, 1), window));
  });
  return best;
}

describe("coincidences", () => {
  it("uses each spike once, and includes the window's end", () => {
    expect(coincidences([10, 20, 30], [14, 20, 35], 4)).toBe(2);
    expect(coincidences([10, 11, 12], [11], 4)).toBe(1);
    expect(coincidences([], [1, 2], 4)).toBe(0);
    // The second spike of a can only go with 7, so the first must take 3: 2 pairs.
    expect(coincidences([3, 6], [3, 7], 4)).toBe(2);
  });

  it("is the largest matching: bursts against all matchings by brute force", () => {
    let x = 1;
    const random = (): number => {
      x = (x * 48271) % 2147483647;
      return x / 2147483647;
    };
    for (let trial = 0; trial < 200; trial++) {
      const train = (): number[] =>
        Array.from({ length: 1 + Math.floor(6 * random()) }, () => 30 * random()).sort((p, q) => p - q);
      const [a, b] = [train(), train()];
      expect(coincidences(a, b, 4)).toBe(brute(a, b, 4));
    }
  });
});

describe("what lies on an edge to rounding", () => {
  // Tenths as they are read, and as sums and products give them, before and behind the decimal.
  const tenths: [string, number[]][] = [
    ["read", Array.from({ length: 10 }, (_, n) => n / 10)],
    ["multiplied", Array.from({ length: 10 }, (_, n) => n * 0.1)],
    ["taken from 1", Array.from({ length: 10 }, (_, n) => 1 - (1 - n / 10))],
  ];
  it.each(tenths)("goes where its decimal says in a PSTH: tenths %s", (_, times) => {
    const { rates } = psth([times], { t0: 0, t1: 1, bin: 0.1 });
    expect([...rates]).toEqual(new Array(10).fill(10));
    // From 0.3 on, and far from 0: the same bins.
    expect([...psth([times], { t0: 0.3, t1: 0.9, bin: 0.1 }).rates]).toEqual(new Array(6).fill(10));
    const late = Array.from({ length: 10 }, (_, n) => (12340 + n) / 10);
    expect([...psth([late], { t0: 1234, t1: 1235, bin: 0.1 }).rates]).toEqual(new Array(10).fill(10));
  });

  it("goes where its decimal says in a stretch: the beginning belongs to it, the end does not", () => {
    expect(cutTrains([[1 - 0.9, 3 * 0.1]], { t0: 0.1, t1: 0.3 })).toEqual([Float64Array.of(1 - 0.9)]);
    expect(cutTrains([[0.1, 0.7 - 0.4]], { t0: 0.1, t1: 0.3 })).toEqual([Float64Array.of(0.1)]);
  });

  it("counts as a coincidence at the end of the window, and nothing beyond it does", () => {
    const recorded = Array.from({ length: 50 }, (_, n) => n / 10);
    const generated = Array.from({ length: 50 }, (_, n) => (100 * n + 4) / 1000);
    expect(spikeTrainMatch([recorded, recorded], [generated, generated], 0.004).md).toBe(1);
    expect(coincidences(recorded, generated, 0.004 - 1e-12)).toBe(0);
  });
});

describe("Md*", () => {
  it("by hand: three recorded and two generated trains", () => {
    const recorded = [
      [10, 50, 90],
      [12, 53],
      [11, 80],
    ];
    const generated = [
      [13, 60],
      [12, 52, 88],
    ];
    // Recorded pairs: (1,2) 2, (1,3) 1, (2,3) 1: mean 4/3. Generated pair: 1. Between: 1 3, 1 2, 1 1: mean 9/6.
    const match = spikeTrainMatch(recorded, generated, 4);
    expect(match.recorded).toBeCloseTo(4 / 3, 14);
    expect(match.generated).toBe(1);
    expect(match.between).toBe(1.5);
    expect(match.md).toBeCloseTo(3 / (4 / 3 + 1), 14);
    // From 40 to 100: recorded 1 + 0 + 0, generated 0, between 0 2 0 1 0 0 in six pairs.
    const part = spikeTrainMatch(recorded, generated, 4, { t0: 40, t1: 100 });
    expect(part.recorded).toBeCloseTo(1 / 3, 14);
    expect(part.generated).toBe(0);
    expect(part.md).toBeCloseTo(2 * 0.5 * 3, 14);
  });

  it("is 1 for a set against itself twice over, and 0 for trains apart", () => {
    const set = [
      [10, 50, 90],
      [10, 50, 90],
    ];
    expect(spikeTrainMatch(set, set, 4).md).toBe(1);
    expect(spikeTrainMatch(set, [[30], [30]], 4).md).toBe(0);
  });

  it("wants two trains of each kind", () => {
    expect(() => spikeTrainMatch([[1]], [[1], [2]], 4)).toThrow("recorded: Md* compares pairs of different trains");
    expect(() => spikeTrainMatch([[1], [2]], [[1]], 4)).toThrow("generated: Md*");
    expect(() => spikeTrainMatch([[1], [2]], [[1], [2]], -1)).toThrow("window");
  });
});

describe("statistics", () => {
  it("by hand", () => {
    const trains = [
      [1, 3, 7],
      [2, 4],
      [0.5, 5, 20],
    ];
    const s = trainStatistics(trains, { t0: 0, t1: 10 });
    // Counts 3, 2, 2; intervals 2, 4, 2, 4.5.
    expect(s.meanCount).toBeCloseTo(7 / 3, 14);
    expect(s.varianceOfCount).toBeCloseTo(1 / 3, 14);
    expect(s.rate).toBeCloseTo(7 / 30, 14);
    expect(s.fano).toBeCloseTo(1 / 7, 14);
    expect(s.intervals).toBe(4);
    expect(s.meanInterval).toBe(3.125);
    expect(s.cv).toBeCloseTo(Math.sqrt((2 * 1.125 ** 2 + 0.875 ** 2 + 1.375 ** 2) / 3) / 3.125, 14);
    expect([...intervals(trains)]).toEqual([2, 4, 2, 4.5, 15]);
    expect(trainStatistics([[1]], { t0: 0, t1: 10 }).cv).toBeNaN();
    expect(() => trainStatistics(trains, { t0: 1, t1: 1 })).toThrow("t1: expected a time after t0");
  });

  it("takes a neuron's trains out of a table", () => {
    const table = {
      paths: 2,
      slots: 3,
      times: Float64Array.of(1, 2, 3, 4, 9, 9),
      neurons: Int32Array.of(0, 1, 0, 1, -1, -1),
      counts: Int32Array.of(3, 1),
    };
    expect(neuronTrains(table, 0).map((t) => [...t])).toEqual([[1, 3], []]);
    expect(neuronTrains(table, 1).map((t) => [...t])).toEqual([[2], [4]]);
    expect(() => neuronTrains([{ times: [1], neurons: [0] }] as never)).toThrow(
      "table.counts: expected a list of counts",
    );
    expect(() => neuronTrains(table, -1)).toThrow("neuron: expected a whole number from 0");
  });
});

describe("times out of order or not finite are refused, naming which", () => {
  const bad = [
    [1, 2],
    [3, 2, 4],
  ];
  const stretch = { t0: 0, t1: 10 };
  it.each([
    ["spikeTrainMatch", "generated", () => spikeTrainMatch([[1], [2]], bad, 4)],
    ["spikeTrainMatch, recorded", "recorded", () => spikeTrainMatch(bad, [[1], [2]], 4, stretch)],
    ["intervals", "trains", () => intervals(bad)],
    ["trainStatistics", "trains", () => trainStatistics(bad, stretch)],
    ["psth", "trains", () => psth(bad, { ...stretch, bin: 1 })],
    ["cutTrains", "trains", () => cutTrains(bad, stretch)],
  ])("%s", (_, field, call) => {
    expect(call).toThrow(`${field}[1][1]: is 2, before the spike ahead of it at 3: sort each train's times`);
  });

  it("of two trains alone", () => {
    expect(() => coincidences([1, 2], [2, 1], 4)).toThrow("b[1]: is 1, before the spike ahead of it at 2");
    expect(() => coincidences([Number.NaN], [1], 4)).toThrow("a[0]: expected a finite number, got NaN");
    expect(() => coincidences([1], [1], Number.NaN)).toThrow("window: expected a time of at least 0, got NaN");
    // Two at the same time are in order.
    expect(coincidences([1, 1], [1, 1], 0)).toBe(2);
  });
});

describe("PSTH", () => {
  const trains = [
    [0.5, 1.5, 1.6, 9],
    [0.1, 3.9, 4],
  ];

  it("counts spikes per trial and time", () => {
    expect([...psth(trains, { t0: 0, t1: 4, bin: 1 }).rates]).toEqual([1, 1, 0, 0.5]);
    expect([...psth(trains, { t0: 0, t1: 4, bin: 2 }).rates]).toEqual([1, 0.25]);
    expect(() => psth(trains, { t0: 0, t1: 4, bin: 0.3 })).toThrow("bin: 0.3 does not divide the stretch");
    expect(() => psth([], { t0: 0, t1: 4, bin: 1 })).toThrow("at least one trial");
  });

  it("smooths with a Gaussian of unit sum", () => {
    const one = psth([[50]], { t0: 0, t1: 100, bin: 1, smooth: 4 });
    expect(one.rates.reduce((s, r) => s + r, 0)).toBeCloseTo(1, 12);
    // Four bins from the middle, a standard deviation, the Gaussian has fallen by exp(-1/2).
    expect(one.rates[54]! / one.rates[50]!).toBeCloseTo(Math.exp(-0.5), 12);
    // A constant rate stays so up to the ends.
    const even = psth([Array.from({ length: 20 }, (_, i) => i + 0.5)], { t0: 0, t1: 20, bin: 1, smooth: 2 });
    for (const r of even.rates) expect(r).toBeCloseTo(1, 12);
  });

  it("correlates", () => {
    const of = (rates: number[]) => ({ t0: 0, t1: rates.length, bin: 1, rates: Float64Array.from(rates) });
    expect(psthCorrelation(of([1, 2, 3]), of([2, 4, 6]))).toBeCloseTo(1, 14);
    expect(psthCorrelation(of([1, 2, 3]), of([3, 2, 1]))).toBeCloseTo(-1, 14);
    expect(psthCorrelation(of([1, 2, 4]), of([1, 0, 2]))).toBeCloseTo(2 / Math.sqrt((14 / 3) * 2), 14);
    expect(() => psthCorrelation(of([1]), of([1, 2]))).toThrow("psth: has 2 bins to compare with 1");
    expect(() => psthCorrelation(of([1, 2]), { ...of([1, 2]), bin: 2, t1: 4 })).toThrow(
      "psth: has bins of 2 from 0 on to compare with 1 from 0 on",
    );
    expect(() => psthCorrelation(of([1, 2]), { ...of([1, 2]), t0: 1, t1: 3 })).toThrow("psth: has bins of 1 from 1 on");
    expect(() => psthCorrelation(of([1]), [1] as never)).toThrow("psth.rates: expected a list of rates");
    // Three spikes of 13 trials in each bin: smoothed rates that differ by rounding.
    const train = Array.from({ length: 30 }, (_, n) => Math.floor(n / 3) / 10 + 0.01 + 0.02 * (n % 3));
    const flat = psth(new Array(13).fill(train), { t0: 0, t1: 1, bin: 0.1, smooth: 0.15 });
    expect(new Set(flat.rates).size).toBeGreaterThan(1);
    expect(psthCorrelation(flat, flat)).toBeNaN();
    const other = psth([[0.05, 0.15, 0.5]], { t0: 0, t1: 1, bin: 0.1 });
    expect(psthCorrelation(flat, other)).toBeNaN();
    expect(psthCorrelation(other, flat)).toBeNaN();
  });
});

describe("a recorded cell", () => {
  it("is alike itself: its odd trials against its even ones", (test) => {
    const trials = readRecordedCell(test).trials_spike_times_ms;
    const [odd, even] = [trials.filter((_, i) => i % 2 === 1), trials.filter((_, i) => i % 2 === 0)];
    const { md } = spikeTrainMatch(even, odd, 4, { t0: 10_000, t1: 14_000 });
    expect(md).toBeGreaterThan(0.9);
    expect(md).toBeLessThan(1.1);
  });
});
