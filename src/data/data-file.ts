/** Files of data sets: by path in Node, or by their bytes anywhere; read within limits, and unpacked where gzip packed them. */
import { fail, show } from "../checks.js";
import { gunzipped } from "../files/gzip.js";
import { limits, mebibytes } from "../files/limits.js";
import { loadModule } from "../gpu/runtime.js";

/** A path (in Node), or the bytes of a file. */
export type DataFile = string | Uint8Array;

const nameOf = (file: DataFile): string => (typeof file === "string" ? file : "the file");

async function bytesOf(field: string, file: DataFile): Promise<Uint8Array> {
  if (file instanceof Uint8Array) return file;
  if (typeof file !== "string") fail(field, `expected a path or a Uint8Array, got ${show(file)}`);
  const { readFile, stat } = await loadModule<typeof import("node:fs/promises")>("node:fs/promises");
  const told = (error: unknown): never => fail(field, `cannot read ${file}: ${(error as Error).message}`);
  const found = await stat(file).catch(told);
  // Devices and pipes may never end.
  if (!found.isFile()) fail(field, `${file} is no regular file`);
  if (found.size > limits.npz) {
    fail(field, `${file} has ${mebibytes(found.size)}; at most ${mebibytes(limits.npz)} are read`);
  }
  return readFile(file).catch(told);
}

/**
 * Reads a file whole, and says of what cannot be read which file it is.
 * @param field for messages.
 * @param read what is made of its bytes; its errors go on from the file's name.
 * @throws SaltationError `invalid-input`.
 */
export async function readDataFile<T>(
  field: string,
  file: DataFile,
  read: (bytes: Uint8Array) => T | Promise<T>,
): Promise<T> {
  const bytes = await bytesOf(field, file);
  try {
    return await read(await gunzipped(bytes, limits.npz));
  } catch (error) {
    return fail(field, `${nameOf(file)} ${(error as Error).message}`);
  }
}
