/**
 * Derivative of a loss of mean features by each mean.
 *
 * A thread takes one feature: joins its block sums to the mean over all paths, and writes the derivative of
 * weight · φ(mean − target) to `coefficients`: φ(x) = x, x², |x|, or x² where x is
 * above 0, or below, and else 0.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { joinBlocks } from "../shared/join-blocks.wgsl.js";

export type MeanDistance = "identity" | "square" | "absolute" | "above" | "below";

const derivative: Record<MeanDistance, string> = {
  identity: "1.0f",
  square: "2.0f * d",
  absolute: "sign(d)",
  above: "2.0f * max(d, 0.0f)",
  below: "2.0f * min(d, 0.0f)",
};

export const meanCoefficients = (distance: MeanDistance) =>
  declareKernel({
    label: `coefficients of means, ${distance}`,
    workgroupSize: 64,
    uniform: { features: "u32", samples: "u32", allBlocks: "u32", weight: "f32" },
    bindings: { blocks: read("array<vec2f>"), targets: read("array<f32>"), coefficients: readWrite("array<f32>") },
    body: /* wgsl */ `
${joinBlocks}
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= run.features) { return; }
  let d = row_sum(id.x, run.all_blocks) / f32(run.samples) - targets[id.x];
  coefficients[id.x] = run.weight * ${derivative[distance]};
}
`,
  });
