/** The worker, and what the page makes of its events. */
import { batch } from "@preact/signals";
import type { Standing, StudioEvent } from "../../worker/protocol.js";
import { StudioClient } from "../client.js";
import { deviceLost, lostActions, lostInWords, recoveredInWords } from "./device.js";
import { begunAnew, notify, stalePage, withdraw } from "./notices.js";
import {
  bytes,
  clearHistory,
  confidence,
  discretisation,
  engine,
  entries,
  facts,
  history,
  loads,
  rate,
  saturated,
  snapshot,
  standing,
  state,
  step,
  totalSteps,
} from "./signals.js";
import { report, say, valuesInWords } from "./spoken.js";

/** Those who want little motion see a picture every so many milliseconds. */
const calmEvery = 2500;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

let picturedAt = 0;

/** When the worker last said something, and what it then began to do. */
export const heard = { at: 0, doing: "" };

/** Where a run that was left came to stand, by its load. */
export const left = { stands: (_load: number, _standing: Standing | null): void => {} };

function listen(event: StudioEvent, load?: number): void {
  heard.at = performance.now();
  if (event.kind === "doing") {
    heard.doing = event.text;
    return;
  }
  // A run that was left may still be in a step.
  if (load !== undefined && load !== loads.value) {
    if (event.kind === "standing") left.stands(load, event.standing);
    return;
  }
  batch(() => {
    switch (event.kind) {
      case "state": {
        const before = state.value;
        state.value = event.state;
        step.value = event.step;
        totalSteps.value = event.steps;
        if (event.state !== before) {
          if (event.state === "running") {
            confidence.value = undefined;
            withdraw("Training stopped");
            withdraw(begunAnew);
            say(before === "ready" ? "Training started." : "Training goes on.");
          }
          if (event.state === "paused") say(`Paused after ${event.step} of ${event.steps} steps: ${valuesInWords()}.`);
          if (event.state === "failed") say(`Training stopped after ${event.step} of ${event.steps} steps.`);
          if (event.state === "finished") say(`Finished ${event.step} steps: ${valuesInWords()}.`);
        }
        break;
      }
      case "entries": {
        const before = entries.value;
        // A run that goes on from where the one before it stood goes on with its curves, from their start.
        const goesOn = event.from > 0 && history.value.data.values.length === event.entries.length;
        entries.value = goesOn ? event.entries.map((e, n) => ({ ...e, start: before[n]!.start })) : event.entries;
        if (!goesOn) clearHistory();
        if (!goesOn) discretisation.value = undefined;
        confidence.value = undefined;
        rate.value = 0;
        break;
      }
      case "progress":
        history.value.data.append(event);
        history.value = { data: history.value.data };
        step.value = event.steps.at(-1)! + 1;
        rate.value = event.rate;
        bytes.value = event.bytes;
        saturated.value = event.saturatedPaths;
        facts.value = event.facts;
        report(() => `Step ${step.value}: ${valuesInWords()}.`);
        break;
      case "snapshot":
        if (calm.matches && state.value === "running" && performance.now() - picturedAt < calmEvery) break;
        picturedAt = performance.now();
        snapshot.value = event;
        bytes.value = event.bytes;
        break;
      case "discretisation":
        discretisation.value = event.found;
        break;
      case "engine":
        engine.value = event.facts;
        break;
      case "standing":
        standing.value = event.standing;
        break;
      case "lost":
        heard.doing = "The next GPU device is awaited";
        notify("warning", deviceLost, lostInWords(event, step.value), ...lostActions(event));
        if (event.times === 1) say("The GPU device was lost.");
        break;
      case "recovered":
        notify("warning", deviceLost, recoveredInWords(step.value));
        say(`A new GPU device was opened; the run goes on from step ${step.value}.`);
        break;
      case "failure":
        if (event.code === "stale") stalePage();
        else notify("error", "Training stopped", event.message);
        break;
    }
  });
}

export const client = new StudioClient(
  () => new Worker(new URL("../../worker/worker.ts", import.meta.url), { type: "module", name: "saltation" }),
  listen,
);
