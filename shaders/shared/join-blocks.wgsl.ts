/**
 * Joins the block sums of `reduceRows` to the sum of a row, in one order whatever the chunking: blocks in runs of 64, so
 * that rounding does not grow with their number. Needs `blocks` [rows][all_blocks] (sum, squared deviations).
 */
export const joinBlocks = /* wgsl */ `
fn row_sum(row: u32, all_blocks: u32) -> f32 {
  var sum = 0.0f;
  for (var b = 0u; b < all_blocks; b += 64u) {
    var part = 0.0f;
    for (var c = b; c < min(b + 64u, all_blocks); c += 1u) { part += blocks[row * all_blocks + c].x; }
    sum += part;
  }
  return sum;
}
`;
