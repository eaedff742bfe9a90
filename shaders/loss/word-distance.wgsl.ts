/**
 * Weighted squared distance of two vectors of words, Σ weight (x − y)², and its derivative by x.
 *
 * One workgroup: lane l takes words l, l + 256, …, writes their derivatives to `derivative`, and the lanes add up in a
 * fixed tree to `value`.
 */
export const wordDistance = /* wgsl */ `
struct Words { count: u32 }
@group(0) @binding(0) var<uniform> words: Words;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> derivative: array<f32>;
@group(0) @binding(5) var<storage, read_write> value: array<f32>;

var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0f;
  for (var w = lane; w < words.count; w += 256u) {
    let d = x[w] - y[w];
    let slope = weight[w] * d;
    derivative[w] = 2.0f * slope;
    sum += slope * d;
  }
  partial[lane] = sum;
  workgroupBarrier();
  for (var stride = 128u; stride > 0u; stride = stride >> 1u) {
    if (lane < stride) { partial[lane] += partial[lane + stride]; }
    workgroupBarrier();
  }
  if (lane == 0u) { value[0] = partial[0]; }
}
`;
