/** Files that the page was given: documents and recordings. */
import { fail, show } from "../../../src/checks.js";
import { fileKind, textOf } from "../../../src/files/file-kind.js";
import { readJson } from "../../../src/files/read-json.js";
import { SaltationError } from "../../../src/index.js";
import { type FileContext, type Lists, readLists, recordingName } from "../../../src/job/recording.js";
import type { FileContents, RecordedList, RecordingFacts } from "./protocol.js";
import { readDocument, readJob, readStanding } from "./read-document.js";
import { readTable } from "./table.js";

export class Files implements FileContext {
  private recording: { path: string; bytes: Uint8Array } | undefined;

  /** The file that stands for `@recording`. */
  open(field: string, file: string): { path: string; bytes: Uint8Array } {
    if (file !== recordingName) {
      fail(field, `names the file "${file}", which a page cannot open; drop it here`);
    }
    if (!this.recording) fail(field, "needs a recording; drop its file on the page");
    return this.recording;
  }

  /** @throws SaltationError where the recording that was given is not the one of this name. */
  check(name: string): void {
    if (this.recording?.path === name) return;
    const which = name ? `the recording ${name}` : "a recording";
    fail("observed", `needs ${which}; drop its file on the page`);
  }

  /** Reads a file of any kind that the page takes, those too whose readers are loaded with the first of them; see `read`. */
  async given(name: string, bytes: Uint8Array): Promise<FileContents> {
    const kind = fileKind(bytes);
    if (kind !== "hdf5" && kind !== "parquet") return this.read(name, bytes);
    const { recordingLists } = await import("./recording-lists.js");
    return this.read(name, new TextEncoder().encode(JSON.stringify(await recordingLists(name, bytes))));
  }

  /** Reads a file by its contents: a document, a training job, or a recording, which is kept. */
  read(name: string, bytes: Uint8Array): FileContents {
    const kind = fileKind(bytes);
    if (typeof kind === "object") throw new SaltationError("invalid-input", `this ${kind.not}${wanted(kind.not)}`);
    let read = bytes;
    if (kind === "text") {
      const text = said(() => textOf(bytes));
      if (/^\s*[{["]/.test(text)) {
        const object = parse(bytes);
        if ("saltation" in object) {
          const document = readDocument(object.document);
          return { kind: "document", document, standing: readStanding(object) };
        }
        if ("network" in object && "loss" in object) {
          return { kind: "document", document: readJob(object), standing: null, checkpointed: "checkpoint" in object };
        }
      } else {
        read = new TextEncoder().encode(JSON.stringify(readTable(text)));
      }
    }
    const recording = factsOf(name, readLists("recording", name, read));
    this.recording = { path: name, bytes: read };
    return { kind: "recording", recording };
  }
}

/** What would be read instead of a file that is something else; nothing where that is said already. */
const wanted = (what: string): string =>
  what.includes(";")
    ? ""
    : "; a recording is a JSON, npz, NWB or Parquet file with the samples of a current and the spike times of trials, or a table " +
      "(CSV) of trial and spike time; jobs and exported parameters are JSON";

/** Gives what is wrong with a file a subject. */
function said<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SaltationError("invalid-input", `the file ${(error as Error).message}`);
  }
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  const object = said(() => readJson(bytes).value);
  if (typeof object !== "object" || object === null || Array.isArray(object)) {
    throw new SaltationError("invalid-input", "the file holds no object with named lists");
  }
  return object as Record<string, unknown>;
}

/** What a recording holds, for the page to offer. */
function factsOf(name: string, file: Lists): RecordingFacts {
  const facts: RecordingFacts = { name, lists: [], numbers: {}, texts: {}, padded: false };
  let unreadable: unknown;
  for (const key of file.keys) {
    let value: unknown;
    try {
      value = file.read(key);
    } catch (error) {
      // Names, for example, beside what is recorded.
      unreadable ??= error;
      continue;
    }
    if (typeof value === "number") facts.numbers[key] = value;
    if (typeof value === "string") facts.texts[key] = value;
    if (key === "units" && typeof value === "object" && value !== null) {
      for (const [of, unit] of Object.entries(value)) if (typeof unit === "string") facts.texts[`units.${of}`] = unit;
    }
    if (!Array.isArray(value) || value.length === 0) continue;
    const nested = Array.isArray(value[0]);
    if (!nested && typeof value[0] !== "number") continue;
    const list: RecordedList = { key, length: value.length, nested, numbers: 0, largest: 0 };
    const count = (numbers: readonly number[]): void => {
      list.numbers += numbers.length;
      for (const x of numbers) if (Number.isFinite(x)) list.largest = Math.max(list.largest, Math.abs(x));
    };
    if (!nested) count(value);
    else
      value.forEach((row: unknown, i) => {
        if (!Array.isArray(row))
          fail(name, `${key}[${i}] is ${show(row)}, beside lists; make it one, empty where it holds nothing`);
        count(row);
      });
    facts.lists.push(list);
  }
  facts.padded = facts.lists.some((l) => l.key === "spike_times" && l.nested);
  if (facts.lists.length === 0) {
    if (unreadable) throw unreadable;
    fail(name, `holds no list of numbers; it has ${file.keys.join(", ") || "nothing"}`);
  }
  // Rows of trains are filled up to one length: their spikes are counted beside.
  const counts = facts.padded ? file.read("spike_counts") : undefined;
  const times = facts.lists.find((l) => l.key === "spike_times")!;
  if (Array.isArray(counts)) times.numbers = counts.reduce((a: number, b) => a + (Number(b) || 0), 0);
  return facts;
}
