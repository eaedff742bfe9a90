/**
 * What all kernels over pairs of paths share: the pass, the pairs, and where a slot's numbers lie.
 *
 * A pass treats the pairs [0, slots) of a chunk, one segment of `rows` coarse rows at a time. Grids lie interleaved:
 * `interleave` neighbouring slots share a line of memory, so that neighbouring invocations read neighbouring words.
 */
import { read } from "../shared/declare.js";

export interface LayoutShape {
  /** Slots whose numbers lie side by side. */
  interleave: number;
}

/** The uniform of kernels over pairs. */
export const pairPass = {
  slots: "u32",
  /** First coarse row of the segment. */
  firstRow: "u32",
  /** Coarse rows of a segment. */
  rows: "u32",
  /** Coarse columns of the longest pair. */
  columns: "u32",
  /** Rows of a slot in the kernel's grid. */
  stateRows: "u32",
  /** Row from which the segment's first strip reads. */
  rowIn: "u32",
  /** Row to which strips write, or first of the rows that are kept. */
  rowOut: "u32",
  /** Bit 0: first segment; bit 1: last segment; bit 2: the kept sweep gives the value. */
  flags: "u32",
  /** Of the static kernel. */
  parameters: "vec4f",
  /** Of increments in the refined grid. */
  fineScale: "f32",
  /** Distance from a row of values to the row of their low parts. */
  lowRows: "u32",
  /** 1, unknown to compilers. */
  one: "f32",
  /** Of the segment's rows, the first that the pass treats, and where it ends (see sweep). */
  beginRow: "u32",
  endRow: "u32",
} as const;

export type PairPass = typeof pairPass;

/** The binding of the pairs. */
export const pairs = read("array<Pair>");

export const pairLayout = ({ interleave }: LayoutShape): string => /* wgsl */ `
// Start of x's points, rows of the pair, start of y's points, columns of the pair.
struct Pair { x: u32, rows: u32, y: u32, columns: u32 }

fn grid_row(slot: u32, row: u32, rows: u32, columns: u32) -> u32 {
  return ((slot / ${interleave}u) * rows + row) * columns * ${interleave}u + slot % ${interleave}u;
}
`;
