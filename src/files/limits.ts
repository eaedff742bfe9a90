/** What is read of a file at most: beyond, memory would end before the computation begins. docs/files.md states them. */
export const limits = {
  /** Bytes of a JSON file, a job's too, and of a table of spikes (CSV). */
  json: 2 ** 28,
  /** Bytes of an npz, npy, Parquet or HDF5 file. */
  npz: 2 ** 30,
  /** Numbers of one array, or values of a JSON file. */
  numbers: 2 ** 25,
  /** Rows of one array, or lists, objects and texts of a JSON file: each takes memory beside its numbers. */
  lists: 2 ** 22,
  /** How deep lists and objects lie in one another. */
  depth: 100,
  /** Bytes of a Parquet file's footer, which becomes objects. */
  footer: 2 ** 22,
  /** Bytes of an unpacked page of a Parquet file. */
  page: 2 ** 28,
  /** Bytes that the reader of HDF5 works with: an array, the chunks that are unpacked, and what describes them. */
  hdf5: 2 ** 29,
  /** Objects of an HDF5 file that are listed. */
  objects: 4096,
} as const;

/** A number of bytes in a message. */
export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toPrecision(3)} MiB`;
