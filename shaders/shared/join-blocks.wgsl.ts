/**
 * Joins the block sums of `reduceRows` to the sum of a row, in one order whatever the chunking: lane l of 64 adds blocks
 * l, l + 64, … and the lanes add up in a fixed tree. Needs `blocks` [rows][all_blocks] (sum, squared deviations). Every
 * lane of a workgroup of 64 calls it.
 */
export const joinBlocks = /* wgsl */ `
var<workgroup> partial: array<f32, 64>;

fn row_sum(row: u32, all_blocks: u32, lane: u32) -> f32 {
  var sum = 0.0f;
  for (var b = lane; b < all_blocks; b += 64u) { sum += blocks[row * all_blocks + b].x; }
  partial[lane] = sum;
  workgroupBarrier();
  for (var stride = 32u; stride > 0u; stride = stride >> 1u) {
    if (lane < stride) { partial[lane] += partial[lane + stride]; }
    workgroupBarrier();
  }
  return partial[0];
}
`;
