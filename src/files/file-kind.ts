/** What a file is, told by how it begins and not by its name; and its text. */

const from = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));

/** Files that are read. */
const zip = from("PK");
const npy = from("\x93NUMPY");
const hdf5 = [0x89, ...from("HDF\r\n\x1a\n")];
const parquet = from("PAR1");

const mend = "save its arrays with numpy.savez, or as lists in JSON";
/** Files that are taken for recordings and are not read: how they begin, what they are, what to do. */
const foreign: readonly (readonly [readonly number[], string])[] = [
  [[0x1f, 0x8b], "is compressed with gzip; unpack it first (gunzip)"],
  [from("BZh"), "is compressed with bzip2; unpack it first (bunzip2)"],
  [[0xfd, ...from("7zXZ")], "is compressed with xz; unpack it first (unxz)"],
  [[0x28, 0xb5, 0x2f, 0xfd], "is compressed with zstd; unpack it first (unzstd)"],
  [from("7z\xbc\xaf"), "is a 7-Zip archive; unpack it first"],
  [[0x89, ...from("HDF")], "is an HDF5 file whose first bytes are damaged; copy it again, not as text"],
  [from("MATLAB 5.0"), `is a MATLAB file; ${mend}`],
  [from("MATLAB 7.3"), `is a MATLAB file; ${mend}`],
  [from("CDF"), `is a NetCDF file; ${mend}`],
  [from("ABF"), `is a file of pCLAMP (Axon); ${mend}`],
  [from("SQLite format 3"), `is an SQLite database; ${mend}`],
  [from("ARROW1"), `is an Arrow file; ${mend}`],
  [[0x80, 2], `is a Python pickle, which is never read; ${mend}`],
  [[0x80, 3], `is a Python pickle, which is never read; ${mend}`],
  [[0x80, 4], `is a Python pickle, which is never read; ${mend}`],
  [[0x80, 5], `is a Python pickle, which is never read; ${mend}`],
  [[0x89, ...from("PNG")], "is a picture (PNG)"],
  [[0xff, 0xd8, 0xff], "is a picture (JPEG)"],
  [from("GIF8"), "is a picture (GIF)"],
  [from("%PDF"), "is a PDF file"],
  [[0x7f, ...from("ELF")], "is a program"],
  [from("<"), "is XML or HTML"],
];

const begins = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((b, i) => bytes[i] === b);

export type FileKind = "npz" | "npy" | "hdf5" | "parquet" | "text";

/** What a file is by how it begins: a kind that is read (text may be JSON, or a table), or what is said of it. */
export function fileKind(bytes: Uint8Array): FileKind | { readonly not: string } {
  if (begins(bytes, zip)) return "npz";
  if (begins(bytes, npy)) return "npy";
  if (begins(bytes, hdf5)) return "hdf5";
  if (begins(bytes, parquet)) return "parquet";
  const found = foreign.find(([magic]) => begins(bytes, magic));
  return found ? { not: found[1] } : "text";
}

/** A kind in a sentence. */
export const kindName: Readonly<Record<FileKind, string>> = {
  npz: "an npz file",
  npy: "an npy file",
  hdf5: "an HDF5 file",
  parquet: "a Parquet file",
  text: "text",
};

/**
 * The text of a file, with or without a byte order mark: UTF-8, or UTF-16, which Windows' PowerShell writes.
 * @throws Error that says of the file what is wrong.
 */
export function textOf(bytes: Uint8Array): string {
  const [a, b] = bytes;
  const little = (a === 0xff && b === 0xfe) || (a !== 0 && b === 0);
  const big = (a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && bytes.length > 1);
  const encoding = little ? "utf-16le" : big ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`is neither npz nor JSON: it is no text in ${encoding.toUpperCase()}`);
  }
}

/** Text that does not begin as JSON: tables of numbers are often meant. */
export const looksLikeTable = (text: string): boolean => {
  const line = text.slice(0, 400).split(/\r?\n/, 1)[0]!;
  return !/^\s*[[{"]/.test(line) && /[,;\t]/.test(line);
};
