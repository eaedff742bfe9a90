/**
 * A cell of the truncated recursion (see truncated), level after level in a loop: R^m takes the place of R^m−1, in
 * registers. (R in an array is slow.) Behind the rows of C lie W and Q before each cell, level by level.
 *
 * The reverse goes from the deepest level down, V^m in the place of V^m+1, and needs no R: along a diagonal of levels
 * R^m+1_r+1,s+1 = p R^m_rs/((r+1)(s+1)), so what the R of one diagonal give p's gradient is M U, with p M the first of
 * them (r or s is 1; M is 1, Q, C/s or W/r) and U the derivative of p V by p:
 *   V^m_rs = … + V' p/((r+1)(s+1)),  U^m_rs = … + (V' + U') p/((r+1)(s+1)),  V' and U' those of R^m+1_r+1,s+1.
 */
import { unroll, unrollDown } from "../shared/unroll.js";
import { type Pieces, type TruncatedShape, wordsOf } from "./truncated-layout.wgsl.js";

const indicesTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** r s at r − 1, s − 1. */
const products = (depth: number): number[] =>
  indicesTo(depth).flatMap((r) => indicesTo(depth).map((s) => (r + 1) * (s + 1)));

/** x/(r s). */
const quotient = (r: number, s: number): string => (r * s === 1 ? "x" : `x${r * s}`);

export const levelsForward = ({ depth: D, interleave: B, keep, numbers }: TruncatedShape): Pieces => {
  const { type, zero, sum, product, over, add } = numbers;
  const { column, cell } = wordsOf(D);
  const indices = indicesTo(D);
  const below = indices.slice(0, -1);
  const quotients = [...new Set(products(D))].filter((n) => n > 1);
  const kept = `
      var side = kout + (run.columns * ${column}u + J * ${cell}u) * ${B}u;
      for (var m = 0u; m < ${D - 1}u; m++) {
        for (var r = 0u; r <= m; r++) {
          k[side] = W[m * ${D}u + r];
          side += ${B}u;
        }
        k[side] = Q[m];
        side += ${B}u;
      }`;
  return {
    before: `
  // W^m_r at m − 1, r − 1, and Q^m at m − 1.
  var W: array<${type}, ${D * D}>;
  var Q: array<${type}, ${D}>;`,
    row: `    for (var n = 0u; n < ${D * D}u; n++) { W[n] = ${zero}; }
    for (var n = 0u; n < ${D}u; n++) { Q[n] = ${zero}; }`,
    cell: `${quotients.map((n) => `      let x${n} = ${over("x", n)};`).join("\n")}
      var at = J * ${column * B}u;
${keep ? kept : ""}
      // R^m_rs at r − 1, s − 1; C^m_r and what the cell adds to W^m_r at r − 1. Zero beyond m.
${unroll(D, (r) => `      var c${r} = ${zero}; var across${r} = ${zero};${unroll(D, (s) => ` var R${r}_${s} = ${zero};`)}`)}
      R0_0 = x;
      for (var m = 0u; m < ${D}u; m++) {
        if (m > 0u) {
${unrollDown(D - 1, (r) => unrollDown(D - 1, (s) => `          R${r + 1}_${s + 1} = ${product(quotient(r + 2, s + 2), `R${r}_${s}`)};`))}
          R0_0 = ${product("x", "Q[m - 1u]")};
          Q[m - 1u] = ${sum("Q[m - 1u]", ...below.map((r) => `c${r}`))};
${unroll(
  D - 1,
  (r) => `          R0_${r + 1} = ${product(quotient(1, r + 2), `c${r}`)};
          R${r + 1}_0 = ${product(quotient(1, r + 2), `W[(m - 1u) * ${D}u + ${r}u]`)};
          ${add(`W[(m - 1u) * ${D}u + ${r}u]`, `across${r}`)}`,
)}
        }
${unroll(D, (r) => `        across${r} = ${sum(...indices.map((s) => `R${r}_${s}`))};`)}
        total = ${sum("total", ...indices.map((r) => `across${r}`))};
        if (m < ${D - 1}u) {
${unroll(
  D - 1,
  (s) => `          c${s} = ${zero};
          if (${s}u <= m) {
            if (!axis) { c${s} = k[kin + at]; }
            k[kout + at] = ${sum(`c${s}`, ...below.map((r) => `R${r}_${s}`))};
            at += ${B}u;
          }`,
)}
        }
      }`,
  };
};

export const levelsReverse = ({ depth: D, interleave: B, numbers }: TruncatedShape): Pieces => {
  const { type, zero, constant, sum, product, add } = numbers;
  const { column, cell } = wordsOf(D);
  const shares = products(D).map((n) => constant(1 / n));
  return {
    constants: `
// 1/(r s) at r − 1, s − 1.
const shares = array<${type}, ${D * D}>(${shares.join(", ")});`,
    before: `  var V: array<${type}, ${(D + 1) ** 2}>; // V^m_rs and U^m_rs at r − 1, s − 1
  var U: array<${type}, ${(D + 1) ** 2}>;
  // What later cells ask of C^m_r, W^m_r (at r − 1), and of all words of level m: of Q^m and of the value.
  var c: array<${type}, ${D}>;
  var w: array<${type}, ${D}>;
  var W: array<${type}, ${D * D}>; // of all levels, along the row: W^m_r at m − 1, r − 1
  var Q: array<${type}, ${D}>;`,
    row: `    for (var n = 0u; n < ${D * D}u; n++) { W[n] = ${zero}; }
    for (var n = 0u; n < ${D}u; n++) { Q[n] = ${zero}; }`,
    cell: `      var bar = ${zero};
      var all = weight;
      for (var n = 0u; n < ${D}u; n++) { c[n] = ${zero}; w[n] = ${zero}; }
      for (var m = ${D}u; m > 0u; m--) {
        for (var r = 0u; r < m; r++) {
          let own = ${sum("all", "w[r]")};
          for (var s = 0u; s < m; s++) {
            let at = r * ${D + 1}u + s;
            var v = ${sum("own", "c[s]")};
            var u = v;
            if (m < ${D}u) {
              let by = ${product("x", `shares[(r + 1u) * ${D}u + s + 1u]`)};
              v = ${sum("v", product("by", `V[at + ${D + 2}u]`))};
              u = ${sum("v", product("by", `U[at + ${D + 2}u]`))};
            }
            V[at] = v;
            U[at] = u;
          }
        }
        if (m == 1u) {
          ${add("bar", "U[0]")}
          break;
        }
        // M of the first row and column, and what this level asks of the sums of the level below.
        let level = m - 2u;
        let before = level * (level + 1u) / 2u;
        let column = kin + (J * ${column}u + before) * ${B}u;
        let side = kout + (run.columns * ${column}u + J * ${cell}u + before + level) * ${B}u;
        let asked = gb + (J * ${cell}u + before + level) * ${B}u;
        for (var s = 0u; s <= level; s++) {
          let share = shares[s + 1u];
          let across = (s + 1u) * ${D + 1}u;
          if (!axis) { ${add("bar", product(product(`k[column + s * ${B}u]`, "U[s + 1u]"), "share"))} }
          ${add("bar", product(product(`k[side + s * ${B}u]`, "U[across]"), "share"))}
          c[s] = ${zero};
          if (!top) { c[s] = g[asked + s * ${B}u]; }
          w[s] = W[level * ${D}u + s];
          let by = ${product("x", "share")};
          g[asked + s * ${B}u] = ${sum("c[s]", product("by", "V[s + 1u]"))};
          W[level * ${D}u + s] = ${sum("w[s]", product("by", "V[across]"))};
        }
        let q = (level + 1u) * ${B}u;
        ${add("bar", product("k[side + q]", "U[0]"))}
        var above = ${zero};
        if (!top) { above = g[asked + q]; }
        g[asked + q] = ${sum("above", product("x", "V[0]"))};
        all = ${sum("weight", "Q[level]")};
        ${add("Q[level]", "above")}
      }
      p[pb + J * ${B}u] = bar;`,
  };
};
