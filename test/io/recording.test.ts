import { describe, expect, it } from "vitest";
import type { TrialsJob } from "../../src/io/job.js";
import { writeNpz } from "../../src/io/npz.js";
import { meanFirstTimes, readTrials } from "../../src/io/recording.js";

const noFiles = {
  open: (): never => {
    throw new Error("no files here");
  },
};

describe("observed trials", () => {
  it("are those within the interval", () => {
    const observed = { times: [[9.9, 10, 11, 12, 14, 10], []], neurons: [[0, 1, 0, 1, 0, -1], []] };
    expect(readTrials(observed, noFiles, { t0: 10, t1: 14 })).toEqual([
      { times: [10, 11, 12], neurons: [1, 0, 1] },
      { times: [], neurons: [] },
    ]);
  });

  it("give mean first times, t1 where there is none", () => {
    const trials = readTrials([[0.1, 0.3], [0.2]], noFiles, { t0: 0, t1: 1 });
    const [[first, second]] = meanFirstTimes(trials, 1, 2, 1) as [[number, number]];
    expect(first).toBeCloseTo(0.15, 14);
    expect(second).toBeCloseTo(0.65, 14);
  });

  it.each<[TrialsJob, RegExp]>([
    [[], /observed: holds no trial/],
    [{ times: [[0.1], [0.2]], neurons: [[0]] }, /observed\.neurons: has 1 trial, but observed\.times has 2/],
    [[[0.1], [0.5, 0.5, 0.3]], /observed\[1\]\[2\]: time 0\.3 comes after 0\.5 in trial 1; sort its spikes by time/],
    [[[5, 4]], /time 4 comes after 5 in trial 0/],
    [{ times: [[0.1, 0.2]], neurons: [[0]] }, /observed\.neurons\[0\]: has 1 entry for 2 spike times/],
  ])("are refused where they do not fit: %j", (observed, message) => {
    expect(() => readTrials(observed, noFiles, { t0: 0, t1: 1 })).toThrow(message);
  });

  it("are refused where a file says that it holds more", () => {
    const read = (...counts: number[]) => {
      const spike_times = { data: Float64Array.of(0.2, 0.3, 0.4, 1), shape: [2, 2] };
      const bytes = writeNpz({
        spike_times,
        spike_counts: { data: Float64Array.from(counts), shape: [counts.length] },
      });
      const files = { open: () => ({ path: "s.npz", bytes }) };
      return readTrials({ file: "s.npz" }, files, { t0: 0, t1: 1 }).map((trial) => trial.times);
    };
    expect(read(2, 1)).toEqual([[0.2, 0.3], [0.4]]);
    expect(() => read(2, 9)).toThrow(/observed: s\.npz: spike_counts\[1\]: is 9, but spike_times has 2 in a trial/);
    expect(() => read(2)).toThrow(/spike_counts: expected one number per trial \(2\), got a list of 1$/);
  });
});
