/**
 * Statistics of truncated kernels with a linear static kernel, by signatures: k(x, y) = Σ_w scale^|w| S_w(x) S_w(y), so
 *   MMD²(biased) = Σ_w scale^|w| d_w²,  d the difference of the mean signatures, and
 *   MMD²(unbiased) = the same − Σ_w scale^|w| (V_w(x)/(m(m−1)) + V_w(y)/(n(n−1))),  V the sum of squared deviations.
 * No digits cancel, and work is linear in the number of paths. A thread takes one word.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { levelStarts } from "./spike-signature.wgsl.js";

const threads = 64;

const statisticPass = { paths: "u32", unbiased: "u32", scale: "f32" } as const;

const levels = (channels: number, depth: number): string => {
  const starts = levelStarts(channels, depth);
  return /* wgsl */ `
const size = ${starts[depth + 1]}u;
const level_start = array<u32, ${depth + 2}>(${starts.map((s) => `${s}u`).join(", ")});

fn weight_of(word: u32) -> f32 {
  var weight = 1.0f;
  for (var k = 1u; k <= ${depth}u; k += 1u) { if (word >= level_start[k]) { weight *= run.scale; } }
  return weight;
}
`;
};

/** Mean and sum of squared deviations of each word: moments [2][size]. */
export const signatureMoments = (channels: number, depth: number) =>
  declareKernel({
    label: "moments of signatures",
    workgroupSize: threads,
    uniform: statisticPass,
    bindings: {
      /** [paths][size]. */
      rows: read("array<f32>"),
      moments: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
${levels(channels, depth)}
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let word = id.x + id.y * groups.x * ${threads}u;
  if (word >= size) { return; }
  var sum = 0.0f;
  for (var i = 0u; i < run.paths; i += 1u) { sum += rows[i * size + word]; }
  let mean = sum / f32(run.paths);
  var squares = 0.0f;
  for (var i = 0u; i < run.paths; i += 1u) { let d = rows[i * size + word] - mean; squares += d * d; }
  moments[word] = mean;
  moments[size + word] = squares;
}
`,
  });

/** What a word adds to the statistic, to `terms`, and its cotangents in place of the signatures. */
export const signatureStatistic = (channels: number, depth: number) =>
  declareKernel({
    label: "statistic of signatures",
    workgroupSize: threads,
    uniform: statisticPass,
    bindings: {
      /** Mean [size]. */
      observed: read("array<f32>"),
      /** [paths][size]. */
      rows: readWrite("array<f32>"),
      terms: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
${levels(channels, depth)}
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let word = id.x + id.y * groups.x * ${threads}u;
  if (word >= size) { return; }
  let m = f32(run.paths);
  var sum = 0.0f;
  for (var i = 0u; i < run.paths; i += 1u) { sum += rows[i * size + word]; }
  let mean = sum / m;
  let weight = weight_of(word);
  let difference = mean - observed[word];
  let spread = select(0.0f, 1.0f / (m * (m - 1.0f)), run.unbiased != 0u);
  var squares = 0.0f;
  for (var i = 0u; i < run.paths; i += 1u) {
    let d = rows[i * size + word] - mean;
    squares += d * d;
    rows[i * size + word] = 2.0f * weight * (difference / m - spread * d);
  }
  terms[word] = weight * (difference * difference - spread * squares);
}
`,
  });

/** One workgroup adds the terms up in one order, with a constant, to value[0]. */
export const sumTerms = declareKernel({
  label: "sum of terms",
  workgroupSize: 32,
  uniform: { count: "u32", constant: "f32" },
  bindings: { terms: read("array<f32>"), value: readWrite("array<f32>") },
  body: /* wgsl */ `
var<workgroup> partial: array<f32, 32>;

fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0f;
  for (var i = lane; i < run.count; i += 32u) { sum += terms[i]; }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane == 0u) {
    var total = run.constant;
    for (var l = 0u; l < 32u; l += 1u) { total += partial[l]; }
    value[0] = total;
  }
}
`,
});
