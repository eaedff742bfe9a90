/**
 * Weighted squared distance of two vectors of words, Σ weight (x − y)², and its derivative by x.
 *
 * One workgroup: lane l takes words l, l + 256, …, writes their derivatives to `derivative`, and the lanes add up in a
 * fixed tree to `value`.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";

export const wordDistance = declareKernel({
  label: "distance of words",
  workgroupSize: 256,
  uniform: { words: "u32" },
  bindings: {
    x: read("array<f32>"),
    y: read("array<f32>"),
    weight: read("array<f32>"),
    derivative: readWrite("array<f32>"),
    value: readWrite("array<f32>"),
  },
  body: /* wgsl */ `
var<workgroup> partial: array<f32, 256>;

fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0f;
  for (var w = lane; w < run.words; w += 256u) {
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
`,
});
