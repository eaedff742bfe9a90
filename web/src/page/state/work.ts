/** The work on each experiment: the one that is shown, the others as they were left, and those before them. */

import { batch, computed, signal } from "@preact/signals";
import { counted } from "../../../../src/checks.js";
import type { ExperimentName, StudioDocument } from "../../model/document.js";
import { newDocument } from "../../model/experiments.js";
import { recordingDocument } from "../../model/recording-document.js";
import { type OpenWork, Undo, worthKeeping } from "../../model/work.js";
import type { Standing } from "../../worker/protocol.js";
import { deviceLost } from "./device.js";
import { History } from "./history.js";
import { load, loadMade } from "./load.js";
import { begunAnew, notify, withdraw } from "./notices.js";
import { refused } from "./objection.js";
import {
  clearHistory,
  edited,
  entries,
  history,
  link,
  loaded,
  locked,
  neuron,
  rate,
  recording,
  saturated,
  snapshot,
  standing,
  state,
  step,
  studioDocument,
} from "./signals.js";
import { left } from "./worker.js";

/** Nothing is left of the run before. */
export function toStart(): void {
  clearHistory();
  standing.value = null;
  rate.value = 0;
  saturated.value = 0;
  state.value = "ready";
  step.value = 0;
}

/** The neuron that is shown at first: one of those that the others act on. */
export function lastNeuron({ job: { network } }: StudioDocument): number {
  return (network.neurons ?? network.layers?.reduce((a, b) => a + b, 0) ?? 1) - 1;
}

/** Grows when another document is taken: fields then show its values, whatever was typed. */
export const documents = signal(0);

/** A document that came from outside, as work. */
export const opened = (document: StudioDocument, from: Standing | null = null): OpenWork => ({
  document,
  standing: from,
  curves: null,
  edited: false,
  link: null,
});

/** The work on the page as it stands. */
export function workNow(): OpenWork {
  const { steps, loss, values } = history.value.data;
  return {
    document: studioDocument.value,
    standing: standing.value,
    curves: { entries: entries.value, steps, loss, values },
    edited: edited.value,
    link: link.value,
  };
}

/** Shows work in place of what is shown, without loading it. */
export function show(work: OpenWork): void {
  const { document, curves } = work;
  batch(() => {
    entries.value = [];
    toStart();
    studioDocument.value = document;
    edited.value = work.edited;
    link.value = work.link;
    neuron.value = lastNeuron(document);
    snapshot.value = undefined;
    loaded.value = undefined;
    refused.value = {};
    documents.value++;
    remembered.value++;
    if (work.standing) {
      standing.value = work.standing;
      step.value = work.standing.checkpoint.step;
      if (curves) {
        entries.value = curves.entries;
        history.value = { data: History.upTo(curves, step.value) };
      }
    }
  });
  withdraw("Training stopped");
  withdraw(deviceLost);
  withdraw(begunAnew);
}

async function adopt(work: OpenWork, from: Standing | "keep" | null = work.standing): Promise<void> {
  show(work);
  await load(from);
}

/** Work that was left while its run may have been in a step, by its load: it stands where that step led. */
const leaving = new Map<number, OpenWork[]>();
left.stands = (of, stood) => {
  for (const work of leaving.get(of) ?? []) {
    work.standing = stood;
    if (others.get(work.document.experiment) === work) kept.again(work);
  }
};

/** Loads whose runs may still be in a step. */
const mostLeaving = 20;

/** The work on the page, for whoever comes back to it. */
export function leave(): OpenWork {
  const work = workNow();
  const made = loadMade();
  leaving.set(made, [...(leaving.get(made) ?? []), work]);
  for (const of of leaving.keys()) if (of < made - mostLeaving) leaving.delete(of);
  return work;
}

/** Work on the other experiments. */
const others = new Map<ExperimentName, OpenWork>();

/** Puts work beside what is shown. */
export function putBy(work: OpenWork): void {
  others.set(work.document.experiment, work);
}

/** What keeps work fills this in: it is called with work that was left, and got further since. */
export const kept = { again: (_: OpenWork): void => {} };

/** An experiment as it comes. */
const fresh = (name: ExperimentName): StudioDocument =>
  name === "recording" && recording.value ? recordingDocument(recording.value) : newDocument(name);

/** The work on an experiment, shown or not. */
export function workOn(name: ExperimentName): OpenWork {
  if (name === studioDocument.value.experiment) return workNow();
  return others.get(name) ?? opened(fresh(name));
}

/** Goes to an experiment, as it was left. */
export async function choose(name: ExperimentName): Promise<void> {
  const { experiment } = studioDocument.value;
  if (name === experiment) return;
  const work = workOn(name);
  others.set(experiment, leave());
  others.delete(name);
  await adopt(work);
}

/** Takes work in place of what there was on its experiment, which Undo brings back. */
export async function replace(work: OpenWork, from: Standing | "keep" | null = work.standing): Promise<void> {
  const name = work.document.experiment;
  const { experiment } = studioDocument.value;
  const leaves = leave();
  const before = name === experiment ? leaves : workOn(name);
  if (name !== experiment) {
    others.set(experiment, leaves);
    others.delete(name);
  }
  if (worthKeeping(before)) undoOf(name).leave(before);
  await adopt(work, from);
}

/** Back to the start of the run. */
export async function reset(): Promise<void> {
  const done = step.value;
  if (done > 0) undoOf(studioDocument.value.experiment).leave(leave());
  const loads = adopt({ ...workNow(), standing: null, curves: null });
  if (done > 0) notify("info", begunAnew, `It had made ${counted(done, "step")}.`, { label: "Undo", run: undo });
  await loads;
}

/** The experiment as it comes, whatever was changed. */
export const startAfresh = (): Promise<void> => replace(opened(fresh(studioDocument.value.experiment)));

const undos = new Map<ExperimentName, Undo<OpenWork>>();

function undoOf(name: ExperimentName): Undo<OpenWork> {
  const found = undos.get(name) ?? new Undo<OpenWork>();
  undos.set(name, found);
  return found;
}

/** Grows with what Undo and Redo can do. */
const remembered = signal(0);

/** Remembers the work as it stands, before a change. */
export function remember(): void {
  undoOf(studioDocument.value.experiment).leave(leave());
  remembered.value++;
}

const shownUndo = computed(() => {
  const { canUndo, canRedo } = undoOf(studioDocument.value.experiment);
  return remembered.value >= 0 && !locked.value ? { canUndo, canRedo } : { canUndo: false, canRedo: false };
});
export const canUndo = computed(() => shownUndo.value.canUndo);
export const canRedo = computed(() => shownUndo.value.canRedo);

export function undo(): void {
  const before = canUndo.value ? undoOf(studioDocument.value.experiment).undo(leave()) : undefined;
  if (before) void adopt(before);
}

export function redo(): void {
  const next = canRedo.value ? undoOf(studioDocument.value.experiment).redo(leave()) : undefined;
  if (next) void adopt(next);
}
