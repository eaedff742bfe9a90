/** Data sets: input spikes of samples and what these have of their own, with labels, from which a training takes batches. */
import {
  checkOptions,
  fail,
  finiteNumber,
  isNumbers,
  type Names,
  type Numbers,
  nonNegative,
  positiveNumber,
  show,
  wholeNumber,
} from "../checks.js";
import { normalPair } from "../driver/normal.js";
import { threefryInto } from "../driver/threefry.js";
import type { SignalBySample, ValuesBySample } from "../plan/sampled-values.js";
import { checkLabels, checkSpikeData, type SpikeData, sortSample } from "./spike-data.js";
import { streams } from "./streams.js";

export interface DataSetOptions {
  /** Spikes of each sample, and their labels; may be left out where there is something else of each. */
  readonly spikes?: SpikeData;
  /** Signals of each sample by name, as `samples.inputs` of a solve takes them. They are the same in each epoch. */
  readonly inputs?: Readonly<Record<string, SignalBySample>>;
  /** Parameters of each sample by name, as `samples.parameters` takes them; likewise. */
  readonly parameters?: ValuesBySample["parameters"];
  /** States at t0 of each sample by name. */
  readonly initial?: ValuesBySample["initial"];
  /** Paths of noise channels of each sample by name. */
  readonly drivers?: ValuesBySample["drivers"];
  /** Whole numbers of at least 0; default those of the spikes. */
  readonly labels?: Numbers;
  /**
   * Standard deviation of what is added to each input spike's time whenever its sample is trained on, drawn anew in each
   * epoch; default 0. What would leave `within` stops at its ends.
   */
  readonly jitter?: number;
  /** Times between which jittered spikes stay: t0 and t1 of the solves. Needed with jitter. */
  readonly within?: readonly [from: number, to: number];
}

const names: Names<DataSetOptions> = {
  spikes: true,
  inputs: true,
  parameters: true,
  initial: true,
  drivers: true,
  labels: true,
  jitter: true,
  within: true,
};

/** What samples have of their own beside spikes. */
const valueKinds = ["inputs", "parameters", "initial", "drivers"] as const;
type Values = { readonly [K in (typeof valueKinds)[number]]?: Readonly<Record<string, SignalBySample>> };

/** Where in a training a batch is drawn. */
export interface Epoch {
  readonly seed: number;
  /** From 0. */
  readonly epoch: number;
}

/** A batch, as `samples` of a solve takes it. */
export interface SampleBatch {
  readonly spikes?: { readonly offsets: Uint32Array; readonly times: Float64Array; readonly sources: Uint32Array };
  readonly inputs?: Record<string, SignalBySample>;
  readonly parameters?: NonNullable<ValuesBySample["parameters"]>;
  readonly initial?: NonNullable<ValuesBySample["initial"]>;
  readonly drivers?: NonNullable<ValuesBySample["drivers"]>;
  readonly labels?: Int32Array;
}

const isSampled = (signal: SignalBySample): signal is Extract<SignalBySample, { dt: number }> => !isNumbers(signal);

/** @throws SaltationError `invalid-input` naming what is no finite number among lists of them. */
function checkFinite(field: string, value: unknown): void {
  if (!isNumbers(value)) return void finiteNumber(field, value);
  for (let i = 0; i < value.length; i++) if (!Number.isFinite(value[i])) checkFinite(`${field}[${i}]`, value[i]);
}

/** How many samples a signal is of. @throws SaltationError `invalid-input` where it is none by sample, or not of numbers. */
function samplesIn(field: string, signal: SignalBySample): number {
  const rows: unknown = isNumbers(signal) ? signal : (signal as { samples?: unknown } | null)?.samples;
  if (!isNumbers(rows)) fail(field, `expected a list by sample, or { dt, samples }, got ${show(signal)}`);
  if (!isSampled(signal)) checkFinite(field, rows);
  else {
    positiveNumber(`${field}.dt`, signal.dt);
    checkFinite(`${field}.samples`, rows);
  }
  return rows.length;
}

/** Some samples of a signal. */
function picked(signal: SignalBySample, indices: ArrayLike<number>): SignalBySample {
  const from = <T>(rows: ArrayLike<T>): T[] => Array.from(indices, (s) => rows[s]!);
  return isSampled(signal)
    ? { ...signal, samples: from(signal.samples) }
    : (from(signal as ArrayLike<number | Numbers>) as SignalBySample);
}

export class DataSet {
  readonly count: number;
  readonly sourceCount: number;
  readonly labels: Int32Array | undefined;
  private readonly spikes: SpikeData | undefined;
  private readonly values: Values;
  private readonly jitter: number;
  private readonly within: readonly [number, number];

  /** @throws SaltationError `invalid-input` where there is no sample, not as many of all that is given, something is not of finite numbers, or jitter has no bounds. */
  constructor(options: DataSetOptions) {
    checkOptions("data", options, names);
    const { spikes, labels, jitter = 0, within } = options;
    const values: Values = Object.fromEntries(
      valueKinds.flatMap((kind) => (Object.keys(options[kind] ?? {}).length > 0 ? [[kind, options[kind]]] : [])),
    );
    if (spikes === undefined && Object.keys(values).length === 0)
      fail("data.spikes", "are missing; give spike data, which spikeData(…) makes, or inputs");
    if (spikes !== undefined) checkSpikeData("data.spikes", spikes);
    const counts = Object.entries(values).flatMap(([kind, record]) =>
      Object.entries(record).map(([name, rows]): [field: string, count: number] => {
        const field = `data.${kind}.${name}`;
        return [field, samplesIn(field, rows)];
      }),
    );
    if (spikes) counts.unshift(["data.spikes", spikes.count]);
    const [of, count] = counts[0]!;
    if (count === 0) fail(of, "hold no sample");
    for (const [field, other] of counts)
      if (other !== count) fail(field, `has ${other} samples, and ${of} ${count}; give as many`);
    this.jitter = nonNegative("data.jitter", jitter);
    if (jitter > 0 && !spikes) fail("data.jitter", "moves input spikes, and there are none; leave it out");
    if (jitter > 0 && !(within && within[1] > within[0]))
      fail("data.within", "must be [t0, t1] of the solves where there is jitter");
    this.within = within ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    this.spikes = spikes;
    this.values = values;
    this.count = count;
    this.sourceCount = spikes?.sourceCount ?? 0;
    this.labels = labels === undefined ? spikes?.labels : checkLabels("data.labels", labels, count);
  }

  /** Some of the samples, in this order. @throws SaltationError `invalid-input` where one is none of them. */
  batch(indices: ArrayLike<number>, drawn?: Epoch): SampleBatch {
    for (let i = 0; i < indices.length; i++) wholeNumber(`indices[${i}]`, indices[i], 0, this.count - 1);
    const { labels, spikes } = this;
    const values = Object.entries(this.values).map(([kind, record]) => {
      const own = Object.entries(record).map(([name, rows]) => [name, picked(rows, indices)]);
      return [kind, Object.fromEntries(own)];
    });
    return {
      ...(spikes ? { spikes: this.spikesOf(spikes, indices, drawn) } : {}),
      ...(Object.fromEntries(values) as Pick<SampleBatch, (typeof valueKinds)[number]>),
      ...(labels ? { labels: Int32Array.from(indices, (s) => labels[s]!) } : {}),
    };
  }

  private spikesOf(
    { offsets: all, times: t, sources: from }: SpikeData,
    indices: ArrayLike<number>,
    drawn: Epoch | undefined,
  ): NonNullable<SampleBatch["spikes"]> {
    const offsets = new Uint32Array(indices.length + 1);
    for (let i = 0; i < indices.length; i++) {
      const s = indices[i]!;
      offsets[i + 1] = offsets[i]! + all[s + 1]! - all[s]!;
    }
    const times = new Float64Array(offsets[indices.length]!);
    const sources = new Uint32Array(times.length);
    for (let i = 0; i < indices.length; i++) {
      const [begin, end] = [all[indices[i]!]!, all[indices[i]! + 1]!];
      times.set(t.subarray(begin, end), offsets[i]);
      sources.set(from.subarray(begin, end), offsets[i]);
      if (drawn && this.jitter > 0) {
        this.addJitter(times.subarray(offsets[i], offsets[i + 1]), indices[i]!, drawn);
        sortSample(times, sources, offsets[i]!, offsets[i + 1]!);
      }
    }
    return { offsets, times, sources };
  }

  /** Spike n of sample s is moved by a number of its own in each epoch. */
  private addJitter(times: Float64Array, sample: number, { seed, epoch }: Epoch): void {
    const { jitter } = this;
    const [from, to] = this.within;
    const key = new Uint32Array(2);
    threefryInto(key, seed, streams.jitter, epoch, 0);
    const words = new Uint32Array(2);
    const pair = new Float64Array(2);
    for (let n = 0; n < times.length; n++) {
      if (n % 2 === 0) {
        threefryInto(words, key[0]!, key[1]!, sample, n);
        normalPair(words[0]!, words[1]!, pair);
      }
      times[n] = Math.min(Math.max(times[n]! + jitter * pair[n % 2]!, from), to);
    }
  }

  /** All samples, as they are. */
  all(): SampleBatch {
    return this.batch(Uint32Array.from({ length: this.count }, (_, s) => s));
  }

  /** The samples in the order of an epoch: shuffled (Fisher–Yates), otherwise in each one. */
  order({ seed, epoch }: Epoch): Uint32Array {
    const order = Uint32Array.from({ length: this.count }, (_, s) => s);
    const key = new Uint32Array(2);
    threefryInto(key, seed, streams.shuffle, epoch, 0);
    const words = new Uint32Array(2);
    for (let i = this.count - 1; i > 0; i--) {
      threefryInto(words, key[0]!, key[1]!, i, 0);
      // 53 bits against counts below 2^32: no place is more probable than another by more than 2^-21.
      const j = Math.floor((words[0]! * 2 ** 21 + (words[1]! >>> 11)) * 2 ** -53 * (i + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }
}
