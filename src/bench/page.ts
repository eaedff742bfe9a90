/** The bench within a page: a global for the program that drives it, and start tasks in frames of their own. */
import { type BenchOptions, type BenchResult, type Host, runBench } from "./run.js";
import { type StartOptions, type StartTask, startTask } from "./start.js";

/** What a frame reports to its page. */
type FrameReport = { seconds: number } | { error: string };

const query = (task: StartTask, options: StartOptions): string =>
  `?${new URLSearchParams({ start: task, backend: options.backend, software: options.software ? "yes" : "" })}`;

/** Opens the page again in a frame that does one task; its time counts from when the frame began to load. */
function fresh(task: StartTask, options: StartOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.src = query(task, options);
    const onMessage = (event: MessageEvent<FrameReport>): void => {
      if (event.source !== frame.contentWindow) return;
      removeEventListener("message", onMessage);
      frame.remove();
      if ("seconds" in event.data) resolve(event.data.seconds);
      else reject(new Error(event.data.error));
    };
    addEventListener("message", onMessage);
    document.body.append(frame);
  });
}

export function pageHost(progress: Host["progress"]): Host {
  return { clock: () => performance.now() / 1000, fresh, ...(progress ? { progress } : {}) };
}

/** Where this page is such a frame, does its task. @returns whether it is. */
export function isStartFrame(): boolean {
  const given = new URLSearchParams(location.search);
  const task = given.get("start") as StartTask | null;
  if (!task) return false;
  const report = (message: FrameReport): void => parent.postMessage(message, location.origin);
  startTask(task, { backend: given.get("backend") as "webgpu", software: given.get("software") === "yes" }).then(
    () => report({ seconds: performance.now() / 1000 }),
    (error: unknown) => report({ error: String(error) }),
  );
  return true;
}

declare global {
  /** Runs a bench in the page. */
  var saltationBench: ((options: BenchOptions) => Promise<BenchResult>) | undefined;
  /** Put there by the program that drives the page. */
  var saltationProgress: Host["progress"] | undefined;
}

export function serveDriver(): void {
  globalThis.saltationBench = (options) => runBench(pageHost(globalThis.saltationProgress), options);
}
