/** Spike times of all paths with their derivatives, by the float64 twin. */

import { parameterLayout, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { Sensitivities } from "../spikes/sensitivities.js";
import { emptyTable } from "../spikes/table.js";
import { compileFor } from "./compile.js";
import { eachPath } from "./evaluate.js";
import type { PathResult, PathSpike } from "./forward.js";
import { pathSensitivities } from "./sensitivity.js";

/** Spike times and their derivatives on the CPU. */
export async function sensitivitiesCpu(
  plan: SolvePlan,
  views: readonly View[],
  progress?: (pathsDone: number) => void,
): Promise<Sensitivities> {
  const cell = compileFor(plan);
  const layout = parameterLayout(plan);
  const along = views.flatMap((v) =>
    Array.from({ length: v.length }, (_, i) => {
      const direction = new Float64Array(layout.size);
      direction[v.offset + i] = 1;
      return direction;
    }),
  );
  const rows: { spikes: PathSpike[]; derivatives: Float64Array[] }[] = [];
  const visit = (_: number, result: PathResult): void => {
    rows.push({ spikes: result.spikes, derivatives: pathSensitivities(plan, layout, cell, result, along) });
  };
  await eachPath(plan, cell, true, visit, progress);
  const width = plan.maxSpikes > 0 ? plan.maxSpikes : rows.reduce((most, r) => Math.max(most, r.spikes.length), 1);
  const table = emptyTable(plan.paths, width, plan.t1);
  const derivatives = new Float64Array(plan.paths * width * along.length);
  rows.forEach((r, path) => {
    table.counts[path] = r.spikes.length;
    r.spikes.forEach((s, n) => {
      table.times[path * width + n] = plan.t0 + (s.step + s.fraction) * plan.dt;
      table.neurons[path * width + n] = s.neuron;
      derivatives.set(r.derivatives[n]!, (path * width + n) * along.length);
    });
  });
  return { table, directions: along.length, derivatives, warnings: plan.warnings };
}
