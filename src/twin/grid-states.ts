/**
 * States that are set at grid points: sampled inputs, and time where paths do not begin at 0. There they are data, so that what
 * was before has no derivative.
 */
import { sampledAt } from "../plan/inputs.js";
import type { SolvePlan } from "../plan/plan.js";

export interface GridStates {
  /** Of a neuron at the beginning of a grid step. */
  set(y: Float64Array, step: number, neuron: number): void;
  /** Of a cotangent or tangent there. */
  clear(d: Float64Array): void;
}

export function gridStates({ inputs, time, t0, dt }: SolvePlan): GridStates {
  const states = inputs.flatMap(({ value, slope }) => (slope === undefined ? [value] : [value, slope]));
  if (time !== undefined) states.push(time);
  return {
    set(y, step, neuron) {
      for (const input of inputs) {
        const [value, slope] = sampledAt(input, dt, step, neuron);
        y[input.value] = value;
        if (input.slope !== undefined) y[input.slope] = slope;
      }
      if (time !== undefined) y[time] = t0 + step * dt;
    },
    clear(d) {
      for (const i of states) d[i] = 0;
    },
  };
}
