/** References from a job into other files (JSON or npz), and repeated trials of spike times. */
import { counted, fail, finiteNumber, wholeNumber } from "../checks.js";
import type { Current } from "../driver/current.js";
import { fileKind, kindName } from "../files/file-kind.js";
import { limits, mebibytes } from "../files/limits.js";
import { openNpy, openNpz } from "../files/npz.js";
import { readJson } from "../files/read-json.js";
import type { NetworkDefinition } from "../network/network.js";
import { escaped, quoted } from "../quoted.js";
import type { Trial } from "../spikes/trials.js";
import type { SamplesReference, SignalJob, SolveJob, TrialsJob } from "./job.js";
import { type JobTime, samplesFromStart } from "./sample-origin.js";

/** In a job, a file of this name stands for the one given by `--recording`, or dropped on the page. */
export const recordingName = "@recording";

/** Finds the files that a job names: on a disk, or among what was dropped on a page. */
export interface FileContext {
  /** @throws SaltationError naming the field, where there is no such file. */
  open(field: string, file: string): { path: string; bytes: Uint8Array };
}

/** Nested lists of an array of one or two dimensions; a number alone, as `numpy.savez(dt=0.1)` writes it, is a list of one. */
function lists(field: string, data: ArrayLike<number>, shape: readonly number[]): number[] | number[][] {
  if (shape.length <= 1) return Array.from(data);
  if (shape.length !== 2) fail(field, `has ${shape.length} dimensions; 1 or 2 are taken`);
  const [rows, columns] = shape as [number, number];
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => data[r * columns + c]!));
}

/** The lists of a JSON or npz file, by key. */
export interface Lists {
  readonly keys: readonly string[];
  /** @throws SaltationError where what is there cannot be read. */
  read(key: string): unknown;
}

/**
 * Reads a file by what it is, whatever it is called: npz, a single npy (its array is `arr_0`), or JSON.
 * @throws SaltationError where it is something else. What a JSON file holds is never told: it may be another's.
 */
export function readLists(field: string, path: string, bytes: Uint8Array): Lists {
  const kind = fileKind(bytes);
  const named = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      return fail(field, `${path}: ${(error as Error).message}`);
    }
  };
  if (kind === "npz" || kind === "npy") {
    if (bytes.length > limits.npz) {
      fail(field, `${path} has ${mebibytes(bytes.length)}; of npz files at most ${mebibytes(limits.npz)} are read`);
    }
    const npz = named(() => (kind === "npz" ? openNpz(bytes) : openNpy(bytes)));
    return {
      keys: npz.keys,
      read(key) {
        const text = named(() => npz.text(key));
        if (text !== undefined) return text;
        const array = named(() => npz.read(key));
        return array && lists(field, array.data, array.shape);
      },
    };
  }
  if (kind === "hdf5" || kind === "parquet") {
    fail(field, `${path} is ${kindName[kind]}; "saltation convert" makes an npz of it`);
  }
  if (bytes.length === 0) fail(field, `${path} is empty`);
  let value: unknown;
  try {
    ({ value } = readJson(bytes));
  } catch (error) {
    return fail(field, `${path} ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail(field, `${path} holds ${sortOf(value)}, where an object with named lists is wanted`);
  }
  const object = value as Record<string, unknown>;
  return { keys: Object.keys(object), read: (key) => (Object.hasOwn(object, key) ? object[key] : undefined) };
}

/** The sort of a value of a file, without the value. */
function sortOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "a list";
  const sorts: Record<string, string> = { object: "an object", string: "text", boolean: "true or false" };
  return sorts[typeof value] ?? "a number";
}

/** The same of what should have been a list of such: what it holds instead. */
const listOf = (value: unknown, isRight: (v: unknown) => boolean = () => true): string => {
  if (!Array.isArray(value)) return sortOf(value);
  const wrong = value.findIndex((v) => !isRight(v));
  return wrong < 0 ? `a list of ${value.length}` : `a list whose entry ${wrong} is ${sortOf(value[wrong])}`;
};

/** The names in a file, as many as a line takes. */
function listed(keys: readonly string[]): string {
  if (keys.length === 0) return "nothing";
  const some = keys.slice(0, 12).map((k) => (k.length > 40 ? quoted(k, 40) : escaped(k)));
  return keys.length > some.length ? `${some.join(", ")} and ${keys.length - some.length} more` : some.join(", ");
}

function load(field: string, file: string, context: FileContext): Lists & { path: string } {
  const { path, bytes } = context.open(field, file);
  return { path, ...readLists(field, path, bytes) };
}

/** A number of a file. */
const numberOf = (field: string, value: unknown): number =>
  typeof value === "number" ? finiteNumber(field, value) : fail(field, `expected a number, got ${sortOf(value)}`);

/** What a reference may ask of a file beside its numbers as they stand. */
const conversions = ["unit", "fileUnit", "timeUnit", "fileTimeUnit", "origin", "neurons", "trials"] as const;

/** Whether a file's numbers are to be converted or chosen from. */
export const isConverted = (ref: object): boolean =>
  conversions.some((name) => (ref as Record<string, unknown>)[name] !== undefined);

/** @throws SaltationError where more is asked of a file than its numbers as they stand: `readFiles` does that. */
export function checkPlain(field: string, ref: { readonly key?: unknown; readonly scale?: unknown }): void {
  const asked = conversions.find((name) => (ref as Record<string, unknown>)[name] !== undefined);
  if (asked)
    fail(`${field}.${asked}`, 'is for the command line; "saltation convert" writes a file that says it already');
  if (ref.scale !== undefined && ref.key === undefined)
    fail(`${field}.scale`, "is for the list of a key; name the key");
}

interface KeyedReference {
  readonly file: string;
  readonly key: string;
  readonly scale?: number | undefined;
}

/** Reads what a reference means: a list, or a list of lists. */
function readReference(field: string, ref: KeyedReference, context: FileContext): number[] | number[][] {
  checkPlain(field, ref);
  const file = load(field, ref.file, context);
  const value = file.read(ref.key);
  if (!Array.isArray(value)) fail(field, `${file.path} has no list ${quoted(ref.key)}; it has ${listed(file.keys)}`);
  const scale = ref.scale ?? 1;
  const at = (v: unknown, name: string): number => scale * numberOf(name, v);
  return value.map((row: unknown, i) =>
    Array.isArray(row) ? row.map((v: unknown, j) => at(v, `${field}[${i}][${j}]`)) : at(row, `${field}[${i}]`),
  ) as number[] | number[][];
}

/**
 * A signal of a job from the job's beginning on, with references read.
 * @param time the job's; where there is none, samples stay where they are.
 */
export function readSignal(given: SignalJob, field: string, context: FileContext, time?: JobTime): Current {
  if (typeof given === "number" || Array.isArray(given)) return given;
  const { dt, interpolation, t0 } = given;
  const all = Array.isArray(given.samples)
    ? (given.samples as number[] | number[][])
    : readReference(`${field}.samples`, given.samples as SamplesReference, context);
  // What dt has to be is said where a network takes it.
  const samples = time && dt > 0 ? samplesFromStart(field, { dt, samples: all as readonly unknown[], t0 }, time) : all;
  return { dt, samples: samples as number[] | number[][], ...(interpolation === undefined ? {} : { interpolation }) };
}

/** A name within a field's. */
export const fieldName = (name: string): string => (/^\w{1,64}$/.test(name) ? name : quoted(name));

/** The input signals of a job, or of one of its populations, as a network takes them. */
export function readSignals(
  { current, inputs }: Pick<NonNullable<SolveJob["input"]>, "current" | "inputs">,
  context: FileContext,
  time?: JobTime,
  field = "input",
): Pick<NetworkDefinition, "current" | "inputs"> {
  const named = Object.entries(inputs ?? {}).map(([name, given]) => {
    return [name, readSignal(given, `${field}.inputs.${fieldName(name)}`, context, time)] as const;
  });
  return {
    ...(current === undefined ? {} : { current: readSignal(current, `${field}.current`, context, time) }),
    ...(inputs === undefined ? {} : { inputs: Object.fromEntries(named) }),
  };
}

/** Trials as a job says them. */
export const asTrials = (trials: readonly Trial[]): TrialsJob => ({
  times: trials.map((t) => [...t.times]),
  neurons: trials.map((t) => [...t.neurons]),
});

/** The interval on which a network is simulated. */
export interface Span {
  readonly t0: number;
  readonly t1: number;
}

/** The span of all times. */
export const always: Span = { t0: Number.NEGATIVE_INFINITY, t1: Number.POSITIVE_INFINITY };

/** Of trials what lies within an interval, the spikes at its end not among them. */
export const trialsWithin = (trials: readonly Trial[], { t0, t1 }: Span): Trial[] =>
  trials.map(({ times, neurons }) => {
    const kept = times.map((t) => t >= t0 && t < t1);
    return { times: times.filter((_, n) => kept[n]), neurons: neurons.filter((_, n) => kept[n]) };
  });

/**
 * Rows of a table of spikes up to as many spikes as each is said to hold: what comes after those fills the row up.
 * @throws Error that goes on from the file's name, where a number is none of so many slots.
 */
export function upToCounts<T>(rows: readonly (readonly T[])[], counts: unknown): T[][] {
  if (counts === undefined) return rows.map((row) => [...row]);
  if (!Array.isArray(counts) || counts.length !== rows.length) {
    throw new Error(`has spike_counts: expected one number per trial (${rows.length}), got ${listOf(counts)}`);
  }
  return rows.map((row, i) => {
    const count: unknown = counts[i];
    if (typeof count !== "number") throw new Error(`has ${sortOf(count)} as spike_counts[${i}]; expected a number`);
    if (!(Number.isInteger(count) && count >= 0 && count <= row.length)) {
      throw new Error(
        `has ${count} as spike_counts[${i}], but spike_times has ${row.length} in a trial; save them whole`,
      );
    }
    return row.slice(0, count);
  });
}

/**
 * The observed trials of a job, with references read: of a longer recording what lies within the interval.
 * @param known number of neurons of the network; without it as many as a network may have.
 */
export function readTrials(observed: TrialsJob, context: FileContext, span: Span, known = 65536): Trial[] {
  const field = "observed";
  let times: number[][];
  let neurons: number[][] | undefined;
  /** Whether neuron -1 stands for no spike, as in what `saltation simulate` wrote. */
  let padded = false;
  const nested = (value: unknown): number[][] => {
    if (!Array.isArray(value) || !value.every((row) => Array.isArray(row))) {
      fail(field, `expected a list of trials, each a list of spike times, got ${listOf(value, Array.isArray)}`);
    }
    return value as number[][];
  };
  if (Array.isArray(observed)) times = nested(observed);
  else if ("times" in observed) {
    times = nested(observed.times);
    neurons = observed.neurons;
  } else if (observed.key !== undefined)
    times = nested(readReference(field, { ...observed, key: observed.key }, context));
  else {
    checkPlain(field, observed);
    // What `saltation simulate` wrote: spike_times with t1 and spike_neurons with -1 where absent.
    const file = load(field, observed.file, context);
    const both = [file.read("spike_times"), file.read("spike_neurons")];
    if (!Array.isArray(both[0])) fail(field, `${file.path} has no spike_times; it has ${listed(file.keys)}`);
    const counts = file.read("spike_counts");
    const whole = (rows: unknown): number[][] => {
      const all = nested(rows);
      try {
        return upToCounts(all, counts);
      } catch (error) {
        return fail(field, `${file.path} ${(error as Error).message}`);
      }
    };
    times = whole(both[0]);
    neurons = both[1] === undefined ? undefined : whole(both[1]);
    padded = true;
  }
  if (times.length === 0) fail(field, "holds no trial");
  if (neurons && neurons.length !== times.length) {
    fail(`${field}.neurons`, `has ${counted(neurons.length, "trial")}, but ${field}.times has ${times.length}`);
  }
  const trials = times.map((row, i) => {
    const owners = neurons?.[i];
    if (owners && owners.length !== row.length) {
      fail(
        `${field}.neurons[${i}]`,
        `has ${owners.length === 1 ? "1 entry" : `${owners.length} entries`} for ${counted(row.length, "spike time")}`,
      );
    }
    let before = -Infinity;
    const kept = row.flatMap((t, n) => {
      numberOf(`${field}[${i}][${n}]`, t);
      if (padded && owners?.[n] === -1) return [];
      const neuron = owners ? wholeNumber(`${field}.neurons[${i}][${n}]`, owners[n], 0, known - 1) : 0;
      if (t < before)
        fail(`${field}[${i}][${n}]`, `time ${t} comes after ${before} in trial ${i}; sort its spikes by time`);
      before = t;
      return [{ t, neuron }];
    });
    return { times: kept.map((s) => s.t), neurons: kept.map((s) => s.neuron) };
  });
  return trialsWithin(trials, span);
}
