/**
 * The folder of a split: `job.json` (the job, the points of its sweep, the names of its shards), the files that the job
 * names under `files/`, one `shard-*.json` for each run (and `means-*.json`, `spikes-*.json` and `loss-*.json` for earlier rounds),
 * and beside each, once it was run, its `result-*.json`.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { fail } from "../checks.js";
import { readJson } from "../files/read-json.js";
import { canonical, intact, sealed } from "../files/seal.js";
import type { FileContext } from "../job/recording.js";
import type { Point } from "../shards/grid.js";
import type { Command, Source } from "../shards/points.js";
import type { TaskResult } from "../shards/results.js";
import { rounds } from "../shards/rounds.js";
import type { Shard, Task } from "../shards/split.js";
import { packed, unpacked } from "./packed.js";
import { readNamed } from "./read-file.js";
import { version } from "./version.js";
import { writeWhole } from "./write-file.js";

/** A file that the job names. */
export interface KeptFile {
  /** As messages name it. */
  readonly path: string;
  readonly digest: string;
}

/** What all shards of a split have in common. */
export interface Split {
  readonly format: "saltation-split";
  readonly version: string;
  /** Of the job, its points and the files that it names. */
  readonly digest: string;
  readonly command: Command;
  readonly backend: string;
  readonly job: object;
  readonly points?: readonly Point[] | undefined;
  /** Files by the names that the job has for them. */
  readonly files: Readonly<Record<string, KeptFile>>;
  /** Whether the spikes of every path are kept. */
  readonly spikes: boolean;
  readonly shards: readonly Shard[];
}

export interface ShardFile extends Shard {
  readonly format: "saltation-shard";
  readonly version: string;
  readonly digest: string;
  readonly seed?: number | undefined;
}

export interface ShardResult {
  readonly name: string;
  readonly seconds: number;
  readonly results: readonly TaskResult[];
}

export const digestOf = (data: string | Uint8Array): string =>
  createHash("sha256").update(data).digest("hex").slice(0, 32);

/** The digest of a value, whatever the order of its keys. */
export const canonicalDigest = (value: unknown): string => digestOf(canonical(value));

/** The digest of what shards are computed from. */
export const splitDigest = ({ command, job, points, files, spikes }: Omit<Split, "digest">): string =>
  digestOf(
    canonical({
      command,
      job,
      points,
      spikes,
      files: Object.fromEntries(Object.entries(files).map(([name, f]) => [name, f.digest])),
    }),
  );

export const splitFile = "job.json";
export const resultName = (shard: string): string => `result-${shard}.json`;
const keptName = (digest: string): string => join("files", digest);

const task = z.union([
  z.strictObject({ kind: z.literal("whole"), point: z.number() }),
  z.strictObject({ kind: z.literal("batch"), point: z.number(), batch: z.number() }),
  z.strictObject({ kind: z.literal("loss"), point: z.number() }),
  z.strictObject({
    kind: z.enum(["paths", "pairs", "trials", "means", "spikes"]),
    point: z.number(),
    first: z.number(),
    end: z.number(),
  }),
]);
const shard = { name: z.string().regex(new RegExp(`^(shard|${rounds.join("|")})-\\d{4,}$`)), tasks: z.array(task) };
const splitSchema = z.object({
  format: z.literal("saltation-split"),
  version: z.string(),
  digest: z.string(),
  command: z.enum(["simulate", "gradient", "kernel"]),
  backend: z.string(),
  job: z.looseObject({}),
  points: z.array(z.record(z.string(), z.unknown())).optional(),
  files: z.record(z.string(), z.object({ path: z.string(), digest: z.string().regex(/^[\da-f]+$/) })),
  spikes: z.boolean(),
  shards: z.array(z.object(shard)),
});
const shardSchema = z.object({
  format: z.literal("saltation-shard"),
  version: z.string(),
  digest: z.string(),
  seed: z.number().optional(),
  ...shard,
});
const resultSchema = z.object({
  format: z.literal("saltation-shard-result"),
  version: z.string(),
  digest: z.string(),
  name: z.string(),
  seconds: z.number(),
  results: z.array(z.looseObject({ task, adapter: z.string() })),
  checksum: z.string(),
});

/** What is written of a shard. */
export const shardText = ({ digest, job }: Split, { name, tasks }: Shard): string => {
  const { seed } = job as { seed?: number };
  return `${JSON.stringify({ format: "saltation-shard", version, digest, seed, name, tasks })}\n`;
};

/** @throws SaltationError where it is none, or another version's. */
function parsed<T>(field: string, path: string, bytes: Uint8Array, schema: z.ZodType<T>): T {
  let data: unknown;
  try {
    data = readJson(bytes).value;
  } catch (error) {
    return fail(field, `${path} is cut off or damaged: it ${(error as Error).message}`);
  }
  const result = schema.safeParse(data);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const at = issue.path.length > 0 ? ` at "${issue.path.join(".")}"` : "";
    fail(field, `${path} is not what "saltation split" writes there, or damaged${at}: ${issue.message}`);
  }
  return result.data;
}

function checkVersion(field: string, path: string, written: string, mend: string): void {
  if (written !== version) {
    fail(field, `${path} was written by version ${written}, and this is ${version}, whose bits may differ; ${mend}`);
  }
}

/** Reads what the shards of a folder have in common. @throws SaltationError `invalid-input`. */
export function readSplit(folder: string): Split {
  const path = join(folder, splitFile);
  if (!existsSync(path)) fail("folder", `${folder} has no ${splitFile}; name a folder that "saltation split" wrote`);
  const split = parsed("folder", path, readNamed("folder", path), splitSchema) as Split;
  checkVersion("folder", path, split.version, "split the job again, or use that version");
  if (splitDigest(split) !== split.digest) {
    fail("folder", `${path} was edited: its digest does not fit what it says; split the job again`);
  }
  return split;
}

/** Reads a shard. @throws SaltationError `invalid-input`. */
export function readShard(path: string): { shard: ShardFile; folder: string; split: Split } {
  const found = parsed("shard", path, readNamed("shard", path), shardSchema) as ShardFile;
  const folder = dirname(path);
  checkVersion("shard", path, found.version, "split the job again, or use that version");
  const split = readSplit(folder);
  const same = split.shards.find((s) => s.name === found.name);
  if (found.digest !== split.digest || !same || canonical(same.tasks) !== canonical(found.tasks)) {
    fail("shard", `${path} is of another job or split than ${join(folder, splitFile)} beside it; split the job again`);
  }
  return { shard: found, folder, split };
}

/** The job of a split, with its files read from the folder. */
export const sourceOf = (split: Split, folder: string): Source => ({
  ...split,
  context: keptFiles(split, (digest) => readNamed("files", join(folder, keptName(digest)))),
});

/** The files that a job names, by their digests. */
export const keptFiles = ({ files }: Pick<Split, "files">, bytesOf: (digest: string) => Uint8Array): FileContext => ({
  open(field, file) {
    const kept = Object.hasOwn(files, file) ? files[file] : undefined;
    if (!kept) fail(field, `${file} is not among the files that were kept when the job was split; split it again`);
    const bytes = bytesOf(kept.digest);
    if (digestOf(bytes) !== kept.digest)
      fail(field, `${kept.path} was changed since the job was split; split it again`);
    return { path: kept.path, bytes };
  },
});

/** A file context that keeps what it opens. */
export function keeping(context: FileContext): {
  context: FileContext;
  files: Map<string, KeptFile & { bytes: Uint8Array }>;
} {
  const files = new Map<string, KeptFile & { bytes: Uint8Array }>();
  const open: FileContext["open"] = (field, file) => {
    const known = files.get(file) ?? context.open(field, file);
    files.set(file, { path: known.path, bytes: known.bytes, digest: digestOf(known.bytes) });
    return { path: known.path, bytes: known.bytes };
  };
  return { context: { open }, files };
}

/** Where a kept file lies. */
export const keptPath = (folder: string, digest: string): string => join(folder, keptName(digest));

/** What is written, or sent, of a shard that was run. */
export const resultText = (digest: string, { name, seconds, results }: ShardResult): string => {
  const content = { format: "saltation-shard-result", version, digest, name, seconds, results: packed(results) };
  return `${JSON.stringify(sealed(content))}\n`;
};

/** Writes the result of a shard, whole or not at all. */
export function writeResult(folder: string, digest: string, result: ShardResult): string {
  const path = join(folder, resultName(result.name));
  writeWhole(path, resultText(digest, result));
  return path;
}

/**
 * Reads a result.
 * @param path as messages name it.
 * @throws SaltationError in one line where it is damaged, another version's, or of another job.
 */
export function readResult(path: string, bytes: Uint8Array, split: Split, name: string): ShardResult {
  const field = "result";
  const found = parsed(field, path, bytes, resultSchema);
  if (!intact(found as Record<string, unknown>)) {
    fail(field, `${path} is damaged or was edited: its checksum does not fit what it says`);
  }
  checkVersion(field, path, found.version, "run the shard again");
  const tasks = split.shards.find((s) => s.name === name)?.tasks;
  const same = (results: readonly { task: unknown }[]): boolean =>
    canonical(results.map((r) => r.task)) === canonical(tasks as Task[]);
  if (found.digest !== split.digest || found.name !== name || !same(found.results)) {
    fail(field, `${path} is the result of another job or shard`);
  }
  return { name, seconds: found.seconds, results: unpacked(found.results) as TaskResult[] };
}
