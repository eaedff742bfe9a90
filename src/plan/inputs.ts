/** Sampled inputs of a plan's cell on its time grid: states that are set at grid points (src/cell/inputs.ts). */

import type { Cell } from "../cell/cell.js";
import { inputState, isSampled, slopeState } from "../cell/inputs.js";
import { inputField, type PlannedCurrent, planCurrent } from "../driver/current.js";
import type { Network } from "../network/network.js";

export interface PlannedInput extends PlannedCurrent {
  readonly name: string;
  /** Indices of the states that are its value and, of one that is linear between samples, its slope. */
  readonly value: number;
  readonly slope: number | undefined;
}

/** The name of its samples among the views of parameters: no user's. */
export const samplesView = (name: string): string => inputState(name);

/** @throws SaltationError `invalid-input` naming the entry that does not fit. */
export function planInputs(network: Network, t0: number, dt: number, steps: number): PlannedInput[] {
  const { cell, inputs } = network;
  return [...cell.inputs].flatMap(([name, kind]) => {
    if (!isSampled(kind)) return [];
    const value = cell.states.indexOf(inputState(name));
    const slope = kind === "linear" ? cell.states.indexOf(slopeState(name)) : undefined;
    return [{ ...planCurrent(inputs[name]!, network.neurons, t0, dt, steps, inputField(name)), name, value, slope }];
  });
}

/** Of a sampled input in a grid step: the value at its beginning, and the slope by time. */
export function sampledAt(input: PlannedInput, dt: number, step: number, neuron: number): readonly [number, number] {
  const { values, samples, stepsPerSample, perNeuron, slope } = input;
  const width = perNeuron ? values.length / samples : 1;
  const sample = Math.min(samples - (slope === undefined ? 1 : 2), Math.floor(step / stepsPerSample));
  const at = sample * width + (perNeuron ? neuron : 0);
  const value = values[at]!;
  if (slope === undefined) return [value, 0];
  const rise = (values[at + width]! - value) / stepsPerSample;
  return [value + (step - sample * stepsPerSample) * rise, rise / dt];
}

/** Inputs whose parameter holds the first sample, and nothing to differentiate by. */
export const sampledInputs = ({ inputs }: Cell): string[] =>
  [...inputs].flatMap(([name, kind]) => (isSampled(kind) ? [name] : []));
