/** Sampled inputs of a plan's cell on its time grid: states that are set at grid points (src/cell/inputs.ts). */

import type { Cell } from "../cell/cell.js";
import { inputState, isSampled, slopeState } from "../cell/inputs.js";
import { type Current, type CurrentPart, inputField, type PlannedCurrent, planCurrent } from "../driver/current.js";
import type { Network } from "../network/network.js";
import { type PopulationPlace, populationField } from "../network/populations.js";
import { joinedFloats } from "../network/rows.js";

export interface PlannedInput extends PlannedCurrent {
  readonly name: string;
  /** Indices of the states that are its value and, of one that is linear between samples, its slope. */
  readonly value: number;
  readonly slope: number | undefined;
}

/** The name of its samples among the views of parameters: no user's. */
export const samplesView = (name: string): string => inputState(name);

interface Grid {
  readonly t0: number;
  readonly dt: number;
  readonly steps: number;
}

/** The populations of a network that have a cell, with the signal of each of an input; of a network of one cell, none. */
const signalsOf = ({ populations }: Network, name: string): (PopulationPlace & { signal: Current | undefined })[] =>
  populations.flatMap((place) => (place.signals ? [{ ...place, signal: place.signals.get(name) }] : []));

/** What lays a signal of the network, or of the one population that it has, onto the grid. */
function planAlone(network: Network, name: string, given: Current, { t0, dt, steps }: Grid): PlannedCurrent {
  const [alone] = signalsOf(network, name);
  const field = alone ? populationField(alone.name, name) : inputField(name);
  return planCurrent(given, network.neurons, t0, dt, steps, field);
}

/**
 * The current of a network on the grid of a plan.
 * @throws SaltationError `invalid-input` naming the entry that does not fit.
 */
export function planNetworkCurrent(network: Network, grid: Grid): PlannedCurrent {
  const all = signalsOf(network, "I");
  const own = all.filter(({ signal }) => signal !== undefined);
  if (all.length <= 1 || own.length === 0) return planAlone(network, "I", network.current, grid);
  let at = 0;
  const parts = own.map(({ name, first, count, signal }): CurrentPart => {
    const taken = network.cell.inputs.get("I") === "current" ? (signal ?? 0) : 0;
    const field = populationField(name, "I");
    const part = { ...planCurrent(taken, count, grid.t0, grid.dt, grid.steps, field), first, end: first + count, at };
    at += part.values.length;
    return part;
  });
  const values = joinedFloats(parts.map((part) => part.values));
  const samples = Math.max(...parts.map((part) => part.samples));
  return { values, samples, stepsPerSample: grid.steps, perNeuron: true, parts };
}

/** Sampled signals of populations as one, with numbers of each neuron for each step; 0 of neurons of none. */
export function broadcast(
  neurons: number,
  steps: number,
  linear: boolean,
  parts: readonly (PlannedCurrent & { first: number; count: number })[],
): PlannedCurrent {
  const samples = steps + (linear ? 1 : 0);
  const values = new Float64Array(samples * neurons);
  for (const { first, count, ...signal } of parts) {
    const { perNeuron, stepsPerSample } = signal;
    const width = perNeuron ? count : 1;
    for (let s = 0; s < samples; s++) {
      // Of a linear one, a sample and how far it is on the way to the next.
      const sample = Math.min(signal.samples - 1, Math.floor(s / stepsPerSample));
      const next = linear ? Math.min(signal.samples - 1, sample + 1) : sample;
      const along = (s - sample * stepsPerSample) / stepsPerSample;
      for (let k = 0; k < count; k++) {
        const [a, b] = [sample, next].map((n) => signal.values[n * width + (perNeuron ? k : 0)]!) as [number, number];
        values[s * neurons + first + k] = a + along * (b - a);
      }
    }
  }
  return { values, samples, stepsPerSample: 1, perNeuron: true };
}

/** @throws SaltationError `invalid-input` naming the entry that does not fit. */
export function planInputs(network: Network, t0: number, dt: number, steps: number): PlannedInput[] {
  const { cell, inputs, neurons } = network;
  const grid = { t0, dt, steps };
  return [...cell.inputs].flatMap(([name, kind]) => {
    if (!isSampled(kind)) return [];
    const value = cell.states.indexOf(inputState(name));
    const slope = kind === "linear" ? cell.states.indexOf(slopeState(name)) : undefined;
    const own = signalsOf(network, name);
    const planned =
      own.length <= 1
        ? planAlone(network, name, inputs[name]!, grid)
        : broadcast(
            neurons,
            steps,
            kind === "linear",
            own.map(({ name: population, first, count, signal = 0 }) => {
              const field = populationField(population, name);
              return { ...planCurrent(signal, count, t0, dt, steps, field), first, count };
            }),
          );
    return [{ ...planned, name, value, slope }];
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
