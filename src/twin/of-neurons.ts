/** What a plan gives its neurons, in the order in which a cell's functions take it. */
import { currentAt } from "../driver/current.js";
import { valueAt } from "../network/network.js";
import type { SolvePlan } from "../plan/plan.js";

/** The parameters of each neuron, in the cell's order. */
export function neuronParameters(plan: SolvePlan): Float64Array[] {
  const { network } = plan;
  return Array.from({ length: network.neurons }, (_, k) => Float64Array.from(network.parameters, (q) => valueAt(q, k)));
}

/** The input current of a neuron in a grid step. */
export function plannedCurrent(plan: SolvePlan, step: number, neuron: number): number {
  return currentAt(plan.current, step, neuron);
}
