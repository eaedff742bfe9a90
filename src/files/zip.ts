/**
 * The entries of a zip archive by its central directory, and what they hold: every size is checked before memory is
 * taken, every entry against its CRC. Inflating is fflate's. (PKWARE's APPNOTE; zip64 as it describes it.)
 */
import { Gunzip, Inflate } from "fflate";
import { quoted } from "../quoted.js";
import { mebibytes } from "./limits.js";

export interface ZipEntry {
  readonly name: string;
  /** The name as it stands in the archive. */
  readonly named: Uint8Array;
  readonly encrypted: boolean;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc: number;
  /** Bytes in the archive, and unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly at: number;
}

const signatures = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 };

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const cut = (): never => {
  throw new Error("its directory is missing or damaged: it is cut short, or no zip archive; save or copy it again");
};

/** Whether `count` bytes from a place lie in a file. */
const within = (view: DataView, at: number, count: number): boolean =>
  Number.isSafeInteger(at) && at >= 0 && at + count <= view.byteLength;

function check(view: DataView, at: number, count: number): void {
  if (!within(view, at, count)) cut();
}

/** A number of 64 bits; what exceeds 2⁵³ lies in no file, whatever its last digits. */
const uint64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** Where the directory lies: its offset and how many entries it has. */
function directory(view: DataView): { at: number; entries: number } {
  // The end record is followed by a comment of at most 65535 bytes.
  let end = view.byteLength - 22;
  const least = Math.max(0, end - 0xffff);
  while (end >= least && view.getUint32(end, true) !== signatures.end) end--;
  if (end < least) cut();
  const [entries, at] = [view.getUint16(end + 10, true), view.getUint32(end + 16, true)];
  const locator = end - 20;
  if (locator < 0 || view.getUint32(locator, true) !== signatures.locator64) return { at, entries };
  const end64 = uint64(view, locator + 8);
  check(view, end64, 56);
  if (view.getUint32(end64, true) !== signatures.end64) cut();
  return { at: uint64(view, end64 + 48), entries: uint64(view, end64 + 32) };
}

/** @throws Error where there is no whole directory, or where it names an entry twice. */
export function zipEntries(bytes: Uint8Array): ZipEntry[] {
  const view = viewOf(bytes);
  let { at, entries } = directory(view);
  const found: ZipEntry[] = [];
  const names = new Set<string>();
  for (; entries > 0; entries--) {
    check(view, at, 46);
    if (view.getUint32(at, true) !== signatures.entry) cut();
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => view.getUint16(at + o, true)) as [
      number,
      number,
      number,
    ];
    check(view, at, 46 + nameLength + extraLength + commentLength);
    const flags = view.getUint16(at + 8, true);
    const named = bytes.subarray(at + 46, at + 46 + nameLength);
    const name = new TextDecoder(flags & 0x800 ? "utf-8" : "latin1").decode(named);
    const extra = at + 46 + nameLength;
    const [size, packed, local] = wide(view, extra, extra + extraLength, [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ]);
    if (names.has(name)) throw new Error(`it holds ${quoted(name)} twice; which one is meant, nobody can tell`);
    names.add(name);
    found.push({
      name,
      named,
      encrypted: (flags & 1) === 1,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed,
      size,
      at: local,
    });
    at = extra + extraLength + commentLength;
  }
  return found;
}

/** Numbers of an entry that exceed 32 bits stand in its zip64 field, those alone and in this order. */
function wide(view: DataView, from: number, to: number, numbers: [number, number, number]): [number, number, number] {
  if (!numbers.includes(0xffffffff)) return numbers;
  for (let at = from; at + 4 <= to; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    const end = Math.min(to, next + view.getUint16(at + 2, true));
    return numbers.map((n) => {
      if (n !== 0xffffffff) return n;
      if (next + 8 > end) cut();
      next += 8;
      return uint64(view, next - 8);
    }) as [number, number, number];
  }
  return numbers;
}

/** Deflate makes of a byte at most so many. */
const mostExpansion = 1032;
const stretch = 2 ** 16;

/**
 * What an entry holds.
 * @param most bytes that are read.
 * @throws Error where it holds more, or something else than its size and CRC say.
 */
export function unpack(bytes: Uint8Array, entry: ZipEntry, most: number): Uint8Array {
  const { size, packed, method, at } = entry;
  const view = viewOf(bytes);
  if (entry.encrypted) throw new Error("is encrypted; save it without a password");
  if (method !== 0 && method !== 8) {
    throw new Error(`is compressed by a method (${method}) that is not read; numpy.savez_compressed writes what is`);
  }
  if (size > most) throw new Error(`has ${mebibytes(size)} unpacked; at most ${mebibytes(most)} are read`);
  check(view, at, 30);
  if (view.getUint32(at, true) !== signatures.local) cut();
  const nameLength = view.getUint16(at + 26, true);
  const from = at + 30 + nameLength + view.getUint16(at + 28, true);
  if (!within(view, from, packed)) throw new Error("ends beyond the end of the file; save or copy it again");
  if (nameLength !== entry.named.length || !entry.named.every((b, i) => b === bytes[at + 30 + i])) {
    throw new Error("has another name in the archive's directory than where it lies; save it again");
  }
  const held = bytes.subarray(from, from + packed);
  const lie = (): never => {
    throw new Error(`does not unpack to the ${size} bytes that the archive says; save it again`);
  };
  if (method === 0 ? size !== packed : size > mostExpansion * packed) lie();
  const data = method === 0 ? held : inflate(held, size, lie);
  if (crc32(data) !== entry.crc) throw new Error("is damaged: its CRC does not fit; save or copy it again");
  return data;
}

const inflate = (held: Uint8Array, size: number, lie: () => never): Uint8Array => piecewise(Inflate, held, size, lie);

/** What gzip packed (RFC 1952, one member), where no runtime unpacks it. @throws Error unless it holds so many bytes, of its CRC. */
export function gunzip(held: Uint8Array, size: number): Uint8Array {
  const lie = (): never => {
    throw new Error("it does not unpack (gzip): it is damaged, or says a wrong size");
  };
  const out = piecewise(Gunzip, held, size, lie);
  const end = viewOf(held.subarray(-8));
  if (end.getUint32(0, true) !== crc32(out) || end.getUint32(4, true) !== size) lie();
  return out;
}

/** Unpacks piece by piece: what holds more than it says is stopped where it exceeds that. */
function piecewise(
  Unpacker: typeof Inflate | typeof Gunzip,
  held: Uint8Array,
  size: number,
  lie: () => never,
): Uint8Array {
  const out = new Uint8Array(size);
  let done = 0;
  let ended = false;
  const stream = new Unpacker((data, final) => {
    if (done + data.length > size) lie();
    out.set(data, done);
    done += data.length;
    ended ||= final;
  });
  try {
    for (let at = 0; at < held.length || at === 0; at += stretch) {
      stream.push(held.subarray(at, at + stretch), at + stretch >= held.length);
    }
  } catch {
    lie();
  }
  if (!ended || done !== size) lie();
  return out;
}

let table: Uint32Array | undefined;

/** CRC-32 as in zip, gzip and PNG. */
export function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    return c;
  });
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
