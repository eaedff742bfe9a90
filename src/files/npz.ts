/** NumPy's .npz: a zip of .npy arrays (NEP 1 and its version 2 and 3 headers). Little endian only. */
import { strToU8, zipSync } from "fflate";
import { SaltationError } from "../errors.js";
import { escaped, quoted } from "../quoted.js";
import { limits, mebibytes } from "./limits.js";
import { unpack, type ZipEntry, zipEntries } from "./zip.js";

export type NpyData = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

export interface NpyArray {
  readonly data: NpyData;
  readonly shape: readonly number[];
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

function typeCode(data: NpyData): string {
  if (data instanceof Float64Array) return "<f8";
  if (data instanceof Float32Array) return "<f4";
  if (data instanceof Int32Array) return "<i4";
  if (data instanceof Uint32Array) return "<u4";
  return "|u1";
}

function npy(descr: string, dims: string, data: ArrayBufferView): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  // The header is padded with spaces so that the data begins at a multiple of 64.
  const header = strToU8(`${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`);
  const out = new Uint8Array(10 + header.length + data.byteLength);
  out.set([...magic, 1, 0, header.length & 255, header.length >> 8]);
  out.set(header, 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return out;
}

function writeNpy({ data, shape }: NpyArray): Uint8Array {
  const size = shape.reduce((a, b) => a * b, 1);
  if (size !== data.length) throw new RangeError(`shape [${shape.join(", ")}] does not hold ${data.length} numbers`);
  return npy(typeCode(data), shape.length === 1 ? `${shape[0]},` : shape.join(", "), data);
}

/** A text as NumPy has it: an array of no dimension, of code points. */
function writeText(text: string): Uint8Array {
  const points = Uint32Array.from(text, (c) => c.codePointAt(0)!);
  return npy(`<U${points.length}`, "", points);
}

/**
 * Writes arrays, and texts beside them, as an uncompressed .npz.
 * @throws SaltationError `limit` beyond the 4 GiB that a zip without zip64 holds.
 */
export function writeNpz(arrays: Record<string, NpyArray>, texts: Record<string, string> = {}): Uint8Array {
  const bytes = Object.values(arrays).reduce((sum, { data }) => sum + data.byteLength + 1024, 0);
  if (bytes >= 2 ** 32) {
    throw new SaltationError("limit", `the arrays take ${mebibytes(bytes)}, and an npz holds 4 GiB; take fewer paths`);
  }
  const files = [
    ...Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)] as const),
    ...Object.entries(texts).map(([name, text]) => [`${name}.npy`, writeText(text)] as const),
  ];
  return zipSync(Object.fromEntries(files), { level: 0 });
}

/** What the header of an array says. */
interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Where the data begins. */
  readonly from: number;
}

/** Bytes of a number, by type. */
const widths: Readonly<Record<string, number>> = {
  "<f8": 8,
  "<f4": 4,
  "<i4": 4,
  "<u4": 4,
  "<i8": 8,
  "<u8": 8,
  "<i2": 2,
  "<u2": 2,
  "|i1": 1,
  "|u1": 1,
  "|b1": 1,
};

/** Bytes of a header at most: NumPy itself refuses longer ones. */
const mostHeader = 10_000;

type Fail = (what: string) => never;

function readHeader(bytes: Uint8Array, fail: Fail): Header {
  if (magic.some((b, i) => bytes[i] !== b)) fail("is not in NumPy's format");
  if (bytes.length < 12) fail(`ends after ${bytes.length} bytes; save it again`);
  const version = bytes[6]!;
  if (version < 1 || version > 3) fail(`is in version ${version} of NumPy's format; known: 1, 2, 3`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [length, from] = version === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  if (length > mostHeader) fail(`has a header of ${length} bytes; NumPy writes ${mostHeader} at most`);
  if (from + length > bytes.length) fail(`ends within its header; save it again`);
  const header = new TextDecoder("latin1").decode(bytes.subarray(from, from + length));
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? fail("has structured data; save plain numbers");
  const order = /'fortran_order':\s*(True|False)\b/.exec(header)?.[1] ?? fail("has no fortran_order; save it again");
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? fail("has no shape; save it again");
  return { descr, fortran: order === "True", shape: readShape(dims, fail), from: from + length };
}

/** A shape of so few rows and numbers that memory holds them, however small or empty the data is. */
function readShape(text: string, fail: Fail): number[] {
  const dims = text.split(",").map((d) => d.trim());
  if (dims[dims.length - 1] === "") dims.pop(); // (3,)
  const shown = `(${escaped(text.slice(0, 60))})`;
  if (!dims.every((d) => /^\d+$/.test(d))) fail(`has shape ${shown}; save it again`);
  const shape = dims.map(Number);
  if (shape.length > 32) fail(`has ${shape.length} dimensions`);
  const size = shape.reduce((a, b) => a * b, 1);
  if (!(size <= limits.numbers))
    fail(`has shape ${shown}; at most ${limits.numbers} numbers are read, save a part of it`);
  // Empty rows take no data, and yet memory.
  const [rows = 1] = shape;
  if (shape.some((n) => n > limits.numbers) || (shape.length > 1 && rows > limits.lists)) {
    fail(`has shape ${shown}; at most ${limits.lists} rows are read, save a part of it`);
  }
  return shape;
}

function readNpy(name: string, bytes: Uint8Array): NpyArray {
  const fail: Fail = (what) => {
    throw new SaltationError("invalid-input", `array ${quoted(name)}: ${what}`);
  };
  const { descr, fortran, shape, from } = readHeader(bytes, fail);
  const size = shape.reduce((a, b) => a * b, 1);
  if (/^>[fiu]\d+$/.test(descr)) {
    fail(`is big endian (${descr}); save it with .astype("${descr.replace(">", "<")}")`);
  }
  const width =
    (Object.hasOwn(widths, descr) ? widths[descr] : undefined) ??
    fail(`has type ${escaped(descr.slice(0, 20))}; known: ${Object.keys(widths).join(", ")}`);
  const held = bytes.length - from;
  if (held < size * width) fail(`ends after ${held} of ${size * width} bytes; save it again`);
  if (held > size * width)
    fail(`holds ${held} bytes where its shape takes ${size * width}; save it again, one array a file`);
  // A copy, from an even place; of a Node buffer `slice` would be none.
  const raw = new Uint8Array(bytes.subarray(from)).buffer;
  const wide = (get: (v: DataView, at: number) => bigint): Float64Array => {
    const v = new DataView(raw);
    return Float64Array.from({ length: size }, (_, i) => {
      const n = Number(get(v, 8 * i));
      return Number.isSafeInteger(n) ? n : fail(`entry ${i} is an integer beyond 2^53`);
    });
  };
  const readers: Record<string, () => NpyData> = {
    "<f8": () => new Float64Array(raw, 0, size),
    "<f4": () => new Float32Array(raw, 0, size),
    "<i4": () => new Int32Array(raw, 0, size),
    "<u4": () => new Uint32Array(raw, 0, size),
    "<i8": () => wide((v, at) => v.getBigInt64(at, true)),
    "<u8": () => wide((v, at) => v.getBigUint64(at, true)),
    "<i2": () => Int32Array.from(new Int16Array(raw, 0, size)),
    "<u2": () => Int32Array.from(new Uint16Array(raw, 0, size)),
    "|i1": () => Int32Array.from(new Int8Array(raw, 0, size)),
    "|u1": () => new Uint8Array(raw, 0, size),
    "|b1": () => new Uint8Array(raw, 0, size),
  };
  const data = readers[descr]!();
  if (!fortran || shape.length < 2) return { data, shape };
  // Column-major: entry (i, j, …) lies at i + n0 (j + n1 (…)).
  const ordered = data.slice();
  const index = shape.map(() => 0);
  for (let at = 0; at < size; at++) {
    let from2 = 0;
    for (let d = shape.length - 1; d >= 0; d--) from2 = from2 * shape[d]! + index[d]!;
    ordered[at] = data[from2]!;
    for (let d = shape.length - 1; d >= 0 && ++index[d]! === shape[d]; d--) index[d] = 0;
  }
  return { data: ordered, shape };
}

/** Characters of a text that is read: units and notes have fewer. */
const mostCharacters = 1000;

/** The text of a .npy that holds one short text, as characters or as bytes, in an array of no dimension or of one entry. */
function readText(bytes: Uint8Array): string | undefined {
  const other = (): never => {
    throw new Error("no text");
  };
  try {
    const { descr, shape, from } = readHeader(bytes, other);
    const [, kind, count] = /^(<U|\|S)(\d{1,4})$/.exec(descr) ?? other();
    const [points, width] = [Number(count), kind === "<U" ? 4 : 1];
    const one = shape.every((n) => n === 1);
    if (!one || points > mostCharacters || bytes.length - from !== width * points) return undefined;
    const held = new Uint8Array(bytes.subarray(from));
    const codes = kind === "<U" ? new Uint32Array(held.buffer) : held;
    return String.fromCodePoint(...codes).replace(/\0+$/, "");
  } catch {
    return undefined;
  }
}

/** The arrays of an .npz. */
export interface Npz {
  readonly keys: readonly string[];
  /** @throws SaltationError `invalid-input` naming the array, where it cannot be read. */
  read(key: string): NpyArray | undefined;
  /** The text of this name, where there is one: an array of one entry. */
  text(key: string): string | undefined;
}

/** The name of the array in a .npy, which has none: as numpy.savez calls the first that is not named. */
export const npyKey = "arr_0";

/** Opens a .npy as an .npz that holds one array, `arr_0`. */
export const openNpy = (bytes: Uint8Array): Npz => ({
  keys: [npyKey],
  read: (key) => (key === npyKey ? readNpy(key, bytes) : undefined),
  text: () => undefined,
});

/** Bytes of an unpacked array at most. */
const mostUnpacked = 8 * limits.numbers + mostHeader + 12;

/**
 * Opens an .npz, compressed or not; arrays are read when they are asked for, in row-major order, and checked against
 * their CRC. Integers of one and two bytes are widened to four, those of eight bytes become floats, where these hold
 * them exactly.
 * @throws SaltationError `invalid-input` where it is none, or has two arrays of one name.
 */
export function openNpz(bytes: Uint8Array): Npz {
  const invalid = (what: string): never => {
    throw new SaltationError("invalid-input", what);
  };
  const read = <T>(what: string, act: () => T): T => {
    try {
      return act();
    } catch (error) {
      return invalid(`${what} ${(error as Error).message}`);
    }
  };
  const entries = new Map<string, ZipEntry>();
  for (const entry of read("not an npz file:", () => zipEntries(bytes))) {
    const key = entry.name.replace(/\.npy$/, "");
    if (entries.has(key)) invalid(`not an npz file: it holds ${quoted(key)} twice`);
    entries.set(key, entry);
  }
  return {
    keys: [...entries.keys()],
    text(key) {
      const entry = entries.get(key);
      // No header and text of so few characters take more.
      if (entry === undefined || entry.size > mostHeader + 4 * mostCharacters) return undefined;
      return readText(read(`array ${quoted(key)}:`, () => unpack(bytes, entry, mostUnpacked)));
    },
    read(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      return readNpy(
        key,
        read(`array ${quoted(key)}:`, () => unpack(bytes, entry, mostUnpacked)),
      );
    },
  };
}
