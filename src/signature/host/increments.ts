/**
 * Increments of a static kernel along two paths, p_ij = κ(x_{i+1}, y_{j+1}) − κ(x_{i+1}, y_j) − κ(x_i, y_{j+1}) + κ(x_i, y_j),
 * and their transpose. In float64; paths are points [length, channels].
 */
import { argumentOf, type CompiledStaticKernel } from "../definitions/static-kernel.js";

/** Differences of neighbouring points [length − 1, channels]. */
export function differences(x: Float64Array, channels: number): Float64Array {
  const out = new Float64Array(x.length - channels);
  for (let i = 0; i < out.length; i++) out[i] = x[i + channels]! - x[i]!;
  return out;
}

/** Increments [rows, columns] with rows = length(x) − 1 and columns = length(y) − 1. */
export function increments(k: CompiledStaticKernel, x: Float64Array, y: Float64Array, channels: number): Float64Array {
  const rows = x.length / channels - 1;
  const columns = y.length / channels - 1;
  const p = new Float64Array(rows * columns);
  if (k.linearScale !== undefined) {
    const dx = differences(x, channels);
    const dy = differences(y, channels);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let d = 0; d < channels; d++) sum += dx[i * channels + d]! * dy[j * channels + d]!;
        p[i * columns + j] = k.linearScale * sum;
      }
    }
    return p;
  }
  let below = new Float64Array(columns + 1);
  let here = new Float64Array(columns + 1);
  for (let i = 0; i <= rows; i++) {
    for (let j = 0; j <= columns; j++) {
      here[j] = k.value(argumentOf(k, x, i, y, j, channels));
      if (i > 0 && j > 0) p[(i - 1) * columns + j - 1] = here[j]! - below[j]! - here[j - 1]! + below[j - 1]!;
    }
    [below, here] = [here, below];
  }
  return p;
}

/**
 * Transpose of the derivative of `increments`: adds gradients to the points of x and of y.
 * @param pBar gradient to the increments [rows, columns]; then where gradients to the points are added.
 */
export function incrementsVjp(
  k: CompiledStaticKernel,
  x: Float64Array,
  y: Float64Array,
  channels: number,
  pBar: Float64Array,
  { x: xBar, y: yBar }: { readonly x: Float64Array; readonly y: Float64Array },
): void {
  const rows = x.length / channels - 1;
  const columns = y.length / channels - 1;
  const at = (i: number, j: number): number =>
    i < 0 || j < 0 || i >= rows || j >= columns ? 0 : pBar[i * columns + j]!;
  for (let i = 0; i <= rows; i++) {
    for (let j = 0; j <= columns; j++) {
      const weight = at(i - 1, j - 1) - at(i - 1, j) - at(i, j - 1) + at(i, j);
      if (weight === 0) continue;
      const slope = weight * k.slope(argumentOf(k, x, i, y, j, channels));
      for (let d = 0; d < channels; d++) {
        const a = x[i * channels + d]!;
        const b = y[j * channels + d]!;
        xBar[i * channels + d]! += k.argument === "inner" ? slope * b : 2 * slope * (a - b);
        yBar[j * channels + d]! += k.argument === "inner" ? slope * a : 2 * slope * (b - a);
      }
    }
  }
}
