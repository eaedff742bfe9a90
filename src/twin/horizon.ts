/** The horizon term in float64: which neurons' next spikes may cross t1, and what that gives. */
import type { HazardEvent } from "../cell/crossing-law.js";
import type { CompiledCell } from "../cell/emit-js.js";
import type { SolvePlan } from "../plan/plan.js";
import { planOfPath } from "../plan/sampled-values.js";
import type { Operation, PathResult } from "./forward.js";
import { drawFurther } from "./noise.js";
import { neuronParameters, plannedCurrent } from "./of-neurons.js";

/** A spike that might come at t1 as well: of a neuron, by an event of the cell's table. */
export interface PendingSpike {
  readonly neuron: number;
  readonly event: number;
}

/**
 * The spikes whose hazard has come so far at t1 that a uniform decides of them: E - log u is above 0, u the uniform that E
 * was set by. (Where it is at 0 the hazard may only begin there: then it must be above 0.) None in a path that stopped.
 * @param result with its operations.
 */
export function pendingSpikes(
  plan: SolvePlan,
  cell: CompiledCell,
  events: readonly HazardEvent[],
  result: PathResult,
): PendingSpike[] {
  if (!result.reachedEnd) return [];
  const own = planOfPath(plan, result.path);
  const p = neuronParameters(own);
  /** The last event of each kind of each neuron. */
  const last = new Map<string, Operation & { kind: "fire" }>();
  for (const op of result.operations) if (op.kind === "fire") last.set(`${op.neuron} ${op.event}`, op);
  return result.final.flatMap((y, neuron) =>
    events.flatMap(({ event, start, again }) => {
      const fired = last.get(`${neuron} ${event}`);
      const number = fired ? again : start;
      drawFurther(cell, plan, result.path, neuron, fired?.drawn ?? 0);
      const u = number > 0 ? cell.further[number - 1]! : (fired?.u ?? result.startUniforms[neuron]!);
      const come = cell.happenings[event]!.surface(y, p[neuron]!) - Math.log(u);
      return come > 0 || (come === 0 && rate(own, cell, { neuron, event }, y, p[neuron]!) > 0)
        ? [{ neuron, event }]
        : [];
    }),
  );
}

/** How fast the surface of an event rises at t1. */
function rate(
  plan: SolvePlan,
  cell: CompiledCell,
  { neuron, event }: PendingSpike,
  y: Float64Array,
  p: Float64Array,
): number {
  const [slope, eBar] = [new Float64Array(y.length), new Float64Array(y.length)];
  const still = new Float64Array(plan.network.cell.channels.length);
  cell.flow(slope, y, p, plannedCurrent(plan, plan.steps - 1, neuron), still);
  cell.happenings[event]!.surfaceGradient(eBar, new Float64Array(p.length + 1), y, p);
  return eBar.reduce((sum, d, i) => sum + d * slope[i]!, 0);
}
