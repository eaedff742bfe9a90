/** Spike times of all paths with their derivatives, by the float64 twin. */
import { horizonOf } from "../loss/horizon.js";
import { directionsOf, parameterLayout, segmentsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { Sensitivities } from "../spikes/sensitivities.js";
import { emptyTable } from "../spikes/table.js";
import { compileFor } from "./compile.js";
import { eachPath } from "./evaluate.js";
import type { PathResult, PathSpike } from "./forward.js";
import { pendingSpikes } from "./horizon.js";
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
    directionsOf(v, plan.samples?.count).map(({ first, end }) =>
      new Float64Array(layout.gradientSize).fill(1, v.offset + first, v.offset + end),
    ),
  );
  const { events, lacks } = horizonOf(plan, segmentsOf(views));
  const perPath = plan.network.neurons * along.length;
  const horizon = events.length > 0 ? new Float64Array(plan.paths * perPath) : undefined;
  const rows: { spikes: PathSpike[]; derivatives: Float64Array[] }[] = [];
  const visit = (path: number, result: PathResult): void => {
    const { spikes } = result;
    const pending = pendingSpikes(plan, cell, events, result);
    const derivatives = pathSensitivities(plan, layout, cell, result, along, pending);
    pending.forEach(({ neuron }, n) => {
      const at = path * perPath + neuron * along.length;
      derivatives[spikes.length + n]!.forEach((moved, d) => {
        horizon![at + d]! += moved;
      });
    });
    rows.push({ spikes, derivatives });
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
  const directions = along.length;
  return { table, directions, derivatives, horizon, horizonLacks: lacks, warnings: plan.warnings };
}
