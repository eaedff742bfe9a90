/**
 * Euclidean norm of the gradient by the unconstrained coordinates, clipped entry by entry.
 *
 * One workgroup takes all entries: first the largest, then the sum of squares against it, so that neither squares
 * overflow nor small ones vanish. Each lane takes every 64th entry, and lanes are joined in a fixed tree. Reads
 * `entries`, `gradient` and x in `state`; writes `norm`. (A barrier costs a software adapter as much as a few dozen
 * entries: of 32 to 256 lanes the fewest were fastest at 300 entries, by three times.)
 */
import { trained } from "./trained.wgsl.js";

export const gradientNorm = /* wgsl */ `
${trained}
@group(0) @binding(0) var<uniform> update: Update;
@group(0) @binding(1) var<storage, read> entries: array<Entry>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<f32>;
@group(0) @binding(4) var<storage, read_write> norm: array<f32>;

var<workgroup> partial: array<f32, 64>;

fn slope(i: u32) -> f32 {
  let entry = entries[i];
  let s = gradient[entry.gradient] * parameter_slope(entry, state[i], state[update.size + i]);
  return clamp(s, -update.clip_value, update.clip_value);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var largest = 0.0f;
  for (var i = lane; i < update.size; i += 64u) { largest = max(largest, abs(slope(i))); }
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
  for (var i = lane; i < update.size; i += 64u) {
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
`;
