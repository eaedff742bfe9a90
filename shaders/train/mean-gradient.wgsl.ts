/**
 * Gradient from the block sums of its rows (row 0 is the value's): a thread takes one entry and writes its mean over all
 * paths. An entry that is not finite sets a bit of `halted`.
 */
import { joinBlocks } from "../shared/join-blocks.wgsl.js";
import { haltBits } from "./verdict.wgsl.js";

export const meanGradient = /* wgsl */ `
struct Means { entries: u32, samples: u32, all_blocks: u32 }
@group(0) @binding(0) var<uniform> means: Means;
@group(0) @binding(1) var<storage, read> blocks: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> halted: array<atomic<u32>>;
${joinBlocks}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= means.entries) { return; }
  let mean = row_sum(id.x + 1u, means.all_blocks) / f32(means.samples);
  gradient[id.x] = mean;
  // By its bits: compilers may assume that there are no others than finite numbers.
  if ((bitcast<u32>(mean) & 0x7f800000u) == 0x7f800000u) { atomicOr(&halted[0], ${haltBits.gradient}u); }
}
`;
