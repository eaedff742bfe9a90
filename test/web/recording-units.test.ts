/** Units of recordings: said by the file, or doubted where they cannot be, and the same again in what is exported. */
import { expect, it } from "vitest";
import { writeNpz } from "../../src/files/npz.js";
import { writeSpikeParquet } from "../../src/files/spike-parquet.js";
import { Engine } from "../../src/index.js";
import { newDocument } from "../../web/src/model/experiments.js";
import { inUnits, recordingDocument } from "../../web/src/model/recording-document.js";
import { doubts } from "../../web/src/model/recording-units.js";
import { Files } from "../../web/src/worker/files.js";
import { buildProblem, planOf } from "../../web/src/worker/problem.js";
import { makeNwb } from "../support/hdf5.js";

const bytes = (object: object | string) =>
  new TextEncoder().encode(typeof object === "string" ? object : JSON.stringify(object));

/** 20 spikes a trial over 2 s, and 2,000 samples of up to 0.3 nA, in the units of a file. */
const spikes = (perSecond: number) =>
  [0, 1].map((trial) => Array.from({ length: 20 }, (_, n) => (0.05 + 0.1 * n + 0.01 * trial) * perSecond));
const current = (perNanoampere: number) =>
  Array.from({ length: 2000 }, (_, n) => 0.3 * Math.abs(Math.sin(n / 50)) * perNanoampere);

const read = (object: object) => {
  const files = new Files();
  const facts = files.read("cell.json", bytes(object)).recording!;
  return { files, facts, document: recordingDocument(facts) };
};

/** Trials and largest current, as they are trained on: in ms and nA. */
async function trainedOn(files: Files, document: ReturnType<typeof recordingDocument>) {
  const engine = await Engine.create({ backend: "cpu" });
  const problem = await buildProblem(engine, document, planOf(document, files), files);
  const { current: driven } = problem.definition;
  const samples = (driven as unknown as { samples: number[] }).samples;
  return {
    first: problem.trials[0]!.times[0]!,
    dt: (driven as unknown as { dt: number }).dt,
    most: Math.max(...samples),
  };
}

it.each<[string, object]>([
  ["behind names", { dt_s: 0.001, current_A: current(1e-9), spikes_s: spikes(1) }],
  ["in brackets", { "dt (ms)": 1, "current [pA]": current(1e3), "spikes (s)": spikes(1) }],
  ["in words", { dt: 0.001, current: current(1e3), spikes: spikes(1), time_unit: "seconds", current_unit: "pA" }],
  ["in a table", { dt: 1e3, stimulus: current(1e-3), trials: spikes(1e6), units: { time: "us", current: "uA" } }],
  ["nowhere, but usual", { dt: 1, current: current(1), spikes: spikes(1000) }],
])("units that a file says are taken: %s", async (_, object) => {
  const { files, facts, document } = read(object);
  expect(doubts(document, facts)).toEqual([]);
  const { first, dt, most } = await trainedOn(files, document);
  expect(first).toBeCloseTo(50, 9);
  expect(dt).toBe(1);
  expect(most).toBeCloseTo(0.3, 3);
  expect(document.job.time).toEqual({ t1: 2000, dt: 1 });
});

it("units that cannot be are asked about, and put right by the answer", async () => {
  const { files, facts, document } = read({ dt: 0.001, current: current(1e-9), spikes: spikes(1) });
  expect(doubts(document, facts).map((d) => d.text)).toEqual([
    "Read as milliseconds, its spikes come at 10,000 per second and trial: are these seconds?",
    "Read as nanoamperes, its current reaches 3.00·10⁻¹⁰ nA: are these amperes?",
  ]);
  for (const { about, instead } of doubts(document, facts)) inUnits(document, facts, { [about]: instead });
  expect(doubts(document, facts)).toEqual([]);
  const { first, dt, most } = await trainedOn(files, document);
  expect([first, dt]).toEqual([50, 1]);
  expect(most).toBeCloseTo(0.3, 3);
  expect(document.job.time).toEqual({ t1: 2000, dt: 1 });
});

it("the time between samples keeps a unit of its own", () => {
  const { facts, document } = read({ dt_ms: 1, current: current(1), spikes: spikes(1) });
  expect(doubts(document, facts).map((d) => d.instead)).toEqual(["s"]);
  inUnits(document, facts, { time: "s" });
  expect(document.job.time).toEqual({ t1: 2000, dt: 1 });
  expect(document.observed).toMatchObject({ scale: 1000 });
});

it("words that only end like a unit say nothing", () => {
  const { document } = read({ dt: 1, currents: current(1), trains_of_notes: spikes(1000), note_a: "m" });
  expect(document.observed).toEqual({ kind: "recording", name: "cell.json", key: "trains_of_notes" });
});

it("trains come back in the unit that they were saved in", async () => {
  const files = new Files();
  const shape = [2, 2];
  const npz = (unit: string) =>
    writeNpz(
      {
        spike_times: { data: Float64Array.of(0.25, 5, 0.5, 0.75), shape },
        spike_neurons: { data: Int32Array.of(0, -1, 0, 0), shape },
        spike_counts: { data: Uint32Array.of(1, 2), shape: [2] },
      },
      { time_unit: unit },
    );
  const trials = async (unit: string) => {
    const facts = files.read("trains.npz", npz(unit)).recording!;
    expect(facts.texts).toEqual({ time_unit: unit });
    const document = recordingDocument(facts);
    document.job.loss = { kind: "first-spikes", spikes: 1 };
    const engine = await Engine.create({ backend: "cpu" });
    const problem = await buildProblem(engine, document, planOf(document, files), files);
    return problem.trials.map((t) => t.times);
  };
  expect(await trials("s")).toEqual([[250], [500, 750]]);
  expect(await trials("ms")).toEqual([[0.25], [0.5, 0.75]]);
});

it("a table of trial and time is a recording; others are refused in words", () => {
  const files = new Files();
  const csv = (text: string) => files.read("cell.csv", bytes(text)).recording!;
  const facts = csv("trial,time_s\n1,0.25\n0,0.5\n1,0.125\n");
  expect(facts.lists).toEqual([{ key: "time_s", length: 2, nested: true, numbers: 3, largest: 0.5 }]);
  const document = recordingDocument(facts);
  expect(document.observed).toEqual({ kind: "recording", name: "cell.csv", key: "time_s", scale: 1000 });
  expect(csv("0\t12.5\n1\t3\n").lists[0]).toMatchObject({ key: "spike_times", length: 2 });
  expect(() => csv("time,voltage\n0,1\n")).toThrow(
    /^the columns of the table are “time” and “voltage”; a table has two/,
  );
  expect(() => csv("trial,time\n0,1\n0.5,2\n")).toThrow(/^row 2 of the table is “0.5,2”/);
  // What the command line would read as times and neurons.
  expect(() => csv("0,1\n0,2\n")).toThrow(/^the table has whole numbers and no names of columns/);
  expect(() => csv("0,1\n0,2.5\n")).not.toThrow();
  expect(() => csv("Dear all,\nhere it is")).toThrow(/^this is neither JSON nor npz, nor a table of two columns/);
  expect(() => csv("")).toThrow(/^this is neither JSON nor npz/);
});

it.each<[string, number[], RegExp]>([
  [
    "a picture",
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a],
    /^this is a picture \(PNG\); a recording is a JSON, npz, NWB or Parquet file/,
  ],
  ["MATLAB", [...bytes("MATLAB 5.0 MAT-file, Platform")], /^this is a MATLAB file; save its arrays with numpy\.savez/],
  ["gzip", [0x1f, 0x8b, 8, 0], /^this is compressed with gzip; unpack it first \(gunzip\)$/],
  ["cut JSON", [...bytes('{"dt": 1, ')], /^the file is .*JSON/],
])("other kinds of files are named, with what is wanted: %s", (_, first, message) => {
  expect(() => new Files().read("file", Uint8Array.from(first))).toThrow(message);
});

it("text of two bytes a character is read", () => {
  const wide = Uint8Array.from('{"dt": 1, "spikes": [[3]]}', (c) => c.charCodeAt(0));
  const utf16 = Uint8Array.from([0xff, 0xfe, ...[...wide].flatMap((c) => [c, 0])]);
  expect(new Files().read("cell.json", utf16).recording!.lists[0]).toMatchObject({ key: "spikes", length: 1 });
});

it("jobs say their units where they would come back with others", async () => {
  const { withUnits } = await import("../../web/src/model/job-units.js");
  const files = new Files();
  const again = (name: "figure1" | "equations", units: Record<string, string>) => {
    const { job } = newDocument(name);
    const exported = withUnits({ ...job, observed: [[0.3]] }, units);
    return { exported, document: files.read("job.json", bytes(exported)).document! };
  };
  const own = again("equations", { time: "s", mu: "1/s" });
  expect(own.document.units).toEqual({ time: "s", mu: "1/s" });
  expect(own.document.job).not.toHaveProperty("units");
  const { units } = newDocument("figure1");
  expect(again("figure1", units).exported).not.toHaveProperty("units");
  expect(again("figure1", { time: "ms" }).document.units).toEqual({ time: "ms" });
});

it("NWB is read in its units, with times from the first sample of its current on", async () => {
  const files = new Files();
  const facts = (await files.given("cell.nwb", await makeNwb())).recording!;
  const document = recordingDocument(facts);
  expect(doubts(document, facts)).toEqual([]);
  expect(facts.lists.map((l) => [l.key, l.length])).toEqual([
    ["stimulus/presentation/current (nA)", 4000],
    ["units, neuron 7 (ms)", 1],
    ["units, neuron 9 (ms)", 1],
  ]);
  // 0.5125 s, of a current that begins at 0.5 s.
  expect(await trainedOn(files, document)).toEqual({ first: 12.5, dt: 0.1, most: 3.899 });
});

it("Parquet is read by neuron and trial, and what the page does not list is refused with the mend", async () => {
  const trains = (neurons: number) => ({
    times: Float64Array.from({ length: neurons }, (_, n) => 0.25 * n),
    neurons: Int32Array.from({ length: neurons }, (_, n) => n),
    starts: Int32Array.of(0, 1, neurons),
    timeUnit: "s",
  });
  const files = new Files();
  const { recording } = await files.given("a.parquet", await writeSpikeParquet(trains(3)));
  expect(recording!.lists.map((l) => [l.key, l.length, l.numbers, l.largest])).toEqual([
    ["spikes, neuron 0 (ms)", 2, 1, 0],
    ["spikes, neuron 1 (ms)", 2, 1, 250],
    ["spikes, neuron 2 (ms)", 2, 1, 500],
  ]);
  await expect(files.given("b.parquet", await writeSpikeParquet(trains(65)))).rejects.toThrow(
    /^recording: has spikes of 65 neurons, and the page lists 64; saltation convert --neurons/,
  );
  await expect(files.given("c.parquet", (await writeSpikeParquet(trains(3))).slice(0, 60))).rejects.toThrow(
    /^recording: c\.parquet /,
  );
});
