/** Documents come from strangers, by link or file: their structure is checked before anything is made of them. */
import * as z from "zod";
import { fail, show } from "../../../src/checks.js";
import { SaltationError } from "../../../src/errors.js";
import { type TruthOptions, truthSolve } from "../../../src/experiments/recovery.js";
import { intact } from "../../../src/files/seal.js";
import { checkJob } from "../../../src/job/check-job.js";
import { checkpointSchema } from "../../../src/job/checkpoint-schema.js";
import { type TrainJob, trainSchema } from "../../../src/job/job.js";
import { checkPlain, recordingName } from "../../../src/job/recording.js";
import { experiments, type StudioDocument, type Truth } from "../model/document.js";
import { experimentLike, unitsOfJob } from "../model/job-units.js";
import { brokenLink } from "../model/link.js";
import { numbersIn } from "../model/numbers-in.js";
import type { Curves, KeptWork, Standing } from "./protocol.js";

const whole = (least: number, most: number): z.ZodType<number> => {
  const error = `expected a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};
const trials = z.array(z.array(z.number()));
const observed = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("simulated"),
      paths: whole(1, 65536),
      seed: whole(0, 2 ** 32 - 1),
      truth: z.record(z.string(), z.unknown()),
      method: z.string().optional(),
      dt: z.number().optional(),
      maxSpikes: z.number().optional(),
    }),
    z.strictObject({
      kind: z.literal("trials"),
      times: trials,
      neurons: trials.optional(),
      name: z.string().optional(),
    }),
    z.strictObject({
      kind: z.literal("recording"),
      name: z.string(),
      key: z.string().optional(),
      scale: z.number().positive({ error: "expected a number above 0" }).optional(),
    }),
  ],
  { error: "expected simulated, trials or recording" },
);
const documentSchema = z.strictObject({
  version: z.literal(1),
  experiment: z.enum(experiments),
  // With more paths a step would hold the page's worker for minutes.
  job: z.looseObject({ paths: whole(1, 2 ** 22) }),
  observed,
  units: z.record(z.string(), z.string().max(40)),
});

/** @throws SaltationError `invalid-input` naming the field that is wrong. */
export function readDocument(value: unknown): StudioDocument {
  const document = checkJob(documentSchema, value) as unknown as StudioDocument;
  checkJob(trainSchema, { ...document.job, observed: [] });
  return document;
}

const standingSchema = z.object({ checkpoint: checkpointSchema, parameters: z.record(z.string(), z.unknown()) });

/** Where exported parameters stand: null at the start. @throws SaltationError `invalid-input`. */
export function readStanding({ checkpoint, parameters, checksum }: Record<string, unknown>): Standing | null {
  if (checkpoint === null) return null;
  // Earlier versions wrote none.
  if (checksum !== undefined && !intact({ parameters, checkpoint, checksum }))
    fail("checkpoint", "was damaged or edited: its checksum does not fit; export it again");
  const standing = checkJob(standingSchema, { checkpoint, parameters });
  for (const name of standing.checkpoint.trainable) {
    const value = standing.parameters[name];
    const values = numbersIn(value);
    if (values.length === 0 || !values.every(Number.isFinite))
      fail(`parameters.${name}`, `expected its trained values, got ${show(value)}; export it again`);
  }
  return standing;
}

const numbers = z.array(z.number());
const curves = z.strictObject({
  entries: z.array(
    z.strictObject({
      parameter: z.string(),
      index: z.int(),
      truth: z.number().optional(),
      start: z.number(),
    }),
  ),
  steps: numbers,
  loss: numbers,
  values: z.array(numbers),
});
const keptSchema = z.strictObject({
  version: z.literal(1, { error: "expected 1" }),
  document: z.unknown(),
  standing: z.unknown(),
  curves: z.unknown(),
  edited: z.boolean(),
  link: z.string().nullable(),
});

/** Curves of a run that was kept; null where they do not fit together. */
function readCurves(value: unknown): Curves | null {
  const { success, data } = curves.safeParse(value);
  if (!success) return null;
  const { entries, steps, loss, values } = data;
  const fits = [loss, ...values].every((list) => list.length === steps.length) && values.length === entries.length;
  return fits ? (data as Curves) : null;
}

/**
 * Work that was kept in the browser's storage, where a link or an older version of the page may have left it.
 * @throws SaltationError `invalid-input`.
 */
export function readKept(value: unknown): KeptWork {
  const kept = checkJob(keptSchema, value);
  const { standing } = kept;
  return {
    version: 1,
    document: readDocument(kept.document),
    standing:
      typeof standing === "object" && standing !== null ? readStanding(standing as Record<string, unknown>) : null,
    curves: readCurves(kept.curves),
    edited: kept.edited,
    link: kept.link,
  };
}

/** A document in the text of a link. @throws SaltationError `invalid-input`. */
export function readLink(text: string): StudioDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SaltationError("invalid-input", brokenLink);
  }
  return readDocument(value);
}

/** A training job of the command line as a document. */
export function readJob(value: unknown): StudioDocument {
  const { observed: given, checkpoint: _, ...said } = checkJob(trainSchema, value);
  const { units: __, ...job } = said;
  return {
    version: 1,
    experiment: typeof job.network.cell === "object" ? "equations" : (experimentLike(job)?.experiment ?? "figure1"),
    job,
    observed: observedOf(given, job.seed),
    units: unitsOfJob(said),
  };
}

function observedOf(given: TrainJob["observed"], jobSeed = 0): StudioDocument["observed"] {
  if (given === undefined) fail("observed", "is missing; the studio trains on observed trains");
  if (Array.isArray(given)) return { kind: "trials", times: given };
  if ("simulate" in given) {
    const drawnFrom = truthSolve({ paths: 1, t1: 1, dt: 1, seed: jobSeed }, given.simulate as TruthOptions).seed!;
    const { paths, seed = drawnFrom, current, weights, parameters, ...options } = given.simulate;
    const values = { ...parameters, ...(current === undefined ? {} : { current }), ...(weights ? { weights } : {}) };
    return { kind: "simulated", paths, seed, truth: values as Truth, ...options };
  }
  if ("times" in given)
    return { kind: "trials", times: given.times, ...(given.neurons ? { neurons: given.neurons } : {}) };
  checkPlain("observed", given);
  const name = given.file === recordingName ? "" : given.file;
  if (given.key === undefined) return { kind: "recording", name };
  return { kind: "recording", name, key: given.key, ...(given.scale === undefined ? {} : { scale: given.scale }) };
}
