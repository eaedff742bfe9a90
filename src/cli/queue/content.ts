/** What jobs of the queue read: under keys by digest, once for all of them. */
import type { Redis } from "ioredis";
import { fail } from "../../checks.js";
import type { Source } from "../../shards/points.js";
import { canonicalDigest, keptFiles, type Split } from "../shard-files.js";
import { prefix } from "./connection.js";

/** Seconds that what nobody reads any more is kept. */
const kept = 14 * 86400;

/** Bytes of one value: Redis takes 512 MiB. */
const mostBytes = 2 ** 28;

const keyOf = (kind: string, digest: string): string => `${prefix}:${kind}:${digest}`;

/** @throws SaltationError `limit` where it is too large. */
export async function put(
  redis: Redis,
  kind: string,
  digest: string,
  data: string | Uint8Array,
  seconds = kept,
): Promise<void> {
  if (data.length > mostBytes) {
    const size = `${Math.ceil(data.length / 2 ** 20)} MiB`;
    fail(kind, `has ${size}, and a queue takes ${mostBytes / 2 ** 20} MiB; use a folder (saltation split)`, "limit");
  }
  await redis.set(keyOf(kind, digest), typeof data === "string" ? data : Buffer.from(data), "EX", seconds);
}

/** Has something go after so many seconds. */
export function expireSoon(redis: Redis, kind: string, digest: string, seconds: number): void {
  redis.expire(keyOf(kind, digest), seconds).catch(() => {});
}

/** @throws SaltationError where it is gone. */
export async function get(redis: Redis, kind: string, digest: string): Promise<Buffer> {
  const data = await redis.getBuffer(keyOf(kind, digest));
  if (!data) fail(kind, `${digest} is no longer in the queue's Redis; submit the job again`);
  return data;
}

/** The name of a job in the queue: the same job cut otherwise is another. */
export const splitKey = ({ digest, shards }: Split): string => canonicalDigest({ digest, shards });

/** Puts a job with its files. */
export async function putSplit(redis: Redis, split: Split, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [digest, bytes] of files) await put(redis, "file", digest, bytes);
  await put(redis, "job", splitKey(split), JSON.stringify(split));
}

/** The job again. */
export async function getSplit(redis: Redis, digest: string): Promise<{ split: Split; source: Source }> {
  const split = JSON.parse((await get(redis, "job", digest)).toString("utf8")) as Split;
  const files = new Map<string, Uint8Array>();
  for (const { digest: of } of Object.values(split.files)) files.set(of, await get(redis, "file", of));
  return { split, source: { ...split, context: keptFiles(split, (of) => files.get(of)!) } };
}
