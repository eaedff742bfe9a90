/** Spikes on the host: what losses, signatures and likelihoods take of a path, a trial or a sample. */
import { counted, fail, finiteNumber, show, wholeNumber } from "../checks.js";

/** The spikes of one path, trial or sample: times in order, and the neuron of each. */
export interface Spikes {
  readonly times: ArrayLike<number>;
  readonly neurons: ArrayLike<number>;
}

/** The same as simulations give them. */
export interface TypedSpikes extends Spikes {
  readonly times: Float64Array;
  readonly neurons: Int32Array;
}

/** The same, all of neuron 0 where neurons are not given. */
export type ObservedSpikes = Pick<Spikes, "times"> & Partial<Pick<Spikes, "neurons">>;

/** Where spikes may lie: times in [t0, t1], neurons from 0 to one less than their number. */
export interface SpikeBounds {
  readonly t0: number;
  readonly t1: number;
  readonly neurons: number;
}

/** Checks that there are as many times as neurons. */
export function checkShape(field: string, spikes: Spikes): void {
  if (spikes?.times?.length === undefined || spikes.neurons?.length === undefined) {
    fail(field, `expected { times, neurons }, got ${show(spikes)}`);
  }
  const { times, neurons } = spikes;
  if (times.length !== neurons.length) {
    const has = `${counted(times.length, "time")} but ${counted(neurons.length, "neuron")}`;
    fail(field, `has ${has}; one neuron per time is needed`);
  }
}

function checkPath(field: string, spikes: Spikes, { t0, t1, neurons }: SpikeBounds): void {
  checkShape(field, spikes);
  const { times } = spikes;
  for (let n = 0; n < times.length; n++) {
    const t = times[n]!;
    if (typeof t !== "number") finiteNumber(`${field}.times[${n}]`, t);
    if (!(t >= t0 && t <= t1)) fail(`${field}.times[${n}]`, `${show(t)} does not lie in [t0, t1] = [${t0}, ${t1}]`);
    if (n > 0 && t < times[n - 1]!) fail(`${field}.times[${n}]`, `${t} comes before the time before it; sort them`);
    wholeNumber(`${field}.neurons[${n}]`, spikes.neurons[n]!, 0, neurons - 1);
  }
}

/**
 * Checks the spikes of many paths, and where they may lie.
 * @param field their name, for messages.
 * @throws SaltationError `invalid-input` where times are unsorted or outside [t0, t1], or a neuron is out of range.
 */
export function checkSpikes(spikes: readonly Spikes[], bounds: SpikeBounds, field = "spikes"): void {
  const t0 = finiteNumber("t0", bounds?.t0);
  if (!(finiteNumber("t1", bounds.t1) > t0)) fail("t1", `expected a time after t0 = ${t0}, got ${bounds.t1}`);
  wholeNumber("neurons", bounds.neurons, 1, 65536);
  if (!Array.isArray(spikes)) fail(field, `expected a list of trains, got ${show(spikes)}`);
  spikes.forEach((one, i) => {
    checkPath(`${field}[${i}]`, one, bounds);
  });
}
