/** The kernels of each solver, for the numbers and the increments that a plan gives them. */
import { differenceForward } from "../../../shaders/signature/difference-forward.wgsl.js";
import { differenceParts, differencePartsReverse } from "../../../shaders/signature/difference-parts.wgsl.js";
import { differenceReverse } from "../../../shaders/signature/difference-reverse.wgsl.js";
import { float32, twoFloat32 } from "../../../shaders/signature/numbers.wgsl.js";
import { polynomialForward, polynomialReverse } from "../../../shaders/signature/polynomial.wgsl.js";
import type { ForwardKernel, ReverseKernel } from "../../../shaders/signature/sweep.wgsl.js";
import { truncatedForward, truncatedReverse } from "../../../shaders/signature/truncated.wgsl.js";
import type { CheckedSolver } from "../definitions/solver.js";
import type { ChunkPlan } from "./plan.js";

/** Where increments come from: their buffer, the points' differences in one part or two, or the caller, in two parts. */
export type Source = "buffer" | "dot" | "extended" | "parts";

export interface SolverKernels {
  /** @param keep whether to keep what the reverse needs. */
  forward(keep: boolean): ForwardKernel;
  reverse(): ReverseKernel;
}

/** A solver's kernels. */
export function solverKernels(
  solver: CheckedSolver,
  plan: ChunkPlan,
  source: Source,
  channels: number,
  gradient: boolean,
): SolverKernels {
  const { interleave, workgroupSize, threads, strip } = plan;
  const parts = source === "parts";
  const numbers = parts ? twoFloat32 : float32;
  // In two parts a segment has no row for the one above.
  const extraRows = gradient && !parts ? 1 : 0;
  const layout = { interleave, workgroupSize };
  const sweep = { ...layout, numbers, extraRows, stateNumbers: plan.stateWords / numbers.width };
  switch (solver.kind) {
    case "difference": {
      const { dyadic } = solver;
      if (parts) {
        return {
          forward: (keep) => differenceParts({ ...layout, dyadic, keep }),
          reverse: () => differencePartsReverse({ ...layout, dyadic, keep: true }),
        };
      }
      const grid = { ...layout, threads, strip, dyadic };
      const from = {
        source: source === "buffer" ? "buffer" : "dot",
        extended: source === "extended",
        channels,
      } as const;
      return {
        forward: (keep) => differenceForward({ ...grid, ...from, keep, scaled: !gradient, extraRows }),
        reverse: () => differenceReverse(grid),
      };
    }
    case "polynomial": {
      const { order } = solver;
      return {
        forward: (keep) => polynomialForward({ ...sweep, order, keep }),
        reverse: () => polynomialReverse({ ...sweep, order, keep: true }),
      };
    }
    case "truncated": {
      const { depth } = solver;
      return {
        forward: (keep) => truncatedForward({ ...sweep, depth, keep }),
        reverse: () => truncatedReverse({ ...sweep, depth, keep: true }),
      };
    }
  }
}
