/** `saltation queue`: what waits, what runs, and the dead letters. */
import { oneLine, print, printJson } from "../output.js";
import { connect, prefix, type QueueOptions } from "./connection.js";

export interface QueueCommandOptions extends QueueOptions {
  readonly json?: boolean;
  readonly retry?: boolean;
  readonly clear?: boolean;
}

/** Dead letters that are shown at most. */
const mostShown = 1000;

export async function queueCommand(options: QueueCommandOptions): Promise<void> {
  const connected = await connect(options);
  const queue = new connected.Queue(options.queue, { connection: connected.redis, prefix });
  queue.on("error", () => {});
  try {
    const failed = await queue.getFailed(0, mostShown - 1);
    const active = await queue.getActive();
    const { waiting = 0, delayed = 0, completed = 0, failed: dead = 0 } = await queue.getJobCounts();
    const letters = failed.map((job) => ({
      id: job.id,
      tries: job.attemptsMade,
      reason: oneLine(job.failedReason ?? ""),
    }));
    if (options.retry) for (const job of failed) await job.retry();
    if (options.clear) for (const job of failed) await job.remove();
    if (options.json) {
      printJson({
        waiting,
        delayed,
        active: active.map((j) => ({ id: j.id, progress: j.progress })),
        completed,
        deadLetters: letters,
      });
      return;
    }
    print(
      `${waiting} waiting, ${delayed} to be tried again, ${active.length} under way, ${completed} done, ${dead} dead letters`,
    );
    for (const job of active) {
      const part = typeof job.progress === "number" ? ` ${Math.round(100 * job.progress)} %` : "";
      print(`under way: ${job.id}${part}`);
    }
    for (const { id, tries, reason } of letters) print(`dead letter: ${id} after ${tries} tries: ${reason}`);
    if (options.retry && letters.length > 0) print(`${letters.length} are tried again`);
    if (options.clear && letters.length > 0) print(`${letters.length} are taken away`);
  } finally {
    await queue.close();
    connected.close();
  }
}
