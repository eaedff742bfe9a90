/** Files that jobs name, read into them: units, origins of time, choices; what is not known is asked for. */
import { beforeAll, describe, expect, it } from "vitest";
import { writeNpz } from "../../src/files/npz.js";
import { checkJob } from "../../src/job/check-job.js";
import { trainSchema } from "../../src/job/job.js";
import { readFiles } from "../../src/job/read-files.js";
import { readTrials } from "../../src/job/recording.js";
import { makeIntervals, makeNwb, makeSonata } from "../support/hdf5.js";

const files: Record<string, Uint8Array> = {};
beforeAll(async () => {
  files["cell.nwb"] = await makeNwb();
  files["sonata.h5"] = await makeSonata();
  files["intervals.nwb"] = await makeIntervals();
  const text = (t: string): Uint8Array => new TextEncoder().encode(t);
  files["spikes.csv"] = text("time_ms,neuron\n2,1\n1,0\n");
  files["bare.csv"] = text("0.002 1\n0.001 0\n");
  const spike_times = [[0.5, 2], [], [0.25, 0.75]];
  files["spikes.json"] = text(JSON.stringify({ time_unit: "s", spike_times, spike_neurons: [[1, -1], [], [0, 1]] }));
  files["counted.json"] = text(
    JSON.stringify({ time_unit: "s", spike_times: [[0.5, 2], [], [0.25, 0.75]], spike_counts: [1, 0, 2] }),
  );
  files["from1.csv"] = text("trial,time_ms\n1,3\n2,4\n3,5\n");
  files["odd.json"] = text(JSON.stringify({ spike_times, spike_neurons: [[1]] }));
  files["spikes.npz"] = writeNpz(
    {
      spike_times: { data: Float64Array.of(0.5, 2, 0.25, 0.75), shape: [2, 2] },
      spike_neurons: { data: Int32Array.of(1, -1, 0, 1), shape: [2, 2] },
      current: { data: Float64Array.of(1, 2), shape: [2] },
    },
    { time_unit: "s" },
  );
});
const context = {
  open: (_: string, file: string) => ({ path: file, bytes: files[file] ?? files["cell.nwb"]! }),
};
const job = (observed: unknown, more: object = {}) => ({
  network: { neurons: 2 },
  time: { t1: 100, dt: 0.1 },
  paths: 1,
  observed,
  loss: { kind: "van-rossum", tau: 1 },
  trainable: ["current"],
  optimiser: { kind: "sgd", learningRate: 0.1 },
  steps: 1,
  ...more,
});
const read = (given: object) => readFiles(checkJob(trainSchema, given), context);
const observed = async (given: object) => (await read(job(given))).observed;
const samples = async (given: object, dt = 0.1, more: object = {}) => {
  const found = await read(job([[1]], { input: { current: { dt, samples: given } }, ...more }));
  return (found.input!.current as { samples: number[] }).samples;
};

describe("spike trains", () => {
  it("of NWB in the job's unit, from its origin, of the neurons that are chosen", async () => {
    const given = { file: "cell.nwb", timeUnit: "ms", origin: 500, neurons: [9, 7] };
    // Differences of doubles near 500: exact to their last place, 2⁻⁴⁴.
    const near = (rows: number[][]) => rows.map((row) => row.map((t) => expect.closeTo(t, 11)));
    expect(await observed(given)).toEqual({ times: near([[12.5, 20, 30, 110, 200]]), neurons: [[1, 0, 1, 1, 0]] });
    expect(await observed({ ...given, origin: 0, neurons: [9] })).toEqual({ times: [[520, 700]], neurons: [[0, 0]] });
  });

  it("of units that were observed all the time of the job, and of no others", async () => {
    const of = (neurons: number[], origin: number, t1: number) =>
      read(job({ file: "intervals.nwb", timeUnit: "ms", origin, neurons }, { time: { t1, dt: 0.1 } }));
    await of([7], 500, 400);
    // Two intervals that touch are one.
    await of([7, 9], 500, 250);
    await expect(of([7], 499, 100)).rejects.toThrow(
      "observed.origin: is 499, but unit 7 was observed from 1 to 401 by the job's clock, and its time is 0 to 100: move the origin",
    );
    await expect(of([7], 500, 401)).rejects.toThrow(/^observed\.origin: .* unit 7 was observed from 0 to 400 by/);
    await expect(of([7, 9], 500, 350)).rejects.toThrow(/unit 9 was observed from 0 to 100, 100 to 250, 300 to 400 by/);
    await expect(of([7], 2000, 10)).rejects.toThrow(/unit 7 was observed from -1500 to -1100 by/);
  });

  it("up to as many as the file counts, in each trial", async () => {
    const given = { file: "counted.json", timeUnit: "s" };
    expect(await observed(given)).toMatchObject({ times: [[0.5], [], [0.25, 0.75]] });
  });

  it("of a table whose first trial is not 0 as they are chosen, and not without", async () => {
    const given = { file: "from1.csv", timeUnit: "ms" };
    await expect(observed(given)).rejects.toThrow(
      "observed.trials: is missing: the first trial of which the table has a row is 1; if trials are counted from there, choose 1, 2, 3; ",
    );
    expect(await observed({ ...given, trials: [1, 2, 3] })).toMatchObject({ times: [[3], [4], [5]] });
    expect(await observed({ ...given, trials: [0, 1, 2, 3] })).toMatchObject({ times: [[], [3], [4], [5]] });
  });

  it("of tables, npz and SONATA", async () => {
    expect(await observed({ file: "spikes.csv", timeUnit: "us" })).toEqual({
      times: [[1000, 2000]],
      neurons: [[0, 1]],
    });
    // As lists of JSON are taken: in the unit of the parameters.
    expect(await observed({ file: "bare.csv" })).toEqual({ times: [[0.001, 0.002]], neurons: [[0, 1]] });
    expect(await observed({ file: "bare.csv", timeUnit: "ms", fileTimeUnit: "s" })).toMatchObject({ times: [[1, 2]] });
    expect(await observed({ file: "spikes.npz", timeUnit: "ms", trials: [1] })).toEqual({
      times: [[250, 750]],
      neurons: [[0, 1]],
    });
    expect(await observed({ file: "spikes.json", timeUnit: "ms" })).toEqual({
      times: [[500], [], [250, 750]],
      neurons: [[1], [], [0, 1]],
    });
    const sonata = { file: "sonata.h5", key: "spikes/V1", timeUnit: "s", neurons: [2] };
    expect(await observed(sonata)).toEqual({ times: [[0.011, 0.0205]], neurons: [[0, 0]] });
  });

  it("of npz as they stand are left to where they are used", async () => {
    const given = { file: "spikes.npz" };
    expect(await observed(given)).toEqual(given);
  });

  it.each([
    [{ file: "cell.nwb" }, /^observed\.timeUnit: is missing: the file has "seconds"; say in which unit/],
    [{ file: "spikes.csv" }, /^observed\.timeUnit: is missing: the file has "ms"/],
    [{ file: "bare.csv", timeUnit: "ms" }, /^observed\.fileTimeUnit: is missing, as the file names no unit; say what/],
    [{ file: "bare.csv", fileTimeUnit: "s" }, /^observed\.timeUnit: is missing beside observed\.fileTimeUnit/],
    [{ file: "cell.nwb", timeUnit: "mV" }, /^observed\.timeUnit: expected a unit such as s, ms or us, got "mV"/],
    [
      { file: "cell.nwb", timeUnit: "ms", fileTimeUnit: "ms" },
      /^observed\.fileTimeUnit: is "ms", but the file says "seconds"/,
    ],
    [
      { file: "cell.nwb", timeUnit: "ms" },
      /^observed\.neurons: is missing: the file has neurons 7, 9, and the network 2/,
    ],
    [
      { file: "cell.nwb", timeUnit: "ms", neurons: [1] },
      /^observed\.neurons\[0\]: is 1, of which the file has no spike; .* 7, 9/,
    ],
    [{ file: "cell.nwb", timeUnit: "ms", neurons: [7, 7] }, /^observed\.neurons\[1\]: is 7 a second time/],
    [
      { file: "spikes.npz", timeUnit: "s", trials: [2] },
      /^observed\.trials\[0\]: expected a whole number from 0 to 1, got 2/,
    ],
    [{ file: "cell.nwb", key: "unit", timeUnit: "s" }, /^observed: cell\.nwb has no spike trains "unit"; it has units/],
    [{ file: "cell.nwb", timeUnit: "ms", scale: 2 }, /^observed\.scale: is given beside timeUnit/],
    [
      { file: "odd.json", trials: [0] },
      /^observed: odd\.json has spike_neurons that are not in the shape of "spike_times"/,
    ],
    [{ file: "spikes.npz", scale: 2 }, /^observed\.scale: is for the list of a key; name the key/],
  ])("are refused where that is not clear: %j", async (given, message) => {
    await expect(observed(given)).rejects.toThrow(message);
  });

  it("are refused where the job says two units of time", async () => {
    const given = job({ file: "cell.nwb", timeUnit: "ms", neurons: [7] }, { units: { time: "s" } });
    await expect(read(given)).rejects.toThrow(/^observed\.timeUnit: is "ms", but the job's units\.time is "s"/);
  });

  it("are not taken without their conversion by programs that read no such file", () => {
    const given = { file: "spikes.npz", timeUnit: "ms" };
    expect(() => readTrials(given, context, { t0: 0, t1: 1 })).toThrow(/^observed\.timeUnit: is for the command line/);
  });
});

describe("currents", () => {
  const given = {
    file: "cell.nwb",
    key: "stimulus/presentation/current",
    unit: "nA",
    timeUnit: "ms",
    origin: 500,
  };
  it("of NWB are rounded once: a conversion of 1e-12 and nA make a division by 1000", async () => {
    expect(await samples(given)).toEqual(Array.from({ length: 4000 }, (_, i) => (i - 100) / 1000));
    expect(await samples({ ...given, unit: "pA" })).toEqual(Array.from({ length: 4000 }, (_, i) => i - 100));
  });
  it("begin where the job does", async () => {
    expect((await samples({ ...given, origin: 501 }))[0]).toBe(-0.09);
    expect((await samples(given, 0.1, { time: { t0: 2, t1: 100, dt: 0.1 } }))[0]).toBe(-0.08);
  });
  it("with timestamps, an offset, and a conversion in float32", async () => {
    const voltage = { file: "cell.nwb", key: "acquisition/voltage", unit: "mV", timeUnit: "ms", origin: 250 };
    expect(await samples(voltage, 250)).toEqual([-60, -50, -30]);
  });
  it("in arrays of HDF5 that say nothing of themselves", async () => {
    const times = { file: "cell.nwb", key: "units/spike_times" };
    expect((await samples({ ...times, scale: 1000 }))[0]).toBe(512.5);
    expect((await samples({ ...times, unit: "mV", fileUnit: "V" }))[0]).toBe(512.5);
    await expect(samples({ ...times, unit: "mV" })).rejects.toThrow(/^input\.current\.samples\.fileUnit: is missing/);
  });
  it.each([
    [{ ...given, unit: undefined }, 0.1, /^input\.current\.samples\.unit: is missing: the file has "amperes"/],
    [{ ...given, timeUnit: undefined }, 0.1, /^input\.current\.samples\.timeUnit: is missing: the file has "seconds"/],
    [{ ...given, unit: "mV" }, 0.1, /^input\.current\.samples\.unit: expected a unit such as A, nA or pA, got "mV"/],
    [given, 1, /^input\.current\.dt: is 1, but samples of .* come every 0\.1 ms; say that/],
    [{ ...given, origin: 0 }, 0.1, /samples\.origin: is 0, but .* has samples from 500 to 900 ms; say at which/],
    [{ ...given, origin: 500.05 }, 0.1, /samples\.origin: is 500\.05, which lies between two samples; take 500\.1/],
    [{ ...given, key: "stimulus" }, 0.1, /^input\.current\.samples: cell\.nwb has no "stimulus"; it has /],
  ])("are refused where that is not clear: %j, dt %d", async (ref, dt, message) => {
    await expect(samples(JSON.parse(JSON.stringify(ref)), dt)).rejects.toThrow(message);
  });
});
