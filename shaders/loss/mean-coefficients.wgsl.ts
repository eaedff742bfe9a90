/**
 * Derivative of a loss of mean features by each mean.
 *
 * A thread takes one feature: joins its block sums to the mean over all paths, and writes the derivative of
 * weight · φ(mean − target) to `coefficients`: φ(x) = x, x² or |x|.
 */
import { joinBlocks } from "../shared/join-blocks.wgsl.js";

export type MeanDistance = "identity" | "square" | "absolute";

const derivative: Record<MeanDistance, string> = { identity: "1.0f", square: "2.0f * d", absolute: "sign(d)" };

export const meanCoefficients = (distance: MeanDistance): string => /* wgsl */ `
struct Means { samples: u32, all_blocks: u32, weight: f32, count: u32 }
@group(0) @binding(0) var<uniform> means: Means;
@group(0) @binding(1) var<storage, read> blocks: array<vec2f>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read_write> coefficients: array<f32>;
${joinBlocks}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= means.count) { return; }
  let d = row_sum(id.x, means.all_blocks) / f32(means.samples) - targets[id.x];
  coefficients[id.x] = means.weight * ${derivative[distance]};
}
`;
