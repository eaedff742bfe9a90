/** From a job file, and a sweep, to shards. */
import { fail } from "../checks.js";
import { readJson } from "../files/read-json.js";
import { pointsOf } from "../shards/grid.js";
import { type Cuts, commandOf, cutsOf, pointOf, type Source } from "../shards/points.js";
import { cutShards } from "../shards/split.js";
import { type FileOptions, filesBeside, readJobFile } from "./job-file.js";
import { wholeOption } from "./options.js";
import { readGiven } from "./read-file.js";
import { type KeptFile, keeping, type Split, splitDigest } from "./shard-files.js";
import { version } from "./version.js";

export interface SplitOptions extends FileOptions {
  readonly shards: string;
  readonly grid?: string;
  readonly backend: string;
  readonly spikes?: boolean;
  readonly discretisation?: boolean;
}

/** Shards of one job at most: each is a file, and a job of a queue. */
const mostShards = 100_000;

export interface MadeSplit {
  readonly split: Split;
  /** The files that the job names, by digest. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

function readGrid(path: string): unknown {
  const bytes = readGiven("--grid", path);
  try {
    return readJson(bytes).value;
  } catch (error) {
    return fail("--grid", `${path} ${(error as Error).message}`);
  }
}

/** Checks a job at every point, and cuts it. @throws SaltationError `invalid-input`. */
export async function makeSplit(file: string, options: SplitOptions): Promise<MadeSplit> {
  const given = readJobFile(file, options);
  const command = commandOf(given);
  const unmeasured = options.discretisation === false && command !== "kernel" ? { discretisation: false } : {};
  const job = { ...(given as object), ...unmeasured };
  const points = options.grid === undefined ? undefined : pointsOf(readGrid(options.grid));
  const shards = wholeOption("--shards", options.shards, 1, mostShards);
  const { context, files } = keeping(filesBeside(file, options));
  const source: Source = { command, job, points, context };
  const cuts: Cuts[] = [];
  for (let i = 0; i < (points?.length ?? 1); i++) {
    const point = await pointOf(source, i);
    if (options.spikes && point.command !== "simulate") fail("--spikes", "is for jobs of simulate; leave it out");
    cuts.push(cutsOf(point));
  }
  if (options.spikes && points) fail("--spikes", "goes with one job, not with a sweep; leave it out");
  const whole: Omit<Split, "digest"> = {
    format: "saltation-split",
    version,
    command,
    backend: options.backend,
    job,
    ...(points ? { points } : {}),
    files: Object.fromEntries(
      Array.from(files, ([name, { path, digest }]): [string, KeptFile] => [name, { path, digest }]),
    ),
    spikes: options.spikes ?? false,
    shards: cutShards(cuts, shards),
  };
  return {
    split: { ...whole, digest: splitDigest(whole) },
    files: new Map(Array.from(files.values(), ({ digest, bytes }) => [digest, bytes])),
  };
}
