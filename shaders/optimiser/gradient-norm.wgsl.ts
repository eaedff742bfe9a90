/**
 * Euclidean norm of the gradient by the unconstrained coordinates, clipped entry by entry.
 *
 * One workgroup takes all entries: first the largest, then the sum of squares against it, so that neither squares
 * overflow nor small ones vanish. Each lane takes every 64th entry, and lanes are joined in a fixed tree. Reads
 * `entries`, `gradient` and x in `state`; writes `norm`. (A barrier costs a software adapter as much as a few dozen
 * entries: of 32 to 256 lanes the fewest were fastest at 300 entries, by three times.)
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { trained } from "./trained.wgsl.js";

export const gradientNorm = declareKernel({
  label: "gradient norm",
  workgroupSize: 64,
  uniform: {
    /** Entries of all groups. */
    size: "u32",
    clipValue: "f32",
  },
  bindings: {
    entries: read("array<Entry>"),
    gradient: read("array<f32>"),
    state: read("array<f32>"),
    norm: readWrite("array<f32>"),
  },
  body: /* wgsl */ `
${trained}
var<workgroup> partial: array<f32, 64>;

fn slope(i: u32) -> f32 {
  let entry = entries[i];
  let s = gradient[entry.gradient] * parameter_slope(entry, state[i], state[run.size + i]);
  return clamp(s, -run.clip_value, run.clip_value);
}

fn main(@builtin(local_invocation_index) lane: u32) {
  var largest = 0.0f;
  for (var i = lane; i < run.size; i += 64u) { largest = max(largest, abs(slope(i))); }
  partial[lane] = largest;
  workgroupBarrier();
  for (var stride = 32u; stride > 0u; stride = stride >> 1u) {
    if (lane < stride) { partial[lane] = max(partial[lane], partial[lane + stride]); }
    workgroupBarrier();
  }
  largest = partial[0];
  workgroupBarrier();
  let scale = 1.0f / max(largest, 1.2e-38f);
  var squares = 0.0f;
  for (var i = lane; i < run.size; i += 64u) {
    let s = slope(i) * scale;
    squares += s * s;
  }
  partial[lane] = squares;
  workgroupBarrier();
  for (var stride = 32u; stride > 0u; stride = stride >> 1u) {
    if (lane < stride) { partial[lane] += partial[lane + stride]; }
    workgroupBarrier();
  }
  if (lane == 0u) { norm[0] = largest * sqrt(partial[0]); }
}
`,
});
