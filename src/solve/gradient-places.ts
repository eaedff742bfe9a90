/** Where a path's gradient rows lie. */
import type { BackwardNetworkShape } from "../../shaders/solve/backward-network.wgsl.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";

/** Where the gradient rows of the requested parameters, the current, the weights and delays begin; -1 where not asked for. */
export function gradientPlaces(
  plan: SolvePlan,
  views: readonly View[],
): Pick<BackwardNetworkShape, "gradientRows" | "entries" | "currentRow" | "weightRow" | "delayRow"> {
  const gradientRows: { parameter: number; row: number; perNeuron: boolean }[] = [];
  let [currentRow, weightRow, delayRow, row] = [-1, -1, -1, 0];
  for (const view of views) {
    if (view.name === "current") currentRow = row;
    else if (view.name === "weights") weightRow = row;
    else if (view.name === "delays") delayRow = row;
    else {
      const parameter = plan.network.cell.parameters.indexOf(view.name);
      gradientRows.push({ parameter, row, perNeuron: view.neuronStride > 0 });
    }
    row += view.length;
  }
  return { gradientRows, entries: row, currentRow, weightRow, delayRow };
}
