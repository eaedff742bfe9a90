/** NumPy's .npz: a zip of .npy arrays (NEP 1 and its version 2 and 3 headers). Little endian only. */
import { strToU8, unzipSync, zipSync } from "fflate";
import { SaltationError } from "../errors.js";

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

/** Writes arrays, and texts beside them, as an uncompressed .npz. */
export function writeNpz(arrays: Record<string, NpyArray>, texts: Record<string, string> = {}): Uint8Array {
  const files = [
    ...Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)] as const),
    ...Object.entries(texts).map(([name, text]) => [`${name}.npy`, writeText(text)] as const),
  ];
  return zipSync(Object.fromEntries(files), { level: 0 });
}

/** The text of a .npy that holds one, and nothing else. */
function readText(bytes: Uint8Array): string | undefined {
  const length = (bytes[8] ?? 0) | ((bytes[9] ?? 0) << 8);
  const header = new TextDecoder().decode(bytes.subarray(10, 10 + length));
  const [, points] = /'descr':\s*'<U(\d+)'.*'shape':\s*\(\)/.exec(header) ?? [];
  const data = bytes.slice(10 + length);
  if (points === undefined || data.byteLength < 4 * Number(points)) return undefined;
  const codes = [...new Uint32Array(data.buffer, 0, Number(points))];
  return codes.every((c) => c <= 0x10ffff) ? String.fromCodePoint(...codes).replace(/\0+$/, "") : undefined;
}

function readNpy(name: string, bytes: Uint8Array): NpyArray {
  const fail = (what: string): never => {
    throw new SaltationError("invalid-input", `array "${name}": ${what}`);
  };
  if (magic.some((b, i) => bytes[i] !== b)) fail("is not in NumPy's format");
  if (bytes.length < 12) fail(`ends after ${bytes.length} bytes; save it again`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [length, from] = bytes[6] === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  const header = new TextDecoder().decode(bytes.subarray(from, from + length));
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? fail("has structured data; save plain numbers");
  const fortran = /'fortran_order':\s*True/.test(header);
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? "")
    .split(",")
    .filter((s) => s.trim())
    .map(Number);
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) fail(`has shape (${shape.join(", ")}); save it again`);
  const size = shape.reduce((a, b) => a * b, 1);
  const raw = bytes.slice(from + length).buffer;
  const bytesEach = Number(/\d+$/.exec(descr)?.[0] ?? 0);
  if (descr.startsWith(">")) fail(`is big endian (${descr}); save it with .astype("${descr.replace(">", "<")}")`);
  if (raw.byteLength < size * bytesEach)
    fail(`ends after ${raw.byteLength} of ${size * bytesEach} bytes; save it again`);
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
  const reader = readers[descr] ?? fail(`has type ${descr}; known: ${Object.keys(readers).join(", ")}`);
  const data = reader();
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

/** The arrays of an .npz. */
export interface Npz {
  readonly keys: readonly string[];
  /** @throws SaltationError `invalid-input` naming the array, where it cannot be read. */
  read(key: string): NpyArray | undefined;
  /** The text of this name, where there is one. */
  text(key: string): string | undefined;
}

/**
 * Opens an .npz, compressed or not; arrays are read when they are asked for, in row-major order. Integers of one and two
 * bytes are widened to four, those of eight bytes become floats, where these hold them exactly.
 * @throws SaltationError `invalid-input` where it is none.
 */
export function openNpz(bytes: Uint8Array): Npz {
  const files = new Map<string, string>();
  const unzip = (filter: (file: { name: string }) => boolean): Record<string, Uint8Array> => {
    try {
      return unzipSync(bytes, { filter });
    } catch (error) {
      throw new SaltationError("invalid-input", `not an npz file: ${(error as Error).message}`);
    }
  };
  unzip(({ name }) => {
    files.set(name.replace(/\.npy$/, ""), name);
    return false;
  });
  return {
    keys: [...files.keys()],
    text(key) {
      const file = files.get(key);
      return file === undefined ? undefined : readText(unzip(({ name }) => name === file)[file]!);
    },
    read(key) {
      const file = files.get(key);
      return file === undefined ? undefined : readNpy(key, unzip(({ name }) => name === file)[file]!);
    },
  };
}
