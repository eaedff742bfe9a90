/** Documents and the recordings that they are fitted to. */
import type { RecordingFacts } from "../worker/protocol.js";
import type { StudioDocument } from "./document.js";
import { newDocument } from "./experiments.js";
import { currentUnits, type RecordingUnits, stepKey, timeUnits, unitsOf } from "./recording-units.js";

/** A document with the recording that it waits for; undefined where that is another one, or none. */
export function withRecording(document: StudioDocument, facts: RecordingFacts): StudioDocument | undefined {
  const { observed } = document;
  if (observed.kind !== "recording" || (observed.name !== "" && observed.name !== facts.name)) return undefined;
  if (observed.key !== undefined && !facts.lists.some((l) => l.key === observed.key)) return undefined;
  return { ...structuredClone(document), observed: { ...observed, name: facts.name } };
}

/** Grid steps of a run, at most. */
const mostSteps = 10_000;

/**
 * A document for a recording, in ms and nA: lists and times are guessed by their names, and can be changed.
 * @param chosen units in place of those that the file says.
 */
export function recordingDocument(facts: RecordingFacts, chosen: Partial<RecordingUnits> = {}): StudioDocument {
  const document = newDocument("recording");
  const flat = facts.lists.filter((l) => !l.nested && !(facts.padded && l.key === "spike_counts"));
  const nested = facts.lists.filter((l) => l.nested);
  const current = flat.find((l) => /current|input|stim|_pA$|_nA$/i.test(l.key)) ?? flat[0];
  const trials = facts.padded
    ? facts.lists.find((l) => l.key === "spike_times")
    : (nested.find((l) => /spike|trial/i.test(l.key)) ?? nested[0]);
  const units = { ...unitsOf(facts, trials?.key, current?.key), ...chosen };
  const scale = timeUnits[units.time];
  const key = stepKey(facts);
  const dt = key === undefined ? 1 : rounded(facts.numbers[key]! * timeUnits[units.step ?? units.time]);
  document.observed = {
    kind: "recording",
    name: facts.name,
    ...(trials === undefined || facts.padded ? {} : { key: trials.key }),
    ...(scale === 1 ? {} : { scale }),
  };
  document.job.input = current
    ? {
        current: {
          dt,
          samples: { file: "@recording", key: current.key, scale: currentUnits[units.current] },
        },
      }
    : { current: 0 };
  const steps = current?.length ?? Math.max(1, Math.ceil(((trials?.largest ?? 0) * scale) / dt));
  document.job.time = { t1: rounded(Math.min(steps, mostSteps) * dt), dt };
  return document;
}

/** Without the digits that a change of units leaves behind. */
const rounded = (x: number): number => Number(x.toPrecision(12));

/** Reads the recording of a document in other units. */
export function inUnits(document: StudioDocument, facts: RecordingFacts, chosen: Partial<RecordingUnits>): void {
  const { observed, job } = document;
  if (observed.kind !== "recording") return;
  const given = job.input?.current;
  const sampled = typeof given === "object" && !Array.isArray(given) ? given : undefined;
  const samples = sampled && !Array.isArray(sampled.samples) ? sampled.samples : undefined;
  const other = recordingDocument(facts, chosen);
  if (chosen.time !== undefined) {
    observed.scale = timeUnits[chosen.time];
    job.time = { ...job.time, ...other.job.time };
    const step = other.job.input?.current;
    if (sampled && typeof step === "object" && !Array.isArray(step)) sampled.dt = step.dt;
  }
  if (chosen.current !== undefined && samples) samples.scale = currentUnits[chosen.current];
}
