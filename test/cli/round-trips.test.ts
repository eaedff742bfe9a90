/** Spike trains from every kind of file that is read to every kind that is written, and on from there: the same float64. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { halfOf } from "../../src/files/hdf5.js";
import { writeSpikeCsv } from "../../src/files/spike-csv.js";
import { writeSpikeNpz } from "../../src/files/spike-npz.js";
import { writeSpikeParquet } from "../../src/files/spike-parquet.js";
import type { SpikeTrains } from "../../src/files/spike-trains.js";
import { unitOf } from "../../src/files/unit.js";
import { openRecording } from "../../src/job/open-recording.js";
import { commandLine } from "../support/command-line.js";
import { makeHdf5 } from "../support/hdf5.js";
import { pythonWith } from "../support/python.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-round-trips-"));
const at = (name: string): string => join(folder, name);
const refused = async (...args: string[]): Promise<string> => {
  const { code, out, error } = await commandLine(args);
  expect([code, out]).toEqual([1, ""]);
  expect(error.trim()).not.toMatch(/\n/);
  return error.trim();
};

/** Times of 17 digits, two spikes at one of them; trials of other lengths, of which the first, one within and the last are empty. */
const ragged = (timeUnit: string): SpikeTrains => ({
  times: Float64Array.of(0.1, 0.1 + 0.2, 1 / 3, 1 / 3, 2 ** 0.5, -1e-17, 5e-324, 12345.678901234567),
  neurons: Int32Array.of(3, 0, 12, 3, 0, 2 ** 31 - 1, 3, 7),
  starts: Int32Array.of(0, 0, 5, 5, 7, 8, 8),
  timeUnit,
});
/** Kinds that hold one trial. */
const alone = (timeUnit: string): SpikeTrains => {
  const { times, neurons } = ragged(timeUnit);
  const order = Array.from(times.keys()).sort((a, b) => times[a]! - times[b]! || a - b);
  return {
    times: Float64Array.from(order, (i) => times[i]!),
    neurons: Int32Array.from(order, (i) => neurons![i]!),
    starts: Int32Array.of(0, times.length),
    timeUnit,
  };
};
const bits = ({ times, neurons, starts, timeUnit }: SpikeTrains) => ({
  times: Array.from(new BigUint64Array(Float64Array.from(times).buffer)),
  neurons: neurons && Array.from(neurons),
  starts: Array.from(starts),
  timeUnit: timeUnit && unitOf(timeUnit),
});

interface Source {
  readonly file: string;
  readonly trains: SpikeTrains;
  readonly flags?: readonly string[];
  readonly make: () => Uint8Array | string | Promise<Uint8Array>;
}
/** Neurons in two populations, in no order of time. */
const sonata = (units: string | undefined): Promise<Uint8Array> =>
  makeHdf5((file) => {
    const { times, neurons } = alone("s");
    const population = file.create_group("spikes").create_group("V1");
    const stamps = population.create_dataset({ name: "timestamps", data: times.slice().reverse() });
    if (units) stamps.create_attribute("units", units);
    population.create_dataset({ name: "node_ids", data: BigUint64Array.from([...neurons!].reverse(), BigInt) });
  });
/** Reversed, two spikes at one time come the other way round. */
const reversedTies = (timeUnit: string): SpikeTrains => {
  const trains = alone(timeUnit);
  const neurons = Int32Array.from(trains.neurons!);
  const tie = trains.times.findIndex((t, i) => i > 0 && t === trains.times[i - 1]);
  [neurons[tie - 1], neurons[tie]] = [neurons[tie]!, neurons[tie - 1]!];
  return { ...trains, neurons };
};
/** By units: those of the lower id first. */
const nwb = (): Promise<Uint8Array> =>
  makeHdf5((file) => {
    const { times, neurons } = alone("s");
    file.create_attribute("nwb_version", "2.6.0");
    const ids = [...new Set(neurons)].sort((a, b) => a - b);
    const of = ids.map((id) => Array.from(times).filter((_, i) => neurons![i] === id));
    let end = 0;
    const units = file.create_group("units");
    units.create_dataset({ name: "spike_times", data: Float64Array.from(of.flat()) });
    units.create_dataset({ name: "spike_times_index", data: Int32Array.from(of, (own) => (end += own.length)) });
    units.create_dataset({ name: "id", data: Int32Array.from(ids) });
  });
const half = (bits: number): number => halfOf(bits);
const sources: Record<string, Source> = {
  npz: { file: "a.npz", trains: ragged("ms"), make: () => writeSpikeNpz(ragged("ms")) },
  Parquet: { file: "a.parquet", trains: ragged("us"), make: () => writeSpikeParquet(ragged("us")) },
  CSV: { file: "a.csv", trains: ragged("s"), make: () => writeSpikeCsv(ragged("s")) },
  NWB: { file: "a.nwb", trains: reversedTies("s"), make: nwb },
  SONATA: { file: "a-sonata.h5", trains: reversedTies("ms"), make: () => sonata("milliseconds") },
  "SONATA without a unit": {
    file: "b-sonata.h5",
    trains: reversedTies("ms"),
    flags: ["--file-time-unit", "ms"],
    make: () => sonata(undefined),
  },
  SHD: {
    file: "a-shd.h5",
    // Halves, of which each is a float64; the second trial is empty (test/files/data/make.py).
    trains: {
      times: Float64Array.of(half(0x2e66), 0.25, half(0x3b33), 0.5),
      neurons: Int32Array.of(0, 699, 3, 12),
      starts: Int32Array.of(0, 3, 3, 4),
      timeUnit: "s",
    },
    flags: ["--file-time-unit", "s"],
    make: () => readFileSync("test/files/data/shd.h5"),
  },
};
const written = ["npz", "parquet", "csv"] as const;

const read = async (name: string, key?: string): Promise<SpikeTrains> => {
  const file = await openRecording("FROM", name, readFileSync(at(name)));
  try {
    return file.spikes(key);
  } finally {
    file.close();
  }
};
const convert = async (from: string, to: string, ...flags: string[]): Promise<void> => {
  const { code, error } = await commandLine(["convert", at(from), at(to), ...flags]);
  expect([code, error]).toEqual([0, ""]);
};

beforeAll(async () => {
  for (const { file, make } of Object.values(sources)) writeFileSync(at(file), await make());
});

describe.each(Object.entries(sources))("%s", (name, { file, trains, flags = [] }) => {
  it.each(written)("to %s, and from there to all others without a unit asked for", async (kind) => {
    const first = `${name.replaceAll(" ", "-")}.1.${kind}`;
    await convert(file, first, ...flags);
    expect(bits(await read(first))).toEqual(bits(trains));
    for (const next of written) {
      const second = `${name.replaceAll(" ", "-")}.${kind}.2.${next}`;
      await convert(first, second);
      expect(bits(await read(second))).toEqual(bits(trains));
    }
  });

  it("to another unit and origin, the same by every kind", async () => {
    const asked = ["--time-unit", "us", "--origin", "1000"];
    for (const kind of written) await convert(file, `${name}.3.${kind}`, ...flags, ...asked);
    const [one, ...others] = await Promise.all(written.map((kind) => read(`${name}.3.${kind}`)));
    expect(one!.timeUnit).toBe("us");
    for (const other of others) expect(bits(other)).toEqual(bits(one!));
    // Each time is rounded by the unit, and by the origin: to half a last place of what is larger.
    const factor = { s: 1e6, ms: 1e3, us: 1 }[trains.timeUnit!]!;
    one!.times.forEach((t, i) => {
      const exact = trains.times[i]! * factor - 1000;
      expect(Math.abs(t - exact)).toBeLessThanOrEqual(2 ** -52 * (Math.abs(exact) + 1000));
    });
  });
});

it("asks for a unit in one line where the file has none", async () => {
  for (const { file, flags } of Object.values(sources)) {
    if (!flags) continue;
    for (const kind of written) {
      expect(await refused("convert", at(file), at(`no.${kind}`))).toMatch(
        /--file-time-unit: is missing: the file does not say in which unit its times are; say s or ms/,
      );
    }
  }
});

const python = pythonWith("numpy", "h5py");
it("of rows of doubles with a unit in the file, as SHD lays them out", async (context) => {
  if (!python) return context.skip("needs a Python with numpy and h5py (Debian's python3-h5py)");
  const make = `
import sys, h5py, numpy as np
rows = [[], [(0.1, 3), (0.1 + 0.2, 0), (1 / 3, 12)], [], [(5e-324, 3)], []]
with h5py.File(sys.argv[1], "w") as f:
    g = f.create_group("spikes")
    t = g.create_dataset("times", (5,), dtype=h5py.vlen_dtype(np.dtype(">f8")))
    u = g.create_dataset("units", (5,), dtype=h5py.vlen_dtype(np.dtype("i8")))
    t.attrs["units"] = "ms"
    for i, row in enumerate(rows):
        t[i] = np.array([a for a, _ in row], ">f8"); u[i] = np.array([b for _, b in row], "i8")
`;
  execFileSync(python, ["-c", make, at("rows.h5")]);
  const trains: SpikeTrains = {
    times: Float64Array.of(0.1, 0.1 + 0.2, 1 / 3, 5e-324),
    neurons: Int32Array.of(3, 0, 12, 3),
    starts: Int32Array.of(0, 0, 3, 3, 4, 4),
    timeUnit: "ms",
  };
  for (const kind of written) {
    await convert("rows.h5", `rows.${kind}`);
    expect(bits(await read(`rows.${kind}`))).toEqual(bits(trains));
  }
});
