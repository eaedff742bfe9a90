/** What computes Gram matrices: the GPU, or the float64 twin. Everything above is written once against this. */
import { fail } from "../../checks.js";
import { type GramShape, pairCount } from "./pairs.js";
import type { PathBatch } from "./paths.js";
import { type CheckedSolver, isSymmetric } from "./solver.js";
import type { CompiledStaticKernel } from "./static-kernel.js";

/** One Gram matrix of signature kernels, and optionally the gradient of Σ cotangent · k. */
export interface GramRequest {
  readonly x: PathBatch;
  /** null: x with itself, at half the work where the solver is symmetric. */
  readonly y: PathBatch | null;
  /** [x.count, y.count]; without it, no gradient. */
  readonly cotangent?: Float64Array | undefined;
  /** Whether gradients to the points of x and of y are wanted (with y null, x has both). */
  readonly gradient?: { readonly x: boolean; readonly y: boolean };
  /** With y null: leave the diagonal out; its values are then 0. */
  readonly skipDiagonal?: boolean;
  /** Which of its pairs, in their order, where there is no cotangent; default all. Other values are then 0. */
  readonly pairs?: readonly [begin: number, end: number] | undefined;
  /**
   * Which of its pairs, where only gradients to some paths count: with all pairs of a path, its gradient has the bits that it has of
   * all, as what is left out leaves the order of the rest as it is. Other values are then 0.
   */
  readonly only?: ((a: number, b: number) => boolean) | undefined;
}

/** The Gram matrix of a request: of a batch with itself, half of it where the solver is symmetric. */
export function shapeOf(
  { x, y, skipDiagonal }: Pick<GramRequest, "x" | "y" | "skipDiagonal">,
  solver: CheckedSolver,
): GramShape {
  const own = y === null;
  return {
    rows: x.count,
    columns: (y ?? x).count,
    half: own && isSymmetric(solver),
    skipDiagonal: own && (skipDiagonal ?? false),
  };
}

/** How many pairs of paths a request takes. */
export const pairsIn = (
  request: Pick<GramRequest, "x" | "y" | "skipDiagonal" | "pairs">,
  solver: CheckedSolver,
): number => (request.pairs ? request.pairs[1] - request.pairs[0] : pairCount(shapeOf(request, solver)));

export interface GramResult {
  /** [x.count, y.count]. */
  readonly gram: Float64Array;
  /** In the layout of the batch's points. */
  readonly gradientX?: Float64Array | undefined;
  readonly gradientY?: Float64Array | undefined;
}

export interface SignatureBackend {
  /**
   * Computes several Gram matrices with as few waits as possible. `progress` is told how many pairs are done, of all
   * requests together; what is computed again is counted from 0 again.
   * @internal
   */
  evaluate(
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    requests: readonly GramRequest[],
    progress?: (pairsDone: number) => void,
  ): Promise<GramResult[]>;
  /**
   * k(x_i, y_i) of two batches of equal count [count].
   * @internal
   */
  paired(
    kernel: CompiledStaticKernel,
    solver: CheckedSolver,
    x: PathBatch,
    y: PathBatch,
    /** Where given, [count], also the gradient of Σ cotangent · k. */
    cotangent?: Float64Array,
    progress?: (pairsDone: number) => void,
  ): Promise<GramResult>;
  /** Signatures [count, tensor size], level 0 included. */
  signatures(paths: PathBatch, depth: number, progress?: (pathsDone: number) => void): Promise<Float64Array>;
  /** Gradient to the points from cotangents of the signatures [count, tensor size]. */
  signatureVjp(paths: PathBatch, depth: number, cotangent: Float64Array): Promise<Float64Array>;
}

/** @throws SaltationError `invalid-input` where it is none: an engine, or its device. */
export function checkBackend(backend: SignatureBackend): void {
  if (typeof backend?.signatures !== "function")
    fail("backend", "expected what signatureBackend(engine.gpu ?? null) gives");
}
