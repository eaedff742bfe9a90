/** What kernels of the truncated recursion keep of a column and of a cell, and where. */
import type { SweepShape } from "./sweep.wgsl.js";

export interface TruncatedShape extends SweepShape {
  depth: number;
}

/** Numbers per column of C, of W and Q before a cell, and of what the reverse hands down; of the first and last at least 1. */
export const wordsOf = (depth: number): { column: number; cell: number; reverse: number } => {
  const column = (depth * (depth - 1)) / 2;
  const cell = column + depth - 1;
  return { column: Math.max(1, column), cell, reverse: Math.max(1, cell) };
};

/** Pieces of a kernel: before its rows, before the cells of a row, of a cell (with its increment as x), after them. */
export interface Pieces {
  /** Of the module. */
  constants?: string;
  before?: string;
  row: string;
  cell: string;
  afterRow?: string;
}
