/**
 * Samples: a path is a sample, and what is given may differ from one to the next. Of `samples` × `trials` paths, those of
 * sample s are s · trials to (s + 1) · trials - 1.
 */

import { checkOptions, fail, isNumbers, type Names, type Numbers, show, wholeNumber } from "../checks.js";
import type { PlannedCurrent } from "../driver/current.js";
import { halvedArrivals, planSourceSpikes, type SampledArrivals, type SourceSpikes } from "./arrivals.js";
import type { SolvePlan } from "./plan.js";
import {
  type Planned,
  type PlannedValues,
  planValues,
  type SampledValues,
  shapeOfValues,
  type ValuesBySample,
} from "./sampled-values.js";

/**
 * Spikes of the sources of a network, numbered from 0 over all of its sources, at times from t0 to t1 (one at t1 changes
 * nothing): of each sample a list, or those of all samples one after the other, of sample s from offsets[s] to offsets[s + 1];
 * so `SpikeData`, as encoders and data sets give it, may stand here as it is.
 */
export type SpikesBySample =
  | { offsets: Numbers; times: Numbers; sources: Numbers; labels?: Numbers; count?: number; sourceCount?: number }
  | readonly { times: Numbers; sources: Numbers }[];

const csrNames = { offsets: true, times: true, sources: true, labels: true, count: true, sourceCount: true } as const;

/** What differs from sample to sample; whatever is given has as many samples. */
export interface SampleOptions extends ValuesBySample {
  /** Paths of each sample, default 1. */
  trials?: number;
  spikes?: SpikesBySample;
  /** A whole number of at least 0 for each sample, for losses; default those of `spikes`, where they have any. */
  labels?: Numbers;
  /**
   * Number of the first sample, default 0: trial r of sample s has the noise of path (first + s) · trials + r. So a sample
   * alone, or some in a batch, has the bits that it has among all.
   */
  first?: number;
}

const sampleNames: Names<SampleOptions> = {
  trials: true,
  spikes: true,
  inputs: true,
  parameters: true,
  initial: true,
  drivers: true,
  labels: true,
  first: true,
};

export interface PlannedSamples {
  readonly count: number;
  readonly trials: number;
  readonly first: number;
  readonly labels?: Int32Array;
  /** With spikes of sources. To be read by the functions of arrivals.ts. */
  readonly agenda?: SampledArrivals;
  /** Signals, parameters and initial states. To be read by the functions of sampled-values.ts. */
  readonly values?: SampledValues;
}

/** The path whose random numbers the first path of a plan has. */
export const firstDrawn = ({ samples }: Pick<SolvePlan, "samples">): number =>
  samples ? samples.first * samples.trials : 0;

/** The plan that samples are laid on. */
type Grid = Planned & Pick<SolvePlan, "t1" | "arrivals" | "antithetic">;

const field = "samples";

/** A list of numbers of a typed array's kind, checked entry by entry. */
function checked<A extends Float64Array | Uint32Array | Int32Array>(
  at: string,
  given: unknown,
  into: new (length: number) => A,
  check: (value: number) => string | undefined,
): A {
  if (!isNumbers(given)) fail(at, `expected a list, got ${show(given)}`);
  const out = new into(given.length);
  for (let i = 0; i < given.length; i++) {
    const value = given[i]!;
    const wrong = typeof value === "number" ? check(value) : `expected a number, got ${show(value)}`;
    if (wrong) fail(`${at}[${i}]`, wrong);
    out[i] = value;
  }
  return out;
}

/** Lists of samples one after the other. */
function inOne(lists: readonly { times: Numbers; sources: Numbers }[]): SourceSpikes {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, s) => {
    offsets[s + 1] = offsets[s]! + list.times.length;
  });
  const times = new Float64Array(offsets[lists.length]!);
  const sources = new Uint32Array(times.length);
  lists.forEach((list, s) => {
    times.set(list.times as ArrayLike<number>, offsets[s]);
    sources.set(list.sources as ArrayLike<number>, offsets[s]);
  });
  return { offsets, times, sources };
}

function readSpikes(given: unknown, { network, t0, t1 }: Grid): SourceSpikes {
  const at = `${field}.spikes`;
  const { sources: known } = network;
  if (known === 0) fail(at, "the network has no sources; give input spikes, or the network a population of sources");
  const time = (t: number): string | undefined => {
    if (t >= t0 && t <= t1) return undefined;
    return Number.isFinite(t)
      ? `${t} lies outside t0 = ${t0} to t1 = ${t1}; leave it out`
      : `expected a finite number, got ${t}`;
  };
  const source = (s: number): string | undefined =>
    Number.isInteger(s) && s >= 0 && s < known ? undefined : `is ${s}; sources are numbered 0 to ${known - 1}`;
  const read = (of: string, spikes: unknown): { times: Float64Array; sources: Uint32Array } => {
    if (typeof spikes !== "object" || spikes === null) fail(of, `expected { times, sources }, got ${show(spikes)}`);
    const { times, sources } = spikes as Record<string, unknown>;
    const all = {
      times: checked(`${of}.times`, times, Float64Array, time),
      sources: checked(`${of}.sources`, sources, Uint32Array, source),
    };
    if (all.times.length !== all.sources.length)
      fail(`${of}.sources`, `has ${all.sources.length} entries for ${all.times.length} times; one each is needed`);
    return all;
  };
  if (Array.isArray(given)) {
    given.forEach((one, s) => {
      checkOptions(`${at}[${s}]`, one, { times: true, sources: true });
    });
    return inOne(given.map((one, s) => read(`${at}[${s}]`, one)));
  }
  checkOptions(at, given, csrNames);
  const { sourceCount } = given as { sourceCount?: unknown };
  if (sourceCount !== undefined && sourceCount !== known)
    fail(`${at}.sourceCount`, `is ${show(sourceCount)}, and the network has ${known} sources`);
  const { times, sources } = read(at, given);
  let last = 0;
  const offsets = checked(`${at}.offsets`, (given as { offsets: unknown }).offsets, Uint32Array, (offset) => {
    if (!Number.isInteger(offset) || offset < last) return `expected a whole number of at least ${last}, got ${offset}`;
    last = offset;
    return undefined;
  });
  if (offsets[0] !== 0 || last !== times.length)
    fail(
      `${at}.offsets`,
      `go from ${offsets[0]} to ${last}; one for each sample and one more go from 0 to ${times.length}, the number of times`,
    );
  return { offsets, times, sources };
}

/** Samples, and the signals of their plan in the shape in which they give them. */
export interface PlannedBySample extends Partial<Pick<PlannedValues, "current" | "inputs">> {
  readonly samples: PlannedSamples;
}

/**
 * Checks samples against a plan without them, and lays them on its grid.
 * @throws SaltationError `invalid-input` naming the field, its value and the mend.
 */
export function planSamples(options: SampleOptions, grid: Grid): PlannedBySample {
  checkOptions(field, options, sampleNames);
  const trials = wholeNumber(`${field}.trials`, options.trials ?? 1, 1, 2 ** 30);
  const first = wholeNumber(`${field}.first`, options.first ?? 0, 0, 2 ** 32 - 1);
  const counts: [name: string, count: number][] = [];
  const spikes = options.spikes === undefined ? undefined : readSpikes(options.spikes, grid);
  if (spikes) counts.push(["spikes", spikes.offsets.length - 1]);
  let labels: Int32Array | undefined;
  const ofSpikes = options.spikes && "labels" in options.spikes ? options.spikes.labels : undefined;
  const labelled = options.labels ?? ofSpikes;
  if (labelled !== undefined) {
    labels = checked(`${field}.labels`, labelled, Int32Array, (label) =>
      Number.isInteger(label) && label >= 0 && label < 2 ** 31
        ? undefined
        : `expected a whole number of at least 0, got ${label}`,
    );
    counts.push(["labels", labels.length]);
  }
  const planned = planValues(options, grid);
  if (planned) counts.push([planned.of.slice(field.length + 1), planned.count]);
  if (counts.length === 0) fail(field, "say nothing of samples; give spikes, inputs or parameters, or leave them out");
  const [named, count] = counts[0]!;
  for (const [name, other] of counts) {
    if (other !== count) fail(`${field}.${name}`, `has ${other} samples, and ${field}.${named} ${count}; give as many`);
  }
  if (count === 0) fail(`${field}.${named}`, "holds no sample");
  if (count * trials > 2 ** 30) fail(`${field}.trials`, `${count} samples × ${trials} are more than 2^30 paths`);
  if ((first + count) * trials > 2 ** 32)
    fail(`${field}.first`, `${first}: paths are numbered below 2^32, and sample ${first + count} has ${trials}`);
  if (grid.antithetic && trials % 2 !== 0)
    fail(`${field}.trials`, `is ${trials}; antithetic paths come in pairs, so give an even number`);
  if (grid.network.sources > 0 && !spikes)
    fail(
      `${field}.spikes`,
      `is missing: the network has ${grid.network.sources} sources, whose spikes come with samples`,
    );
  const samples = {
    count,
    trials,
    first,
    ...(labels ? { labels } : {}),
    ...(spikes ? { agenda: planSourceSpikes(spikes, grid.arrivals, grid) } : {}),
    ...(planned ? { values: planned.values } : {}),
  };
  return planned ? { samples, current: planned.current, inputs: planned.inputs } : { samples };
}

/** The same on a grid of steps half as long. */
export function halvedSamples(samples: PlannedSamples): PlannedSamples {
  const { agenda } = samples;
  return { ...samples, ...(agenda ? { agenda: { ...agenda, all: halvedArrivals(agenda.all) } } : {}) };
}

/**
 * The plan with other samples, as many as it has and given in the same ways: evaluators and trainings that were made for the one
 * take the other, and compile nothing. So a mini-batch is `withSamples(plan, batch)`.
 * @throws SaltationError `invalid-input` also where they are not alike.
 */
export function withSamples(plan: SolvePlan, options: SampleOptions): SolvePlan {
  const { samples, current = plan.current, inputs = plan.inputs } = planSamples(options, plan);
  const { samples: before } = plan;
  if (!before) fail(field, "the plan has none; plan it with samples first");
  if (samples.count !== before.count || samples.trials !== before.trials)
    fail(
      field,
      `${samples.count} samples of ${samples.trials} are not as many as the plan has: ${before.count} of ${before.trials}`,
    );
  const given = (of: PlannedSamples): string => Object.keys(of).sort().join();
  const signals = (c: PlannedCurrent): unknown[] => [c.samples, c.stepsPerSample, c.perNeuron];
  const shape = (of: PlannedSamples, ...all: readonly PlannedCurrent[]): string =>
    shapeOfValues(of.values) + JSON.stringify(all.map(signals));
  if (
    given(samples) !== given(before) ||
    shape(samples, current, ...inputs) !== shape(before, plan.current, ...plan.inputs)
  )
    fail(field, "give the same of each sample as the plan was made with, in the same shape");
  return { ...plan, samples };
}
