/**
 * What all kernels over pairs of paths share: the pass, the pairs, and where a slot's numbers lie.
 *
 * A pass treats the pairs [0, slots) of a chunk, one segment of `rows` coarse rows at a time. Grids lie interleaved:
 * `interleave` neighbouring slots share a line of memory, so that neighbouring invocations read neighbouring words.
 */
export interface LayoutShape {
  /** Slots whose numbers lie side by side. */
  interleave: number;
}

export const passWords = 20;

export const pairLayout = ({ interleave }: LayoutShape): string => /* wgsl */ `
struct Pass {
  slots: u32,
  first_row: u32,        // first coarse row of the segment
  rows: u32,             // coarse rows of a segment
  columns: u32,          // coarse columns of the longest pair
  state_rows: u32,       // rows of a slot in the kernel's grid
  row_in: u32,           // row from which the segment's first strip reads
  row_out: u32,          // row to which strips write, or first of the rows that are kept
  flags: u32,            // bit 0: first segment; bit 1: last segment; bit 2: the kept sweep gives the value
  parameters: vec4f,     // of the static kernel
  fine_scale: f32,       // of increments in the refined grid
  low_rows: u32,         // distance from a row of values to the row of their low parts
  one: f32,              // 1, unknown to compilers
  begin_row: u32,        // of the segment's rows, the first that the pass treats, and where it ends (see sweep)
  end_row: u32,
}

// Start of x's points, rows of the pair, start of y's points, columns of the pair.
struct Pair { x: u32, rows: u32, y: u32, columns: u32 }

fn grid_row(slot: u32, row: u32, rows: u32, columns: u32) -> u32 {
  return ((slot / ${interleave}u) * rows + row) * columns * ${interleave}u + slot % ${interleave}u;
}
`;
