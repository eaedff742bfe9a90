/** `saltation run shard.json`: does the work of shards and writes their results beside them. */
import { join } from "node:path";
import { fail } from "../checks.js";
import { Engine } from "../engine.js";
import { isLasting, runTasks } from "../shards/evaluate.js";
import { failedIn } from "../shards/results.js";
import { inWords, joinedRound, type Known, type Round, roundOf } from "../shards/rounds.js";
import { engineOptions } from "./options.js";
import { type CommonOptions, print, printJson, progressBar, readable, reportError } from "./output.js";
import { checkWritable } from "./output-files.js";
import { foundResults, runCommandOf } from "./results.js";
import { readShard, resultName, type ShardResult, type Split, sourceOf, writeResult } from "./shard-files.js";

/** What shards of earlier rounds came to, read when a task first asks for it. */
function knownIn(folder: string, split: Split): <R extends Round>(round: R, point: number) => Known[R] {
  const found = new Map<Round, ReturnType<typeof foundResults>>();
  const joined = new Map<string, unknown>();
  return <R extends Round>(round: R, point: number): Known[R] => {
    const key = `${round}-${point}`;
    if (joined.has(key)) return joined.get(key) as Known[R];
    const first = split.shards.filter((s) => s.tasks.some((t) => t.point === point && t.kind === round));
    const { results } = found.get(round) ?? foundResults(folder, split, (name) => roundOf(name) === round);
    found.set(round, { results, refused: new Map() });
    const missing = first.filter((s) => !results.has(s.name));
    if (missing.length > 0) {
      const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
      const made = `${runCommandOf(folder, missing[0]!.name)}${more}`;
      const what = `${missing.length} of ${first.length} parts are missing`;
      fail("shard", `needs ${inWords[round]}, of which ${what}: ${made}`);
    }
    const all = [...results.values()].flatMap((r) => r.results).filter((r) => r.task.point === point);
    joined.set(key, joinedRound(round, all));
    return joined.get(key) as Known[R];
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
    known: knownIn(folder, split),
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
  const failure = failedIn(results);
  if (failure && !split.points) fail(shard.name, failure.message, failure.code);
}

/** Whether a shard has a result that merge would take, and all that it says came out. */
const isDone = ({ folder, split, shard }: Read): boolean =>
  [...foundResults(folder, split, (name) => name === shard.name).results.values()].some(
    ({ results }) => split.points !== undefined || !failedIn(results),
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
