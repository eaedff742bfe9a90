/** The page: what is trained on the left, what comes of it on the right; one below the other on narrow screens. */

import { useEffect } from "preact/hooks";
import { Frame } from "./frame.js";
import { Notices } from "./notices.js";
import { useDroppedFile } from "./open-file.js";
import { Figures } from "./results/figures.js";
import { Readout } from "./results/readout.js";
import { Transport } from "./results/transport.js";
import { Equations } from "./setup/equations.js";
import { Exports } from "./setup/exports.js";
import { Parameters } from "./setup/parameters.js";
import { About, Picker } from "./setup/picker.js";
import { ObservedHints, RecordingPart } from "./setup/recording.js";
import { Training } from "./setup/training.js";
import { Versions } from "./setup/versions.js";
import { readFile } from "./state/open-file.js";
import { spoken } from "./state/spoken.js";
import { redo, undo } from "./state/work.js";

export function App() {
  useDroppedFile((file) => void readFile(file));
  useEffect(() => {
    // In a field the keys take back what was typed there.
    const key = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.altKey) return;
      if (event.target instanceof Element && event.target.matches("input[type=text], textarea")) return;
      event.preventDefault();
      (event.shiftKey ? redo : undo)();
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, []);
  return (
    <Frame
      name="studio"
      motto="Exact gradients of spike times, in this tab."
      skip="Skip to the training controls"
      spoken={spoken}
    >
      <Notices />
      <div class="setup">
        <Picker />
        <About />
        <Versions />
        <RecordingPart />
        <ObservedHints />
        <Equations />
        <Parameters />
        <Training />
        <Exports />
      </div>
      <div class="results" id="controls" tabIndex={-1}>
        <Transport />
        <Readout />
        <Figures />
      </div>
    </Frame>
  );
}
