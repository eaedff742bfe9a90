/**
 * Recordings in HDF5 (NWB, SONATA, SHD) and Parquet as lists like those of a JSON file: currents in nA, the trials of each neuron in ms
 * where the file has a unit. Loaded with the first such file.
 */
import { fail } from "../../../src/checks.js";
import { SaltationError } from "../../../src/errors.js";
import type { RecordingFile, Series } from "../../../src/files/recording-file.js";
import { neuronsOf, type SpikeTrains } from "../../../src/files/spike-trains.js";
import { timesTenTo, unitOf } from "../../../src/files/unit.js";
import { openRecording } from "../../../src/job/open-recording.js";
import { seriesValues } from "../../../src/job/read-files.js";

/** Neurons whose trials the page lists, and numbers that it takes of one list: a run has 10,000 steps at most. */
const mostNeurons = 64;
const mostNumbers = 2 ** 22;

function checkCount(key: string, numbers: number): void {
  if (numbers > mostNumbers)
    fail("recording", `${key} has ${numbers} numbers, and the page takes ${mostNumbers}; saltation takes them all`);
}

const milli = -3;
const nano = -9;

/** How samples of currents lie in time, in ms. */
interface Sampling {
  readonly start: number;
  readonly dt: number;
}

/** The power of ten from a unit of time to milliseconds; undefined of one that is not known. */
function toMilliseconds(unit: string | undefined): number | undefined {
  const known = unit === undefined ? undefined : unitOf(unit);
  return known?.of === "s" ? known.exponent - milli : undefined;
}

const samplingOf = (key: string, { start, rate, timeUnit }: Series): Sampling => {
  const time = toMilliseconds(timeUnit);
  if (time === undefined)
    fail("recording", `${key} has times in “${timeUnit}”, which is no unit of time that is known`);
  return { start: timesTenTo(start, time), dt: timesTenTo(1, time) / rate };
};

/** The currents of a file by name, and how they lie in time. */
function currentsOf(file: RecordingFile): { lists: Record<string, number[]>; sampling: Sampling | undefined } {
  const lists: Record<string, number[]> = {};
  let first: (Sampling & { readonly key: string }) | undefined;
  for (const { key, what, unit: named } of file.entries()) {
    const unit = named === undefined ? undefined : unitOf(named);
    if (what !== "time series" || unit?.of !== "A") continue;
    const series = file.series(key);
    if (series.channels !== 1) continue;
    checkCount(key, series.stored.length);
    const { start, dt } = samplingOf(key, series);
    first ??= { key, start, dt };
    if (first.start !== start || Math.abs(dt / first.dt - 1) > 1e-9) {
      const of = (s: Sampling): string => `every ${s.dt} ms from ${s.start} ms`;
      fail(
        "recording",
        `has currents with samples at different times: ${first.key} ${of(first)}, ${key} ${of({ start, dt })}; ` +
          "saltation convert takes one out",
      );
    }
    const value = seriesValues(series, unit.exponent - nano);
    lists[`${key} (nA)`] = Array.from(series.stored, (_, i) => value(i));
  }
  return { lists, sampling: first };
}

/** The trials of each neuron, with times from `start` on. */
function trialsOf(key: string, trains: SpikeTrains, start: number): Record<string, number[][]> {
  checkCount(key || "the file", trains.times.length);
  const neurons = neuronsOf(trains);
  if (neurons.length > mostNeurons) {
    fail(
      "recording",
      `has spikes of ${neurons.length} neurons, and the page lists ${mostNeurons}; saltation convert --neurons takes some out`,
    );
  }
  const exponent = toMilliseconds(trains.timeUnit);
  const unit = exponent === undefined ? "" : " (ms)";
  if (exponent === undefined && trains.timeUnit !== undefined)
    fail("recording", `${key} has times in “${trains.timeUnit}”, which is no unit of time that is known`);
  const count = trains.starts.length - 1;
  const lists = new Map(neurons.map((k) => [k, Array.from({ length: count }, (): number[] => [])]));
  for (let trial = 0; trial < count; trial++) {
    for (let n = trains.starts[trial]!; n < trains.starts[trial + 1]!; n++) {
      const time = trains.times[n]!;
      const since = exponent === undefined ? time : timesTenTo(time, exponent) - start;
      lists.get(trains.neurons?.[n] ?? 0)![trial]!.push(since);
    }
  }
  return Object.fromEntries(
    [...lists].map(([k, trials]) => [`${key || "spikes"}${trains.neurons ? `, neuron ${k}` : ""}${unit}`, trials]),
  );
}

/**
 * What such a file holds, as the page takes it.
 * @throws SaltationError `invalid-input` in one line.
 */
export async function recordingLists(name: string, bytes: Uint8Array): Promise<Record<string, unknown>> {
  const file = await openRecording("recording", name, bytes);
  try {
    const { lists, sampling } = currentsOf(file);
    const entries = file.entries().filter((e) => e.what === "spike trains");
    const trials = entries.map(({ key }) => trialsOf(key, file.spikes(key || undefined), sampling?.start ?? 0));
    const all = Object.assign({}, lists, ...trials) as Record<string, unknown>;
    if (Object.keys(all).length === 0) {
      const held = file.entries().map((e) => e.key);
      fail(
        "recording",
        `holds neither spike trains nor a current in amperes: it has ${held.slice(0, 8).join(", ") || "nothing"}`,
      );
    }
    return { ...(sampling ? { "dt (ms)": sampling.dt } : {}), ...all };
  } catch (error) {
    if (error instanceof SaltationError) throw error;
    return fail("recording", `${name} ${(error as Error).message}`);
  } finally {
    file.close();
  }
}
