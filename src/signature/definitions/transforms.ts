/**
 * Transforms of paths, each with its transpose (all are linear in the points), so that gradients to transformed points
 * become gradients to the points that a user gave.
 */
import { finiteNumber } from "../../checks.js";
import { batchOf, type PathBatch, type PathInput, pathLength, pathPoints, readPaths } from "./paths.js";

export interface Transformed {
  readonly paths: PathBatch;
  /** Gradient to the points of `paths` → gradient to the points that went in. */
  pullback(gradient: Float64Array): Float64Array;
}

type Rows = (source: Float64Array, length: number) => Float64Array;

function transform(batch: PathBatch, channels: number, forward: Rows, backward: Rows): Transformed {
  const each = Array.from({ length: batch.count }, (_, i) => forward(pathPoints(batch, i), pathLength(batch, i)));
  const paths = batchOf(each, channels);
  const pullback = (gradient: Float64Array): Float64Array => {
    const result = new Float64Array(batch.points.length);
    for (let i = 0; i < batch.count; i++) {
      const own = gradient.subarray(paths.offsets[i]! * channels, paths.offsets[i + 1]! * channels);
      result.set(backward(own, pathLength(batch, i)), batch.offsets[i]! * batch.channels);
    }
    return result;
  };
  return { paths, pullback };
}

/**
 * Adds time as the *last* channel, evenly spaced from `t0` at the first vertex to `t1` at the last.
 * @throws SaltationError `invalid-input` for bad paths or times.
 */
export function timeAugment(paths: PathInput, t0 = 0, t1 = 1): Transformed {
  const batch = readPaths("paths", paths);
  finiteNumber("t0", t0);
  finiteNumber("t1", t1);
  const c = batch.channels;
  return transform(
    batch,
    c + 1,
    (source, n) => {
      const out = new Float64Array(n * (c + 1));
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < c; k++) out[j * (c + 1) + k] = source[j * c + k]!;
        out[j * (c + 1) + c] = t0 + (t1 - t0) * (j / (n - 1));
      }
      return out;
    },
    (g, n) => Float64Array.from({ length: n * c }, (_, i) => g[Math.floor(i / c) * (c + 1) + (i % c)]!),
  );
}

/**
 * Lead-lag: 2·length − 1 vertices of 2·channels, the lag (the past) in the first half of the channels, the lead in the
 * second; the lead moves first. Chevyrev & Kormilitzin (2016).
 * @throws SaltationError `invalid-input` for bad paths.
 */
export function leadLag(paths: PathInput): Transformed {
  const batch = readPaths("paths", paths);
  const c = batch.channels;
  return transform(
    batch,
    2 * c,
    (source, n) => {
      const out = new Float64Array((2 * n - 1) * 2 * c);
      for (let j = 0; j < 2 * n - 1; j++) {
        const lag = j >> 1;
        const lead = (j + 1) >> 1;
        for (let k = 0; k < c; k++) {
          out[j * 2 * c + k] = source[lag * c + k]!;
          out[j * 2 * c + c + k] = source[lead * c + k]!;
        }
      }
      return out;
    },
    (g, n) => {
      const out = new Float64Array(n * c);
      for (let j = 0; j < 2 * n - 1; j++) {
        for (let k = 0; k < c; k++) {
          out[(j >> 1) * c + k]! += g[j * 2 * c + k]!;
          out[((j + 1) >> 1) * c + k]! += g[j * 2 * c + c + k]!;
        }
      }
      return out;
    },
  );
}

/**
 * Starts every path at the origin, so that its signature knows where it begins.
 * @throws SaltationError `invalid-input` for bad paths.
 */
export function basePoint(paths: PathInput): Transformed {
  const batch = readPaths("paths", paths);
  const c = batch.channels;
  return transform(
    batch,
    c,
    (source, n) => {
      const out = new Float64Array((n + 1) * c);
      out.set(source, c);
      return out;
    },
    (g) => g.slice(c),
  );
}
