/**
 * HDF5 files within limits. h5wasm brings the HDF5 library as WebAssembly, in a file system of its own: nothing outside the
 * file that was given can be opened from there, by no link and no path.
 *
 * h5wasm's own getters pass over failed reads and give memory as it was, so data is read here by its lower functions, with
 * their status. What a file says of its sizes is checked before memory is taken for it; unpacking ends where the memory of
 * the library reaches its limit.
 */
import type { Metadata } from "h5wasm";
import { escaped, quoted } from "../quoted.js";
import { checkHeaps } from "./hdf5-heaps.js";
import { limits, mebibytes } from "./limits.js";

type Library = typeof import("h5wasm");
type H5Module = Library["Module"];

export interface Hdf5Numbers {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** What stands at a path. */
export type Hdf5Kind = "group" | "numbers" | "rows" | "text" | "link" | "other";

const missing = "reading HDF5 needs h5wasm: npm install h5wasm";

/** @throws Error where it is not installed. */
export async function loadHdf5(): Promise<{ library: Library; module: H5Module }> {
  let library: Library;
  try {
    library = await import("h5wasm");
  } catch {
    throw new Error(`is an HDF5 file, and ${missing}`);
  }
  const module = await library.ready;
  silence(module);
  return { library, module };
}

let silent = false;
/** What the library says of files on its standard error would be on the terminal. */
function silence({ FS }: H5Module): void {
  if (silent) return;
  silent = true;
  const { closeStream, open } = FS as unknown as {
    closeStream(n: number): void;
    open(path: string, flags: number): void;
  };
  closeStream(2);
  open("/dev/null", 1); // which takes the first number that is free
}

/** Keeps the memory of WebAssembly from growing beyond a limit meanwhile: the library then runs out of it, and says so. */
function bounded<T>(act: () => T): T {
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function (this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength + pages * 65536 > limits.hdf5) throw new RangeError("beyond the limit");
    return grow.call(this, pages);
  };
  try {
    return act();
  } finally {
    prototype.grow = grow;
  }
}

let opened = 0;

/** Filters of the HDF5 library itself; others are plugins. */
const known = new Set([1, 2, 3, 5, 6]);

/** The value of a half: sign, five bits of exponent, ten of fraction (IEEE 754). */
export function halfOf(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction > 0
          ? Number.NaN
          : Number.POSITIVE_INFINITY
        : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

/** @throws Error that goes on from the file's name. */
export async function openHdf5(bytes: Uint8Array): Promise<Hdf5File> {
  checkHeaps(bytes);
  const { library, module } = await loadHdf5();
  // Unlike that of any other copy of this module in the process, which shares the library: what a damaged file left open is read in
  // place of one of the same name.
  const name = `/file-${Math.random()}-${opened++}`;
  const { FS } = module as unknown as { FS: { writeFile(name: string, data: Uint8Array, how: object): void } };
  // The bytes themselves: they are not copied, and the file is opened for reading.
  FS.writeFile(name, bytes, { canOwn: true });
  const file = new Hdf5File(module, name);
  try {
    file.open(library);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

export class Hdf5File {
  private id = -1n;

  constructor(
    private readonly module: H5Module,
    private readonly name: string,
  ) {}

  open(library: Library): void {
    const damaged = "is an HDF5 file that is damaged, or cut short; copy it again";
    this.id = this.attempt(damaged, () => this.module.open(this.name, library.ACCESS_MODES && 0, false, -1, -1));
    if (this.id < 0n) throw new Error(damaged);
  }

  close(): void {
    try {
      if (this.id >= 0n) this.module.close_file(this.id);
    } catch {
      // What a damaged file leaves open goes with the process.
    }
    this.id = -1n;
    try {
      (this.module as unknown as { FS: { unlink(name: string): void } }).FS.unlink(this.name);
    } catch {
      // As before.
    }
  }

  /** Runs the library; whatever it stumbles on in a damaged file is one sentence. */
  private attempt<T>(otherwise: string, act: () => T): T {
    try {
      return bounded(act);
    } catch {
      throw new Error(otherwise);
    }
  }

  private damaged = (path: string): string => `holds ${quoted(path)}, which is damaged`;

  /** What stands at a path; undefined where there is nothing. Links out of the file are links and no more. */
  kind(path: string): Hdf5Kind | undefined {
    const { module, id } = this;
    return this.attempt(this.damaged(path), () => {
      // The library follows links on the way, and tells nothing where one leads out: so each step is looked at.
      const steps = path.split("/").filter((s) => s !== "");
      for (let n = 1; n <= steps.length; n++) {
        const step = `/${steps.slice(0, n).join("/")}`;
        const type = module.get_type(id, step);
        const out = type === module.H5G_UDLINK || type === module.H5G_LINK || (type === 0 && this.leadsNowhere(step));
        if (out) return n === steps.length ? "link" : undefined;
        if (type !== module.H5G_GROUP && n < steps.length) return undefined;
        if (n < steps.length) continue;
        if (type === module.H5G_GROUP) return "group";
        if (type !== module.H5G_DATASET) return type < 0 ? undefined : "other";
        return sortOf(module, module.get_dataset_metadata(id, path));
      }
      return "group";
    });
  }

  /** Whether a path is a link that ends in nothing or outside: the library then calls it a group, which is its number 0. */
  private leadsNowhere(path: string): boolean {
    if (typeof this.module.get_symbolic_link(this.id, path) !== "string") return false;
    try {
      this.module.get_attribute_names(this.id, path);
      return false;
    } catch {
      return true;
    }
  }

  /** Where a link leads that is not followed, for people. */
  target(path: string): string {
    return this.attempt(this.damaged(path), () => {
      const soft = this.module.get_symbolic_link(this.id, path);
      if (typeof soft === "string") return soft;
      const { filename, obj_path } = this.module.get_external_link(this.id, path);
      return `${filename}:${obj_path}`;
    });
  }

  /** Tells objects from one another: several paths may lead to one, also in a circle. */
  identity(path: string): string {
    return this.attempt(this.damaged(path), () => this.module.create_object_reference(this.id, path).join());
  }

  /** Names in a group. */
  names(path: string): string[] {
    return this.attempt(this.damaged(path), () => this.module.get_names(this.id, path, false));
  }

  private metadata(path: string): Metadata {
    return this.attempt(this.damaged(path), () => this.module.get_dataset_metadata(this.id, path));
  }

  shape(path: string): readonly number[] {
    return this.metadata(path).shape ?? [0];
  }

  /** Why an array is not read for its size, in words; undefined of one that is. */
  tooLarge(path: string): string | undefined {
    const shape = this.shape(path);
    const [size, rows] = [shape.reduce((a, b) => a * b, 1), shape.length > 1 ? shape[0]! : 0];
    if (size > limits.numbers) return `cannot be read: ${size} numbers; at most ${limits.numbers} are`;
    return rows > limits.lists ? `cannot be read: ${rows} rows; at most ${limits.lists} are` : undefined;
  }

  private fail(path: string, what: string): never {
    throw new Error(`holds ${quoted(path)}, which ${what}`);
  }

  /** How many numbers or rows an array says that it has. @throws Error where that is more than is read. */
  private size(path: string, { shape, virtual_sources: sources }: Metadata, most: number): number {
    if (sources) this.fail(path, "is made of other files or arrays (virtual), which are not opened; save it whole");
    const size = (shape ?? [0]).reduce((a, b) => a * b, 1);
    if (size <= most) return size;
    return this.fail(
      path,
      `has shape (${shape!.join(", ")}); at most ${most} of its numbers are read, save a part of it`,
    );
  }

  /** The bytes of a whole array as they stand in the library's memory, while `look` looks at them. */
  private bytes<T>(path: string, size: number, look: (bytes: Uint8Array) => T): T {
    return this.filled(
      path,
      size,
      (at) => this.module.get_dataset_data(this.id, path, null, null, null, BigInt(at)),
      look,
    );
  }

  private filled<T>(path: string, size: number, read: (at: number) => number, look: (bytes: Uint8Array) => T): T {
    const { module } = this;
    const why = this.unreadable(path);
    const at = this.attempt(why, () => module._malloc(Math.max(1, size)));
    if (at === 0) this.fail(path, `takes more than the ${mebibytes(limits.hdf5)} that are read at most`);
    try {
      if (this.attempt(why, () => read(at)) < 0) throw new Error(why);
      return look(module.HEAPU8.subarray(at, at + size));
    } finally {
      module._free(at);
    }
  }

  /** Why an array cannot be read: a filter that is not there, or else damage. */
  private unreadable(path: string): string {
    try {
      const filter = bounded(() => this.module.get_dataset_filters(this.id, path)).find((f) => !known.has(f.id));
      if (filter) {
        const name = filter.name ? ` (${escaped(filter.name.slice(0, 40))})` : "";
        return `holds ${quoted(path)}, which is packed by filter ${filter.id}${name}, which is not read; save it with gzip (h5repack -f GZIP=4)`;
      }
    } catch {
      // An attribute has none.
    }
    return (
      `holds ${quoted(path)}, which cannot be read: it is damaged, lies in another file, or unpacks to more than ` +
      `${mebibytes(limits.hdf5)}`
    );
  }

  /** An array of numbers, exactly as float64, row-major. */
  numbers(path: string): Hdf5Numbers {
    const metadata = this.metadata(path);
    const shape = metadata.shape ?? [0];
    const size = this.size(path, metadata, limits.numbers);
    if (shape.length > 1 && shape[0]! > limits.lists) this.size(path, metadata, limits.lists);
    if (size === 0) return { shape, data: new Float64Array(0) };
    const data = this.bytes(path, size * metadata.size, (bytes) => this.floats(path, bytes, metadata, size));
    return { shape, data };
  }

  /** An array of rows of different lengths. */
  rows(path: string, choose: (row: number) => boolean = () => true): Float64Array[] {
    const metadata = this.metadata(path);
    const count = this.size(path, metadata, limits.lists);
    const type = metadata.vlen_type as Metadata;
    if (count === 0) return [];
    const { module, id } = this;
    return this.bytes(path, 8 * count, (bytes) => {
      try {
        const pairs = new Uint32Array(bytes.slice().buffer); // length and place of each row
        let total = 0;
        for (let i = 0; i < count; i++) total += pairs[2 * i]!;
        if (total > limits.numbers) this.fail(path, `holds ${total} numbers; at most ${limits.numbers} are read`);
        return Array.from({ length: count }, (_, i) => {
          const [length, at] = [pairs[2 * i]!, pairs[2 * i + 1]!];
          if (!choose(i)) return new Float64Array(0);
          const held = module.HEAPU8.subarray(at, at + length * type.size);
          if (held.length !== length * type.size) this.fail(path, "is damaged");
          return this.floats(path, held, type, length);
        });
      } finally {
        const place = BigInt(bytes.byteOffset);
        this.attempt(this.damaged(path), () => module.reclaim_vlen_memory(id, path, "", place));
      }
    });
  }

  private floats(path: string, bytes: Uint8Array, { type, size, signed }: Metadata, count: number): Float64Array {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const out = new Float64Array(count);
    const big = (at: number): number => {
      const value = signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
      const number = Number(value);
      return BigInt(number) === value ? number : this.fail(path, "has an integer beyond 2^53; save smaller ones");
    };
    const { H5T_FLOAT } = this.module.H5T_class_t;
    const readers: Readonly<Record<string, (at: number) => number>> =
      type === H5T_FLOAT.value
        ? {
            2: (at) => halfOf(view.getUint16(at, true)),
            4: (at) => view.getFloat32(at, true),
            8: (at) => view.getFloat64(at, true),
          }
        : {
            1: (at) => (signed ? view.getInt8(at) : view.getUint8(at)),
            2: (at) => (signed ? view.getInt16(at, true) : view.getUint16(at, true)),
            4: (at) => (signed ? view.getInt32(at, true) : view.getUint32(at, true)),
            8: big,
          };
    const read = readers[size] ?? this.fail(path, `has numbers of ${size} bytes, which are not read`);
    for (let i = 0; i < count; i++) out[i] = read(i * size);
    return out;
  }

  hasAttribute(path: string, name: string): boolean {
    return this.attempt(this.damaged(path), () => this.module.get_attribute_names(this.id, path)).includes(name);
  }

  /** An attribute that is one number or one text; undefined where there is none, or another. @returns the number's bytes too. */
  attribute(path: string, name: string): { value: number | string; size: number } | undefined {
    const { module, id } = this;
    const otherwise = `holds an attribute ${quoted(name)} of ${quoted(path)}, which is damaged`;
    const names = this.attempt(otherwise, () => module.get_attribute_names(id, path));
    if (!names.includes(name)) return undefined;
    const metadata = this.attempt(otherwise, () => module.get_attribute_metadata(id, path, name));
    if (metadata.total_size !== 1 || metadata.size > 65536) return undefined;
    const read = (at: number): number => module.get_attribute_data(id, path, name, BigInt(at));
    const sort = sortOf(module, metadata);
    if (sort !== "numbers" && sort !== "text") return undefined;
    return this.filled(path, metadata.size, read, (bytes) => {
      if (sort === "numbers") return { value: this.floats(path, bytes, metadata, 1)[0]!, size: metadata.size };
      return { value: this.textIn(bytes, metadata), size: 0 };
    });
  }

  /** A dataset that is one short text. */
  text(path: string): string | undefined {
    const metadata = this.metadata(path);
    if (metadata.total_size !== 1 || metadata.size > 65536 || sortOf(this.module, metadata) !== "text")
      return undefined;
    return this.bytes(path, metadata.size, (bytes) => this.textIn(bytes, metadata));
  }

  /** An array of short texts, row-major. */
  texts(path: string): { readonly shape: readonly number[]; readonly data: string[] } {
    const metadata = this.metadata(path);
    const { size: width } = metadata;
    const shape = metadata.shape ?? [0];
    const count = this.size(path, metadata, limits.lists);
    if (sortOf(this.module, metadata) !== "text") this.fail(path, "holds no texts");
    if (count === 0) return { shape, data: [] };
    if (count * width > limits.hdf5) this.fail(path, `takes more than the ${mebibytes(limits.hdf5)} that are read`);
    const data = this.bytes(path, count * width, (bytes) => {
      const read = Array.from({ length: count }, (_, i) =>
        this.textIn(bytes.subarray(i * width, (i + 1) * width), metadata),
      );
      if (metadata.vlen) {
        const place = BigInt(bytes.byteOffset);
        this.attempt(this.damaged(path), () => this.module.reclaim_vlen_memory(this.id, path, "", place));
      }
      return read;
    });
    return { shape, data };
  }

  private textIn(bytes: Uint8Array, { vlen }: Metadata): string {
    let held = bytes;
    if (vlen) {
      const at = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      held = at === 0 ? bytes.subarray(0, 0) : this.module.HEAPU8.subarray(at, at + 1000);
    }
    const end = held.indexOf(0);
    return new TextDecoder().decode(held.slice(0, end < 0 ? held.length : end));
  }
}

function sortOf({ H5T_class_t: types }: H5Module, { type, vlen_type: row }: Metadata): Hdf5Kind {
  const isNumber = (t: number): boolean => t === types.H5T_INTEGER.value || t === types.H5T_FLOAT.value;
  if (isNumber(type)) return "numbers";
  if (type === types.H5T_VLEN.value && row && isNumber(row.type)) return "rows";
  return type === types.H5T_STRING.value ? "text" : "other";
}
