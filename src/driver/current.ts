/** Input currents: constant, one per neuron, or sampled and held constant between samples. */
import {
  checkOptions,
  fail,
  float32Number,
  isNumbers,
  type Names,
  type Numbers,
  positiveNumber,
  show,
} from "../checks.js";

/** A sampled current: by time, for all neurons alike, or by time × neuron. */
export type CurrentSamples = Numbers | readonly Numbers[];

/** The same at all times, of all neurons or of each; or samples, each held for dt (the unit of time of the parameters). */
export type Current = number | Numbers | { dt: number; samples: CurrentSamples };

const sampledNames: Names<Extract<Current, { dt: number }>> = { dt: true, samples: true };

/** Whether samples are one number each, for all neurons. */
export const isFlat = (samples: CurrentSamples): samples is Numbers => typeof samples[0] === "number";

export interface PlannedCurrent {
  /** [samples] or [samples, neurons], neuron innermost. */
  readonly values: Float64Array;
  readonly samples: number;
  /** Grid steps that one sample lasts. */
  readonly stepsPerSample: number;
  readonly perNeuron: boolean;
}

/** The sample of a planned current in a grid step. */
export const sampleOf = ({ samples, stepsPerSample }: PlannedCurrent, step: number): number =>
  Math.min(samples - 1, Math.floor(step / stepsPerSample));

const field = "input.current";

/**
 * Checks what a current is: a number, a list, or { dt, samples }. Whether it fits is told where it is planned.
 * @throws SaltationError `invalid-input`.
 */
export function currentOf(current: Current): Current {
  if (typeof current === "number" || isNumbers(current)) return current;
  if (typeof current !== "object" || current === null) {
    fail(field, `expected a number, a list, or { dt, samples }, got ${show(current)}`);
  }
  checkOptions(field, current, sampledNames);
  positiveNumber(`${field}.dt`, current.dt);
  if (!isNumbers(current.samples) || current.samples.length === 0)
    fail(`${field}.samples`, "expected a list of samples (time, or time × neuron)");
  return current;
}

/**
 * Lays a current onto the time grid.
 * @throws SaltationError `invalid-input` naming the entry that does not fit.
 */
export function planCurrent(current: Current, neurons: number, t0: number, dt: number, steps: number): PlannedCurrent {
  if (typeof current === "number") {
    const values = Float64Array.of(float32Number(field, current));
    return { values, samples: 1, stepsPerSample: steps, perNeuron: false };
  }
  if (isNumbers(current)) {
    if (current.length !== neurons) {
      fail(field, `expected one number, or ${neurons} (one per neuron), got ${current.length}`);
    }
    const values = Float64Array.from(current, (v, k) => float32Number(`${field}[${k}]`, v));
    return { values, samples: 1, stepsPerSample: steps, perNeuron: true };
  }
  const { dt: sampleDt, samples } = currentOf(current) as { dt: number; samples: CurrentSamples };
  const ratio = Math.round(sampleDt / dt);
  if (ratio < 1 || Math.abs(ratio * dt - sampleDt) > 1e-9 * sampleDt) {
    const mend = sampleDt / Math.max(1, ratio);
    fail(`${field}.dt`, `${sampleDt} is not a whole number of time.dt = ${dt}; set time.dt to ${mend}, for example`);
  }
  const needed = Math.ceil(steps / ratio);
  if (samples.length < needed) {
    const end = t0 + samples.length * sampleDt;
    fail(
      `${field}.samples`,
      `${samples.length} samples end at time ${end}, before t1 = ${t0 + steps * dt}; ${needed} are needed`,
    );
  }
  if (isFlat(samples)) {
    const values = Float64Array.from({ length: needed }, (_, s) => float32Number(`${field}.samples[${s}]`, samples[s]));
    return { values, samples: needed, stepsPerSample: ratio, perNeuron: false };
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
  return { values, samples: needed, stepsPerSample: ratio, perNeuron: width > 1 };
}
