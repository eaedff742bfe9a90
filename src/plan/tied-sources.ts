/** Spikes of sources at one time, by whose times derivatives are of one order. */
import { movesEvent } from "../cell/exactness.js";
import { jumpNamed, portName } from "../cell/tables.js";
import { Effort } from "../cell/vanishing.js";
import { judgedCells } from "../network/judged-cells.js";
import type { Network } from "../network/network.js";
import { timesSegment, type View } from "./layout.js";
import type { SolvePlan } from "./plan.js";

/**
 * Where spikes of sources come at one time and may set off an event at once, each alone or together: then the solution has a corner
 * there, and derivatives by their times are those of the order in which they are taken.
 */
export function tiedSources({ network, samples, t0, dt }: SolvePlan, views: readonly View[]): string[] {
  const { agenda } = samples!;
  if (!agenda || !views.some(({ segment }) => segment === timesSegment)) return [];
  const { offsets, all } = agenda;
  for (let s = 0; s + 1 < offsets.length; s++) {
    for (let x = offsets[s]! + 1; x < offsets[s + 1]!; x++) {
      if (all.at[x] !== all.at[x - 1] || all.neurons[x - 1]! < network.neurons) continue;
      if (!fireAtOnce(network)) return [];
      const time = t0 + all.at[x]! * dt;
      return [
        `sources send at one time (sample ${s}, at ${time}): where such spikes set off an event together, derivatives by their times are ` +
          "those of one order, of which the sum alone says how the loss moves; let them come apart, or at a port that moves no event function",
      ];
    }
  }
  return [];
}

/** Whether an arrival moves an event function of a cell: of a neuron's, or of any. */
export const fireAtOnce = (network: Network, neuron?: number): boolean =>
  judgedCells(network).some(({ cell, populations }) => {
    const has = ({ first, count }: { first: number; count: number }): boolean =>
      neuron === undefined || (neuron >= first && neuron < first + count);
    if (populations && !populations.some(has)) return false;
    return cell.ports.some((_, port) =>
      cell.events.some((event) => movesEvent(cell, event, jumpNamed(cell, portName(port)), new Effort())),
    );
  });
