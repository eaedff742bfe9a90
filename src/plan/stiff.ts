/**
 * Which states of a plan are stiff: those whose own rate a (src/cell/own-rate.ts) moves them by more than `stiffness` of
 * their way in a grid step. They are integrated exactly along it (`exponential` in shaders/substep/tableau.ts).
 *
 * Decided once, where a problem is planned, from the values of all its neurons: chunks, shards and the steps of a training
 * have the same, however parameters move.
 */
import { alongPath, type Tableau, tableauOf } from "../../shaders/substep/tableau.js";
import { parameterInput } from "../cell/cell.js";
import type { OwnRates } from "../cell/functions.js";
import { ownRates } from "../cell/own-rate.js";
import { type Network, valueAt } from "../network/network.js";
import type { SolvePlan } from "./plan.js";

/**
 * |a| dt from which on a state is stiff. Runge-Kutta 4 errs by (a dt)⁵ / 120 of the way of such a state in each step: 2.6e-4
 * at one half, 0.8 % at 1; from 2.8 on it does not even fall. Measured in docs/decisions.md.
 */
export const stiffness = 0.5;

/** Names of the stiff states of a network, in the cell's order. */
export function stiffStates({ cell, parameters, neurons }: Network, dt: number, { exponential }: Tableau): string[] {
  if (!exponential) return [];
  const own = parameters.some((p) => p.perNeuron);
  return ownRates(cell).flatMap((rate) => {
    const read = parameters.filter((p) => rate.parameters.has(parameterInput(p.name)));
    const each = own && read.some((p) => p.perNeuron) ? neurons : 1;
    let before: number[] = [];
    for (let k = 0; k < each; k++) {
      const values = read.map((p) => valueAt(p, k));
      // Neighbours mostly have the same.
      if (k > 0 && values.every((value, n) => value === before[n])) continue;
      before = values;
      const inputs = new Map(read.map((p, n) => [parameterInput(p.name), values[n]!]));
      for (let branch = 0; branch < 2 ** rate.modes.length; branch++) {
        rate.modes.forEach((name, m) => {
          inputs.set(name, (branch >> m) & 1);
        });
        if (Math.abs(rate.at(inputs)) * dt > stiffness) return [cell.states[rate.state]!];
      }
    }
    return [];
  });
}

/** What the functions of a plan's cell are made for; undefined where no state is stiff. */
export function ratesOf({ network, exponential, method, dt }: SolvePlan): OwnRates | undefined {
  if (exponential.length === 0) return undefined;
  const states = exponential.map((name) => network.cell.states.indexOf(name));
  return alongPath(tableauOf(method)) ? { states } : { states, kick: dt };
}
