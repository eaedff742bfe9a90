/** Starts within a page: each in a frame of its own, timed from when the frame began to load. */
import type { Host } from "./run.js";
import { type StartOptions, type StartTask, startTask } from "./start.js";

/** What a frame reports to its page. */
type FrameReport = { seconds: number } | { error: string };

/** Opens a page in a frame, where `isStartFrame` does the task; the frame goes when it is done or the signal aborts. */
export const freshFrame =
  (page: string, signal?: AbortSignal): Host["fresh"] =>
  (task, options) =>
    new Promise((resolve, reject) => {
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.src = `${page}?${new URLSearchParams({ start: task, options: JSON.stringify(options) })}`;
      const end = (): void => {
        removeEventListener("message", onMessage);
        frame.remove();
      };
      const onMessage = (event: MessageEvent<FrameReport>): void => {
        if (event.source !== frame.contentWindow) return;
        end();
        if ("seconds" in event.data) resolve(event.data.seconds);
        else reject(new Error(event.data.error));
      };
      addEventListener("message", onMessage);
      signal?.addEventListener("abort", end, { once: true });
      document.body.append(frame);
    });

/** Where this page is such a frame, does its task. @returns whether it is. */
export function isStartFrame(): boolean {
  const given = new URLSearchParams(location.search);
  const task = given.get("start") as StartTask | null;
  if (!task) return false;
  const report = (message: FrameReport): void => parent.postMessage(message, location.origin);
  startTask(task, JSON.parse(given.get("options")!) as StartOptions).then(
    () => report({ seconds: performance.now() / 1000 }),
    (error: unknown) => report({ error: String(error) }),
  );
  return true;
}
