/** Documents on their way to the worker: whole ones, and changes of the one that is shown. */
import { batch, signal } from "@preact/signals";
import type { ExperimentName, StudioDocument } from "../../model/document.js";
import { newDocument } from "../../model/experiments.js";
import { recordingDocument } from "../../model/recording-document.js";
import type { Standing } from "../../worker/protocol.js";
import { failed, withdraw } from "./notices.js";
import { refused } from "./objection.js";
import {
  clearHistory,
  entries,
  loaded,
  loading,
  loadingLong,
  loads,
  neuron,
  rate,
  recording,
  saturated,
  snapshot,
  state,
  step,
  studioDocument,
  totalSteps,
} from "./signals.js";
import { client } from "./worker.js";

/** Milliseconds after which the page says what it waits for. */
const longAfter = 1500;

/** Loads the document as it stands now: what waits to be loaded is part of it. */
export async function load(standing: Standing | "keep" | null): Promise<void> {
  const mine = ++loads.value;
  clearTimeout(waiting);
  keeps = true;
  loading.value = true;
  const long = setTimeout(() => {
    loadingLong.value = mine === loads.value;
  }, longAfter);
  try {
    const result = await client.call("load", studioDocument.value, standing, neuron.value, mine);
    if (mine !== loads.value) return;
    loaded.value = result;
    if (!result.ready) totalSteps.value = 0;
  } catch (error) {
    failed("The experiment could not be loaded", error);
  } finally {
    clearTimeout(long);
    if (mine === loads.value) loading.value = loadingLong.value = false;
  }
}

/** Nothing is left of the run before. */
function toStart(): void {
  clearHistory();
  rate.value = 0;
  saturated.value = 0;
  state.value = "ready";
  step.value = 0;
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
  loads.value++;
  keeps &&= keep;
  batch(() => {
    studioDocument.value = document;
    loading.value = true;
    if (!keeps) toStart();
  });
  waiting = setTimeout(() => {
    void load(keeps ? "keep" : null);
  }, 250);
}

/** The neuron that is shown at first: one of those that the others act on. */
export function lastNeuron({ job: { network } }: StudioDocument): number {
  return (network.neurons ?? network.layers?.reduce((a, b) => a + b, 0) ?? 1) - 1;
}

/** Grows when another document is taken: fields then show its values, whatever was typed. */
export const documents = signal(0);

/** Takes another document, and where it stood. */
export async function adopt(document: StudioDocument, standing: Standing | "keep" | null): Promise<void> {
  batch(() => {
    entries.value = [];
    toStart();
    studioDocument.value = document;
    neuron.value = lastNeuron(document);
    snapshot.value = undefined;
    loaded.value = undefined;
    refused.value = {};
    documents.value++;
  });
  withdraw("Training stopped");
  withdraw("The GPU device was lost");
  await load(standing);
}

export const choose = (name: ExperimentName): Promise<void> =>
  adopt(name === "recording" && recording.value ? recordingDocument(recording.value) : newDocument(name), null);

/** Back to the start. */
export const reset = (): Promise<void> => adopt(studioDocument.value, null);
