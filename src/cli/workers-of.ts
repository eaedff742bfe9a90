/** The workers of a queue as `saltation train` asks for them: loaded where it does. */
import { fail } from "../checks.js";
import { defaultQueue, wholeOption } from "./options.js";
import type { TrainWorkers } from "./queue/train-workers.js";

export interface WorkersOptions {
  backend: string;
  /** The Redis whose workers evaluate the steps, the queue there, and into how many pieces a step is cut. */
  workers?: string;
  queue?: string;
  pieces?: string;
}

/** The workers that evaluate steps, where some are asked for. @throws SaltationError `invalid-input`. */
export async function workersOf({
  workers,
  queue = defaultQueue,
  pieces,
  backend,
}: WorkersOptions): Promise<TrainWorkers | undefined> {
  if (pieces !== undefined && !workers) fail("--pieces", "is for --workers; leave it out");
  if (!workers) return undefined;
  const { TrainWorkers } = await import("./queue/train-workers.js");
  return TrainWorkers.open({
    redis: workers,
    queue,
    backend,
    pieces: pieces === undefined ? undefined : wholeOption("--pieces", pieces, 1, 4096),
  });
}
