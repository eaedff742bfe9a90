/**
 * The untruncated signature kernel by a power series in every cell (see the twin's polynomial solver): forward, and
 * reverse for one segment of every pair. A thread treats one pair, row after row, cell after cell.
 *
 * A slot's row in `k` holds the series along the bottom (or top) edges of a row of cells, order + 1 numbers per column;
 * with `keep`, behind them, the series along the left edges.
 *
 * forward reads pairs, p; reads and writes k; writes results [slots] (value, 0).
 * reverse reads pairs, weights, k; reads and writes p (increments → their gradients) and g (cotangents of edges).
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { unroll, unrollDown } from "../shared/unroll.js";
import { type LayoutShape, pairLayout } from "./layout.wgsl.js";

export interface PolynomialShape extends LayoutShape {
  order: number;
  workgroupSize: number;
  /** Rows of p in a segment beyond `rows`. */
  extraRows: number;
  /** Keep every row of the segment and left edges, for the reverse. */
  keep: boolean;
  /** Words of a slot's row of k per column. */
  stateWords: number;
}

const reciprocal = (n: number): string => `${Math.fround(1 / n)}f`.replace(/^(\d+)f$/, "$1.0f");

/** Up to this order a cell's coefficients are constants of their own; beyond, code would be long, and loops are taken. */
const unrolledOrder = 10;

/** c_ml for all m, l: row 0 from the left edge, column 0 from the bottom edge. */
function coefficients(w: number, bottom: (m: number) => string, left: (l: number) => string): string {
  const lines: string[] = [];
  for (let l = 0; l < w; l++) lines.push(`let c0_${l} = ${left(l)};`);
  for (let m = 1; m < w; m++) {
    lines.push(`let c${m}_0 = ${bottom(m)};`);
    for (let l = 1; l < w; l++) lines.push(`let c${m}_${l} = c${m - 1}_${l - 1} * x * ${reciprocal(m * l)};`);
  }
  return lines.map((line) => `      ${line}`).join("\n");
}

const threadHead = (workgroupSize: number): string => `
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let slot = (group.x + group.y * 32768u) * ${workgroupSize}u + t;
  if (slot >= run.slots) { return; }
  let pair = pairs[slot];`;

export const polynomialForward = (shape: PolynomialShape): string => {
  const { order, interleave: B, keep, stateWords } = shape;
  const w = order + 1;
  const range = Array.from({ length: w }, (_, i) => i);
  const unrolledForward = `
${coefficients(
  w,
  (m) => `select(k[kin + (J * ${w}u + ${m}u) * ${B}u], 0.0f, ones)`,
  (l) => `left${l}`,
)}
${keep ? unroll(w, (l) => `      k[kout + (run.columns * ${w}u + J * ${w}u + ${l}u) * ${B}u] = left${l};`) : ""}
${unroll(w, (m) => `      k[kout + (J * ${w}u + ${m}u) * ${B}u] = ${range.map((l) => `c${m}_${l}`).join(" + ")};`)}
${unroll(w, (l) => `      left${l} = ${range.map((m) => `c${m}_${l}`).join(" + ")};`)}`;
  return wgsl`
${pairLayout(shape)}
@group(0) @binding(0) var<uniform> run: Pass;
@group(0) @binding(1) var<storage, read> pairs: array<Pair>;
@group(0) @binding(2) var<storage, read> p: array<f32>;
@group(0) @binding(3) var<storage, read_write> k: array<f32>;
@group(0) @binding(4) var<storage, read_write> results: array<vec2f>;
${threadHead(shape.workgroupSize)}
  let words = run.columns * ${stateWords}u;
  for (var q = 0u; q < run.rows && run.first_row + q < pair.rows; q++) {
    let ones = (run.flags & 1u) != 0u && q == 0u;
    let kin = grid_row(slot, select(run.row_out${keep ? " + q - 1u" : ""}, run.row_in, q == 0u), run.state_rows, words);
    let kout = grid_row(slot, run.row_out${keep ? " + q" : ""}, run.state_rows, words);
    let pb = grid_row(slot, q, run.rows + ${shape.extraRows}u, run.columns);
${unroll(w, (l) => `    var left${l} = ${l === 0 ? "1.0f" : "0.0f"};`)}
    for (var J = 0u; J < pair.columns; J++) {
      let x = p[pb + J * ${B}u];
#if ${order <= unrolledOrder}
${unrolledForward}
#else
      // Row number m of the coefficients, c_m0 … c_mn; row 0 is the left edge.
${unroll(w, (l) => `      var c${l} = left${l}; var right${l} = left${l};`)}
#if ${keep}
${unroll(w, (l) => `      k[kout + (run.columns * ${w}u + J * ${w}u + ${l}u) * ${B}u] = left${l};`)}
#endif
      k[kout + J * ${w * B}u] = ${Array.from({ length: w }, (_, l) => `c${l}`).join(" + ")};
      for (var m = 1u; m < ${w}u; m++) {
        let xm = x / f32(m);
        let bottom = select(k[kin + (J * ${w}u + m) * ${B}u], 0.0f, ones);
${unrollDown(order, (l) => `        c${l + 1} = c${l} * xm * ${reciprocal(l + 1)}; right${l + 1} += c${l + 1};`)}
        c0 = bottom;
        right0 += c0;
        k[kout + (J * ${w}u + m) * ${B}u] = ${Array.from({ length: w }, (_, l) => `c${l}`).join(" + ")};
      }
${unroll(w, (l) => `      left${l} = right${l};`)}
#endif
    }
    if (run.first_row + q + 1u == pair.rows) {
      results[slot] = vec2f(${Array.from({ length: w }, (_, l) => `left${l}`).join(" + ")}, 0.0f);
    }
  }
}
`;
};

export const polynomialReverse = (shape: PolynomialShape): string => {
  const { order, interleave: B, stateWords } = shape;
  const w = order + 1;
  const down: string[] = [];
  for (let m = w - 1; m >= 0; m--) {
    down.push(`let top${m} = select(g[gb + (J * ${w}u + ${m}u) * ${B}u], 0.0f, top_row);`);
    for (let l = w - 1; l >= 0; l--) {
      const later = m < w - 1 && l < w - 1 ? ` + d${m + 1}_${l + 1} * x * ${reciprocal((m + 1) * (l + 1))}` : "";
      down.push(`let d${m}_${l} = top${m} + bar${l}${later};`);
    }
    down.push(`g[gb + (J * ${w}u + ${m}u) * ${B}u] = ${m === 0 ? "0.0f" : `d${m}_0`};`);
  }
  const products: string[] = [];
  for (let m = 1; m < w; m++) {
    const row = Array.from({ length: order }, (_, l) => `d${m}_${l + 1} * c${m - 1}_${l} * ${reciprocal(m * (l + 1))}`);
    products.push(`(${row.join(" + ")})`);
  }
  const unrolledReverse = `
${coefficients(
  w,
  (m) => `select(k[kin + (J * ${w}u + ${m}u) * ${B}u], 0.0f, ones)`,
  (l) => `k[kout + (run.columns * ${w}u + J * ${w}u + ${l}u) * ${B}u]`,
)}
${down.map((line) => `      ${line}`).join("\n")}
      p[pb + J * ${B}u] = ${products.join(" + ")};
${unroll(w, (l) => `      bar${l} = d0_${l};`)}`;
  return wgsl`
${pairLayout(shape)}
@group(0) @binding(0) var<uniform> run: Pass;
@group(0) @binding(1) var<storage, read> pairs: array<Pair>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> k: array<f32>;
@group(0) @binding(4) var<storage, read_write> p: array<f32>;
@group(0) @binding(5) var<storage, read_write> g: array<f32>;
${threadHead(shape.workgroupSize)}
  if (run.first_row >= pair.rows) { return; }
  let words = run.columns * ${stateWords}u;
  let gb = grid_row(slot, 0u, 1u, run.columns * ${w}u);
#if ${order > unrolledOrder}
  var c: array<f32, ${w * w}>;
#endif
  for (var q = min(run.rows, pair.rows - run.first_row); q > 0u;) {
    q--;
    let top_row = run.first_row + q + 1u == pair.rows;
    let ones = (run.flags & 1u) != 0u && q == 0u;
    let kin = grid_row(slot, select(run.row_out + q - 1u, run.row_in, q == 0u), run.state_rows, words);
    let kout = grid_row(slot, run.row_out + q, run.state_rows, words);
    let pb = grid_row(slot, q, run.rows + 1u, run.columns);
    let seed = select(0.0f, weights[slot], top_row);
${unroll(w, (l) => `    var bar${l} = seed;`)}
    for (var J = pair.columns; J > 0u;) {
      J--;
      let x = p[pb + J * ${B}u];
#if ${order <= unrolledOrder}
${unrolledReverse}
#else
      for (var m = 0u; m < ${w}u; m++) {
        c[m] = k[kout + (run.columns * ${w}u + J * ${w}u + m) * ${B}u];
        if (m > 0u) { c[m * ${w}u] = select(k[kin + (J * ${w}u + m) * ${B}u], 0.0f, ones); }
      }
      for (var m = 1u; m < ${w}u; m++) {
        let xm = x / f32(m);
${unroll(order, (l) => `        c[m * ${w}u + ${l + 1}u] = c[(m - 1u) * ${w}u + ${l}u] * xm * ${reciprocal(l + 1)};`)}
      }
      // Rows of the coefficients' cotangents from the last: d_ml = top_m + right_l + d_{m+1,l+1} x/((m+1)(l+1)).
${unroll(w + 1, (l) => `      var d${l} = 0.0f;`)}
      var sum = 0.0f;
      for (var m = ${w}u; m > 0u;) {
        m--;
        let at = gb + (J * ${w}u + m) * ${B}u;
        let bar_top = select(g[at], 0.0f, top_row);
        let xm = x / f32(m + 1u);
${unroll(w, (l) => `        d${l} = bar_top + bar${l} + d${l + 1} * xm * ${reciprocal(l + 1)};`)}
        if (m > 0u) {
          var row = 0.0f;
${unroll(order, (l) => `          row += d${l + 1} * c[(m - 1u) * ${w}u + ${l}u] * ${reciprocal(l + 1)};`)}
          sum += row / f32(m);
          g[at] = d0;
        } else {
          g[at] = 0.0f;
        }
      }
      p[pb + J * ${B}u] = sum;
${unroll(w, (l) => `      bar${l} = d${l};`)}
#endif
    }
  }
}
`;
};
