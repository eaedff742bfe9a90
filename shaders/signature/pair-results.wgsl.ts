/**
 * Around the kernels over pairs, where paths and results stay on the GPU: descriptions of pairs and their weights from a
 * list of indices, and weighted sums of the results.
 */

export const pairPassBytes = 32;

const pairPass = /* wgsl */ `
struct PairPass {
  slots: u32,
  columns: u32,  // of the Gram matrix
  flags: u32,    // bit 0: of paths with themselves (weights of slots), or symmetric (cotangents, results)
  term: u32,     // where the weighted sum goes
  diagonal: f32, // weights of pairs of a path with itself, and of others
  others: f32,
}
`;

/** A thread takes one slot: (a, b) → start and segments of path a in x and of path b in y, and the pair's weight. */
const describe = (workgroupSize: number, weight: string, given = ""): string => /* wgsl */ `
${pairPass}
@group(0) @binding(0) var<uniform> run: PairPass;
@group(0) @binding(1) var<storage, read> list: array<vec2u>;
@group(0) @binding(2) var<storage, read> x: array<vec2u>; // start, vertices
@group(0) @binding(3) var<storage, read> y: array<vec2u>;
@group(0) @binding(4) var<storage, read_write> pairs: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;
${given}

@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let slot = id.x + id.y * groups.x * ${workgroupSize}u;
  if (slot >= run.slots) { return; }
  let own = list[slot];
  let a = x[own.x];
  let b = y[own.y];
  pairs[slot] = vec4u(a.x, a.y - 1u, b.x, b.y - 1u);
  let flagged = (run.flags & 1u) != 0u;
  ${weight}
}
`;

/** Weights are the pass's: of pairs of a path with itself, and of others. */
export const describeSlots = (workgroupSize: number): string =>
  describe(workgroupSize, "weights[slot] = select(run.others, run.diagonal, flagged && own.x == own.y);");

/** Weights are the cotangents of a Gram matrix [rows, columns], both of a pair where it is symmetric. */
export const describeCotangents = (workgroupSize: number): string =>
  describe(
    workgroupSize,
    `var weight = cotangent[own.x * run.columns + own.y];
  if (flagged && own.x != own.y) { weight += cotangent[own.y * run.columns + own.x]; }
  weights[slot] = weight;`,
    "@group(0) @binding(6) var<storage, read> cotangent: array<f32>;",
  );

/** One workgroup adds Σ weight · value of a chunk to sums[term], in one order. */
export const weighResults = (lanes: number): string => /* wgsl */ `
${pairPass}
@group(0) @binding(0) var<uniform> run: PairPass;
@group(0) @binding(1) var<storage, read> results: array<vec2f>; // value, binary exponent
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;
var<workgroup> partial: array<f32, ${lanes}>;

@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0f;
  for (var i = lane; i < run.slots; i += ${lanes}u) { sum += weights[i] * ldexp(results[i].x, i32(results[i].y)); }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0.0f;
    for (var l = 0u; l < ${lanes}u; l += 1u) { total += partial[l]; }
    sums[run.term] += total;
  }
}
`;

/**
 * A thread takes one slot and writes its value to the Gram matrix [rows, columns], on both sides where it is symmetric.
 * Values beyond float32 become the largest float32 and are counted.
 */
export const scatterResults = (workgroupSize: number): string => /* wgsl */ `
${pairPass}
@group(0) @binding(0) var<uniform> run: PairPass;
@group(0) @binding(1) var<storage, read> list: array<vec2u>;
@group(0) @binding(2) var<storage, read> results: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> gram: array<f32>;
@group(0) @binding(4) var<storage, read_write> overflow: atomic<u32>;

@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let slot = id.x + id.y * groups.x * ${workgroupSize}u;
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
  if ((run.flags & 1u) != 0u) { gram[own.y * run.columns + own.x] = value; }
}
`;
