/**
 * Around the kernels over pairs, where paths and results stay on the GPU: descriptions of pairs and their weights from a
 * list of indices, and weighted sums of the results.
 */
import { type Binding, declareKernel, read, readWrite } from "../shared/declare.js";

const threads = 64;

/** The uniform of kernels over the slots of a chunk. */
export const slotPass = {
  slots: "u32",
  /** Of the Gram matrix. */
  columns: "u32",
  /** Whether it is of paths with themselves (weights of slots), or symmetric (cotangents, results). */
  flagged: "u32",
  /** Weights of pairs of a path with itself, and of others. */
  diagonal: "f32",
  others: "f32",
} as const;

/** A thread takes one slot: (a, b) → start and segments of path a in x and of path b in y, and the pair's weight. */
const describe = (label: string, weight: string, cotangent?: Binding) =>
  declareKernel({
    label,
    workgroupSize: threads,
    uniform: slotPass,
    bindings: {
      list: read("array<vec2u>"),
      /** Start, vertices. */
      x: read("array<vec2u>"),
      y: read("array<vec2u>"),
      pairs: readWrite("array<vec4u>"),
      weights: readWrite("array<f32>"),
      cotangent,
    },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let slot = id.x + id.y * groups.x * ${threads}u;
  if (slot >= run.slots) { return; }
  let own = list[slot];
  let a = x[own.x];
  let b = y[own.y];
  pairs[slot] = vec4u(a.x, a.y - 1u, b.x, b.y - 1u);
  let flagged = run.flagged != 0u;
  ${weight}
}
`,
  });

/** Weights are the pass's: of pairs of a path with itself, and of others. */
export const describeSlots = describe(
  "pairs of paths",
  "weights[slot] = select(run.others, run.diagonal, flagged && own.x == own.y);",
);

/** Weights are the cotangents of a Gram matrix [rows, columns], both of a pair where it is symmetric. */
export const describeCotangents = describe(
  "pairs of paths, weighed",
  `var weight = cotangent[own.x * run.columns + own.y];
  if (flagged && own.x != own.y) { weight += cotangent[own.y * run.columns + own.x]; }
  weights[slot] = weight;`,
  read("array<f32>"),
);

/** One workgroup adds Σ weight · value of a chunk to `sum` [1], in one order. */
export const weighResults = declareKernel({
  label: "weighted sum of kernels",
  workgroupSize: 32,
  uniform: slotPass,
  bindings: {
    /** Value, binary exponent. */
    results: read("array<vec2f>"),
    weights: read("array<f32>"),
    sums: readWrite("array<f32>"),
  },
  body: /* wgsl */ `
var<workgroup> partial: array<f32, 32>;

fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0f;
  for (var i = lane; i < run.slots; i += 32u) { sum += weights[i] * ldexp(results[i].x, i32(results[i].y)); }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0.0f;
    for (var l = 0u; l < 32u; l += 1u) { total += partial[l]; }
    sums[0] += total;
  }
}
`,
});

/**
 * A thread takes one row of a Gram matrix whose pairs come row by row, each with so many columns, and adds Σ scale · weight · value of
 * those of a chunk to out[k · rows + row], k from `outFirst` to `outEnd`.
 */
export const addToRows = declareKernel({
  label: "sums of rows of kernels",
  workgroupSize: threads,
  uniform: {
    slots: "u32",
    /** The pair that the first slot is of. */
    begin: "u32",
    rows: "u32",
    columns: "u32",
    outFirst: "u32",
    outEnd: "u32",
    scale: "f32",
  },
  bindings: {
    results: read("array<vec2f>"),
    weights: read("array<f32>"),
    out: readWrite("array<f32>"),
  },
  body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= run.rows) { return; }
  let first = max(row * run.columns, run.begin);
  let end = min((row + 1u) * run.columns, run.begin + run.slots);
  var sum = 0.0f;
  for (var i = first; i < end; i += 1u) {
    let slot = i - run.begin;
    sum += weights[slot] * ldexp(results[slot].x, i32(results[slot].y));
  }
  for (var k = run.out_first; k < run.out_end; k += 1u) { out[k * run.rows + row] += run.scale * sum; }
}
`,
});

/**
 * A thread takes one slot and writes its value to the Gram matrix [rows, columns], on both sides where it is symmetric.
 * Values beyond float32 become the largest float32 and are counted.
 */
export const scatterResults = declareKernel({
  label: "Gram matrix",
  workgroupSize: threads,
  uniform: slotPass,
  bindings: {
    list: read("array<vec2u>"),
    results: read("array<vec2f>"),
    gram: readWrite("array<f32>"),
    overflow: readWrite("atomic<u32>"),
  },
  body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let slot = id.x + id.y * groups.x * ${threads}u;
  if (slot >= run.slots) { return; }
  let own = list[slot];
  let kept = results[slot].x;
  let exponent = i32(results[slot].y);
  // Infinity and NaN by their bits: a compiler may take it that there are none.
  let bits = (bitcast<u32>(kept) >> 23u) & 255u;
  let beyond = bits == 255u || i32(bits) + exponent > 254;
  var value = select(3.4028234e38f, -3.4028234e38f, kept < 0.0f);
  if (beyond) { atomicAdd(&overflow, 1u); } else { value = ldexp(kept, exponent); }
  gram[own.x * run.columns + own.y] = value;
  if (run.flagged != 0u) { gram[own.y * run.columns + own.x] = value; }
}
`,
});
