/** Data sets: input spikes of samples, with labels, from which a training takes batches. */
import { checkOptions, fail, type Names, nonNegative, wholeNumber } from "../checks.js";
import { normalPair } from "../driver/normal.js";
import { threefryInto } from "../driver/threefry.js";
import { type SpikeData, sortSample } from "./spike-data.js";
import { streams } from "./streams.js";

export interface DataSetOptions {
  /** Spikes of each sample, and their labels. */
  readonly spikes: SpikeData;
  /**
   * Standard deviation of what is added to each input spike's time whenever its sample is trained on, drawn anew in each
   * epoch; default 0. What would leave `within` stops at its ends.
   */
  readonly jitter?: number;
  /** Times between which jittered spikes stay: t0 and t1 of the solves. Needed with jitter. */
  readonly within?: readonly [from: number, to: number];
}

const names: Names<DataSetOptions> = { spikes: true, jitter: true, within: true };

/** Where in a training a batch is drawn. */
export interface Epoch {
  readonly seed: number;
  /** From 0. */
  readonly epoch: number;
}

/** A batch, as `samples` of a solve takes it. */
export interface SampleBatch {
  readonly spikes: { readonly offsets: Uint32Array; readonly times: Float64Array; readonly sources: Uint32Array };
  readonly labels?: Int32Array;
}

export class DataSet {
  readonly count: number;
  readonly sourceCount: number;
  readonly labels: Int32Array | undefined;
  private readonly spikes: SpikeData;
  private readonly jitter: number;
  private readonly within: readonly [number, number];

  /** @throws SaltationError `invalid-input` where there is no sample, or jitter has no bounds. */
  constructor(options: DataSetOptions) {
    checkOptions("data", options, names);
    const { spikes, jitter = 0, within } = options;
    if (!(spikes?.offsets instanceof Uint32Array)) fail("data.spikes", "expected spike data; spikeData(…) makes it");
    if (spikes.count === 0) fail("data.spikes", "hold no sample");
    this.jitter = nonNegative("data.jitter", jitter);
    if (jitter > 0 && !(within && within[1] > within[0]))
      fail("data.within", "must be [t0, t1] of the solves where there is jitter");
    this.within = within ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    this.spikes = spikes;
    this.count = spikes.count;
    this.sourceCount = spikes.sourceCount;
    this.labels = spikes.labels;
  }

  /** Some of the samples, in this order. @throws SaltationError `invalid-input` where one is none of them. */
  batch(indices: ArrayLike<number>, drawn?: Epoch): SampleBatch {
    const { offsets: all, times: t, sources: from, labels } = this.spikes;
    const offsets = new Uint32Array(indices.length + 1);
    for (let i = 0; i < indices.length; i++) {
      const s = wholeNumber(`indices[${i}]`, indices[i], 0, this.count - 1);
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
    return {
      spikes: { offsets, times, sources },
      ...(labels ? { labels: Int32Array.from(indices, (s) => labels[s]!) } : {}),
    };
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
