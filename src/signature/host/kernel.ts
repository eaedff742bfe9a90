/** One signature kernel, by whichever solver, from increments. */
import type { CheckedSolver } from "../definitions/solver.js";
import { differenceKernel, differenceKernelVjp, type KernelVjp } from "./difference.js";
import { polynomialKernel, polynomialKernelVjp } from "./polynomial.js";
import { truncatedKernelLevels, truncatedKernelVjp } from "./truncated-kernel.js";

/** The kernel of increments [rows, columns]. */
export function kernelValue(p: Float64Array, rows: number, columns: number, solver: CheckedSolver): number {
  switch (solver.kind) {
    case "difference":
      return differenceKernel(p, rows, columns, solver.dyadic);
    case "polynomial":
      return polynomialKernel(p, rows, columns, solver.order);
    case "truncated":
      return truncatedKernelLevels(p, rows, columns, solver.depth).reduce((a, b) => a + b, 0);
  }
}

/** The kernel and its gradient to the increments. */
export function kernelVjp(p: Float64Array, rows: number, columns: number, solver: CheckedSolver): KernelVjp {
  switch (solver.kind) {
    case "difference":
      return differenceKernelVjp(p, rows, columns, solver.dyadic);
    case "polynomial":
      return polynomialKernelVjp(p, rows, columns, solver.order);
    case "truncated":
      return truncatedKernelVjp(p, rows, columns, solver.depth);
  }
}
