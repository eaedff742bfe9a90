/** `saltation submit job.json`: shards through a queue, and what the job itself would have printed. */
import { fail } from "../../checks.js";
import { type Round, roundOf, rounds, toldRound } from "../../shards/rounds.js";
import type { Shard } from "../../shards/split.js";
import { makeSplit, type SplitOptions } from "../make-split.js";
import { type MergeOptions, mergeResults } from "../merge.js";
import { engineOptions, wholeOption } from "../options.js";
import { progressBar } from "../output.js";
import { checkOutputs } from "../output-files.js";
import { packed } from "../packed.js";
import { digestOf, keptFiles, readResult, type ShardResult, type Split } from "../shard-files.js";
import { version } from "../version.js";
import { type Connected, connect, type QueueOptions } from "./connection.js";
import { put, putSplit, splitKey } from "./content.js";
import { TaskQueue } from "./tasks.js";
import type { ShardData } from "./worker-environment.js";

export interface SubmitOptions extends SplitOptions, MergeOptions, QueueOptions {
  readonly tries: string;
  readonly threads?: string;
}

/** Puts what a round came to where later ones find it. @returns digests by point. */
async function putRound(
  { redis }: Connected,
  round: Round,
  results: readonly ShardResult[],
): Promise<Record<string, string>> {
  const tasks = results.flatMap((r) => r.results);
  const digests: Record<string, string> = {};
  for (const point of new Set(tasks.map((t) => t.task.point))) {
    const text = JSON.stringify(
      packed(
        toldRound(
          round,
          tasks.filter((t) => t.task.point === point),
        ),
      ),
    );
    digests[point] = digestOf(text);
    await put(redis, "known", digests[point], text);
  }
  return digests;
}

export async function submitCommand(file: string, options: SubmitOptions): Promise<void> {
  const tries = wholeOption("--tries", options.tries, 1, 100);
  // Checked here, and not first by a worker.
  const { threads } = engineOptions(options);
  if (threads !== undefined && options.backend !== "simd" && options.backend !== "auto")
    fail("--threads", `goes with backend simd, but --backend is ${options.backend}; leave one of them out`);
  const { split, files } = await makeSplit(file, options);
  checkOutputs({ "--out": options.out }, [file]);
  const connected = await connect(options);
  try {
    const results = await throughQueue(connected, split, files, { ...options, tries, threads });
    const source = { ...split, context: keptFiles(split, (digest) => files.get(digest)!) };
    await mergeResults(split, source, results, options);
  } finally {
    connected.close();
  }
}

async function throughQueue(
  connected: Connected,
  split: Split,
  files: ReadonlyMap<string, Uint8Array>,
  options: QueueOptions & { readonly tries: number; readonly backend: string; readonly threads: number | undefined },
): Promise<ShardResult[]> {
  await putSplit(connected.redis, split, files);
  const key = splitKey(split);
  const queue = await TaskQueue.open(connected, options);
  const bar = progressBar("shards", split.shards.length, "shards");
  let done = 0;
  const id = (name: string): string => `${version}-${key.slice(0, 16)}-${name}`;
  const all = async (shards: readonly Shard[], known: ShardData["known"]): Promise<ShardResult[]> => {
    const data = (shard: string): ShardData => ({
      digest: key,
      shard,
      backend: options.backend,
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(known ? { known } : {}),
    });
    const jobs = shards.map(({ name }) => ({ id: id(name), data: data(name) }));
    const returned = await queue.all("shard", jobs, { tries: options.tries, onDone: () => bar.update(++done) });
    return shards.map(({ name }) => readResult(name, new TextEncoder().encode(returned.get(id(name))!), split, name));
  };
  try {
    const results: ShardResult[] = [];
    const known: Partial<Record<Round, Record<string, string>>> = {};
    for (const round of rounds) {
      const some = split.shards.filter((s) => roundOf(s.name) === round);
      if (some.length === 0) continue;
      const came = await all(some, known);
      known[round] = await putRound(connected, round, came);
      results.push(...came);
    }
    const rest = split.shards.filter((s) => roundOf(s.name) === undefined);
    results.push(...(await all(rest, known)));
    bar.stop();
    await queue.forget(split.shards.map((s) => id(s.name)));
    return results;
  } finally {
    bar.stop();
    await queue.close();
  }
}
