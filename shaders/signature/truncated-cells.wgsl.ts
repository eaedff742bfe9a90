/**
 * A cell of the truncated recursion (see truncated) in float32, with all levels written out: R^m_rs as Rm_r_s, and what
 * they are made of, C^m_r, W^m_r and Q^m, as c_m_r, w_m_r and q_m. Their cotangents are V^m_rs, cb_m_r, wb_m_r and qb_m.
 */
import { type Pieces, type TruncatedShape, wordsOf } from "./truncated-layout.wgsl.js";
import { float } from "./two-parts.wgsl.js";

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

/** Place of C^m_r among a column's words, and of W^m_r among a cell's; Q^m comes behind. */
const place = (m: number, r: number): number => (m * (m - 1)) / 2 + r - 1;

/** Lines for every level below the deepest. */
const eachLevel = (depth: number, line: (m: number) => string): string =>
  range(1, depth - 1)
    .map(line)
    .join("\n");

/** Lines for every level m below the deepest, and r up to m. */
const each = (depth: number, line: (m: number, r: number) => string): string =>
  eachLevel(depth, (m) =>
    range(1, m)
      .map((r) => line(m, r))
      .join("\n"),
  );

const joined = (names: readonly string[]): string => names.join(" + ");

/** What p multiplies in R^m+1_rs, but for 1/(r s). */
const multiplicand = (m: number, r: number, s: number): string => {
  if (r === 1 && s === 1) return `q_${m}`;
  if (r === 1) return `c_${m}_${s - 1}`;
  return s === 1 ? `w_${m}_${r - 1}` : `R${m}_${r - 1}_${s - 1}`;
};

/** All indices m, r, s of R. */
const words = (depth: number): [m: number, r: number, s: number][] =>
  range(1, depth).flatMap((m) =>
    range(1, m).flatMap((r) => range(1, m).map((s) => [m, r, s] as [number, number, number])),
  );

/** All R^m_rs of a cell. */
const levels = (depth: number): string =>
  words(depth)
    .map(([m, r, s]) => {
      const share = r * s === 1 ? "" : ` * ${float(1 / (r * s))}`;
      return `      let R${m}_${r}_${s} = x${m === 1 ? "" : ` * ${multiplicand(m - 1, r, s)}${share}`};`;
    })
    .join("\n");

const column = ({ depth, interleave: B }: TruncatedShape): string => `      let at = J * ${wordsOf(depth).column * B}u;
${each(depth, (m, r) => `      let c_${m}_${r} = select(k[kin + at + ${place(m, r) * B}u], 0.0f, axis);`)}`;

/** Where W and Q before a cell are kept. */
const side = ({ depth, interleave: B }: TruncatedShape): string => {
  const { column, cell } = wordsOf(depth);
  return `kout + (run.columns * ${column}u + J * ${cell}u) * ${B}u`;
};

export const cellForward = (shape: TruncatedShape): Pieces => {
  const { depth: D, interleave: B, keep } = shape;
  const behind = wordsOf(D).column;
  const kept =
    keep && D > 1
      ? `      let side = ${side(shape)};
${each(D, (m, r) => `      k[side + ${place(m, r) * B}u] = w_${m}_${r};`)}
${eachLevel(D, (m) => `      k[side + ${(behind + m - 1) * B}u] = q_${m};`)}`
      : "";
  return {
    row: `    var subtotal = 0.0f;
${each(D, (m, r) => `    var w_${m}_${r} = 0.0f;`)}
${eachLevel(D, (m) => `    var q_${m} = 0.0f;`)}`,
    cell: `${column(shape)}
${kept}
${levels(D)}
      subtotal += ${joined(words(D).map(([m, r, s]) => `R${m}_${r}_${s}`))};
${eachLevel(D, (m) => `      q_${m} += ${joined(range(1, m).map((r) => `c_${m}_${r}`))};`)}
${each(D, (m, r) => `      w_${m}_${r} += ${joined(range(1, m).map((s) => `R${m}_${r}_${s}`))};`)}
${each(D, (m, r) => `      k[kout + at + ${place(m, r) * B}u] = c_${m}_${r} + (${joined(range(1, m).map((a) => `R${m}_${a}_${r}`))});`)}`,
    afterRow: "    total += subtotal;",
  };
};

export const cellReverse = (shape: TruncatedShape): Pieces => {
  const { depth: D, interleave: B } = shape;
  const { column: behind, reverse } = wordsOf(D);
  const asked = (n: number): string => `g[gat + ${n * B}u]`;
  // From the deepest level down.
  const cotangents = range(1, D)
    .reverse()
    .flatMap((m) => words(D).filter(([level]) => level === m))
    .map(([m, r, s]) => {
      const next = `V${m + 1}_${r + 1}_${s + 1}`;
      const later =
        m === D ? "" : ` + qb_${m} + cb_${m}_${s} + wb_${m}_${r} + x * ${float(1 / ((r + 1) * (s + 1)))} * ${next}`;
      return `      let V${m}_${r}_${s} = weight${later};`;
    });
  const products = words(D).map(([m, r, s]) => {
    const v = `V${m}_${r}_${s}`;
    if (m === 1) return v;
    return `${r * s === 1 ? "" : `${float(1 / (r * s))} * `}${v} * ${multiplicand(m - 1, r, s)}`;
  });
  return {
    row: `${each(D, (m, r) => `    var wb_${m}_${r} = 0.0f;`)}
${eachLevel(D, (m) => `    var qb_${m} = 0.0f;`)}`,
    cell: `${column(shape)}
      let gat = gb + J * ${reverse * B}u;
      let side = ${side(shape)};
${each(
  D,
  (m, r) => `      let w_${m}_${r} = k[side + ${place(m, r) * B}u];
      let cb_${m}_${r} = select(${asked(place(m, r))}, 0.0f, top);`,
)}
${eachLevel(
  D,
  (m) => `      let q_${m} = k[side + ${(behind + m - 1) * B}u];
      let pq_${m} = select(${asked(behind + m - 1)}, 0.0f, top);`,
)}
${levels(D)}
${cotangents.join("\n")}
      p[pb + J * ${B}u] = ${joined(products)};
      // What later cells ask of this level's sums: of the columns (g), of the rows, of the block sum.
${each(
  D,
  (m, r) => `      ${asked(place(m, r))} = cb_${m}_${r} + x * ${float(1 / (r + 1))} * V${m + 1}_1_${r + 1};
      wb_${m}_${r} += x * ${float(1 / (r + 1))} * V${m + 1}_${r + 1}_1;`,
)}
${eachLevel(
  D,
  (m) => `      qb_${m} += pq_${m};
      ${asked(behind + m - 1)} = pq_${m} + x * V${m + 1}_1_1;`,
)}`,
  };
};
