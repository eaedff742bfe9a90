/** Why a neuron fires again and again: which jump leaves its event function where, or how fast that rises. */
import type { CompiledCell } from "../cell/emit-js.js";
import type { SolvePlan } from "../plan/plan.js";

/** A neuron about to fire once more. */
export interface FiringAgain {
  /** Its state since its last jump, where the sub-step to the event begins; and at the event. */
  readonly before: Float64Array;
  readonly landed: Float64Array;
  readonly parameters: Float64Array;
  readonly current: number;
  /** The uniform of the event. */
  readonly u: number;
  /** The event, by number. */
  readonly event: number;
}

const three = (x: number): string => String(Number(x.toPrecision(3)));

/** The cause in words, with its value and the mend. */
export function causeOfFiring(plan: SolvePlan, cell: CompiledCell, firing: FiringAgain): string {
  const { before, landed, parameters: p, current, u } = firing;
  const n = landed.length;
  const after = new Float64Array(n);
  cell.happenings[firing.event]!.jump(after, landed, p, u);
  const { name } = cell.cell.events[firing.event]!;
  if (/^(condition|.* again)/.test(name)) {
    return "it slides along the surface of a condition, whose branches both lead back to it; smooth the condition";
  }
  const left = cell.event(after, p);
  if (!(left < 0)) return `its reset leaves the event function at ${three(left)}, not below 0; make the reset larger`;
  const lifted = cell.event(before, p);
  const largest = plan.network.connections.weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  if (lifted >= 0) {
    return `arriving spikes leave its event function at ${three(lifted)}, not below 0; check the weights, of ${three(largest)} at most`;
  }
  const [slope, gradient] = [new Float64Array(n), new Float64Array(n)];
  cell.flow(slope, landed, p, current, new Float64Array(cell.cell.channels.length));
  cell.eventGradient(gradient, new Float64Array(p.length + 1), landed, p);
  const rate = gradient.reduce((sum, g, i) => sum + g * slope[i]!, 0);
  const top = p.reduce((most, value, i) => (Math.abs(value) > Math.abs(p[most]!) ? i : most), 0);
  const parameter = p.length > 0 ? ` (${cell.cell.parameters[top]} = ${three(p[top]!)} the largest)` : "";
  const weights = largest > 0 ? `weights (${three(largest)} at most), ` : "";
  return (
    `its event function rises at a rate of ${three(rate)}, too fast for dt = ${plan.dt}; ` +
    `take a smaller dt, or check ${weights}currents (${three(current)} here) and parameters${parameter}`
  );
}
