/** Lists of pairs of paths, in chunks, as the kernels read them. */
import { pairCount } from "../definitions/backend.js";
import { type PathBatch, pathLength } from "../definitions/paths.js";

export interface PairList {
  /** [pairs]: index of the path in x and in y. */
  readonly a: Uint32Array;
  readonly b: Uint32Array;
}

/** All pairs of a Gram matrix, row by row; with `half` those on and above the diagonal, which may be left out. */
export function gramPairs(rows: number, columns: number, half: boolean, skipDiagonal: boolean): PairList {
  return gramRange({ rows, columns, half, skipDiagonal }, 0, pairCount(rows, columns, half, skipDiagonal));
}

/** Of which paths a Gram matrix is, see `gramPairs`. */
export interface GramShape {
  readonly rows: number;
  readonly columns: number;
  readonly half: boolean;
  readonly skipDiagonal: boolean;
}

/** Pairs `begin` to `end` of those of a Gram matrix. */
export function gramRange({ rows, columns, half, skipDiagonal }: GramShape, begin: number, end: number): PairList {
  const [a, b] = [new Uint32Array(end - begin), new Uint32Array(end - begin)];
  for (let i = 0, from = 0; i < rows && from < end; i++) {
    const first = half ? i : 0;
    const to = from + columns - first - (skipDiagonal ? 1 : 0);
    for (let n = Math.max(from, begin); n < Math.min(to, end); n++) {
      const j = first + n - from;
      a[n - begin] = i;
      b[n - begin] = skipDiagonal && j >= i ? j + 1 : j;
    }
    from = to;
  }
  return { a, b };
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
