/** The bench off the page's thread. It is stopped by ending the worker: the page has every result so far. */

import { SaltationError } from "../../../src/errors.js";
import { type BenchOptions, type Host, runBench } from "../../../src/suites/run.js";
import type { FromWorker, ToWorker } from "./protocol.js";

const scope = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
};

const starts: { resolve(seconds: number): void; reject(error: Error): void }[] = [];

const host: Host = {
  clock: () => performance.now() / 1000,
  fresh: (task, { backend, software, threads }) =>
    new Promise((resolve, reject) => {
      const fresh = starts.push({ resolve, reject }) - 1;
      scope.postMessage({ fresh, task, options: { backend, software: software ?? false, threads } });
    }),
  progress: (progress) => scope.postMessage({ progress }),
  update: (result) => scope.postMessage({ result, done: false }),
};

async function run(options: BenchOptions): Promise<void> {
  try {
    scope.postMessage({ result: await runBench(host, options), done: true });
  } catch (error) {
    const code = error instanceof SaltationError ? error.code : "error";
    scope.postMessage({ error: (error as Error).message, code });
  }
}

scope.onmessage = ({ data }) => {
  if ("run" in data) void run(data.run);
  else if ("seconds" in data) starts[data.fresh]!.resolve(data.seconds);
  else starts[data.fresh]!.reject(new Error(data.error));
};
