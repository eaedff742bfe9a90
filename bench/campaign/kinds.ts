/** What the campaign tries, in how many items, and what runs an item. */
import type { Verdict } from "./faults.js";

export interface Runner {
  run(seed: number, item: number): Promise<Verdict>;
  /** What it ran on, once it knows. */
  readonly adapterName?: string | undefined;
  close?(): Promise<void> | void;
}

export type Size = "full" | "ci" | "tiny";

export interface Kind {
  /** One line for the table. */
  readonly what: string;
  readonly items: Readonly<Record<Size, number>>;
  /** Processes at once. */
  readonly workers: number;
  /** Seconds without an answer after which an item hangs: hundreds of times what one takes. */
  readonly watchdog: number;
  /** @param folder an empty one of the runner's own. */
  open(folder: string): Promise<Runner>;
}

export const kinds = {
  jobs: {
    what: "mutated jobs, on both backends",
    items: { full: 10_000, ci: 1200, tiny: 40 },
    workers: 2,
    watchdog: 120,
    open: async (folder) => new (await import("./jobs.js")).JobFuzzer(folder),
  },
  files: {
    what: "malformed files",
    items: { full: 240, ci: 120, tiny: 12 },
    workers: 2,
    watchdog: 60,
    open: async (folder) => (await import("./files.js")).openFiles(folder),
  },
  kills: {
    what: "training runs that are killed and gone on with",
    items: { full: 25, ci: 3, tiny: 1 },
    workers: 2,
    watchdog: 300,
    open: async (folder) => (await import("./kills.js")).openKills(folder),
  },
  disk: {
    what: "outputs on a full disk",
    items: { full: 40, ci: 12, tiny: 4 },
    workers: 1,
    watchdog: 120,
    open: async (folder) => (await import("./disk.js")).openDisk(folder),
  },
  devices: {
    what: "devices lost under a command",
    items: { full: 40, ci: 12, tiny: 4 },
    workers: 2,
    watchdog: 120,
    open: async (folder) => (await import("./devices.js")).openDevices(folder),
  },
  leaks: {
    what: "work repeated on one engine",
    items: { full: 12, ci: 6, tiny: 1 },
    workers: 2,
    watchdog: 300,
    open: async () => (await import("./leaks.js")).openLeaks(),
  },
  links: {
    what: "hostile links and files in the studio",
    items: { full: 40, ci: 10, tiny: 1 },
    workers: 1,
    watchdog: 240,
    open: async (folder) => (await import("./links.js")).openLinks(folder),
  },
} satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as KindName[];
