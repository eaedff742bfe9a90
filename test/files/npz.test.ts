import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { openNpz, writeNpz } from "../../src/files/npz.js";
import { readSpikeNpz } from "../../src/files/spike-npz.js";
import { openRecording } from "../../src/job/open-recording.js";
import { readLists } from "../../src/job/recording.js";
import { readNpz } from "../support/npz.js";

/** A .npy file of version 1 with the given header text and data. */
function npy(header: string, data: ArrayBufferView): Uint8Array {
  const text = new TextEncoder().encode(`${header}\n`);
  const out = new Uint8Array(10 + text.length + data.byteLength);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  out.set(text, 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + text.length);
  return out;
}

describe("npz", () => {
  it("reads back what it writes", () => {
    const arrays = {
      times: { data: Float64Array.of(0.1, 0.2, 0.3, 1e300, -0, Number.NaN), shape: [2, 3] },
      neurons: { data: Int32Array.of(-1, 2), shape: [2] },
      single: { data: Float32Array.of(1.5), shape: [] as number[] },
    };
    const back = readNpz(writeNpz(arrays));
    expect(back).toEqual(arrays);
  });

  it("writes the header that NumPy expects, data aligned to 64 bytes", () => {
    const bytes = writeNpz({ a: { data: Float64Array.of(1, 2), shape: [2] } });
    const text = String.fromCharCode(...bytes); // "latin1" decodes as windows-1252 does, in Node 26 also 0x93
    const start = text.indexOf("\x93NUMPY");
    expect(text.slice(start)).toContain("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }");
    const length = bytes[start + 8]! + 256 * bytes[start + 9]!;
    expect((10 + length) % 64).toBe(0);
    expect(text[start + 10 + length - 1]).toBe("\n");
  });

  it("reads column-major and 64-bit integer arrays", () => {
    const zip = zipSync({
      "f.npy": npy("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", Float64Array.of(1, 4, 2, 5, 3, 6)),
      "i.npy": npy("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", BigInt64Array.of(-3n, 2n ** 40n)),
    });
    const { f, i } = readNpz(zip);
    expect([...f!.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...i!.data]).toEqual([-3, 2 ** 40]);
  });

  it("reads headers of versions 2 and 3, compressed files, small integers and booleans", () => {
    const version = (v: number): Uint8Array => {
      const one = npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", Int16Array.of(-1, 300));
      // Versions 2 and 3 give the header's length in four bytes.
      const out = new Uint8Array(one.length + 2);
      out.set(one.subarray(0, 10));
      out[6] = v;
      out.set(one.subarray(10), 12);
      return out;
    };
    const flags = npy("{'descr': '|b1', 'fortran_order': False, 'shape': (1, 2), }", Uint8Array.of(1, 0));
    const back = readNpz(zipSync({ "v2.npy": version(2), "v3.npy": version(3), "b.npy": flags }, { level: 9 }));
    expect([...back.v2!.data]).toEqual([-1, 300]);
    expect([...back.v3!.data]).toEqual([-1, 300]);
    expect(back.b).toEqual({ data: Uint8Array.of(1, 0), shape: [1, 2] });
  });

  it("reads what is asked for, whatever lies beside it", () => {
    const text = npy("{'descr': '<U2', 'fortran_order': False, 'shape': (1,), }", Float64Array.of(1));
    const one = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", Float64Array.of(2));
    const zip = zipSync({ "units.npy": text, "current.npy": one });
    const file = readLists("input.current.samples", "cell.npz", zip);
    expect(file.keys).toEqual(["units", "current"]);
    expect(file.read("current")).toEqual([2]);
    expect(file.read("none")).toBeUndefined();
    expect(() => file.read("units")).toThrow(/^input\.current\.samples: cell\.npz: array "units": has type <U2; known/);
  });

  it("refuses what it cannot read, by name", () => {
    expect(() => readNpz(Uint8Array.of(1, 2, 3))).toThrow(/not an npz file/);
    const big = npy("{'descr': '>f8', 'fortran_order': False, 'shape': (1,), }", Float64Array.of(1));
    expect(() => readNpz(zipSync({ "x.npy": big }))).toThrow(
      /array "x": is big endian \(>f8\); save it with \.astype\("<f8"\)/,
    );
    const short = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", Float64Array.of(1, 2));
    expect(() => readNpz(zipSync({ "z.npy": short }))).toThrow(/array "z": ends after 16 of 24 bytes/);
    const text = npy("{'descr': '<U2', 'fortran_order': False, 'shape': (1,), }", Float64Array.of(1));
    expect(() => readNpz(zipSync({ "t.npy": text }))).toThrow(/array "t": has type <U2; known: <f8/);
    const wide = npy("{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }", BigUint64Array.of(2n ** 60n + 1n));
    expect(() => readNpz(zipSync({ "w.npy": wide }))).toThrow(/array "w": entry 0 is an integer beyond 2\^53/);
    const minus = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 1), }", Float64Array.of(1));
    expect(() => readNpz(zipSync({ "m.npy": minus }))).toThrow(/array "m": has shape \(-1, 1\); save it again/);
    expect(() => readNpz(zipSync({ "c.npy": big.subarray(0, 9) }))).toThrow(/array "c": ends after 9 bytes/);
    expect(() => readNpz(zipSync({ "y.npy": Uint8Array.of(0, 0, 0) }))).toThrow(/array "y": is not in NumPy's format/);
  });
});

/** Places of an entry in a zip without zip64: its local header and its entry in the directory. */
function places(zip: Uint8Array) {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = zip.length - 22;
  return { view, end, directory: view.getUint32(end + 16, true) };
}

const f8 = (shape: string, ...numbers: number[]) =>
  npy(`{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`, Float64Array.from(numbers));

describe("an npz that is not what it says", () => {
  const zip = (level: 0 | 9 = 0, name = "cur.npy") => zipSync({ [name]: f8("(3,)", 1, 2, 3) }, { level });
  /** The archive with one number of its directory changed. */
  const changed = (offset: number, value: number, bytes: 2 | 4, level: 0 | 9 = 9) => {
    const archive = zip(level);
    const { view, directory } = places(archive);
    if (bytes === 2) view.setUint16(directory + offset, value, true);
    else view.setUint32(directory + offset, value, true);
    return archive;
  };
  const flipped = (level: 0 | 9) => {
    const archive = zip(level);
    const { directory } = places(archive);
    archive[directory - 1]! ^= 0x10; // the last byte of the data
    return archive;
  };
  const twice = () => {
    const archive = zipSync({ "cur.npy": f8("(1,)", 1), "cuz.npy": f8("(1,)", 2) });
    const text = Buffer.from(archive.buffer);
    for (let at = text.indexOf("cuz.npy"); at >= 0; at = text.indexOf("cuz.npy")) text.write("cur.npy", at);
    return archive;
  };
  const bomb = () => {
    // 2 MiB of zeros that say that they are 168 bytes.
    const archive = zipSync({ "cur.npy": new Uint8Array(2 ** 21) }, { level: 9 });
    const { view, directory } = places(archive);
    view.setUint32(directory + 24, 168, true);
    return archive;
  };
  it.each<[string, () => Uint8Array, RegExp]>([
    ["a byte flipped", () => flipped(0), /array "cur": is damaged: its CRC does not fit/],
    ["a byte of what is deflated flipped", () => flipped(9), /array "cur": (is damaged|does not unpack)/],
    ["larger than memory", () => changed(24, 0xfffffff0, 4), /"cur": has 4\.10e\+3 MiB unpacked; at most 256 MiB/],
    ["more than deflate can hold", () => changed(24, 2 ** 27, 4), /"cur": does not unpack to the 134217728 bytes/],
    ["larger than it is", () => changed(24, 300, 4), /"cur": does not unpack to the 300 bytes that the archive says/],
    ["smaller than it is", () => changed(24, 20, 4), /"cur": does not unpack to the 20 bytes that the archive says/],
    ["a bomb", bomb, /"cur": does not unpack to the 168 bytes that the archive says/],
    ["stored with two sizes", () => changed(24, 20, 4, 0), /"cur": does not unpack to the 20 bytes/],
    ["beyond the end", () => changed(20, 9999, 4), /"cur": ends beyond the end of the file/],
    ["a header nowhere", () => changed(42, 0xffff00, 4), /"cur": its directory is missing or damaged/],
    ["encrypted", () => changed(8, 1, 2), /"cur": is encrypted; save it without a password/],
    ["LZMA", () => changed(10, 14, 2), /"cur": is compressed by a method \(14\) that is not read/],
    ["two arrays of one name", twice, /not an npz file: it holds "cur\.npy" twice/],
    [
      "a name and the same without .npy",
      () => zipSync({ a: f8("(1,)", 1), "a.npy": f8("(1,)", 2) }),
      /holds "a" twice/,
    ],
    ["cut", () => zip().subarray(0, -4), /not an npz file: its directory is missing or damaged/],
    [
      "another name in the directory",
      () => {
        const archive = zip();
        archive.set(new TextEncoder().encode("cut"), places(archive).directory + 46);
        return archive;
      },
      /"cut": has another name in the archive's directory/,
    ],
    [
      "a directory elsewhere",
      () => {
        const archive = zip();
        const { view, end } = places(archive);
        view.setUint32(end + 16, 0xfffffff0, true);
        return archive;
      },
      /not an npz file: its directory is missing or damaged/,
    ],
  ])("is refused: %s", (_, make, message) => {
    expect(() => readNpz(make())).toThrow(message);
  });

  it.each<[string, RegExp]>([
    ["(1000000000, 0)", /has shape \(1000000000, 0\); at most 4194304 rows are read/],
    ["(0, 1000000000)", /has shape \(0, 1000000000\); at most 4194304 rows/],
    ["(4194305, 1)", /has shape \(4194305, 1\); at most 4194304 rows/],
    ["(4294967296, 4294967296)", /has shape .*; at most 33554432 numbers are read/],
    [`(${Array(40).fill(99999).join(", ")})`, /has 40 dimensions/],
    [`(${Array(30).fill("9".repeat(30)).join(", ")})`, /has shape .*; at most 33554432 numbers/],
    ["(-3,)", /has shape \(-3,\); save it again/],
    ["(1.5,)", /has shape \(1\.5,\); save it again/],
    ["(0x3,)", /has shape \(0x3,\); save it again/],
    ["(1e0,)", /has shape \(1e0,\); save it again/],
    ["(\u001b[2J,)", /has shape \(\\u001b\[2J,\)/],
    ["3", /has no shape/],
    ["(4,)", /ends after 24 of 32 bytes/],
    ["(2,)", /holds 24 bytes where its shape takes 16/],
  ])("is refused for its shape: %s", (shape, message) => {
    expect(() => readNpz(zipSync({ "cur.npy": f8(shape, 1, 2, 3) }))).toThrow(message);
  });

  it.each([
    "|O",
    "<c16",
    "<f2",
    "<m8[ns]",
    "|S4",
    "<U9",
    "|V8",
    "f8",
    "__proto__",
    "",
  ])("is refused for its type: %s", (descr) => {
    const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (3,), }`;
    const bytes = npy(header, Float64Array.of(1, 2, 3));
    expect(() => readNpz(zipSync({ "cur.npy": bytes }))).toThrow(/array "cur": has type .*; known: <f8/);
  });

  it("is refused for its header", () => {
    const of = (change: (bytes: Uint8Array) => void) => {
      const bytes = f8("(3,)", 1, 2, 3);
      change(bytes);
      return () => readNpz(zipSync({ "cur.npy": bytes }));
    };
    const longer = (n: number) => of((b) => new DataView(b.buffer).setUint16(8, n, true));
    expect(longer(9999)).toThrow(/ends within its header/);
    expect(longer(60000)).toThrow(/has a header of 60000 bytes; NumPy writes 10000 at most/);
    expect(of((b) => b.fill(9, 6, 7))).toThrow(/is in version 9 of NumPy's format/);
    const structured = npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", Float64Array.of(1));
    expect(() => readNpz(zipSync({ "s.npy": structured }))).toThrow(/has structured data; save plain numbers/);
    const noOrder = npy("{'descr': '<f8', 'shape': (1,), }", Float64Array.of(1));
    expect(() => readNpz(zipSync({ "o.npy": noOrder }))).toThrow(/has no fortran_order/);
  });

  it("is read where its sizes stand in zip64 fields", () => {
    const archive = zip(9);
    const { view, directory, end } = places(archive);
    const [packed, size] = [view.getUint32(directory + 20, true), view.getUint32(directory + 24, true)];
    const extra = Buffer.alloc(20);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(16, 2);
    extra.writeBigUInt64LE(BigInt(size), 4);
    extra.writeBigUInt64LE(BigInt(packed), 12);
    const entry = Buffer.from(archive.subarray(directory, end));
    entry.writeUInt32LE(0xffffffff, 20);
    entry.writeUInt32LE(0xffffffff, 24);
    entry.writeUInt16LE(20, 30);
    const end64 = Buffer.alloc(56);
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(1n, 32);
    end64.writeBigUInt64LE(BigInt(directory), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(directory + entry.length + extra.length), 8);
    const last = Buffer.from(archive.subarray(end));
    last.writeUInt16LE(0xffff, 10);
    last.writeUInt32LE(0xffffffff, 16);
    const whole = Buffer.concat([archive.subarray(0, directory), entry, extra, end64, locator, last]);
    expect(readNpz(whole).cur).toEqual({ data: Float64Array.of(1, 2, 3), shape: [3] });
  });
});

it("keeps texts as NumPy does, beside arrays", () => {
  const npz = openNpz(writeNpz({ a: { data: Float64Array.of(1, 2), shape: [2] } }, { unit: "µs", none: "" }));
  expect([npz.text("unit"), npz.text("none"), npz.text("a"), npz.text("b")]).toEqual(["µs", "", undefined, undefined]);
  expect(npz.read("a")!.shape).toEqual([2]);
});

it("reads texts of bytes and of one entry, and refuses a unit that is none", () => {
  const header = (descr: string, shape: string, data: readonly number[]) =>
    npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`, Uint8Array.from(data));
  const spike_times = header("<f4", "(1, 1)", [0, 0, 0, 63]);
  const unitOf = (time_unit: Uint8Array) => {
    const files = { "spike_times.npy": spike_times, "time_unit.npy": time_unit };
    return readSpikeNpz(openNpz(zipSync(files))).timeUnit;
  };
  const [m, s] = [109, 115];
  expect(unitOf(header("|S2", "()", [m, s]))).toBe("ms");
  expect(unitOf(header("|S4", "(1,)", [m, s, 0, 0]))).toBe("ms");
  expect(unitOf(header("<U2", "(1,)", [m, 0, 0, 0, s, 0, 0, 0]))).toBe("ms");
  for (const none of [header("<f8", "()", [0, 0, 0, 0, 0, 0, 0, 0]), header("|S1", "(2,)", [m, s])]) {
    expect(() => unitOf(none)).toThrow("has a time_unit that is no text; save it as one");
  }
});

it("takes a number alone for a list of one, as NumPy saves dt=0.1", async () => {
  const lone = (x: number) => ({ data: Float64Array.of(x), shape: [] });
  const values = { data: Float64Array.of(1, 2, 3), shape: [3] };
  const npz = writeNpz({ values, dt: lone(0.1), start: lone(5) }, { unit: "pA", time_unit: "ms" });
  const series = (await openRecording("FILE", "a.npz", npz)).series("values");
  expect(series).toMatchObject({ rate: 10, start: 5, unit: "pA", timeUnit: "ms" });
  expect([...series.stored]).toEqual([1, 2, 3]);
});
it("refuses a table of spikes of no trial, which tables as text cannot hold", () => {
  const none = writeNpz({ spike_times: { data: new Float64Array(0), shape: [0, 3] } });
  expect(() => readSpikeNpz(openNpz(none))).toThrow(/^has spike_times of no trial; leave them out$/);
});
