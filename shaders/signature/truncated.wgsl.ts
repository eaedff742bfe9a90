/**
 * The truncated signature kernel at full order (see the twin's truncated kernel for the recursion): forward, and reverse
 * for one segment of every pair. A thread treats one pair, row after row, cell after cell; all levels go together.
 *
 * With C^m_r(i, j) = Σ_{i'<i} Σ_a R^m_ar(i', j), W^m_r(i, j) = Σ_{j'<j} Σ_b R^m_rb(i, j') and
 * Q^m(i, j) = Σ_{i'<i, j'<j} Σ R^m, level m + 1 at a cell is
 *   R_11 = p Q^m,  R_1,s+1 = p C^m_s/(s+1),  R_r+1,1 = p W^m_r/(r+1),  R_r+1,s+1 = p R^m_rs/((r+1)(s+1)).
 * C lies in `k` (a slot's row, m numbers per level and column), W and Q in registers; with `keep`, all of them before
 * every cell. The reverse sums what the same quantities receive from later cells: column sums in `g`, row sums in
 * registers, cells from the last to the first.
 *
 * forward reads pairs, p; reads and writes k and results [slots] (value, 0).
 * reverse reads pairs, weights, k; reads and writes p (increments → their gradients), g.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { type LayoutShape, pairLayout } from "./layout.wgsl.js";

export interface TruncatedShape extends LayoutShape {
  depth: number;
  workgroupSize: number;
  extraRows: number;
  keep: boolean;
  /** Words of a slot's row of k per column. */
  stateWords: number;
}

/** Words per column of C, and of W and Q before a cell. */
export const truncatedColumnWords = (depth: number): number => (depth * (depth - 1)) / 2;
export const truncatedRowWords = (depth: number): number => truncatedColumnWords(depth) + depth - 1;

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
const literal = (v: number): string => {
  const text = String(Math.fround(v));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
};

/** Place of C^m_r among a column's words. */
const columnWord = (m: number, r: number): number => (m * (m - 1)) / 2 + r - 1;

const threadHead = (workgroupSize: number): string => `
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let slot = (group.x + group.y * 32768u) * ${workgroupSize}u + t;
  if (slot >= run.slots) { return; }
  let pair = pairs[slot];`;

/** All R^m_rs of a cell from p, c_m_r (C), w_m_r (W), q_m (Q). */
function levels(depth: number): string {
  const lines: string[] = ["let R1_1_1 = x;"];
  for (const m of range(1, depth - 1)) {
    for (const r of range(1, m + 1)) {
      for (const s of range(1, m + 1)) {
        const below =
          r === 1 && s === 1
            ? `q_${m}`
            : r === 1
              ? `c_${m}_${s - 1}`
              : s === 1
                ? `w_${m}_${r - 1}`
                : `R${m}_${r - 1}_${s - 1}`;
        lines.push(`let R${m + 1}_${r}_${s} = x * ${below}${r * s === 1 ? "" : ` * ${literal(1 / (r * s))}`};`);
      }
    }
  }
  return lines.map((l) => `      ${l}`).join("\n");
}

const joined = (names: readonly string[]): string => names.join(" + ");

export const truncatedForward = (shape: TruncatedShape): string => {
  const { depth, interleave: B, keep, stateWords } = shape;
  const below = range(1, depth - 1);
  const each = (line: (m: number, r: number) => string): string =>
    below
      .map((m) =>
        range(1, m)
          .map((r) => line(m, r))
          .join("\n"),
      )
      .join("\n");
  const columnWords = Math.max(1, (depth * (depth - 1)) / 2);
  const rowWords = (depth * (depth - 1)) / 2 + depth - 1;
  return wgsl`
${pairLayout(shape)}
@group(0) @binding(0) var<uniform> run: Pass;
@group(0) @binding(1) var<storage, read> pairs: array<Pair>;
@group(0) @binding(2) var<storage, read> p: array<f32>;
@group(0) @binding(3) var<storage, read_write> k: array<f32>;
@group(0) @binding(4) var<storage, read_write> results: array<vec2f>;
${threadHead(shape.workgroupSize)}
  let words = run.columns * ${stateWords}u;
  var total = 1.0f;
  if ((run.flags & 1u) == 0u) { total = results[slot].x; }
  for (var q = 0u; q < run.rows && run.first_row + q < pair.rows; q++) {
    let zeros = (run.flags & 1u) != 0u && q == 0u;
    let kin = grid_row(slot, select(run.row_out${keep ? " + q - 1u" : ""}, run.row_in, q == 0u), run.state_rows, words);
    let kout = grid_row(slot, run.row_out${keep ? " + q" : ""}, run.state_rows, words);
    let pb = grid_row(slot, q, run.rows + ${shape.extraRows}u, run.columns);
    var subtotal = 0.0f;
${each((m, r) => `    var w_${m}_${r} = 0.0f;`)}
${below.map((m) => `    var q_${m} = 0.0f;`).join("\n")}
    for (var J = 0u; J < pair.columns; J++) {
      let x = p[pb + J * ${B}u];
      let at = J * ${columnWords * B}u;
${each((m, r) => `      let c_${m}_${r} = select(k[kin + at + ${columnWord(m, r) * B}u], 0.0f, zeros);`)}
#if ${keep && depth > 1}
      let side = kout + (run.columns * ${columnWords}u + J * ${rowWords}u) * ${B}u;
${each((m, r) => `      k[side + ${columnWord(m, r) * B}u] = w_${m}_${r};`)}
${below.map((m) => `      k[side + ${(columnWords + m - 1) * B}u] = q_${m};`).join("\n")}
#endif
${levels(depth)}
      subtotal += ${joined(range(1, depth).flatMap((m) => range(1, m).flatMap((r) => range(1, m).map((s) => `R${m}_${r}_${s}`))))};
${below.map((m) => `      q_${m} += ${joined(range(1, m).map((r) => `c_${m}_${r}`))};`).join("\n")}
${each((m, r) => `      w_${m}_${r} += ${joined(range(1, m).map((s) => `R${m}_${r}_${s}`))};`)}
${each((m, r) => `      k[kout + at + ${columnWord(m, r) * B}u] = c_${m}_${r} + (${joined(range(1, m).map((a) => `R${m}_${a}_${r}`))});`)}
    }
    total += subtotal;
  }
  // While the reverse walks down the segments, each is run through again: only the last one's sum is new.
  ${keep ? "if ((run.flags & 2u) != 0u) { results[slot] = vec2f(total, 0.0f); }" : "results[slot] = vec2f(total, 0.0f);"}
}
`;
};

export const truncatedReverse = (shape: TruncatedShape): string => {
  const { depth, interleave: B, stateWords } = shape;
  const below = range(1, depth - 1);
  const each = (line: (m: number, r: number) => string): string =>
    below
      .map((m) =>
        range(1, m)
          .map((r) => line(m, r))
          .join("\n"),
      )
      .join("\n");
  const columnWords = Math.max(1, (depth * (depth - 1)) / 2);
  const rowWords = (depth * (depth - 1)) / 2 + depth - 1;
  const reverseWords = Math.max(1, rowWords);
  // Cotangents V^m_rs from the deepest level down; multiplicands of p give p's gradient.
  const lines: string[] = [];
  for (const m of range(1, depth).reverse()) {
    for (const r of range(1, m)) {
      for (const s of range(1, m)) {
        const later =
          m === depth
            ? ""
            : ` + qb_${m} + cb_${m}_${s} + wb_${m}_${r} + x * ${literal(1 / ((r + 1) * (s + 1)))} * V${m + 1}_${r + 1}_${s + 1}`;
        lines.push(`let V${m}_${r}_${s} = weight${later};`);
      }
    }
  }
  const products = range(1, depth).flatMap((m) =>
    range(1, m).flatMap((r) =>
      range(1, m).map((s) => {
        const v = `V${m}_${r}_${s}`;
        if (m === 1) return v;
        const factor = r * s === 1 ? "" : `${literal(1 / (r * s))} * `;
        if (r === 1 && s === 1) return `${v} * q_${m - 1}`;
        if (r === 1) return `${factor}${v} * c_${m - 1}_${s - 1}`;
        if (s === 1) return `${factor}${v} * w_${m - 1}_${r - 1}`;
        return `${factor}${v} * R${m - 1}_${r - 1}_${s - 1}`;
      }),
    ),
  );
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
  let weight = weights[slot];
  let gb = grid_row(slot, 0u, 1u, run.columns * ${reverseWords}u);
  for (var q = min(run.rows, pair.rows - run.first_row); q > 0u;) {
    q--;
    let top_row = run.first_row + q + 1u == pair.rows;
    let zeros = (run.flags & 1u) != 0u && q == 0u;
    let kin = grid_row(slot, select(run.row_out + q - 1u, run.row_in, q == 0u), run.state_rows, words);
    let kout = grid_row(slot, run.row_out + q, run.state_rows, words);
    let pb = grid_row(slot, q, run.rows + 1u, run.columns);
${each((m, r) => `    var wb_${m}_${r} = 0.0f;`)}
${below.map((m) => `    var qb_${m} = 0.0f;`).join("\n")}
    for (var J = pair.columns; J > 0u;) {
      J--;
      let x = p[pb + J * ${B}u];
      let at = J * ${columnWords * B}u;
      let gat = gb + J * ${reverseWords * B}u;
      let side = kout + (run.columns * ${columnWords}u + J * ${rowWords}u) * ${B}u;
${each(
  (m, r) => `      let c_${m}_${r} = select(k[kin + at + ${columnWord(m, r) * B}u], 0.0f, zeros);
      let w_${m}_${r} = k[side + ${columnWord(m, r) * B}u];
      let cb_${m}_${r} = select(g[gat + ${columnWord(m, r) * B}u], 0.0f, top_row);`,
)}
${below
  .map(
    (m) => `      let q_${m} = k[side + ${(columnWords + m - 1) * B}u];
      let pq_${m} = select(g[gat + ${(columnWords + m - 1) * B}u], 0.0f, top_row);`,
  )
  .join("\n")}
${levels(depth)}
${lines.map((l) => `      ${l}`).join("\n")}
      p[pb + J * ${B}u] = ${joined(products)};
      // What later cells ask of this level's sums: of the columns (g), of the rows, of the block sum.
${each(
  (
    m,
    r,
  ) => `      g[gat + ${columnWord(m, r) * B}u] = cb_${m}_${r} + x * ${literal(1 / (r + 1))} * V${m + 1}_1_${r + 1};
      wb_${m}_${r} += x * ${literal(1 / (r + 1))} * V${m + 1}_${r + 1}_1;`,
)}
${below
  .map(
    (m) => `      qb_${m} += pq_${m};
      g[gat + ${(columnWords + m - 1) * B}u] = pq_${m} + x * V${m + 1}_1_1;`,
  )
  .join("\n")}
    }
  }
}
`;
};
