/** Which noise of a plan there is. */
import { parameterInput } from "../cell/cell.js";
import { amplitudesOf } from "../cell/channels.js";
import { evaluate, inputNames } from "../cell/graph.js";
import type { JudgedCell } from "../network/judged-cells.js";
import { valueAt } from "../network/network.js";
import { segmentName } from "./layout.js";
import type { SolvePlan } from "./plan.js";

/**
 * The noise channels that can matter: those whose amplitude depends on the state, is not zero for every neuron, or is
 * to be differentiated or written by a caller. The others draw nothing. Random numbers are keyed by channel, so this changes no path.
 * @param judged a cell of some populations, whose channels these are, in place of all.
 */
export function activeChannels(
  plan: SolvePlan,
  gradients: readonly string[],
  { cell, populations = [{ name: "", first: 0, count: plan.network.neurons }] }: JudgedCell = {
    cell: plan.network.cell,
  },
): number[] {
  const { network } = plan;
  const bySample = (plan.samples?.values?.parameters ?? []).map((p) => network.parameters[p.index]!.name);
  const open = [...gradients, ...(plan.writes ?? []), ...bySample].map((name) =>
    parameterInput(segmentName(network, name)),
  );
  return cell.channels.flatMap((channel, c) => {
    const amplitudes = amplitudesOf([channel]);
    const names = [...inputNames(amplitudes)];
    if (names.some((n) => !n.startsWith("p."))) return [c];
    if (open.some((name) => names.includes(name))) return [c];
    for (const { first, count } of populations) {
      for (let k = first; k < first + count; k++) {
        const inputs = new Map(network.parameters.map((p) => [parameterInput(p.name), valueAt(p, k)] as const));
        if (evaluate(amplitudes, inputs).some((v) => v !== 0)) return [c];
      }
    }
    return [];
  });
}
