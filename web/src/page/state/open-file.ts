/** Files that are dropped or chosen. */
import type { StudioDocument } from "../../model/document.js";
import { newDocument } from "../../model/experiments.js";
import type { RecordingFacts } from "../../worker/protocol.js";
import { adopt } from "./load.js";
import { failed, notify } from "./notices.js";
import { loaded, recording, studioDocument } from "./signals.js";
import { say } from "./spoken.js";
import { client } from "./worker.js";

/** Reads a file that was dropped or chosen. */
export async function readFile(file: File): Promise<void> {
  try {
    if (file.size > 200e6) throw new Error(`${file.name} has ${Math.round(file.size / 1e6)} MB; at most 200 are read`);
    const contents = await client.call("read", file.name, new Uint8Array(await file.arrayBuffer()));
    if (contents.document) {
      await adopt(contents.document, contents.standing ?? null);
      if (contents.checkpointed) {
        notify("info", "The job’s checkpoint is not written here", "Export the parameters to go on from them later.");
      }
      say(`${file.name} was opened.`);
      return;
    }
    recording.value = contents.recording;
    await adopt(recordingDocument(contents.recording!), null);
    say([`The recording ${file.name} was read.`, ...(loaded.value?.hints ?? [])].join(" "));
  } catch (error) {
    failed(`${file.name} could not be read`, error);
  }
}

/** A document for a recording: lists and times are guessed by their names, and can be changed. */
function recordingDocument(facts: RecordingFacts): StudioDocument {
  const now = studioDocument.value;
  const { observed } = now;
  // A document that waits for its recording.
  const waits =
    observed.kind === "recording" && (observed.key === undefined || facts.lists.some((l) => l.key === observed.key));
  if (waits && (observed.name === "" || observed.name === facts.name)) {
    return { ...structuredClone(now), observed: { ...observed, name: facts.name } };
  }
  const document = newDocument("recording");
  const flat = facts.lists.filter((l) => !l.nested);
  const nested = facts.lists.filter((l) => l.nested);
  const current = flat.find((l) => /current|input|stim|_pA$|_nA$/i.test(l.key)) ?? flat[0];
  const trials = nested.find((l) => /spike|trial/i.test(l.key)) ?? nested[0];
  const dt = Object.entries(facts.numbers).find(([key]) => /^dt/i.test(key))?.[1] ?? 1;
  document.observed = facts.trains
    ? { kind: "recording", name: facts.name }
    : { kind: "recording", name: facts.name, ...(trials ? { key: trials.key } : {}) };
  const scale = current && /pA/.test(current.key) ? 0.001 : 1;
  document.job.input = current
    ? { current: { dt, samples: { file: "@recording", key: current.key, scale } } }
    : { current: 0 };
  const end = Math.min(current ? current.length * dt : Number.POSITIVE_INFINITY, 10_000 * dt);
  document.job.time = { t1: Number.isFinite(end) ? end : (facts.lastSpike[trials?.key ?? ""] ?? 1), dt };
  return document;
}
