/** Samples of a signal in a job that does not begin at 0. */
import { describe, expect, it } from "vitest";
import { networkOf } from "../../src/job/build.js";
import { checkJob } from "../../src/job/check-job.js";
import { simulateSchema } from "../../src/job/job.js";
import { samplesFromStart } from "../../src/job/sample-origin.js";

const samples = Array.from({ length: 20 }, (_, n) => n);
const of = (t0: number | undefined, time: { t0?: number; t1: number }) =>
  samplesFromStart("input.current", { dt: 0.1, samples, t0 }, time);

describe("samples from the beginning of a job on", () => {
  it("are all of them where they begin there, as they do unless they say", () => {
    expect(of(undefined, { t1: 1 })).toEqual(samples);
    expect(of(undefined, { t0: 0.5, t1: 2.5 })).toEqual(samples);
    expect(of(0.5, { t0: 0.5, t1: 1 })).toEqual(samples);
  });

  it("are those from there on where they begin before", () => {
    expect(of(0, { t0: 0.5, t1: 1 })[0]).toBe(5);
    expect(of(-0.3, { t1: 1 })[0]).toBe(3);
    expect(of(1e9, { t0: 1e9 + 0.5, t1: 1e9 + 1 })[0]).toBe(5); // to rounding
  });

  it.each([
    [
      undefined,
      { t0: 0.5, t1: 2 },
      "is missing: taken from the job's t0 = 0.5 on, 20 samples reach to 2.5, beyond t1 = 2",
    ],
    [0.6, { t0: 0.5, t1: 1 }, "is 0.6: its samples lie from there to 2.6, and the job begins at 0.5"],
    [-2, { t1: 1 }, "is -2: its samples lie from there to 0, and the job begins at 0"],
    [0.05, { t0: 0.5, t1: 1 }, "is 0.05: the job begins at 0.5, between two samples"],
  ] as const)("are refused where they may be of another time: %s", (t0, time, message) => {
    expect(() => of(t0, time)).toThrow(`input.current.t0: ${message}`);
  });
});

it("a job's network has the samples from its t0 on", () => {
  const job = checkJob(simulateSchema, {
    network: { cell: "slif" },
    input: { current: { dt: 0.1, samples, t0: 0 }, inputs: {} },
    time: { t0: 0.5, t1: 1, dt: 0.1 },
    paths: 1,
  });
  const files = {
    open: () => {
      throw new Error("the job names no file");
    },
  };
  expect(networkOf(job, files).current).toEqual({ dt: 0.1, samples: samples.slice(5) });
});
