/** Files that are dropped or chosen. */
import { recordingDocument, withRecording } from "../../model/recording-document.js";
import { adopt } from "./load.js";
import { failed, notify } from "./notices.js";
import { awaitsRecording } from "./objection.js";
import { loaded, recording, studioDocument } from "./signals.js";
import { say } from "./spoken.js";
import { client } from "./worker.js";

/** Reads a file that was dropped or chosen. */
export async function readFile(file: File): Promise<void> {
  try {
    if (file.size > 200e6) throw new Error(`${file.name} has ${Math.round(file.size / 1e6)} MB; at most 200 are read`);
    const contents = await client.call("read", file.name, new Uint8Array(await file.arrayBuffer()));
    if (contents.document) {
      const { document, standing } = contents;
      await adopt((recording.value && withRecording(document, recording.value)) ?? document, standing ?? null);
      if (contents.checkpointed) {
        notify("info", "The job’s checkpoint is not written here", "Export the parameters to go on from them later.");
      }
      say(`${file.name} was opened.`);
      return;
    }
    const facts = contents.recording!;
    const awaited = awaitsRecording.value;
    recording.value = facts;
    const document = withRecording(studioDocument.value, facts);
    // Parameters that came without their recording go on from where they stand.
    await adopt(document ?? recordingDocument(facts), document && awaited ? "keep" : null);
    say([`The recording ${file.name} was read.`, ...(loaded.value?.hints ?? [])].join(" "));
  } catch (error) {
    failed(`${file.name} could not be read`, error);
  }
}
