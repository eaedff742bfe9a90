/** What the page of data keeps in the browser: settings, where the run stands, and the file of digits. */
import { effect } from "@preact/signals";
import { largestFile, Tries } from "../model/keep.js";
import { notify } from "../page/state/notices.js";
import { isAlone, noStorage, Paced, storageOf } from "../page/storage.js";
import type { EpochShown } from "./protocol.js";
import { defaults, sizes } from "./settings.js";
import { begin, type DigitsFile, digitsFile, notKept, restore, step, type Work, workNow } from "./store.js";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Whether it is an epoch of so many classes, as the figures draw it. */
function isEpoch(value: unknown, classes: number): value is EpochShown {
  const { epoch, test, best } = isObject(value) ? (value as Partial<EpochShown>) : {};
  const numbers = [
    epoch,
    test?.loss,
    test?.accuracy,
    best?.epoch,
    best?.accuracy,
    ...(test?.confusion?.flat?.() ?? []),
  ];
  return numbers.every((n) => typeof n === "number") && test?.confusion?.length === classes;
}

/** Work of this or an earlier version of the page. Where the run stands is read by who goes on with it. */
function isWork(value: unknown): value is Work {
  const { version, settings, device, epochs } = isObject(value) ? (value as Partial<Work>) : {};
  const usual = settings && Object.hasOwn(defaults, settings.set) ? defaults[settings.set] : undefined;
  if (version !== 1 || !usual || !["auto", "webgpu", "simd"].includes(device as string)) return false;
  const whole = Object.entries(usual).every(([name, n]) => typeof settings![name as "seed"] === typeof n);
  const { length } = sizes[settings!.set].classes;
  return whole && Array.isArray(epochs) && epochs.every((e) => isEpoch(e, length));
}

class DataKeep extends Tries {
  async read(): Promise<Work | undefined> {
    const work = await this.attempt(() => this.store.get("run"));
    if (work === undefined) return undefined;
    if (isWork(work)) {
      const file = await this.attempt(() => this.store.get("digits"));
      const { name, bytes } = isObject(file) ? (file as Partial<DigitsFile>) : {};
      return { ...work, digits: typeof name === "string" && bytes instanceof Uint8Array ? { name, bytes } : undefined };
    }
    await this.attempt(() => this.store.set("aside", work));
    notify(
      "warning",
      "Kept work could not be read",
      "What this browser kept of the page is damaged, or another version's. It was put aside, and the page starts as it comes.",
    );
    return undefined;
  }

  /** The file is kept by itself: it is large, and the same for long. */
  async write({ digits: _, ...work }: Work): Promise<void> {
    await this.attempt(() => this.store.set("run", work));
  }

  async writeDigits(file: DigitsFile): Promise<void> {
    await this.attempt(() =>
      file.bytes.length > largestFile ? this.store.del("digits") : this.store.set("digits", file),
    );
  }
}

const page = "saltation-data";

function unkept(why: string): void {
  notKept.value = why;
  const mend = "What you do here is gone when the page is closed: save it before, by “Trained job (JSON)”.";
  notify("warning", "Your work is not kept", `${why} ${mend}`);
}

const keep = new DataKeep(storageOf(page), (why) => unkept(noStorage(why)));
const paced = new Paced(() => keep.write(workNow()));
let keeping = false;

/** Shows what was kept, or begins; and keeps what is shown from then on. */
export async function comeBack(): Promise<void> {
  const work = await keep.read();
  if (work) restore(work);
  else begin();
  keeping = await isAlone(page);
  if (!keeping) unkept("Another tab of this browser has the page open, and keeps its own work.");
  effect(() => {
    workNow();
    if (keeping) paced.soon();
  });
  effect(() => {
    if (digitsFile.value && keeping) void keep.writeDigits(digitsFile.value);
  });
  addEventListener("visibilitychange", () => document.visibilityState === "hidden" && keeping && void paced.now());
  addEventListener("beforeunload", (event) => {
    // Where nothing is kept, leaving would throw a run away.
    if ((!keeping || !keep.works) && step.value > 0) event.preventDefault();
  });
}

/** Forgets all that is kept. */
export async function forget(): Promise<void> {
  paced.cancel();
  if (await keep.forget())
    notify("info", "Nothing is kept any more", "What is on the page is kept again from its next change or epoch on.");
}
