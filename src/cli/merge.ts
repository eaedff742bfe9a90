/** `saltation merge folder`: what the job itself would have printed, from the results of its shards. */
import { fail } from "../checks.js";
import { SaltationError } from "../errors.js";
import { adaptersOf, type MergedPoint, mergePoint, withoutThreads } from "../shards/merged.js";
import { pointOf } from "../shards/points.js";
import type { TaskResult } from "../shards/results.js";
import { gradientNpz, PathRows } from "./gradient.js";
import { exitBadInput, oneLine, print, printJson, say, sayWarnings } from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";
import { foundResults, runCommandOf } from "./results.js";
import { readSplit, type ShardResult, type Split, sourceOf } from "./shard-files.js";
import { spikesNpz } from "./simulate.js";

export interface MergeOptions {
  readonly json?: boolean;
  readonly out?: string;
  readonly mixedAdapters?: boolean;
}

/** The same of results that lie in a folder or came by a queue. */
export async function mergeResults(
  split: Split,
  source: ReturnType<typeof sourceOf>,
  results: readonly ShardResult[],
  options: MergeOptions,
): Promise<void> {
  const tasks = results.flatMap((r) => r.results);
  const adapters = adaptersOf(tasks);
  if (adapters.length > 1 && !options.mixedAdapters) {
    const counts = adapters.map((a) => `${tasks.filter((t) => withoutThreads(t.adapter) === a).length} tasks on ${a}`);
    fail(
      "adapter",
      `results come from several (${counts.join(", ")}), and their bits differ; run shards again with one --backend, or ` +
        "take them as they are with --mixed-adapters",
    );
  }
  const seconds = results.reduce((sum, r) => sum + r.seconds, 0);
  if (!split.points) {
    const merged = await mergePoint(await pointOf(source, 0), tasks, seconds);
    const written = options.out === undefined ? undefined : await writeArrays(options.out, merged);
    sayWarnings((merged.object as { warnings?: string[] }).warnings);
    if (options.json) printJson(merged.object);
    else printResult(merged.object);
    if (!options.json && written) print(`arrays in ${options.out}`);
    return;
  }
  const byPoint = split.points.map((): TaskResult[] => []);
  for (const result of tasks) byPoint[result.task.point]!.push(result);
  const all: object[] = [];
  let failures = 0;
  for (const [i, parameters] of split.points.entries()) {
    const own = byPoint[i]!;
    // What a point took is in its own object, or a share of what its shards took.
    const share = own.length / tasks.length;
    try {
      all.push({ parameters, result: (await mergePoint(await pointOf(source, i), own, share * seconds)).object });
    } catch (error) {
      if (!(error instanceof SaltationError)) throw error;
      failures++;
      all.push({ parameters, failed: oneLine(error.message) });
    }
  }
  if (options.json) printJson(all);
  else for (const one of all) print(JSON.stringify(one));
  if (failures > 0) {
    say(`${failures} of ${all.length} points failed: each says why under "failed"`);
    process.exitCode = exitBadInput;
  }
}

function printResult(object: object): void {
  for (const [name, value] of Object.entries(object)) {
    if (name === "warnings") continue;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    print(`${name} ${text.length > 200 ? `${text.slice(0, 200)} … (--json prints all)` : text}`);
  }
}

async function writeArrays(file: string, merged: MergedPoint): Promise<boolean> {
  if (merged.kind === "whole") fail("--out", "takes shards that were cut; run the job itself with --out");
  if (merged.kind === "kernel") {
    const { kernelNpz } = await import("./kernel.js");
    return writeOutput("--out", file, kernelNpz(merged.result));
  }
  if (merged.kind === "simulate")
    return writeOutput("--out", file, spikesNpz(await merged.spikes.read(), merged.states));
  const { planned, result } = merged;
  if (!planned.job.perPath) return writeOutput("--out", file, gradientNpz(planned.views, result));
  const rows = new PathRows(planned.views, planned.job.paths);
  merged.paths((first, paths, values) => rows.add(first, paths, values));
  return writeOutput("--out", file, rows.npz());
}

export async function mergeCommand(folder: string, options: MergeOptions): Promise<void> {
  const split = readSplit(folder);
  if (options.out !== undefined && split.points) fail("--out", "goes with one job, not with a sweep; leave it out");
  const source = sourceOf(split, folder);
  checkOutputs({ "--out": options.out }, []);
  const { results, refused } = foundResults(folder, split);
  const missing = split.shards.filter((s) => !results.has(s.name));
  if (missing.length === 0) {
    await mergeResults(split, source, [...results.values()], options);
    return;
  }
  for (const error of refused.values()) say(`${oneLine(error.message)}; it counts as missing`);
  say(`${missing.length} of ${split.shards.length} shards have no result in ${folder}; these commands make them:`);
  for (const { name } of missing) process.stderr.write(`${runCommandOf(folder, name)}\n`);
  process.exitCode = exitBadInput;
}
