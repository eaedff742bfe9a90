/** What of a cell moves with some parameters, and what moves by chance: read off its equations, as a closure over who reads whom. */
import { parameterInput, stateInput } from "../cell/cell.js";
import { amplitudesOf } from "../cell/channels.js";
import { inputNames, type Node } from "../cell/graph.js";
import { isRandom } from "../cell/random.js";
import type { Event } from "../cell/tables.js";
import { activeChannels } from "./channels.js";
import { segmentName, segmentsOf, type View } from "./layout.js";
import type { SolvePlan } from "./plan.js";

/** Names of inputs of the cell's equations, with those of states that follow from them: by flow, by jumps, by when these come. */
function closure({ network }: SolvePlan, moved: Set<string>, isMoved: (name: string) => boolean): Set<string> {
  const { cell, connections } = network;
  const reads = (nodes: readonly Node[]): boolean => [...inputNames(nodes)].some((n) => moved.has(n) || isMoved(n));
  const sent = connections.targets.length > 0;
  for (let before = -1; before < moved.size; ) {
    before = moved.size;
    const movedEvents = cell.events.filter((e) => reads([e.surface]));
    const arriving = sent && movedEvents.some((e) => e.emits);
    cell.states.forEach((state, i) => {
      const own = cell.channels.flatMap((c) =>
        c.drives.some((d) => d.state === i)
          ? amplitudesOf([{ ...c, drives: c.drives.filter((d) => d.state === i) }])
          : [],
      );
      const jumps = cell.jumps.some((jump) => {
        const value = jump.value[i]!;
        if (value === cell.graph.input(stateInput(state))) return false;
        const arrives = jump.inputs.includes("w") && arriving;
        return arrives || movedEvents.some((e) => e.jump === jump) || reads([value]);
      });
      if (jumps || reads([cell.drift[i]!, ...own])) moved.add(stateInput(state));
    });
  }
  return moved;
}

/** What moves with the parameters of a gradient. */
export function movedBy(plan: SolvePlan, views: readonly View[]): Set<string> {
  const { network } = plan;
  const moved = new Set<string>();
  for (const view of views) {
    const segment = segmentName(network, view.segment);
    if (segment === "current") moved.add("I");
    else if (segment === "weights" || segment === "delays" || segment === "times") moved.add("w");
    else if (view.state !== undefined) moved.add(stateInput(network.cell.states[view.state]!));
    else moved.add(parameterInput(segment));
  }
  return closure(plan, moved, () => false);
}

/** Events that come by chance, so that they come together with others, or just touch, with probability 0. */
export function byChance(plan: SolvePlan, views: readonly View[]): ReadonlySet<Event> {
  const { cell } = plan.network;
  const driven = activeChannels(plan, segmentsOf(views)).flatMap((c) => cell.channels[c]!.drives.map((d) => d.state));
  const moved = new Set(driven.map((i) => stateInput(cell.states[i]!)));
  // By when jumps come too: what one does at a random time is random.
  const found = closure(plan, moved, isRandom);
  return new Set(cell.events.filter((e) => [...inputNames([e.surface])].some((n) => found.has(n))));
}
