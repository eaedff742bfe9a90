/** The cells of the map of classes: squares whose middles lie in the disc. */

/** Cells along a side. */
export const mapSize = 40;

/** [cells] the column and row of each, rows from below. */
export const mapCells: readonly (readonly [number, number])[] = Array.from(
  { length: mapSize ** 2 },
  (_, i) => [i % mapSize, Math.floor(i / mapSize)] as const,
).filter(([c, r]) => Math.hypot(middle(c) - 0.5, middle(r) - 0.5) <= 0.5 + 0.75 / mapSize);

/** The middle of a column or row. */
export function middle(n: number): number {
  return (n + 0.5) / mapSize;
}

/** [cells][2] */
export const mapPoints = (): Float64Array => Float64Array.from(mapCells.flatMap(([c, r]) => [middle(c), middle(r)]));
