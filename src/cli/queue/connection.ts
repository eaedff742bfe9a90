/** The queue on Redis: BullMQ, loaded when a command asks for it; whoever wants it installs it. */
import type { Queue, QueueEvents, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { fail } from "../../checks.js";
import { oneLine, say } from "../output.js";

export interface QueueOptions {
  /** Where Redis is, as redis://[user:password@]host:port[/database]. */
  readonly redis: string;
  readonly queue: string;
}

/** Keys of the queue and of what its jobs read. */
export const prefix = "saltation";

interface Loaded {
  readonly Queue: typeof Queue;
  readonly QueueEvents: typeof QueueEvents;
  readonly Worker: typeof Worker;
  readonly Redis: typeof Redis;
}

/** @throws SaltationError `invalid-input` where the packages are not installed. */
export async function loadQueue(): Promise<Loaded> {
  try {
    const [bullmq, ioredis] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { ...bullmq, Redis: ioredis.Redis };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    return fail("--redis", "a queue needs BullMQ and ioredis: npm install bullmq ioredis");
  }
}

/** A Redis as messages name it: without its password. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/** How long a Redis may take to answer at first; later it is waited for. */
const firstAnswerMs = 5000;

/** A connection that outlives its Redis going away: commands wait until it is back. */
function connection(Redis: Loaded["Redis"], url: string, told: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    enableReadyCheck: true,
    // Also from a Redis that is still reading its file.
    retryStrategy: (tries) => Math.min(50 * tries, 1000),
  });
  redis.on("error", told);
  return redis;
}

export interface Connected extends Loaded {
  /** For commands. */
  readonly redis: Redis;
  /** One more, for those who wait on it. */
  another(): Redis;
  close(): void;
}

/**
 * Connects, and says where Redis goes away and comes back.
 * @throws SaltationError `invalid-input` where no Redis answers.
 */
export async function connect({ redis: url }: Pick<QueueOptions, "redis">): Promise<Connected> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    fail("--redis", `expected redis://host:port, got "${url}"`);
  }
  const loaded = await loadQueue();
  const open: Redis[] = [];
  let away: string | undefined;
  const told = (error: Error): void => {
    const line = oneLine(error.message || (error as NodeJS.ErrnoException).code || String(error));
    if (ready && away === undefined) say(`Redis at ${shownUrl(url)} is away (${line}); waiting for it`);
    away = line;
  };
  let ready = false;
  const another = (): Redis => {
    const redis = connection(loaded.Redis, url, told);
    redis.on("ready", () => {
      if (ready && away !== undefined) say(`Redis at ${shownUrl(url)} is back`);
      away = undefined;
    });
    open.push(redis);
    return redis;
  };
  const close = (): void => {
    for (const redis of open) redis.disconnect();
  };
  const redis = another();
  let late: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error("no answer")), firstAnswerMs);
  });
  try {
    await Promise.race([redis.ping(), patience]);
  } catch (error) {
    close();
    const why = away ?? oneLine((error as Error).message);
    return fail(
      "--redis",
      `no Redis answers at ${shownUrl(url)} (${why}); start one (apt-get install redis-server), or name another`,
    );
  } finally {
    clearTimeout(late);
  }
  ready = true;
  return { ...loaded, redis, another, close };
}
