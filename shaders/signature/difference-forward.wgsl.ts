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
 * Rows between strips are kept in two parts, value and low part (`low_rows` rows further on): what is rounded away when
 * a strip's sum is added to the row below. Where all rows are kept for the reverse sweep, the low part of the latest
 * strip's is the slot's last row.
 *
 * With `extended`, increments, sums and products are taken in two parts as well, so that what remains of rounding is
 * that of the points' differences, which are given as float32 and a remainder; a kernel whose value is small beside
 * those of its grid then keeps its digits too. It takes some three times the operations.
 *
 * With `scaled`, values live in units of 2^e with one exponent e per row and block of columns (a third row, 2 `low_rows`
 * further on), so that kernels of long rough paths do not overflow: a thread whose numbers have grown beyond 2^20 raises
 * its exponent at the end of a block.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { unroll } from "../shared/unroll.js";
import { type LayoutShape, pairLayout, pairPass, pairs } from "./layout.wgsl.js";
import { type ForwardKernel, forwardLabel } from "./sweep.wgsl.js";
import { keeping } from "./two-parts.wgsl.js";

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
  /** Carry what float32 rounds away beside every number (source "dot", nothing kept): see `extendedColumn`. */
  extended: boolean;
  /** Rows of p in a segment beyond `rows`: 1 where gradients are computed. */
  extraRows: number;
}

/**
 * Coarse columns that a thread does before it tidies up (and, in a wavefront, before a barrier): the carried difference
 * takes up what was gathered beside it, and exponents are looked after.
 */
export const columnBlock = 16;

/** p (and its remainder q) of `coarse` rows at coarse column J, from differences in two parts [vertex][high, low]. */
const extendedIncrements = (channels: number, coarse: number): string => `
      let sh = head(run.parameters.x);
      let sr = (run.parameters.x - sh) + run.parameters.y;
${unroll(coarse, (r) => `      var p${r} = 0.0f; var q${r} = 0.0f;`)}
      for (var d = 0u; d < ${channels}u; d++) {
        let yv = (pair.y + J) * ${2 * channels}u + d;
        let y0 = y[yv];
        let yh = head(y0);
        let yr = (y0 - yh) + y[yv + ${channels}u];
${unroll(
  coarse,
  (r) => `        {
          let xv = (pair.x + min(i0 + ${r}u, pair.rows)) * ${2 * channels}u + d;
          let x0 = x[xv];
          let xh = head(x0);
          let xr = (x0 - xh) + x[xv + ${channels}u];
          let product = xh * yh;
          let sum = kept(p${r} + product);
          let part = kept(sum - p${r});
          q${r} += ((p${r} - (sum - part)) + (product - part)) + (xh * yr + xr * y0);
          p${r} = sum;
        }`,
)}
      }
${unroll(
  coarse,
  (r) => `      {
        let ph = head(p${r});
        let product = ph * sh;
        let rest = ph * sr + ((p${r} - ph) + q${r}) * run.parameters.x;
        let inside = select(0.0f, run.fine_scale, i0 + ${r}u < pair.rows);
        let whole = kept(product + rest);
        p${r} = inside * whole;
        q${r} = inside * (rest - (whole - product));
      }`,
)}`;

/**
 * One cell in two parts: s = left + lower exactly (Knuth's sum), its product with a as heads exactly and the rest, both
 * added to the row's difference v + d, and v + d to the number below, n + l, with l below n's last digit.
 */
const extendedCell = (r: number, lower: string, lowerLow: string, corner: string, c: number): string => `
        let h${r}_ = h${r};
        let s${r} = kept(h${r}_ + ${lower});
        let sb${r} = kept(s${r} - h${r}_);
        let se${r} = ((h${r}_ - (s${r} - sb${r})) + (${lower} - sb${r})) + (g${r} + ${lowerLow});
        let sh${r} = head(s${r});
        let product${r} = sh${r} * ah${c};
        let rest${r} = (sh${r} * ar${c} + ((s${r} - sh${r}) + se${r}) * a${c}) + ${corner} * b${c};
        let t${r} = kept(v${r} + product${r});
        let tb${r} = kept(t${r} - v${r});
        let e${r} = d${r} + (((v${r} - (t${r} - tb${r})) + (product${r} - tb${r})) + rest${r});
        let m${r} = kept(${lower} + t${r});
        let nb${r} = kept(m${r} - ${lower});
        let ml${r} = ((${lower} - (m${r} - nb${r})) + (t${r} - nb${r})) + (${lowerLow} + e${r});
        let n${r} = kept(m${r} + ml${r});
        let l${r} = ml${r} - (n${r} - m${r});
        v${r} = t${r};
        d${r} = e${r};
        h${r} = n${r};
        g${r} = l${r};`;

export const differenceForward = (shape: DifferenceForwardShape): ForwardKernel => {
  const { threads, strip: R, interleave: B, source, channels, keep, scaled, extended } = shape;
  const [l1, l2] = shape.dyadic;
  const coarse = Math.max(1, R >> l1);
  const wave = threads > 1;
  const hoist = source === "dot" && channels <= 8 && !extended;
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
  const increments = extended
    ? extendedIncrements(channels, coarse)
    : source === "buffer"
      ? unroll(coarse, (r) => `let p${r} = run.fine_scale * p[pb + (J + ${r}u * run.columns) * ${B}u];`)
      : hoist
        ? `${unroll(channels, (d) => `let y${d} = y[(pair.y + J) * ${channels}u + ${d}u] * scale;`)}
${unroll(coarse, (r) => `let p${r} = ${Array.from({ length: channels }, (_, d) => `x${r}_${d} * y${d}`).join(" + ")};`)}`
        : `${unroll(coarse, (r) => `var p${r} = 0.0f;`)}
      for (var d = 0u; d < ${channels}u; d++) {
        let yd = y[(pair.y + J) * ${channels}u + d] * scale;
${unroll(coarse, (r) => `        p${r} += yd * select(0.0f, x[(pair.x + i0 + ${r}u) * ${channels}u + d], i0 + ${r}u < pair.rows);`)}
      }`;
  // In two parts, a's rest makes up for 1/12 being rounded: 1.5 p² (fl(1/12) − 1/12), since s a + corner b is 1.5 s b
  // as far as that matters.
  // One coarse column: `J`, with the row below at `kin` and the row above at `kout`.
  const lowPart = extended ? `l${R - 1}` : `sum${R - 1} - (n${R - 1} - below)`;
  const column = `
${increments}
${unroll(coarse, (r) => `let b${r} = p${r} * p${r} * 0.083333333333f; let a${r} = 0.5f * p${r} + b${r};`)}
${extended ? unroll(coarse, (r) => `let ah${r} = head(a${r}); let ar${r} = ((0.5f * p${r} - ah${r}) + b${r}) + (0.5f * q${r} - p${r} * p${r} * 3.7252903e-9f);`) : ""}
${l2 > 0 ? `      for (var s = 0u; s < ${1 << l2}u; s++) {` : "      {"}
        let j = ${l2 > 0 ? `(J << ${l2}u) + s` : "J"};
        let below = select(k[kin + j * ${B}u]${scaled ? " * factor" : ""}, ${scaled ? "factor" : "1.0f"}, ones);
        let low = select(${keep ? `k[select(low_row, kin + low_part, q == 0u) + j * ${B}u]` : `k[kin + low_part + j * ${B}u]${scaled ? " * factor" : ""}`}, 0.0f, ones);
${extended ? "        let below_low = low;" : ""}
${unroll(R, (r) => {
  // Constants only: a variable is stored under a mask of active lanes on a software adapter, which is dear.
  const lower = r === 0 ? "below" : `n${r - 1}`;
  const corner = r === 0 ? "corner" : `h${r - 1}_`;
  if (extended) return extendedCell(r, lower, r === 0 ? "below_low" : `l${r - 1}`, corner, c(r));
  return `        let h${r}_ = h${r};
        let d${r}_ = d${r} + ((h${r}_ + ${lower}) * a${c(r)} + ${corner} * b${c(r)});
        let v${r}_ = v${r} + d${r}_;
        let sum${r} = ${r === 0 ? "v0_ + low" : `sum${r - 1} + v${r}_`};
        let n${r} = below + sum${r};
        d${r} = d${r}_;
        h${r} = n${r};${keep ? `\n        k[kout + (j + ${r}u * fine_columns) * ${B}u] = n${r};` : ""}`;
})}
        corner = below;
        ${keep ? "" : `k[kout + j * ${B}u] = n${R - 1};`}
        k[${keep ? "low_row" : "kout + low_part"} + j * ${B}u] = ${lowPart};
      }`;
  // The carried difference of a row is v + d: d gathers a block of columns, then goes into v. Small terms are thus added
  // to a small number, and what the sum of the two rounds away stays in d. (A compiler that takes sums apart as if they
  // were exact would make that residue, and the low parts of rows, zero: then the rounding is merely what it was.)
  const flush = unroll(R, (r) => `        { let t = v${r} + d${r}; d${r} = d${r} - (t - v${r}); v${r} = t; }`);
  const rescale = (by: string): string =>
    `corner *= ${by}; ${Array.from({ length: R }, (_, r) => `v${r} *= ${by}; d${r} *= ${by}; h${r} *= ${by};${extended ? ` g${r} *= ${by};` : ""}`).join(" ")}`;
  const meetExponent = scaled
    ? `
        let below_exponent = select(i32(k[kin + 2u * low_part + block * ${B}u]), 0, ones);
        if (below_exponent > exponent) {
          let by = power_of_two(exponent - below_exponent);
          exponent = below_exponent;
          ${rescale("by")}
        }
        let factor = power_of_two(below_exponent - exponent);`
    : "";
  const raiseExponent = scaled
    ? `
        k[kout + 2u * low_part + block * ${B}u] = f32(exponent);
        let largest = ${Array.from({ length: R }, (_, r) => `abs(h${r})`).reduce((a, h) => `max(${a}, ${h})`)};
        if (largest > 1048576.0f) {
          let grown = min(i32((bitcast<u32>(largest) >> 23u) & 255u) - 127, 126);
          let by = power_of_two(-grown);
          exponent += grown;
          ${rescale("by")}
        }`
    : "";
  const begin = `
    corner = 1.0f;
${scaled ? "    exponent = 0;" : ""}
    ones = (run.flags & 1u) != 0u && q == 0u;
${unroll(R, (r) => `    v${r} = 0.0f; d${r} = 0.0f; h${r} = 1.0f;${extended ? ` g${r} = 0.0f;` : ""}`)}
    kin = grid_row(slot, select(${keep ? "run.row_out + q * " + R + "u - 1u" : "run.row_out"}, run.row_in, q == 0u), run.state_rows, fine_columns);
    kout = grid_row(slot, run.row_out${keep ? ` + q * ${R}u` : ""}, run.state_rows, fine_columns);
    pb = grid_row(slot, (q * ${R}u) >> ${l1}u, run.rows + ${shape.extraRows}u, run.columns);`;
  const given = read("array<f32>");
  return declareKernel({
    label: forwardLabel(keep),
    workgroupSize: wave ? threads : shape.workgroupSize,
    uniform: pairPass,
    bindings: {
      pairs,
      ...(source === "dot" ? { x: given, y: given } : { p: given }),
      k: readWrite("array<f32>"),
      results: readWrite("array<vec2f>"),
    },
    body: wgsl`
${pairLayout(shape)}
#if ${extended}
${keeping}
#endif
fn power_of_two(n: i32) -> f32 {
  return select(bitcast<f32>(u32(n + 127) << 23u), 0.0f, n < -126);
}

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
  var exponent = 0;
  var ones = false;
  var corner = 1.0f;
  var kin = 0u;
  var kout = 0u;
  var pb = 0u;
  let low_part = run.low_rows * fine_columns * ${B}u;
${keep ? "  let low_row = grid_row(slot, run.state_rows - 1u, run.state_rows, fine_columns);" : ""}
${unroll(R, (r) => `  var v${r} = 0.0f; var d${r} = 0.0f; var h${r} = 1.0f;${extended ? ` var g${r} = 0.0f;` : ""}`)}
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
    for (var step = 0u; step < blocks + ${threads - 1}u; step++) {
      if (busy && step >= t && step - t < blocks) {
        let block = step - t;
        let end = min((block + 1u) * ${columnBlock}u, pair.columns);
${meetExponent}
        for (var J = block * ${columnBlock}u; J < end; J++) {
${column}
        }
${flush}
${raiseExponent}
      }
      storageBarrier();
    }
    if (busy && top + ${R}u >= fine_rows${keep ? " && (run.flags & 4u) != 0u" : ""}) {
      results[slot] = vec2f(h${R - 1}${extended ? ` + g${R - 1}` : ""}, f32(exponent));
    }
  }
#else
  for (var q = 0u; q * ${R}u < segment; q++) {
    let top = first + q * ${R}u;
    if (top >= fine_rows) { break; }
    let i0 = top >> ${l1}u;
${loadPoints}
${begin}
    for (var block = 0u; block * ${columnBlock}u < pair.columns; block++) {
      let end = min((block + 1u) * ${columnBlock}u, pair.columns);
${meetExponent}
      for (var J = block * ${columnBlock}u; J < end; J++) {
${column}
      }
${flush}
${raiseExponent}
    }
    if (top + ${R}u >= fine_rows${keep ? " && (run.flags & 4u) != 0u" : ""}) {
      results[slot] = vec2f(h${R - 1}${extended ? ` + g${R - 1}` : ""}, f32(exponent));
    }
  }
#endif
}
`,
  });
};
