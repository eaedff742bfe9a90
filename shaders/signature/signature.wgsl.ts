/**
 * Truncated signatures of piecewise-linear paths: values, and vector-Jacobian products.
 *
 * The signature at a word depends only on the signature at that word's prefixes. So a thread owns one word u of length
 * depth − 1 of one path, keeps S at the prefixes of u (s1, s2, …) and at u followed by up to eight last letters in
 * registers, and runs through the path alone: no barriers, at the price of computing short prefixes many times over.
 * A segment updates level k by Horner's chain, h = Δ_{i1}/k; h = (h + s_j) Δ_{i(j+1)}/(k−j) for j < k; s_k += h.
 *
 * The reverse unwinds the same chain with −Δ, which is exact in the algebra. Its threads own a *group* of words each and
 * add up the gradients to Δ in their own rows of `rows`; a second kernel adds the groups up in their order.
 *
 * All are written for float32 or for numbers in two parts.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { unroll } from "../shared/unroll.js";
import { float32, type Numbers } from "./numbers.wgsl.js";

export interface SignatureShape {
  channels: number;
  depth: number;
  /** By default float32. */
  numbers?: Numbers;
}

/** Last letters of one thread. */
export const letterBlock = 8;

/** Each for a word or a group of words. */
const wordThreads = 32;

const signaturePass = { firstPath: "u32", paths: "u32", groups: "u32" } as const;

const levels = ({ channels, depth, numbers = float32 }: SignatureShape): string => {
  const sizes = Array.from({ length: depth + 1 }, (_, k) => channels ** k);
  const offsets = sizes.map((_, k) => sizes.slice(0, k).reduce((a, b) => a + b, 0));
  return `
${numbers.functions}
const level_offset = array<u32, ${depth + 1}>(${offsets.map((o) => `${o}u`).join(", ")});
const size = ${offsets[depth]! + sizes[depth]!}u;
const words = ${channels ** (depth - 1)}u;
`;
};

/** The letters of word u, i1 … i(depth−1), and its prefixes' indices, u1 … u(depth−1). */
export const letters = (channels: number, depth: number): string =>
  unroll(depth - 1, (j) => {
    const divisor = channels ** (depth - 2 - j);
    return `let u${j + 1} = u / ${divisor}u; let i${j + 1} = u${j + 1} % ${channels}u;`;
  });

/** One segment: s_1 … s_(depth−1) and the last level, from the top. `dl` are the last letters' Δ, `e` the word's. */
export function advance(depth: number, block: number, last: boolean, numbers = float32): string {
  const { sum, product, over, add } = numbers;
  const lines: string[] = [];
  for (let k = depth; k >= 1; k--) {
    if (k === depth && !last) continue;
    let h = k === 1 && depth > 1 ? "e1" : "";
    if (k === depth && depth === 1) {
      for (let l = 0; l < block; l++) lines.push(add(`top${l}`, `dl${l}`));
      continue;
    }
    if (k > 1) {
      h = over("e1", k);
      for (let j = 1; j < (k === depth ? k - 1 : k); j++) {
        const name = `h${k}_${j + 1}`;
        lines.push(`let ${name} = ${over(product(sum(h, `s${j}`), `e${j + 1}`), k - j)};`);
        h = name;
      }
    }
    if (k === depth) {
      lines.push(`let before_last = ${sum(h, `s${depth - 1}`)};`);
      for (let l = 0; l < block; l++) lines.push(add(`top${l}`, product("before_last", `dl${l}`)));
    } else lines.push(add(`s${k}`, h));
  }
  return lines.map((l) => `    ${l}`).join("\n");
}

export const signatureForward = (shape: SignatureShape) => {
  const { channels, depth, numbers = float32 } = shape;
  const block = Math.min(channels, letterBlock);
  const blocks = Math.ceil(channels / block);
  const guard = (l: number, line: string): string =>
    channels % block === 0 ? line : `if (c0 + ${l}u < ${channels}u) { ${line} }`;
  return declareKernel({
    label: "truncated signature",
    workgroupSize: wordThreads,
    uniform: signaturePass,
    bindings: {
      d: read(`array<${numbers.type}>`),
      offsets: read("array<u32>"),
      signature: readWrite(`array<${numbers.type}>`),
    },
    body: `
${levels(shape)}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let item = id.x;
  if (item >= words * ${blocks}u) { return; }
  let u = item / ${blocks}u;
  let c0 = (item % ${blocks}u) * ${block}u;
  let path = run.first_path + id.y;
  ${letters(channels, depth)}
${unroll(depth - 1, (j) => `  var s${j + 1} = ${numbers.zero};`)}
${unroll(block, (l) => `  var top${l} = ${numbers.zero};`)}
  let end = offsets[path + 1u] - 1u;
  for (var t = offsets[path]; t < end; t++) {
    let at = t * ${channels}u;
${unroll(depth - 1, (j) => `    let e${j + 1} = d[at + i${j + 1}];`)}
${unroll(block, (l) => `    let dl${l} = d[at + c0 + ${l}u];`)}
${advance(depth, block, true, numbers)}
  }
  let out = id.y * size;
  if (item == 0u) { signature[out] = ${numbers.constant(1)}; }
${unroll(depth - 1, (j) => {
  const k = j + 1;
  const rest = channels ** (depth - 1 - k);
  return `  if (c0 == 0u && u % ${rest}u == 0u) { signature[out + level_offset[${k}] + u${k}] = s${k}; }`;
})}
${unroll(block, (l) => guard(l, `signature[out + level_offset[${depth}] + u * ${channels}u + c0 + ${l}u] = top${l};`))}
}
`,
  });
};

export const signatureReverse = (shape: SignatureShape) => {
  const { channels, depth, numbers = float32 } = shape;
  const block = Math.min(channels, letterBlock);
  const blocks = Math.ceil(channels / block);
  const guarded = channels % block !== 0;
  const { type, zero, sum, product, over, add } = numbers;
  // Adjoint of one segment, from s before it: levels from the lowest, each from its new cotangent.
  const lines: string[] = [];
  /** Level k's chain up to h_to, with its factors f_j. */
  const up = (k: number, to: number): string => {
    let h = over("e1", k);
    for (let j = 1; j < to; j++) {
      lines.push(`let f${k}_${j} = ${over(sum(h, `s${j}`), k - j)};`);
      h = `h${k}_${j + 1}`;
      lines.push(`let ${h} = ${product(`f${k}_${j}`, `e${j + 1}`)};`);
    }
    return h;
  };
  /** The cotangent of h_to, down the chain. */
  const down = (k: number, to: number, cotangent: string): void => {
    let bar = cotangent;
    for (let j = to - 1; j >= 1; j--) {
      lines.push(add(`g${j + 1}`, product(bar, `f${k}_${j}`)));
      lines.push(`let k${k}_${j} = ${over(product(bar, `e${j + 1}`), k - j)};`);
      lines.push(add(`b${j}`, `k${k}_${j}`));
      bar = `k${k}_${j}`;
    }
    lines.push(add("g1", over(bar, k)));
  };
  for (let k = 1; k < depth; k++) {
    up(k, k);
    down(k, k, `b${k}`);
  }
  if (depth === 1) {
    for (let l = 0; l < block; l++) lines.push(`let r${l} = q${l};`);
  } else {
    const before = depth - 1;
    lines.push(`let before_last = ${sum(up(depth, before), `s${before}`)};`);
    for (let l = 0; l < block; l++) lines.push(`let r${l} = ${product(`q${l}`, "before_last")};`);
    lines.push(`let down = ${sum(...Array.from({ length: block }, (_, l) => product(`q${l}`, `dl${l}`)))};`);
    lines.push(add(`b${before}`, "down"));
    down(depth, before, "down");
  }
  return declareKernel({
    label: "truncated signature, reverse",
    workgroupSize: wordThreads,
    uniform: signaturePass,
    bindings: {
      d: read(`array<${type}>`),
      offsets: read("array<u32>"),
      cotangent: read(`array<${type}>`),
      rows: readWrite(`array<${type}>`),
    },
    body: `
${levels(shape)}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let owner = id.x;
  if (owner >= run.groups) { return; }
  let path = run.first_path + id.y;
  let begin = offsets[path];
  let end = offsets[path + 1u] - 1u;
  let first = offsets[run.first_path];
  // Rows of this owner, [vertices of the chunk, channels].
  let row = (owner * (offsets[run.first_path + run.paths] - first) + begin - first) * ${channels}u;
  for (var i = 0u; i < (end + 1u - begin) * ${channels}u; i++) { rows[row + i] = ${zero}; }
  let bar = id.y * size;
  for (var item = owner; item < words * ${blocks}u; item += run.groups) {
    let u = item / ${blocks}u;
    let c0 = (item % ${blocks}u) * ${block}u;
    ${letters(channels, depth)}
${unroll(depth - 1, (j) => `    var s${j + 1} = ${zero};`)}
    for (var t = begin; t < end; t++) {
      let at = t * ${channels}u;
${unroll(depth - 1, (j) => `      let e${j + 1} = d[at + i${j + 1}];`)}
${advance(depth, block, false, numbers)}
    }
${unroll(depth - 1, (j) => {
  const k = j + 1;
  const rest = channels ** (depth - 1 - k);
  return `    var b${k} = select(${zero}, cotangent[bar + level_offset[${k}] + u${k}], c0 == 0u && u % ${rest}u == 0u);`;
})}
${unroll(block, (l) => {
  const value = `cotangent[bar + level_offset[${depth}] + u * ${channels}u + c0 + ${l}u]`;
  return `    let q${l} = ${guarded ? `select(${zero}, ${value}, c0 + ${l}u < ${channels}u)` : value};`;
})}
    for (var t = end; t > begin;) {
      t--;
      let at = t * ${channels}u;
      {
${unroll(depth - 1, (j) => `        let e${j + 1} = -d[at + i${j + 1}];`)}
${advance(depth, block, false, numbers)}
      }
${unroll(depth - 1, (j) => `      let e${j + 1} = d[at + i${j + 1}];`)}
${unroll(block, (l) => `      let dl${l} = d[at + c0 + ${l}u];`)}
${unroll(depth - 1, (j) => `      var g${j + 1} = ${zero};`)}
${lines.map((l) => `      ${l}`).join("\n")}
      let to = row + (t - begin) * ${channels}u;
${unroll(block, (l) => {
  const line = add(`rows[to + c0 + ${l}u]`, `r${l}`);
  return `      ${guarded ? `if (c0 + ${l}u < ${channels}u) { ${line} }` : line}`;
})}
${unroll(depth - 1, (j) => `      ${add(`rows[to + i${j + 1}]`, `g${j + 1}`)}`)}
    }
  }
}
`,
  });
};

/** Adds the groups' rows up: a thread per number of [vertices of the chunk, channels]. */
export const signatureGather = ({ type, zero, functions, add } = float32) =>
  declareKernel({
    label: "gather gradients",
    workgroupSize: 64,
    uniform: { first: "u32", count: "u32", groups: "u32" },
    bindings: { rows: read(`array<${type}>`), gradient: readWrite(`array<${type}>`) },
    body: `
${functions}
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i >= run.count) { return; }
  var sum = ${zero};
  for (var g = 0u; g < run.groups; g++) { ${add("sum", "rows[g * run.count + i]")} }
  gradient[run.first + i] = sum;
}
`,
  });
