/** `saltation convert FROM TO`: spike trains and time series from one kind of file to another, networks from NIR and to it. */
import { fail } from "../checks.js";
import { writeNpz } from "../files/npz.js";
import type { RecordingFile } from "../files/recording-file.js";
import { writeSpikeCsv } from "../files/spike-csv.js";
import { writeSpikeNpz } from "../files/spike-npz.js";
import { neuronsOf, type SpikeTrains, shownIntervals, spikesAndTrials } from "../files/spike-trains.js";
import { symbolOf, timesTenTo, unitOf } from "../files/unit.js";
import { openRecording } from "../job/open-recording.js";
import { convertTrains, exponentBetween, seriesValues, type TrainsAsked } from "../job/read-files.js";
import { exitBadInput, print, printJson } from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";
import { readGiven } from "./read-file.js";

export interface ConvertOptions {
  key?: string;
  timeUnit?: string;
  fileTimeUnit?: string;
  unit?: string;
  fileUnit?: string;
  origin?: string;
  neurons?: string;
  trials?: string;
  spikeArea?: string;
  json?: boolean;
}

const kinds = ["npz", "parquet", "csv"] as const;
type Kind = (typeof kinds)[number];

function kindOf(to: string): Kind {
  const kind = /\.([^./\\]+)$/.exec(to)?.[1]?.toLowerCase();
  if (kinds.includes(kind as Kind)) return kind as Kind;
  return fail("TO", `${to} does not end in .npz, .parquet, .csv, .json or .nir, which are written`);
}

/** Networks: options of recordings do not go with them. */
async function convertNetwork(from: string, to: string, options: ConvertOptions): Promise<boolean> {
  const [job, nir] = [/\.json$/i.test(to), /\.nir$/i.test(to)];
  if (!job && !nir) {
    if (options.spikeArea !== undefined)
      fail("--spike-area", "is for NIR files, which become jobs (.json); leave it out");
    return false;
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name === "json" || (job && name === "spikeArea")) continue;
    fail(`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, `does not go with ${to}; leave it out`);
  }
  const { jobToNir, nirToJob } = await import("./nir.js");
  await (job ? nirToJob : jobToNir)(from, to, options);
  return true;
}

/** Numbers in a list with commas between them. */
function numbersOf(option: string, typed: string | undefined): number[] | undefined {
  if (typed === undefined) return undefined;
  return typed.split(",").map((part) => {
    const value = part.trim() === "" ? Number.NaN : Number(part);
    return Number.isInteger(value) ? value : fail(option, `expected whole numbers such as 0,1,2, got "${typed}"`);
  });
}

const optionNames: Readonly<Record<keyof TrainsAsked, string>> = {
  timeUnit: "--time-unit",
  fileTimeUnit: "--file-time-unit",
  origin: "--origin",
  neurons: "--neurons",
  trials: "--trials",
  scale: "--scale",
};

/** The name of a unit that files carry: its symbol where it is known. */
const symbol = (unit: string | undefined): string | undefined => {
  const known = unit === undefined ? undefined : unitOf(unit);
  return known ? symbolOf(known) : unit;
};

function trainsOf(file: RecordingFile, options: ConvertOptions): SpikeTrains {
  const trains = file.spikes(options.key);
  const known = options.fileTimeUnit ?? trains.timeUnit;
  // Times of a recording are in a unit; where the file names none, only who has the file knows it.
  if (file.physical && known === undefined) {
    fail("--file-time-unit", "is missing: the file does not say in which unit its times are; say s or ms, for example");
  }
  const origin = options.origin === undefined ? undefined : Number(options.origin);
  const [neurons, trials] = [numbersOf("--neurons", options.neurons), numbersOf("--trials", options.trials)];
  const timeUnit = options.timeUnit ?? known;
  const named = (name: keyof TrainsAsked): string => optionNames[name];
  // A unit that nobody knows is carried as it is, and numbers with it.
  const unknown = options.timeUnit === undefined && options.fileTimeUnit === undefined && !unitOf(known ?? "");
  const converted = convertTrains(named, trains, false, {
    ...(unknown ? {} : { timeUnit, fileTimeUnit: options.fileTimeUnit }),
    ...(origin === undefined ? {} : { origin: options.origin!.trim() === "" ? Number.NaN : origin }),
    ...(neurons ? { neurons } : {}),
    ...(trials ? { trials } : {}),
  });
  return { ...converted, timeUnit: symbol(converted.timeUnit) };
}

/** A time series as arrays: values, the time between them and that of the first, and units. */
function seriesNpz(file: RecordingFile, options: ConvertOptions): { data: Uint8Array; told: object; line: string } {
  const series = file.series(options.key!);
  for (const name of ["origin", "neurons", "trials"] as const) {
    if (options[name] !== undefined)
      fail(`--${name}`, "is for spike trains, and the key names a time series; leave it out");
  }
  const said = (of: string | undefined, fileField: string | undefined, wanted: string | undefined) => ({
    file: of,
    fileField,
    wanted: wanted ?? fileField ?? of,
  });
  const values = exponentBetween(
    { wanted: "--unit", file: "--file-unit" },
    said(series.unit, options.fileUnit, options.unit),
    undefined,
    true,
  )!;
  const time = exponentBetween(
    { wanted: "--time-unit", file: "--file-time-unit" },
    said(series.timeUnit, options.fileTimeUnit, options.timeUnit),
    unitOf("s"),
    true,
  )!;
  const value = seriesValues(series, values);
  const { channels, stored } = series;
  const [dt, start] = [timesTenTo(1, time) / series.rate, timesTenTo(series.start, time)];
  const samples = stored.length / channels;
  const unit = symbol(options.unit ?? options.fileUnit ?? series.unit)!;
  const timeUnit = symbol(options.timeUnit ?? series.timeUnit)!;
  const data = writeNpz(
    {
      values: {
        data: Float64Array.from(stored, (_, i) => value(i)),
        shape: channels > 1 ? [samples, channels] : [samples],
      },
      dt: { data: Float64Array.of(dt), shape: [1] },
      start: { data: Float64Array.of(start), shape: [1] },
    },
    { unit, time_unit: timeUnit },
  );
  const line = `${samples} samples in ${unit}, every ${dt} ${timeUnit} from ${start} ${timeUnit} on`;
  return { data, told: { samples, channels, unit, timeUnit, dt, start }, line };
}

const intervalsOf = ({ observed }: SpikeTrains): string => {
  const [[neuron, ends] = [0, new Float64Array()]] = observed ?? [];
  return `neuron ${neuron} from ${shownIntervals(ends)}`;
};

async function written(kind: Kind, trains: SpikeTrains): Promise<string | Uint8Array> {
  if (kind === "csv") return writeSpikeCsv(trains);
  if (kind === "npz") return writeSpikeNpz(trains);
  return (await import("../files/spike-parquet.js")).writeSpikeParquet(trains);
}

/** `saltation convert FROM TO`. */
export async function convertCommand(from: string, to: string, options: ConvertOptions): Promise<void> {
  if (await convertNetwork(from, to, options)) return;
  const kind = kindOf(to);
  checkOutputs({ TO: to }, [from]);
  const file = await openRecording("FROM", from, readGiven("FROM", from));
  let data: string | Uint8Array;
  let told: object;
  let line: string;
  try {
    if (options.key !== undefined && file.isSeries(options.key)) {
      if (kind !== "npz") fail("TO", `${to}: time series are written to npz; end it in .npz`);
      ({ data, told, line } = seriesNpz(file, options));
    } else {
      for (const name of ["unit", "fileUnit"] as const) {
        if (options[name] === undefined) continue;
        fail(name === "unit" ? "--unit" : "--file-unit", "is for time series; the unit of spike times is --time-unit");
      }
      const trains = trainsOf(file, options);
      const { timeUnit } = trains;
      data = await written(kind, trains);
      const neurons = neuronsOf(trains).length;
      told = { spikes: trains.times.length, trials: trains.starts.length - 1, neurons, timeUnit: timeUnit ?? null };
      // Tables have no place for it.
      const lost = trains.observed ? ` (when units were observed is left out: ${intervalsOf(trains)})` : "";
      line = `${spikesAndTrials(trains)}, times ${timeUnit ? `in ${timeUnit}` : "in a unit that the file does not name"}${lost}`;
    }
  } catch (error) {
    if ((error as { field?: string }).field !== undefined) throw error;
    return fail("FROM", `${from} ${(error as Error).message}`);
  } finally {
    file.close();
  }
  if (!writeOutput("TO", to, data)) process.exitCode = exitBadInput;
  else if (options.json) printJson({ from, to, format: file.format, ...told });
  else print(`${line}: ${file.format} to ${to}`);
}
