/** In which numbers a problem is computed on the GPU: float32, or two parts of it where that takes little time. */
import { longestPath, type PathBatch } from "../definitions/paths.js";
import type { CheckedSolver } from "../definitions/solver.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";
import { tensorSize } from "../host/tensor.js";

/** Cells of the grid, and pairs, up to which values of a linear kernel are carried in two parts. */
const extendedCells = 2 ** 22;
const extendedPairs = 256;

/**
 * Whether to carry values in two parts, which takes five times as long. Small problems are, and refined grids unless the
 * pairs are so many that they will be averaged: who refines wants the scheme's error near float32's.
 */
export function wantsExtended(
  kernel: CompiledStaticKernel,
  solver: CheckedSolver,
  pairs: number,
  cells: number,
): boolean {
  if (kernel.linearScale === undefined || solver.kind !== "difference") return false;
  const order = solver.dyadic[0] + solver.dyadic[1];
  return pairs * cells * 2 ** order <= extendedCells || (order > 0 && pairs <= extendedPairs);
}

/**
 * Most cells and operations on them, of all pairs and of one, up to which all is computed in two parts. A pair has one
 * thread then, so that a long one would take its time: 2^23 are about a second on a GPU. All cells' increments are made on
 * the host: 2^19 take some tenths of a second. All operations: see `partsWork`.
 */
const partsLimits = { all: 2 ** 19, pair: { cells: 2 ** 12, operations: 2 ** 23 } } as const;

/** Most operations of all pairs: seconds on a software adapter; a GPU has threads for all that the most cells give. */
const partsWork = (software: boolean): number => (software ? 2 ** 29 : 2 ** 33);

/** Operations of a cell by solver, in units of an eighth of a cell of differences. */
function operationsOf(solver: CheckedSolver): number {
  switch (solver.kind) {
    case "difference":
      return 2 ** (3 + solver.dyadic[0] + solver.dyadic[1]);
    case "polynomial":
      return 2 * (solver.order + 1) ** 2;
    case "truncated":
      return 4 * solver.depth ** 3;
  }
}

/**
 * Whether to compute in two parts throughout, with increments from float64: where a problem is so small that this takes no
 * time to speak of. Values that lie near zero then keep their digits, whatever the static kernel and solver, and so do
 * gradients in which much has cancelled.
 */
export function wantsParts(solver: CheckedSolver, pairs: number, cells: number, software: boolean): boolean {
  const each = cells * operationsOf(solver);
  const { all, pair } = partsLimits;
  const small = cells <= pair.cells && each <= pair.operations;
  return small && pairs * cells <= all && pairs * each <= partsWork(software);
}

/** Pairs up to which the host computes values of a processor's own device: threads that each do a pair are as fast with more. */
const hostPairs = 4;

/**
 * Whether values that would be carried in two parts are computed in float64 on the host, where the device is the host's own
 * processor: in strips a cell takes a third of the time that it takes in two parts. Up to as many cells as take some 15 ms, in
 * which a caller's thread does nothing else.
 */
export function wantsHost(kernel: CompiledStaticKernel, solver: CheckedSolver, pairs: number, cells: number): boolean {
  if (kernel.linearScale === undefined || solver.kind !== "difference") return false;
  const fine = cells * 2 ** (solver.dyadic[0] + solver.dyadic[1]);
  return pairs <= hostPairs && pairs * fine <= extendedCells && !wantsParts(solver, pairs, cells, true);
}

/**
 * Most segments of a path, and numbers of all signatures times the segments that each runs through, up to which signatures
 * are computed in two parts: a second or two with gradients on a software adapter. A path's words go through it alone.
 */
const signaturePartsLimits = { segments: 2 ** 12, all: 2 ** 20 } as const;

/** Whether to compute signatures, and gradients to paths, in two parts: what lies near zero then keeps its digits. */
export function wantsSignatureParts(paths: PathBatch, depth: number): boolean {
  const { segments, all } = signaturePartsLimits;
  const work = (paths.points.length / paths.channels - paths.count) * tensorSize(paths.channels, depth);
  return longestPath(paths) - 1 <= segments && work <= all;
}
