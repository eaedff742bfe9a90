/** What is read of a file at most: beyond, memory would end before the computation begins. docs/jobs.md states them. */
export const limits = {
  /** Bytes of a JSON file, a job's too. */
  json: 2 ** 28,
  /** Bytes of an npz or npy file. */
  npz: 2 ** 30,
  /** Numbers of one array, or values of a JSON file. */
  numbers: 2 ** 25,
  /** Rows of one array, or lists, objects and texts of a JSON file: each takes memory beside its numbers. */
  lists: 2 ** 22,
  /** How deep lists and objects lie in one another. */
  depth: 100,
} as const;

/** A number of bytes in a message. */
export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toPrecision(3)} MiB`;
