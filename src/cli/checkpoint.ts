/** Checkpoint files of training runs: written whole or not at all, and read with care. */
import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import * as z from "zod";
import { fail } from "../checks.js";
import { readJson } from "../files/read-json.js";
import { canonical, intact, sealed } from "../files/seal.js";
import { checkpointSchema } from "../job/checkpoint-schema.js";
import type { FileContext } from "../job/recording.js";
import type { Checkpoint } from "../train/train.js";
import { checkOutputs } from "./output-files.js";
import { readNamed } from "./read-file.js";
import { writeWhole } from "./write-file.js";

/** Short digests of a job's fields and of the files that it names: what makes one run differ from another. */
export type Fingerprint = Record<string, string>;

export interface CheckpointFile extends Checkpoint {
  readonly format: "saltation-checkpoint";
  readonly job: Fingerprint;
  /** What the run was computed on: elsewhere the last bits may differ. */
  readonly adapter: string;
  /** Loss of the last step. */
  readonly loss?: number | undefined;
}

const digest = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex").slice(0, 16);

/** A file context that notes the digest of each file it opens, under the field that names it. */
export function fingerprinted(context: FileContext, fingerprint: Fingerprint): FileContext {
  return {
    open(field, file) {
      const opened = context.open(field, file);
      fingerprint[`the file of ${field}`] = digest(opened.bytes);
      return opened;
    },
  };
}

/** Fields that do not change what a step does. */
const outside = new Set(["steps", "checkpoint", "test", "metrics", "confidence", "discretisation", "requireUnbiased"]);

/** Adds the digests of a job's fields. */
export function fingerprintJob(job: object, fingerprint: Fingerprint): void {
  for (const [field, value] of Object.entries(job)) {
    if (!outside.has(field) && value !== undefined) fingerprint[field] = digest(canonical(value));
  }
}

/**
 * Written whole or not at all: whatever happens, a whole checkpoint is there.
 * @throws the system's error.
 */
export function writeCheckpoint(file: string, checkpoint: CheckpointFile): void {
  writeWhole(file, JSON.stringify(sealed(checkpoint)));
}

/**
 * @param read files that the command reads beside it.
 * @throws SaltationError `invalid-input` where no checkpoint can be written there.
 */
export function checkCheckpoint(file: string, read: readonly (string | undefined)[]): void {
  checkOutputs({ checkpoint: file }, read);
  if (existsSync(file) && !statSync(file).isFile()) fail("checkpoint", `${file} is a device or a pipe; name a file`);
}

const schema = z.object({
  format: z.literal("saltation-checkpoint"),
  ...checkpointSchema.shape,
  job: z.record(z.string(), z.string()),
  adapter: z.string(),
  loss: z.number().optional(),
  checksum: z.string({
    error: "is missing: the file was written by an earlier version, or was edited",
  }),
});

/**
 * Reads a checkpoint file of a job.
 * @throws SaltationError `invalid-input` where it is missing, damaged, edited, or another job's.
 */
export function readCheckpoint(file: string, job: Fingerprint, root?: string): CheckpointFile {
  const bytes = readNamed("checkpoint", file, root);
  const anew = "start anew without --resume, or name another file";
  let data: unknown;
  try {
    data = readJson(bytes).value;
  } catch (error) {
    return fail("checkpoint", `${file} is damaged: it ${(error as Error).message}; ${anew}`);
  }
  const version = (data as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version !== 2) {
    fail("checkpoint", `${file} has version ${version}, but this program reads version 2; ${anew}`);
  }
  const result = schema.safeParse(data);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    fail("checkpoint", `${file} is no checkpoint, or damaged, at "${issue.path.join(".")}": ${issue.message}; ${anew}`);
  }
  if (!intact(data as Record<string, unknown>)) {
    fail("checkpoint", `${file} is damaged or was edited: its checksum does not fit what it says; ${anew}`);
  }
  const { checksum: _, ...found } = result.data;
  const differ = [...new Set([...Object.keys(job), ...Object.keys(found.job)])].filter((f) => job[f] !== found.job[f]);
  if (differ.length > 0) {
    const what = `${differ.join(", ")} ${differ.length > 1 ? "differ" : "differs"}`;
    fail("checkpoint", `${file} belongs to another job: ${what}; resume that one, or ${anew}`);
  }
  return found;
}
