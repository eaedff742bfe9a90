/** Recordings in HDF5: read right, whoever made them; hostile files are refused in one line, and in bounded memory. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, deflateRawSync } from "node:zlib";
import type { File, Group } from "h5wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { halfOf } from "../../src/files/hdf5.js";
import { openHdf5Recording } from "../../src/files/hdf5-recording.js";
import type { SpikeTrains } from "../../src/files/spike-trains.js";
import { seriesValues } from "../../src/job/read-files.js";
import { makeHdf5, makeIntervals, makeNwb, makeSonata } from "../support/hdf5.js";
import { pythonWith } from "../support/python.js";

const shown = ({ times, neurons, starts, timeUnit }: SpikeTrains) => ({
  times: [...times],
  neurons: [...neurons!],
  starts: [...starts],
  timeUnit,
});
const half = (x: number): number => Number(x.toPrecision(1)) && halfOf(halves[x]!);
/** IEEE 754 binary16, as NumPy prints them: numpy.float16(x).view("u2"). */
const halves: Record<number, number> = { 0.1: 0x2e66, 0.25: 0x3400, 0.5: 0x3800, 0.9: 0x3b33 };

describe("halves", () => {
  it.each([
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x0001, 2 ** -24],
    [0x8000, -0],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0x7e00, Number.NaN],
    [0x2e66, 0.0999755859375],
  ])("%i is %d", (bits, value) => expect(halfOf(bits)).toBe(value));
});

const python = pythonWith("numpy", "h5py");
describe.each(["h5wasm", "h5py"])("files of %s", (maker) => {
  const files: Record<string, Uint8Array> = {};
  beforeAll(async () => {
    if (maker === "h5wasm") {
      files.nwb = await makeNwb();
      files.sonata = await makeSonata();
      files.intervals = await makeIntervals();
      // h5wasm writes no rows of different lengths: what make.py made once.
      files.shd = readFileSync("test/files/data/shd.h5");
    } else if (python) {
      const folder = mkdtempSync(join(tmpdir(), "saltation-h5py-"));
      execFileSync(python, ["test/files/data/make.py", folder]);
      const names = { nwb: "cell.nwb", intervals: "intervals.nwb", sonata: "sonata.h5", shd: "shd.h5", lzf: "lzf.h5" };
      for (const [name, file] of Object.entries(names)) files[name] = readFileSync(join(folder, file));
    }
  });
  const skip = maker === "h5py" && !python && "needs a Python with numpy and h5py (Debian's python3-h5py)";
  const test = (name: string, run: () => Promise<void>): void => {
    it(name, async (context) => {
      if (skip) context.skip(skip);
      await run();
    });
  };

  test("NWB: units by their index and ids, and time series with rate or timestamps", async () => {
    const file = await openHdf5Recording(files.nwb!);
    expect(file.format).toBe("NWB 2.6.0");
    const trains = {
      times: [0.5125, 0.52, 0.53, 0.61, 0.7],
      neurons: [7, 9, 7, 7, 9],
      starts: [0, 5],
      timeUnit: "seconds",
    };
    for (const key of [undefined, "units", "/units/", "units/spike_times"]) {
      expect(shown(file.spikes(key))).toEqual(trains);
    }
    const current = file.series("/stimulus/presentation/current");
    expect(current).toMatchObject({
      channels: 1,
      conversion: 1e-12,
      singleConversion: false,
      offset: 0,
      unit: "amperes",
    });
    expect(current).toMatchObject({ rate: 10000, start: 0.5, timeUnit: "seconds" });
    expect([...current.stored]).toEqual(Array.from({ length: 4000 }, (_, i) => i - 100));
    const voltage = file.series("acquisition/voltage");
    expect(voltage).toMatchObject({ rate: 4, start: 0.25, offset: -0.07, singleConversion: true, unit: "volts" });
    expect([...voltage.stored]).toEqual([10, 20, 40]);
    // [[1, 10], [2, 20], [3, 30]] mV with a factor of 2 and of ½, and 0.25 V on top.
    const value = seriesValues(file.series("acquisition/electrodes"), 0);
    [0.252, 0.255, 0.254, 0.26, 0.256, 0.265].forEach((x, i) => {
      expect(value(i)).toBeCloseTo(x, 12);
    });
    expect(() => file.series("acquisition/factors")).toThrow(
      'holds "acquisition/factors/channel_conversion" of 3 numbers for 2 channels',
    );
    expect(file.entries().map(({ key, what }) => [key, what])).toEqual(
      expect.arrayContaining([
        ["units", "spike trains"],
        ["acquisition/voltage", "time series"],
        ["stimulus/presentation/current", "time series"],
      ]),
    );
    file.close();
  });

  test("NWB: when each unit was observed", async () => {
    const file = await openHdf5Recording(files.intervals!);
    const trains = file.spikes("units");
    expect(shown(trains).neurons).toEqual([7, 9, 7, 7, 9]);
    expect([...trains.observed!].map(([unit, ends]) => [unit, [...ends]])).toEqual([
      [7, [0.5, 0.9]],
      [9, [0.5, 0.6, 0.6, 0.75, 0.8, 0.9]],
    ]);
    expect(file.entries()[0]).toMatchObject({ key: "units", observed: "0.5 to 0.9" });
    file.close();
  });

  test("SONATA: populations by name, in order of time", async () => {
    const file = await openHdf5Recording(files.sonata!);
    expect(file.format).toBe("SONATA spikes");
    expect(shown(file.spikes("spikes/V1"))).toEqual({
      times: [3.25, 11, 20.5],
      neurons: [0, 2, 2],
      starts: [0, 3],
      timeUnit: "milliseconds",
    });
    expect(() => file.spikes(undefined)).toThrow(
      'holds several spike trains (spikes/LGN, spikes/V1); name one of them as "key"',
    );
    expect(() => file.spikes("spikes/V2")).toThrow('has no spike trains "spikes/V2"; it has spikes/LGN, spikes/V1');
    file.close();
  });

  test("SHD: a row a trial, half floats, no unit", async () => {
    const file = await openHdf5Recording(files.shd!);
    expect(shown(file.spikes(undefined))).toEqual({
      times: [0.1, 0.25, 0.9, 0.5].map(half),
      neurons: [0, 699, 3, 12],
      starts: [0, 3, 3, 4],
      timeUnit: undefined,
    });
    expect(Array.from(file.numbers("labels")!.data)).toEqual([4, 0, 19]);
    file.close();
  });

  test("packed by a plugin: refused, never garbage", async () => {
    if (!files.lzf) return;
    const file = await openHdf5Recording(files.lzf);
    expect(() => file.numbers("current")).toThrow(
      /packed by filter 32000 \(lzf\), which is not read; save it with gzip/,
    );
    file.close();
  });
});

describe("hostile files", () => {
  /** What is said of a file, or of what `use` does with it. */
  async function refusal(fill: Uint8Array | ((file: File) => void), use = "numbers", key = "a"): Promise<string> {
    try {
      const file = await openHdf5Recording(fill instanceof Uint8Array ? fill : await makeHdf5(fill));
      try {
        file.entries();
        (file as unknown as Record<string, (key: string) => unknown>)[use]!(key);
      } finally {
        file.close();
      }
    } catch (error) {
      expect((error as Error).message).not.toMatch(/\n/);
      return (error as Error).message;
    }
    return "accepted";
  }
  const array = (file: Group, data: Float64Array, name = "a") => file.create_dataset({ name, data });

  it("cut short", async () => {
    const whole = await makeNwb();
    for (const length of [8, 100, 1000, whole.length - 1]) {
      expect(await refusal(whole.slice(0, length))).toBe(
        "is an HDF5 file that is damaged, or cut short; copy it again",
      );
    }
  });

  it("with an array that says it is huge, and holds nothing", async () => {
    const huge = (file: File): void => {
      file.create_dataset({ name: "a", data: Float64Array.of(1, 2), chunks: [2], maxshape: [null] }).resize([1e12]);
    };
    expect(await refusal(huge)).toMatch(
      /^holds "a", which has shape \(1000000000000\); at most 33554432 of its numbers/,
    );
  });

  it("whose groups lie in one another in a circle", async () => {
    const file = await openHdf5Recording(
      await makeHdf5((f) => {
        array(f.create_group("b"), Float64Array.of(1), "a");
        f.create_hard_link("/", "loop");
        f.create_hard_link("/b", "c");
        f.create_soft_link("/soft", "soft");
      }),
    );
    expect(file.entries().map((e) => e.key)).toEqual(["soft", "b/a"]);
    file.close();
  });

  it("with links out of the file, which nothing follows", async () => {
    const links = (f: File): void => {
      f.create_external_link("/etc/passwd", "/x", "a");
      f.create_external_link("other.h5", "/units", "units");
      f.create_group("g").create_soft_link("/a/deeper", "s");
    };
    expect(await refusal(links)).toBe('holds "a" as a link to /etc/passwd:/x, which is not followed');
    expect(await refusal(links, "spikes", "units")).toMatch(
      /^has no spike trains "units" but a link, which is not followed/,
    );
    expect(await refusal(links, "numbers", "g/s")).toMatch(/^holds "g\/s" as a link to \/a\/deeper/);
    expect(await refusal((f) => void array(f, Float64Array.of(1)), "numbers", "a/b")).toBe("accepted");
  });

  it("with a chunk that unpacks to more than its size, until memory is at its limit", async () => {
    // A chunk of noise, which deflate stores as it is, gives way to a stream of 640 MiB of zeros.
    const noise = Uint8Array.from({ length: 2 ** 20 }, (_, i) => Math.imul(i ^ (i >> 7), 2654435761) >>> 24);
    const file = await makeHdf5((f) => {
      f.create_dataset({ name: "a", data: noise, chunks: [2 ** 20], compression: "gzip", compression_opts: [0] });
    });
    const from = Buffer.from(file).indexOf(noise.subarray(0, 64)) - 7; // zlib's two bytes, and five of a stored block
    expect([...file.subarray(from, from + 2)]).toEqual([0x78, 0x01]);
    const piece = deflateRawSync(new Uint8Array(2 ** 20), { finishFlush: constants.Z_FULL_FLUSH });
    for (let n = 0; n < 640; n++) file.set(piece, from + 2 + n * piece.length);
    expect(640 * piece.length).toBeLessThan(2 ** 20);
    expect(await refusal(file)).toMatch(/which cannot be read: it is damaged, .* or unpacks to more than 512 MiB$/);
    const { Module } = await import("h5wasm");
    expect(Module.HEAPU8.length).toBeLessThanOrEqual(2 ** 29);
    // And the next file is read.
    expect(shown((await openHdf5Recording(await makeNwb())).spikes("units")).times).toHaveLength(5);
  });

  const units =
    (times: number[], ends: number[], ids = ends) =>
    (f: File) => {
      f.create_attribute("nwb_version", "2");
      const group = f.create_group("units");
      group.create_dataset({ name: "spike_times", data: Float64Array.from(times) });
      group.create_dataset({ name: "spike_times_index", data: Int32Array.from(ends) });
      group.create_dataset({ name: "id", data: Int32Array.from(ids) });
    };
  it.each([
    [[0.1, 0.2], [2, 1], [0, 1], /whose index is out of order at unit 1/],
    [[0.1, 0.2], [9], [0], /whose index is out of order at unit 0/],
    [[0.1, 0.2], [1], [0], /whose index ends at 1 of 2 spikes/],
    [[0.1, 0.2], [1, 2], [0], /with 1 ids of 2 units/],
    [[0.1, 0.2], [1, 2], [0, -1], /in which -1 is the number of a neuron/],
    [[0.1, Number.NaN], [2], [0], /in which spike 1 comes at NaN/],
    [[0.1, 0.2], [1, 2], [7, 7], /^holds "units" with two units of the id 7; give each its own$/],
  ])("units at odds with themselves: times %j, index %j, ids %j", async (times, ends, ids, message) => {
    expect(await refusal(units(times, ends, ids), "spikes", "units")).toMatch(message);
  });

  const series = (stamps: number[] | undefined, rate?: number) => (f: File) => {
    const group = f.create_group("a");
    array(group, Float64Array.of(1, 2, 3), "data");
    if (stamps) array(group, Float64Array.from(stamps), "timestamps");
    else {
      const begin = array(group, Float64Array.of(0), "starting_time");
      if (rate !== undefined) begin.create_attribute("rate", Float64Array.of(rate), []);
    }
  };
  it.each([
    [series([0, 1, 2.5]), /whose samples do not come evenly \(at timestamp 1\); resample it first/],
    [series([0, Number.NaN, 2]), /do not come evenly/],
    [series([1]), /with 1 timestamp of 3 samples/],
    [series([0, 1, 2, 3]), /^holds "a\/timestamps" with 4 timestamps of 3 samples$/],
    [series(undefined), /"a\/starting_time" without its rate/],
    [series(undefined, -1), /with a rate of -1/],
  ])("time series without a clock", async (fill, message) => {
    expect(await refusal(fill, "series")).toMatch(message);
  });

  const scaled = (name: string, value: unknown) => (f: File) => {
    series(undefined, 4)(f);
    (f.get("a/data") as Group).create_attribute(name, value as number);
  };
  it.each([
    ["conversion", "0.001", /^holds "a\/data", whose attribute "conversion" is not one finite number, got "0\.001"$/],
    ["conversion", [1e-3, 1e-3], /whose attribute "conversion" is not one finite number$/],
    ["conversion", Number.NaN, /whose attribute "conversion" is not one finite number, got "NaN"$/],
    ["offset", "1", /whose attribute "offset" is not one finite number/],
  ])("time series whose values would be others: %s = %j", async (name, value, message) => {
    expect(await refusal(scaled(name, value), "series")).toMatch(message);
    const file = await openHdf5Recording(await makeHdf5(scaled(name, value)));
    expect(file.entries()[0]!.note).toMatch(/^cannot be read: the file holds "a\/data", whose attribute/);
    file.close();
  });

  it("with a time series of more than is read, as it is listed too", async () => {
    const file = await openHdf5Recording(
      await makeHdf5((f) => {
        for (const [name, shape] of [
          ["long", [2 ** 25 + 1, 1]],
          ["flat", [2 ** 22 + 1, 2]],
        ] as const) {
          const group = f.create_group(name);
          const how = {
            name: "data",
            data: Int16Array.of(1, 2),
            shape: [2, 1],
            chunks: [2, 1],
            maxshape: [null, null],
          };
          group.create_dataset(how).resize([...shape]);
          array(group, Float64Array.of(0), "starting_time").create_attribute("rate", Float64Array.of(4), []);
        }
      }),
    );
    const notes = file.entries().map(({ what, note }) => [what, note]);
    expect(notes).toEqual([
      ["time series", "cannot be read: 4194305 rows; at most 4194304 are"],
      ["time series", "cannot be read: 33554433 numbers; at most 33554432 are"],
    ]);
    for (const key of ["long", "flat"]) expect(() => file.series(key)).toThrow(/at most \d+ of its numbers are read/);
    file.close();
  });

  it("whose rows lie in a collection that does not add up, at which the library would go round for ever", async () => {
    const bytes = new Uint8Array(readFileSync("test/files/data/shd.h5"));
    const heap = Buffer.from(bytes).indexOf("GCOL");
    bytes[heap + 24] = 0xff; // the length of its first object
    expect(await refusal(bytes)).toBe("is an HDF5 file whose rows or texts are damaged; copy or save it again");
  });

  it("with a byte changed are read, or refused in one line, and the library goes on", async () => {
    for (const whole of [await makeSonata(), new Uint8Array(readFileSync("test/files/data/shd.h5"))]) {
      const said = Array.from(whole.keys()).filter((at) => whole[at] !== 0);
      for (let n = 0; n < said.length; n += 13) {
        const bytes = whole.slice();
        bytes[said[n]!] = 0xff;
        const message = await refusal(bytes, "spikes", "spikes/V1");
        expect(message).toMatch(/^(accepted|(is|has|holds) .{1,600})$/);
      }
    }
    const file = await openHdf5Recording(await makeSonata());
    expect([...file.spikes("spikes/LGN").times]).toEqual([1]);
    file.close();
  });
});
