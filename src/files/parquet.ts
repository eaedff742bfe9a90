/**
 * Columns of numbers of a Parquet file. hyparquet decodes footers and pages, and believes what they say of their sizes: so
 * pages are taken one by one here, and what each says is checked before it is decoded. Flat columns of numbers, plain, by
 * a dictionary, split by bytes or as differences (https://parquet.apache.org/docs/file-format/).
 */
import type { FileMetaData, SchemaElement, SchemaTree } from "hyparquet";
import { inNode } from "../gpu/runtime.js";
import { escaped, quoted } from "../quoted.js";
import { limits, mebibytes } from "./limits.js";
import { gunzip } from "./zip.js";

type PageHeader = ReturnType<typeof import("hyparquet/src/column.js").parquetHeader>;

/** The functions of hyparquet that are used; loaded when a file is read. */
async function hyparquet() {
  const [zlib, { parquetMetadata }, { parquetHeader }, pages, { readPlain }, { getSchemaPath }] = await Promise.all([
    inNode() ? import("node:zlib") : undefined,
    import("hyparquet/src/metadata.js"),
    import("hyparquet/src/column.js"),
    import("hyparquet/src/datapage.js"),
    import("hyparquet/src/plain.js"),
    import("hyparquet/src/schema.js"),
  ]);
  return { zlib, parquetMetadata, parquetHeader, ...pages, readPlain, getSchemaPath };
}
type Hyparquet = Awaited<ReturnType<typeof hyparquet>>;

export interface ParquetFile {
  readonly names: readonly string[];
  readonly rows: number;
  /** A text that the writer put beside the data. */
  text(key: string): string | undefined;
  /** @throws Error that goes on from the file's name, where a column cannot be read. */
  column(at: number): Float64Array;
}

/**
 * hyparquet reads integers of any number of bytes, at a cost that grows with the square of that; no text or number of a
 * footer has so many bytes above 127 in a row.
 */
const mostHigh = 1000;
function checkVarints(bytes: Uint8Array): void {
  let run = 0;
  for (const byte of bytes) if ((run = byte & 128 ? run + 1 : 0) > mostHigh) throw new Error("an integer has no end");
}

/** Opens a Parquet file. @throws Error that goes on from the file's name. */
export async function openParquet(bytes: Uint8Array): Promise<ParquetFile> {
  const library = await hyparquet();
  const broken = (error: unknown): never => {
    throw new Error(
      `is a Parquet file that is damaged, or cut short: ${escaped((error as Error).message.slice(0, 100))}`,
    );
  };
  const footer = footerOf(bytes);
  let metadata: FileMetaData;
  try {
    checkVarints(footer);
    metadata = library.parquetMetadata(footer, { geoparquet: false });
  } catch (error) {
    return broken(error);
  }
  const [root, ...elements] = metadata.schema;
  const flat = root !== undefined && root.num_children === elements.length && elements.every((e) => !e.num_children);
  if (!flat) throw new Error("is a Parquet file of nested columns; save a flat table of time, neuron and trial");
  const rows = Number(metadata.num_rows);
  if (!(rows >= 0 && rows <= limits.numbers)) {
    throw new Error(`is a Parquet file of ${rows} rows; at most ${limits.numbers} are read, save a part of it`);
  }
  return {
    names: elements.map((e) => e.name),
    rows,
    text: (key) => metadata.key_value_metadata?.find((e) => e.key === key)?.value,
    column(at) {
      const element = elements[at]!;
      try {
        const path = library.getSchemaPath(metadata.schema, [element.name]);
        return new Column(library, bytes, element, path).read(metadata, at, rows);
      } catch (error) {
        throw new Error(
          `has a column ${quoted(element.name)} that cannot be read: ${escaped((error as Error).message.slice(0, 160))}`,
        );
      }
    },
  };
}

/** The footer with what marks its end. */
function footerOf(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const marked = bytes.length >= 12 && view.getUint32(bytes.length - 4, true) === 0x31524150; // PAR1
  const length = marked ? view.getUint32(bytes.length - 8, true) : 0;
  if (!marked || length + 12 > bytes.length)
    throw new Error("is a Parquet file that is cut short; save or copy it again");
  if (length > limits.footer) {
    throw new Error(
      `is a Parquet file with a footer of ${mebibytes(length)}; at most ${mebibytes(limits.footer)} are read`,
    );
  }
  return bytes.slice(bytes.length - length - 8);
}

const widths: Readonly<Record<string, number>> = { INT32: 4, INT64: 8, FLOAT: 4, DOUBLE: 8 };
/** What integers and floats mean beside numbers: days, decimals and instants are none. */
const meanings = /^(UINT_8|UINT_16|UINT_32|UINT_64|INT_8|INT_16|INT_32|INT_64)$/;
/** Bytes of a page's header at most; statistics in it are cut by those who write them. */
const mostHeader = 2 ** 16;

class Column {
  private readonly width: number;
  private readonly nullable: boolean;
  private dictionary: ArrayLike<number | bigint> | undefined;

  constructor(
    private readonly hyparquet: Hyparquet,
    private readonly file: Uint8Array,
    private readonly element: SchemaElement,
    private readonly schemaPath: SchemaTree[],
  ) {
    const { type, converted_type: meant, logical_type: logical, repetition_type: repeated } = element;
    this.width = widths[type ?? ""] ?? this.fail(`holds ${type ?? "nothing"}, and no numbers`);
    const plain = (meant === undefined || meanings.test(meant)) && (!logical || logical.type === "INTEGER");
    if (!plain) this.fail(`holds ${meant ?? logical?.type}, and no numbers; save times as numbers in a unit`);
    if (repeated === "REPEATED") this.fail("holds lists; save a row for each spike");
    this.nullable = repeated === "OPTIONAL";
  }

  private fail(what: string): never {
    throw new Error(what);
  }

  read(metadata: FileMetaData, at: number, rows: number): Float64Array {
    const out = new Float64Array(rows);
    let done = 0;
    for (const group of metadata.row_groups) {
      const chunk = group.columns[at];
      const meta = chunk?.meta_data;
      const count = Number(group.num_rows);
      if (!meta || meta.type !== this.element.type) this.fail("is not in every group of rows");
      if (chunk!.file_path) this.fail("lies in another file, which is not opened");
      if (!(count >= 0 && done + count <= rows)) this.fail("has more rows than the file says");
      const [data, dictionary] = [Number(meta.data_page_offset), Number(meta.dictionary_page_offset || Infinity)];
      const from = Math.min(data, dictionary);
      const to = from + Number(meta.total_compressed_size);
      if (!(from >= 4 && to > from && to <= this.file.length)) this.fail("lies beyond the end of the file");
      this.dictionary = undefined;
      done = this.readChunk(this.file.subarray(from, to), meta.codec, out.subarray(0, done + count), done);
    }
    return done === rows ? out : this.fail(`has ${done} rows, and the file says ${rows}`);
  }

  /** @returns how many rows are filled. */
  private readChunk(chunk: Uint8Array, codec: string, out: Float64Array, from: number): number {
    let [at, done] = [0, from];
    while (done < out.length) {
      if (at >= chunk.length) this.fail("ends before its last row");
      const head = chunk.subarray(at, at + mostHeader);
      checkVarints(head.subarray(0, 256));
      const reader = { view: new DataView(head.buffer, head.byteOffset, head.byteLength), offset: 0 };
      const header = this.hyparquet.parquetHeader(reader);
      at += reader.offset;
      const size = header.compressed_page_size;
      if (!(size >= 0 && at + size <= chunk.length)) this.fail("has a page that ends beyond its column");
      const page = chunk.subarray(at, at + size);
      at += size;
      if (header.type === "DICTIONARY_PAGE") this.dictionary = this.readDictionary(page, header, codec);
      else done += this.readPage(page, header, codec, out, done);
    }
    return done;
  }

  private unpack(page: Uint8Array, size: number, codec: string): Uint8Array {
    if (!(size >= 0 && size <= limits.page)) this.fail(`has a page of ${size} bytes; at most ${limits.page} are read`);
    const by = unpackers(this.hyparquet, size);
    if (!/^(UNCOMPRESSED|SNAPPY)$/.test(codec) && !Object.hasOwn(by, codec)) {
      const from = codec === "ZSTD" ? " by this Node (from 22.15 on it is)" : "";
      this.fail(`is packed by ${codec}, which is not read${from}; save it with snappy or gzip`);
    }
    return this.hyparquet.decompressPage(page, size, codec as "SNAPPY", by);
  }

  private readDictionary(page: Uint8Array, header: PageHeader, codec: string): ArrayLike<number | bigint> {
    const count = header.dictionary_page_header?.num_values ?? -1;
    const bytes = this.unpack(page, header.uncompressed_page_size, codec);
    if (!(count >= 0 && count * this.width <= bytes.length)) this.fail("has a dictionary that is cut short");
    return this.plain(bytes, count);
  }

  private plain(bytes: Uint8Array, count: number): ArrayLike<number | bigint> {
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
    return this.hyparquet.readPlain(reader, this.element.type!, count, undefined) as ArrayLike<number | bigint>;
  }

  /** @returns how many rows the page has. */
  private readPage(page: Uint8Array, header: PageHeader, codec: string, out: Float64Array, from: number): number {
    const { data_page_header: one, data_page_header_v2: two } = header;
    const about = one ?? two;
    if (!about) this.fail(`has a page of a kind that is not read (${header.type})`);
    const { num_values: count, encoding } = about;
    if (!(count > 0 && from + count <= out.length)) this.fail("has a page with more rows than are left");
    let bytes: Uint8Array;
    let values: number; // where they begin
    if (one) {
      bytes = this.unpack(page, header.uncompressed_page_size, codec);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const levels = this.nullable ? view.getUint32(0, true) : 0;
      values = this.nullable ? 4 + levels : 0;
      if (values > bytes.length) this.fail("has a page that is cut short");
      if (this.nullable) checkRuns(bytes.subarray(4, values), 1, count);
    } else {
      const { definition_levels_byte_length: defined, repetition_levels_byte_length: repeated } = two!;
      if (repeated !== 0 || !(defined >= 0 && defined <= page.length)) this.fail("has a page that is cut short");
      if (this.nullable) checkRuns(page.subarray(0, defined), 1, count);
      const held = page.subarray(defined);
      const size = header.uncompressed_page_size - defined;
      const unpacked = two!.is_compressed === false ? held : this.unpack(held, size, codec);
      bytes = new Uint8Array(defined + unpacked.length);
      bytes.set(page.subarray(0, defined));
      bytes.set(unpacked, defined);
      values = defined;
    }
    const indexed = encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY";
    const data = bytes.subarray(values);
    if (indexed) {
      if (!this.dictionary) this.fail("has no dictionary");
      if (data.length === 0 || data[0]! > 32) this.fail("has a page that is cut short");
      if (data[0]! > 0) checkRuns(data.subarray(1), data[0]!, count);
    } else if (encoding === "PLAIN" || encoding === "BYTE_STREAM_SPLIT") {
      if (count * this.width > data.length && !this.nullable) this.fail("has a page that is cut short");
    } else if (encoding === "DELTA_BINARY_PACKED") checkVarints(data);
    else this.fail(`is encoded as ${encoding}, which is not read; save it with the defaults of pandas or polars`);
    const how = { type: this.element.type!, element: this.element, schemaPath: this.schemaPath } as Parameters<
      Hyparquet["readDataPage"]
    >[2];
    const flat = { ...header, data_page_header_v2: { ...two!, is_compressed: false } };
    const { dataPage, definitionLevels } = one
      ? this.hyparquet.readDataPage(bytes, one, how)
      : this.hyparquet.readDataPageV2(bytes, flat as PageHeader, how);
    if (dataPage.length !== count || definitionLevels?.some((level) => level !== 1)) {
      this.fail("has rows without a number; leave them out");
    }
    const dictionary = indexed ? this.dictionary! : undefined;
    for (let i = 0; i < count; i++) {
      const found = dictionary ? dictionary[dataPage[i] as number] : (dataPage[i] as number | bigint);
      if (found === undefined) this.fail("has an index beyond its dictionary");
      const value = Number(found);
      if (typeof found === "bigint" && BigInt(value) !== found) this.fail("has an integer beyond 2^53");
      out[from + i] = value;
    }
    return count;
  }
}

/** Runs of equal or packed numbers, which hyparquet writes wherever they lead: refused where they are more than there are. */
function checkRuns(bytes: Uint8Array, width: number, count: number): void {
  let [at, seen] = [0, 0];
  while (seen < count) {
    let [head, shift] = [0, 0];
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new Error("has a page that is cut short");
      head += (byte & 127) * 2 ** shift;
      shift += 7;
      if (!(byte & 128)) break;
    }
    const packed = head % 2 === 1;
    const run = Math.floor(head / 2) * (packed ? 8 : 1);
    // Packed numbers come in eights, of which the last may be filled up.
    if (run === 0 || seen + run > count + (packed ? 7 : 0)) throw new Error("has a page with more values than it says");
    seen += run;
    at += packed ? Math.ceil((run * width) / 8) : Math.ceil(width / 8);
  }
  // The last bytes of packed numbers that only fill up may be missing.
  if (at > bytes.length + width) throw new Error("has a page that is cut short");
}

/** Ways to unpack pages, each to no more than it says; snappy is hyparquet's own. */
function unpackers({ zlib }: Hyparquet, size: number): Record<string, (input: Uint8Array) => Uint8Array> {
  const most = { maxOutputLength: Math.max(1, size) };
  if (!zlib) {
    const not = (by: string) => (): never => {
      throw new Error(`it is packed by ${by}, which a page does not unpack; saltation convert does`);
    };
    return { GZIP: (input) => gunzip(input, size), BROTLI: not("brotli"), ZSTD: not("zstd") };
  }
  const { zstdDecompressSync: zstd } = zlib as { zstdDecompressSync?: (b: Uint8Array, o: object) => Uint8Array };
  return {
    GZIP: (input) => zlib.gunzipSync(input, most),
    BROTLI: (input) => zlib.brotliDecompressSync(input, most),
    // From Node 22.15 on.
    ...(zstd ? { ZSTD: (input: Uint8Array) => zstd(input, most) } : {}),
  };
}
