/** Paths on the host, and lists of their pairs in chunks, as the kernels read them. */
import type { PairList } from "../definitions/pairs.js";
import { type PathBatch, pathLength } from "../definitions/paths.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";

/** Mean point of a batch. */
export function meanPoint({ points, channels }: PathBatch): Float64Array {
  const mean = new Float64Array(channels);
  points.forEach((v, i) => {
    mean[i % channels]! += v * (channels / points.length);
  });
  return mean;
}

/**
 * Points as the stages read them: differences for a linear kernel (taken in float64; with `extended` as float32 and what
 * is left, [vertex][high, low][channel]), else the points. Kernels of distances have an origin, from which points are taken:
 * far from 0, float32 would lose what tells them apart.
 */
export function devicePoints(
  kernel: CompiledStaticKernel,
  batch: PathBatch,
  extended: boolean,
  origin: Float64Array | undefined,
): Float32Array {
  const c = batch.channels;
  if (kernel.linearScale === undefined) {
    return Float32Array.from(batch.points, origin && ((v, i) => v - origin[i % c]!));
  }
  const out = new Float32Array(batch.points.length * (extended ? 2 : 1));
  for (let i = 0; i < batch.count; i++) {
    for (let v = batch.offsets[i]! * c; v < (batch.offsets[i + 1]! - 1) * c; v++) {
      const difference = batch.points[v + c]! - batch.points[v]!;
      if (!extended) out[v] = difference;
      else {
        const at = v + Math.floor(v / c) * c;
        out[at] = difference;
        out[at + c] = difference - out[at]!;
      }
    }
  }
  return out;
}

/** Pair descriptors for a range of pairs: start of x, rows, start of y, columns. */
export function describePairs(list: PairList, begin: number, end: number, x: PathBatch, y: PathBatch): Uint32Array {
  const out = new Uint32Array((end - begin) * 4);
  for (let i = begin; i < end; i++) {
    out.set(
      [x.offsets[list.a[i]!]!, pathLength(x, list.a[i]!) - 1, y.offsets[list.b[i]!]!, pathLength(y, list.b[i]!) - 1],
      (i - begin) * 4,
    );
  }
  return out;
}

/** For each path of one role, where its slots begin, then the slots, in the order of the pairs. */
export function slotLists(paths: Uint32Array, begin: number, end: number, count: number): Uint32Array {
  const out = new Uint32Array(count + 1 + (end - begin));
  const size = new Uint32Array(count);
  for (let i = begin; i < end; i++) size[paths[i]!]! += 1;
  out[0] = count + 1;
  for (let c = 0; c < count; c++) out[c + 1] = out[c]! + size[c]!;
  const next = out.slice(0, count);
  for (let i = begin; i < end; i++) {
    const at = next[paths[i]!]!++;
    out[at] = i - begin;
  }
  return out;
}

/** Largest number of segments among the paths of a role in a range of pairs. */
export function longestOf(batch: PathBatch, paths: Uint32Array, begin: number, end: number): number {
  let longest = 0;
  for (let i = begin; i < end; i++) longest = Math.max(longest, pathLength(batch, paths[i]!) - 1);
  return longest;
}
