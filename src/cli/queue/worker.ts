/** `saltation worker`: takes shards and training steps from a queue, until it is told to stop. */
import type { Worker } from "bullmq";
import { fail } from "../../checks.js";
import { wholeOption } from "../options.js";
import { oneLine, say } from "../output.js";
import { connect, prefix, type QueueOptions, shownUrl } from "./connection.js";
import { redisVariable, threadsVariable } from "./worker-environment.js";

export interface WorkerOptions extends QueueOptions {
  readonly concurrency: string;
  readonly lock: string;
  readonly threads?: string;
}

/** Seconds that the process of a shard may take to start. */
const startSeconds = 20;

export async function workerCommand(options: WorkerOptions): Promise<void> {
  const concurrency = wholeOption("--concurrency", options.concurrency, 1, 256);
  const { threads } = options;
  if (threads !== undefined) process.env[threadsVariable] = `${wholeOption("--threads", threads, 1, 256)}`;
  const lock = 1000 * Number(options.lock);
  if (!(lock >= 1000 && lock <= 3.6e6)) fail("--lock", `expected seconds from 1 to 3600, got "${options.lock}"`);
  const connected = await connect(options);
  process.env[redisVariable] = options.redis;
  const active = new Set<string>();
  const open = (): Worker => {
    const worker = new connected.Worker(options.queue, new URL("./processor.js", import.meta.url), {
      connection: connected.redis,
      prefix,
      concurrency,
      lockDuration: lock,
      stalledInterval: lock / 2,
      // A job whose worker was killed goes to another; how often does not matter, as it is no fault of the job's.
      maxStalledCount: 1000,
      useWorkerThreads: false,
    });
    worker.on("error", () => {}); // the connection tells
    worker.on("active", (job) => void active.add(job.id!));
    worker.on("completed", (job) => {
      active.delete(job.id!);
      say(`${job.id} done`);
    });
    worker.on("failed", (job, error) => {
      active.delete(job?.id ?? "");
      const again = job && job.finishedOn === undefined ? "; it is tried again" : "; it is among the dead letters";
      say(`${job?.id ?? "a job"} failed: ${oneLine(error.message)}${again}`);
    });
    return worker;
  };
  let worker = open();
  // BullMQ 6.7 waits for ever for a process that is killed while it starts, and renews the lock of its job meanwhile:
  // where jobs have no process for so long, its worker is opened anew, and they are taken up when their locks run out.
  let alone = 0;
  const watch = setInterval(() => {
    const { retained = {} } = (worker as unknown as { childPool?: { retained?: object } }).childPool ?? {};
    alone = active.size > Object.keys(retained).length ? alone + 1 : 0;
    if (alone < startSeconds) return;
    alone = 0;
    say(`the process of a shard did not start within ${startSeconds} s; another takes it`);
    active.clear();
    worker.close(true).catch(() => {});
    worker = open();
  }, 1000);
  await worker.waitUntilReady();
  say(
    `waiting for shards of queue "${options.queue}" at ${shownUrl(options.redis)}; SIGTERM ends it after those under way`,
  );
  await new Promise<void>((resolve, reject) => {
    let asked = 0;
    const stop = (signal: NodeJS.Signals): void => {
      const force = asked++ > 0;
      say(
        force
          ? "stopped; another worker takes what was under way"
          : "stopping after the shards under way; a second signal stops at once",
      );
      if (force) process.exit(signal === "SIGINT" ? 130 : 143);
      clearInterval(watch);
      worker.close().then(resolve, reject);
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
  });
  connected.close();
  process.exit(0);
}
