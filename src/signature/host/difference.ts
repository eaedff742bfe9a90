/**
 * The untruncated signature kernel by finite differences of the Goursat problem ∂²K/∂s∂t = p K, K = 1 on both edges
 * (Salvi, Cass, Foster, Lyons & Yang 2021), second order, with dyadic refinement: p is divided by 2^(λ1+λ2).
 *
 * K11 = (K10 + K01)(1 + p/2 + p²/12) − K00 (1 − p²/12), written with the difference carried along a row,
 * v ← v + (K10 + K01)(p/2 + p²/12) + K00 p²/12, K11 = K01 + v: the same algebra, and rounding errors do not grow.
 *
 * Also the exact reverse of that scheme (not a discretised adjoint equation): with G_ij the cotangent of the corner that
 * cell (i, j) computes, a = p/2 + p²/12 and b = p²/12,
 *   u_ij = u_i,j+1 + G_i,j+1 a_i,j+1 + G_i+1,j a_i+1,j + G_i+1,j+1 b_i+1,j+1,   G_ij = G_i+1,j + u_ij,
 *   p̄_ij = G_ij {(K10 + K01)(1/2 + p/6) + K00 p/6} 2^−(λ1+λ2).
 */

export interface KernelVjp {
  value: number;
  /** Gradient of the value to the increments [rows, columns]. */
  increments: Float64Array;
}

/** Kernel of increments p [rows, columns] at dyadic orders [λ1, λ2]. Memory O(columns · 2^λ2). */
export function differenceKernel(
  p: Float64Array,
  rows: number,
  columns: number,
  dyadic: readonly [number, number],
): number {
  const fineRows = rows << dyadic[0];
  const fineColumns = columns << dyadic[1];
  const scale = 2 ** -(dyadic[0] + dyadic[1]);
  const row = new Float64Array(fineColumns + 1).fill(1);
  for (let i = 0; i < fineRows; i++) {
    const coarse = (i >> dyadic[0]) * columns;
    let v = 0;
    let left = 1;
    let corner = row[0]!;
    for (let j = 0; j < fineColumns; j++) {
      const q = p[coarse + (j >> dyadic[1])]! * scale;
      const b = (q * q) / 12;
      v += (left + row[j + 1]!) * (q / 2 + b) + corner * b;
      corner = row[j + 1]!;
      left = corner + v;
      row[j + 1] = left;
    }
  }
  return row[fineColumns]!;
}

/** Value, and gradient to the increments. Keeps the whole grid: this is the oracle, not the fast way. */
export function differenceKernelVjp(
  p: Float64Array,
  rows: number,
  columns: number,
  dyadic: readonly [number, number],
): KernelVjp {
  const n = rows << dyadic[0];
  const m = columns << dyadic[1];
  const scale = 2 ** -(dyadic[0] + dyadic[1]);
  const w = m + 1;
  const k = new Float64Array((n + 1) * w);
  k.fill(1, 0, w);
  for (let i = 0; i < n; i++) {
    const coarse = (i >> dyadic[0]) * columns;
    let v = 0;
    k[(i + 1) * w] = 1;
    for (let j = 0; j < m; j++) {
      const q = p[coarse + (j >> dyadic[1])]! * scale;
      const b = (q * q) / 12;
      v += (k[(i + 1) * w + j]! + k[i * w + j + 1]!) * (q / 2 + b) + k[i * w + j]! * b;
      k[(i + 1) * w + j + 1] = k[i * w + j + 1]! + v;
    }
  }
  const pBar = new Float64Array(rows * columns);
  // Row i + 1 of G (index m is zero), and the products of it with a and b of its own cells.
  const above = new Float64Array(w);
  const aboveA = new Float64Array(w);
  const aboveB = new Float64Array(w);
  for (let i = n - 1; i >= 0; i--) {
    const coarse = (i >> dyadic[0]) * columns;
    let u = i === n - 1 ? 1 : 0;
    let rightA = 0;
    let diagonalB = 0;
    for (let j = m - 1; j >= 0; j--) {
      const q = p[coarse + (j >> dyadic[1])]! * scale;
      const b = (q * q) / 12;
      u += rightA + aboveA[j]! + diagonalB;
      const g = above[j]! + u;
      const k00 = k[i * w + j]!;
      const sum = k[(i + 1) * w + j]! + k[i * w + j + 1]!;
      pBar[coarse + (j >> dyadic[1])]! += g * (sum * (0.5 + q / 6) + (k00 * q) / 6) * scale;
      diagonalB = aboveB[j]!;
      rightA = g * (q / 2 + b);
      above[j] = g;
      aboveA[j] = rightA;
      aboveB[j] = g * b;
    }
  }
  return { value: k[n * w + m]!, increments: pBar };
}
