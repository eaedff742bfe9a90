import { describe, expect, it } from "vitest";
import type { TrialsJob } from "../../src/io/job.js";
import { meanFirstTimes, readTrials } from "../../src/io/recording.js";

const noFiles = {
  open: (): never => {
    throw new Error("no files here");
  },
};

describe("observed trials", () => {
  it("are those within the interval, in order of time", () => {
    const observed = { times: [[12, 11, 9.9, 10, 14], []], neurons: [[1, 0, 0, 1, 0], []] };
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
    [{ times: [[0.1], [0.2]], neurons: [[0]] }, /observed\.neurons: has 1 trials, but observed\.times has 2/],
    [{ times: [[0.1, 0.2]], neurons: [[0]] }, /observed\.neurons\[0\]: has 1 entries for 2 spike times/],
  ])("are refused where they do not fit: %j", (observed, message) => {
    expect(() => readTrials(observed, noFiles, { t0: 0, t1: 1 })).toThrow(message);
  });
});
