/**
 * The horizon term of a gradient (docs/mathematics.md, "What appears and vanishes at t1"): of losses that jump where a
 * spike crosses t1, what the spikes that appear and vanish there add to the derivative of the mean. It is known for
 * spikes that a hazard sets off; what is known of a plan is said here.
 */
import { type HazardEvent, hazardEvents } from "../cell/crossing-law.js";
import { activeChannels } from "../plan/channels.js";
import type { SolvePlan } from "../plan/plan.js";

export interface Horizon {
  /** The spikes of the cell that a hazard sets off: of these there is a term. */
  readonly events: readonly HazardEvent[];
  /** What the term leaves out, in words, with its mend; absent where it is whole. */
  readonly lacks?: string;
}

/** @param names the parameters to differentiate by. */
export function horizonOf(plan: SolvePlan, names: readonly string[]): Horizon {
  const { cell, neurons } = plan.network;
  const hazards = hazardEvents(cell, activeChannels(plan, names));
  const emitting = cell.events.flatMap((e, event) => (e.emits ? [{ ...e, event }] : []));
  const events = hazards.filter(({ event }) => cell.events[event]!.emits);
  const other = emitting.find(({ event }) => !events.some((e) => e.event === event));
  if (other) {
    const which = emitting.length > 1 ? ` of the event ${other.name}` : "";
    const hazard = 'let a hazard set it off (s\' = exp((v - vTh) / d), event "s", s = log(u) at start and reset)';
    return { events, lacks: `spikes${which} that cross t1 come by no hazard, and how likely is not known; ${hazard}` };
  }
  // Of several that may come in one path, one that ends it is a horizon of its own to the others.
  if (cell.events.some((e) => e.terminal) && (neurons > 1 || cell.events.length > 1)) {
    const ends = "an event ends paths before t1, and spikes that cross its time are missing";
    return { events, lacks: `${ends}; let no event end the path` };
  }
  return { events };
}
