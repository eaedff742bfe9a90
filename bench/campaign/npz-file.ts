/** Arrays of an npz file that a command wrote. */
import { readFileSync } from "node:fs";
import { type NpyArray, openNpz } from "../../src/files/npz.js";

export function readNpzFile(file: string): Record<string, NpyArray> {
  const npz = openNpz(readFileSync(file));
  return Object.fromEntries(npz.keys.map((key) => [key, npz.read(key)!]));
}
