/**
 * Where a loss of states jumps: a state at a time jumps, as a function of the parameters, when an event that makes it jump
 * crosses that time. Pathwise gradients see how states move, and not that.
 */
import { stateInput } from "../cell/cell.js";
import type { Jump } from "../cell/tables.js";
import type { SolvePlan } from "../plan/plan.js";

/** In words what such gradients leave out, with the mend; undefined where nothing that jumps is looked at. */
export function statesThatJump({ network, observed }: SolvePlan): string | undefined {
  const { cell, connections } = network;
  // No event crosses t0.
  if (!observed?.steps.some((s) => s > 0)) return undefined;
  const moves = ({ value }: Jump, s: number): boolean =>
    !(value[s]!.op === "input" && value[s]!.name === stateInput(cell.states[s]!));
  const seen = new Set(observed.neurons);
  // Input spikes come at their times, whatever the parameters.
  const sent = connections.rowStart[network.neurons]!;
  const arrivals = connections.targets.subarray(0, sent).some((j) => seen.has(j));
  const receives = cell.jumps.filter((jump) => jump.inputs.includes("w"));
  for (const s of observed.states) {
    const event = cell.events.find((e) => e.jump && moves(e.jump, s));
    const arrival = arrivals && receives.some((jump) => moves(jump, s));
    if (!event && !arrival) continue;
    const name = cell.states[s];
    const when = event ? `at the event ${event.name}` : "where a spike arrives";
    return (
      `it looks at ${name} at given times, which jumps ${when}: what events that cross those times add is missing; ` +
      `look at a state that no event moves, such as an integral (x' = ${name})`
    );
  }
  return undefined;
}
