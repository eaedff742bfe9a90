/** Files of recordings of every kind that is read, told by how they begin: HDF5, Parquet, npz, npy, JSON, tables. */
import { counted, fail } from "../checks.js";
import { fileKind, textOf } from "../files/file-kind.js";
import { limits, mebibytes } from "../files/limits.js";
import { openNpz } from "../files/npz.js";
import type { Entry, RecordingFile, Series } from "../files/recording-file.js";
import { looksLikeSpikeCsv, readSpikeCsv } from "../files/spike-csv.js";
import { readSpikeNpz } from "../files/spike-npz.js";
import { checkSize, neuronsOf, type SpikeTrains, sortedTrains } from "../files/spike-trains.js";
import { quoted } from "../quoted.js";
import { type Lists, readLists, upToCounts } from "./recording.js";

/** What is said of one of the trains of a file. */
export function spikeEntry(key: string, trains: SpikeTrains): Entry {
  const neurons = neuronsOf(trains);
  const trials = trains.starts.length - 1;
  const { length: spikes } = trains.times;
  return {
    key,
    what: "spike trains",
    size: `${counted(spikes, "spike")}, ${counted(neurons.length, "neuron")}, ${counted(trials, "trial")}`,
    timeUnit: trains.timeUnit,
    neurons: neurons.slice(0, 12),
    trials,
    ...(trains.firstTrial === undefined ? {} : { firstTrial: trains.firstTrial }),
  };
}

/** A file that is one table of spikes. */
function tableFile(format: string, trains: SpikeTrains): RecordingFile {
  const only = (key: string | undefined): void => {
    if (key) throw new Error(`is one table of spikes, and has no ${quoted(key)}; leave the key out`);
  };
  return {
    format,
    physical: trains.timeUnit !== undefined,
    entries: () => [spikeEntry("", trains)],
    spikes(key) {
      only(key);
      return trains;
    },
    isSeries: () => false,
    series: () => {
      throw new Error("is a table of spikes, and holds no time series");
    },
    numbers: () => undefined,
    close: () => {},
  };
}

/**
 * Trials as lists of times, and of the neurons of these: -1 stands for no spike, as in what `saltation simulate` wrote, and so
 * does what comes after as many as the counts say.
 */
function trainsOf(
  rows: unknown,
  owners: unknown,
  counts: unknown,
  key: string,
  timeUnit: string | undefined,
): SpikeTrains {
  const isRows = (of: unknown): of is unknown[][] => Array.isArray(of) && of.every((row) => Array.isArray(row));
  if (!isRows(rows)) throw new Error(`has ${quoted(key)}, which is no list of trials`);
  const fits = owners === undefined || (isRows(owners) && owners.length === rows.length);
  if (!fits || !rows.every((row, i) => !owners || row.length === (owners as unknown[][])[i]!.length)) {
    throw new Error(`has spike_neurons that are not in the shape of ${quoted(key)}`);
  }
  const [times, neurons, trials]: number[][] = [[], [], []];
  upToCounts(rows, counts).forEach((row, trial) => {
    row.forEach((t, n) => {
      const neuron = owners === undefined ? 0 : (owners as unknown[][])[trial]![n];
      if (neuron === -1) return;
      if (typeof t !== "number" || !Number.isFinite(t)) {
        throw new Error(`has ${quoted(key)}, in which a time of trial ${trial} is no finite number`);
      }
      if (!Number.isInteger(neuron) || (neuron as number) < 0 || (neuron as number) >= 2 ** 31) {
        throw new Error(`has spike_neurons, of which one of trial ${trial} is no whole number from 0`);
      }
      times!.push(t);
      neurons!.push(neuron as number);
      trials!.push(trial);
    });
  });
  checkSize(times!.length, rows.length);
  const named = owners === undefined ? undefined : Int32Array.from(neurons!);
  const count = Math.max(1, rows.length);
  return sortedTrains(
    { times: Float64Array.from(times!), neurons: named, trials: Int32Array.from(trials!), count },
    timeUnit,
  );
}

/** A time series as `saltation convert` writes one: `values`, `dt`, `start` and their units. */
function convertedSeries(lists: Lists): Series | undefined {
  if (!["values", "dt", "start", "unit", "time_unit"].every((key) => lists.keys.includes(key))) return undefined;
  const [values, dt, start, unit, timeUnit] = ["values", "dt", "start", "unit", "time_unit"].map((k) => lists.read(k));
  const [step, first] = [dt, start].map((of) => (Array.isArray(of) && of.length === 1 ? of[0] : undefined));
  if (!Array.isArray(values) || !(step > 0) || typeof first !== "number") return undefined;
  if (typeof unit !== "string" || typeof timeUnit !== "string") return undefined;
  const channels = Array.isArray(values[0]) ? values[0].length : 1;
  const stored = Float64Array.from(values.flat() as number[]);
  return {
    stored,
    channels,
    conversion: 1,
    singleConversion: false,
    offset: 0,
    unit,
    start: first,
    rate: 1 / step,
    timeUnit,
  };
}

/** The lists of an npz or a JSON file. */
function listsFile(format: string, bytes: Uint8Array, lists: Lists): RecordingFile {
  const unit = (): string | undefined => {
    const said = lists.read("time_unit");
    return typeof said === "string" ? said : undefined;
  };
  const isTable = lists.keys.includes("spike_times");
  const series = format === "npz" ? convertedSeries(lists) : undefined;
  const spikes = (key: string | undefined): SpikeTrains => {
    if ((key ?? "spike_times") === "spike_times" && isTable && format === "npz") return readSpikeNpz(openNpz(bytes));
    const found = lists.read(key ?? "spike_times");
    if (!Array.isArray(found))
      throw new Error(`has no ${quoted(key ?? "spike_times")}; it has ${lists.keys.slice(0, 12).join(", ")}`);
    const whole = (key ?? "spike_times") === "spike_times";
    const [owners, counts] = whole ? [lists.read("spike_neurons"), lists.read("spike_counts")] : [];
    return trainsOf(found, owners, counts, key ?? "spike_times", unit());
  };
  const entry = (key: string): Entry | undefined => {
    if (isTable && (key === "spike_neurons" || key === "spike_counts")) return undefined;
    if (series && (key === "dt" || key === "start")) return undefined;
    if (series && key === "values") {
      const { channels, stored, unit, timeUnit, start } = series;
      const samples = stored.length / channels;
      const size = `${counted(samples, "sample")}${channels > 1 ? ` × ${channels}` : ""}`;
      return { key, what: "time series", size, unit, timeUnit, start, dt: (lists.read("dt") as number[])[0] };
    }
    let value: unknown;
    try {
      value = lists.read(key);
      if (!Array.isArray(value)) return undefined;
      const nested = Array.isArray(value[0]);
      if (nested && key === "spike_times") return spikeEntry(key, spikes(key));
      const rows = nested ? (value as number[][]) : undefined;
      const columns = rows?.[0]?.length;
      if (rows?.some((row) => row.length !== columns)) return spikeEntry(key, spikes(key));
      return { key, what: "numbers", size: rows ? `${rows.length} × ${columns}` : String(value.length) };
    } catch (error) {
      return { key, what: "numbers", size: "", note: `cannot be read: ${(error as Error).message}` };
    }
  };
  return {
    format,
    physical: false,
    entries: () => lists.keys.map(entry).filter((e) => e !== undefined),
    spikes,
    isSeries: (key) => series !== undefined && key === "values",
    series: (key) => {
      if (series && key === "values") return series;
      throw new Error(`has no time series ${quoted(key)}`);
    },
    numbers(key) {
      const value = lists.read(key);
      if (!Array.isArray(value)) return undefined;
      const rows = Array.isArray(value[0]) ? (value as number[][]) : undefined;
      const shape = rows ? [rows.length, rows[0]?.length ?? 0] : [value.length];
      if (rows?.some((row) => row.length !== shape[1])) return undefined;
      return { data: value.flat() as number[], shape };
    },
    close: () => {},
  };
}

/**
 * @param field names the file: an option or a field of a job.
 * @throws SaltationError `invalid-input` in one line where it is no such file, or a damaged one.
 */
export async function openRecording(field: string, path: string, bytes: Uint8Array): Promise<RecordingFile> {
  const kind = fileKind(bytes);
  if (typeof kind === "object") fail(field, `${path} ${kind.not}`);
  const named = async <T>(read: () => T | Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      return fail(field, `${path} ${(error as Error).message}`);
    }
  };
  if (kind !== "text" && bytes.length > limits.npz) {
    fail(field, `${path} has ${mebibytes(bytes.length)}; at most ${mebibytes(limits.npz)} are read`);
  }
  if (kind === "hdf5") {
    const { openHdf5Recording } = await import("../files/hdf5-recording.js");
    return named(() => openHdf5Recording(bytes));
  }
  if (kind === "parquet") {
    const { readSpikeParquet } = await import("../files/spike-parquet.js");
    return tableFile("Parquet", await named(() => readSpikeParquet(bytes)));
  }
  if (kind === "text" && bytes.length > 0 && bytes.length <= limits.json) {
    const text = await named(() => textOf(bytes));
    if (looksLikeSpikeCsv(text)) return tableFile("CSV", await named(() => readSpikeCsv(text)));
  }
  return listsFile(kind === "text" ? "JSON" : kind, bytes, readLists(field, path, bytes));
}
