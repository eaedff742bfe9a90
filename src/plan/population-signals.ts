/**
 * Signals of samples in a network of several populations: each has its own shape, and a solve takes them as one signal of all
 * neurons, with what the network says where samples say nothing.
 */
import { fail } from "../checks.js";
import { currentAt, type PlannedCurrent } from "../driver/current.js";
import { broadcast, type PlannedInput } from "./inputs.js";
import type { Planned, ReadSignal } from "./sampled-values.js";

/** The signal of a population, of each sample. */
export interface PopulationSignal extends ReadSignal {
  /** What it is called in messages. */
  readonly of: string;
  readonly first: number;
  readonly count: number;
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

/** How many samples all have. @throws SaltationError `invalid-input` where these are not as many. */
function countOf([one, ...others]: readonly PopulationSignal[]): number {
  const { length } = one!.rows;
  for (const { of, rows } of others)
    if (rows.length !== length) fail(of, `has ${rows.length} samples, and ${one!.of} ${length}; give as many`);
  return length;
}

/**
 * Currents of populations as one: held for as long as all of them are, by neuron.
 * @returns that of the network in this shape, and those of samples, [samples of time][neurons] each.
 */
export function currentsTogether(
  given: readonly PopulationSignal[],
  { current, network, steps }: Planned,
): { readonly planned: PlannedCurrent; readonly rows: readonly Float64Array[] } {
  const { neurons } = network;
  const all = [...given.map(({ shape }) => shape), ...(current.parts ?? [current])];
  const sampled = all.filter(({ samples }) => samples > 1);
  const stepsPerSample = sampled.map((s) => s.stepsPerSample).reduce(commonDivisor, 0) || steps;
  const samples = Math.ceil(steps / stepsPerSample);
  const values = Float64Array.from({ length: samples * neurons }, (_, i) =>
    currentAt(current, Math.floor(i / neurons) * stepsPerSample, i % neurons),
  );
  const rows = Array.from({ length: countOf(given) }, (_, s) => {
    const row = values.slice();
    for (const { first, count, shape, rows } of given) {
      const width = shape.perNeuron ? count : 1;
      for (let n = 0; n < samples; n++) {
        const sample = Math.min(shape.samples - 1, Math.floor((n * stepsPerSample) / shape.stepsPerSample));
        for (let k = 0; k < count; k++)
          row[n * neurons + first + k] = rows[s]![sample * width + (shape.perNeuron ? k : 0)]!;
      }
    }
    return row;
  });
  return { planned: { values, samples, stepsPerSample, perNeuron: true }, rows };
}

/** Sampled inputs of populations as one, in the shape in which the network's is planned: by step and neuron. */
export function signalsTogether(
  given: readonly PopulationSignal[],
  input: PlannedInput,
  { network, steps }: Planned,
): readonly Float64Array[] {
  const { neurons } = network;
  return Array.from({ length: countOf(given) }, (_, s) => {
    const row = input.values.slice();
    for (const { first, count, shape, rows, linear } of given) {
      const own = { ...shape, values: rows[s]!, first, count };
      const { values } = broadcast(neurons, steps, linear, [own]);
      for (let at = 0; at < row.length; at += neurons)
        row.set(values.subarray(at + first, at + first + count), at + first);
    }
    return row;
  });
}
