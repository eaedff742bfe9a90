/** Increments for kernels in two parts, from float64. */
import { increments } from "../../twin/signature/increments.js";
import { type PathBatch, pathPoints } from "../paths.js";
import type { CompiledStaticKernel } from "../static-kernel.js";
import type { PairList } from "./pairs.js";

/**
 * Increments of the pairs [begin, end), segment by segment, as kernels read them: [row, column] interleaved by slots,
 * each as float32 and what is left. They are made here since the points are float64 here: float32 values of a static
 * kernel would have lost what is wanted.
 * @param plan rows of a segment, and how slots are interleaved.
 * @param columns of the longest pair.
 */
export function incrementParts(
  kernel: CompiledStaticKernel,
  x: PathBatch,
  y: PathBatch,
  list: PairList,
  begin: number,
  end: number,
  plan: { readonly rows: number; readonly segments: number; readonly interleave: number },
  columns: number,
): Float32Array[] {
  const { rows, segments, interleave: B } = plan;
  const blocks = Math.ceil((end - begin) / B);
  const out = Array.from({ length: segments }, () => new Float32Array(2 * blocks * B * rows * columns));
  for (let slot = 0; slot < end - begin; slot++) {
    const ys = pathPoints(y, list.b[begin + slot]!);
    const p = increments(kernel, pathPoints(x, list.a[begin + slot]!), ys, x.channels);
    const width = ys.length / y.channels - 1;
    for (let at = 0, row = 0; at < p.length; at += width, row++) {
      const segment = out[Math.floor(row / rows)]!;
      const start = (Math.floor(slot / B) * rows + (row % rows)) * columns * B + (slot % B);
      for (let j = 0; j < width; j++) {
        const high = Math.fround(p[at + j]!);
        segment[2 * (start + j * B)] = high;
        segment[2 * (start + j * B) + 1] = p[at + j]! - high;
      }
    }
  }
  return out;
}
