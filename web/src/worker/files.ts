/** Files that the page was given: documents and recordings. */
import { fail, show } from "../../../src/checks.js";
import { SaltationError } from "../../../src/index.js";
import { fileKind } from "../../../src/io/file-kind.js";
import { readJson } from "../../../src/io/read-json.js";
import { type FileContext, type Lists, readLists, recordingName } from "../../../src/io/recording.js";
import type { FileContents, RecordingFacts } from "./protocol.js";
import { readDocument, readJob, readStanding } from "./read-document.js";

export class Files implements FileContext {
  private recording: { path: string; bytes: Uint8Array } | undefined;

  /** The file that stands for `@recording`. */
  open(field: string, file: string): { path: string; bytes: Uint8Array } {
    if (file !== recordingName) {
      throw new SaltationError(
        "invalid-input",
        `${field}: names the file "${file}", which a page cannot open; drop it here`,
      );
    }
    if (!this.recording)
      throw new SaltationError("invalid-input", `${field}: needs a recording; drop its file on the page`);
    return this.recording;
  }

  /** @throws SaltationError where the recording that was given is not the one of this name. */
  check(name: string): void {
    if (this.recording?.path === name) return;
    const which = name ? `the recording ${name}` : "a recording";
    throw new SaltationError("invalid-input", `observed: needs ${which}; drop its file on the page`);
  }

  /** Reads a file by its contents: a document, a training job, or a recording, which is kept. */
  read(name: string, bytes: Uint8Array): FileContents {
    if (fileKind(bytes) === "text") {
      const object = parse(name, bytes);
      if ("saltation" in object) {
        const document = readDocument(object.document);
        return { kind: "document", document, standing: readStanding(object) };
      }
      if ("network" in object && "loss" in object) {
        return { kind: "document", document: readJob(object), standing: null, checkpointed: "checkpoint" in object };
      }
    }
    const recording = factsOf(name, readLists("recording", name, bytes));
    this.recording = { path: name, bytes };
    return { kind: "recording", recording };
  }
}

function parse(name: string, bytes: Uint8Array): Record<string, unknown> {
  let object: unknown;
  try {
    object = readJson(bytes).value;
  } catch (error) {
    throw new SaltationError("invalid-input", `${name}: ${(error as Error).message}`);
  }
  if (typeof object !== "object" || object === null || Array.isArray(object)) {
    throw new SaltationError("invalid-input", `${name}: holds no object with named lists`);
  }
  return object as Record<string, unknown>;
}

/** What a recording holds, for the page to offer. */
function factsOf(name: string, file: Lists): RecordingFacts {
  const facts: RecordingFacts = { name, lists: [], numbers: {}, trains: false, lastSpike: {} };
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
    if (!Array.isArray(value) || value.length === 0) continue;
    const nested = Array.isArray(value[0]);
    if (!nested && typeof value[0] !== "number") continue;
    facts.lists.push({ key, length: value.length, nested, first: nested ? Number.NaN : (value[0] as number) });
    if (nested) {
      let last = 0;
      value.forEach((row: unknown, i) => {
        if (!Array.isArray(row))
          fail(name, `${key}[${i}] is ${show(row)}, beside lists; make it one, empty where it holds nothing`);
        for (const t of row as number[]) last = Math.max(last, t);
      });
      facts.lastSpike[key] = last;
    }
  }
  facts.trains = facts.lists.some((l) => l.key === "spike_times" && l.nested);
  if (facts.lists.length === 0) {
    if (unreadable) throw unreadable;
    throw new SaltationError(
      "invalid-input",
      `${name}: holds no list of numbers; it has ${file.keys.join(", ") || "nothing"}`,
    );
  }
  return facts;
}
