/**
 * Whether an event that emits spikes begins at exactly 0 and does not fall: it happens where its function comes from below, so paths that
 * lack a start, as `s = 0` in place of `log(u)`, would be silent without a word.
 */
import { parameterInput, stateInput } from "../cell/cell.js";
import { evaluate, inputNames } from "../cell/graph.js";
import { jumpNamed } from "../cell/tables.js";
import { currentAt } from "../driver/current.js";
import { type Network, valueAt } from "../network/network.js";
import type { SolvePlan } from "./plan.js";

/** Neurons looked at, spread over the network. */
const mostNeurons = 16;

/** Two values of what is drawn: a start that is random is not at 0 by both. */
const draws = [0.3, 0.7];

/** What was found, by network: one is evaluated again and again. */
const known = new WeakMap<Network, { readonly line: string | undefined }>();

/** A line that says which event, where there is one. */
export function deadStart(plan: SolvePlan): string | undefined {
  // States may be given by sample.
  if (plan.samples?.values?.initial?.length) return undefined;
  const found = known.get(plan.network) ?? { line: lookedAt(plan) };
  known.set(plan.network, found);
  return found.line;
}

function lookedAt({ network, current }: SolvePlan): string | undefined {
  const { cell, neurons } = network;
  const start = jumpNamed(cell, "start").value;
  for (const { name, level } of cell.events.filter((e) => e.emits)) {
    const others = [...inputNames([...start, ...cell.drift, level])];
    for (let k = 0; k < neurons; k += Math.ceil(neurons / mostNeurons)) {
      const rests = draws.every((u) => {
        const inputs = new Map<string, number>(others.map((input) => [input, u]));
        for (const p of network.parameters) inputs.set(parameterInput(p.name), valueAt(p, k));
        inputs.set("I", currentAt(current, 0, k));
        const place = (values: readonly number[]): number => {
          cell.states.forEach((state, i) => {
            inputs.set(stateInput(state), values[i]!);
          });
          return evaluate([level], inputs)[0]!;
        };
        const y = evaluate(start, inputs);
        if (place(y) !== 0) return false;
        const slopes = evaluate(cell.drift, inputs);
        return place(y.map((v, i) => v + 1e-6 * slopes[i]!)) >= 0;
      });
      if (rests)
        return (
          `network.cell: the event "${name}" begins at exactly 0 in neuron ${k} and does not fall below, from where it would come to ` +
          `happen; let it start below 0, as a hazard does by "start": { "s": "log(u)" }`
        );
    }
  }
  return undefined;
}
