/**
 * Tables of spikes as text: columns of time, neuron and, where there are several trials, trial, with a header or as time
 * and neuron without one. A row with a trial alone is a trial without a spike.
 */
import { counted } from "../checks.js";
import { quoted } from "../quoted.js";
import { checkNeurons, type SpikeColumns, spikeColumns } from "./column-names.js";
import { checkSize, firstTrialOf, type SpikeTrains, sortedTrains } from "./spike-trains.js";
import { unitOf } from "./unit.js";

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const isNumber = (cell: string): boolean => decimal.test(cell);

/** Columns are parted by the first of these that the first row has; spaces may then stand around. */
const separators = [",", ";", "\t"];
function splitter(first: string): (line: string) => string[] {
  const separator = separators.find((s) => first.includes(s));
  const bare = (cell: string): string => cell.trim().replace(/^"(.*)"$/, "$1");
  if (separator === undefined) return (line) => line.trim().split(/\s+/).map(bare);
  return (line) => line.split(separator).map(bare);
}

/** Numbers as they come, in memory that grows by doubling. */
class Numbers<T extends Float64Array | Int32Array> {
  private length = 0;
  constructor(
    private readonly make: (n: number) => T,
    private held = make(1024),
  ) {}
  push(x: number): void {
    if (this.length === this.held.length) {
      const grown = this.make(2 * this.length);
      grown.set(this.held);
      this.held = grown;
    }
    this.held[this.length++] = x;
  }
  take(): T {
    return this.held.slice(0, this.length) as T;
  }
}

/** Lines that say something, with their numbers from 1. */
function* linesOf(text: string): Generator<[string, number]> {
  let n = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? text.length : end).replace(/\r$/, "");
    at = end < 0 ? text.length : end + 1;
    n++;
    if (line.trim() !== "" && !line.startsWith("#")) yield [line, n];
  }
}

/** What stands in the last line ahead of all rows that begins with #: names of columns, as `numpy.savetxt` writes them, or a note. */
function remarkOf(text: string): string | undefined {
  let remark: string | undefined;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? text.length : end).trim();
    at = end < 0 ? text.length : end + 1;
    if (line.startsWith("#")) remark = line.replace(/^#+\s*/, "");
    else if (line !== "") break;
  }
  return remark;
}

interface Columns extends SpikeColumns {
  /** Whether columns have names, and whether these are the first row. */
  readonly named: boolean;
  readonly inFirst: boolean;
}

/**
 * The columns by the first row: named there or in a remark ahead of it, or times and whole numbers that count neurons.
 * @throws Error where it is neither.
 */
function columnsOf(first: readonly string[], remark: readonly string[]): Columns {
  if (!first.every(isNumber)) {
    try {
      return { ...spikeColumns(first), named: true, inFirst: true };
    } catch {
      // What stands there may be another's: it is not told.
      throw new Error("has a first row that names no column of times; call its columns time, neuron and trial");
    }
  }
  if (remark.length === first.length) {
    try {
      return { ...spikeColumns(remark), named: true, inFirst: false };
    } catch {
      // A note.
    }
  }
  if (first.length === 2) {
    const [none, unnamed] = [undefined, { named: false, inFirst: false }];
    return { time: 0, neuron: 1, trial: none, groups: [], timeUnit: none, ...unnamed };
  }
  throw new Error(`has ${counted(first.length, "column")} and no header; begin it with one such as "time_ms,neuron"`);
}

/** @throws Error that goes on from the file's name, and tells nothing of what the file holds, which may be another's. */
export function readSpikeCsv(text: string): SpikeTrains {
  const lines = linesOf(text);
  const start = lines.next();
  if (start.done) throw new Error("holds no row");
  const cells = splitter(start.value[0]);
  const first = cells(start.value[0]);
  const columns = columnsOf(first, cells(remarkOf(text) ?? ""));
  const { named, inFirst } = columns;
  if (named) checkNeurons(columns, first.length);
  // What each group is, by trial: one trial may be of another session than the next.
  const held = columns.groups.map(() => new Map<number, string>());
  // Without names: which of the two columns has a point, or an exponent.
  const fractions = [false, false];
  const [times, neurons, trials] = [
    new Numbers((n) => new Float64Array(n)),
    new Numbers((n) => new Int32Array(n)),
    new Numbers((n) => new Int32Array(n)),
  ];
  let [count, most, least] = [0, -1, Number.POSITIVE_INFINITY];
  const whole = (cell: string | undefined, what: string, line: number): number => {
    const value = isNumber(cell ?? "") ? Number(cell) : Number.NaN;
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) {
      const mend = named ? "" : ', or begin the table with a header such as "trial,time_ms"';
      throw new Error(`has in line ${line} no whole number from 0 as its ${what}; correct the row${mend}`);
    }
    return value;
  };
  const row = ([line, n]: [string, number]): void => {
    const parts = cells(line);
    if (parts.length !== first.length) {
      throw new Error(`has ${parts.length} columns in line ${n}, and ${first.length} in its first; correct the row`);
    }
    const trial = columns.trial === undefined ? 0 : whole(parts[columns.trial], "trial", n);
    most = Math.max(most, trial);
    least = Math.min(least, trial);
    if (columns.trial !== undefined && parts.every((cell, i) => i === columns.trial || cell === "")) return;
    columns.groups.forEach(({ at, what }, i) => {
      const within = what === "population" ? 0 : trial;
      const first = held[i]!.get(within);
      if (first === undefined) held[i]!.set(within, parts[at]!);
      else if (first !== parts[at]) throw new Error(`has in line ${n} another ${what}; keep the rows of one`);
    });
    if (!named) for (const at of [0, 1]) fractions[at] ||= !/^\d+$/.test(parts[at]!);
    const time = parts[columns.time]!;
    if (!isNumber(time) || !Number.isFinite(Number(time))) {
      throw new Error(`has in line ${n} no finite number as its time; correct the row`);
    }
    checkSize(++count, 1 + most);
    times.push(Number(time));
    if (columns.neuron !== undefined) neurons.push(whole(parts[columns.neuron], "neuron", n));
    if (columns.trial !== undefined) trials.push(trial);
  };
  if (!inFirst) row(start.value);
  for (const line of lines) row(line);
  checkSize(count, 1 + most);
  if (fractions[1] && !fractions[0]) {
    throw new Error(
      'has a first column that counts, and a second that does not; begin it with "neuron,time" or "time,neuron"',
    );
  }
  const trains = sortedTrains(
    {
      times: times.take(),
      neurons: columns.neuron === undefined ? undefined : neurons.take(),
      trials: columns.trial === undefined ? undefined : trials.take(),
      count: Math.max(1, 1 + most),
    },
    columns.timeUnit,
  );
  return { ...trains, ...firstTrialOf(least) };
}

/** A name of a unit that a column's name can carry. */
const carried = (unit: string | undefined): string => {
  if (unit === undefined) return "";
  if (!unitOf(unit) || !/^[A-Za-z]+$/.test(unit)) throw new Error(`the unit ${quoted(unit)} has no place in a header`);
  return `_${unit}`;
};

/** A number in as few digits as bring the same bits back. */
const shortest = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));

/** The same as text, which `readSpikeCsv` reads back with the same bits. Trials have a column where there are several. */
export function writeSpikeCsv({ times, neurons, starts, timeUnit }: SpikeTrains): string {
  const several = starts.length !== 2;
  const lines = [["time" + carried(timeUnit), ...(neurons ? ["neuron"] : []), ...(several ? ["trial"] : [])].join(",")];
  for (let trial = 0; trial + 1 < starts.length; trial++) {
    const [from, to] = [starts[trial]!, starts[trial + 1]!];
    if (from === to && several) lines.push([...(neurons ? ["", ""] : [""]), trial].join(","));
    for (let i = from; i < to; i++) {
      const cells: (string | number)[] = [shortest(times[i]!)];
      if (neurons) cells.push(neurons[i]!);
      if (several) cells.push(trial);
      lines.push(cells.join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Whether a text, or its beginning, is such a table by its first row. */
export function looksLikeSpikeCsv(text: string): boolean {
  for (const [line] of linesOf(text)) {
    try {
      const cells = splitter(line);
      columnsOf(cells(line), cells(remarkOf(text) ?? ""));
      return true;
    } catch {
      return false;
    }
  }
  return false;
}
