/** Encoders: times by their definitions, the law of what is drawn, and what is refused. */
import { describe, expect, it } from "vitest";
import { latency } from "../../src/data/latency.js";
import { type PoissonOptions, poisson } from "../../src/data/poisson.js";
import { partOf, type SampleValues, valuesOf } from "../../src/data/sample-values.js";
import { sampleSpikes } from "../../src/data/spike-data.js";
import { thresholds } from "../../src/data/thresholds.js";

const spikes = (data: Parameters<typeof sampleSpikes>[0], sample: number): [number, number][] => {
  const { times, sources } = sampleSpikes(data, sample);
  return Array.from(times, (t, n) => [t, sources[n]!]);
};

describe("latency", () => {
  it("puts high values early, or low ones, exactly at both ends", () => {
    const data = latency([[1, 0, 0.25]], { from: 0.1, to: 0.7, bias: 0.5 });
    expect(spikes(data, 0)).toEqual([
      [0.1, 0],
      [0.5, 3],
      [0.7 - 0.6 * 0.25, 2].map((v) => expect.closeTo(v, 15)), // rounding of one product and one sum
      [0.7, 1],
    ]);
    expect(data.sourceCount).toBe(4);
    const low = latency([[1, 0, 0.25]], { from: 0.1, to: 0.7, early: "low", bias: [0.2, 0.3] });
    expect(spikes(low, 0)).toEqual([
      [0.1, 1],
      [0.2, 3],
      [expect.closeTo(0.25, 15), 2],
      [0.3, 4],
      [0.7, 0],
    ]);
  });

  it("takes another range, leaves out what lies below a threshold, and keeps labels", () => {
    const values: SampleValues = {
      values: Uint8Array.of(0, 128, 255, 51, 0, 0),
      scale: 1 / 255,
      size: 3,
      shape: [3],
      count: 2,
      labels: Int32Array.of(4, 1),
    };
    const data = latency(values, { from: 0, to: 1, threshold: 0.2 });
    // 51 / 255 is 0.2, up to which no value spikes.
    expect(data.offsets).toEqual(Uint32Array.of(0, 2, 2));
    expect(spikes(data, 0)).toEqual([
      [0, 2],
      [expect.closeTo(1 - 128 / 255, 15), 1],
    ]);
    expect(data.labels).toEqual(Int32Array.of(4, 1));
    const wide = latency([[-70], [-50]], { from: 0, to: 10, range: [-70, -50] });
    expect([...wide.times]).toEqual([10, 0]);
  });

  it("refuses what it cannot place", () => {
    const of = (options: object) => () => latency([[0.5, 2]], { from: 0, to: 1, ...options });
    expect(of({})).toThrow("values[0]: holds 2, outside range = [0, 1]; name the range that it lies in");
    expect(of({ to: 0 })).toThrow("to: expected a time after from = 0, got 0");
    expect(of({ range: [1, 0] })).toThrow("range: expected low to be below high");
    expect(of({ early: "late" })).toThrow("early: expected one of high, low");
    expect(of({ bias: Number.NaN })).toThrow("bias: expected a finite number, got NaN");
    expect(() => latency([], { from: 0, to: 1 })).toThrow("values: is empty");
    expect(() => latency([[1], [1, 2]], { from: 0, to: 1 })).toThrow("values[1]: holds 2 numbers; all samples need 1");
    expect(() => latency([[Number.POSITIVE_INFINITY]], { from: 0, to: 1 })).toThrow("values[0][0]: expected a finite");
  });
});

describe("poisson", () => {
  const options: PoissonOptions = { seed: 7, t1: 50 };
  const rates = [
    [2, 0, 8],
    [4, 1, 0.5],
  ];

  it("has counts and intervals of its law", () => {
    const many = Array.from({ length: 400 }, () => [2, 0, 8]);
    const data = poisson(many, { ...options, t0: 10 });
    const gaps = [new Float64Array(0), new Float64Array(0), new Float64Array(0)].map(() => [] as number[]);
    const counts = [0, 0, 0];
    let inside = true;
    for (let s = 0; s < data.count; s++) {
      const last = [10, 10, 10];
      for (const [t, source] of spikes(data, s)) {
        inside &&= t >= 10 && t < 50;
        counts[source]!++;
        gaps[source]!.push(t - last[source]!);
        last[source] = t;
      }
    }
    expect(inside).toBe(true);
    // Mean counts of 400 samples of 40 units of time: four standard deviations of a Poisson number.
    expect(Math.abs(counts[0]! - 32000)).toBeLessThan(4 * Math.sqrt(32000));
    expect(Math.abs(counts[2]! - 128000)).toBeLessThan(4 * Math.sqrt(128000));
    expect(counts[1]).toBe(0);
    // Kolmogorov and Smirnov's distance of intervals from the exponential law: beyond 1.95 / sqrt(n) one time in 1000. Intervals
    // cut off at t1 leave out long ones, by about 1 of 320 at this rate: 0.003 is added.
    const sorted = gaps[2]!.sort((a, b) => a - b);
    const far = sorted.reduce(
      (d, gap, i) => Math.max(d, Math.abs(1 - Math.exp(-8 * gap) - (i + 0.5) / sorted.length)),
      0,
    );
    expect(far).toBeLessThan(1.95 / Math.sqrt(sorted.length) + 0.003);
  });

  it("gives a sample its spikes whatever stands around it, and whenever it ends", () => {
    const data = poisson(rates, options);
    expect(spikes(poisson([rates[1]!], { ...options, first: 1 }), 0)).toEqual(spikes(data, 1));
    const short = spikes(poisson(rates, { ...options, t1: 20 }), 0);
    expect(short.length).toBeGreaterThan(100);
    expect(short).toEqual(spikes(data, 0).filter(([t]) => t < 20));
    expect(poisson(rates, { ...options, seed: 8 }).times).not.toEqual(data.times);
    // A rate that is twice as high, in half the time: the same draws.
    const fast = poisson(rates, { seed: 7, t1: 25, rate: 2 });
    expect(fast.sources).toEqual(data.sources);
    fast.times.forEach((t, n) => {
      expect(2 * t).toBeCloseTo(data.times[n]!, 9);
    });
  });

  it("refuses rates that are none", () => {
    expect(() => poisson([[-1]], options)).toThrow("rates[0]: holds a rate below 0 (-1)");
    expect(() => poisson([[1e6]], options)).toThrow("rates[0]: holds a rate of 1000000, more than 65536 spikes");
    expect(() => poisson([[1]], { ...options, t1: 0 })).toThrow("t1: expected a time after t0 = 0, got 0");
    expect(() => poisson([[1]], { ...options, seed: -1 })).toThrow("seed: expected a whole number from 0");
  });
});

describe("thresholds", () => {
  it("finds crossings of a line between samples, upwards and downwards", () => {
    const data = thresholds([[0, 1, -1, 0.25]], { thresholds: [-0.5, 0.25], dt: 0.1, t0: 2 });
    const places = [
      [0.25, 2], // up through 0.25
      [1.375, 3], // down through 0.25
      [1.75, 1], // down through -0.5
      [2.4, 0], // up through -0.5
      [3, 2], // up to 0.25, which counts
    ];
    expect(spikes(data, 0)).toEqual(places.map(([place, source]) => [expect.closeTo(2 + 0.1 * place!, 14), source]));
    expect(data.sourceCount).toBe(4);
  });

  it("passes over what stays, and takes a touch for a crossing there and back", () => {
    expect(thresholds([[1, 1, 1]], { thresholds: [1], dt: 1 }).times).toHaveLength(0);
    expect(spikes(thresholds([[0, 1, 0]], { thresholds: [1], dt: 1 }), 0)).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  it("has crossings of a sine where they are, to the error of the line", () => {
    const dt = 0.01;
    const sine = Array.from({ length: 629 }, (_, n) => [Math.sin(n * dt), Math.cos(n * dt)]);
    const data = thresholds([sine, sine], { thresholds: [0.5], dt, labels: [1, 0] });
    expect(data.offsets[1]).toBe(4);
    // A chord of a sine is off by dt² / 8, and the slope there is at least 0.86.
    const found = Object.fromEntries(spikes(data, 1).map(([t, source]) => [source, t]));
    const error = dt ** 2 / 8 / 0.86;
    expect(Math.abs(found[0]! - Math.PI / 6)).toBeLessThan(error);
    expect(Math.abs(found[1]! - (5 * Math.PI) / 6)).toBeLessThan(error);
    expect(Math.abs(found[3]! - Math.PI / 3)).toBeLessThan(error);
    expect(Math.abs(found[2]! - (5 * Math.PI) / 3)).toBeLessThan(error);
  });

  it("refuses levels that fall, and channels that differ", () => {
    const of =
      (signals: never[][], options: object = {}) =>
      () =>
        thresholds(signals, { thresholds: [0], dt: 1, ...options });
    expect(of([[1, 2]] as never, { thresholds: [1, 1] })).toThrow("thresholds[1]: 1 is not above the one before it");
    expect(of([[[1], [2, 3]]] as never)).toThrow("signals[0][1]: holds 2 numbers; all samples need 1");
    expect(of([[1, 2], [[1, 2]]] as never)).toThrow("signals[1]: has 2 channels, and signals[0] has 1");
    expect(of([[1, Number.NaN]] as never)).toThrow("signals[0][1]: expected a finite number, got NaN");
  });
});

describe("values by sample", () => {
  const values = {
    ...valuesOf("values", [
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    labels: Int32Array.of(0, 1, 2),
  };

  it("are taken in part", () => {
    const part = partOf(values, 1, 1);
    expect(part).toMatchObject({ count: 1, values: Float64Array.of(3, 4), labels: Int32Array.of(1) });
    expect(() => partOf(values, 2, 2)).toThrow("count: expected a whole number from 0 to 1, got 2");
  });

  it("are checked", () => {
    const of = (change: object) => () => valuesOf("values", { ...values, ...change });
    expect(of({ count: 2 })).toThrow("values.values: holds 6 numbers; 2 samples of 2 need 4");
    expect(of({ shape: [3] })).toThrow("values.shape: [3] does not hold 2 values");
    expect(of({ labels: Int32Array.of(1) })).toThrow("values.labels: holds 1 label; 3 samples need 3");
    expect(of({ values: Float64Array.of(1, 2, 3, Number.NaN, 5, 6) })).toThrow("values.values[3]: expected a finite");
  });
});
