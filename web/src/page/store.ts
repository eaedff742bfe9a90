/** What the page knows, as signals, and what it can do. Everything that computes is behind `client`. */
import { batch, computed, signal } from "@preact/signals";
import { type ExperimentName, ownCell, type StudioDocument } from "../model/document.js";
import { newDocument } from "../model/experiments.js";
import { fromHash, toHash } from "../model/link.js";
import { readable, symbolOf } from "../model/units.js";
import type {
  EngineFacts,
  Entry,
  FieldError,
  LoadResult,
  RecordingFacts,
  RunState,
  Standing,
  StudioEvent,
} from "../worker/protocol.js";
import { StudioClient, StudioError } from "./client.js";
import { download } from "./download.js";

export interface Notice {
  id: number;
  kind: "info" | "warning" | "error";
  title: string;
  text: string;
  action?: { label: string; run(): void };
}

/** Values by step, as they come in. */
export class History {
  readonly steps: number[] = [];
  readonly loss: number[] = [];
  /** [entry][step] */
  readonly values: number[][];

  constructor(entries: readonly Entry[]) {
    this.values = entries.map(() => []);
  }

  append(event: Extract<StudioEvent, { kind: "progress" }>): void {
    const width = this.values.length;
    event.steps.forEach((step, n) => {
      this.steps.push(step);
      this.loss.push(event.loss[n]!);
      for (let e = 0; e < width; e++) this.values[e]!.push(event.values[n * width + e]!);
    });
  }
}

export type Snapshot = Extract<StudioEvent, { kind: "snapshot" }>;

export const studioDocument = signal<StudioDocument>(newDocument("figure1"));
export const loaded = signal<LoadResult | undefined>(undefined);
export const engine = signal<EngineFacts | undefined>(undefined);
/** Why there is no engine. */
export const engineProblem = signal<string | undefined>(undefined);
export const state = signal<RunState>("ready");
export const step = signal(0);
export const totalSteps = signal(0);
export const entries = signal<Entry[]>([]);
/** Replaced by itself's successor on each change: the arrays inside grow in place. */
export const history = signal<{ data: History }>({ data: new History([]) });
export const rate = signal(0);
export const bytes = signal<number | undefined>(undefined);
export const saturated = signal(0);
export const snapshot = signal<Snapshot | undefined>(undefined);
export const recording = signal<RecordingFacts | undefined>(undefined);
export const neuron = signal(0);
export const notices = signal<Notice[]>([]);
/** What screen readers are told. */
export const spoken = signal("");
/** Whether a run is being prepared. */
export const loading = signal(true);

export const going = computed(() => state.value === "running");
/** Whether the document may be changed: not while it trains. */
export const locked = going;
/** What is wrong with the text in a field, by field, where the document keeps the value from before. */
export const refused = signal<Readonly<Record<string, string>>>({});
/** Grows when another document is taken: fields then show its values, whatever was typed. */
export const documents = signal(0);

/** Says what is wrong with the text in a field, or that nothing is any more. */
export function refuse(field: string, message: string | undefined): void {
  const { [field]: before, ...others } = refused.value;
  if (before !== message) refused.value = message === undefined ? others : { ...others, [field]: message };
}

/** Whether the run rests after the step under way. */
export const pausing = signal(false);

/** What stands against training, if anything: a field, and what is wrong with it. */
export const objection = computed((): FieldError | undefined => {
  const [typed] = Object.entries(refused.value);
  if (typed) return { field: typed[0], message: typed[1] };
  if (studioDocument.value.experiment === "recording" && !recording.value)
    return { field: "", message: "A recording is needed first: drop its file on the page." };
  return loaded.value?.error;
});
export const canTrain = computed(
  () =>
    engine.value !== undefined &&
    loaded.value?.ready === true &&
    objection.value === undefined &&
    state.value !== "finished" &&
    !loading.value,
);

let noticeId = 0;
export function notify(kind: Notice["kind"], title: string, text: string, action?: Notice["action"]): void {
  const same = notices.value.filter((n) => n.title !== title);
  notices.value = [...same, { id: noticeId++, kind, title, text, ...(action ? { action } : {}) }];
}
export function dismiss(id: number): void {
  notices.value = notices.value.filter((n) => n.id !== id);
}
const withdraw = (title: string): void => {
  notices.value = notices.value.filter((n) => n.title !== title);
};

/** What the trained numbers are now, in words; the first few of them. */
export function valuesInWords(): string {
  const { values } = history.value.data;
  return entries.value
    .slice(0, 4)
    .map(
      (e, n) =>
        `${symbolOf(e.parameter)}${e.index < 0 ? "" : ` ${e.index + 1}`} ${readable(values[n]?.at(-1) ?? e.start)}`,
    )
    .join(", ");
}

let spokenAt = 0;
function say(text: string): void {
  spoken.value = text;
  spokenAt = performance.now();
}
/** Seconds between two reports to screen readers while a run goes. */
const spokenEvery = 20_000;

function clearHistory(): void {
  history.value = { data: new History(entries.value) };
}

/** Those who want little motion see a picture every so many milliseconds. */
const calmEvery = 2500;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let picturedAt = 0;

function listen(event: StudioEvent): void {
  batch(() => {
    switch (event.kind) {
      case "state": {
        const before = state.value;
        state.value = event.state;
        step.value = event.step;
        totalSteps.value = event.steps;
        if (event.state !== before) {
          if (event.state === "running") say(before === "ready" ? "Training started." : "Training goes on.");
          if (event.state === "paused") say(`Paused after ${event.step} of ${event.steps} steps: ${valuesInWords()}.`);
          if (event.state === "finished") say(`Finished ${event.steps} steps: ${valuesInWords()}.`);
        }
        break;
      }
      case "entries":
        entries.value = event.entries;
        // A run that goes on from where the one before it stood goes on with its curves.
        if (event.from === 0 || history.value.data.values.length !== event.entries.length) clearHistory();
        rate.value = 0;
        break;
      case "progress":
        history.value.data.append(event);
        history.value = { data: history.value.data };
        step.value = event.steps.at(-1)! + 1;
        rate.value = event.rate;
        bytes.value = event.bytes;
        saturated.value = event.saturatedPaths;
        if (performance.now() - spokenAt > spokenEvery) say(`Step ${step.value}: ${valuesInWords()}.`);
        break;
      case "snapshot":
        if (calm.matches && state.value === "running" && performance.now() - picturedAt < calmEvery) break;
        picturedAt = performance.now();
        snapshot.value = event;
        bytes.value = event.bytes;
        break;
      case "engine":
        engine.value = event.facts;
        break;
      case "lost":
        notify("warning", "The GPU device was lost", `At step ${event.step}. A new one is being opened …`);
        say("The GPU device was lost.");
        break;
      case "recovered":
        notify(
          "warning",
          "The GPU device was lost",
          `A new one was opened, and the run goes on from its last step, number ${event.step}.`,
        );
        say(`A new GPU device was opened; the run goes on from step ${event.step}.`);
        break;
      case "failure":
        notify("error", "Training stopped", event.message);
        break;
    }
  });
}

const client = new StudioClient(listen);

function failed(title: string, error: unknown): void {
  notify("error", title, (error as Error).message);
}

/** Opens an engine, then loads the document into it. */
export async function openEngine(backend: "webgpu" | "cpu"): Promise<void> {
  try {
    engine.value = await client.call("open", backend);
    engineProblem.value = undefined;
  } catch (error) {
    engineProblem.value = (error as Error).message;
    if (!(error instanceof StudioError && error.code === "no-adapter")) failed("The engine could not be opened", error);
  }
  await load(null);
}

let loads = 0;
async function load(standing: Standing | "keep" | null): Promise<void> {
  const mine = ++loads;
  loading.value = true;
  try {
    const result = await client.call("load", studioDocument.value, standing, neuron.value);
    if (mine !== loads) return;
    loaded.value = result;
    if (!result.ready) totalSteps.value = 0;
  } catch (error) {
    failed("The experiment could not be loaded", error);
  } finally {
    if (mine === loads) loading.value = false;
  }
}

let waiting: ReturnType<typeof setTimeout> | undefined;
/** Whether the change that waits lets the run go on where it stands. */
let keeps = true;
/**
 * Changes the document; it is checked and shown once typing rests. The run begins anew, but for changes (`keep`) that a
 * run can go on with.
 */
export function edit(change: (document: StudioDocument) => void, keep = false): void {
  const document = structuredClone(studioDocument.value);
  change(document);
  clearTimeout(waiting);
  keeps &&= keep;
  batch(() => {
    studioDocument.value = document;
    loading.value = true;
    if (!keeps) {
      state.value = "ready";
      step.value = 0;
    }
  });
  waiting = setTimeout(() => {
    const resume = keeps ? "keep" : null;
    keeps = true;
    void load(resume);
  }, 250);
}

/** The unit of a parameter: the document's, or else the cell's own. */
export function unitOf(name: string): string {
  const document = studioDocument.value;
  return document.units[name] ?? ownCell(document)?.units?.[name] ?? loaded.value?.cell?.units[name] ?? "";
}

/** The neuron that is shown at first: one of those that the others act on. */
function lastNeuron({ job: { network } }: StudioDocument): number {
  return (network.neurons ?? network.layers?.reduce((a, b) => a + b, 0) ?? 1) - 1;
}

/** Takes another document, and where it stood. */
export async function adopt(document: StudioDocument, standing: Standing | null): Promise<void> {
  clearTimeout(waiting);
  keeps = true;
  batch(() => {
    entries.value = [];
    clearHistory();
    rate.value = 0;
    saturated.value = 0;
    studioDocument.value = document;
    neuron.value = lastNeuron(document);
    snapshot.value = undefined;
    state.value = "ready";
    step.value = 0;
    loaded.value = undefined;
    refused.value = {};
    documents.value++;
  });
  withdraw("Training stopped");
  withdraw("The GPU device was lost");
  await load(standing);
}

export const choose = (name: ExperimentName): Promise<void> => adopt(newDocument(name), null);

export const train = (): Promise<void> => client.call("run").catch((e) => failed("Training could not start", e));
export async function pause(): Promise<void> {
  pausing.value = true;
  await client.call("pause").catch((e) => failed("The run could not be paused", e));
  pausing.value = false;
}
export const stepOnce = (): Promise<void> => client.call("step").catch((e) => failed("No step could be taken", e));
/** Back to the start. */
export const reset = (): Promise<void> => adopt(studioDocument.value, null);

/** Changes the number of paths, also while the run goes. */
export async function setPaths(paths: number): Promise<void> {
  const change = (document: StudioDocument): void => {
    document.job.paths = paths;
  };
  if (!loaded.value?.ready) {
    edit(change);
    return;
  }
  try {
    const error = await client.call("setPaths", paths);
    if (error) {
      refuse("paths", error.message);
      return;
    }
    const document = structuredClone(studioDocument.value);
    change(document);
    studioDocument.value = document;
  } catch (error) {
    failed("The number of paths could not be changed", error);
  }
}

export async function setNeuron(value: number): Promise<void> {
  neuron.value = value;
  await client.call("setNeuron", value).catch(() => {});
}

/** Reads a file that was dropped or chosen. */
export async function readFile(file: File): Promise<void> {
  try {
    if (file.size > 200e6) throw new Error(`${file.name} has ${Math.round(file.size / 1e6)} MB; at most 200 are read`);
    const contents = await client.call("read", file.name, new Uint8Array(await file.arrayBuffer()));
    if (contents.document) {
      await adopt(contents.document, contents.standing ?? null);
      if (contents.checkpointed) {
        notify("info", "The job’s checkpoint is not written here", "Export the parameters to go on from them later.");
      }
      say(`${file.name} was opened.`);
      return;
    }
    recording.value = contents.recording;
    await adopt(recordingDocument(contents.recording!), null);
    say(`The recording ${file.name} was read.`);
  } catch (error) {
    failed(`${file.name} could not be read`, error);
  }
}

/** A document for a recording: lists and times are guessed by their names, and can be changed. */
function recordingDocument(facts: RecordingFacts): StudioDocument {
  const now = studioDocument.value;
  const { observed } = now;
  // A document that waits for its recording.
  const waits =
    observed.kind === "recording" && (observed.key === undefined || facts.lists.some((l) => l.key === observed.key));
  if (waits && (observed.name === "" || observed.name === facts.name)) {
    return { ...structuredClone(now), observed: { ...observed, name: facts.name } };
  }
  const document = newDocument("recording");
  const flat = facts.lists.filter((l) => !l.nested);
  const nested = facts.lists.filter((l) => l.nested);
  const current = flat.find((l) => /current|input|stim|_pA$|_nA$/i.test(l.key)) ?? flat[0];
  const trials = nested.find((l) => /spike|trial/i.test(l.key)) ?? nested[0];
  const dt = Object.entries(facts.numbers).find(([key]) => /^dt/i.test(key))?.[1] ?? 1;
  document.observed = facts.trains
    ? { kind: "recording", name: facts.name }
    : { kind: "recording", name: facts.name, ...(trials ? { key: trials.key } : {}) };
  const scale = current && /pA/.test(current.key) ? 0.001 : 1;
  document.job.input = current
    ? { current: { dt, samples: { file: "@recording", key: current.key, scale } } }
    : { current: 0 };
  const end = Math.min(current ? current.length * dt : Number.POSITIVE_INFINITY, 10_000 * dt);
  document.job.time = { t1: Number.isFinite(end) ? end : (facts.lastSpike[trials?.key ?? ""] ?? 1), dt };
  return document;
}

const fileName = (what: string): string => `saltation-${studioDocument.value.experiment}-${what}`;

export async function exportParameters(): Promise<void> {
  try {
    download(fileName("parameters.json"), "application/json", await client.call("exportParameters"));
  } catch (error) {
    failed("Parameters could not be exported", error);
  }
}
export async function exportJob(): Promise<void> {
  try {
    download(fileName("job.json"), "application/json", await client.call("exportJob"));
  } catch (error) {
    failed("The job could not be exported", error);
  }
}
export async function exportTrains(): Promise<void> {
  try {
    const npz = await client.call("exportTrains");
    download(fileName("trains.npz"), "application/octet-stream", npz as BlobPart);
  } catch (error) {
    failed("Spike trains could not be exported", error);
  }
}

/** Puts the document into the address and on the clipboard. */
export async function share(): Promise<void> {
  const hash = await toHash(JSON.stringify(studioDocument.value));
  globalThis.history.replaceState(null, "", hash);
  try {
    await navigator.clipboard.writeText(location.href);
    notify("info", "Link copied", "It holds the experiment and its parameters, and nothing else of yours.");
  } catch {
    notify("info", "Link in the address bar", "Copy it from there: it holds the experiment and its parameters.");
  }
  say("The link to this experiment is ready.");
}

/** The document in the address, if there is one. */
async function linked(): Promise<StudioDocument | undefined> {
  try {
    const text = await fromHash(location.hash);
    return text === undefined ? undefined : await client.call("readLink", text);
  } catch (error) {
    failed("The link could not be read", error);
    return undefined;
  }
}

export async function begin(): Promise<void> {
  const document = await linked();
  if (document) {
    studioDocument.value = document;
    neuron.value = lastNeuron(document);
  }
  window.addEventListener("hashchange", async () => {
    const next = await linked();
    if (next) await adopt(next, null);
  });
  // For tests of what happens when a driver crashes.
  (window as unknown as { saltationStudio: unknown }).saltationStudio = { loseDevice: () => client.call("loseDevice") };
  await openEngine("webgpu");
}
