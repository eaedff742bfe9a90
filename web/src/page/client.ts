/** The page's end of the worker: every call of `Studio` as a promise, and events to a listener. */
import type { Call, Message, Studio, StudioEvent } from "../worker/protocol.js";

export class StudioError extends Error {
  constructor(
    /** A code of the library, or `stopped`: the worker was ended; `stale`: a part of the site could not be loaded. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What a worker is to the page. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent<Message>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: Call): void;
  terminate(): void;
}

/** Milliseconds before a worker whose program could not be loaded is started again. */
const retries = [500, 2000];

interface Pending {
  call: Call;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class StudioClient {
  private worker: WorkerLike;
  private readonly waiting = new Map<number, Pending>();
  private next = 0;
  private failures = 0;
  /** Whether the worker never came up: the next call starts another. */
  private dead = false;
  /** Grows with every worker: what an earlier one knew is gone. */
  generation = 0;

  constructor(
    private readonly spawn: () => WorkerLike,
    private readonly listen: (event: StudioEvent, load?: number) => void,
    private readonly later: (act: () => void, milliseconds: number) => void = setTimeout,
  ) {
    this.worker = this.start();
  }

  private start(): WorkerLike {
    const worker = this.spawn();
    let awake = false;
    worker.onmessage = ({ data }) => {
      awake = true;
      if (worker !== this.worker) return;
      this.failures = 0;
      if ("event" in data) {
        this.listen(data.event, data.load);
        return;
      }
      const call = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error) call?.reject(new StudioError(data.error.code, data.error.message));
      else call?.resolve(data.value);
    };
    worker.onerror = (event) => {
      if (worker !== this.worker) return;
      if (awake) this.rejectAll(new StudioError("worker", event.message || "the worker failed"));
      else this.again();
    };
    return worker;
  }

  /** The program of the worker could not be loaded: once or twice more, then those who wait are told. */
  private again(): void {
    const pause = retries[this.failures++];
    if (pause === undefined) {
      this.failures = 0;
      this.dead = true;
      this.rejectAll(new StudioError("stale", "the program of the worker could not be loaded"));
      return;
    }
    const { worker } = this;
    this.later(() => {
      if (worker !== this.worker) return;
      worker.terminate();
      this.worker = this.start();
      for (const { call } of this.waiting.values()) this.worker.postMessage(call);
    }, pause);
  }

  private rejectAll(error: StudioError): void {
    const calls = [...this.waiting.values()];
    this.waiting.clear();
    for (const call of calls) call.reject(error);
  }

  /** Ends the worker, whatever it does, and starts another: every call that waits fails with `stopped`. */
  restart(): void {
    this.worker.terminate();
    this.generation++;
    this.failures = 0;
    this.dead = false;
    this.worker = this.start();
    this.rejectAll(new StudioError("stopped", "it was stopped"));
  }

  call<K extends keyof Studio>(method: K, ...args: Parameters<Studio[K]>): Promise<ReturnType<Studio[K]>> {
    if (this.dead) this.restart();
    const id = this.next++;
    const call: Call = { id, method, args };
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { call, resolve: resolve as (value: unknown) => void, reject });
      this.worker.postMessage(call);
    });
  }
}
