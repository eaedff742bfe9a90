/**
 * The untruncated signature kernel by finite differences, with the difference carried along a row: forward.
 *
 *        columns j →                    A strip is a few rows of cells. A thread sweeps a strip from left to right with
 *      ┌───┬───┬───┬───┐  row i+R       the strip's right edge in registers; it reads the row below it and writes the
 *    ↑ │ → │ → │ → │ → │                row above. With one thread per pair, strips follow one another. With T threads
 *    i ├───┼───┼───┼───┤                per pair, thread t takes strip t of a band of T strips and stays a block of
 *      │ → │ → │ → │ → │                columns behind thread t − 1: a wavefront over anti-diagonals, one barrier a step.
 *      └───┴───┴───┴───┘  row i
 *
 * Reads: pairs, and increments p or (`source: "dot"`) differences of the points. Reads and writes: rows of the kernel's
 * grid; results [slots] as value and binary exponent.
 *
 * With `scaled`, a row that has grown beyond 2^48 is scaled down, and the power of two kept in the exponent.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { unroll } from "../shared/unroll.js";
import { type LayoutShape, pairLayout } from "./layout.wgsl.js";

export interface DifferenceShape extends LayoutShape {
  /** Threads per pair: 1, or the size of a workgroup. */
  threads: number;
  /** Fine rows in a strip, a power of two. */
  strip: number;
  dyadic: readonly [number, number];
  workgroupSize: number;
}

export interface DifferenceForwardShape extends DifferenceShape {
  source: "dot" | "buffer";
  /** Channels, for source "dot". */
  channels: number;
  /** Keep all rows of the segment (from row_out on), for the reverse sweep. */
  keep: boolean;
  scaled: boolean;
  /** Rows of p in a segment beyond `rows`: 1 where gradients are computed. */
  extraRows: number;
}

/** Coarse columns that a thread of a wavefront does between two barriers. */
export const columnBlock = 8;

/** Coarse columns after which the carried difference takes up what was gathered beside it. */
const flushColumns = 32;

export const differenceForward = (shape: DifferenceForwardShape): string => {
  const { threads, strip: R, interleave: B, source, channels, keep, scaled } = shape;
  const [l1, l2] = shape.dyadic;
  const coarse = Math.max(1, R >> l1);
  const wave = threads > 1;
  const hoist = source === "dot" && channels <= 8;
  const c = (r: number): number => Math.min(r >> l1, coarse - 1);
  const loadPoints = hoist
    ? unroll(coarse, (r) =>
        unroll(
          channels,
          (d) =>
            `let x${r}_${d} = select(0.0f, x[(pair.x + i0 + ${r}u) * ${channels}u + ${d}u], i0 + ${r}u < pair.rows);`,
        ),
      )
    : "";
  const increments =
    source === "buffer"
      ? unroll(coarse, (r) => `let p${r} = run.fine_scale * p[pb + (J + ${r}u * run.columns) * ${B}u];`)
      : hoist
        ? `${unroll(channels, (d) => `let y${d} = y[(pair.y + J) * ${channels}u + ${d}u] * scale;`)}
${unroll(coarse, (r) => `let p${r} = ${Array.from({ length: channels }, (_, d) => `x${r}_${d} * y${d}`).join(" + ")};`)}`
        : `${unroll(coarse, (r) => `var p${r} = 0.0f;`)}
      for (var d = 0u; d < ${channels}u; d++) {
        let yd = y[(pair.y + J) * ${channels}u + d] * scale;
${unroll(coarse, (r) => `        p${r} += yd * select(0.0f, x[(pair.x + i0 + ${r}u) * ${channels}u + d], i0 + ${r}u < pair.rows);`)}
      }`;
  // One coarse column: `J`, with the row below at `kin` and the row above at `kout`.
  const column = `
${increments}
${unroll(coarse, (r) => `let b${r} = p${r} * p${r} * 0.083333333333f; let a${r} = 0.5f * p${r} + b${r};`)}
${l2 > 0 ? `      for (var s = 0u; s < ${1 << l2}u; s++) {` : "      {"}
        let j = ${l2 > 0 ? `(J << ${l2}u) + s` : "J"};
        let below = select(k[kin + j * ${B}u]${scaled ? " * factor" : ""}, edge, ones);
${unroll(R, (r) => {
  // Constants only: a variable is stored under a mask of active lanes on a software adapter, which is dear.
  const lower = r === 0 ? "below" : `n${r - 1}`;
  const corner = r === 0 ? "corner" : `h${r - 1}_`;
  return `        let h${r}_ = h${r};
        let d${r}_ = d${r} + ((h${r}_ + ${lower}) * a${c(r)} + ${corner} * b${c(r)});
        let v${r}_ = v${r} + d${r}_;
        let sum${r} = ${r === 0 ? "v0_" : `sum${r - 1} + v${r}_`};
        let n${r} = below + sum${r};
        d${r} = d${r}_;
        h${r} = n${r};${keep ? `\n        k[kout + (j + ${r}u * fine_columns) * ${B}u] = n${r};` : ""}`;
})}
        corner = below;
${keep ? "" : `        k[kout + j * ${B}u] = n${R - 1};`}
${scaled ? `        largest = max(largest, abs(n${R - 1}));` : ""}
      }`;
  // The carried difference of a row is v + d: d gathers a block of columns, then goes into v. Small terms are thus added
  // to a small number, and the rounding of a row's sum grows with the number of blocks, not of columns.
  const flush = unroll(R, (r) => `        v${r} += d${r}; d${r} = 0.0f;`);
  const begin = `
    // The grid's left edge is 1, in units of the scale that the pair has by now.
    corner = edge;
    ones = (run.flags & 1u) != 0u && q == 0u;
${unroll(R, (r) => `    v${r} = 0.0f; d${r} = 0.0f; h${r} = edge;`)}
    kin = grid_row(slot, select(${keep ? "run.row_out + q * " + R + "u - 1u" : "run.row_out"}, run.row_in, q == 0u), run.state_rows, fine_columns);
    kout = grid_row(slot, run.row_out${keep ? ` + q * ${R}u` : ""}, run.state_rows, fine_columns);
    pb = grid_row(slot, (q * ${R}u) >> ${l1}u, run.rows + ${shape.extraRows}u, run.columns);`;
  return wgsl`
${pairLayout(shape)}
@group(0) @binding(0) var<uniform> run: Pass;
@group(0) @binding(1) var<storage, read> pairs: array<Pair>;
#if ${source === "dot"}
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> k: array<f32>;
@group(0) @binding(5) var<storage, read_write> results: array<vec2f>;
#else
@group(0) @binding(2) var<storage, read> p: array<f32>;
@group(0) @binding(3) var<storage, read_write> k: array<f32>;
@group(0) @binding(4) var<storage, read_write> results: array<vec2f>;
#endif
#if ${wave}
var<workgroup> growth: array<f32, ${threads}>;
#endif

@compute @workgroup_size(${wave ? threads : shape.workgroupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
#if ${wave}
  let slot = group.x + group.y * 32768u;
#else
  let slot = (group.x + group.y * 32768u) * ${shape.workgroupSize}u + t;
#endif
  if (slot >= run.slots) { return; }
  let pair = pairs[slot];
  let fine_columns = run.columns << ${l2}u;
  let fine_rows = pair.rows << ${l1}u;
  let first = run.first_row << ${l1}u;
  let segment = run.rows << ${l1}u;
  let scale = run.parameters.x * run.fine_scale;
  var exponent = 0.0f;
  var edge = 1.0f;
  var factor = 1.0f;
  var largest = 0.0f;
#if ${scaled}
  if ((run.flags & 1u) == 0u) {
    factor = results[slot].x;
    exponent = results[slot].y;
    edge = exp2(-exponent);
  }
#endif
  var ones = false;
  var corner = 1.0f;
  var kin = 0u;
  var kout = 0u;
  var pb = 0u;
${unroll(R, (r) => `  var v${r} = 0.0f; var d${r} = 0.0f; var h${r} = 1.0f;`)}
#if ${wave}
  let bands = (segment + ${R * threads - 1}u) / ${R * threads}u;
  let blocks = (pair.columns + ${columnBlock - 1}u) / ${columnBlock}u;
  for (var band = 0u; band < bands; band++) {
    if (first + band * ${R * threads}u >= fine_rows) { break; }
    let q = band * ${threads}u + t;
    let top = first + q * ${R}u;
    let i0 = top >> ${l1}u;
    let busy = q * ${R}u < segment && top < fine_rows;
${loadPoints}
${begin}
    if (t != 0u) { factor = 1.0f; }
    largest = 0.0f;
    for (var step = 0u; step < blocks + ${threads - 1}u; step++) {
      if (busy && step >= t && step - t < blocks) {
        let end = min((step - t + 1u) * ${columnBlock}u, pair.columns);
        for (var J = (step - t) * ${columnBlock}u; J < end; J++) {
${column}
        }
${flush}
      }
      storageBarrier();
    }
    if (busy && top + ${R}u >= fine_rows) { results[slot] = vec2f(h${R - 1}, exponent); }
#if ${scaled}
    growth[t] = largest;
    workgroupBarrier();
    largest = 0.0f;
    for (var other = 0u; other < ${threads}u; other++) { largest = max(largest, growth[other]); }
    workgroupBarrier();
    factor = 1.0f;
    if (largest > 2.81e14f) { factor = 3.5527137e-15f; exponent += 48.0f; edge *= 3.5527137e-15f; }
#endif
  }
#if ${scaled}
  if (t == 0u && first + segment < fine_rows) { results[slot] = vec2f(factor, exponent); }
#endif
#else
  for (var q = 0u; q * ${R}u < segment; q++) {
    let top = first + q * ${R}u;
    if (top >= fine_rows) { break; }
    let i0 = top >> ${l1}u;
${loadPoints}
${begin}
    largest = 0.0f;
    for (var block = 0u; block < pair.columns; block += ${flushColumns}u) {
      let end = min(block + ${flushColumns}u, pair.columns);
      for (var J = block; J < end; J++) {
${column}
      }
${flush}
    }
    if (top + ${R}u >= fine_rows) { results[slot] = vec2f(h${R - 1}, exponent); }
#if ${scaled}
    factor = 1.0f;
    if (largest > 2.81e14f) { factor = 3.5527137e-15f; exponent += 48.0f; edge *= 3.5527137e-15f; }
#endif
  }
#if ${scaled}
  if (first + segment < fine_rows) { results[slot] = vec2f(factor, exponent); }
#endif
#endif
}
`;
};
