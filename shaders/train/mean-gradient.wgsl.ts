/**
 * Gradient from the block sums of its rows (row 0 is the value's): a thread takes one entry and writes its mean over all
 * paths. An entry that is not finite sets a bit of `halted`.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { joinBlocks } from "../shared/join-blocks.wgsl.js";
import { haltBits } from "./verdict.wgsl.js";

export const meanGradient = declareKernel({
  label: "mean gradient",
  workgroupSize: 64,
  uniform: { entries: "u32", samples: "u32", allBlocks: "u32" },
  bindings: {
    blocks: read("array<vec2f>"),
    gradient: readWrite("array<f32>"),
    halted: readWrite("array<atomic<u32>>"),
  },
  body: /* wgsl */ `
${joinBlocks}
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= run.entries) { return; }
  let mean = row_sum(id.x + 1u, run.all_blocks) / f32(run.samples);
  gradient[id.x] = mean;
  // By its bits: compilers may assume that there are no others than finite numbers.
  if ((bitcast<u32>(mean) & 0x7f800000u) == 0x7f800000u) { atomicOr(&halted[0], ${haltBits.gradient}u); }
}
`,
});
