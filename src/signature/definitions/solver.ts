/** How a signature kernel is computed: the job file's `solver`. */
import { checkOptions, fail, type Names, oneOf, show, wholeNumber } from "../../checks.js";

export type SignatureSolver =
  /**
   * Untruncated, second-order finite differences with dyadic refinement of x's and y's segments (default [0, 0]). Where
   * the two orders differ, so do k(x, y) and k(y, x), and Gram matrices of a batch with itself take the whole work.
   */
  | { readonly kind: "difference"; readonly dyadic?: readonly [number, number] }
  /** Untruncated, a power series of this order in every cell. */
  | { readonly kind: "polynomial"; readonly order: number }
  /** Inner product of signatures truncated at this depth. */
  | { readonly kind: "truncated"; readonly depth: number };

/** What each kind is told. */
const settings: { readonly [K in SignatureSolver["kind"]]: Names<Extract<SignatureSolver, { kind: K }>> } = {
  difference: { kind: true, dyadic: true },
  polynomial: { kind: true, order: true },
  truncated: { kind: true, depth: true },
};

export type CheckedSolver =
  | { readonly kind: "difference"; readonly dyadic: readonly [number, number] }
  | { readonly kind: "polynomial"; readonly order: number }
  | { readonly kind: "truncated"; readonly depth: number };

/** Whether k(x, y) = k(y, x) in the scheme: not where it refines x's segments more or less than y's. */
export const isSymmetric = (solver: CheckedSolver): boolean =>
  solver.kind !== "difference" || solver.dyadic[0] === solver.dyadic[1];

export const solverLimits = { dyadic: 8, order: 32, depth: 8 } as const;

/**
 * Checks a solver and fills in its defaults.
 * @throws SaltationError `invalid-input` naming the field.
 */
export function checkSolver(solver: SignatureSolver, field = "solver"): CheckedSolver {
  if (solver === null || typeof solver !== "object") fail(field, `expected a solver, got ${show(solver)}`);
  oneOf(`${field}.kind`, solver.kind, Object.keys(settings));
  checkOptions(field, solver, settings[solver.kind]);
  if (solver.kind === "polynomial") {
    return { kind: "polynomial", order: wholeNumber(`${field}.order`, solver.order, 2, solverLimits.order) };
  }
  if (solver.kind === "truncated") {
    return { kind: "truncated", depth: wholeNumber(`${field}.depth`, solver.depth, 1, solverLimits.depth) };
  }
  const dyadic = solver.dyadic ?? [0, 0];
  if (!Array.isArray(dyadic) || dyadic.length !== 2) {
    fail(`${field}.dyadic`, `expected two whole numbers [x, y], got ${show(dyadic)}`);
  }
  const [a, b] = dyadic as [number, number];
  return {
    kind: "difference",
    dyadic: [
      wholeNumber(`${field}.dyadic[0]`, a, 0, solverLimits.dyadic),
      wholeNumber(`${field}.dyadic[1]`, b, 0, solverLimits.dyadic),
    ],
  };
}
