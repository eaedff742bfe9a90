/**
 * The untruncated signature kernel by a power series in every cell. In cell (i, j), on the unit square, the solution of
 * ∂²K/∂s∂t = p K is Σ c_kl s^k t^l with c_kl = c_{k−1,l−1} p/(kl); the coefficients c_k0 and c_0l are those of K along
 * the bottom and the left edge. Cells hand on polynomials of degree `order` along their top and right edges, so for
 * piecewise-linear paths the only error is that of cutting the series.
 */
import type { KernelVjp } from "./difference.js";

/** One cell: replaces the bottom series by the top's and the left series by the right's. `c` is scratch [w, w]. */
function cell(p: number, edge: Float64Array, at: number, left: Float64Array, c: Float64Array, w: number): void {
  for (let k = 0; k < w; k++) {
    c[k * w] = edge[at + k]!;
    c[k] = left[k]!;
  }
  for (let k = 1; k < w; k++) {
    for (let l = 1; l < w; l++) c[k * w + l] = (c[(k - 1) * w + l - 1]! * p) / (k * l);
  }
  for (let k = 0; k < w; k++) {
    let top = 0;
    let right = 0;
    for (let l = 0; l < w; l++) {
      top += c[k * w + l]!;
      right += c[l * w + k]!;
    }
    edge[at + k] = top;
    left[k] = right;
  }
}

/** Kernel of increments p [rows, columns] by power series of the given order. Memory O(columns · order). */
export function polynomialKernel(p: Float64Array, rows: number, columns: number, order: number): number {
  const w = order + 1;
  const edge = new Float64Array(columns * w);
  for (let j = 0; j < columns; j++) edge[j * w] = 1;
  const left = new Float64Array(w);
  const c = new Float64Array(w * w);
  for (let i = 0; i < rows; i++) {
    left.fill(0);
    left[0] = 1;
    for (let j = 0; j < columns; j++) cell(p[i * columns + j]!, edge, j * w, left, c, w);
  }
  let value = 0;
  for (let k = 0; k < w; k++) value += left[k]!;
  return value;
}

/** Value, and gradient to the increments: the exact derivative of the truncated series. Keeps all edges. */
export function polynomialKernelVjp(p: Float64Array, rows: number, columns: number, order: number): KernelVjp {
  const w = order + 1;
  const bottoms = new Float64Array((rows + 1) * columns * w);
  const lefts = new Float64Array(rows * (columns + 1) * w);
  const c = new Float64Array(w * w);
  for (let j = 0; j < columns; j++) bottoms[j * w] = 1;
  const left = new Float64Array(w);
  for (let i = 0; i < rows; i++) {
    left.fill(0);
    left[0] = 1;
    lefts.set(left, i * (columns + 1) * w);
    for (let j = 0; j < columns; j++) {
      const above = ((i + 1) * columns + j) * w;
      bottoms.copyWithin(above, (i * columns + j) * w, (i * columns + j + 1) * w);
      cell(p[i * columns + j]!, bottoms, above, left, c, w);
      lefts.set(left, (i * (columns + 1) + j + 1) * w);
    }
  }
  let value = 0;
  for (let k = 0; k < w; k++) value += left[k]!;

  const pBar = new Float64Array(rows * columns);
  const cBar = new Float64Array(w * w);
  // Cotangents of the series along the edges between two rows of cells.
  const edgeBar = new Float64Array(columns * w);
  const leftBar = new Float64Array(w);
  for (let i = rows - 1; i >= 0; i--) {
    leftBar.fill(i === rows - 1 ? 1 : 0);
    for (let j = columns - 1; j >= 0; j--) {
      const q = p[i * columns + j]!;
      for (let k = 0; k < w; k++) {
        c[k * w] = bottoms[(i * columns + j) * w + k]!;
        c[k] = lefts[(i * (columns + 1) + j) * w + k]!;
      }
      for (let k = 1; k < w; k++) {
        for (let l = 1; l < w; l++) c[k * w + l] = (c[(k - 1) * w + l - 1]! * q) / (k * l);
      }
      for (let k = 0; k < w; k++) {
        for (let l = 0; l < w; l++) cBar[k * w + l] = edgeBar[j * w + k]! + leftBar[l]!;
      }
      let sum = 0;
      for (let k = w - 1; k > 0; k--) {
        for (let l = w - 1; l > 0; l--) {
          const share = cBar[k * w + l]! / (k * l);
          sum += share * c[(k - 1) * w + l - 1]!;
          cBar[(k - 1) * w + l - 1]! += share * q;
        }
      }
      pBar[i * columns + j] = sum;
      for (let k = 0; k < w; k++) {
        // The constant term of both edges is the one corner value: the left edge's copy of it carries the cotangent.
        edgeBar[j * w + k] = k === 0 ? 0 : cBar[k * w]!;
        leftBar[k] = cBar[k]!;
      }
    }
  }
  return { value, increments: pBar };
}
