/** What a worker tells the processes that it runs shards by, and what jobs of shards say. */

/** The variable that has where Redis is: not in a command line, which others may read. */
export const redisVariable = "SALTATION_REDIS";
/** The variable that has how many threads a process takes on the simd backend. */
export const threadsVariable = "SALTATION_THREADS";

import type { Round } from "../../shards/rounds.js";

export interface ShardData {
  /** Of the job that was split, under which the queue has it. */
  readonly digest: string;
  readonly shard: string;
  readonly backend?: string;
  /** Threads of simd that are asked for; a worker that was given fewer takes those. */
  readonly threads?: number;
  /** Digests of what earlier rounds came to, by round and point. */
  readonly known?: Readonly<Partial<Record<Round, Readonly<Record<string, string>>>>>;
}
