/**
 * Puts into a job what the files hold that it names, where these are more than lists of numbers: HDF5, Parquet and tables,
 * and conversions of units, origins of time, choices of neurons and trials of any file. Numbers of JSON and npz that are
 * taken as they stand are read where they are used.
 */
import { counted, fail, finiteNumber, wholeNumber } from "../checks.js";
import { fileKind } from "../files/file-kind.js";
import type { RecordingFile, Series } from "../files/recording-file.js";
import { looksLikeSpikeCsv } from "../files/spike-csv.js";
import { neuronsOf, type SpikeTrains, shownIntervals, unobserved } from "../files/spike-trains.js";
import { exponentOfTen, timesTenTo, type Unit, unitOf } from "../files/unit.js";
import { neuronsGiven, type PopulationDefinition } from "../network/populations.js";
import { quoted } from "../quoted.js";
import type { SamplesReference, SignalJob, SolveJob, SpikesReference, TrainJob } from "./job.js";
import { openRecording } from "./open-recording.js";
import { checkPlain, type FileContext, isConverted } from "./recording.js";
import { pathsOfSamples, readSamples } from "./samples-job.js";

/** A unit of a job or of a file. @throws SaltationError where it is not known, or of another quantity. */
function known(field: string, text: string, like?: Unit): Unit {
  const examples = { s: "s, ms or us", A: "A, nA or pA", V: "V or mV", S: "S or nS" };
  const unit = unitOf(text) ?? fail(field, `expected a unit such as ${examples[like?.of ?? "s"]}, got ${quoted(text)}`);
  if (like && unit.of !== like.of) fail(field, `expected a unit such as ${examples[like.of]}, got ${quoted(text)}`);
  return unit;
}

const seconds = unitOf("s")!;

interface Said {
  /** What the file names, what the job says that the file has, and what the job wants. */
  readonly file: string | undefined;
  readonly fileField: string | undefined;
  readonly wanted: string | undefined;
}

/**
 * The power of ten from a file's unit to a job's; undefined where numbers are taken as they stand.
 * @param must whether the job has to say its unit.
 * @throws SaltationError naming what is missing: a unit is never guessed.
 */
export function exponentBetween(
  fields: { wanted: string; file: string },
  said: Said,
  of: Unit | undefined,
  must: boolean,
) {
  const { file, fileField, wanted } = said;
  const example = of?.of === "s" ? "ms" : "nA";
  if (file !== undefined && fileField !== undefined && unitOf(file)) {
    const same = unitOf(fileField)?.of === unitOf(file)!.of && unitOf(fileField)!.exponent === unitOf(file)!.exponent;
    if (!same) fail(fields.file, `is ${quoted(fileField)}, but the file says ${quoted(file)}; leave it out`);
  }
  const has = file !== undefined && unitOf(file) ? file : fileField;
  if (wanted === undefined) {
    if (fileField !== undefined)
      fail(fields.wanted, `is missing beside ${fields.file}; say the job's, "${example}" for example`);
    if (!must) return undefined;
    const what = has === undefined ? "" : `: the file has ${quoted(has)}`;
    return fail(fields.wanted, `is missing${what}; say in which unit the job has it, "${example}" for example`);
  }
  if (has === undefined) {
    const what = file === undefined ? "names no unit" : `names the unit ${quoted(file)}, which is not known`;
    return fail(fields.file, `is missing, as the file ${what}; say what the file has, "${example}" for example`);
  }
  const from = known(fields.file, has, of);
  return from.exponent - known(fields.wanted, wanted, from).exponent;
}

/** Values of a series in another unit: by one power of ten where its conversion is one, so that each is rounded once. */
export function seriesValues(series: Series, exponent: number): (i: number) => number {
  const { stored, channels, channelConversion, conversion, offset, singleConversion } = series;
  const ten = exponentOfTen(conversion, singleConversion);
  const moved = timesTenTo(offset, exponent);
  return (i) => {
    const x = channelConversion ? stored[i]! * channelConversion[i % channels]! : stored[i]!;
    const value = ten === undefined ? timesTenTo(x * conversion, exponent) : timesTenTo(x, ten + exponent);
    return offset === 0 ? value : value + moved;
  };
}

/** The samples of a time series from the job's beginning on, in the job's units. */
function samplesOf(
  field: string,
  ref: SamplesReference,
  series: Series,
  dt: number,
  t0: number,
): number[] | number[][] {
  const { stored, channels, start, rate } = series;
  const exponent = exponentBetween(
    { wanted: `${field}.unit`, file: `${field}.fileUnit` },
    { file: series.unit, fileField: ref.fileUnit, wanted: ref.unit },
    undefined,
    true,
  )!;
  const time = exponentBetween(
    { wanted: `${field}.timeUnit`, file: `${field}.fileTimeUnit` },
    { file: series.timeUnit, fileField: undefined, wanted: ref.timeUnit },
    seconds,
    true,
  )!;
  const count = stored.length / channels;
  const every = timesTenTo(1, time) / rate;
  // A float32 rate, as NWB has it, is off by 6e-8: over all samples that must stay a small part of one.
  if (!(Math.abs(every - dt) * count <= mostDrift * every)) {
    fail(
      `${field.replace(/\.samples$/, "")}.dt`,
      `is ${dt}, but samples of ${quoted(ref.key)} come every ${every} ${ref.timeUnit}; say that`,
    );
  }
  const begins = timesTenTo(start, time);
  const origin = ref.origin === undefined ? 0 : finiteNumber(`${field}.origin`, ref.origin);
  const place = (origin + t0 - begins) / every;
  const first = Math.round(place);
  if (first < 0 || first >= count) {
    const spans = `${begins} to ${begins + count * every} ${ref.timeUnit}`;
    fail(
      `${field}.origin`,
      `is ${origin}, but ${quoted(ref.key)} has samples from ${spans}; say at which of its times the job begins`,
    );
  }
  if (Math.abs(place - first) > mostDrift) {
    fail(`${field}.origin`, `is ${origin}, which lies between two samples; take ${begins + first * every - t0}`);
  }
  const value = seriesValues(series, exponent);
  const at = (i: number): number => {
    const x = (ref.scale ?? 1) * value(i);
    if (!Number.isFinite(x))
      fail(`${field}[${Math.floor(i / channels) - first}]`, `expected a finite number, got ${x}`);
    return x;
  };
  return Array.from({ length: count - first }, (_, n) =>
    channels === 1 ? at(first + n) : Array.from({ length: channels }, (_, c) => at((first + n) * channels + c)),
  ) as number[] | number[][];
}

/** Parts of a sample that samples may be off, at the end of all of them. */
const mostDrift = 0.01;

/** An array of numbers, of which the file says nothing more. */
function plainSamples(field: string, ref: SamplesReference, file: RecordingFile): number[] | number[][] {
  const found = file.numbers(ref.key);
  if (!found) {
    const there = file.entries().filter((e) => e.what === "time series" || e.what === "numbers");
    const list = there
      .slice(0, 12)
      .map((e) => e.key)
      .join(", ");
    throw new Error(`has no ${quoted(ref.key)}; it has ${list || "no numbers"}`);
  }
  for (const name of ["timeUnit", "origin"] as const) {
    if (ref[name] !== undefined)
      fail(`${field}.${name}`, `is for time series, and ${quoted(ref.key)} is numbers alone; leave it out`);
  }
  const { data, shape } = found;
  const exponent = exponentBetween(
    { wanted: `${field}.unit`, file: `${field}.fileUnit` },
    { file: undefined, fileField: ref.fileUnit, wanted: ref.unit },
    undefined,
    false,
  );
  if (shape.length > 2) throw new Error(`has ${quoted(ref.key)} of ${shape.length} dimensions; 1 or 2 are taken`);
  const [rows, columns = 1] = shape as [number, number?];
  const at = (i: number): number => {
    const x = (ref.scale ?? 1) * timesTenTo(data[i]!, exponent ?? 0);
    return Number.isFinite(x) ? x : fail(`${field}[${Math.floor(i / columns)}]`, `expected a finite number, got ${x}`);
  };
  return Array.from({ length: rows }, (_, r) =>
    shape.length === 1 ? at(r) : Array.from({ length: columns }, (_, c) => at(r * columns + c)),
  ) as number[] | number[][];
}

/** What is asked of spike trains of a file. */
export type TrainsAsked = Pick<
  SpikesReference,
  "timeUnit" | "fileTimeUnit" | "origin" | "neurons" | "trials" | "scale"
>;

/** The names under which what is asked is told: fields of a job, or options. */
export const trainFields = (field: string) => (name: keyof TrainsAsked) => `${field}.${name}`;

/** Which number each chosen neuron gets, by its number in the file. */
function renumbered(named: (name: keyof TrainsAsked) => string, chosen: readonly number[], trains: SpikeTrains) {
  const numbers = new Map<number, number>();
  const there = neuronsOf(trains);
  chosen.forEach((neuron, i) => {
    const at = `${named("neurons")}[${i}]`;
    if (numbers.has(neuron)) fail(at, `is ${neuron} a second time; leave it out`);
    if (!there.includes(neuron)) {
      const some = there.slice(0, 12).join(", ");
      fail(at, `is ${neuron}, of which the file has no spike; it has those of ${some || "none"}`);
    }
    numbers.set(neuron, i);
  });
  return numbers;
}

/**
 * Spike trains in another unit, from another origin, of some neurons and trials, which get the numbers of their places.
 * @param must whether the unit that is wanted has to be said.
 */
export function convertTrains(
  named: (name: keyof TrainsAsked) => string,
  trains: SpikeTrains,
  must: boolean,
  ask: TrainsAsked,
): SpikeTrains {
  const exponent = exponentBetween(
    { wanted: named("timeUnit"), file: named("fileTimeUnit") },
    { file: trains.timeUnit, fileField: ask.fileTimeUnit, wanted: ask.timeUnit },
    seconds,
    must,
  );
  if (ask.scale !== undefined && exponent !== undefined)
    fail(named("scale"), "is given beside timeUnit; leave one out");
  const origin = ask.origin === undefined ? 0 : finiteNumber(named("origin"), ask.origin);
  const converted = (t: number): number => {
    const scaled = (ask.scale ?? 1) * timesTenTo(t, exponent ?? 0);
    return origin === 0 ? scaled : scaled - origin;
  };
  const count = trains.starts.length - 1;
  const { firstTrial } = trains;
  if (firstTrial !== undefined && !ask.trials) {
    const shown = Array.from({ length: Math.min(count - firstTrial, 12) }, (_, i) => firstTrial + i).join(", ");
    fail(
      named("trials"),
      `is missing: the first trial of which the table has a row is ${firstTrial}; if trials are counted from there, choose ` +
        `${shown}${count - firstTrial > 12 ? ", …" : ""}; if those before it had no spike, choose them too, from 0 on`,
    );
  }
  const which = ask.trials ?? Array.from({ length: count }, (_, i) => i);
  which.forEach((trial, i) => void wholeNumber(`${named("trials")}[${i}]`, trial, 0, count - 1));
  const numbers = ask.neurons && renumbered(named, ask.neurons, trains);
  const [times, neurons]: number[][] = [[], []];
  const starts = new Int32Array(which.length + 1);
  which.forEach((trial, row) => {
    for (let i = trains.starts[trial]!; i < trains.starts[trial + 1]!; i++) {
      const own = trains.neurons ? trains.neurons[i]! : 0;
      const neuron = numbers ? numbers.get(own) : own;
      if (neuron === undefined) continue;
      times!.push(converted(trains.times[i]!));
      neurons!.push(neuron);
    }
    starts[row + 1] = times!.length;
  });
  const { table } = trains;
  const observed = new Map<number, Float64Array>();
  for (const [own, ends] of trains.observed ?? []) {
    const neuron = numbers ? numbers.get(own) : own;
    if (neuron !== undefined) observed.set(neuron, ends.map(converted));
  }
  return {
    ...(observed.size > 0 ? { observed } : {}),
    times: Float64Array.from(times!),
    neurons: trains.neurons && Int32Array.from(neurons!),
    starts,
    timeUnit: ask.timeUnit ?? ask.fileTimeUnit ?? trains.timeUnit,
    table: table && !ask.neurons && !ask.trials ? { ...table, fill: converted(table.fill) } : undefined,
  };
}

/** Trials as a job has them. */
function listsOf({ times, neurons, starts }: SpikeTrains): { times: number[][]; neurons: number[][] | undefined } {
  const rows = (of: Float64Array | Int32Array): number[][] =>
    Array.from({ length: starts.length - 1 }, (_, i) => Array.from(of.subarray(starts[i], starts[i + 1])));
  return { times: rows(times), neurons: neurons && rows(neurons) };
}

/** Neurons of a job's network, as far as it says how many. */
const sizeOf = ({ neurons, layers, populations }: SolveJob["network"]): number =>
  populations
    ? Object.values(populations).reduce((n, p) => n + neuronsGiven(p as PopulationDefinition), 0)
    : (neurons ?? layers?.reduce((a, b) => a + b, 0) ?? 1);

type Signal = SignalJob | undefined;

class Reader {
  constructor(
    private readonly job: SolveJob,
    private readonly context: FileContext,
  ) {}

  /** Opens a file that has to be read here; undefined of one whose numbers are taken as they stand. */
  private async open(
    field: string,
    ref: SamplesReference | SpikesReference,
  ): Promise<{ path: string; file: RecordingFile } | undefined> {
    const { path, bytes } = this.context.open(field, ref.file);
    const kind = fileKind(bytes);
    const lists = kind === "npz" || kind === "npy" || typeof kind === "object" || (kind === "text" && !isTable(bytes));
    if (lists && !isConverted(ref)) {
      checkPlain(field, ref);
      return undefined;
    }
    return { path, file: await openRecording(field, path, bytes) };
  }

  private using<T>(field: string, { path, file }: { path: string; file: RecordingFile }, read: () => T): T {
    try {
      return read();
    } catch (error) {
      // Errors about a field of the job name it already.
      if ((error as { field?: string }).field !== undefined) throw error;
      return fail(field, `${path} ${(error as Error).message}`);
    } finally {
      file.close();
    }
  }

  async signal(current: Signal, at: string): Promise<Signal> {
    const field = `${at}.samples`;
    if (typeof current !== "object" || Array.isArray(current) || Array.isArray(current.samples)) return current;
    const ref = current.samples as SamplesReference;
    const opened = await this.open(field, ref);
    if (!opened) return current;
    const t0 = this.job.time.t0 ?? 0;
    return this.using(field, opened, () => {
      if (!opened.file.isSeries(ref.key)) return { ...current, samples: plainSamples(field, ref, opened.file) };
      if (current.t0 !== undefined) fail(`${at}.t0`, `is said by the file; leave it out, or say "origin" of the file`);
      return { ...current, samples: samplesOf(field, ref, opened.file.series(ref.key), current.dt, t0), t0 };
    });
  }

  /** @throws SaltationError where a neuron was not observed all the time of the job: it would count as silent. */
  private checkObserved(field: string, ref: SpikesReference, trains: SpikeTrains): void {
    const { t0 = 0, t1, dt } = this.job.time;
    const rounding = mostDrift * dt;
    const neuron = unobserved(trains, t0 + rounding, t1 - rounding);
    if (neuron === undefined) return;
    const shown = `${ref.neurons ? ref.neurons[neuron] : neuron}`;
    fail(
      `${field}.origin`,
      `is ${ref.origin ?? 0}, but unit ${shown} was observed from ${shownIntervals(trains.observed!.get(neuron)!)} by the job's ` +
        `clock, and its time is ${t0} to ${t1}: move the origin, or time.t1`,
    );
  }

  async spikes(
    ref: SpikesReference,
  ): Promise<{ times: number[][]; neurons?: number[][]; outside?: "drop" } | undefined> {
    const field = "observed";
    const opened = await this.open(field, ref);
    if (!opened) return undefined;
    const trains = this.using(field, opened, () => {
      const { file } = opened;
      return convertTrains(trainFields(field), file.spikes(ref.key), file.physical, ref);
    });
    this.checkObserved(field, ref, trains);
    const { times, neurons } = listsOf(trains);
    const count = sizeOf(this.job.network);
    const beyond = neurons?.flat().find((n) => n >= count);
    if (beyond !== undefined && !ref.neurons) {
      const has = [...new Set(neurons!.flat())].sort((a, b) => a - b);
      const some = has.slice(0, 12).join(", ");
      fail(
        `${field}.neurons`,
        `is missing: the file has neurons ${some}${has.length > 12 ? " and more" : ""}, and the network ` +
          `${counted(count, "neuron")}; choose, "neurons": [${has.slice(0, count).join(", ")}] for example`,
      );
    }
    const { outside } = ref;
    return { times, ...(neurons ? { neurons } : {}), ...(outside ? { outside } : {}) };
  }
}

/** Whether bytes are a table of spikes as text, by how they begin; of UTF-16 without the other half of each character. */
const isTable = (bytes: Uint8Array): boolean =>
  looksLikeSpikeCsv(new TextDecoder().decode(bytes.subarray(0, 4096)).replace(/[\0\ufffd]/g, ""));

/** A unit of time that a job says for readers has to be that of its files. */
function checkUnits(job: SolveJob, ref: { timeUnit?: string | undefined }, field: string): void {
  const said = (job as Partial<TrainJob>).units?.time;
  const [a, b] = [
    said === undefined ? undefined : unitOf(said),
    ref.timeUnit === undefined ? undefined : unitOf(ref.timeUnit),
  ];
  if (a && b && a.exponent !== b.exponent) {
    fail(`${field}.timeUnit`, `is ${quoted(ref.timeUnit!)}, but the job's units.time is ${quoted(said!)}; say one`);
  }
}

/**
 * A job with what its files hold in place of their names, as far as that has to be converted; else the job itself.
 * @throws SaltationError `invalid-input`: one line that names the field.
 */
export async function readFiles<J extends SolveJob>(job: J, context: FileContext): Promise<J> {
  const reader = new Reader(job, context);
  let read: J = job;
  const signal = async (given: Signal, field: string): Promise<Signal> => {
    if (typeof given === "object" && !Array.isArray(given))
      checkUnits(job, given.samples as object, `${field}.samples`);
    return reader.signal(given, field);
  };
  type Signals = Pick<NonNullable<SolveJob["input"]>, "current" | "inputs">;
  const signals = async <S extends Signals>(given: S, field: string): Promise<S> => {
    let filled = given;
    const current = await signal(given.current, `${field}.current`);
    if (current !== given.current) filled = { ...filled, current };
    for (const [name, one] of Object.entries(given.inputs ?? {})) {
      const found = await signal(one, `${field}.inputs.${name}`);
      if (found !== one) filled = { ...filled, inputs: { ...filled.inputs, [name]: found! } };
    }
    return filled;
  };
  const { input } = job;
  const filled = input && (await signals(input, "input"));
  if (filled !== input) read = { ...read, input: filled };
  if (job.samples) {
    const sampled = await readSamples({ ...job, samples: job.samples }, sizeOf(job.network), context);
    read = { ...read, sampled, paths: pathsOfSamples(sampled) };
  }
  const observed = (job as Partial<TrainJob>).observed;
  if (observed === undefined || Array.isArray(observed)) return read;
  if ("simulate" in observed) {
    const given = observed.simulate;
    const simulated = await signals(given, "observed.simulate");
    return simulated === given ? read : { ...read, observed: { simulate: simulated } };
  }
  if (!("file" in observed)) return read;
  checkUnits(job, observed, "observed");
  const spikes = await reader.spikes(observed);
  return spikes ? { ...read, observed: spikes } : read;
}
