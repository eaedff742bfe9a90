/** The browser's storage as pages use it: within a time, by one tab at once, and written no more often than it can. */
import { clear, createStore, del, get, set } from "idb-keyval";
import type { Store } from "../model/keep.js";

/** Milliseconds that a browser may take for storage; one that waits for a permission is not waited for. */
const longest = 3000;

function inTime<T>(act: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the browser's storage does not answer")), longest);
  });
  return Promise.race([act, late]).finally(() => clearTimeout(timer));
}

/** IndexedDB: every access may throw where a browser forbids it. @param name of the page that it is for. */
export function storageOf(name: string): Store {
  let opened: ReturnType<typeof createStore> | undefined;
  const database = (): ReturnType<typeof createStore> => (opened ??= createStore(name, "work"));
  return {
    get: async (key) => inTime(get(key, database())),
    set: async (key, value) => inTime(set(key, value, database())),
    del: async (key) => inTime(del(key, database())),
    clear: async () => inTime(clear(database())),
  };
}

/** Why nothing is kept where storage does not work. */
export const noStorage = (why: string): string =>
  `This browser gives the page no storage (${why}): private windows do that, and full disks.`;

/** Whether this tab keeps the work of a page: two would overwrite each other's. */
export async function isAlone(name: string): Promise<boolean> {
  if (!navigator.locks) return true;
  const held = new Promise<boolean>((resolve) => {
    // A page that is being reloaded may hold it for another moment.
    navigator.locks
      .request(name, { signal: AbortSignal.timeout(1500) }, () => {
        resolve(true);
        return new Promise<never>(() => {});
      })
      .catch(() => resolve(false));
  });
  return held;
}

/** Milliseconds between a change and its being kept; storage that is slow is asked less often. */
const keepEvery = 300;
const keepAtLeastEvery = 5000;

/** What writes now and then, as long as there is something to be written. */
export class Paced {
  private last = { at: 0, cost: 0 };
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly write: () => Promise<void>) {}

  async now(): Promise<void> {
    this.cancel();
    const began = performance.now();
    await this.write();
    this.last = { at: performance.now(), cost: performance.now() - began };
  }

  soon(): void {
    if (this.timer !== undefined) return;
    const { at, cost } = this.last;
    const pause = Math.max(keepEvery, Math.min(at + 5 * cost - performance.now(), keepAtLeastEvery));
    this.timer = setTimeout(() => void this.now(), pause);
  }

  cancel(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
