/**
 * The Marcus lift of a spike train to a continuous path of time and counts: t ↦ (t, N¹_t … N^K_t), in which a jump is a
 * straight segment. Holberg & Salvi (2024), section 3; the last vertex (t1, N_{t1}) is part of it.
 */
import { counted, fail, finiteNumber, show, wholeNumber } from "../../checks.js";
import { batchOf, type PathBatch } from "./paths.js";

/** One spike train: times in order, each with the neuron that fired. */
export interface SpikeTrainInput {
  readonly times: ArrayLike<number>;
  readonly neurons: ArrayLike<number>;
}

export interface LiftOptions {
  readonly t0: number;
  readonly t1: number;
  /** Number of neurons; channels of the lift are time and one count per neuron. */
  readonly neurons: number;
}

export interface LiftedTrains {
  readonly paths: PathBatch;
  /** Number of spikes of each train. */
  readonly counts: Uint32Array;
  /** Gradient to the points of `paths` → gradient to the spike times, train after train. */
  pullback(gradient: Float64Array): Float64Array[];
}

/** Checks that it is a train: as many times as neurons. */
export function checkShape(field: string, train: SpikeTrainInput): void {
  if (train?.times?.length === undefined || train.neurons?.length === undefined) {
    fail(field, `expected { times, neurons }, got ${show(train)}`);
  }
  if (train.times.length !== train.neurons.length) {
    fail(
      field,
      `has ${counted(train.times.length, "time")} but ${counted(train.neurons.length, "neuron")}; one neuron per time is needed`,
    );
  }
}

function checkTrain(field: string, train: SpikeTrainInput, o: LiftOptions): void {
  checkShape(field, train);
  for (let n = 0; n < train.times.length; n++) {
    const t = train.times[n]!;
    if (typeof t !== "number") finiteNumber(`${field}.times[${n}]`, t);
    if (!(t >= o.t0 && t <= o.t1)) {
      fail(`${field}.times[${n}]`, `${show(t)} does not lie in [t0, t1] = [${o.t0}, ${o.t1}]`);
    }
    if (n > 0 && t < train.times[n - 1]!)
      fail(`${field}.times[${n}]`, `${t} comes before the time before it; sort them`);
    wholeNumber(`${field}.neurons[${n}]`, train.neurons[n]!, 0, o.neurons - 1);
  }
}

/**
 * Checks trains, and what they are lifted by.
 * @param field the trains' name, for messages.
 * @throws SaltationError `invalid-input` where times are unsorted or outside [t0, t1], or a neuron is out of range.
 */
export function checkTrains(trains: readonly SpikeTrainInput[], options: LiftOptions, field = "spikes"): void {
  const t0 = finiteNumber("t0", options?.t0);
  if (!(finiteNumber("t1", options.t1) > t0)) fail("t1", `expected a time after t0 = ${t0}, got ${options.t1}`);
  wholeNumber("neurons", options.neurons, 1, 65536);
  if (!Array.isArray(trains)) fail(field, `expected a list of trains, got ${show(trains)}`);
  trains.forEach((train, i) => {
    checkTrain(`${field}[${i}]`, train, options);
  });
}

/**
 * Lifts spike trains. A train of n spikes at distinct times becomes 2n + 2 vertices of 1 + neurons channels; spikes at
 * the same time form one diagonal segment.
 *
 * The gradient to a time that several spikes share is the derivative along moving them together, shared out evenly.
 * @param field the trains' name, for messages.
 * @throws SaltationError `invalid-input` where times are unsorted or outside [t0, t1], or a neuron is out of range.
 */
export function liftSpikes(trains: readonly SpikeTrainInput[], options: LiftOptions, field = "spikes"): LiftedTrains {
  checkTrains(trains, options, field);
  const { t0, t1, neurons } = options;
  const channels = neurons + 1;
  const owners: Int32Array[] = [];
  const each = trains.map((train) => {
    const count = new Float64Array(neurons);
    const rows: number[] = [t0, ...count];
    // The group of simultaneous spikes to which a vertex belongs, by its first spike; -1 for the two ends.
    const owner: number[] = [-1];
    for (let n = 0; n < train.times.length; ) {
      const time = train.times[n]!;
      rows.push(time, ...count);
      const first = n;
      for (; n < train.times.length && train.times[n] === time; n++) count[train.neurons[n]!]! += 1;
      rows.push(time, ...count);
      owner.push(first, first);
    }
    rows.push(t1, ...count);
    owner.push(-1);
    owners.push(Int32Array.from(owner));
    return Float64Array.from(rows);
  });
  const paths = batchOf(each, channels);
  const pullback = (gradient: Float64Array): Float64Array[] =>
    trains.map((train, i) => {
      const out = new Float64Array(train.times.length);
      owners[i]!.forEach((first, j) => {
        if (first < 0) return;
        let last = first;
        while (last + 1 < train.times.length && train.times[last + 1] === train.times[first]) last++;
        const share = gradient[(paths.offsets[i]! + j) * channels]! / (last - first + 1);
        for (let n = first; n <= last; n++) out[n]! += share;
      });
      return out;
    });
  return { paths, counts: Uint32Array.from(trains, (t) => t.times.length), pullback };
}
