import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { openNpz, writeNpz } from "../../src/io/npz.js";
import { readLists } from "../../src/io/recording.js";
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
    const text = new TextDecoder("latin1").decode(bytes);
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

it("an archive that comes as a Buffer is read as one that comes as bytes", () => {
  const bytes = writeNpz({ a: { data: Float64Array.of(1, 2), shape: [2] }, b: { data: Int32Array.of(3), shape: [1] } });
  const npz = openNpz(Buffer.from(bytes));
  expect([...npz.read("a")!.data, ...npz.read("b")!.data]).toEqual([1, 2, 3]);
});
