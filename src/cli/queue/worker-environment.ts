/** What a worker tells the processes that it runs shards by, and what jobs of shards say. */

/** The variable that has where Redis is: not in a command line, which others may read. */
export const redisVariable = "SALTATION_REDIS";
/** The variable that has how many threads a process takes on the simd backend. */
export const threadsVariable = "SALTATION_THREADS";

export interface ShardData {
  /** Of the job that was split, under which the queue has it. */
  readonly digest: string;
  readonly shard: string;
  readonly backend?: string;
  /** Threads of simd that are asked for; a worker that was given fewer takes those. */
  readonly threads?: number;
  /** Digests of the means over all paths, by point: of the second round. */
  readonly means?: Readonly<Record<string, string>>;
}
