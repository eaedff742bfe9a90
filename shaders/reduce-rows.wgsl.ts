/**
 * Sum and spread of rows of per-path numbers, block by block.
 *
 * A workgroup takes one block of 256 paths of one row: sums them in a fixed tree, then sums the squared deviations from
 * the block's own mean, so that no digits cancel. Reads `rows` [rows][paths]; writes (sum, squared deviations) to
 * `blocks` [rows][all blocks]. Blocks are counted from the first path of all, so results do not depend on the chunking.
 */
export const reduceRows = /* wgsl */ `
struct Reduce {
  paths: u32,       // of this chunk
  first_block: u32, // of this chunk
  all_blocks: u32,
  row_offset: u32,  // where the rows begin in the table
}
@group(0) @binding(0) var<uniform> reduce: Reduce;
@group(0) @binding(1) var<storage, read> rows: array<f32>;
@group(0) @binding(2) var<storage, read_write> blocks: array<vec2f>;

var<workgroup> partial: array<f32, 256>;

fn block_sum(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var stride = 128u; stride > 0u; stride = stride >> 1u) {
    if (lane < stride) { partial[lane] += partial[lane + stride]; }
    workgroupBarrier();
  }
  let total = partial[0];
  workgroupBarrier();
  return total;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.x * 256u + lane;
  let row = group.y;
  let inside = i < reduce.paths;
  var value = 0.0f;
  if (inside) { value = rows[(reduce.row_offset + row) * reduce.paths + i]; }
  let sum = block_sum(lane, value);
  let mean = sum / f32(min(256u, reduce.paths - group.x * 256u));
  let deviation = select(0.0f, value - mean, inside);
  let squares = block_sum(lane, deviation * deviation);
  if (lane == 0u) { blocks[row * reduce.all_blocks + reduce.first_block + group.x] = vec2f(sum, squares); }
}
`;
