/** What the page waits for, once it waits long; and an end to it. */
import { effect } from "@preact/signals";
import { giveUp, load } from "./load.js";
import { notify, stale } from "./notices.js";
import { openBackend, revive } from "./revive.js";
import { engine, going, loading, opening, pausing, standing, state, step, waiting } from "./signals.js";
import { say } from "./spoken.js";
import { client, heard } from "./worker.js";

/** Milliseconds without a word from the worker after which the page says what it waits for. */
const longAfter = 2000;

let since = 0;
let ticking: ReturnType<typeof setInterval> | undefined;

function look(): void {
  const silent = performance.now() - Math.max(since, heard.at);
  const before = waiting.value;
  waiting.value =
    silent > longAfter ? { text: heard.doing || "The page is at work", seconds: Math.floor(silent / 1000) } : undefined;
  if (waiting.value && !before) say(`${waiting.value.text}. Stop ends it.`);
}

/** Looks every half second while something is being done. */
effect(() => {
  const busy = loading.value || going.value || pausing.value || opening.value;
  if (busy === (ticking !== undefined)) return;
  clearInterval(ticking);
  ticking = undefined;
  waiting.value = undefined;
  if (!busy) return;
  since = performance.now();
  ticking = setInterval(look, 500);
});

/** Ends whatever the worker does, also in the middle of it; a run that went stands at its last step then. */
export function stop(): void {
  const was = heard.doing;
  const prepared = loading.value;
  heard.at = performance.now();
  waiting.value = undefined;
  void revive();
  if (prepared) {
    giveUp(`Stopped while it was being prepared (“${was}”). Change the experiment, or press Reset to try again.`);
    say("Stopped.");
    return;
  }
  pausing.value = false;
  state.value = standing.value ? "paused" : "ready";
  step.value = standing.value?.checkpoint.step ?? 0;
  notify("info", "Stopped", `It was in the middle of this: “${was}”. The run stands at step ${step.value}.`);
  void load(standing.value);
}

/** Goes on with the processor, from the last step. */
export async function onCpu(): Promise<void> {
  heard.at = performance.now();
  waiting.value = undefined;
  // A worker that has nothing to do answers; another may not.
  const opened = engine.value || opening.value || loading.value ? revive("simd") : openBackend("simd");
  await Promise.all([load("keep"), opened]);
}

/** Milliseconds after which it is worth another try. */
const againAfter = 60_000;
let triedAt = Number.NEGATIVE_INFINITY;

/** A part of the site could not be loaded: another worker asks for it once more, and the run goes on. */
stale.again = () => {
  if (performance.now() - triedAt < againAfter) return false;
  triedAt = performance.now();
  const went = going.value;
  void revive();
  state.value = standing.value ? "paused" : "ready";
  void load(standing.value).then(() => (went ? client.call("run").catch(() => {}) : undefined));
  return true;
};
