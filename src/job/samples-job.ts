/** Samples of jobs: what their fields and files hold, as a solve takes it. */
import { fail, type Numbers, show, wholeNumber } from "../checks.js";
import { spikeFile } from "../data/spike-file.js";
import { fileKind, kindName } from "../files/file-kind.js";
import { openNpy, openNpz } from "../files/npz.js";
import type { SampledSeries, SignalBySample, ValuesBySample } from "../plan/sampled-values.js";
import type { SampleOptions } from "../plan/samples.js";
import { quoted } from "../quoted.js";
import type { ArrayReference, SamplesJob, ValuesJob } from "./job.js";
import { type FileContext, readLists } from "./recording.js";
import { samplesFromStart } from "./sample-origin.js";

/** What a job says of its time. */
interface Time {
  readonly t0?: number | undefined;
  readonly t1: number;
  readonly dt: number;
}

/** Numbers in rows, of one to three dimensions. */
interface NumberArray {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/** What is not given is not there. */
const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

const isReference = (value: unknown): value is ArrayReference =>
  typeof value === "object" && value !== null && "file" in value && "key" in value;

/** Lists of numbers as an array; undefined where they are none, or of rows of unequal length. */
function arrayOf(value: unknown): NumberArray | undefined {
  const shape: number[] = [];
  for (let at = value; Array.isArray(at); at = at[0]) shape.push(at.length);
  if (shape.length === 0) return undefined;
  const data = (value as unknown[]).flat(shape.length - 1);
  const whole = data.length === shape.reduce((a, b) => a * b, 1) && data.every((x) => typeof x === "number");
  return whole ? { data: data as number[], shape } : undefined;
}

/** An array of an npz, HDF5 or JSON file. */
async function readArray(field: string, { file, key }: ArrayReference, context: FileContext): Promise<NumberArray> {
  const { bytes, path } = context.open(`${field}.file`, file);
  const kind = fileKind(bytes);
  const missing = (has: readonly string[]): never =>
    fail(`${field}.key`, `${path} has no numbers ${quoted(key)}; it has ${has.slice(0, 12).join(", ") || "none"}`);
  if (kind === "parquet") fail(`${field}.file`, `${path} is ${kindName[kind]}; arrays are read of npz, HDF5 and JSON`);
  try {
    if (kind === "npz" || kind === "npy") {
      const npz = kind === "npz" ? openNpz(bytes) : openNpy(bytes);
      return npz.read(key) ?? missing(npz.keys);
    }
    if (kind === "hdf5") {
      const { openHdf5Recording } = await import("../files/hdf5-recording.js");
      const opened = await openHdf5Recording(bytes);
      try {
        return opened.numbers(key) ?? missing(opened.entries().map((e) => e.key));
      } finally {
        opened.close();
      }
    }
    const { keys, read } = readLists(`${field}.file`, path, bytes);
    return arrayOf(read(key)) ?? missing(keys);
  } catch (error) {
    if ((error as { field?: string }).field !== undefined) throw error;
    return fail(`${field}.file`, `${path}: ${(error as Error).message}`);
  }
}

/**
 * The rows of an array, one for each sample.
 * @param most how many dimensions are taken, the first of samples.
 */
async function rowsOf(field: string, ref: ArrayReference, context: FileContext, most: 1 | 2 | 3): Promise<unknown> {
  const { data, shape } = await readArray(field, ref, context);
  const { scale = 1 } = ref;
  if (shape.length < 1 || shape.length > most || (most === 3 && shape.length < 2)) {
    const wanted = { 1: "one by sample is", 2: "one or two are", 3: "two or three, by sample and time, are" }[most];
    fail(`${field}.key`, `${quoted(ref.key)} has ${shape.length} dimensions [${shape.join(", ")}]; ${wanted} needed`);
  }
  const numbers = Float64Array.from(data, (x) => scale * x);
  const wrong = numbers.findIndex((x) => !Number.isFinite(x));
  if (wrong >= 0) {
    const places = shape.map((_, d) => Math.floor(wrong / shape.slice(d + 1).reduce((a, b) => a * b, 1)) % shape[d]!);
    fail(`${field}.key`, `${ref.key}[${places.join("][")}] is ${numbers[wrong]}; a finite number is needed`);
  }
  const [count, length = 1, width] = shape as [number, number?, number?];
  if (shape.length === 1) return Array.from(numbers);
  const row = (at: number, size: number): Float64Array => numbers.subarray(at, at + size);
  return Array.from({ length: count }, (_, s) =>
    width === undefined
      ? row(s * length, length)
      : Array.from({ length }, (_, n) => row((s * length + n) * width, width)),
  );
}

/** A value of a job, its reference read. */
const read = async <T>(field: string, value: T, context: FileContext, most: 1 | 2 | 3): Promise<unknown> =>
  isReference(value) ? rowsOf(field, value, context, most) : value;

/** Samples by time of each sample, from the job's beginning on. What they and dt have to be is said where a solve takes them. */
function fromStart(at: string, series: { dt: number; samples: unknown; t0?: number | undefined }, time: Time): unknown {
  const { dt, samples, t0 } = series;
  if (!Array.isArray(samples) || !(dt > 0)) return samples;
  return samples.map((one) => samplesFromStart(at, { dt, samples: one as readonly unknown[], t0 }, time));
}

/** Entries of a record, each read. */
async function each<T, R>(
  field: string,
  record: Readonly<Record<string, T>>,
  one: (at: string, value: T) => Promise<R>,
): Promise<Record<string, R>> {
  const all: [string, R][] = [];
  for (const [name, value] of Object.entries(record)) {
    const at = /^[\w.-]{1,64}$/.test(name) ? `${field}.${name}` : field;
    all.push([name, await one(at, value)]);
  }
  return Object.fromEntries(all);
}

/** Labels of a job: whole numbers by sample. */
export const readLabels = async (
  field: string,
  labels: NonNullable<SamplesJob["labels"]>,
  context: FileContext,
): Promise<Numbers> => (await read(field, labels, context, 1)) as Numbers;

/** How many samples values are of, where they say; drawn paths take as many. */
function countOf(values: ValuesBySample): number | undefined {
  for (const record of [values.inputs, values.parameters, values.initial, values.drivers])
    for (const value of Object.values(record ?? {})) {
      const rows = (value as { samples?: unknown }).samples ?? value;
      const { length } = rows as { length?: number };
      if (length !== undefined) return length;
    }
  return undefined;
}

/**
 * What samples of a job have of their own, its references read.
 * @param neurons of the network, of which drawn paths may be one each.
 * @param known how many samples there are, where other things say.
 * @throws SaltationError `invalid-input` naming the field.
 */
export async function readValues(
  field: string,
  job: ValuesJob,
  context: FileContext,
  { time, neurons, known }: { readonly time: Time; readonly neurons: number; readonly known: number | undefined },
): Promise<ValuesBySample> {
  const values: ValuesBySample = {};
  if (job.inputs)
    values.inputs = await each(`${field}.inputs`, job.inputs, async (at, signal) => {
      if (Array.isArray(signal) || isReference(signal)) return (await read(at, signal, context, 2)) as SignalBySample;
      const { t0, samples, ...how } = signal;
      const all = await read(`${at}.samples`, samples, context, 3);
      return given({ ...how, samples: fromStart(at, { dt: how.dt, samples: all, t0 }, time) }) as SignalBySample;
    });
  for (const kind of ["parameters", "initial"] as const) {
    const record = job[kind];
    if (record)
      values[kind] = await each(`${field}.${kind}`, record, async (at, rows) => {
        return (await read(at, rows, context, 2)) as Numbers;
      });
  }
  if (job.drivers)
    values.drivers = await each(`${field}.drivers`, job.drivers, async (at, driver): Promise<SampledSeries> => {
      if ("samples" in driver) {
        const { dt, t0 } = driver;
        const samples = await read(`${at}.samples`, driver.samples, context, 3);
        return { dt, samples: fromStart(at, { dt, samples, t0 }, time) } as SampledSeries;
      }
      const samples = known ?? countOf(values);
      if (samples === undefined)
        fail(at, "is drawn, and nothing says of how many samples; give something else of each sample");
      const { hurst, seed, dt = time.dt, perNeuron = false } = driver;
      const steps = Math.ceil((time.t1 - (time.t0 ?? 0)) / dt - 1e-9);
      const { fractionalBrownian } = await import("../data/fractional-brownian.js");
      try {
        return fractionalBrownian({ hurst, seed, dt, steps, samples, ...(perNeuron ? { neurons } : {}) });
      } catch (error) {
        return fail(at, (error as Error).message);
      }
    });
  return values;
}

/**
 * The samples of a job, their files read.
 * @param neurons of its network.
 * @throws SaltationError `invalid-input` naming the field.
 */
export async function readSamples(
  { samples, time }: { readonly samples: SamplesJob; readonly time: Time },
  neurons: number,
  context: FileContext,
): Promise<SampleOptions> {
  const field = "samples";
  const { spikes, labels, trials } = samples;
  const options: SampleOptions = {};
  if (Array.isArray(spikes)) options.spikes = spikes;
  else if (spikes) {
    const { file, ...how } = spikes;
    const { bytes, path } = context.open(`${field}.spikes.file`, file);
    try {
      const { sourceCount: _, ...rest } = await spikeFile(bytes, given(how) as object);
      options.spikes = rest;
    } catch (error) {
      fail(`${field}.spikes.file`, `${path}: ${(error as Error).message.replace(/^file: the file /, "")}`);
    }
  }
  if (labels !== undefined) options.labels = await readLabels(`${field}.labels`, labels, context);
  const known = options.spikes
    ? "offsets" in options.spikes
      ? options.spikes.offsets.length - 1
      : options.spikes.length
    : options.labels?.length;
  Object.assign(options, await readValues(field, samples, context, { time, neurons, known }));
  if (trials !== undefined) options.trials = wholeNumber(`${field}.trials`, trials, 1, 2 ** 30);
  const count = known ?? countOf(options);
  if (count === undefined)
    fail(field, `say nothing of samples, got ${show(samples)}; give spikes, inputs or parameters`);
  return options;
}

/** How many paths samples are. */
export function pathsOfSamples(options: SampleOptions): number {
  const { spikes, labels, trials = 1 } = options;
  const ofSpikes = spikes && ("offsets" in spikes ? spikes.offsets.length - 1 : spikes.length);
  return trials * (ofSpikes ?? labels?.length ?? countOf(options) ?? 0);
}
