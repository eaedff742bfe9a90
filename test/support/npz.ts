import { type NpyArray, openNpz } from "../../src/files/npz.js";

/** Every array of an .npz; texts are left out. */
export function readNpz(bytes: Uint8Array): Record<string, NpyArray> {
  const npz = openNpz(bytes);
  return Object.fromEntries(npz.keys.filter((key) => npz.text(key) === undefined).map((key) => [key, npz.read(key)!]));
}
