import { describe, expect, it } from "vitest";
import { DataSet, type SampleBatch } from "../../src/data/data-set.js";
import { spikeData } from "../../src/data/spike-data.js";

const samples = 200;
/** Sample s has s % 4 spikes, from s / 100 on. */
const spikes = spikeData({
  offsets: Uint32Array.from({ length: samples + 1 }, (_, s) =>
    Array.from({ length: s }, (_, k) => k % 4).reduce((a, b) => a + b, 0),
  ),
  times: Array.from({ length: samples }, (_, s) => Array.from({ length: s % 4 }, (_, n) => s / 100 + 0.1 * n)).flat(),
  sources: Array.from({ length: samples }, (_, s) => Array.from({ length: s % 4 }, (_, n) => (s + n) % 5)).flat(),
  labels: Array.from({ length: samples }, (_, s) => s % 3),
  sourceCount: 5,
});
const data = new DataSet({ spikes });

describe("data set", () => {
  it("gives batches of its samples, in any order", () => {
    const { spikes: of, labels } = data.batch([7, 0, 6]) as Required<SampleBatch>;
    expect([...of.offsets]).toEqual([0, 3, 3, 5]);
    expect([...of.times]).toEqual([0.07, 0.07 + 0.1, 0.07 + 0.1 * 2, 0.06, 0.06 + 0.1]);
    expect([...of.sources]).toEqual([2, 3, 4, 1, 2]);
    expect([...labels!]).toEqual([1, 0, 0]);
    expect(data.all().spikes).toEqual({ offsets: spikes.offsets, times: spikes.times, sources: spikes.sources });
  });

  it("shuffles by seed and epoch: each sample once, each place as probable", () => {
    const order = data.order({ seed: 1, epoch: 0 });
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: samples }, (_, s) => s));
    expect(data.order({ seed: 1, epoch: 0 })).toEqual(order);
    expect(data.order({ seed: 1, epoch: 1 })).not.toEqual(order);
    expect(data.order({ seed: 2, epoch: 0 })).not.toEqual(order);
    const [seeds, size] = [3000, 4];
    const few = new DataSet({
      spikes: spikeData({ offsets: [0, 0, 0, 0, 0], times: [], sources: [], sourceCount: 1 }),
    });
    const counts = new Float64Array(size * size);
    for (let seed = 0; seed < seeds; seed++)
      for (const [i, s] of few.order({ seed, epoch: 3 }).entries()) counts[s * size + i]!++;
    // Binomial of 3000 at 1/4: standard deviation 24; five of them of 16 counts.
    for (const count of counts) expect(Math.abs(count - seeds / size)).toBeLessThan(5 * 24);
  });

  it("jitters what is trained on, in each epoch otherwise, in order and within bounds", () => {
    const jittered = new DataSet({ spikes, jitter: 0.05, within: [0, 2.1] });
    const indices = Array.from({ length: samples }, (_, s) => s);
    expect(jittered.batch(indices)).toEqual(data.all());
    const [a, b] = [0, 1].map((epoch) => jittered.batch(indices, { seed: 3, epoch }).spikes!);
    expect(a!.offsets).toEqual(spikes.offsets);
    expect(a!.times).not.toEqual(b!.times);
    // The same of a sample in any batch.
    const one = jittered.batch([150], { seed: 3, epoch: 1 }).spikes!.times;
    expect(one).toEqual(b!.times.slice(b!.offsets[150], b!.offsets[151]));
    const moved: number[] = [];
    for (let s = 0; s < samples; s++) {
      const own = a!.times.slice(a!.offsets[s], a!.offsets[s + 1]);
      expect([...own]).toEqual([...own].sort((x, y) => x - y));
      own.forEach((t) => {
        expect(t).toBeGreaterThanOrEqual(0);
        expect(t).toBeLessThanOrEqual(2.1);
      });
      for (let n = 0; n < own.length; n++) moved.push(own[n]! - spikes.times[spikes.offsets[s]! + n]!);
    }
    const mean = moved.reduce((x, y) => x + y) / moved.length;
    const sd = Math.sqrt(moved.reduce((x, y) => x + (y - mean) ** 2, 0) / moved.length);
    // 300 normals: the mean to 0.003, the deviation to 4 %; few are kept within the bounds, few change places.
    expect(Math.abs(mean)).toBeLessThan(0.012);
    expect(Math.abs(sd / 0.05 - 1)).toBeLessThan(0.2);
  });

  it("gives signals of its samples, beside spikes or alone", () => {
    const rows = Array.from({ length: samples }, (_, s) => [s, s + 0.5]);
    const sampled = { dt: 0.5, samples: rows, interpolation: "linear" } as const;
    const level = Float64Array.from(rows, ([a]) => a!);
    const both = new DataSet({ spikes, inputs: { I: sampled, level } }).batch([7, 0], { seed: 1, epoch: 0 });
    expect(both.inputs).toEqual({ I: { ...sampled, samples: [rows[7], rows[0]] }, level: [7, 0] });
    expect(both.spikes).toEqual(data.batch([7, 0]).spikes);
    const alone = new DataSet({ inputs: { I: rows }, labels: rows.map((_, s) => s % 3) });
    expect([alone.count, alone.sourceCount]).toEqual([samples, 0]);
    expect(alone.batch([3, 4])).toEqual({ inputs: { I: [rows[3], rows[4]] }, labels: Int32Array.of(0, 1) });
  });

  it.each<[() => unknown, string]>([
    [() => new DataSet({ spikes: {} as never }), "data.spikes: expected spike data; spikeData(…) makes it"],
    [
      () => new DataSet({ spikes: spikeData({ offsets: [0], times: [], sources: [], sourceCount: 1 }) }),
      "data.spikes: hold no sample",
    ],
    [() => new DataSet({ spikes, jitter: -1 }), "data.jitter: expected a number of at least 0, got -1"],
    [() => new DataSet({ spikes, jitter: 1 }), "data.within: must be [t0, t1] of the solves where there is jitter"],
    [() => new DataSet({}), "data.spikes: are missing; give spike data, which spikeData(…) makes, or inputs"],
    [() => new DataSet({ inputs: { I: [] } }), "data.inputs.I: hold no sample"],
    [
      () => new DataSet({ inputs: { I: 3 as never } }),
      "data.inputs.I: expected a list by sample, or { dt, samples }, got 3",
    ],
    [
      () => new DataSet({ spikes, inputs: { I: [1, 2] } }),
      "data.inputs.I: has 2 samples, and data.spikes 200; give as many",
    ],
    [
      () => new DataSet({ inputs: { I: [1, 2], g: { dt: 1, samples: [[1, 2]] } } }),
      "data.inputs.g: has 1 samples, and data.inputs.I 2; give as many",
    ],
    [() => new DataSet({ inputs: { I: [1, 2] }, labels: [0] }), "data.labels: holds 1 label; 2 samples need 2"],
    [
      () => new DataSet({ inputs: { I: [1] }, jitter: 1, within: [0, 1] }),
      "data.jitter: moves input spikes, and there",
    ],
    [
      () =>
        new DataSet({
          inputs: {
            I: [
              [1, 2],
              [3, Number.NaN],
            ],
          },
        }),
      "data.inputs.I[1][1]: expected a finite number",
    ],
    [() => new DataSet({ inputs: { I: { samples: [[1]] } as never } }), "data.inputs.I.dt: expected a finite number"],
    [
      () =>
        new DataSet({
          inputs: {
            I: {
              dt: 1,
              samples: [
                [1, 2],
                [1, "2"],
              ],
            } as never,
          },
        }),
      'data.inputs.I.samples[1][1]: expected a finite number, got "2"',
    ],
    [() => data.batch([200]), "indices[0]: expected a whole number from 0 to 199, got 200"],
  ])("refuses: %#", (make, message) => {
    expect(make).toThrow(message);
  });
});
