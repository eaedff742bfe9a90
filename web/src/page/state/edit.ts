/** Changes of the document that is shown. */

import { batch } from "@preact/signals";
import { counted } from "../../../../src/checks.js";
import type { StudioDocument } from "../../model/document.js";
import { loadSoon } from "./load.js";
import { begunAnew, notify } from "./notices.js";
import { edited, step, studioDocument } from "./signals.js";
import { documents, remember, toStart, undo } from "./work.js";

/** Milliseconds between changes that Undo takes back as one. */
const burst = 1000;
let last = { at: Number.NEGATIVE_INFINITY, of: 0 };

/** Remembers what is about to be changed. @param keep whether the run goes on with the change. */
export function aboutToChange(keep: boolean): void {
  const now = performance.now();
  const loses = !keep && step.value > 0;
  if (loses || now - last.at > burst || last.of !== documents.value) remember();
  last = { at: now, of: documents.value };
  edited.value = true;
  if (loses) {
    const why = `The experiment was changed after ${counted(step.value, "step")}.`;
    notify("info", begunAnew, why, { label: "Undo", run: undo });
  }
}

/**
 * Changes the document; it is checked and shown once typing rests. The run begins anew, but for changes (`keep`) that a
 * run can go on with.
 */
export function edit(change: (document: StudioDocument) => void, keep = false): void {
  const document = structuredClone(studioDocument.value);
  change(document);
  aboutToChange(keep);
  batch(() => {
    studioDocument.value = document;
    if (!loadSoon(keep)) toStart();
  });
}
