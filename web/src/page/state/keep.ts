/** The work of the page in the browser's storage, and back from there. */
import { effect, signal } from "@preact/signals";
import { type ExperimentName, experiments } from "../../model/document.js";
import { cards } from "../../model/experiments.js";
import { Keep } from "../../model/keep.js";
import type { OpenWork } from "../../model/work.js";
import { isAlone, noStorage, Paced, storageOf } from "../storage.js";
import { notify } from "./notices.js";
import { edited, link, recording, recordingFile, standing, step, studioDocument } from "./signals.js";
import { kept, putBy, show, workNow } from "./work.js";
import { client } from "./worker.js";

/** What waits to be kept, by experiment. */
const pending = new Map<ExperimentName, OpenWork>();

/** Why the work is not kept, if it is not. */
export const notKept = signal<string | undefined>(undefined);

function unkept(why: string): void {
  notKept.value = why;
  notify(
    "warning",
    "Your work is not kept",
    `${why} What you do here is gone when the page is closed: save it before, by “Parameters (JSON)” or a link.`,
  );
}

const studio = "saltation-studio";
const keep = new Keep(
  storageOf(studio),
  {
    read: () => localStorage.getItem(studio),
    write: (text) => (text === null ? localStorage.removeItem(studio) : localStorage.setItem(studio, text)),
  },
  (why) => unkept(noStorage(why)),
);

/** Work that was kept, read as what a stranger may have written. */
async function read(name: ExperimentName, hasty: unknown): Promise<OpenWork | undefined> {
  const raw = hasty ?? (await keep.raw(name));
  if (raw === undefined) return undefined;
  try {
    const work = await client.call("readKept", raw);
    if (work.document.experiment !== name) throw new Error(`it belongs to ${work.document.experiment}`);
    return work;
  } catch (error) {
    await keep.setAside(name, raw);
    const { title } = cards.find((c) => c.name === name)!;
    notify(
      "warning",
      "Kept work could not be read",
      `What this browser kept of “${title}” is damaged, or another version's (${(error as Error).message}). It was put ` +
        "aside, and the experiment starts as it comes.",
    );
    return undefined;
  }
}

/** Takes what was kept: the experiment that was last at hand is shown, with its recording. */
export async function comeBack(): Promise<void> {
  const hasty = keep.takeHasty();
  const shown = experiments.find((name) => name === hasty.shown) ?? (await keep.last(experiments));
  if (!shown) return;
  const file = await keep.recording();
  if (file) {
    try {
      recording.value = (await client.call("read", file.name, file.bytes)).recording;
      recordingFile.value = file;
    } catch {
      // The page then asks for the file.
    }
  }
  const of = (raw: unknown): unknown => (raw as { document?: { experiment?: unknown } } | null)?.document?.experiment;
  for (const name of experiments) {
    const last = hasty.works.find((raw) => of(raw) === name);
    const work = await read(name, last);
    if (!work) continue;
    (name === shown ? show : putBy)(work);
    if (last !== undefined) pending.set(name, work);
  }
}

/** Whether this tab keeps its work; undefined until that is known. */
let keeping: boolean | undefined;
const paced = new Paced(async () => {
  for (const [name, work] of pending) {
    await keep.write(name, work);
    if (pending.get(name) === work) pending.delete(name);
  }
});

/** Keeps what is shown from now on. */
export function keepFromNowOn(): void {
  void isAlone(studio).then((mine) => {
    keeping = mine;
    if (mine) {
      schedule();
      return;
    }
    unkept("Another tab of this browser has the studio open, and keeps its own work.");
  });
  effect(() => {
    // What is kept, and what it is kept for.
    void [studioDocument.value, standing.value, edited.value, link.value];
    pending.set(studioDocument.value.experiment, workNow());
    schedule();
  });
  effect(() => {
    const file = recordingFile.value;
    if (file && keeping) void keep.writeRecording(file);
  });
  kept.again = (work) => {
    pending.set(work.document.experiment, work);
    schedule();
  };
  addEventListener("visibilitychange", () => document.visibilityState === "hidden" && keeping && void paced.now());
  addEventListener(
    "pagehide",
    () => keeping !== false && keep.writeInHaste(studioDocument.value.experiment, pending.values()),
  );
  addEventListener("beforeunload", (event) => {
    // Where nothing is kept, leaving would throw a run away.
    if ((!keeping || !keep.works) && step.value > 0) event.preventDefault();
  });
}

function schedule(): void {
  if (keeping) paced.soon();
}

/** Forgets all that is kept. */
export async function forget(): Promise<void> {
  paced.cancel();
  pending.clear();
  if (await keep.forget())
    notify("info", "Nothing is kept any more", "What is on the page is kept again from its next change or step on.");
}
