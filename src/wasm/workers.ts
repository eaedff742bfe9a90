/** Workers in Node and in browsers, each with a machine. */
import { inNode, loadModule } from "../gpu/runtime.js";
import { type Answer, type Message, machine } from "./machine.js";

export interface Worker {
  post(message: Message): void;
  /** Whether a process stays for it. */
  hold(on: boolean): void;
  end(): void;
}

/** Text of a worker; `machine` uses nothing that is outside of it. */
const forBrowsers = `const take = (${machine})({ send: (answer, transfer) => postMessage(answer, transfer) });
onmessage = ({ data }) => take(data);`;
const forNode = `const { parentPort } = require("worker_threads");
const take = (${machine})({ send: (answer, transfer) => parentPort.postMessage(answer, transfer) });
parentPort.on("message", take);`;

interface NodeWorker {
  postMessage(message: unknown): void;
  on(event: string, take: (value: never) => void): void;
  terminate(): Promise<number>;
  ref(): void;
  unref(): void;
}

/** Whether threads can have memory in common here. */
export const canShare = (): boolean =>
  typeof SharedArrayBuffer !== "undefined" &&
  (inNode() || (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true);

/** Threads that run at the same time here. */
export async function processors(): Promise<number> {
  if (typeof navigator !== "undefined" && navigator.hardwareConcurrency > 0) return navigator.hardwareConcurrency;
  return (await loadModule<typeof import("node:os")>("node:os")).availableParallelism();
}

/**
 * @param told with what a worker answers, or what went wrong with it.
 * @throws where workers are not allowed.
 */
export async function startWorker(told: (answer: Answer | Error) => void): Promise<Worker> {
  if (inNode()) {
    const threads = await loadModule<typeof import("node:worker_threads")>("node:worker_threads");
    // Without the process's own options: of --input-type=module the text would be a module, and of --require load more.
    const options = { eval: true, stdout: false, stderr: false, execArgv: [] };
    const worker = new threads.Worker(forNode, options) as unknown as NodeWorker;
    worker.on("message", told as (value: never) => void);
    worker.on("error", told as (value: never) => void);
    // A process ends although its engine is open, unless something is waited for.
    worker.unref();
    return {
      post: (message) => worker.postMessage(message),
      hold: (on) => (on ? worker.ref() : worker.unref()),
      end: () => void worker.terminate(),
    };
  }
  const url = URL.createObjectURL(new Blob([forBrowsers], { type: "text/javascript" }));
  const worker = new globalThis.Worker(url);
  URL.revokeObjectURL(url);
  worker.onmessage = ({ data }) => told(data as Answer);
  worker.onerror = (event) => told(new Error(event.message || "a worker could not be started"));
  return { post: (message) => worker.postMessage(message), hold: () => {}, end: () => worker.terminate() };
}
