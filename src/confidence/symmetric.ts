/** Small symmetric matrices, as lists of rows. */

/** Eigenvalues in ascending order, and beside each its eigenvector of length 1. */
export interface Eigen {
  readonly values: readonly number[];
  readonly vectors: readonly (readonly number[])[];
}

/** Sweeps at most: convergence is quadratic, and ten are more than were ever seen. */
const mostSweeps = 60;

/** By Jacobi's rotations (Golub & Van Loan, Matrix Computations, 8.5): small eigenvalues keep their relative accuracy. */
export function eigenOf(matrix: readonly (readonly number[])[]): Eigen {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  /** Rows are eigenvectors. */
  const v = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0)));
  const turn = (rows: number[][], p: number, q: number, c: number, s: number): void => {
    for (let k = 0; k < n; k++) {
      const [x, y] = [rows[p]![k]!, rows[q]![k]!];
      rows[p]![k] = c * x - s * y;
      rows[q]![k] = s * x + c * y;
    }
  };
  for (let sweep = 0, turned = true; turned && sweep < mostSweeps; sweep++) {
    turned = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const [app, aqq, apq] = [a[p]![p]!, a[q]![q]!, a[p]![q]!];
        if (Math.abs(apq) <= Number.EPSILON * Math.sqrt(Math.abs(app * aqq))) continue;
        turned = true;
        const tau = (aqq - app) / (2 * apq);
        const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.hypot(1, tau));
        const c = 1 / Math.hypot(1, t);
        turn(a, p, q, c, t * c);
        for (const row of a) {
          const [x, y] = [row[p]!, row[q]!];
          row[p] = c * x - t * c * y;
          row[q] = t * c * x + c * y;
        }
        turn(v, p, q, c, t * c);
      }
    }
  }
  const order = a.map((_, i) => i).sort((i, j) => a[i]![i]! - a[j]![j]!);
  return { values: order.map((i) => a[i]![i]!), vectors: order.map((i) => v[i]!) };
}

/** Σ f(value) vector vectorᵀ: a function of the matrix. */
export function functionOf({ values, vectors }: Eigen, f: (value: number) => number): number[][] {
  const n = values.length;
  const result = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  vectors.forEach((v, e) => {
    const by = f(values[e]!);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) result[i]![j]! += by * v[i]! * v[j]!;
  });
  return result;
}

/** uᵀ matrix v. */
export function form(matrix: readonly (readonly number[])[], u: ArrayLike<number>, v: ArrayLike<number>): number {
  let sum = 0;
  matrix.forEach((row, i) => {
    for (let j = 0; j < row.length; j++) sum += u[i]! * row[j]! * v[j]!;
  });
  return sum;
}

export const product = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] =>
  a.map((row) => (b[0] ?? []).map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
