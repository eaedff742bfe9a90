/** Work in the browser's storage: one experiment an entry, written now and then, never in the way of the page. */

import type { ExperimentName } from "./document.js";
import { asKept, type OpenWork, worthKeeping } from "./work.js";

/** What storage can do; all of it may fail, in private windows from the start. */
export interface Store {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  del(key: string): Promise<void>;
  clear(): Promise<void>;
}

/** Storage of one text that is written before the page is gone: small, and at once. Both may throw. */
export interface LastMoment {
  read(): string | null;
  write(text: string | null): void;
}

/** Characters that are written in the last moment. */
const mostInHaste = 2_000_000;

/** A file of more bytes is not kept. */
export const largestFile = 32_000_000;

export interface RecordingFile {
  name: string;
  bytes: Uint8Array;
}

/** What a page tries with its storage, whose failures are told once. */
export class Tries {
  private told = false;
  private well = true;

  constructor(
    protected readonly store: Store,
    /** Called once, with why nothing is kept. */
    private readonly trouble: (why: string) => void,
  ) {}

  /** Whether what was last to be kept was. */
  get works(): boolean {
    return this.well;
  }

  protected async attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      const value = await act();
      this.well = true;
      return value;
    } catch (error) {
      this.well = false;
      if (!this.told) {
        this.told = true;
        this.trouble((error as Error | undefined)?.message ?? String(error));
      }
      return undefined;
    }
  }

  async forget(): Promise<boolean> {
    await this.attempt(() => this.store.clear());
    return this.well;
  }
}

export class Keep extends Tries {
  constructor(
    store: Store,
    private readonly haste: LastMoment,
    trouble: (why: string) => void,
  ) {
    super(store, trouble);
  }

  /** What was kept of an experiment, unread: it may hold anything. */
  raw(name: ExperimentName): Promise<unknown> {
    return this.attempt(() => this.store.get(`work-${name}`));
  }

  /** Keeps work; of work in which there is nothing, nothing. */
  async write(name: ExperimentName, work: OpenWork): Promise<void> {
    await this.attempt(async () => {
      const key = `work-${name}`;
      if (!worthKeeping(work)) await this.store.del(key);
      else
        await this.store.set(key, asKept(work)).catch(async (error: unknown) => {
          // The curves are most of it, and can be done without.
          if (work.curves === null) throw error;
          await this.store.set(key, asKept({ ...work, curves: null }));
        });
      await this.store.set("last", name);
    });
  }

  /** Writes at once what is not kept yet, and which experiment is shown: the page is going. */
  writeInHaste(shown: ExperimentName, works: Iterable<OpenWork>): void {
    try {
      const kept = [...works].filter(worthKeeping).map(asKept);
      const texts = [kept, kept.map((w) => ({ ...w, curves: null })), []].map((w) =>
        JSON.stringify({ shown, works: w }),
      );
      this.haste.write(texts.find((text) => text.length <= mostInHaste)!);
    } catch {
      // What was kept before stands.
    }
  }

  /** What was written at once when the page last went, unread; it is then no longer there. */
  takeHasty(): { shown: unknown; works: unknown[] } {
    try {
      const text = this.haste.read();
      this.haste.write(null);
      const { shown, works } = (JSON.parse(text ?? "null") ?? {}) as { shown?: unknown; works?: unknown };
      return { shown, works: Array.isArray(works) ? works : [] };
    } catch {
      return { shown: undefined, works: [] };
    }
  }

  /** Puts aside what could not be read, where it is in nobody's way. */
  async setAside(name: ExperimentName, value: unknown): Promise<void> {
    await this.attempt(async () => {
      await this.store.set(`aside-${name}`, value);
      await this.store.del(`work-${name}`);
    });
  }

  /** The experiment that was last at hand. */
  async last(known: readonly ExperimentName[]): Promise<ExperimentName | undefined> {
    const name = await this.attempt(() => this.store.get("last"));
    return known.find((n) => n === name);
  }

  async recording(): Promise<RecordingFile | undefined> {
    const kept = await this.attempt(() => this.store.get("recording"));
    if (typeof kept !== "object" || kept === null) return undefined;
    const { name, bytes } = kept as Partial<RecordingFile>;
    return typeof name === "string" && bytes instanceof Uint8Array ? { name, bytes } : undefined;
  }

  async writeRecording(file: RecordingFile): Promise<void> {
    await this.attempt(() =>
      file.bytes.length > largestFile ? this.store.del("recording") : this.store.set("recording", file),
    );
  }
}
