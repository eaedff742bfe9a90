/**
 * What one more spike at t1 adds to a function of a train's signature: of its cotangent, the product with
 * S ⊗ exp(e_k) − S, over words v k…k with m letters k after v the sum of S_v / m!.
 *
 * A thread takes one path of the table [paths][count] and one neuron, and writes to `horizon` [neurons][all paths], from
 * path `first` on.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { unroll } from "../shared/unroll.js";

/**
 * @param starts where the words of each level begin, level 0 first; the last entry is how many there are.
 * @param own whether each path has a cotangent of its own, [paths][count]; what comes of it is then added, times `scale`.
 */
export function spikeAtEnd(channels: number, starts: readonly number[], own = false) {
  const depth = starts.length - 2;
  const level = (l: number): string => {
    let factorial = 1;
    const words = unroll(depth - l, (j) => {
      factorial *= j + 1;
      return `    word = word * ${channels}u + k + 1u;
    by += cotangent[${own ? "from_word + " : ""}${starts[l + 1 + j]}u + word] * ${Math.fround(1 / factorial)}f;`;
    });
    return `  for (var v = 0u; v < ${channels ** l}u; v += 1u) {
    var word = v;
    var by = 0.0f;
${words}
    sum += table[from_word + ${starts[l]}u + v] * by;
  }`;
  };
  return declareKernel({
    label: "a spike at the end",
    workgroupSize: 64,
    uniform: { paths: "u32", first: "u32", allPaths: "u32", scale: "f32" },
    bindings: { table: read("array<f32>"), cotangent: read("array<f32>"), horizon: readWrite("array<f32>") },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.y + id.z * 32768u;
  if (id.x >= run.paths || k >= ${channels - 1}u) { return; }
  let from_word = id.x * ${starts[depth + 1]}u;
  var sum = 0.0f;
${unroll(depth, level)}
  horizon[k * run.all_paths + run.first + id.x] ${own ? "+= run.scale * sum" : "= sum"};
}
`,
  });
}

/**
 * The sum of squares of what one more spike at t1 adds to the words of a train's signature, S ⊗ exp(e_k) − S, weighted by
 * level^(number of letters): of words that end in a letter k, the sum over the last letters k that are taken off, i of them, of what
 * is left, over i!.
 *
 * A thread takes one path of the table [paths][count] and one neuron, and adds `scale` times the sum to `horizon` [neurons][paths].
 *
 * @param starts as of `spikeAtEnd`.
 */
export function squaresAtEnd(channels: number, starts: readonly number[]) {
  const depth = starts.length - 2;
  const level = (j: number): string => {
    const l = j + 1;
    let factorial = 1;
    const shorter = unroll(l - 1, (i) => {
      factorial *= i + 2;
      return `    if (same) { same = prefix % ${channels}u == k + 1u; prefix = prefix / ${channels}u; }
    if (same) { added += table[from_word + ${starts[l - 2 - i]}u + prefix] * ${Math.fround(1 / factorial)}f; }`;
    });
    return `  weight *= run.level;
  for (var u = 0u; u < ${channels ** (l - 1)}u; u += 1u) {
    var added = table[from_word + ${starts[l - 1]}u + u];
    var prefix = u;
    var same = true;
${shorter}
    sum += weight * added * added;
  }`;
  };
  return declareKernel({
    label: "squares of a spike at the end",
    workgroupSize: 64,
    uniform: { paths: "u32", scale: "f32", level: "f32" },
    bindings: { table: read("array<f32>"), horizon: readWrite("array<f32>") },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.y + id.z * 32768u;
  if (id.x >= run.paths || k >= ${channels - 1}u) { return; }
  let from_word = id.x * ${starts[depth + 1]}u;
  var sum = 0.0f;
  var weight = 1.0f;
${unroll(depth, level)}
  horizon[k * run.paths + id.x] += run.scale * sum;
}
`,
  });
}
