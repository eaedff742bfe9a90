/**
 * The untruncated signature kernel by a power series in every cell (see the twin's polynomial solver): forward, and
 * reverse for one segment of every pair, for float32 or for numbers in two parts, in which values that are small beside
 * those of their grid keep their own digits, and gradients those that series of large increments cancel. A thread treats
 * one pair, row after row, cell after cell.
 *
 * A slot's row in `k` holds the series along the bottom (or top) edges of a row of cells, order + 1 numbers per column;
 * with `keep`, behind those of the top edges, the series along the left edges. Constant terms come from the left.
 *
 * forward reads pairs, p; reads and writes k; writes results. reverse reads pairs, k, and weights or increments; reads and
 * writes p (gradients to increments) and g (cotangents of edges).
 */
import { unroll, unrollDown } from "../shared/unroll.js";
import {
  type ForwardKernel,
  forwardRow,
  increment,
  type ReverseKernel,
  reverseRow,
  type SweepShape,
  setResult,
  sweepForward,
  sweepReverse,
} from "./sweep.wgsl.js";

export interface PolynomialShape extends SweepShape {
  order: number;
}

/**
 * Up to this order a cell's float32 coefficients are constants of their own; beyond, and in two parts, code would be long,
 * and loops are taken.
 */
const unrolledOrder = 10;

const isUnrolled = ({ order, numbers }: PolynomialShape): boolean => numbers.width === 1 && order <= unrolledOrder;

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Coefficient m of the series along the bottom edge of cell J, and where those along its left edge are kept. */
const bottomEdge = ({ order, interleave: B, numbers }: PolynomialShape, m: number | string): string =>
  `select(k[kin + (J * ${order + 1}u + ${m}) * ${B}u], ${numbers.zero}, axis)`;
const leftEdge = ({ order, interleave: B }: PolynomialShape, l: number | string): string =>
  `k[kout + ((run.columns + J) * ${order + 1}u + ${l}) * ${B}u]`;

/** c_ml for all m, l: row 0 from the left edge, column 0 from the bottom edge. */
function coefficients(shape: PolynomialShape, left: (l: number) => string): string {
  const w = shape.order + 1;
  const { productOver } = shape.numbers;
  const lines = upTo(w).map((l) => `let c0_${l} = ${left(l)};`);
  for (let m = 1; m < w; m++) {
    lines.push(`let c${m}_0 = ${bottomEdge(shape, m)};`);
    for (let l = 1; l < w; l++) lines.push(`let c${m}_${l} = ${productOver(`c${m - 1}_${l - 1}`, "x", m * l)};`);
  }
  return lines.map((line) => `      ${line}`).join("\n");
}

export const polynomialForward = (shape: PolynomialShape): ForwardKernel => {
  const { order, interleave: B, keep, stateNumbers, numbers } = shape;
  const { zero, sum, add, productOver, overNatural } = numbers;
  const w = order + 1;
  const total = (names: (l: number) => string): string => sum(...upTo(w).map(names));
  const setTop = (m: number | string, value: string): string => `k[kout + (J * ${w}u + ${m}) * ${B}u] = ${value};`;
  const topOf = (row: string): string => total((l) => `${row}${l}`);
  const cell = isUnrolled(shape)
    ? `
${coefficients(shape, (l) => `left${l}`)}
${unroll(order, (m) => `      ${setTop(m + 1, topOf(`c${m + 1}_`))}`)}
${unroll(w, (l) => `      left${l} = ${total((m) => `c${m}_${l}`)};`)}`
    : `
      // Row number m of the coefficients, c_m0 … c_mn; row 0 is the left edge.
${unroll(w, (l) => `      var c${l} = left${l};`)}
      for (var m = 1u; m < ${w}u; m++) {
        let xm = ${overNatural("x", "f32(m)")};
        let bottom = ${bottomEdge(shape, "m")};
${unrollDown(order, (l) => `        c${l + 1} = ${productOver(`c${l}`, "xm", l + 1)}; ${add(`left${l + 1}`, `c${l + 1}`)}`)}
        c0 = bottom;
        ${add("left0", "c0")}
        ${setTop("m", topOf("c"))}
      }`;
  return sweepForward(
    shape,
    `  let words = run.columns * ${stateNumbers}u;
  for (var q = begin_row; q < end_row; q++) {
${forwardRow(shape)}
${unroll(w, (l) => `    var left${l} = ${l === 0 ? numbers.constant(1) : zero};`)}
    for (var J = 0u; J < pair.columns; J++) {
      let x = p[pb + J * ${B}u];
${keep ? unroll(w, (l) => `      ${leftEdge(shape, l)} = left${l};`) : ""}
${cell}
    }
    if (run.first_row + q + 1u == pair.rows) { ${setResult(numbers, topOf("left"))} }
  }`,
  );
};

/** A cell of the reverse with all coefficients and cotangents in constants. */
function unrolledReverse(shape: PolynomialShape): string {
  const { order, interleave: B, numbers } = shape;
  const { zero, sum, productOver } = numbers;
  const w = order + 1;
  const down: string[] = [];
  for (let m = w - 1; m >= 0; m--) {
    const edge = `g[gb + (J * ${w}u + ${m}u) * ${B}u]`;
    down.push(`let top${m} = select(${edge}, ${zero}, top);`);
    for (let l = w - 1; l >= 0; l--) {
      const later = m < w - 1 && l < w - 1 ? [productOver(`d${m + 1}_${l + 1}`, "x", (m + 1) * (l + 1))] : [];
      down.push(`let d${m}_${l} = ${sum(`top${m}`, `bar${l}`, ...later)};`);
    }
    down.push(`${edge} = ${m === 0 ? zero : `d${m}_0`};`);
  }
  const products = upTo(order).map((m) =>
    sum(...upTo(order).map((l) => productOver(`d${m + 1}_${l + 1}`, `c${m}_${l}`, (m + 1) * (l + 1)))),
  );
  return `
${coefficients(shape, (l) => leftEdge(shape, l))}
${down.map((line) => `      ${line}`).join("\n")}
      p[pb + J * ${B}u] = ${sum(...products)};
${unroll(w, (l) => `      bar${l} = d0_${l};`)}`;
}

/** The same with the coefficients in an array and their cotangents row by row. */
function loopedReverse(shape: PolynomialShape): string {
  const { order, interleave: B, numbers } = shape;
  const { zero, sum, add, productOver, overNatural } = numbers;
  const w = order + 1;
  return `
      for (var m = 0u; m < ${w}u; m++) {
        c[m] = ${leftEdge(shape, "m")};
        if (m > 0u) { c[m * ${w}u] = ${bottomEdge(shape, "m")}; }
      }
      for (var m = 1u; m < ${w}u; m++) {
        let xm = ${overNatural("x", "f32(m)")};
${unroll(order, (l) => `        c[m * ${w}u + ${l + 1}u] = ${productOver(`c[(m - 1u) * ${w}u + ${l}u]`, "xm", l + 1)};`)}
      }
      // Rows of the coefficients' cotangents from the last: d_ml = top_m + right_l + d_{m+1,l+1} x/((m+1)(l+1)).
${unroll(w + 1, (l) => `      var d${l} = ${zero};`)}
      var sum = ${zero};
      for (var m = ${w}u; m > 0u;) {
        m--;
        let at = gb + (J * ${w}u + m) * ${B}u;
        let bar_top = select(g[at], ${zero}, top);
        let xm = ${overNatural("x", "f32(m + 1u)")};
${unroll(w, (l) => `        d${l} = ${sum("bar_top", `bar${l}`, productOver(`d${l + 1}`, "xm", l + 1))};`)}
        if (m > 0u) {
          var row = ${zero};
${unroll(order, (l) => `          ${add("row", productOver(`d${l + 1}`, `c[(m - 1u) * ${w}u + ${l}u]`, l + 1))}`)}
          ${add("sum", overNatural("row", "f32(m)"))}
          g[at] = d0;
        } else {
          g[at] = ${zero};
        }
      }
      p[pb + J * ${B}u] = sum;
${unroll(w, (l) => `      bar${l} = d${l};`)}`;
}

export const polynomialReverse = (shape: PolynomialShape): ReverseKernel => {
  const { order, interleave: B, stateNumbers, numbers } = shape;
  const w = order + 1;
  return sweepReverse(
    shape,
    `  let words = run.columns * ${stateNumbers}u;
  let gb = grid_row(slot, 0u, 1u, run.columns * ${w}u);
  ${isUnrolled(shape) ? "" : `var c: array<${numbers.type}, ${w * w}>;`}
  for (var q = end_row; q > begin_row;) {
    q--;
${reverseRow(shape)}
    let seed = select(${numbers.zero}, weight, top);
${unroll(w, (l) => `    var bar${l} = seed;`)}
    for (var J = pair.columns; J > 0u;) {
      J--;
      let x = ${increment(numbers, `pb + J * ${B}u`)};
${isUnrolled(shape) ? unrolledReverse(shape) : loopedReverse(shape)}
    }
  }`,
  );
};
