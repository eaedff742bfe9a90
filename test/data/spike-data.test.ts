/** Spikes by sample: what is put in order, and what is refused. */
import { expect, it } from "vitest";
import { partOf } from "../../src/data/sample-values.js";
import { type GivenSpikeData, sampleSpikes, spikeData, spikeDataOf } from "../../src/data/spike-data.js";
import { writeSpikeFile } from "../../src/data/spike-file.js";

const given: GivenSpikeData = {
  offsets: [0, 3, 3, 5],
  times: [0.4, 0.1, 0.1, 2, -1],
  sources: [0, 2, 1, 0, 2],
  labels: [7, 0, 1],
  sourceCount: 3,
};

it("puts the spikes of each sample in order, by time and then by source", () => {
  const data = spikeData(given);
  expect([...data.times]).toEqual([0.1, 0.1, 0.4, -1, 2]);
  expect([...data.sources]).toEqual([1, 2, 0, 2, 0]);
  expect([...data.offsets]).toEqual([0, 3, 3, 5]);
  expect([...data.labels!]).toEqual([7, 0, 1]);
  expect([data.count, data.sourceCount]).toEqual([3, 3]);
  expect(sampleSpikes(data, 1).times).toHaveLength(0);
  expect([...sampleSpikes(data, 2).sources]).toEqual([2, 0]);
  // What was given stays.
  expect(given.times).toEqual([0.4, 0.1, 0.1, 2, -1]);
});

it("takes lists, sample by sample", () => {
  const lists = [
    { times: [0.4, 0.1, 0.1], sources: [0, 2, 1] },
    { times: [], sources: [] },
    { times: Float64Array.of(2, -1), sources: Uint32Array.of(0, 2) },
  ];
  expect(spikeDataOf(lists, { sourceCount: 3, labels: [7, 0, 1] })).toEqual(spikeData(given));
  expect(spikeDataOf([], { sourceCount: 1 })).toMatchObject({ count: 0, offsets: Uint32Array.of(0) });
  expect(spikeDataOf(lists, { sourceCount: 3 })).not.toHaveProperty("labels");
});

it("refuses what does not fit, and names it", () => {
  const refused = (change: object, message: string | RegExp): void =>
    expect(() => spikeData({ ...given, ...change } as GivenSpikeData)).toThrow(message);
  refused({ offsets: [] }, "spikes.offsets: is empty");
  refused({ offsets: [0, 3, 2, 5] }, "spikes.offsets[2]: expected a whole number from 3 to 5, got 2");
  refused({ offsets: [1, 3, 3, 5] }, "spikes.offsets[0]: expected a whole number from 0 to 0, got 1");
  refused({ offsets: [0, 3, 3, 4] }, "spikes.offsets[3]: is 4, and there are 5 spikes");
  refused({ times: [0, 1, Number.NaN, 2, 3] }, "spikes.times[2]: expected a finite number, got NaN");
  refused({ sources: [0, 1, 2, 3, 0] }, "spikes.sources[3]: expected a whole number from 0 to 2, got 3");
  refused({ sources: [0] }, "spikes: has 5 times but 1 source; one source per time is needed");
  refused({ labels: [0, 1] }, "spikes.labels: holds 2 labels; 3 samples need 3");
  refused({ labels: [0, 1, -1] }, "spikes.labels[2]: expected a whole number from 0 to");
  refused({ sourceCount: 0 }, "spikes.sourceCount: expected a whole number from 1 to 65536, got 0");
  refused({ weights: [] }, "spikes.weights: is unknown");
  expect(() => spikeDataOf([{ times: [1], sources: [] }], { sourceCount: 1 })).toThrow(
    "samples[0]: has 1 time but 0 sources; one source per time is needed",
  );
  expect(() => spikeDataOf([{ times: [1], sources: [1.5] }], { sourceCount: 2 })).toThrow("samples[0].sources[0]");
  expect(() => spikeDataOf([], undefined as never)).toThrow("options: expected { sourceCount, labels }, got undefined");
  for (const taken of [sampleSpikes, writeSpikeFile])
    expect(() => taken(given as never, 0)).toThrow("data: expected spike data; spikeData(…) makes it");
  expect(() => partOf(undefined as never, 0, 0)).toThrow("data: expected { values, ");
  expect(() => sampleSpikes(spikeData(given), 3)).toThrow("sample: expected a whole number from 0 to 2, got 3");
});
