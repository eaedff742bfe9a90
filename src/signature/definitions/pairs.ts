/** Which pairs of paths a Gram matrix takes, in their order, and where they stand in it. */

export interface GramShape {
  readonly rows: number;
  readonly columns: number;
  /** Whether pairs on and above the diagonal stand for all. */
  readonly half: boolean;
  /** Whether the diagonal is left out. */
  readonly skipDiagonal: boolean;
  /** Whether there is nothing but the diagonal. */
  readonly onlyDiagonal?: boolean;
}

/** How many pairs there are. */
export function pairCount({ rows, columns, half, skipDiagonal, onlyDiagonal }: GramShape): number {
  if (onlyDiagonal) return rows;
  return (half ? (rows * (rows + 1)) / 2 : rows * columns) - (skipDiagonal ? rows : 0);
}

export interface PairList {
  /** [pairs]: index of the path in x and in y. */
  readonly a: Uint32Array;
  readonly b: Uint32Array;
}

/** Pairs `begin` to `end` (default all) of a Gram matrix, row by row. */
export function gramPairs(shape: GramShape, begin = 0, end = pairCount(shape)): PairList {
  const { rows, columns, half, skipDiagonal } = shape;
  const [a, b] = [new Uint32Array(end - begin), new Uint32Array(end - begin)];
  if (shape.onlyDiagonal) return { a: a.map((_, n) => begin + n), b: b.map((_, n) => begin + n) };
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

/** The cotangent of a pair's kernel, from those of a Gram matrix [rows, columns]. */
export function pairWeight(cotangent: Float64Array, { columns, half }: GramShape, i: number, j: number): number {
  return cotangent[i * columns + j]! + (half && i !== j ? cotangent[j * columns + i]! : 0);
}

/** Writes a pair's kernel to a Gram matrix [rows, columns]. */
export function setPair(gram: Float64Array, { columns, half }: GramShape, i: number, j: number, value: number): void {
  gram[i * columns + j] = value;
  if (half) gram[j * columns + i] = value;
}
