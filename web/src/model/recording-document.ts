/** Documents and the recordings that they are fitted to. */
import type { RecordingFacts } from "../worker/protocol.js";
import type { StudioDocument } from "./document.js";
import { newDocument } from "./experiments.js";

/** A document with the recording that it waits for; undefined where that is another one, or none. */
export function withRecording(document: StudioDocument, facts: RecordingFacts): StudioDocument | undefined {
  const { observed } = document;
  if (observed.kind !== "recording" || (observed.name !== "" && observed.name !== facts.name)) return undefined;
  if (observed.key !== undefined && !facts.lists.some((l) => l.key === observed.key)) return undefined;
  return { ...structuredClone(document), observed: { ...observed, name: facts.name } };
}

/** A document for a recording: lists and times are guessed by their names, and can be changed. */
export function recordingDocument(facts: RecordingFacts): StudioDocument {
  const document = newDocument("recording");
  const flat = facts.lists.filter((l) => !l.nested && !(facts.trains && l.key === "spike_counts"));
  const nested = facts.lists.filter((l) => l.nested);
  const current = flat.find((l) => /current|input|stim|_pA$|_nA$/i.test(l.key)) ?? flat[0];
  const trials = facts.trains ? "spike_times" : (nested.find((l) => /spike|trial/i.test(l.key)) ?? nested[0])?.key;
  const dt = Object.entries(facts.numbers).find(([key]) => /^dt/i.test(key))?.[1] ?? 1;
  document.observed = {
    kind: "recording",
    name: facts.name,
    ...(trials === undefined || facts.trains ? {} : { key: trials }),
  };
  const scale = current && /pA/.test(current.key) ? 0.001 : 1;
  document.job.input = current
    ? { current: { dt, samples: { file: "@recording", key: current.key, scale } } }
    : { current: 0 };
  const steps = current?.length ?? Math.max(1, Math.ceil((facts.lastSpike[trials ?? ""] || 0) / dt));
  document.job.time = { t1: Math.min(steps, 10_000) * dt, dt };
  return document;
}
