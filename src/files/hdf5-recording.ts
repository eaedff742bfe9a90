/**
 * Recordings in HDF5: NWB (units, time series: nwb-schema 2), SONATA spikes (github.com/AllenInstitute/sonata) and the rows of
 * spikes of SHD and SSC (Cramer et al. 2020). Other files give their arrays of numbers.
 */
import { counted } from "../checks.js";
import { escaped, quoted } from "../quoted.js";
import { type Hdf5File, openHdf5 } from "./hdf5.js";
import { limits } from "./limits.js";
import type { Entry, RecordingFile, Series } from "./recording-file.js";
import { checkSize, neuronsOf, type SpikeTrains, shownIntervals, sortedTrains } from "./spike-trains.js";

/** How the spikes of a group are stored. */
type SpikeLayout = "units" | "sonata" | "rows";
const layouts: Readonly<Record<SpikeLayout, readonly [string, string]>> = {
  units: ["spike_times", "spike_times_index"],
  sonata: ["timestamps", "node_ids"],
  rows: ["times", "units"],
};

/** A path without what it may begin and end with. */
const plain = (key: string): string =>
  key
    .split("/")
    .filter((s) => s !== "")
    .join("/");
const join = (...parts: string[]): string => plain(parts.join("/"));
const last = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const up = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** Of NWB: what describes the file and its schema, and no recording. */
const aside = /^(specifications|general|file_create_date|identifier)$/;

/** Groups in one another that are looked into. */
const mostDepth = 16;

/** @throws Error that goes on from the file's name. */
export async function openHdf5Recording(bytes: Uint8Array): Promise<RecordingFile> {
  return new Hdf5Recording(await openHdf5(bytes));
}

class Hdf5Recording implements RecordingFile {
  readonly physical = true;
  readonly format: string;
  private readonly isNwb: boolean;
  private listed: Entry[] | undefined;

  constructor(private readonly file: Hdf5File) {
    const version = file.attribute("/", "nwb_version")?.value;
    this.isNwb = version !== undefined;
    const spikes = this.layout("spikes") ?? this.populations()[0]?.layout;
    const kinds = { units: "HDF5", sonata: "SONATA spikes", rows: "HDF5 with rows of spikes (SHD, SSC)" };
    this.format = this.isNwb ? `NWB ${escaped(String(version).slice(0, 20))}` : spikes ? kinds[spikes] : "HDF5";
  }

  close(): void {
    this.file.close();
  }

  private populations(): { name: string; layout: SpikeLayout | undefined }[] {
    if (this.isNwb || this.file.kind("spikes") !== "group") return [];
    return this.file
      .names("spikes")
      .slice(0, limits.objects)
      .map((name) => ({ name, layout: this.layout(join("spikes", name)) }))
      .filter(({ layout }) => layout);
  }

  private layout(path: string): SpikeLayout | undefined {
    const { file } = this;
    if (file.kind(path) !== "group") return undefined;
    const kinds = (of: SpikeLayout) => layouts[of].map((name) => file.kind(join(path, name)));
    const [times, index] = kinds("units");
    if (times === "numbers" && index === "numbers") return "units";
    if (kinds("sonata").every((k) => k === "numbers")) return "sonata";
    return kinds("rows").every((k) => k === "rows") ? "rows" : undefined;
  }

  /** The group of spike trains that a key means: itself, or the dataset of times in it. */
  private spikeGroup(key: string): { path: string; layout: SpikeLayout } | undefined {
    for (const path of [plain(key), up(plain(key))]) {
      const layout = path === "" ? undefined : this.layout(path);
      if (layout && (path === plain(key) || layouts[layout].includes(last(plain(key))))) return { path, layout };
    }
    return undefined;
  }

  isSeries(key: string): boolean {
    const path = plain(key);
    const { file } = this;
    if (path === "" || file.kind(path) !== "group" || file.kind(join(path, "data")) !== "numbers") return false;
    return ["starting_time", "timestamps"].some((name) => file.kind(join(path, name)) === "numbers");
  }

  entries(): readonly Entry[] {
    this.listed ??= this.walk();
    return this.listed;
  }

  private walk(): Entry[] {
    const found: Entry[] = [];
    const open: [string, number][] = [["", 0]];
    let seen = 0;
    const look = (act: () => Entry | undefined, key: string, what: Entry["what"]): void => {
      try {
        const entry = act();
        if (entry) found.push(entry);
      } catch (error) {
        found.push({ key, what, size: "", note: `cannot be read: the file ${(error as Error).message}` });
      }
    };
    const been = new Set([this.file.identity("/")]);
    // Groups may lie in one another in a circle.
    for (let next = open.shift(); next && seen < limits.objects; next = open.shift()) {
      const [path, depth] = next;
      for (const name of this.file.names(path || "/").slice(0, limits.objects)) {
        if (++seen > limits.objects) break;
        const at = join(path, name);
        if (this.isNwb && depth === 0 && aside.test(name)) continue;
        const kind = this.file.kind(at);
        if (kind === "link") {
          const to = escaped(this.file.target(at).slice(0, 80));
          found.push({ key: at, what: "link", size: "", note: `to ${to}, which is not followed` });
        } else if (kind === "group") {
          const layout = this.layout(at);
          if (layout) look(() => this.spikeEntry(at), at, "spike trains");
          else if (this.isSeries(at)) look(() => this.seriesEntry(at), at, "time series");
          else {
            const identity = this.file.identity(at);
            if (!been.has(identity) && depth < mostDepth) open.push([at, depth + 1]);
            been.add(identity);
          }
        } else if (kind === "numbers") look(() => this.numbersEntry(at), at, "numbers");
      }
    }
    return found;
  }

  private spikeEntry(path: string): Entry {
    const trains = this.spikes(path);
    const neurons = neuronsOf(trains);
    const [first] = trains.observed?.values() ?? [];
    return {
      ...(first === undefined ? {} : { observed: shownIntervals(first) }),
      key: path,
      what: "spike trains",
      size: `${counted(trains.times.length, "spike")}, ${counted(neurons.length, "neuron")}, ${counted(trains.starts.length - 1, "trial")}`,
      timeUnit: trains.timeUnit,
      neurons: neurons.slice(0, 12),
      trials: trains.starts.length - 1,
    };
  }

  private seriesEntry(path: string): Entry {
    const { rate, start, timeUnit, unit } = this.clock(path);
    const [samples, channels = 1] = this.file.shape(join(path, "data"));
    const note = this.file.tooLarge(join(path, "data"));
    // What makes the values of what is stored is read too, so that no series is listed that a job cannot take.
    for (const name of ["conversion", "offset"]) this.numberOf(join(path, "data"), name);
    return {
      ...(note === undefined ? {} : { note }),
      key: path,
      what: "time series",
      size: `${counted(samples ?? 0, "sample")}${channels > 1 ? ` × ${channels}` : ""}`,
      unit,
      timeUnit,
      dt: 1 / rate,
      start,
    };
  }

  private numbersEntry(path: string): Entry | undefined {
    const shape = this.file.shape(path);
    if (shape.length === 0 || shape.length > 2) return undefined;
    const note = this.file.tooLarge(path);
    return { key: path, what: "numbers", size: shape.join(" × "), ...(note === undefined ? {} : { note }) };
  }

  private scalar(path: string): number {
    const { data } = this.file.numbers(path);
    return data.length === 1 ? data[0]! : this.fail(`holds ${quoted(path)}, where one number is wanted`);
  }

  private fail(what: string): never {
    throw new Error(what);
  }

  private textOf(path: string, name: string): string | undefined {
    const value = this.file.attribute(path, name)?.value;
    return typeof value === "string" && value !== "" ? value.slice(0, 40) : undefined;
  }

  /** @throws Error where an attribute is there and no finite number: without it values would be others. */
  private numberOf(path: string, name: string): { value: number; size: number } | undefined {
    if (!this.file.hasAttribute(path, name)) return undefined;
    const found = this.file.attribute(path, name);
    if (typeof found?.value === "number" && Number.isFinite(found.value))
      return { value: found.value, size: found.size };
    const what = found === undefined ? "" : `, got ${quoted(String(found.value).slice(0, 40))}`;
    return this.fail(`holds ${quoted(path)}, whose attribute ${quoted(name)} is not one finite number${what}`);
  }

  /** When the samples of a series come, and in which units it is. */
  private clock(path: string): Pick<Series, "rate" | "start" | "timeUnit" | "unit"> {
    const { file } = this;
    const [begin, stamps, data] = ["starting_time", "timestamps", "data"].map((name) => join(path, name)) as [
      string,
      string,
      string,
    ];
    const unit = this.textOf(data, "unit");
    if (file.kind(begin) === "numbers") {
      const rate = this.numberOf(begin, "rate")?.value ?? this.fail(`holds ${quoted(begin)} without its rate`);
      const start = this.scalar(begin);
      if (!(rate > 0 && Number.isFinite(rate))) this.fail(`holds ${quoted(begin)} with a rate of ${rate}`);
      if (!Number.isFinite(start)) this.fail(`holds ${quoted(begin)}, which is ${start}`);
      return { rate, start, timeUnit: this.textOf(begin, "unit") ?? "seconds", unit };
    }
    const { data: times } = file.numbers(stamps);
    const samples = file.shape(data)[0] ?? 0;
    if (times.length !== samples) {
      this.fail(`holds ${quoted(stamps)} with ${counted(times.length, "timestamp")} of ${counted(samples, "sample")}`);
    }
    return { ...evenly(path, times), timeUnit: this.textOf(stamps, "unit") ?? "seconds", unit };
  }

  series(key: string): Series {
    const path = plain(key);
    if (!this.isSeries(path)) this.none(key, "time series");
    const data = join(path, "data");
    const { data: stored, shape } = this.file.numbers(data);
    if (shape.length < 1 || shape.length > 2) this.fail(`holds ${quoted(data)} of ${shape.length} dimensions`);
    const channels = shape[1] ?? 1;
    const conversion = this.numberOf(data, "conversion");
    return {
      ...this.clock(path),
      stored,
      channels,
      conversion: conversion?.value ?? 1,
      singleConversion: conversion?.size === 4,
      ...this.channelConversion(path, channels),
      offset: this.numberOf(data, "offset")?.value ?? 0,
    };
  }

  /** Factors beside the conversion of all channels (NWB's ElectricalSeries). */
  private channelConversion(path: string, channels: number): Pick<Series, "channelConversion"> {
    const place = join(path, "channel_conversion");
    const kind = this.file.kind(place);
    if (kind === undefined) return {};
    if (kind !== "numbers") this.fail(`holds ${quoted(place)}, which is no list of numbers`);
    const { data, shape } = this.file.numbers(place);
    const axis = this.numberOf(place, "axis")?.value ?? 1;
    if (axis !== 1) this.fail(`holds ${quoted(place)} along axis ${axis}; that of channels is 1`);
    if (shape.length !== 1 || data.length !== channels) {
      this.fail(`holds ${quoted(place)} of ${counted(data.length, "number")} for ${counted(channels, "channel")}`);
    }
    const bad = data.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0) this.fail(`holds ${quoted(place)}, which is ${data[bad]} for channel ${bad}`);
    return { channelConversion: data };
  }

  numbers(key: string) {
    const path = plain(key);
    const kind = path === "" ? undefined : this.file.kind(path);
    if (kind === "link") {
      this.fail(
        `holds ${quoted(path)} as a link to ${escaped(this.file.target(path).slice(0, 80))}, which is not followed`,
      );
    }
    if (kind !== "numbers") return undefined;
    const { data, shape } = this.file.numbers(path);
    return { data, shape: shape.length === 0 ? [1] : shape };
  }

  spikes(key: string | undefined): SpikeTrains {
    let group: ReturnType<Hdf5Recording["spikeGroup"]>;
    if (key === undefined) {
      const groups = this.spikeGroups();
      if (groups.length > 1) this.fail(`holds several spike trains (${shown(groups)}); name one of them as "key"`);
      if (groups[0] !== undefined) group = this.spikeGroup(groups[0]);
    } else group = this.spikeGroup(key);
    if (!group) return this.none(key, "spike trains");
    const { path, layout } = group;
    if (layout === "units") return this.unitSpikes(path);
    return layout === "sonata" ? this.sonataSpikes(path) : this.rowSpikes(path);
  }

  /** Where spike trains may lie by the files' own standards; elsewhere they are named. */
  private spikeGroups(): string[] {
    const places = this.isNwb ? ["units"] : ["spikes", ...this.populations().map(({ name }) => join("spikes", name))];
    return places.filter((path) => this.layout(path));
  }

  private none(key: string | undefined, what: string): never {
    const there = this.entries()
      .filter((e) => e.what === what)
      .map((e) => e.key);
    const link = key !== undefined && this.file.kind(plain(key)) === "link";
    const which =
      key === undefined
        ? `no ${what}`
        : `no ${what} ${quoted(plain(key))}${link ? " but a link, which is not followed" : ""}`;
    return this.fail(`has ${which}; it has ${there.length > 0 ? shown(there) : `no ${what} at all`}`);
  }

  /** NWB: the spikes of all units one after the other, and where each unit's end. */
  private unitSpikes(path: string): SpikeTrains {
    const { data: times } = this.file.numbers(join(path, "spike_times"));
    const { data: ends } = this.file.numbers(join(path, "spike_times_index"));
    const ids = this.file.kind(join(path, "id")) === "numbers" ? this.file.numbers(join(path, "id")).data : undefined;
    if (ids && ids.length !== ends.length)
      this.fail(`holds ${quoted(path)} with ${ids.length} ids of ${ends.length} units`);
    checkSize(times.length, 1);
    const neurons = new Int32Array(times.length);
    let from = 0;
    ends.forEach((end, unit) => {
      if (!(Number.isInteger(end) && end >= from && end <= times.length)) {
        this.fail(`holds ${quoted(path)}, whose index is out of order at unit ${unit}`);
      }
      neurons.fill(wholeOf(path, ids ? ids[unit]! : unit), from, end);
      from = end;
    });
    if (from !== times.length)
      this.fail(`holds ${quoted(path)}, whose index ends at ${from} of ${times.length} spikes`);
    checkTimes(path, times);
    const numbers = Array.from(ends, (_, unit) => (ids ? wholeOf(path, ids[unit]!) : unit));
    const seen = new Set<number>();
    for (const id of numbers) {
      if (seen.has(id)) this.fail(`holds ${quoted(path)} with two units of the id ${id}; give each its own`);
      seen.add(id);
    }
    const observed = this.observedIntervals(path, numbers);
    // In seconds by the schema.
    const trains = sortedTrains({ times, neurons, trials: undefined, count: 1 }, "seconds");
    return observed.size > 0 ? { ...trains, observed } : trains;
  }

  /** NWB: when each unit was observed, where the file says it. */
  private observedIntervals(path: string, units: readonly number[]): Map<number, Float64Array> {
    const [place, index] = [join(path, "obs_intervals"), join(path, "obs_intervals_index")];
    const found = new Map<number, Float64Array>();
    if (this.file.kind(place) !== "numbers" || this.file.kind(index) !== "numbers") return found;
    const [{ data, shape }, { data: ends }] = [this.file.numbers(place), this.file.numbers(index)];
    const rows = shape[0] ?? 0;
    if (data.length > 0 && (shape.length !== 2 || shape[1] !== 2)) {
      this.fail(`holds ${quoted(place)} of shape (${shape.join(", ")}); rows of a beginning and an end are wanted`);
    }
    if (ends.length !== units.length) this.fail(`holds ${quoted(index)} of ${ends.length} for ${units.length} units`);
    let from = 0;
    ends.forEach((end, unit) => {
      if (!(Number.isInteger(end) && end >= from && end <= rows)) {
        this.fail(`holds ${quoted(index)}, which is out of order at unit ${unit}`);
      }
      const intervals = Array.from({ length: end - from }, (_, i) => {
        const [a, b] = [data[2 * (from + i)]!, data[2 * (from + i) + 1]!];
        return a <= b ? [a, b] : this.fail(`holds ${quoted(place)}, of which one goes from ${a} to ${b}`);
      });
      if (end > from) found.set(units[unit]!, Float64Array.from(intervals.sort((a, b) => a[0]! - b[0]!).flat()));
      from = end;
    });
    return found;
  }

  private sonataSpikes(path: string): SpikeTrains {
    const { data: times } = this.file.numbers(join(path, "timestamps"));
    const { data: ids } = this.file.numbers(join(path, "node_ids"));
    if (ids.length !== times.length) {
      this.fail(`holds ${quoted(path)} with ${counted(times.length, "time")} and ${counted(ids.length, "node id")}`);
    }
    checkSize(times.length, 1);
    checkTimes(path, times);
    const neurons = Int32Array.from(ids, (id) => wholeOf(path, id));
    const unit = this.textOf(join(path, "timestamps"), "units");
    return sortedTrains({ times, neurons, trials: undefined, count: 1 }, unit);
  }

  private rowSpikes(path: string): SpikeTrains {
    const [rows, owners] = [this.file.rows(join(path, "times")), this.file.rows(join(path, "units"))];
    if (rows.length !== owners.length) this.fail(`holds ${quoted(path)} with ${rows.length} and ${owners.length} rows`);
    const total = rows.reduce((sum, row) => sum + row.length, 0);
    checkSize(total, rows.length);
    const [times, neurons, trials] = [new Float64Array(total), new Int32Array(total), new Int32Array(total)];
    let at = 0;
    rows.forEach((row, trial) => {
      const own = owners[trial]!;
      if (own.length !== row.length)
        this.fail(`holds ${quoted(path)} with ${row.length} times and ${own.length} units in row ${trial}`);
      row.forEach((t, n) => {
        [times[at], neurons[at], trials[at]] = [t, wholeOf(path, own[n]!), trial];
        at++;
      });
    });
    checkTimes(path, times);
    const unit = this.textOf(join(path, "times"), "units");
    return sortedTrains({ times, neurons, trials, count: Math.max(1, rows.length) }, unit);
  }
}

const shown = (keys: readonly string[]): string =>
  keys
    .slice(0, 12)
    .map((k) => escaped(k.slice(0, 80)))
    .join(", ") + (keys.length > 12 ? ` and ${keys.length - 12} more` : "");

function wholeOf(path: string, id: number): number {
  if (Number.isInteger(id) && id >= 0 && id < 2 ** 31) return id;
  throw new Error(
    `holds ${quoted(path)}, in which ${id} is the number of a neuron; whole numbers from 0 to 2^31 - 1 are`,
  );
}

function checkTimes(path: string, times: Float64Array): void {
  const wrong = times.findIndex((t) => !Number.isFinite(t));
  if (wrong >= 0)
    throw new Error(`holds ${quoted(path)}, in which spike ${wrong} comes at ${times[wrong]}; leave it out`);
}

/**
 * Samples lie so far from where their rate puts them, as parts of the time between two: a current that holds each of them is
 * then wrong for at most that part of the time.
 */
const mostJitter = 0.01;

/** The rate of samples whose times are given one by one. @throws Error where they do not come evenly. */
function evenly(path: string, times: Float64Array): { rate: number; start: number } {
  const [n, start, end] = [times.length, times[0]!, times[times.length - 1]!];
  if (n < 2 || !(end > start))
    throw new Error(`holds ${quoted(path)} with ${counted(n, "timestamp")}; two or more are wanted`);
  const dt = (end - start) / (n - 1);
  const off = times.findIndex((t, i) => !(Math.abs(t - (start + i * dt)) <= mostJitter * dt));
  if (off >= 0)
    throw new Error(`holds ${quoted(path)}, whose samples do not come evenly (at timestamp ${off}); resample it first`);
  return { rate: 1 / dt, start };
}
