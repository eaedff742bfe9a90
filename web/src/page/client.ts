/** The page's end of the worker: every call of `Studio` as a promise, and events to a listener. */
import type { Call, Message, Studio, StudioEvent } from "../worker/protocol.js";

export class StudioError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export class StudioClient {
  private readonly worker = new Worker(new URL("../worker/worker.ts", import.meta.url), {
    type: "module",
    name: "saltation",
  });
  private readonly waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private next = 0;

  constructor(listen: (event: StudioEvent, load?: number) => void) {
    this.worker.onmessage = ({ data }: MessageEvent<Message>) => {
      if ("event" in data) {
        listen(data.event, data.load);
        return;
      }
      const call = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error) call?.reject(new StudioError(data.error.code, data.error.message));
      else call?.resolve(data.value);
    };
    this.worker.onerror = (event) => {
      const error = new StudioError("worker", event.message || "the worker could not be started");
      for (const call of this.waiting.values()) call.reject(error);
      this.waiting.clear();
    };
  }

  call<K extends keyof Studio>(method: K, ...args: Parameters<Studio[K]>): Promise<ReturnType<Studio[K]>> {
    const id = this.next++;
    const message: Call = { id, method, args };
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.worker.postMessage(message);
    });
  }
}
