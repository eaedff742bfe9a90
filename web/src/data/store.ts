/** What the page of data knows, as signals, and what it can do. */
import { batch, computed, signal } from "@preact/signals";
import { counted } from "../../../src/checks.js";
import { yinYangPoints } from "../../../src/data/yin-yang.js";
import { download } from "../page/download.js";
import type { Problem } from "../page/frame.js";
import { begunAnew, notify } from "../page/state/notices.js";
import type {
  Device,
  DigitsRead,
  EpochShown,
  FromWorker,
  RunState,
  Seen,
  Shown,
  Standing,
  ToWorker,
} from "./protocol.js";
import { defaults, type NumberName, type SetName, type Settings, sizes } from "./settings.js";

export const settings = signal<Settings>(defaults["yin-yang"]);
export const device = signal<Device>("auto");
export const digits = signal<DigitsRead | undefined>(undefined);
export interface DigitsFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}
/** The file that the digits are of. */
export const digitsFile = signal<DigitsFile | undefined>(undefined);
/** Why the work is not kept, if it is not. */
export const notKept = signal<string | undefined>(undefined);

/** `preparing`: the untrained network is not there yet; `none`: nothing can be trained as it stands. */
export const state = signal<RunState | "preparing" | "none">("preparing");
export const ready = signal<Extract<FromWorker, { kind: "ready" }> | undefined>(undefined);
export const step = signal(0);
export const stepLoss = signal<number | undefined>(undefined);
/** Where the run could be gone on from: after its last epoch, or where it rests. */
export const standing = signal<Standing | undefined>(undefined);
export const epochs = signal<readonly EpochShown[]>([]);
export const map = signal<{ readonly probabilities: Float32Array; readonly epoch: number } | undefined>(undefined);
export const seen = signal<Seen | undefined>(undefined);
/** What is wrong with the settings, by their names; "" of what is no setting. */
export const refusal = signal<{ readonly field: string; readonly message: string } | undefined>(undefined);
export const problem = signal<Problem | undefined>(undefined);
export const warnings = signal<readonly string[]>([]);
/** For screen readers, spoken now and then. */
export const spoken = signal("");

export const classes = computed(() => sizes[settings.value.set].classes);
export const totalSteps = computed(() => (ready.value ? ready.value.perEpoch * ready.value.epochs : 0));
/** The setup rests while there is a run that a change would throw away. */
export const locked = computed(() => state.value === "running" || (step.value > 0 && state.value !== "finished"));

const first: Record<SetName, Shown | undefined> = { "yin-yang": { x: 0.3, y: 0.75 }, digits: undefined };
/** The sample that is looked at, and its class where it is known. */
export const shown = signal<Shown | undefined>(first["yin-yang"]);
export const label = signal<number | undefined>(undefined);

/** Points that no step sees, as many as can be told apart. */
export const heldOutPoints = computed(() => {
  const { set, heldOut, seed } = settings.value;
  if (set !== "yin-yang") return undefined;
  const whole = (n: number, least: number, most: number): boolean => Number.isInteger(n) && n >= least && n <= most;
  if (!whole(heldOut, 1, 20_000) || !whole(seed, 0, 2 ** 31 - 2)) return undefined;
  return yinYangPoints({ samples: Math.min(heldOut, 400), seed: 2 * seed + 2 });
});

/** All that makes a run, to be gone on with later. */
export interface Work {
  readonly version: 1;
  readonly settings: Settings;
  readonly device: Device;
  readonly standing: Standing | undefined;
  readonly epochs: readonly EpochShown[];
  readonly digits: DigitsFile | undefined;
}

export const workNow = (): Work => ({
  version: 1,
  settings: settings.value,
  device: device.value,
  standing: standing.value,
  epochs: epochs.value,
  digits: digitsFile.value,
});

/** Before something takes the place of a run: Undo brings it back to its last epoch, or to where it rests. */
function leave(): void {
  const from = standing.value;
  if (!from) return;
  const work = workNow();
  standing.value = undefined;
  const { step: at } = from.checkpoint;
  const epoch = ready.value ? ` (${counted(Math.floor(at / ready.value.perEpoch), "epoch")})` : "";
  notify("info", begunAnew, `${counted(at, "step")}${epoch} were done.`, { label: "Undo", run: () => restore(work) });
}

/** Work whose digits are being read. */
let coming: Work | undefined;

/** Goes on with work that was left or kept. */
export function restore(work: Work): void {
  leave();
  const { set } = work.settings;
  batch(() => {
    settings.value = work.settings;
    device.value = work.device;
    shown.value = first[set];
    label.value = undefined;
  });
  if (set === "digits" && work.digits && work.digits !== digitsFile.value) {
    coming = work;
    readDigits(work.digits);
  } else if (set === "digits" && !digits.value) begin();
  else {
    nextDigit();
    begin(work);
  }
}

let worker: Worker | undefined;
let run = 0;
/** Until what was typed is taken. */
let timer: ReturnType<typeof setTimeout> | undefined;

function post(message: ToWorker): void {
  worker ??= started();
  worker.postMessage(message);
}

function started(): Worker {
  const made = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "saltation data" });
  made.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (made === worker && (data.run === undefined || data.run === run)) batch(() => take(data));
  };
  made.onerror = (event) => {
    problem.value = {
      title: "The training ended",
      text: event.message || "Its program could not be loaded: the connection is down, or the site was published anew.",
    };
    worker = undefined;
    state.value = "none";
  };
  return made;
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
export const percentText = (part: number | undefined): string => (part === undefined ? "–" : percent(part));

function take(message: FromWorker): void {
  switch (message.kind) {
    case "digits": {
      const work = coming;
      coming = undefined;
      digits.value = message.digits;
      digitsFile.value = opening;
      if (!work) settings.value = fitted(settings.value, message.digits.count);
      nextDigit();
      begin(work);
      return;
    }
    case "problem":
      if (coming) begin();
      coming = undefined;
      problem.value = { title: "That did not work", text: message.message };
      return;
    case "refused":
      refusal.value = { field: message.field, message: message.message };
      state.value = "none";
      return;
    case "ready":
      ready.value = message;
      refusal.value = undefined;
      if (shown.value) post({ kind: "look", run, shown: shown.value });
      return;
    case "state":
      state.value = message.state;
      step.value = message.step;
      if (message.state === "failed") problem.value = { title: "The training stopped", text: message.message ?? "" };
      spoken.value = spokenOf(message.state);
      return;
    case "step":
      step.value = message.step;
      stepLoss.value = message.loss;
      return;
    case "standing":
      standing.value = message.standing;
      return;
    case "unread":
      step.value = 0;
      epochs.value = [];
      standing.value = undefined;
      notify("warning", "The run could not be gone on with", `${message.message}. It starts afresh.`);
      return;
    case "warnings":
      warnings.value = message.lines;
      return;
    case "epoch":
      epochs.value = [...epochs.value.filter((e) => e.epoch < message.epoch.epoch), message.epoch];
      return;
    case "map":
      map.value = message;
      return;
    case "seen":
      seen.value = message.seen;
      return;
    case "file":
      for (const { name, type, contents } of message.files) download(name, type, contents as BlobPart);
  }
}

function spokenOf(now: RunState): string {
  const last = epochs.value.at(-1);
  const how = last && last.epoch > 0 ? `, ${percent(last.test.accuracy)} of the held-out samples right` : "";
  if (now === "running") return "The training goes on";
  if (now === "finished") return `The training is finished${how}`;
  if (now === "paused") return `The training is paused after step ${step.value}${how}`;
  return now === "failed" ? "The training stopped" : "";
}

/** Settings of as many digits as a file has. */
function fitted(given: Settings, count: number): Settings {
  const heldOut = Math.max(1, Math.min(given.heldOut, Math.floor(count / 4)));
  const samples = Math.max(1, Math.min(given.samples, count - heldOut));
  return { ...given, samples, heldOut, batch: Math.min(given.batch, samples) };
}

function forget(): void {
  clearTimeout(timer);
  timer = undefined;
}

/** Takes at once what was typed, before something is done with it. */
function settle(): void {
  if (timer !== undefined) begin();
}

/** Begins a run of the settings as they stand, or goes on from where one stood; one that there is ends. */
export function begin(work?: Work): void {
  leave();
  forget();
  run++;
  batch(() => {
    state.value = settings.value.set === "digits" && !digits.value ? "none" : "preparing";
    ready.value = undefined;
    standing.value = work?.standing;
    step.value = work?.standing?.checkpoint?.step ?? 0;
    stepLoss.value = undefined;
    epochs.value = work?.standing ? work.epochs : [];
    map.value = undefined;
    seen.value = undefined;
    refusal.value = undefined;
    problem.value = undefined;
    warnings.value = [];
  });
  const from = work?.standing;
  post({ kind: "prepare", run, settings: settings.value, device: device.value, ...(from ? { from } : {}) });
}

export function setNumber(name: NumberName, value: number): void {
  leave();
  settings.value = { ...settings.value, [name]: value };
  forget();
  if (!Number.isFinite(value)) {
    run++;
    refusal.value = { field: name, message: "expected a number" };
    state.value = "none";
    return;
  }
  // What is typed is taken once the keys rest.
  timer = setTimeout(begin, 300);
}

export function setDevice(value: Device): void {
  leave();
  device.value = value;
  begin();
}

export function setSet(set: SetName): void {
  leave();
  batch(() => {
    settings.value = digits.value && set === "digits" ? fitted(defaults[set], digits.value.count) : defaults[set];
    shown.value = first[set];
    label.value = undefined;
  });
  if (set === "digits" && digits.value) nextDigit();
  begin();
}

/** Trains on; a finished run begins anew. */
export function go(): void {
  problem.value = undefined;
  settle();
  if (state.value === "finished") begin();
  if (state.value === "none") return;
  post({ kind: "train", run });
}

export const pause = (): void => post({ kind: "pause", run });

export function look(at: Shown, its?: number): void {
  shown.value = at;
  label.value = its;
  if (ready.value) post({ kind: "look", run, shown: at });
}

export function save(what: "job" | "trained" | "samples"): void {
  settle();
  post({ kind: "save", what });
}

export async function openFile(file: File): Promise<void> {
  if (settings.value.set !== "digits") setSet("digits");
  readDigits({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
}

let opening: DigitsFile | undefined;
function readDigits(file: DigitsFile): void {
  opening = file;
  post({ kind: "digits", ...file });
}

let nth = 0;
/** Shows the next of the digits that no step sees. */
export function nextDigit(): void {
  const read = digits.value;
  if (!read || settings.value.set !== "digits") return;
  const { samples, heldOut } = settings.value;
  const s = samples + (nth++ % heldOut);
  look({ pixels: Array.from(read.pixels.subarray(64 * s, 64 * s + 64), (v) => v / 16) }, read.labels[s]);
}
