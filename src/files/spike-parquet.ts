/**
 * Tables of spikes in Parquet: columns time, neuron and trial, found by name. What rows cannot say (how many trials there
 * are, the unit of time, how an npz of the same is filled up) stands beside, under the key "saltation", as JSON.
 */
import { escaped } from "../quoted.js";
import { checkNeurons, type SpikeColumns, spikeColumns } from "./column-names.js";
import { limits } from "./limits.js";
import { openParquet, type ParquetFile } from "./parquet.js";
import { checkSize, firstTrialOf, type SpikeTrains, sortedTrains } from "./spike-trains.js";

interface Beside {
  readonly trials?: number;
  readonly timeUnit?: string;
  readonly table?: { readonly fill: number; readonly slots: number };
}

/** What this program wrote beside a table; nothing where it is another's. */
function besideOf(text: string | undefined): Beside {
  if (text === undefined || text.length > 1000) return {};
  let found: Record<string, unknown>;
  try {
    found = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof found !== "object" || found === null) return {};
  const { trials, timeUnit } = found;
  const { fill, slots } = (found.table ?? {}) as Record<string, unknown>;
  const count = (n: unknown): n is number => Number.isInteger(n) && (n as number) >= 0 && (n as number) <= limits.lists;
  return {
    ...(count(trials) ? { trials } : {}),
    ...(typeof timeUnit === "string" && timeUnit.length <= 40 ? { timeUnit } : {}),
    ...(Number.isFinite(fill) && count(slots) ? { table: { fill: fill as number, slots } } : {}),
  };
}

/** @throws Error where a column may name more than one population, or the like in one trial, whose neurons have the same numbers. */
function checkGroup(
  file: ParquetFile,
  { at, what }: SpikeColumns["groups"][number],
  trials: Int32Array | undefined,
): void {
  let numbers: Float64Array | undefined;
  try {
    numbers = file.column(at);
  } catch {
    // Texts, which are not read.
  }
  const held = new Map<number, number>();
  const isOne = numbers?.every((n, i) => {
    const within = what === "population" ? 0 : (trials?.[i] ?? 0);
    if (!held.has(within)) held.set(within, n);
    return held.get(within) === n;
  });
  if (isOne) return;
  throw new Error(`has a column ${escaped(file.names[at]!)}; keep the rows of one ${what}, without the column`);
}

/** @throws Error that goes on from the file's name. */
export async function readSpikeParquet(bytes: Uint8Array): Promise<SpikeTrains> {
  const file = await openParquet(bytes);
  const columns = spikeColumns(file.names);
  const beside = besideOf(file.text("saltation"));
  checkNeurons(columns, file.names.length);
  const times = file.column(columns.time);
  const wrong = times.findIndex((t) => !Number.isFinite(t));
  if (wrong >= 0) throw new Error(`has ${times[wrong]} as the time in row ${wrong}; leave the row out`);
  const whole = (at: number | undefined): Int32Array | undefined => {
    if (at === undefined) return undefined;
    const values = file.column(at);
    const bad = values.findIndex((n) => !(Number.isInteger(n) && n >= 0 && n < 2 ** 31));
    if (bad >= 0) throw new Error(`has in row ${bad} no whole number from 0 to 2^31 - 1 as its ${file.names[at]}`);
    return Int32Array.from(values);
  };
  const trials = whole(columns.trial);
  for (const group of columns.groups) checkGroup(file, group, trials);
  const most = trials ? trials.reduce((m, n) => Math.max(m, n), -1) : 0;
  const count = Math.max(1, most + 1, beside.trials ?? 0);
  checkSize(times.length, count);
  const trains = sortedTrains(
    { times, neurons: whole(columns.neuron), trials, count: trials ? count : 1 },
    columns.timeUnit ?? beside.timeUnit,
  );
  const lowest = beside.trials === undefined && trials ? trials.reduce((m, n) => Math.min(m, n), Infinity) : 0;
  return { ...trains, ...firstTrialOf(lowest), table: beside.table };
}

/** The same as a Parquet file, with the bits of every time. */
export async function writeSpikeParquet({ times, neurons, starts, timeUnit, table }: SpikeTrains): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const trials = new Int32Array(times.length);
  for (let i = 0; i + 1 < starts.length; i++) trials.fill(i, starts[i], starts[i + 1]);
  const beside: Beside = { trials: starts.length - 1, ...(timeUnit ? { timeUnit } : {}), ...(table ? { table } : {}) };
  // Plain: a dictionary would take -0 for 0.
  const column = { nullable: false, encoding: "PLAIN" } as const;
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "trial", data: trials, type: "INT32", ...column },
        { name: "time", data: times, type: "DOUBLE", ...column },
        ...(neurons ? [{ name: "neuron", data: neurons, type: "INT32", ...column } as const] : []),
      ],
      kvMetadata: [{ key: "saltation", value: JSON.stringify(beside) }],
      createdBy: "saltation",
    }),
  );
}
