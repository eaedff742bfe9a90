/** `saltation run shard.json`: does the work of shards and writes their results beside them. */
import { join } from "node:path";
import { fail } from "../checks.js";
import { Engine } from "../engine.js";
import type { BlockSums } from "../reduce/statistics.js";
import { isLasting, runTasks } from "../shards/evaluate.js";
import { joinedMeans } from "../shards/merged.js";
import { engineOptions } from "./options.js";
import { type CommonOptions, print, printJson, progressBar, readable, reportError } from "./output.js";
import { checkWritable } from "./output-files.js";
import { foundResults, runCommandOf } from "./results.js";
import { readShard, resultName, type ShardResult, type Split, sourceOf, writeResult } from "./shard-files.js";

/** Sums of the first round, read when a task first asks for them. */
function meansIn(folder: string, split: Split): (point: number) => BlockSums {
  let found: ReturnType<typeof foundResults> | undefined;
  return (point) => {
    const first = split.shards.filter(
      (s) => s.name.startsWith("means") && s.tasks.some((t) => t.point === point && t.kind === "means"),
    );
    found ??= foundResults(folder, split, (name) => name.startsWith("means"));
    const missing = first.filter((s) => !found!.results.has(s.name));
    if (missing.length > 0) {
      const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
      const made = `${runCommandOf(folder, missing[0]!.name)}${more}`;
      fail(
        "shard",
        `needs the means over all paths, of which ${missing.length} of ${first.length} parts are missing: ${made}`,
      );
    }
    return joinedMeans([...found.results.values()].flatMap((r) => r.results).filter((r) => r.task.point === point));
  };
}

export interface RunOptions extends CommonOptions {
  readonly missing?: boolean;
}

type Read = ReturnType<typeof readShard> & { readonly file: string };

/** Does the work of a shard. @throws SaltationError of the device; of one job also where the job itself fails. */
async function runShard(engine: Engine, { folder, split, shard }: Read, options: RunOptions): Promise<void> {
  const began = performance.now();
  const bar = progressBar(shard.name, 100, "%");
  const results = await runTasks(engine, sourceOf(split, folder), shard.tasks, {
    means: meansIn(folder, split),
    spikes: split.spikes,
    progress: (part) => bar.update(Math.round(100 * part)),
  }).finally(bar.stop);
  const seconds = (performance.now() - began) / 1000;
  const result: ShardResult = { name: shard.name, seconds, results };
  const written = writeResult(folder, split.digest, result);
  const failed = results.filter((r) => r.failed);
  if (options.json) printJson({ adapter: engine.adapterName, result: written, failed: failed.length, seconds });
  else print(`${written} on ${engine.adapterName} in ${readable(seconds)} s`);
  // Of one job, a failure is that of the job: as it would have been without shards.
  if (failed.length > 0 && !split.points) fail(shard.name, failed[0]!.failed!.message, failed[0]!.failed!.code);
}

/** Whether a shard has a result that merge would take, and all that it says came out. */
const isDone = ({ folder, split, shard }: Read): boolean =>
  [...foundResults(folder, split, (name) => name === shard.name).results.values()].some(
    ({ results }) => split.points !== undefined || !results.some((r) => r.failed),
  );

/** Runs shards in one process; one that fails, or its device, leaves the others to go on. */
export async function runCommand(files: readonly string[], options: RunOptions): Promise<void> {
  const shards = files.map((file) => ({ file, ...readShard(file) }));
  for (const { folder, shard } of shards) checkWritable("result", join(folder, resultName(shard.name)));
  const backend = (options.backend as string | undefined) ?? shards[0]!.split.backend;
  let engine: Engine | undefined;
  let code = 0;
  try {
    for (const shard of shards) {
      if (options.missing && isDone(shard)) continue;
      try {
        engine ??= await Engine.create(engineOptions({ ...options, backend }));
        await runShard(engine, shard, options);
      } catch (error) {
        code = Math.max(code, reportError(error));
        if (isLasting(error)) continue;
        // The device may be gone: the next shard opens another.
        engine?.dispose();
        engine = undefined;
      }
    }
  } finally {
    engine?.dispose();
  }
  if (code > 0) process.exitCode = code;
}
