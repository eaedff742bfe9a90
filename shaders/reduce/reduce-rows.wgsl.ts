/**
 * Sum and spread of rows of per-path numbers, block by block.
 *
 * A workgroup of 32 lanes takes one block of 256 paths of one row: each lane sums eight of them, a fixed tree joins the
 * lanes; then the same for the squared deviations from the block's own mean, so that no digits cancel. Reads `rows`
 * [rows][paths]; writes (sum, squared deviations) to `blocks` [rows][all blocks]. Blocks are counted from the first path
 * of all, so results do not depend on the chunking. Antithetic paths count as one number for each pair, its mean.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";

export const reduceRows = (pairs: boolean) =>
  declareKernel({
    label: "reduce rows",
    workgroupSize: 32,
    uniform: {
      /** Of this chunk. */
      paths: "u32",
      /** Of this chunk. */
      firstBlock: "u32",
      allBlocks: "u32",
      /** Where the rows begin in the table. */
      rowOffset: "u32",
    },
    bindings: { rows: read("array<f32>"), blocks: readWrite("array<vec2f>") },
    body: /* wgsl */ `
const lanes = 32u;
const each = ${pairs ? 4 : 8}u;
const block = ${pairs ? 128 : 256}u;
var<workgroup> partial: array<f32, 32>;

fn block_sum(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var stride = lanes / 2u; stride > 0u; stride = stride >> 1u) {
    if (lane < stride) { partial[lane] += partial[lane + stride]; }
    workgroupBarrier();
  }
  let total = partial[0];
  workgroupBarrier();
  return total;
}

fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let samples = run.paths${pairs ? " / 2u" : ""};
  let first = group.x * block + lane;
  let base = (run.row_offset + group.y) * run.paths;
  var values: array<f32, each>;
  var own = 0.0f;
  for (var n = 0u; n < each; n += 1u) {
    let i = first + n * lanes;
    if (i < samples) { values[n] = ${pairs ? "0.5f * (rows[base + 2u * i] + rows[base + 2u * i + 1u])" : "rows[base + i]"}; }
    own += values[n];
  }
  let sum = block_sum(lane, own);
  let mean = sum / f32(min(block, samples - group.x * block));
  var squares = 0.0f;
  for (var n = 0u; n < each; n += 1u) {
    let deviation = select(0.0f, values[n] - mean, first + n * lanes < samples);
    squares += deviation * deviation;
  }
  let all = block_sum(lane, squares);
  if (lane == 0u) { blocks[group.y * run.all_blocks + run.first_block + group.x] = vec2f(sum, all); }
}
`,
  });
