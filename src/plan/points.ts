/** Points at which a plan's equations can be looked at before it is solved. */
import { parameterInput, stateInput } from "../cell/cell.js";
import { evaluate } from "../cell/graph.js";
import { jumpNamed } from "../cell/tables.js";
import { currentAt } from "../driver/current.js";
import { valueAt } from "../network/network.js";
import type { SolvePlan } from "./plan.js";

/** Neurons that are looked at, spread over the network. */
const mostNeurons = 16;

/** A neuron at its start or after the jump of an event there. */
export interface Point {
  readonly values: readonly number[];
  /** What equations read there, by its name in the graph. */
  readonly inputs: Map<string, number>;
}

/** Such points of some neurons; the next one's inputs overwrite those of the last. */
export function* points({ network, current }: SolvePlan): Generator<Point> {
  const { cell } = network;
  for (let k = 0; k < network.neurons; k += Math.ceil(network.neurons / mostNeurons)) {
    const inputs = new Map<string, number>(network.parameters.map((p) => [parameterInput(p.name), valueAt(p, k)]));
    for (const { input, kind } of cell.furtherRandom) inputs.set(input, kind === "uniform" ? 0.5 : 0);
    inputs.set("u", 0.5).set("I", currentAt(current, 0, k));
    const at = (values: readonly number[]): Point => {
      cell.states.forEach((name, i) => {
        inputs.set(stateInput(name), values[i]!);
      });
      return { values, inputs };
    };
    const start = evaluate(jumpNamed(cell, "start").value, inputs);
    yield at(start);
    for (const { jump } of cell.events) {
      at(start);
      yield at(evaluate(jump.value, inputs));
    }
  }
}
