/** The backward kernel of one neuron per path. Loaded with the first gradient: a page that simulates does without. */
import type { InitialRow } from "../../shaders/shared/gradient-rows.wgsl.js";
import { backwardSingle } from "../../shaders/solve/backward-single.wgsl.js";
import { eventIsAffine } from "../cell/functions.js";
import type { Gpu, KernelOf } from "../gpu/index.js";
import { segmentsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { solverShape } from "./shape.js";
import { processorBurst } from "./uniform.js";

/** Sub-steps between two looks at events: as in the forward kernel, but events cost less, as nothing is located. */
const burstOf = (gpu: Gpu): number => (gpu.adapter.backend === "simd" ? processorBurst : 8);

/** @param views the parameters to differentiate by, whose gradients lie one after another in a path's rows. */
export async function backwardKernel(
  gpu: Gpu,
  plan: SolvePlan,
  views: readonly View[],
  workgroupSize: number,
): Promise<KernelOf<typeof backwardSingle>> {
  const { cell } = plan.network;
  const gradientRows: { parameter: number; row: number }[] = [];
  let currentRow = -1;
  let entries = 0;
  const initialRows: InitialRow[] = [];
  for (const { segment, length, state } of views) {
    if (state !== undefined) initialRows.push({ state, row: entries, first: 0, end: 1 });
    else if (segment === "current") currentRow = entries;
    else if (segment !== "weights") gradientRows.push({ parameter: cell.parameters.indexOf(segment), row: entries });
    entries += length;
  }
  const names = segmentsOf(views);
  const shape = await solverShape(plan, "reverse", names);
  const affineEvent = eventIsAffine(shape.functions);
  return gpu.kernel(
    backwardSingle(
      { ...shape, affineEvent, workgroupSize, burst: burstOf(gpu), gradientRows, entries, currentRow, initialRows },
      `backward ${cell.name} ${plan.method}`,
    ),
  );
}
