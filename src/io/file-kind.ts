/** What a file is by its first bytes, in words for whoever gave it where something else is wanted. */

/** Signatures at the beginning of files. */
const signatures: readonly (readonly [string, readonly number[]])[] = [
  ["a PNG picture", [0x89, 0x50, 0x4e, 0x47]],
  ["a JPEG picture", [0xff, 0xd8, 0xff]],
  ["a GIF picture", [0x47, 0x49, 0x46, 0x38]],
  ["a PDF document", [0x25, 0x50, 0x44, 0x46]],
  ["a MATLAB file", [...new TextEncoder().encode("MATLAB 5.0 MAT-file")]],
  ["an HDF5 file", [0x89, 0x48, 0x44, 0x46]],
  ["a NumPy array (.npy)", [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]],
  ["a gzip archive", [0x1f, 0x8b]],
  ["a bzip2 archive", [0x42, 0x5a, 0x68]],
  ["an xz archive", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["a 7-Zip archive", [0x37, 0x7a, 0xbc, 0xaf]],
  ["a Python pickle", [0x80, 0x04, 0x95]],
  ["a Python pickle", [0x80, 0x05, 0x95]],
  ["an Axon recording (.abf)", [0x41, 0x42, 0x46]],
  ["a program", [0x7f, 0x45, 0x4c, 0x46]],
  ["UTF-16 text", [0xff, 0xfe]],
  ["UTF-16 text", [0xfe, 0xff]],
];

/** HDF5's signature may follow a block of a user's, and MATLAB's files of version 7.3 have one of 512 bytes. */
const hdf5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * A kind of file that is known by its first bytes: "a PNG picture", "an HDF5 file", "UTF-16 text" …
 * @returns undefined for what may be text, a zip (npz is one), and all that is not known.
 */
export function fileKind(bytes: Uint8Array): string | undefined {
  const startsWith = (signature: readonly number[], from = 0): boolean =>
    signature.every((b, i) => bytes[from + i] === b);
  if (startsWith(hdf5, 512)) return startsWith([0x4d, 0x41, 0x54, 0x4c, 0x41, 0x42]) ? "a MATLAB file" : "an HDF5 file";
  const known = signatures.find(([, signature]) => startsWith(signature));
  if (known) return known[0];
  // Text of the other width without a mark: every second byte of ASCII is 0.
  const [a, b, c, d] = bytes;
  if ((a && b === 0 && c && d === 0) || (a === 0 && b && c === 0 && d)) return "UTF-16 text";
  return undefined;
}
