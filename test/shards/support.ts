/** Jobs in shards within one process, as by any engine: out of order, some twice, through the text of their files. */
import { readResult, resultText, type Split } from "../../src/cli/shard-files.js";
import type { Engine } from "../../src/engine.js";
import type { FileContext } from "../../src/job/recording.js";
import { runTasks } from "../../src/shards/evaluate.js";
import { mergePoint } from "../../src/shards/merged.js";
import { commandOf, cutsOf, pointOf, type Source } from "../../src/shards/points.js";
import type { TaskResult } from "../../src/shards/results.js";
import { joinedRound, type Known, type Round, rounds } from "../../src/shards/rounds.js";
import { cutShards, type Shard } from "../../src/shards/split.js";

const context: FileContext = {
  open: () => {
    throw new Error("no file is named");
  },
};

export const sourceOf = (job: object): Source => ({ command: commandOf(job), job, context });

export async function cut(source: Source, shards: number): Promise<Shard[]> {
  return cutShards([cutsOf(await pointOf(source, 0))], shards);
}

/** In an order by chance that is the same each time. */
function shuffled<T>(list: readonly T[], seed = 1): T[] {
  let state = seed;
  const next = (): number => (state = (state * 48271) % 2147483647);
  return list
    .map((item) => ({ item, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

export async function inShards(engine: Engine, source: Source, shards: number): Promise<object> {
  const all = await cut(source, shards);
  const split = { shards: all, digest: "d" } as unknown as Split;
  const results = new Map<string, readonly TaskResult[]>();
  const run = async (kind: string): Promise<void> => {
    const some = all.filter((s) => s.name.startsWith(`${kind}-`));
    // The first three are run twice.
    for (const { name, tasks } of shuffled([...some, ...some.slice(0, 3)])) {
      const known = <R extends Round>(round: R): Known[R] => joinedRound(round, [...results.values()].flat());
      const done = await runTasks(engine, source, tasks, { known, spikes: true });
      const text = resultText("d", { name, seconds: 1, results: done });
      results.set(name, readResult(name, new TextEncoder().encode(text), split, name).results);
    }
  };
  for (const round of [...rounds, "shard"]) await run(round);
  return (await mergePoint(await pointOf(source, 0), shuffled([...results.values()].flat(), 9), 0)).object;
}

export async function whole(engine: Engine, source: Source): Promise<object> {
  const [result] = await runTasks(engine, source, [{ kind: "whole", point: 0 }], { spikes: false });
  return result!.whole!;
}

/** As it is printed: times aside, every digit of it. */
export const printed = ({ seconds: _, ...object }: { seconds?: number }): string => JSON.stringify(object);
