/** Samples of a signal in a job that does not begin at 0. */
import { describe, expect, it } from "vitest";
import { networkOf } from "../../src/job/build.js";
import { checkJob } from "../../src/job/check-job.js";
import { simulateSchema, type TrainJob } from "../../src/job/job.js";
import { samplesFromStart } from "../../src/job/sample-origin.js";
import { trainedJobText } from "../../src/job/trained-job.js";

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

describe("signals of populations", () => {
  const files = {
    open: () => {
      throw new Error("the job names no file");
    },
  };
  const networkIn = (t0: number | undefined) => {
    const signal = { dt: 0.1, samples, ...(t0 === undefined ? {} : { t0 }) };
    const job = checkJob(simulateSchema, {
      network: {
        populations: {
          in: { poisson: signal },
          hidden: { neurons: 1, cell: "slif", current: signal },
          out: { neurons: 1, cell: "slif", inputs: { I: 0.5 } },
        },
      },
      time: { t0: 0.5, t1: 1, dt: 0.1 },
      paths: 1,
    });
    return { job, network: networkOf(job, files) };
  };
  const populationsOf = (t0: number | undefined) => networkIn(t0).network.populations;

  it("have the samples from the job's t0 on", () => {
    const rest = { dt: 0.1, samples: samples.slice(5) };
    expect(populationsOf(0)).toMatchObject({
      in: { poisson: rest },
      hidden: { current: rest },
      out: { inputs: { I: 0.5 } },
    });
  });

  it("say where they begin in the job of a trained network", () => {
    const { job, network } = networkIn(0);
    const written = JSON.parse(trainedJobText("a.json", job as unknown as TrainJob, "b.json", network, {}));
    const rest = { dt: 0.1, samples: samples.slice(5), t0: 0.5 };
    expect(written.network.populations).toMatchObject({ in: { poisson: rest }, hidden: { current: rest } });
    expect(networkOf(checkJob(simulateSchema, written), files).populations).toMatchObject(network.populations!);
  });

  it("are refused where they may be of another time", () => {
    expect(() => networkIn(undefined)).toThrow(
      "network.populations.in.poisson.t0: is missing: taken from the job's t0",
    );
    expect(() => networkIn(0.7)).toThrow("network.populations.in.poisson.t0: is 0.7: its samples lie from there");
  });
});
