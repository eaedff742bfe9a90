/** Input spikes by sample: what encoders and data sets give, and `samples.spikes` of a solve takes. */
import { checkOptions, counted, fail, finiteNumber, list, type Names, type Numbers, wholeNumber } from "../checks.js";
import { limits } from "../files/limits.js";

/**
 * Spikes of sources in many samples, as compressed rows: those of sample s stand from `offsets[s]` to `offsets[s + 1] - 1`, in
 * the order of their times; of the same time, in the order of their sources.
 */
export interface SpikeData {
  /** [count + 1] */
  readonly offsets: Uint32Array;
  /** [spikes], in the unit of the network's parameters. */
  readonly times: Float64Array;
  /** [spikes], the source of each, from 0 over all populations of sources. */
  readonly sources: Uint32Array;
  /** [count], whole numbers of at least 0; absent where the samples have none. */
  readonly labels?: Int32Array;
  /** How many samples there are. */
  readonly count: number;
  /** How many sources there are, whether they spike or not. */
  readonly sourceCount: number;
}

/** The same as lists, or as any numbers; spikes of a sample in any order. */
export interface GivenSpikeData {
  readonly offsets: Numbers;
  readonly times: Numbers;
  readonly sources: Numbers;
  readonly labels?: Numbers;
  readonly sourceCount: number;
}

/** The spikes of one sample, in any order. */
export interface SampleSpikes {
  readonly times: Numbers;
  readonly sources: Numbers;
}

const names: Names<GivenSpikeData> = { offsets: true, times: true, sources: true, labels: true, sourceCount: true };
const sampleNames: Names<SampleSpikes> = { times: true, sources: true };

/** So many neurons and sources a network has at most. */
const mostSources = 65536;
const mostLabel = 2 ** 31 - 1;

function checkSize(field: string, spikes: number, samples: number): void {
  if (samples > limits.lists) fail(field, `holds ${samples} samples; at most ${limits.lists} are taken, take fewer`);
  if (spikes > limits.numbers) fail(field, `holds ${spikes} spikes; at most ${limits.numbers} are taken, take fewer`);
}

/** Whether there are as many times as sources. */
function checkPairs(field: string, { times, sources }: SampleSpikes): void {
  const has = [list(`${field}.times`, times, "times").length, list(`${field}.sources`, sources, "sources").length];
  if (has[0] === has[1]) return;
  fail(field, `has ${counted(has[0]!, "time")} but ${counted(has[1]!, "source")}; one source per time is needed`);
}

function checkValues(field: string, { times, sources }: SampleSpikes, sourceCount: number): void {
  for (let n = 0; n < times.length; n++) {
    const source = sources[n]!;
    // Messages are made where one is needed: there are millions of spikes.
    if (!Number.isFinite(times[n])) finiteNumber(`${field}.times[${n}]`, times[n]);
    if (Number.isInteger(source) && source >= 0 && source < sourceCount) continue;
    wholeNumber(`${field}.sources[${n}]`, source, 0, sourceCount - 1);
  }
}

/** Labels of `count` samples. */
export function checkLabels(field: string, given: Numbers, count: number): Int32Array {
  const { length } = list(field, given, "labels");
  if (length !== count) fail(field, `holds ${counted(length, "label")}; ${counted(count, "sample")} need ${count}`);
  for (let s = 0; s < length; s++) wholeNumber(`${field}[${s}]`, given[s], 0, mostLabel);
  return Int32Array.from(given);
}

export const checkSourceCount = (field: string, value: unknown): number => wholeNumber(field, value, 1, mostSources);

/** Places of spikes in the order of their times, where spikes of the same time stand in order already. */
function placesByTime(times: Float64Array): Uint32Array {
  // Sorted without a callback, and each spike is looked up: several times as fast, and there are millions.
  const sorted = times.slice().sort();
  const taken = new Uint32Array(times.length); // at the first place of a time: how many of that time have theirs
  const places = new Uint32Array(times.length);
  times.forEach((t, n) => {
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]! < t) low = middle + 1;
      else high = middle;
    }
    places[low + taken[low]!++] = n;
  });
  return places;
}

/** Puts the spikes of one sample in order: by time, then by source. Ones that are in order already cost one look. */
export function sortSample(times: Float64Array, sources: Uint32Array, from: number, to: number): void {
  const [t, s] = [times.subarray(from, to), sources.subarray(from, to)];
  const after = (a: number, b: number): number => t[a]! - t[b]! || s[a]! - s[b]!;
  let [sorted, bySource] = [true, true];
  for (let n = 1; n < t.length; n++) {
    sorted &&= after(n - 1, n) <= 0;
    bySource &&= s[n - 1]! <= s[n]!;
  }
  if (sorted) return;
  const places = bySource ? placesByTime(t) : Uint32Array.from(t.keys()).sort(after);
  const [oldTimes, oldSources] = [t.slice(), s.slice()];
  for (let n = 0; n < t.length; n++) {
    t[n] = oldTimes[places[n]!]!;
    s[n] = oldSources[places[n]!]!;
  }
}

/**
 * Checks spikes that are given as compressed rows, and puts those of each sample in order. What was given is copied.
 * @param field their name, for messages.
 * @throws SaltationError `invalid-input` where lengths do not fit, offsets fall, a time is not finite, or a source or label is
 *   no whole number in its range.
 */
export function spikeData(given: GivenSpikeData, field = "spikes"): SpikeData {
  checkOptions(field, given, names);
  const offsets = list(`${field}.offsets`, given.offsets, "offsets");
  const count = offsets.length - 1;
  if (count < 0) fail(`${field}.offsets`, "is empty; it holds one number more than there are samples");
  const { length } = list(`${field}.times`, given.times, "times");
  checkSize(field, length, count);
  checkPairs(field, given);
  const sourceCount = checkSourceCount(`${field}.sourceCount`, given.sourceCount);
  for (let s = 0; s <= count; s++) {
    wholeNumber(`${field}.offsets[${s}]`, offsets[s], s === 0 ? 0 : offsets[s - 1]!, s === 0 ? 0 : length);
  }
  if (offsets[count] !== length) {
    fail(`${field}.offsets[${count}]`, `is ${offsets[count]}, and there are ${counted(length, "spike")}`);
  }
  checkValues(field, given, sourceCount);
  const [times, sources] = [Float64Array.from(given.times), Uint32Array.from(given.sources)];
  for (let s = 0; s < count; s++) sortSample(times, sources, offsets[s]!, offsets[s + 1]!);
  return {
    offsets: Uint32Array.from(offsets),
    times,
    sources,
    ...(given.labels === undefined ? {} : { labels: checkLabels(`${field}.labels`, given.labels, count) }),
    count,
    sourceCount,
  };
}

/**
 * The same of spikes that are given sample by sample.
 * @throws SaltationError `invalid-input`, as {@link spikeData}.
 */
export function spikeDataOf(
  samples: readonly SampleSpikes[],
  options: { readonly sourceCount: number; readonly labels?: Numbers },
  field = "samples",
): SpikeData {
  checkOptions("options", options, { sourceCount: true, labels: true });
  const { sourceCount, labels } = options;
  if (!Array.isArray(samples)) fail(field, "expected a list of { times, sources }, one a sample");
  const offsets = new Uint32Array(samples.length + 1);
  let total = 0;
  samples.forEach((sample, s) => {
    checkOptions(`${field}[${s}]`, sample, sampleNames);
    checkPairs(`${field}[${s}]`, sample);
    checkValues(`${field}[${s}]`, sample, checkSourceCount("sourceCount", sourceCount));
    total += sample.times.length;
    checkSize(field, total, s + 1);
    offsets[s + 1] = total;
  });
  const [times, sources] = [new Float64Array(total), new Float64Array(total)];
  samples.forEach((sample, s) => {
    times.set(sample.times, offsets[s]);
    sources.set(sample.sources, offsets[s]);
  });
  return spikeData({ offsets, times, sources, sourceCount, ...(labels === undefined ? {} : { labels }) }, field);
}

/** @throws SaltationError `invalid-input` where it is not what {@link spikeData} makes. */
export function checkSpikeData(field: string, given: SpikeData | undefined): void {
  if (!(given?.offsets instanceof Uint32Array)) fail(field, "expected spike data; spikeData(…) makes it");
}

/** The spikes of one sample. @throws SaltationError `invalid-input` where there is none of this number. */
export function sampleSpikes(data: SpikeData, sample: number): { times: Float64Array; sources: Uint32Array } {
  checkSpikeData("data", data);
  wholeNumber("sample", sample, 0, data.count - 1);
  const [from, to] = [data.offsets[sample]!, data.offsets[sample + 1]!];
  return { times: data.times.subarray(from, to), sources: data.sources.subarray(from, to) };
}
