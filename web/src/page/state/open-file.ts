/** Files that are dropped or chosen. */
import type { StudioDocument } from "../../model/document.js";
import { recordingDocument, withRecording } from "../../model/recording-document.js";
import { load } from "./load.js";
import { failed, notify } from "./notices.js";
import { awaitsRecording } from "./objection.js";
import { replaceAsked } from "./replace.js";
import { loaded, recording, recordingFile, studioDocument } from "./signals.js";
import { say } from "./spoken.js";
import { opened, show, workNow } from "./work.js";
import { client } from "./worker.js";

/** Reads a file that was dropped or chosen. */
export async function readFile(file: File): Promise<void> {
  try {
    if (file.size > 200e6) throw new Error(`${file.name} has ${Math.round(file.size / 1e6)} MB; at most 200 are read`);
    const bytes = new Uint8Array(await file.arrayBuffer());
    const contents = await client.call("read", file.name, bytes);
    if (contents.document) {
      const { document, standing = null } = contents;
      const known = (recording.value && withRecording(document, recording.value)) ?? document;
      if (!(await replaceAsked(file.name, opened(known, standing)))) return;
      if (contents.checkpointed) {
        notify("info", "The job’s checkpoint is not written here", "Export the parameters to go on from them later.");
      }
      say(`${file.name} was opened.`);
      return;
    }
    const facts = contents.recording!;
    const awaited = awaitsRecording.value;
    const document = withRecording(studioDocument.value, facts);
    const before = { facts: recording.value, file: recordingFile.value };
    recording.value = facts;
    recordingFile.value = { name: facts.name, bytes };
    if (document && awaited) {
      // Parameters that came without their recording go on from where they stand.
      await showRecording(document);
    } else if (!(await replaceAsked(file.name, opened(document ?? recordingDocument(facts))))) {
      recording.value = before.facts;
      recordingFile.value = before.file;
      if (before.file) await client.call("read", before.file.name, before.file.bytes);
      return;
    }
    say([`The recording ${file.name} was read.`, ...(loaded.value?.hints ?? [])].join(" "));
  } catch (error) {
    failed(`${file.name} could not be read`, error);
  }
}

/** The work on the page, with the recording that it waited for. */
async function showRecording(document: StudioDocument): Promise<void> {
  show({ ...workNow(), document });
  await load("keep");
}
