/** Files of the idx format, in which MNIST and its relatives come (yann.lecun.com/exdb/mnist): bytes in some dimensions. */

export interface IdxArray {
  readonly shape: readonly number[];
  /** Row-major; a view of the file. */
  readonly data: Uint8Array;
}

/** @throws Error that goes on from the file's name. */
export function readIdx(bytes: Uint8Array): IdxArray {
  const [a, b, type, dimensions] = bytes;
  if (a !== 0 || b !== 0 || dimensions === undefined || type! < 8 || type! > 14) {
    throw new Error("is no idx file: it does not begin with 0, 0, a type and a number of dimensions");
  }
  if (type !== 8) throw new Error(`holds numbers of type ${type}; only bytes (8) are read`);
  if (dimensions < 1 || dimensions > 4) throw new Error(`has ${dimensions} dimensions; 1 to 4 are read`);
  const from = 4 + 4 * dimensions;
  if (bytes.length < from) throw new Error("ends within its header; copy it again");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const size = shape.reduce((product, n) => product * n, 1);
  if (bytes.length - from !== size) {
    throw new Error(
      `holds ${bytes.length - from} bytes where its shape [${shape.join(", ")}] takes ${size}; copy it again`,
    );
  }
  return { shape, data: bytes.subarray(from) };
}
