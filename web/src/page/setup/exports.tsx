/** Sharing, saving, opening. */

import { OpenFile, openedFiles } from "../open-file.js";
import { forget, notKept } from "../state/keep.js";
import { readFile } from "../state/open-file.js";
import { exportJob, exportParameters, exportSpikes } from "../state/save.js";
import { share } from "../state/share.js";
import { loaded } from "../state/signals.js";

export function Exports() {
  const ready = loaded.value?.ready === true;
  return (
    <section class="exports" aria-label="Share, export, open">
      <div class="buttons">
        <button type="button" onClick={() => void share()}>
          Share by link
        </button>
        <button type="button" disabled={!ready} onClick={() => void exportParameters()}>
          Parameters (JSON)
        </button>
        <button type="button" disabled={!ready} onClick={() => void exportSpikes()}>
          Trains (npz)
        </button>
        <button type="button" disabled={!ready} onClick={() => void exportJob()} title="for saltation train">
          Job (JSON)
        </button>
        <OpenFile label="file to open" accept={openedFiles} take={(file) => void readFile(file)}>
          Open …
        </OpenFile>
      </div>
      <p class="hint kept">
        {notKept.value === undefined
          ? "Each experiment, its run and the recording are kept in this browser."
          : "Nothing is kept in this browser."}{" "}
        <button type="button" class="quiet" onClick={() => void forget()}>
          Forget them
        </button>
      </p>
    </section>
  );
}
