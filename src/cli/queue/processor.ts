/**
 * What a worker runs shards by: a process of its own, so that long work does not keep the worker from renewing its lock.
 * It keeps engine, jobs and kernels from one shard to the next.
 */
import { type SandboxedJob, UnrecoverableError } from "bullmq";
import { Redis } from "ioredis";
import { Engine } from "../../engine.js";
import { isLasting, runTasks } from "../../shards/evaluate.js";
import { failedIn } from "../../shards/results.js";
import { knownFrom, type Round, type Told } from "../../shards/rounds.js";
import { engineOptions } from "../options.js";
import { oneLine } from "../output.js";
import { unpacked } from "../packed.js";
import { resultText } from "../shard-files.js";
import { get, getSplit } from "./content.js";
import { evaluateStep, type StepData } from "./step.js";
import { redisVariable, type ShardData, threadsVariable } from "./worker-environment.js";

// A worker that was killed takes its process with it.
process.on("disconnect", () => process.exit());
// The queue's own listener sends what failed to the worker, and where that is gone fails anew, for ever.
process.prependListener("uncaughtException", (error: NodeJS.ErrnoException) => {
  if (error?.code === "EPIPE" || error?.code === "ERR_IPC_CHANNEL_CLOSED") process.exit(1);
});

let redis: Redis | undefined;
let engine: { readonly of: string; readonly opened: Promise<Engine> } | undefined;
/** Jobs by digest, the latest few. */
const splits = new Map<string, ReturnType<typeof getSplit>>();

function connected(): Redis {
  redis ??= new Redis(process.env[redisVariable]!, { maxRetriesPerRequest: null }).on("error", () => {});
  return redis;
}

export function recent<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known) return known;
  if (cache.size >= 8) cache.delete(cache.keys().next().value!);
  const made = make();
  cache.set(key, made);
  made.catch(() => cache.delete(key));
  return made;
}

/** The engine of this process, opened once. */
function engineOn(backend: string, asked?: number): Promise<Engine> {
  const own = process.env[threadsVariable];
  // What a job is computed on is its own matter; threads are what simd has if it is on that, at most those of this worker.
  const most = Math.min(asked ?? Number.POSITIVE_INFINITY, own ? Number(own) : Number.POSITIVE_INFINITY);
  const threads =
    (backend === "simd" || backend === "auto") && most < Number.POSITIVE_INFINITY ? { threads: `${most}` } : {};
  const of = JSON.stringify({ backend, ...threads });
  if (engine?.of !== of) {
    engine?.opened.then((e) => e.dispose()).catch(() => {});
    engine = { of, opened: Engine.create(engineOptions({ backend, ...threads })) };
  }
  return engine.opened;
}

async function shard(
  { digest, shard: name, backend, threads, known = {} }: ShardData,
  job: SandboxedJob,
): Promise<string> {
  const from = connected();
  const { split, source } = await recent(splits, digest, () => getSplit(from, digest));
  const { tasks } = split.shards.find((s) => s.name === name)!;
  const read = new Map<string, Told>();
  for (const [round, byPoint] of Object.entries(known)) {
    for (const { point } of tasks) {
      const of = byPoint[point];
      const key = `${round}-${point}`;
      if (of && !read.has(key))
        read.set(key, unpacked(JSON.parse((await get(from, "known", of)).toString("utf8"))) as Told);
    }
  }
  const opened = await engineOn(backend ?? split.backend, threads);
  const began = performance.now();
  let told = began;
  const results = await runTasks(opened, source, tasks, {
    known: <R extends Round>(round: R, point: number) => knownFrom(read.get(`${round}-${point}`) as Told<R>),
    spikes: split.spikes,
    progress(part) {
      if (performance.now() - told < 1000) return;
      told = performance.now();
      job.updateProgress(part).catch(() => {});
    },
  });
  const seconds = (performance.now() - began) / 1000;
  const failed = failedIn(results);
  // Of a sweep, what is wrong with a point is a result; of one job it is wrong wherever it is tried.
  if (failed && !split.points) throw new UnrecoverableError(oneLine(failed.message));
  job.log(`${name} of ${digest.slice(0, 8)} on ${opened.adapterName} in ${seconds.toPrecision(3)} s`);
  return resultText(split.digest, { name, seconds, results });
}

export default async function process_(job: SandboxedJob): Promise<string> {
  try {
    if (job.name === "step") {
      const data = job.data as StepData;
      return await evaluateStep(job.id!, data, connected(), await engineOn(data.backend));
    }
    return await shard(job.data as ShardData, job);
  } catch (error) {
    if (isLasting(error)) throw new UnrecoverableError(oneLine(error.message));
    // The device may be gone: the next try opens another.
    engine?.opened.then((e) => e.dispose()).catch(() => {});
    engine = undefined;
    throw error;
  }
}
