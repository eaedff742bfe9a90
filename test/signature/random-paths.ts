import { normalPair } from "../../src/driver/normal.js";
import { threefry2x32 } from "../../src/driver/threefry.js";
import { batchOf, type PathBatch } from "../../src/signature/definitions/paths.js";

/** A reproducible source of normals. */
export function normals(seed: number): () => number {
  const pair = new Float64Array(2);
  let n = 0;
  return () => {
    if (n % 2 === 0) normalPair(...threefry2x32(seed, 0x5167, n, 0), pair);
    return pair[n++ % 2]!;
  };
}

/** Brownian paths on [0, 1], started at the origin, of the lengths given. */
export function brownianPaths(seed: number, lengths: readonly number[], channels: number, scale = 1): PathBatch {
  const next = normals(seed);
  return batchOf(
    lengths.map((length) => {
      const path = new Float64Array(length * channels);
      for (let i = channels; i < path.length; i++)
        path[i] = path[i - channels]! + (next() * scale) / Math.sqrt(length - 1);
      return path;
    }),
    channels,
  );
}

/** Random walks from random points, with normal steps of size `step` in every channel. */
export function randomWalks(seed: number, lengths: readonly number[], channels: number, step = 0.7): PathBatch {
  const next = normals(seed);
  return batchOf(
    lengths.map((length) => {
      const path = Float64Array.from({ length: channels }, () => 0.5 * next());
      return Float64Array.from({ length: length * channels }, (_, i) => {
        if (i >= channels) path[i % channels]! += step * next();
        return path[i % channels]!;
      });
    }),
    channels,
  );
}

/** Largest difference over largest expected size. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.NaN;
  let [error, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= error)) error = difference;
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return error / size;
}
