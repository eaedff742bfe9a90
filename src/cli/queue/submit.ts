/** `saltation submit job.json`: shards through a queue, and what the job itself would have printed. */
import { fail } from "../../checks.js";
import { joinedMeans } from "../../shards/merged.js";
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

/** Puts the means over all paths where the second round finds them. @returns their digests by point. */
async function putMeans(connected: Connected, results: readonly ShardResult[]): Promise<Record<string, string>> {
  const tasks = results.flatMap((r) => r.results);
  const digests: Record<string, string> = {};
  for (const point of new Set(tasks.map((t) => t.task.point))) {
    const text = JSON.stringify(packed(joinedMeans(tasks.filter((t) => t.task.point === point))));
    digests[point] = digestOf(text);
    await put(connected.redis, "means", digests[point], text);
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
  const round = async (shards: readonly Shard[], means?: Record<string, string>): Promise<ShardResult[]> => {
    const data = (shard: string): ShardData => ({
      digest: key,
      shard,
      backend: options.backend,
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(means ? { means } : {}),
    });
    const jobs = shards.map(({ name }) => ({ id: id(name), data: data(name) }));
    const returned = await queue.all("shard", jobs, { tries: options.tries, onDone: () => bar.update(++done) });
    return shards.map(({ name }) => readResult(name, new TextEncoder().encode(returned.get(id(name))!), split, name));
  };
  try {
    const first = split.shards.filter((s) => s.name.startsWith("means"));
    const means = first.length > 0 ? await round(first) : [];
    const digests = means.length > 0 ? await putMeans(connected, means) : undefined;
    const rest = await round(
      split.shards.filter((s) => !s.name.startsWith("means")),
      digests,
    );
    bar.stop();
    await queue.forget(split.shards.map((s) => id(s.name)));
    return [...means, ...rest];
  } finally {
    bar.stop();
    await queue.close();
  }
}
