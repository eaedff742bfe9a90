/** Experiments in the address. */
import type { StudioDocument } from "../../model/document.js";
import { fromHash, toHash } from "../../model/link.js";
import { markOf } from "../../model/work.js";
import { failed, notify } from "./notices.js";
import { replaceAsked } from "./replace.js";
import { link, studioDocument } from "./signals.js";
import { say } from "./spoken.js";
import { opened } from "./work.js";
import { client } from "./worker.js";

/** Puts the document into the address and on the clipboard. */
export async function share(): Promise<void> {
  let hash: string;
  try {
    hash = await toHash(JSON.stringify(studioDocument.value));
  } catch (error) {
    failed("No link was made", error);
    return;
  }
  globalThis.history.replaceState(null, "", hash);
  // A reload goes on with the work, which this link is made of.
  link.value = markOf(hash);
  try {
    await navigator.clipboard.writeText(location.href);
    notify("info", "Link copied", "It holds the experiment and its parameters, and nothing else of yours.");
  } catch {
    notify("info", "Link in the address bar", "Copy it from there: it holds the experiment and its parameters.");
  }
  say("The link to this experiment is ready.");
}

/** The document in the address, if there is one. */
export async function linked(): Promise<StudioDocument | undefined> {
  try {
    const text = await fromHash(location.hash);
    return text === undefined ? undefined : await client.call("readLink", text);
  } catch (error) {
    failed("The link could not be read", error);
    return undefined;
  }
}

/** Opens the document of the address. */
export async function openLink(document: StudioDocument): Promise<void> {
  await replaceAsked("The experiment in the link", { ...opened(document), link: markOf(location.hash) });
}
