/**
 * What kernels have in common in which a thread treats one pair, row of cells after row of cells, in either kind of
 * numbers: their declarations, the pass's rows, and where a row of cells finds its edges.
 *
 * A slot's rows in `k` hold the kernel's state along the bottom (then top) edges of a row of cells; with `keep` there is a
 * row for every row of cells of the segment, and what lies behind the edges is the solver's.
 */
import { type Binding, type Declared, declareKernel, read, readWrite } from "../shared/declare.js";
import { type LayoutShape, type PairPass, pairLayout, pairPass, pairs } from "./layout.wgsl.js";
import type { Numbers } from "./numbers.wgsl.js";

export interface SweepShape extends LayoutShape {
  numbers: Numbers;
  workgroupSize: number;
  /** Rows of p in a segment beyond `rows`: 1 where it keeps one for the segment above. */
  extraRows: number;
  /** Keep every row of the segment, for the reverse. */
  keep: boolean;
  /** Numbers of a slot's row of k per column. */
  stateNumbers: number;
}

/** A forward kernel: increments are read from p, or made of points x and y. */
export type ForwardKernel = Declared<
  PairPass,
  { pairs: Binding; x?: Binding; y?: Binding; p?: Binding; k: Binding; results: Binding }
>;

/** A reverse kernel: in float32 with weights, in two parts with increments that are not where their gradients go. */
export type ReverseKernel = Declared<
  PairPass,
  { pairs: Binding; weights?: Binding; k: Binding; increments?: Binding; p: Binding; g: Binding }
>;

export const forwardLabel = (keep: boolean): string => `signature kernel forward${keep ? ", kept" : ""}`;

/** One thread for each pair, and the rows of the pass that the pair has. */
const pairThread = (workgroupSize: number): string => /* wgsl */ `
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let slot = (group.x + group.y * 32768u) * ${workgroupSize}u + t;
  if (slot >= run.slots) { return; }
  let pair = pairs[slot];
  let begin_row = run.begin_row;
  let end_row = min(run.end_row, pair.rows - min(pair.rows, run.first_row));
  if (begin_row >= end_row) { return; }`;

type KernelShape = Pick<SweepShape, "numbers" | "workgroupSize" | "interleave">;

/**
 * A forward kernel of a body that treats one pair. It reads pairs and increments p; reads and writes k and results: value
 * and binary exponent, in two parts high, low, exponent, 0.
 */
export const sweepForward = (shape: KernelShape & Pick<SweepShape, "keep">, body: string): ForwardKernel => {
  const { functions, type, width } = shape.numbers;
  return declareKernel({
    label: forwardLabel(shape.keep),
    workgroupSize: shape.workgroupSize,
    uniform: pairPass,
    bindings: {
      pairs,
      p: read(`array<${type}>`),
      k: readWrite(`array<${type}>`),
      results: readWrite(`array<${width === 1 ? "vec2f" : "vec4f"}>`),
    },
    body: `${functions}${pairLayout(shape)}${pairThread(shape.workgroupSize)}
  // Whether the pass begins with the pair's first row.
  let first = (run.flags & 1u) != 0u && begin_row == 0u;
${body}
}
`,
  });
};

/** The value among a slot's results. */
export const resultValue = ({ width }: Numbers): string => (width === 1 ? "results[slot].x" : "results[slot].xy");

/** The statement that writes a slot's value, in units of 2^exponent. */
export const setResult = ({ width }: Numbers, value: string, exponent = "0.0f"): string =>
  `results[slot] = ${width === 1 ? `vec2f(${value}, ${exponent})` : `vec4f(${value}, ${exponent}, 0.0f)`};`;

/**
 * A reverse kernel of a body that treats one pair. It reads pairs and k, and in float32 `weight`, the cotangent of the
 * pair's value (in two parts 1, unknown to compilers). Increments are read where `increment` says, gradients to them go to
 * p: in float32 to the same place. It reads and writes g.
 */
export const sweepReverse = (shape: KernelShape, body: string, constants = ""): ReverseKernel => {
  const { functions, type, width } = shape.numbers;
  const table = `array<${type}>`;
  return declareKernel({
    label: "signature kernel reverse",
    workgroupSize: shape.workgroupSize,
    uniform: pairPass,
    bindings: {
      pairs,
      ...(width === 1 && { weights: read("array<f32>") }),
      k: read(table),
      ...(width === 2 && { increments: read(table) }),
      p: readWrite(table),
      g: readWrite(table),
    },
    body: `${constants}${functions}${pairLayout(shape)}${pairThread(shape.workgroupSize)}
  let weight = ${width === 1 ? "weights[slot]" : "vec2f(run.one, 0.0f)"};
${body}
}
`,
  });
};

/** Where a reverse kernel reads the increment at `at`. */
export const increment = ({ width }: Numbers, at: string): string => `${width === 1 ? "p" : "increments"}[${at}]`;

/** In a forward kernel's loop over rows q: whether it is the pair's first, and where its edges and increments lie. */
export const forwardRow = ({ keep, extraRows }: SweepShape): string => /* wgsl */ `
    let axis = first && q == 0u;
    let kin = grid_row(slot, select(run.row_out${keep ? " + q - 1u" : ""}, run.row_in, q == 0u), run.state_rows, words);
    let kout = grid_row(slot, run.row_out${keep ? " + q" : ""}, run.state_rows, words);
    let pb = grid_row(slot, q, run.rows + ${extraRows}u, run.columns);`;

/** The same in a reverse kernel's loop, and whether the row is the pair's last. */
export const reverseRow = ({ extraRows }: SweepShape): string => /* wgsl */ `
    let axis = (run.flags & 1u) != 0u && q == 0u;
    let top = run.first_row + q + 1u == pair.rows;
    let kin = grid_row(slot, select(run.row_out + q - 1u, run.row_in, q == 0u), run.state_rows, words);
    let kout = grid_row(slot, run.row_out + q, run.state_rows, words);
    let pb = grid_row(slot, q, run.rows + ${extraRows}u, run.columns);`;
