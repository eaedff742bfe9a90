/** Increments for kernels in two parts, from float64, and gradients to them back to points. */

import type { PairList } from "../definitions/pairs.js";
import { type PathBatch, pathPoints } from "../definitions/paths.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";
import { increments, incrementsVjp } from "../host/increments.js";

export interface PartsGrid {
  /** Rows of a segment, and their number; how slots are interleaved. */
  readonly plan: { readonly rows: number; readonly segments: number; readonly interleave: number };
  /** Of the longest pair. */
  readonly columns: number;
}

/** Pairs of a list, and how the numbers of their increments lie. */
export interface PartsOfPairs {
  readonly kernel: CompiledStaticKernel;
  readonly x: PathBatch;
  readonly y: PathBatch;
  readonly list: PairList;
  /** Which of the list. */
  readonly begin: number;
  readonly end: number;
  readonly grid: PartsGrid;
}

/** Place of a slot's row among the numbers of its segment; columns follow at distances of `interleave`. */
const rowStart = ({ plan, columns }: PartsGrid, slot: number, row: number): number => {
  const { rows, interleave: B } = plan;
  return (Math.floor(slot / B) * rows + (row % rows)) * columns * B + (slot % B);
};

/** Visits the increments of a slot's pair, row after row: each by its number, its row, and where its parts begin. */
function eachIncrement(
  grid: PartsGrid,
  slot: number,
  count: number,
  width: number,
  visit: (n: number, row: number, place: number) => void,
): void {
  for (let n = 0, row = 0; n < count; row++) {
    const start = rowStart(grid, slot, row);
    for (let j = 0; j < width; j++, n++) visit(n, row, 2 * (start + j * grid.plan.interleave));
  }
}

/** Numbers of a segment. */
export const partsCount = ({ plan, columns }: PartsGrid, slots: number): number =>
  2 * Math.ceil(slots / plan.interleave) * plan.interleave * plan.rows * columns;

/**
 * Increments of the pairs, segment by segment, as kernels read them: [row, column] interleaved by slots,
 * each as float32 and what is left. They are made here since the points are float64 here: float32 values of a static
 * kernel would have lost what is wanted.
 */
export function incrementParts({ kernel, x, y, list, begin, end, grid }: PartsOfPairs): Float32Array[] {
  const { rows, segments } = grid.plan;
  const out = Array.from({ length: segments }, () => new Float32Array(partsCount(grid, end - begin)));
  for (let slot = 0; slot < end - begin; slot++) {
    const ys = pathPoints(y, list.b[begin + slot]!);
    const p = increments(kernel, pathPoints(x, list.a[begin + slot]!), ys, x.channels);
    const width = ys.length / y.channels - 1;
    eachIncrement(grid, slot, p.length, width, (n, row, place) => {
      const segment = out[Math.floor(row / rows)]!;
      const high = Math.fround(p[n]!);
      segment[place] = high;
      segment[place + 1] = p[n]! - high;
    });
  }
  return out;
}

/**
 * Adds the gradients to the points, times the pairs' weights, from gradients to increments of one segment as kernels write
 * them. In float64, as the increments: differences of neighbouring ones cancel, and so do static kernels' slopes.
 */
export function incrementPartsVjp(
  { kernel, x, y, list, begin, end, grid }: PartsOfPairs,
  bars: Float32Array,
  weights: Float64Array,
  xBar: Float64Array,
  yBar: Float64Array,
): void {
  for (let slot = 0; slot < end - begin; slot++) {
    const [a, b] = [list.a[begin + slot]!, list.b[begin + slot]!];
    const [xs, ys] = [pathPoints(x, a), pathPoints(y, b)];
    const width = ys.length / y.channels - 1;
    const pBar = new Float64Array((xs.length / x.channels - 1) * width);
    eachIncrement(grid, slot, pBar.length, width, (n, _row, place) => {
      pBar[n] = weights[begin + slot]! * (bars[place]! + bars[place + 1]!);
    });
    incrementsVjp(kernel, xs, ys, x.channels, pBar, { x: pathPoints(x, a, xBar), y: pathPoints(y, b, yBar) });
  }
}
