/** Where a path's gradient rows lie. */
import type {
  GradientRow,
  GradientTable,
  InitialRow,
  PartRow,
  PlacedRows,
} from "../../shaders/shared/gradient-rows.wgsl.js";
import { timesSegment, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";

/** Rows one after another whose places are too, as one. */
function joined(rows: PlacedRows[]): PlacedRows[] {
  const all: PlacedRows[] = [];
  for (const next of rows.sort((a, b) => a.first - b.first)) {
    const last = all.at(-1);
    if (last && last.end === next.first && last.row + last.end - last.first === next.row)
      all[all.length - 1] = { ...last, end: next.end };
    else all.push(next);
  }
  return all;
}

/** Where the gradient rows of the requested parameters, the current, the weights and delays begin. */
export function gradientPlaces(plan: SolvePlan, views: readonly View[]): GradientTable {
  const { network, current } = plan;
  const gradientRows: GradientRow[] = [];
  const parts: PartRow[] = [];
  const initialRows: InitialRow[] = [];
  const timeRows: PlacedRows[] = [];
  const placed = { weights: [] as PlacedRows[], delays: [] as PlacedRows[] };
  let [currentRow, row] = [-1, 0];
  for (const { segment, part, neuronStride, length, state } of views) {
    const perNeuron = neuronStride > 0;
    const some = part && (part.first > 0 || part.end < network.neurons) ? part : undefined;
    if (state !== undefined) initialRows.push({ state, row, ...part! });
    else if (segment === timesSegment) timeRows.push({ row, ...part! });
    else if (segment === "weights" || segment === "delays") {
      if (length > 0) placed[segment].push({ ...(part ?? { first: 0, end: length }), row });
    } else if (segment === "current") {
      if (!some) currentRow = row;
      else {
        const { samples, stepsPerSample } = current.parts?.find(({ first }) => first === some.first) ?? current;
        const sampled = samples > 1 ? { samples: { count: samples, steps: stepsPerSample } } : {};
        parts.push({ from: "grad_current", ...some, row, perNeuron, ...sampled });
      }
    } else {
      const parameter = network.cell.parameters.indexOf(segment);
      if (some) parts.push({ from: `grad_${parameter}`, ...some, row, perNeuron });
      else gradientRows.push({ parameter, row, perNeuron });
    }
    row += length;
  }
  return {
    gradientRows,
    parts,
    entries: row,
    currentRow,
    weightRows: joined(placed.weights),
    delayRows: joined(placed.delays),
    initialRows,
    timeRows,
  };
}
