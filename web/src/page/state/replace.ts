/** Work from outside, in place of what there is: not without a question where that could not be had again. */
import { cut } from "../../model/cut.js";
import { cards } from "../../model/experiments.js";
import { inWords, type OpenWork, worthKeeping } from "../../model/work.js";
import type { Standing } from "../../worker/protocol.js";
import { ask } from "./question.js";
import { replace, workOn } from "./work.js";

/** @param what is opened, as the beginning of a sentence. @returns whether it was. */
export async function replaceAsked(what: string, work: OpenWork, from?: Standing | "keep" | null): Promise<boolean> {
  const name = work.document.experiment;
  const before = workOn(name);
  if (worthKeeping(before)) {
    const { title } = cards.find((c) => c.name === name)!;
    const yes = await ask(
      `${cut(what)} would take the place of your work on “${title}” (${inWords(before)}). Undo would bring it ` +
        "back for as long as this page is open.",
      "Replace it",
      "Keep mine",
    );
    if (!yes) return false;
  }
  await replace(work, from);
  return true;
}
