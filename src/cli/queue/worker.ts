/** `saltation worker`: takes shards and training steps from a queue, until it is told to stop. */
import { fail } from "../../checks.js";
import { wholeOption } from "../options.js";
import { oneLine, say } from "../output.js";
import { connect, prefix, type QueueOptions, shownUrl } from "./connection.js";
import { redisVariable } from "./worker-environment.js";

export interface WorkerOptions extends QueueOptions {
  readonly concurrency: string;
  readonly lock: string;
}

export async function workerCommand(options: WorkerOptions): Promise<void> {
  const concurrency = wholeOption("--concurrency", options.concurrency, 1, 256);
  const lock = 1000 * Number(options.lock);
  if (!(lock >= 1000 && lock <= 3.6e6)) fail("--lock", `expected seconds from 1 to 3600, got "${options.lock}"`);
  const connected = await connect(options);
  process.env[redisVariable] = options.redis;
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
  worker.on("completed", (job) => say(`${job.id} done`));
  worker.on("failed", (job, error) => {
    const again = job && job.finishedOn === undefined ? "; it is tried again" : "; it is among the dead letters";
    say(`${job?.id ?? "a job"} failed: ${oneLine(error.message)}${again}`);
  });
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
      worker.close().then(resolve, reject);
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
  });
  connected.close();
  process.exit(0);
}
