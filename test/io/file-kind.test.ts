import { expect, it } from "vitest";
import { fileKind } from "../../src/io/file-kind.js";
import { writeNpz } from "../../src/io/npz.js";

const text = (s: string) => new TextEncoder().encode(s);

it.each<[string | undefined, Uint8Array]>([
  ["a PNG picture", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
  ["a MATLAB file", text("MATLAB 5.0 MAT-file, Platform: GLNXA64")],
  ["an HDF5 file", Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)],
  ["a NumPy array (.npy)", Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0)],
  ["a gzip archive", Uint8Array.of(0x1f, 0x8b, 8)],
  ["UTF-16 text", Uint8Array.of(0xff, 0xfe, 0x7b, 0)],
  ["UTF-16 text", Uint8Array.of(0, 0x7b, 0, 0x22)],
  ["UTF-16 text", Uint8Array.of(0x7b, 0, 0x22, 0)],
  [undefined, text('{"a": 1}')],
  [undefined, text("trial,time\n0,1\n")],
  [undefined, writeNpz({ a: { data: Float64Array.of(1), shape: [1] } })],
  [undefined, new Uint8Array(0)],
])("%s", (kind, bytes) => {
  expect(fileKind(bytes)).toBe(kind);
});

it("MATLAB's newer files are HDF5 behind a block of text", () => {
  const bytes = new Uint8Array(600);
  bytes.set(text("MATLAB 7.3 MAT-file"));
  bytes.set([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a], 512);
  expect(fileKind(bytes)).toBe("a MATLAB file");
});
