/** `saltation inspect FILE`: what a file holds, and the lines of a job that use it. */
import { fileKind } from "../files/file-kind.js";
import type { Entry } from "../files/recording-file.js";
import { symbolOf, timesTenTo, unitOf } from "../files/unit.js";
import { openRecording } from "../job/open-recording.js";
import { print, printJson, readable } from "./output.js";
import { readGiven } from "./read-file.js";
import { compactTable } from "./table.js";

/** Units in which jobs are often written. */
const usual: Readonly<Record<string, string>> = { s: "ms", A: "nA", V: "mV", S: "nS" };
/** In a line of a job: what only the one who has the file can say. */
const asked = "?";

const usualOf = (unit: string | undefined): string => usual[unitOf(unit ?? "")?.of ?? ""] ?? asked;

/** The fields of a job that take spike trains from a file. @param origin as that of the current, with whose clock they count. */
function observedOf(file: string, entry: Entry, physical: boolean, origin: number | undefined): object {
  const converted = physical || entry.timeUnit !== undefined;
  // A network's neurons are 0, 1, …; those of recordings have any numbers, of which one is chosen here.
  const chosen = physical && entry.neurons?.some((n, i) => n !== i);
  return {
    file,
    ...(entry.key === "" || entry.key === "spike_times" ? {} : { key: entry.key }),
    ...(converted ? { timeUnit: "ms" } : {}),
    ...(converted && unitOf(entry.timeUnit ?? "") === undefined ? { fileTimeUnit: asked } : {}),
    ...(converted && origin !== undefined ? { origin } : {}),
    ...(entry.firstTrial === undefined
      ? {}
      : { trials: Array.from({ length: entry.trials! - entry.firstTrial }, (_, i) => entry.firstTrial! + i) }),
    ...(chosen ? { neurons: entry.neurons!.slice(0, 1) } : {}),
  };
}

/** The fields of a job that take a current from a time series. */
function currentOf(file: string, entry: Entry) {
  const exponent = (unitOf(entry.timeUnit ?? "")?.exponent ?? 0) + 3;
  const unit = usualOf(entry.unit);
  return {
    dt: timesTenTo(entry.dt!, exponent),
    samples: {
      file,
      key: entry.key,
      unit,
      ...(unit === asked ? { fileUnit: asked } : {}),
      timeUnit: "ms",
      ...(entry.start ? { origin: timesTenTo(entry.start, exponent) } : {}),
    },
  };
}

/** What a job says to use what is first in a file: a current if there is one, and spike trains. */
function jobOf(file: string, entries: readonly Entry[], physical: boolean): Record<string, object> {
  const fine = entries.filter((e) => e.note === undefined);
  const series = fine.filter((e) => e.what === "time series");
  // What was injected rather than what was recorded: a voltage is no current.
  const of = (quantity: string | undefined) => series.find((e) => unitOf(e.unit ?? "")?.of === quantity);
  const current = of("A") ?? of(undefined);
  const spikes = fine.find((e) => e.what === "spike trains");
  const taken = current && currentOf(file, current);
  return {
    ...(taken ? { input: { current: taken } } : {}),
    ...(spikes ? { observed: observedOf(file, spikes, physical, taken?.samples.origin) } : {}),
  };
}

/** JSON on one line, as a person writes it. */
const spaced = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(spaced).join(", ")}]`
    : typeof value === "object" && value !== null
      ? `{ ${Object.entries(value)
          .map(([k, v]) => `${JSON.stringify(k)}: ${spaced(v)}`)
          .join(", ")} }`
      : JSON.stringify(value);

const symbol = (unit: string | undefined): string => {
  const known = unitOf(unit ?? "");
  return known ? symbolOf(known) : (unit ?? "");
};

/** When the samples of a series come. */
const clock = ({ dt, start, timeUnit }: Entry): string =>
  dt === undefined ? "" : `every ${readable(dt)} from ${readable(start ?? 0)} ${symbol(timeUnit)}`;

/** `saltation inspect FILE`. */
export async function inspectCommand(path: string, options: { json?: boolean }): Promise<void> {
  const bytes = readGiven("FILE", path);
  if (fileKind(bytes) === "hdf5") {
    const { nirGraphOf, showNir } = await import("./nir.js");
    const graph = await nirGraphOf("FILE", path, bytes);
    if (graph) return showNir(path, graph, options.json);
  }
  const file = await openRecording("FILE", path, bytes);
  try {
    const entries = file.entries();
    const job = jobOf(path, entries, file.physical);
    if (options.json) {
      printJson({ file: path, format: file.format, entries, job });
      return;
    }
    print(`${path}: ${file.format}`);
    if (entries.length === 0) return print("no spike trains, time series or numbers in it");
    const table = compactTable(["key", "what", "size", "unit", "times"], ["left", "left", "left", "left", "left"]);
    for (const e of entries) {
      const seen = e.observed === undefined ? "" : `, the first observed from ${e.observed}`;
      const times = e.what === "spike trains" ? (symbol(e.timeUnit) || "unit not named") + seen : clock(e);
      table.push([e.key || "(the file)", e.what, e.size, symbol(e.unit), e.note ?? times]);
    }
    print(table.toString());
    const lines = Object.entries(job).map(([name, value]) => `  "${name}": ${spaced(value)}`);
    if (lines.length === 0) return;
    print(`in a job${spaced(job).includes(`"${asked}"`) ? `, with what you know in place of "${asked}"` : ""}:`);
    print(lines.join(",\n"));
  } finally {
    file.close();
  }
}
