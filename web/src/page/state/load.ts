/** The document on its way to the worker. */
import { batch } from "@preact/signals";
import type { Standing } from "../../worker/protocol.js";
import { failed } from "./notices.js";
import { revive } from "./revive.js";
import {
  discretisation,
  loaded,
  loading,
  loads,
  neuron,
  standing,
  studioDocument,
  totalSteps,
  waiting,
} from "./signals.js";
import { client } from "./worker.js";

/** The worker that holds the run: another one knows nothing of where it stands. */
let generation = client.generation;

/** The load that made the run at hand. */
let made = 0;
export const loadMade = (): number => made;

let soon: ReturnType<typeof setTimeout> | undefined;
/** Whether the changes that wait let the run go on where it stands. */
let keeps = true;

/**
 * Loads the document as it stands now: what waits to be loaded is part of it.
 * @param from where its run begins: at the start, at a standing, or where the run before it stands.
 */
export async function load(from: Standing | "keep" | null): Promise<void> {
  const mine = ++loads.value;
  clearTimeout(soon);
  keeps = true;
  // What the worker is busy with for long is no longer wanted, and may never end.
  if (waiting.value) void revive();
  const resume = from === "keep" && generation !== client.generation ? standing.value : from;
  ({ generation } = client);
  made = mine;
  loading.value = true;
  try {
    const result = await client.call("load", studioDocument.value, resume, neuron.value, mine);
    if (mine !== loads.value) return;
    loaded.value = result;
    if (!result.ready) {
      totalSteps.value = 0;
      // Of equations or numbers that were there before.
      discretisation.value = undefined;
    }
  } catch (error) {
    failed("The experiment could not be loaded", error);
  } finally {
    if (mine === loads.value) loading.value = false;
  }
}

/** Loads once typing rests. @returns whether the run goes on where it stands. */
export function loadSoon(keep: boolean): boolean {
  clearTimeout(soon);
  loads.value++;
  keeps &&= keep;
  loading.value = true;
  soon = setTimeout(() => {
    void load(keeps ? "keep" : null);
  }, 250);
  return keeps;
}

/** Ends the load under way: nothing is loaded then, and `why` stands against training. */
export function giveUp(why: string): void {
  loads.value++;
  clearTimeout(soon);
  batch(() => {
    loading.value = false;
    totalSteps.value = 0;
    const { cell, neurons, hints, because } = loaded.value ?? { cell: undefined, neurons: 1, hints: [], because: [] };
    loaded.value = { cell, neurons, hints, because, ready: false, error: { field: "", message: why } };
  });
}
