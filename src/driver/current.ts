/** Input signals: constant, one per neuron, or sampled, and constant or linear between samples. */
import {
  checkOptions,
  fail,
  float32Number,
  isNumbers,
  type Names,
  type Numbers,
  oneOf,
  positiveNumber,
  show,
} from "../checks.js";

/** A sampled signal: by time, for all neurons alike, or by time × neuron. */
export type CurrentSamples = Numbers | readonly Numbers[];

/** What a sampled signal is between samples. */
export type Interpolation = "constant" | "linear";

/** A sampled signal: sample n is its value at t0 + n dt (the unit of time of the parameters). */
export interface SampledCurrent {
  dt: number;
  samples: CurrentSamples;
  /** `constant` (default): each sample is held up to the next. `linear`: straight from each to the next. */
  interpolation?: Interpolation;
}

/** The same at all times, of all neurons or of each; or samples. */
export type Current = number | Numbers | SampledCurrent;

const sampledNames: Names<SampledCurrent> = { dt: true, samples: true, interpolation: true };

/** Whether it is sampled, and not the same at all times. */
export const isSampledCurrent = (current: Current): current is SampledCurrent =>
  typeof current !== "number" && !isNumbers(current);

/** Whether samples are one number each, for all neurons. */
export const isFlat = (samples: CurrentSamples): samples is Numbers => typeof samples[0] === "number";

export interface PlannedCurrent {
  /** [samples] or [samples, neurons], neuron innermost. */
  readonly values: Float64Array;
  readonly samples: number;
  /** Grid steps that one sample lasts. */
  readonly stepsPerSample: number;
  readonly perNeuron: boolean;
  /** Where populations have signals of their own: those, and where their values begin among all. */
  readonly parts?: readonly CurrentPart[];
}

/** The signal of neurons `first` to `end`, the last not among them. */
export interface CurrentPart extends Omit<PlannedCurrent, "parts"> {
  readonly first: number;
  readonly end: number;
  readonly at: number;
}

/** The sample of a planned current in a grid step. */
export const sampleOf = ({ samples, stepsPerSample }: PlannedCurrent | CurrentPart, step: number): number =>
  Math.min(samples - 1, Math.floor(step / stepsPerSample));

/** Which of its values a neuron has in a grid step; undefined where it has none. */
export function currentPlace(current: PlannedCurrent, step: number, neuron: number): number | undefined {
  const { parts } = current;
  if (!parts) {
    const sample = sampleOf(current, step);
    return current.perNeuron ? (sample * current.values.length) / current.samples + neuron : sample;
  }
  const part = parts.find(({ first, end }) => neuron >= first && neuron < end);
  if (!part) return undefined;
  const sample = sampleOf(part, step);
  return part.at + (part.perNeuron ? sample * (part.end - part.first) + neuron - part.first : sample);
}

/** The value of a neuron in a grid step, 0 where it has none. */
export function currentAt(current: PlannedCurrent, step: number, neuron: number): number {
  const place = currentPlace(current, step, neuron);
  return place === undefined ? 0 : current.values[place]!;
}

/** What the input of a name is called in messages. @param at where inputs are given. */
export const inputField = (name: string, at = "input"): string =>
  name === "I" ? `${at}.current` : `${at}.inputs.${name}`;

/**
 * Checks what a signal is: a number, a list, or { dt, samples }. Whether it fits is told where it is planned.
 * @throws SaltationError `invalid-input`.
 */
export function currentOf(current: Current, field = inputField("I")): Current {
  if (typeof current === "number" || isNumbers(current)) return current;
  if (typeof current !== "object" || current === null) {
    fail(field, `expected a number, a list, or { dt, samples }, got ${show(current)}`);
  }
  checkOptions(field, current, sampledNames);
  positiveNumber(`${field}.dt`, current.dt);
  oneOf(`${field}.interpolation`, current.interpolation ?? "constant", ["constant", "linear"]);
  if (!isNumbers(current.samples) || current.samples.length === 0)
    fail(`${field}.samples`, "expected a list of samples (time, or time × neuron)");
  return current;
}

/** A signal with other values, which stand in the shape in which its own were given. */
export const currentAsGiven = (given: Current | undefined, values: unknown): Current =>
  given !== undefined && isSampledCurrent(given)
    ? { ...given, samples: values as SampledCurrent["samples"] }
    : (values as Exclude<Current, SampledCurrent>);

/** Values of a signal that is the same at all times: one, or one per neuron. */
export function constantValues(current: number | Numbers, neurons: number, field: string): Float64Array {
  if (typeof current === "number") return Float64Array.of(float32Number(field, current));
  if (current.length !== neurons)
    fail(field, `expected one number, or ${neurons} (one per neuron), got ${current.length}`);
  return Float64Array.from(current, (v, k) => float32Number(`${field}[${k}]`, v));
}

/**
 * Lays a signal onto the time grid. Of a linear one the last sample is the value at or after t1; where samples do not lie on grid
 * points, the values there are taken, and what lies between two of them is straight.
 * @throws SaltationError `invalid-input` naming the entry that does not fit.
 */
export function planCurrent(
  current: Current,
  neurons: number,
  t0: number,
  dt: number,
  steps: number,
  field = inputField("I"),
): PlannedCurrent {
  if (typeof current === "number") {
    return { values: constantValues(current, neurons, field), samples: 1, stepsPerSample: steps, perNeuron: false };
  }
  if (isNumbers(current)) {
    return { values: constantValues(current, neurons, field), samples: 1, stepsPerSample: steps, perNeuron: true };
  }
  const { dt: sampleDt, samples, interpolation } = currentOf(current, field) as SampledCurrent;
  const linear = interpolation === "linear";
  const ratio = Math.round(sampleDt / dt);
  const onGrid = ratio >= 1 && Math.abs(ratio * dt - sampleDt) <= 1e-9 * sampleDt;
  if (!onGrid && !linear) {
    const mend = sampleDt / Math.max(1, ratio);
    fail(`${field}.dt`, `${sampleDt} is not a whole number of time.dt = ${dt}; set time.dt to ${mend}, for example`);
  }
  const needed = Math.ceil(onGrid ? steps / ratio : (steps * dt) / sampleDt - 1e-9) + (linear ? 1 : 0);
  if (samples.length < needed) {
    const end = t0 + (samples.length - (linear ? 1 : 0)) * sampleDt;
    fail(
      `${field}.samples`,
      `${samples.length} samples end at time ${end}, before t1 = ${t0 + steps * dt}; ${needed} are needed`,
    );
  }
  const laid = (given: PlannedCurrent, width: number): PlannedCurrent =>
    onGrid ? given : atGridPoints(given, width, sampleDt / dt, steps);
  if (isFlat(samples)) {
    const values = Float64Array.from({ length: needed }, (_, s) => float32Number(`${field}.samples[${s}]`, samples[s]));
    return laid({ values, samples: needed, stepsPerSample: ratio, perNeuron: false }, 1);
  }
  const width = isNumbers(samples[0]) ? samples[0].length : 0;
  if (width !== 1 && width !== neurons) {
    const each = neurons === 1 ? "a list of one" : `a list of one or ${neurons} (one per neuron)`;
    fail(`${field}.samples[0]`, `expected a number, or ${each}, got ${show(samples[0])}`);
  }
  const values = new Float64Array(needed * width);
  for (let s = 0; s < needed; s++) {
    const row: unknown = samples[s];
    if (!isNumbers(row) || row.length !== width) {
      fail(`${field}.samples[${s}]`, `expected ${width} numbers like the first sample, got ${show(row)}`);
    }
    for (let k = 0; k < width; k++) values[s * width + k] = float32Number(`${field}.samples[${s}][${k}]`, row[k]);
  }
  return laid({ values, samples: needed, stepsPerSample: ratio, perNeuron: width > 1 }, width);
}

/** A linear signal by its values at the grid points. @param apart grid steps from a sample to the next. */
function atGridPoints(given: PlannedCurrent, width: number, apart: number, steps: number): PlannedCurrent {
  const values = new Float64Array((steps + 1) * width);
  for (let step = 0; step <= steps; step++) {
    const at = Math.min(step / apart, given.samples - 1);
    const before = Math.min(Math.floor(at), given.samples - 2);
    for (let k = 0; k < width; k++) {
      const [a, b] = [given.values[before * width + k]!, given.values[(before + 1) * width + k]!];
      values[step * width + k] = a + (at - before) * (b - a);
    }
  }
  return { ...given, values, samples: steps + 1, stepsPerSample: 1 };
}
