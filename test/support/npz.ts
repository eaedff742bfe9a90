import { type NpyArray, openNpz } from "../../src/io/npz.js";

/** Every array of an .npz. */
export function readNpz(bytes: Uint8Array): Record<string, NpyArray> {
  const npz = openNpz(bytes);
  return Object.fromEntries(npz.keys.map((key) => [key, npz.read(key)!]));
}
